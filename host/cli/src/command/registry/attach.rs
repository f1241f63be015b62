//! `wharf registry attach`

use std::path::{Path, PathBuf};

use serde::Serialize;
use wharf_host::Reference;
use wharf_host::trust::Document;

use super::sign::to_sign;
use super::verify::bundle_of;
use crate::bounded;
use crate::client;
use crate::env;
use crate::error::CommandError;
use crate::options::{ConnectionArgs, OutputArgs, StoreArgs};
use crate::output::{Answer, Output};

/// The largest signature, payload or bill of materials, in bytes.
const MOST_BYTES: u64 = 4 * 1024 * 1024;

/// Publish a signature that was made elsewhere, or a bill of materials
///
/// What is attached refers to what REFERENCE leads to, and is told by `wharf registry
/// referrers`. A bundle has to be about that; nothing is verified besides.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Examples:
  Publish a bundle:
  $ wharf registry attach --bundle app.sigstore.json ghcr.io/user/app:v1

  Publish a signature of the older format, made by a key elsewhere:
  $ wharf registry attach --signature app.sig --payload app.json ghcr.io/user/app:v1

  Publish an unsigned bill of materials:
  $ wharf registry attach --sbom sbom.cdx.json ghcr.io/user/app:v1")]
pub(in crate::command) struct Args {
    /// What it is attached to: `[registry/]repository[:tag][@digest]`
    #[arg(value_name = "REFERENCE")]
    pub(in crate::command) reference: Reference,

    /// Attach this Sigstore bundle
    #[arg(long, value_name = "FILE", group = "what", required_unless_present_any = ["signature", "sbom"])]
    bundle: Option<PathBuf>,

    /// Attach this signature, in base64, of the payload
    #[arg(long, value_name = "FILE", group = "what", requires = "payload")]
    signature: Option<PathBuf>,

    /// What was signed by --signature (simple signing)
    #[arg(long, value_name = "FILE", requires = "signature")]
    payload: Option<PathBuf>,

    /// Attach this bill of materials, `CycloneDX` or SPDX in JSON
    #[arg(long, value_name = "FILE", group = "what")]
    sbom: Option<PathBuf>,

    #[command(flatten)]
    pub(in crate::command) connection: ConnectionArgs,

    #[command(flatten)]
    store: StoreArgs,

    #[command(flatten)]
    pub(super) output: OutputArgs,
}

/// What is printed.
#[derive(Debug, Serialize)]
#[expect(clippy::struct_field_names, reason = "the words of the answer")]
struct Attached {
    reference: String,
    /// What it is attached to.
    digest: String,
    /// What was attached: the manifest's.
    attached: String,
}

/// What is attached.
enum What {
    Bundle(Vec<u8>),
    Legacy {
        payload: Vec<u8>,
        signature: Vec<u8>,
    },
    Document(Document),
}

impl Args {
    /// Attaches it.
    pub(super) async fn run(self, output: Output) -> Result<(), CommandError> {
        let what = self.what()?;
        let created = env::source_date()?;
        let registry = &self.reference.registry;
        let (wharf, progress) =
            client::of_registry(registry, &self.store, &self.connection, output)?;
        let _work = wharf.at_work().await?;
        let reference = &self.reference;
        let subject = to_sign(&wharf, reference, &progress).await?;
        let attached = match what {
            What::Bundle(bundle) => wharf.attach(reference, &subject, bundle, created).await,
            What::Legacy { payload, signature } => {
                let attached = wharf.attach_legacy(reference, &subject, payload, signature);
                attached.await
            }
            What::Document(document) => wharf.attach_document(reference, &subject, document).await,
        };
        progress.clear();
        let attached = attached.map_err(|error| {
            CommandError::at_registry(error, &reference.registry)
                .while_doing(format!("cannot attach it to {reference}"))
        })?;
        output.answer(&Attached {
            reference: reference.to_string(),
            digest: subject.digest.to_string(),
            attached: attached.digest.to_string(),
        })
    }

    fn what(&self) -> Result<What, CommandError> {
        use base64::Engine as _;
        use base64::engine::general_purpose::STANDARD;

        if let Some(path) = &self.bundle {
            return Ok(What::Bundle(bundle_of(path)?));
        }
        if let (Some(signature), Some(payload)) = (&self.signature, &self.payload) {
            let text = read(signature)?;
            let text = text.trim_ascii();
            let bytes = STANDARD.decode(text).map_err(|error| {
                let shown = signature.display();
                CommandError::usage(format!("the signature `{shown}` is not base64: {error}"))
            })?;
            return Ok(What::Legacy {
                payload: read(payload)?,
                signature: bytes,
            });
        }
        let Some(path) = &self.sbom else {
            return Err(CommandError::usage("it is not said what to attach"));
        };
        let content = read(path)?;
        let document = Document::of_sbom(content).map_err(|why| {
            CommandError::usage(format!(
                "`{}` is no bill of materials: {why}",
                path.display()
            ))
        })?;
        Ok(What::Document(document))
    }
}

fn read(path: &Path) -> Result<Vec<u8>, CommandError> {
    bounded::read(path, MOST_BYTES)
        .map_err(|why| CommandError::usage(format!("`{}` {why}", path.display())))
}

impl Answer for Attached {
    fn lines(&self) -> Vec<String> {
        vec![
            format!("Attached to {}", self.reference),
            format!("Digest: {}", self.attached),
        ]
    }
}
