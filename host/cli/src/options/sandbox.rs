//! What narrows a command, and what is written down of it.

use std::path::PathBuf;

use clap::Args;

/// What narrows a command, and what is written down of it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Args)]
pub(crate) struct SandboxArgs {
    /// The configuration file to use in place of your own
    ///
    /// All of these settings can stand there, for each registry; see `wharf --help`.
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,

    /// Do only what this policy allows, too (can be repeated)
    ///
    /// A file with a table `[sandbox]`, see `wharf --help` and `wharf policy check`. It holds
    /// besides that of `$WHARF_POLICY` and those of your and the project's `wharf.toml`: what
    /// one of them refuses, no other allows.
    #[arg(long, value_name = "FILE")]
    pub(crate) policy: Vec<PathBuf>,

    /// Write what was asked for, granted and refused to this file, or to standard output,
    /// `-`
    ///
    /// One JSON object a line, added to what is there: every request, use of a credential
    /// and change of the content store, and nothing secret. What can't be written down is
    /// not done.
    #[arg(long, value_name = "FILE|-")]
    pub(crate) audit: Option<PathBuf>,
}
