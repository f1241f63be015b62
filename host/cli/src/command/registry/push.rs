//! `wharf registry push`

mod along;
mod documents;
mod packing;
mod what;

use std::ffi::OsString;
use std::path::PathBuf;

use serde::Serialize;
use wharf_host::{Digest, PackOptions, Pull, PushOptions, Reference, Tag};

use super::transfers::{Transferred, summary, transferred, unknown};
use crate::client;
use crate::digest_file::DigestFileArgs;
use crate::error::{CommandError, is_unreachable};
use crate::options::{ConnectionArgs, OutputArgs, StoreArgs};
use crate::output::{Answer, Output};
use crate::progress::Progress;
use crate::{build, source};
use along::{AlongArgs, Sbom};
use documents::Documents;
use packing::PackingArgs;
use what::Ready;

pub(super) use what::What;

/// Pack an application, or a component, and send it to a registry
///
/// Packs what `spin.toml` describes into the content store and sends what the registry
/// does not have yet. A file `*.wasm` or `*.wat` is published alone, as an artifact that wkg and
/// other tools read (the Wasm OCI artifact layout), and so is a package of WIT. The same
/// input gives the same digest, on every machine and at every time; with `$SOURCE_DATE_EPOCH` set, the artifact says that it was made then.
/// Components must be built; with --build, their `build` commands are run first.
///
/// What the rules of a `.wharfignore` beside the spin.toml ignore is not published; they
/// are written as in a `.gitignore`. Neither is what `ignore` ignores in the table `[push]`
/// of your `wharf.toml`.
///
/// Each file is a layer of its own, so that what did not change is not sent again. Where
/// that would be more layers than registries take, the smallest go into one archive; with
/// `$SPIN_OCI_ARCHIVE_LAYERS` set, all files of a component go into one.
///
/// What is in the content store already, because it was loaded or pulled, is sent as
/// it is.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Examples:
  Publish the application of the current directory:
  $ wharf registry push ghcr.io/user/app:v1

  Build it and publish it under three tags:
  $ wharf registry push --build ghcr.io/user/app:1.2.3 --tag 1.2 --tag latest

  Look at what would be published, without a network:
  $ wharf registry push --dry-run --offline --format json ghcr.io/user/app:v1 | \\
      jq .documents.lockedApp

  Publish one from elsewhere, with an annotation:
  $ wharf registry push -f shop/spin.toml ghcr.io/user/shop:v2 \\
      --annotation org.opencontainers.image.source=https://github.com/user/shop

  Bring what was loaded, or pulled, to another registry:
  $ wharf registry push registry.internal/app:v1 -f ghcr.io/user/app:v1

  Publish it with a signature and a bill of materials:
  $ wharf registry push --sign --key cosign.key --generate-sbom ghcr.io/user/app:v1

  Publish to a registry on this machine, for programs:
  $ wharf registry push --format json localhost:5000/app:dev")]
pub(in crate::command) struct Args {
    /// Where to send it: `[registry/]repository[:tag]`
    #[arg(value_name = "REFERENCE")]
    pub(in crate::command) reference: Reference,

    /// What to send, in place of -f
    #[arg(value_name = "SOURCE", group = "what")]
    pub(in crate::command) source: Option<OsString>,

