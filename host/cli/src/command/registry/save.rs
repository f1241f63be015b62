//! `wharf registry save`

use std::path::PathBuf;

use serde::Serialize;
use wharf_host::{Digest, Pull, PullOptions, Saved, Wanted, Wharf};

use super::members::Shown;
use crate::client;
use crate::error::{CommandError, Kind};
use crate::options::{ConnectionArgs, OutputArgs, StoreArgs};
use crate::output::{Answer, Output};
use crate::progress::Progress;
use crate::stored::Stored;

/// Save applications to a file, or a directory, to carry them elsewhere
///
/// Writes an OCI image layout, which other tools read too: a tar file when the name ends
/// with `.tar`, else a new directory. What refers to an application (a signature, for
/// example) goes with it. The same applications give the same bytes.
///
/// What the store does not have is pulled first, and the registry is asked what refers to
/// it. `wharf registry load` is the reverse.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Examples:
  Save an application to a file:
  $ wharf registry save ghcr.io/user/app:v1 -o app.tar

  Save two into a directory, from the store alone:
  $ wharf registry save --offline ghcr.io/user/app:v1 ghcr.io/user/shop:v2 -o layout/

  Hand it to another tool:
  $ wharf registry save ghcr.io/user/app:v1 -o app.tar && skopeo inspect oci-archive:app.tar")]
pub(in crate::command) struct Args {
    /// What to save: references, or digests of the store
    #[arg(value_name = "REFERENCE|DIGEST", required = true)]
    pub(in crate::command) what: Vec<Stored>,

    /// Where to write it: a file whose name ends with `.tar`, or a new directory
    #[arg(short = 'o', long = "output", value_name = "FILE.tar|DIR")]
    to: PathBuf,

    /// Leave out what refers to the applications, signatures for example
    #[arg(long)]
    no_referrers: bool,

    /// Ask no registry: save what the store has, or fail
    #[arg(long)]
    pub(in crate::command) offline: bool,

    #[command(flatten)]
    pub(in crate::command) connection: ConnectionArgs,

    #[command(flatten)]
    store: StoreArgs,

    #[command(flatten)]
    pub(super) output: OutputArgs,
}

/// What is printed.
#[derive(Debug, Serialize)]
struct Answered {
    path: String,
    manifests: Vec<Shown>,
    /// How many pieces of content were written.
    pieces: u64,
    /// How many bytes they have.
    bytes: u64,
}

impl Args {
    /// Saves it.
    pub(super) async fn run(self, output: Output) -> Result<(), CommandError> {
        let progress = Progress::new(output);
        let store = self.store.open()?;
        let registries: Vec<_> = self
            .what
            .iter()
            .filter_map(|stored| Some(&stored.reference()?.registry))
            .collect();
        let wharf = client::wharf(store, &registries, &self.connection, output, &progress)?;
        let _work = wharf.at_work().await?;
        let mut wanted = Vec::new();
        for stored in &self.what {
            let found = stored.find(wharf.store())?;
            let digest = self.complete(&wharf, stored, found).await;
            progress.clear();
            let digest = digest?;
            let name = stored.reference().cloned();
            wanted.push(Wanted { name, digest });
        }
        let (store, to) = (wharf.store().clone(), self.to.clone());
        let referrers = !self.no_referrers;
        let saving = tokio::task::spawn_blocking(move || store.save(&wanted, referrers, &to));
        let saved: Saved = saving
            .await
            .map_err(std::io::Error::from)?
            .map_err(|error| CommandError::from(error).while_doing("cannot save"))?;
        output.answer(&Answered {
            path: self.to.display().to_string(),
            manifests: saved.manifests.iter().map(Shown::of).collect(),
            pieces: saved.content.pieces,
            bytes: saved.content.bytes,
        })
    }

    /// What is to be saved, once the store has it, and what refers to it at its registry.
    async fn complete(
        &self,
        wharf: &Wharf,
        stored: &Stored,
        found: Option<Digest>,
    ) -> Result<Digest, CommandError> {
        let absent = || {
            CommandError::new(
                Kind::NotFound,
                format!("{stored} is not in the content store, or not all of it"),
            )
        };
        let reference = match (stored.reference(), found.clone()) {
            (_, Some(found)) if self.offline || self.no_referrers => return Ok(found),
            (None, Some(found)) => return Ok(found),
            (None, None) => {
                return Err(absent().hint("name it by a reference, so that it can be pulled"));
            }
            (Some(_), None) if self.offline => {
                return Err(absent().hint("pull it, or leave out --offline"));
            }
            // What is here stays what is meant, wherever the tag leads now.
            (Some(reference), Some(found)) => reference.at_digest(found),
            (Some(reference), None) => reference.clone(),
        };
        let options = PullOptions {
            policy: Pull::Missing,
            referrers: !self.no_referrers,
            ..PullOptions::default()
        };
        match wharf.pull_with(&reference, &options).await {
            Ok(report) => Ok(report.manifest.digest),
            Err(error) => {
                let error = CommandError::at_registry(error, &reference.registry);
                Err(if found.is_some() {
                    error
                        .while_doing(format!("cannot tell what refers to {reference}"))
                        .hint("--offline saves what the content store has")
                } else {
                    error.while_doing(format!("cannot pull {reference}"))
                })
            }
        }
    }
}

impl Answer for Answered {
    fn lines(&self) -> Vec<String> {
        let manifests = self.manifests.iter();
        manifests
            .map(|one| format!("Saved {}", one.text()))
            .collect()
    }
}
