//! `wharf registry`: what goes to a registry and comes from one.

mod copy;
mod load;
mod login;
mod logout;
mod members;
mod pull;
mod push;
mod save;
mod server;
mod transfers;
mod whoami;

use clap::Subcommand;

use crate::error::CommandError;
use crate::output::Output;

/// Log in to registries, and push and pull applications
///
/// A reference is `[registry/]repository[:tag][@digest]`, as Docker writes it: without
/// a registry it means docker.io, without tag and digest the tag `latest`.
#[derive(Debug, Subcommand)]
pub(super) enum Command {
    Login(login::Args),
    Logout(logout::Args),
    Whoami(whoami::Args),
    Push(push::Args),
    Pull(pull::Args),
    Copy(copy::Args),
    Save(save::Args),
    Load(load::Args),
}

impl Command {
    /// How its result is printed.
    pub(super) fn output(&self) -> Output {
        match self {
            Self::Login(args) => args.output,
            Self::Logout(args) => args.output,
            Self::Whoami(args) => args.output,
            Self::Push(args) => args.output,
            Self::Pull(args) => args.output,
            Self::Copy(args) => args.output,
            Self::Save(args) => args.output,
            Self::Load(args) => args.output,
        }
        .output()
    }

    /// Does it.
    pub(super) async fn run(self, output: Output) -> Result<(), CommandError> {
        match self {
            Self::Login(args) => args.run(output).await,
            Self::Logout(args) => args.run(output),
            Self::Whoami(args) => args.run(output),
            Self::Push(args) => args.run(output).await,
            Self::Pull(args) => args.run(output).await,
            Self::Copy(args) => args.run(output).await,
            Self::Save(args) => args.run(output).await,
            Self::Load(args) => args.run(output).await,
        }
    }
}