    /// The application: a spin.toml, the directory of one, a component (a file whose name
    /// ends with `.wasm` or `.wat`), or what the content store has by this reference or digest
    /// [default: the nearest spin.toml]
    ///
    /// A path that exists wins over a reference. Without it, the spin.toml is looked for in
    /// this directory and in those above, up to the root of the repository.
    #[arg(
        short = 'f',
        long,
        visible_alias = "file",
        value_name = "FILE|DIR|REFERENCE|DIGEST",
        group = "what"
    )]
    pub(in crate::command) from: Option<OsString>,

    /// Send a package of WIT: the directory of its files, with the packages that it uses in
    /// `deps`, or a single file
    ///
    /// It is published as WebAssembly, as `wkg wit build` makes it.
    #[arg(long, value_name = "DIR|FILE", group = "what")]
    pub(in crate::command) wit: Option<PathBuf>,

    /// Have this tag of the repository lead there too (can be repeated)
    #[arg(long = "tag", value_name = "TAG")]
    pub(in crate::command) tags: Vec<Tag>,

    /// Send nothing: tell what would be sent, and what is there already
    ///
    /// With `--format json`, the documents that would be published are told too. A registry
    /// that can't be reached is no error then.
    #[arg(long)]
    dry_run: bool,

    /// With --dry-run, ask no registry: what is there is not known then
    #[arg(long, requires = "dry_run")]
    pub(in crate::command) offline: bool,

    /// Leave behind what the content store has that refers to it: signatures, for example
    #[arg(long)]
    no_referrers: bool,

    #[command(flatten)]
    packing: PackingArgs,

    #[command(flatten)]
    pub(in crate::command) along: AlongArgs,

    #[command(flatten)]
    digest_file: DigestFileArgs,

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
struct Pushed {
    reference: String,
    /// The manifest's.
    digest: String,
    /// The manifest's, in bytes.
    size: u64,
    /// The further ones that lead there.
    tags: Vec<String>,
    /// Whether nothing was sent: what has `moved` then would have.
    dry_run: bool,
    /// Whether the registry said what is there.
    compared: bool,
    transfers: Vec<Transferred>,
    /// The bill of materials that was published along with it.
    #[serde(skip_serializing_if = "Option::is_none")]
    sbom: Option<Sbom>,
    warnings: Vec<String>,
    /// What would be published, when nothing was sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    documents: Option<Documents>,
}

impl Args {
    /// Packs and sends it.
    pub(super) async fn run(self, output: Output) -> Result<(), CommandError> {
        self.digest_file.check()?;
        let along = self.along.accept()?;
        let tags = further(self.tags, &self.reference);
        let what = match (self.wit, self.from.or(self.source)) {
            (Some(path), _) => What::Wit(path),
            (None, Some(text)) => What::infer(&text)?,
            (None, None) => What::App(source::nearest(output)?),
        };
        what.accept(&self.packing)?;
        if let What::App(manifest) = &what
            && build::is_wanted(self.packing.build)
        {
            build::build(manifest, self.packing.profile.as_deref(), output).await?;
        }
        let progress = Progress::new(output);
        let store = self.store.open()?;
        let connection = &self.connection;
        let registries = if self.offline {
            Vec::new()
        } else {
            vec![&self.reference.registry]
        };
        let ignore = connection.settings()?.ignore_rules();
        let options = PackOptions {
            fetch: if self.offline {
                Pull::Never
            } else {
                Pull::default()
            },
            ..self.packing.options(ignore)?
        };
        let created = options.created;
        let wharf = match &what {
            What::App(manifest) => {
                let packed = (manifest.as_path(), &options);
                client::wharf_to_pack(store, &registries, packed, connection, output, &progress)
                    .await?
            }
            What::Component(_) | What::Wit(_) | What::Stored(_) => {
                client::wharf(store, &registries, connection, output, &progress)?
            }
        };
        let _work = wharf.at_work().await?;
        let is_sent = !self.dry_run && !self.offline;
        let ahead = is_sent.then_some(&self.reference);
        let Ready {
            digest,
            mut warnings,
            sent,
        } = what.ready(&wharf, &options, ahead).await?;
        let target = target(&self.reference, &digest)?;
        let along = along.ready(&wharf, &digest, &target, created, output);
        let along = along.await?;
        warnings.extend(along.warnings());
        for warning in &warnings {
            output.warning_of_answer(warning);
        }
        let options = PushOptions {
            referrers: !self.no_referrers,
            dry: self.dry_run,
            sent,
            tags: tags.clone(),
        };
        let mut sbom = None;
        let report = if self.offline {
            None
        } else {
            let pushed = along.push(&wharf, &digest, &target, &options).await;
            progress.clear();
            match pushed {
                Ok((report, billed)) => {
                    sbom = billed;
                    Some(report)
                }
                Err(error) if self.dry_run && is_unreachable(&error) => {
                    let warning = format!("it is not known what is there: {error}");
                    output.warning_of_answer(&warning);
                    warnings.push(warning);
                    None
                }
                Err(error) => {
                    let error = CommandError::at_registry(error, &target.registry);
                    return Err(error.while_doing(format!("cannot push to {target}")));
                }
            }
        };
        let transfers = match &report {
            Some(report) => transferred(report),
            None => unknown(documents::content(
                wharf.store(),
                &digest,
                options.referrers,
            )?),
        };
        let sent = if self.dry_run { "to send" } else { "sent" };
        output.status(&summary(&transfers, sent, "already there"));
        let documents = if self.dry_run {
            Some(Documents::read(wharf.store(), &digest)?)
        } else {
            None
        };
        self.digest_file.write(&digest)?;
        output.answer(&Pushed {
            reference: self.reference.to_string(),
            digest: digest.to_string(),
            size: wharf.store().stat(&digest)?.unwrap_or_default(),
            tags: tags.iter().map(ToString::to_string).collect(),
            dry_run: self.dry_run,
            compared: report.is_some(),
            transfers,
            sbom,
            warnings,
            documents,
        })
    }
}

