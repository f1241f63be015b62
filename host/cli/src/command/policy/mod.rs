//! `wharf policy`: what policies allow.

mod check;
mod needs;

use clap::Subcommand;

use crate::error::CommandError;
use crate::output::Output;

/// Explain what policies allow
#[derive(Debug, Subcommand)]
pub(super) enum Command {
    Check(check::Args),
}

impl Command {
    /// How its result is printed.
    pub(super) fn output(&self) -> Output {
        match self {
            Self::Check(args) => args.output(),
        }
    }

    /// Does it.
    pub(super) fn run(self, output: Output) -> Result<(), CommandError> {
        match self {
            Self::Check(args) => args.run(output),
        }
    }
}
