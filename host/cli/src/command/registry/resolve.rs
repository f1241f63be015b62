//! `wharf registry resolve`

use serde::Serialize;
use wharf_host::{Platform, Reference};

use crate::client;
use crate::error::CommandError;
use crate::options::{ConnectionArgs, OutputArgs, StoreArgs};
use crate::output::{Answer, Output};

/// Look up what a reference leads to now
///
/// Asks the registry for digest, media type and size of the manifest, and fetches
/// nothing that is not needed to know them. When the reference leads to an index of
/// several manifests, it is the one for WebAssembly, or for --platform.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Examples:
  Show what a tag leads to:
  $ wharf registry resolve ghcr.io/user/app:v1

  Run exactly what the tag leads to now:
  $ wharf up -f ghcr.io/user/app@$(wharf registry resolve --format json ghcr.io/user/app:v1 | \\
      jq -r .digest)")]
pub(in crate::command) struct Args {
    /// What to look up: `[registry/]repository[:tag][@digest]`
    #[arg(value_name = "REFERENCE")]
    pub(in crate::command) reference: Reference,

    /// Of an index, take the manifest for this platform and not the one for WebAssembly
    #[arg(long, value_name = "OS/ARCH[/VARIANT]")]
    platform: Option<Platform>,

    #[command(flatten)]
    pub(in crate::command) connection: ConnectionArgs,

    #[command(flatten)]
    store: StoreArgs,

    #[command(flatten)]
    pub(super) output: OutputArgs,
}

/// What is printed.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Resolved {
    reference: String,
    digest: String,
    media_type: String,
    /// In bytes.
    size: u64,
}

impl Args {
    /// Looks it up.
    pub(super) async fn run(self, output: Output) -> Result<(), CommandError> {
        let registry = &self.reference.registry;
        let (wharf, progress) =
            client::of_registry(registry, &self.store, &self.connection, output)?;
        let resolved = wharf.resolve(&self.reference, self.platform.as_ref()).await;
        progress.clear();
        let manifest = resolved.map_err(|error| {
            CommandError::at_registry(error, &self.reference.registry)
                .while_doing(format!("cannot resolve {}", self.reference))
        })?;
        output.answer(&Resolved {
            reference: self.reference.to_string(),
            digest: manifest.digest.to_string(),
            media_type: manifest.media_type,
            size: manifest.size,
        })
    }
}

impl Answer for Resolved {
    fn lines(&self) -> Vec<String> {
        vec![
            format!("Digest: {}", self.digest),
            format!("Media type: {}", self.media_type),
            format!("Size: {} bytes", self.size),
        ]
    }
}
