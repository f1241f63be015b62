//! `wharf registry copy`

use serde::Serialize;
use wharf_host::{CopyOptions, Platform, Reference};

use super::transfers::{Transferred, summary, transferred};
use crate::error::CommandError;
use crate::options::{OutputArgs, Sides, StoreArgs, TrustArgs};
use crate::output::{Answer, Output};
use crate::progress::Progress;

/// Copy an application from one place in a registry to another
///
/// Copies what SOURCE leads to, and everything it names, under the name TARGET, bit by
/// bit, so that the digest stays the same. Within one registry, the registry is asked to
/// take content over, and then no byte of it moves; between registries it goes through
/// the content store. An index goes with all the manifests that it lists.
///
/// Each option of a connection or a credential is also there with `--from-` and `--to-` in
/// front, for the registry of SOURCE or of TARGET alone. Without, it is for both.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Examples:
  Promote a version within a registry:
  $ wharf registry copy ghcr.io/user/app:rc1 ghcr.io/user/release/app:v1

  Copy from one registry to another, with signatures:
  $ wharf registry copy --recursive ghcr.io/user/app:v1 r.example:5000/app:v1

  Copy to a registry with a certificate of a private authority, as another user there:
  $ wharf registry copy ghcr.io/user/app:v1 r.example:5000/app:v1 \\
      --to-ca-file ca.pem --to-username user --to-password-stdin < password")]
pub(in crate::command) struct Args {
    /// What to copy: `[registry/]repository[:tag][@digest]`
    #[arg(value_name = "SOURCE")]
    pub(in crate::command) source: Reference,

    /// Where to: `[registry/]repository[:tag]`
    #[arg(value_name = "TARGET")]
    pub(in crate::command) target: Reference,

    /// Also copy what refers to it: signatures, for example
    ///
    /// What the source's registry lists, and what refers to that, and so on, goes before
    /// the name is set.
    #[arg(short, long)]
    recursive: bool,

    /// Of an index, copy the manifest for this platform alone
    #[arg(long, value_name = "OS/ARCH[/VARIANT]")]
    platform: Option<Platform>,

    #[command(flatten)]
    pub(in crate::command) connection: Sides,

    #[command(flatten)]
    store: StoreArgs,

    #[command(flatten)]
    trust: TrustArgs,

    #[command(flatten)]
    pub(super) output: OutputArgs,
}

/// What is printed.
#[derive(Debug, Serialize)]
struct Copied {
    source: String,
    target: String,
    /// The manifest's.
    digest: String,
    transfers: Vec<Transferred>,
}

impl Args {
    /// Copies it.
    pub(super) async fn run(self, output: Output) -> Result<(), CommandError> {
        let progress = Progress::new(output);
        let store = self.store.open()?;
        let registries = (&self.source.registry, &self.target.registry);
        let wharf = self
            .connection
            .trusting(self.trust)
            .wharf(store, registries, output, &progress)?;
        let options = CopyOptions {
            platform: self.platform,
            recursive: self.recursive,
        };
        let copied = wharf.copy_with(&self.source, &self.target, &options).await;
        progress.clear();
        let report = copied.map_err(|error| {
            CommandError::at_registry(error, &self.target.registry)
                .while_doing(format!("cannot copy {} to {}", self.source, self.target))
        })?;
        let transfers = transferred(&report);
        output.status(&summary(&transfers, "sent", "already there"));
        output.answer(&Copied {
            source: self.source.to_string(),
            target: self.target.to_string(),
            digest: report.manifest.digest.to_string(),
            transfers,
        })
    }
}

impl Answer for Copied {
    fn lines(&self) -> Vec<String> {
        vec![format!(
            "Copied to {} with digest {}",
            self.target, self.digest
        )]
    }
}
