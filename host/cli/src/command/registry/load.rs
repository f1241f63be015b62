//! `wharf registry load`

use std::path::PathBuf;

use serde::Serialize;
use wharf_host::{ArchiveError, Error as HostError, Loaded, Member, Reference, Wharf};

use super::members::Shown;
use crate::client;
use crate::error::CommandError;
use crate::options::{ConnectionArgs, OutputArgs, StoreArgs, TrustArgs};
use crate::output::{Answer, Output};
use crate::progress::Progress;

/// Load applications from a file, or a directory, into the content store
///
/// Reads an OCI image layout as `wharf registry save`, skopeo, oras and Docker write it,
/// with everything in it. Nothing is taken on trust: every byte is checked against its
/// digest, and when anything is wrong, nothing is loaded. Needs no network.
///
/// What was loaded runs with `wharf up`, and goes to a registry with
/// `wharf registry push REFERENCE -f NAME|DIGEST`. What has to be signed is verified by the
/// signatures that the layout has, or the content store.
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
    trust: TrustArgs,

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
        let connection = ConnectionArgs::default().trusting(self.trust);
        let store = self.store.open_to_change()?;
        let progress = Progress::new(output);
        let wharf = client::wharf(store, &[], &connection, output, &progress)?;
        let (path, name) = (self.path.clone(), self.name.clone());
        let (runtime, verifying) = (tokio::runtime::Handle::current(), wharf.clone());
        let loading = tokio::task::spawn_blocking(move || {
            let mut untrusted = None;
            let loaded = verifying
                .store()
                .load_if(&path, name.as_ref(), &mut |member| {
                    let verified = runtime.block_on(verified(&verifying, member));
                    verified.map_err(|error| {
                        let why = error.to_string();
                        untrusted = Some(error);
                        why
                    })
                });
            (loaded, untrusted)
        });
        let (loaded, untrusted) = loading.await.map_err(std::io::Error::from)?;
        if let Some(error) = untrusted {
            let error = CommandError::from(error);
            return Err(error.while_doing(format!("cannot load {}", self.path.display())));
        }
        let loaded: Loaded = loaded.map_err(|error| {
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

/// Verifies something that was loaded, as what its name requires.
async fn verified(wharf: &Wharf, member: &Member) -> Result<(), HostError> {
    let reference = member.name.as_deref().map(str::parse::<Reference>);
    match reference {
        Some(Ok(reference)) => wharf
            .trusted_here(&reference, &member.target)
            .await
            .map(drop),
        // It is no name that anything could be required of.
        _ => Ok(()),
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
