//! `wharf registry load`

use std::path::PathBuf;

use serde::Serialize;
use wharf_host::{ArchiveError, Loaded, Reference};

use super::members::Shown;
use crate::error::CommandError;
use crate::options::{OutputArgs, StoreArgs};
use crate::output::{Answer, Output};

/// Load applications from a file, or a directory, into the content store
///
/// Reads an OCI image layout as `wharf registry save`, skopeo, oras and Docker write it,
/// with everything in it. Nothing is taken on trust: every byte is checked against its
/// digest, and when anything is wrong, nothing is loaded. Needs no network.
///
/// What was loaded runs with `wharf up`, and goes to a registry with
/// `wharf registry push REFERENCE -f NAME|DIGEST`.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Examples:
  Load what was saved:
  $ wharf registry load app.tar

  Load what another tool wrote, and say what it is:
  $ wharf registry load layout/ --name ghcr.io/user/app:v1

  Bring it to another registry:
  $ wharf registry load app.tar
  $ wharf registry push registry.internal/app:v1 -f ghcr.io/user/app:v1")]
pub(in crate::command) struct Args {
    /// The tar file, or the directory, of an OCI image layout
    #[arg(value_name = "FILE.tar|DIR")]
    path: PathBuf,

    /// The reference of the one application in it, in place of what the layout says
    #[arg(long, value_name = "REFERENCE")]
    name: Option<Reference>,

    #[command(flatten)]
    store: StoreArgs,

    #[command(flatten)]
    pub(super) output: OutputArgs,
}

/// What is printed.
#[derive(Debug, Serialize)]
struct Answered {
    manifests: Vec<Shown>,
    /// How many pieces of content are new in the store.
    pieces: u64,
    /// How many bytes they have.
    bytes: u64,
}

impl Args {
    /// Loads it.
    pub(super) async fn run(self, output: Output) -> Result<(), CommandError> {
        let store = self.store.open_to_change()?;
        let (path, name) = (self.path.clone(), self.name.clone());
        let loading = tokio::task::spawn_blocking(move || store.load(&path, name.as_ref()));
        let loaded: Loaded = loading
            .await
            .map_err(std::io::Error::from)?
            .map_err(|error| {
                let unclear = matches!(error, ArchiveError::Unclear(_));
                let error = CommandError::from(error)
                    .while_doing(format!("cannot load {}", self.path.display()));
                if unclear {
                    error.hint("leave out --name; what has no name is pushed by its digest")
                } else {
                    error
                }
            })?;
        output.answer(&Answered {
            manifests: loaded.manifests.iter().map(Shown::of).collect(),
            pieces: loaded.content.pieces,
            bytes: loaded.content.bytes,
        })
    }
}

impl Answer for Answered {
    fn lines(&self) -> Vec<String> {
        let manifests = self.manifests.iter();
        manifests
            .map(|one| format!("Loaded {}", one.text()))
            .collect()
    }
}
