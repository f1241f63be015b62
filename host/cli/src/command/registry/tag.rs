//! `wharf registry tag`

use serde::Serialize;
use wharf_host::{Reference, Tag};

use crate::client;
use crate::error::CommandError;
use crate::options::{ConnectionArgs, OutputArgs, StoreArgs};
use crate::output::{Answer, Output};
use crate::progress::Progress;

/// Give what a reference leads to further tags
///
/// Stores the same manifest, byte by byte, under each TAG of the same repository. Other
/// content does not move. A tag that leads elsewhere leads here afterwards.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Examples:
  Release a version:
  $ wharf registry tag ghcr.io/user/app:v1.2.3 v1.2 v1 latest

  Bring a tag back to where it led:
  $ wharf registry tag ghcr.io/user/app@sha256:2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae latest")]
pub(in crate::command) struct Args {
    /// What gets the tags: `[registry/]repository[:tag][@digest]`
    #[arg(value_name = "SOURCE")]
    pub(in crate::command) source: Reference,

    /// The tags that it gets
    #[arg(value_name = "TAG", required = true)]
    pub(in crate::command) tags: Vec<Tag>,

    #[command(flatten)]
    pub(in crate::command) connection: ConnectionArgs,

    #[command(flatten)]
    store: StoreArgs,

    #[command(flatten)]
    pub(super) output: OutputArgs,
}

/// What is printed.
#[derive(Debug, Serialize)]
struct Tagged {
    source: String,
    /// The manifest's.
    digest: String,
    tags: Vec<String>,
}

impl Args {
    /// Sets the tags.
    pub(super) async fn run(self, output: Output) -> Result<(), CommandError> {
        let progress = Progress::new(output);
        let store = self.store.open()?;
        let registries = [&self.source.registry];
        let wharf = client::wharf(store, &registries, &self.connection, output, &progress)?;
        let tagged = wharf.tag(&self.source, &self.tags).await;
        progress.clear();
        let manifest = tagged.map_err(|error| {
            CommandError::at_registry(error, &self.source.registry)
                .while_doing(format!("cannot tag {}", self.source))
        })?;
        output.answer(&Tagged {
            source: self.source.to_string(),
            digest: manifest.digest.to_string(),
            tags: self.tags.iter().map(ToString::to_string).collect(),
        })
    }
}

impl Answer for Tagged {
    fn lines(&self) -> Vec<String> {
        let tags = self.tags.join(", ");
        vec![
            format!("Tagged {} as {tags}", self.source),
            format!("Digest: {}", self.digest),
        ]
    }
}
