//! `wharf registry sign`

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use serde::Serialize;
use wharf_host::trust::{Format, Signing};
use wharf_host::{Descriptor, PackOptions, Reference, Registry, Wharf};

use super::push::What;
use crate::client;
use crate::env;
use crate::error::CommandError;
use crate::options::{ConnectionArgs, OutputArgs, SigningArgs, StoreArgs, key_value};
use crate::output::{Answer, Output};
use crate::progress::Progress;

/// Sign an application
///
/// Signs exactly what REFERENCE leads to, or what -f says, and publishes the signature in
/// its repository, as cosign does and for cosign to verify: as a bundle that refers to it,
/// and under the tag `sha256-….sig`. Signatures that are there stay.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Examples:
  Sign what a tag leads to:
  $ wharf registry sign --key cosign.key ghcr.io/user/app:v1

  In CI, with the key and its passphrase in variables:
  $ wharf registry sign --key env://SIGNING_KEY ghcr.io/user/app@sha256:2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae

  Sign without a network, and publish the signature later:
  $ wharf registry sign --key cosign.key -f spin.toml --upload=false --bundle app.sigstore.json
  $ wharf registry attach --bundle app.sigstore.json ghcr.io/user/app:v1")]
pub(in crate::command) struct Args {
    /// What to sign: `[registry/]repository[:tag][@digest]`
    #[arg(value_name = "REFERENCE", required_unless_present = "from")]
    pub(in crate::command) reference: Option<Reference>,

    /// Sign this, whatever the reference leads to: a spin.toml, the directory of one, a
    /// component, or what the content store has by this digest or reference
    #[arg(short = 'f', long, value_name = "FILE|DIR|DIGEST|REFERENCE")]
    pub(in crate::command) from: Option<OsString>,

    /// Whether the signature is published
    #[arg(long, value_name = "true|false", default_value_t = true, action = clap::ArgAction::Set)]
    upload: bool,

    /// Also write the bundle to this file
    #[arg(long, value_name = "FILE")]
    bundle: Option<PathBuf>,

    /// Add an annotation to the signature (can be repeated)
    #[arg(short = 'a', long = "annotation", value_name = "KEY=VALUE", value_parser = key_value)]
    annotations: Vec<(String, String)>,

    #[command(flatten)]
    pub(in crate::command) signing: SigningArgs,

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
pub(super) struct Signed {
    /// What was signed.
    reference: Option<String>,
    /// Its manifest's.
    digest: String,
    /// What was published.
    signatures: Vec<Published>,
    /// The file that was written.
    #[serde(skip_serializing_if = "Option::is_none")]
    bundle: Option<String>,
}

/// A signature that was published.
#[derive(Debug, Serialize)]
pub(super) struct Published {
    /// `bundle` or `legacy`.
    format: &'static str,
    /// The manifest's.
    digest: String,
}

impl Args {
    /// Signs it.
    pub(super) async fn run(self, output: Output) -> Result<(), CommandError> {
        if self.reference.is_none() && self.upload {
            return Err(CommandError::usage(
                "it is not said where the signature goes: give a REFERENCE, or --upload=false",
            ));
        }
        if !self.upload && self.bundle.is_none() {
            return Err(CommandError::usage(
                "with --upload=false the signature goes nowhere: give --bundle FILE",
            ));
        }
        let what = self.from.as_deref().map(What::infer).transpose()?;
        let mut signatory = self.signing.signatory()?;
        if !self.upload {
            signatory
                .formats()
                .retain(|format| *format == Format::Bundle);
        }
        if self.bundle.is_some() && !signatory.formats().contains(&Format::Bundle) {
            return Err(CommandError::usage(
                "--bundle writes a bundle, and --signature-format legacy makes none",
            ));
        }
        let progress = Progress::new(output);
        let store = self.store.open()?;
        let registries: Vec<&Registry> = match &self.reference {
            Some(reference) if self.upload || what.is_none() => vec![&reference.registry],
            _ => Vec::new(),
        };
        let packing = PackOptions {
            ignore: self.connection.settings()?.ignore_rules(),
            created: env::source_date()?,
            ..PackOptions::default()
        };
        let wharf = match &what {
            Some(What::App(path)) => {
                let packed = (path.as_path(), &packing);
                let connection = &self.connection;
                client::wharf_to_pack(store, &registries, packed, connection, output, &progress)
                    .await?
            }
            _ => client::wharf(store, &registries, &self.connection, output, &progress)?,
        };
        let _work = wharf.at_work().await?;
        let subject = match (&what, &self.reference) {
            (Some(what), _) => packed(&wharf, what, &packing).await?,
            (None, Some(reference)) => to_sign(&wharf, reference, &progress).await?,
            (None, None) => return Err(CommandError::usage("it is not said what to sign")),
        };
        let signing = signatory
            .signing(&wharf, self.annotations, None, output)
            .await?;
        let place = Place {
            reference: self.reference.as_ref(),
            is_published: self.upload,
            bundle: self.bundle.as_deref(),
        };
        let signed = sign(&wharf, &place, &subject, &signing).await;
        progress.clear();
        output.answer(&signed?)
    }
}

/// What a reference leads to, to be signed.
pub(super) async fn to_sign(
    wharf: &Wharf,
    reference: &Reference,
    progress: &Progress,
) -> Result<Descriptor, CommandError> {
    let subject = wharf.to_sign(reference).await;
    progress.clear();
    subject.map_err(|error| {
        CommandError::at_registry(error, &reference.registry)
            .while_doing(format!("cannot sign {reference}"))
    })
}

/// What is packed, or in the store, to be signed.
async fn packed(
    wharf: &Wharf,
    what: &What,
    options: &PackOptions,
) -> Result<Descriptor, CommandError> {
    let ready = what.ready(wharf, options, None).await?;
    Ok(wharf.described(&ready.digest).await?)
}

/// Where a signature goes.
pub(super) struct Place<'a> {
    pub(super) reference: Option<&'a Reference>,
    pub(super) is_published: bool,
    pub(super) bundle: Option<&'a Path>,
}

