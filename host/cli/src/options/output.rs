//! How results and status are printed.

use clap::{Args, ValueEnum};

use crate::output::Output;

/// How results and status are printed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Args)]
#[command(next_help_heading = "Output")]
pub(crate) struct OutputArgs {
    /// Print the result as `plain` text or as `json`
    ///
    /// With `json`, warnings and errors are JSON too: one object a line, on standard
    /// error.
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    #[arg(hide_possible_values = true)]
    pub(crate) format: Format,

    /// Print no progress and no status
    ///
    /// The result, warnings and errors are printed all the same.
    #[arg(short, long, aliases = ["sh", "shush"])]
    pub(crate) quiet: bool,

    /// Show every request to the registry, without anything secret
    #[arg(short, long, conflicts_with = "quiet")]
    pub(crate) verbose: bool,
}

/// The form of what is printed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// Text for people.
    #[default]
    Plain,
    /// JSON for programs.
    Json,
}

impl OutputArgs {
    /// How this run prints.
    pub(crate) fn output(self) -> Output {
        Output::new(self.format, self.quiet).with_requests(self.verbose)
    }
}