impl Answer for Pushed {
    fn lines(&self) -> Vec<String> {
        let (pushed, tagged) = if self.dry_run {
            ("Would push", "Would tag it")
        } else {
            ("Pushed", "Tagged it")
        };
        let mut lines = vec![format!("{pushed} with digest {}", self.digest)];
        if !self.tags.is_empty() {
            lines.push(format!("{tagged} as {}", self.tags.join(", ")));
        }
        if let Some(sbom) = &self.sbom {
            lines.push(sbom.line());
        }
        if !self.compared {
            lines.push("It is not known what is there already".to_owned());
        }
        lines
    }
}

/// The tags that are wanted besides the reference's, each once.
fn further(tags: Vec<Tag>, reference: &Reference) -> Vec<Tag> {
    let mut further: Vec<Tag> = Vec::new();
    for tag in tags {
        if reference.tag.as_ref() != Some(&tag) && !further.contains(&tag) {
            further.push(tag);
        }
    }
    further
}

/// Where exactly to send it. A digest in the reference is a promise of what is sent;
/// once it is kept, the tag beside it is what gets set.
fn target(reference: &Reference, packed: &Digest) -> Result<Reference, CommandError> {
    match &reference.digest {
        Some(promised) if promised != packed => Err(CommandError::usage(format!(
            "what is to be sent has the digest {packed}, and the reference names {promised}"
        ))
        .hint("leave the digest out of the reference, or push what it belongs to")),
        Some(_) if reference.tag.is_some() => Ok(Reference {
            digest: None,
            ..reference.clone()
        }),
        _ => Ok(reference.clone()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DIGEST: &str = "sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a";

    #[test]
    fn a_digest_in_the_reference_is_a_promise() {
        let packed: Digest = DIGEST.parse().unwrap();
        let target = |text: &str| {
            target(&text.parse().unwrap(), &packed).map(|reference| reference.to_string())
        };
        assert_eq!(target("r.example/a:v1").unwrap(), "r.example/a:v1");
        assert_eq!(
            target(&format!("r.example/a@{DIGEST}")).unwrap(),
            format!("r.example/a@{DIGEST}")
        );
        assert_eq!(
            target(&format!("r.example/a:v1@{DIGEST}")).unwrap(),
            "r.example/a:v1"
        );
        let other = format!("r.example/a:v1@sha256:{}", "0".repeat(64));
        let error = target(&other).unwrap_err();
        assert_eq!(error.kind.exit().code(), 2);
        assert!(error.messages[0].contains(DIGEST), "{error:?}");
    }

    #[test]
    fn a_tag_is_set_once() {
        let reference = "r.example/a:1".parse().unwrap();
        let tags = |tags: &[&str]| tags.iter().map(|tag| tag.parse().unwrap()).collect();
        let wanted: Vec<Tag> = tags(&["2", "1", "2", "3"]);
        assert_eq!(further(wanted, &reference), tags(&["2", "3"]));
    }
}
