//! `wharf registry pull`

use serde::Serialize;
use wharf_host::{Platform, PullOptions, Reference};

use super::transfers::{Transferred, summary, transferred};
use crate::error::CommandError;
use crate::options::{self, ConnectionArgs, OutputArgs, PullArgs, StoreArgs};
use crate::output::{Answer, Output};
use crate::progress::Progress;

/// Fetch an application into the content store
///
/// Fetches what is not in the store yet and checks every byte against its digest. A
/// tag is always looked up in the registry; a digest that is complete in the store
/// needs no network.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Examples:
  Fetch what a tag leads to:
  $ wharf registry pull ghcr.io/user/app:v1

  Fetch into a folder of its own, from a registry without TLS:
  $ wharf registry pull --cache-dir ./store --plain-http r.example:5000/app:v1

  Print the digest alone:
  $ wharf registry pull --format json ghcr.io/user/app:v1 | jq -r .digest")]
pub(in crate::command) struct Args {
    /// What to fetch: `[registry/]repository[:tag][@digest]`
    #[arg(value_name = "REFERENCE")]
    reference: Reference,

    /// Of an index, take the manifest for this platform and not the one for WebAssembly
    #[arg(long, value_name = "OS/ARCH[/VARIANT]")]
    platform: Option<Platform>,

    /// Also fetch what refers to it: signatures, for example
    #[arg(long)]
    referrers: bool,

    #[command(flatten)]
    connection: ConnectionArgs,

    #[command(flatten)]
    store: StoreArgs,

    #[command(flatten)]
    when: PullArgs,

    #[command(flatten)]
    pub(super) output: OutputArgs,
}

/// What is printed.
#[derive(Debug, Serialize)]
struct Pulled {
    reference: String,
    /// The manifest's.
    digest: String,
    /// The manifest's, in bytes.
    size: u64,
    transfers: Vec<Transferred>,
}

impl Args {
    /// Fetches it.
    pub(super) async fn run(self, output: Output) -> Result<(), CommandError> {
        let progress = Progress::new(output);
        let store = self.store.open()?;
        let wharf = options::wharf(
            store,
            &[&self.reference.registry],
            &self.connection,
            output,
            &progress,
        )?;
        let options = PullOptions {
            policy: self.when.policy(),
            platform: self.platform,
            referrers: self.referrers,
        };
        let pulled = wharf.pull_with(&self.reference, &options).await;
        progress.clear();
        let report = pulled.map_err(|error| {
            CommandError::at_registry(error, &self.reference.registry)
                .while_doing(format!("cannot pull {}", self.reference))
        })?;
        output.answer(&Pulled {
            reference: self.reference.to_string(),
            digest: report.manifest.digest.to_string(),
            size: report.manifest.size,
            transfers: transferred(&report),
        })
    }
}

impl Answer for Pulled {
    fn lines(&self) -> Vec<String> {
        vec![
            format!("Pulled {}", self.reference),
            summary(&self.transfers, "fetched", "already here"),
            format!("Digest: {}", self.digest),
        ]
    }
}
