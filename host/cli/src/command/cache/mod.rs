//! `wharf cache`: what is in the content store, and making room in it.

mod info;
mod list;
mod prune;
mod verify;

use clap::Subcommand;
use wharf_host::{Store, StoreError};

use crate::error::CommandError;
use crate::output::Output;

/// Look into the content store, check it, and make room in it
///
/// The store holds every application that was pushed, pulled, loaded or run, each piece
/// of content once. It is an OCI image layout: other tools may read it.
#[derive(Debug, Subcommand)]
pub(super) enum Command {
    Info(info::Args),
    List(list::Args),
    Verify(verify::Args),
    Prune(prune::Args),
}

impl Command {
    /// How its result is printed.
    pub(super) fn output(&self) -> Output {
        match self {
            Self::Info(args) => args.output,
            Self::List(args) => args.output,
            Self::Verify(args) => args.output,
            Self::Prune(args) => args.output,
        }
        .output()
    }

    /// Does it.
    pub(super) async fn run(self, output: Output) -> Result<(), CommandError> {
        match self {
            Self::Info(args) => args.run(output).await,
            Self::List(args) => args.run(output).await,
            Self::Verify(args) => args.run(output).await,
            Self::Prune(args) => args.run(output).await,
        }
    }
}

/// Does something with the store on a thread that may block.
async fn with<T: Send + 'static>(
    store: &Store,
    work: impl FnOnce(&Store) -> Result<T, StoreError> + Send + 'static,
) -> Result<T, CommandError> {
    let store = store.clone();
    let done = tokio::task::spawn_blocking(move || work(&store)).await;
    Ok(done.map_err(std::io::Error::from)??)
}
