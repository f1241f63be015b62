//! `wharf trust`: keys, and whom to trust.

mod check;
mod generate;
mod public_key;
mod update;

use clap::Subcommand;

use crate::error::CommandError;
use crate::output::Output;

/// Make keys, fetch whom to trust, and explain whose signatures are required
#[derive(Debug, Subcommand)]
#[expect(
    clippy::large_enum_variant,
    reason = "there is one for each run of the command"
)]
pub(super) enum Command {
    GenerateKeyPair(generate::Args),
    PublicKey(public_key::Args),
    Check(check::Args),
    Update(update::Args),
}

impl Command {
    /// How its result is printed.
    pub(super) fn output(&self) -> Output {
        match self {
            Self::GenerateKeyPair(args) => args.output,
            Self::PublicKey(args) => args.output,
            Self::Check(args) => args.output,
            Self::Update(args) => args.output,
        }
        .output()
    }

    /// Does it.
    pub(super) async fn run(self, output: Output) -> Result<(), CommandError> {
        match self {
            Self::GenerateKeyPair(args) => args.run(output),
            Self::PublicKey(args) => args.run(output),
            Self::Check(args) => args.run(output).await,
            Self::Update(args) => args.run(output).await,
        }
    }
}
