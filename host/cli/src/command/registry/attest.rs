//! `wharf registry attest`

use std::path::PathBuf;

use wharf_host::Reference;
use wharf_host::trust::Predicate;

use super::predicate::PredicateType;
use super::sign::{Place, sign, to_sign};
use crate::bounded;
use crate::client;
use crate::error::CommandError;
use crate::options::{ConnectionArgs, OutputArgs, SigningArgs, StoreArgs};
use crate::output::Output;

/// The largest predicate, in bytes: with what is around it, a bundle is read up to 4 MiB.
const PREDICATE_BYTES: u64 = 2 * 1024 * 1024;

/// Sign a statement about an application, such as how it was built
///
/// What the predicate says is signed together with the digest that REFERENCE leads to, and
/// published in its repository, as cosign does.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Examples:
  Attest how it was built:
  $ wharf registry attest --key cosign.key --type slsaprovenance1 \\
      --predicate provenance.json ghcr.io/user/app:v1

  Attest what it is made of:
  $ wharf registry attest --key cosign.key --type cyclonedx --predicate sbom.json ghcr.io/user/app:v1")]
pub(in crate::command) struct Args {
    /// What it is about: `[registry/]repository[:tag][@digest]`
    #[arg(value_name = "REFERENCE")]
    pub(in crate::command) reference: Reference,

    /// What is said, a file of JSON
    #[arg(long, value_name = "FILE")]
    predicate: PathBuf,

    /// Its type: `slsaprovenance`, `slsaprovenance1`, `spdx`, `spdxjson`, `cyclonedx`, `link`,
    /// `vuln`, `openvex`, `custom`, or a URI
    #[arg(long = "type", value_name = "TYPE")]
    kind: PredicateType,

    /// Also write the bundle to this file
    #[arg(long, value_name = "FILE")]
    bundle: Option<PathBuf>,

    #[command(flatten)]
    pub(in crate::command) signing: SigningArgs,

    #[command(flatten)]
    pub(in crate::command) connection: ConnectionArgs,

    #[command(flatten)]
    store: StoreArgs,

    #[command(flatten)]
    pub(super) output: OutputArgs,
}

impl Args {
    /// Signs it.
    pub(super) async fn run(self, output: Output) -> Result<(), CommandError> {
        let shown = self.predicate.display();
        let wrong = |why: String| CommandError::usage(format!("the predicate `{shown}` {why}"));
        let content = bounded::read(&self.predicate, PREDICATE_BYTES).map_err(wrong)?;
        serde_json::from_slice::<serde::de::IgnoredAny>(&content)
            .map_err(|error| wrong(format!("is not JSON: {error}")))?;
        let predicate = Predicate {
            kind: self.kind.into_uri(),
            content,
        };
        let signatory = self.signing.signatory()?;
        let registry = &self.reference.registry;
        let (wharf, progress) =
            client::of_registry(registry, &self.store, &self.connection, output)?;
        let _work = wharf.at_work().await?;
        let subject = to_sign(&wharf, &self.reference, &progress).await?;
        let signing = signatory
            .signing(&wharf, Vec::new(), Some(predicate), output)
            .await?;
        let place = Place {
            reference: Some(&self.reference),
            is_published: true,
            bundle: self.bundle.as_deref(),
        };
        let signed = sign(&wharf, &place, &subject, &signing).await;
        progress.clear();
        output.answer(&signed?)
    }
}
