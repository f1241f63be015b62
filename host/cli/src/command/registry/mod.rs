//! `wharf registry`: what goes to a registry and comes from one.

mod attach;
mod attest;
mod copy;
mod delete;
mod findings;
mod inspect;
mod load;
mod login;
mod logout;
mod members;
mod predicate;
mod pull;
mod push;
mod referrers;
mod repository;
mod resolve;
mod save;
mod server;
mod sign;
mod single;
mod tag;
mod tags;
mod transfers;
mod verify;
mod whoami;

use clap::Subcommand;

pub(in crate::command) use findings::Found;
pub(in crate::command) use verify::WhatArgs;

use crate::error::CommandError;
use crate::options::ConnectionArgs;
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
    Resolve(resolve::Args),
    Inspect(inspect::Args),
    Tags(tags::Args),
    Tag(tag::Args),
    Delete(delete::Args),
    Referrers(referrers::Args),
    Sign(sign::Args),
    Verify(verify::Args),
    Attest(attest::Args),
    VerifyAttestation(verify::AttestationArgs),
    Attach(attach::Args),
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
            Self::Resolve(args) => args.output,
            Self::Inspect(args) => args.output,
            Self::Tags(args) => args.output,
            Self::Tag(args) => args.output,
            Self::Delete(args) => args.output,
            Self::Referrers(args) => args.output,
            Self::Sign(args) => args.output,
            Self::Verify(args) => args.what().output,
            Self::Attest(args) => args.output,
            Self::VerifyAttestation(args) => args.what().output,
            Self::Attach(args) => args.output,
        }
        .output()
    }

    /// How it reaches registries; none for what reaches none.
    pub(super) fn connection(&self) -> Option<&ConnectionArgs> {
        Some(match self {
            Self::Login(args) => &args.connection,
            Self::Push(args) => &args.connection,
            Self::Pull(args) => &args.connection,
            Self::Copy(args) => args.connection.both(),
            Self::Save(args) => &args.connection,
            Self::Resolve(args) => &args.connection,
            Self::Inspect(args) => &args.connection,
            Self::Tags(args) => &args.connection,
            Self::Tag(args) => &args.connection,
            Self::Delete(args) => &args.connection,
            Self::Referrers(args) => &args.connection,
            Self::Sign(args) => &args.connection,
            Self::Verify(args) => &args.what().connection,
            Self::Attest(args) => &args.connection,
            Self::VerifyAttestation(args) => &args.what().connection,
            Self::Attach(args) => &args.connection,
            Self::Logout(_) | Self::Whoami(_) | Self::Load(_) => return None,
        })
    }

    /// Does it.
    pub(super) async fn run(self, output: Output) -> Result<(), CommandError> {
        if let Some(connection) = self.connection() {
            // Before anything is done, the store and prompts included.
            connection.sandbox()?;
        }
        match self {
            Self::Login(args) => args.run(output).await,
            Self::Logout(args) => args.run(output),
            Self::Whoami(args) => args.run(output),
            Self::Push(args) => Box::pin(args.run(output)).await,
            Self::Pull(args) => Box::pin(args.run(output)).await,
            Self::Copy(args) => Box::pin(args.run(output)).await,
            Self::Save(args) => Box::pin(args.run(output)).await,
            Self::Load(args) => args.run(output).await,
            Self::Resolve(args) => args.run(output).await,
            Self::Inspect(args) => args.run(output).await,
            Self::Tags(args) => args.run(output).await,
            Self::Tag(args) => args.run(output).await,
            Self::Delete(args) => args.run(output).await,
            Self::Referrers(args) => args.run(output).await,
            Self::Sign(args) => Box::pin(args.run(output)).await,
            Self::Verify(args) => Box::pin(args.run(output)).await,
            Self::Attest(args) => Box::pin(args.run(output)).await,
            Self::VerifyAttestation(args) => Box::pin(args.run(output)).await,
            Self::Attach(args) => Box::pin(args.run(output)).await,
        }
    }
}