/// Signs it, and publishes that.
pub(super) async fn sign(
    wharf: &Wharf,
    place: &Place<'_>,
    subject: &Descriptor,
    signing: &Signing,
) -> Result<Signed, CommandError> {
    let digest = &subject.digest;
    let failed = |error, what: &str| match place.reference {
        Some(reference) => CommandError::at_registry(error, &reference.registry).while_doing(
            format!("cannot {what} {}", reference.at_digest(digest.clone())),
        ),
        None => CommandError::from(error).while_doing(format!("cannot {what} {digest}")),
    };
    let proved = wharf.sign(place.reference, subject, signing).await;
    let proved = proved.map_err(|error| failed(error, "sign"))?;
    if let Some(path) = place.bundle {
        for one in &proved {
            if one.made.format == Format::Bundle {
                let bundle = wharf.bundle(one).await;
                write(path, &bundle.map_err(|error| failed(error, "sign"))?)?;
            }
        }
    }
    let mut signatures = Vec::new();
    if let (Some(reference), true) = (place.reference, place.is_published) {
        for one in &proved {
            let published = wharf
                .publish(reference, subject, one, signing.created)
                .await;
            let manifest = published.map_err(|error| failed(error, "publish the signature of"))?;
            signatures.push(Published {
                format: match one.made.format {
                    Format::Bundle => "bundle",
                    Format::Legacy => "legacy",
                },
                digest: manifest.digest.to_string(),
            });
        }
    }
    Ok(Signed {
        reference: place.reference.map(ToString::to_string),
        digest: digest.to_string(),
        signatures,
        bundle: place.bundle.map(|path| path.display().to_string()),
    })
}

/// Writes a file, whole or not at all.
fn write(path: &Path, bytes: &[u8]) -> Result<(), CommandError> {
    use std::io::Write as _;

    let folder = match path.parent() {
        Some(folder) if folder != Path::new("") => folder,
        _ => Path::new("."),
    };
    let written = tempfile::NamedTempFile::new_in(folder).and_then(|mut file| {
        file.write_all(bytes)?;
        file.persist(path).map_err(|error| error.error)
    });
    written.map(drop).map_err(|error| {
        CommandError::from(error).while_doing(format!("cannot write {}", path.display()))
    })
}

impl Answer for Signed {
    fn lines(&self) -> Vec<String> {
        let mut lines = vec![match &self.reference {
            Some(reference) => format!("Signed {} of {reference}", self.digest),
            None => format!("Signed {}", self.digest),
        }];
        for published in &self.signatures {
            lines.push(format!("- {} {}", published.format, published.digest));
        }
        if let Some(file) = &self.bundle {
            lines.push(format!("- bundle in {file}"));
        }
        lines
    }
}
