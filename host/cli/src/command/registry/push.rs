//! `wharf registry push`

use std::path::{Path, PathBuf};

use serde::Serialize;
use wharf_host::{Digest, PackOptions, Reference};

use super::transfers::{Transferred, summary, transferred};
use crate::error::CommandError;
use crate::options::{self, ConnectionArgs, OutputArgs, StoreArgs};
use crate::output::{Answer, Output};
use crate::progress::Progress;
use crate::{env, source};

/// Pack an application and send it to a registry
///
/// Packs what `spin.toml` describes into the content store and sends what the registry
/// does not have yet. The same input gives the same digest, on every machine and at
/// every time; with `$SOURCE_DATE_EPOCH` set, the artifact says that it was made then.
///
/// Components must be built: `build` commands are not run.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Examples:
  Publish the application of the current directory:
  $ wharf registry push ghcr.io/user/app:v1

  Publish one from elsewhere, with an annotation:
  $ wharf registry push -f shop/spin.toml ghcr.io/user/shop:v2 \\
      --annotation org.opencontainers.image.source=https://github.com/user/shop

  Publish to a registry on this machine, for programs:
  $ wharf registry push --format json localhost:5000/app:dev")]
pub(in crate::command) struct Args {
    /// Where to send it: `[registry/]repository[:tag]`
    #[arg(value_name = "REFERENCE")]
    reference: Reference,

    /// The application: a spin.toml, or the directory of one
    #[arg(
        short = 'f',
        long,
        visible_alias = "file",
        value_name = "FILE|DIR",
        default_value = "."
    )]
    #[arg(hide_default_value = true)]
    #[arg(
        help = "The application: a spin.toml, or the directory of one [default: this directory]"
    )]
    from: PathBuf,

    /// Annotate the manifest (can be repeated)
    #[arg(long = "annotation", value_name = "KEY=VALUE", value_parser = options::key_value)]
    annotations: Vec<(String, String)>,

    /// Send nothing: tell what would be sent, and what is there already
    #[arg(long)]
    dry_run: bool,

    #[command(flatten)]
    connection: ConnectionArgs,

    #[command(flatten)]
    store: StoreArgs,

    #[command(flatten)]
    pub(super) output: OutputArgs,
}

/// What is printed.
#[derive(Debug, Serialize)]
struct Pushed {
    reference: String,
    /// The manifest's.
    digest: String,
    /// The manifest's, in bytes.
    size: u64,
    /// Whether nothing was sent: what has `moved` then would have.
    dry_run: bool,
    transfers: Vec<Transferred>,
    warnings: Vec<String>,
}

impl Args {
    /// Packs and sends it.
    pub(super) async fn run(self, output: Output) -> Result<(), CommandError> {
        let options = PackOptions {
            created: created()?,
            annotations: distinct(self.annotations)?,
        };
        let manifest = source::manifest_at(&self.from)?;
        let progress = Progress::new(output);
        let store = self.store.open()?;
        let wharf = options::wharf(
            store,
            &[&self.reference.registry],
            &self.connection,
            output,
            &progress,
        )?;
        let packed = wharf
            .pack(&manifest, &options)
            .await
            .map_err(|error| CommandError::packing(error, &manifest))?;
        for warning in &packed.warnings {
            output.warning_of_answer(warning);
        }
        let digest = &packed.manifest.digest;
        let target = target(&self.reference, digest)?;
        let pushed = if self.dry_run {
            wharf.plan(digest, &target).await
        } else {
            wharf.push(digest, &target).await
        };
        progress.clear();
        let report = pushed.map_err(|error| {
            CommandError::at_registry(error, &target.registry)
                .while_doing(format!("cannot push to {target}"))
        })?;
        let transfers = transferred(&report);
        let sent = if self.dry_run { "to send" } else { "sent" };
        output.status(&summary(&transfers, sent, "already there"));
        output.answer(&Pushed {
            reference: self.reference.to_string(),
            digest: report.manifest.digest.to_string(),
            size: report.manifest.size,
            dry_run: self.dry_run,
            transfers,
            warnings: packed.warnings,
        })
    }
}

impl Answer for Pushed {
    fn lines(&self) -> Vec<String> {
        let pushed = if self.dry_run {
            "Would push with digest"
        } else {
            "Pushed with digest"
        };
        vec![format!("{pushed} {}", self.digest)]
    }
}

/// Where exactly to send it. A digest in the reference is a promise of what is sent;
/// once it is kept, the tag beside it is what gets set.
fn target(reference: &Reference, packed: &Digest) -> Result<Reference, CommandError> {
    match &reference.digest {
        Some(promised) if promised != packed => Err(CommandError::usage(format!(
            "the application has the digest {packed}, and the reference names {promised}"
        ))
        .hint("leave the digest out of the reference, or push the application that it belongs to")),
        Some(_) if reference.tag.is_some() => Ok(Reference {
            digest: None,
            ..reference.clone()
        }),
        _ => Ok(reference.clone()),
    }
}

/// The time that the artifact is to say it was made at.
fn created() -> Result<Option<u64>, CommandError> {
    let Some(value) = env::value(env::SOURCE_DATE_EPOCH) else {
        return Ok(None);
    };
    value
        .to_str()
        .filter(|text| text.bytes().all(|byte| byte.is_ascii_digit()))
        .and_then(|text| text.parse().ok())
        .map(Some)
        .ok_or_else(|| {
            CommandError::usage(format!(
                "{} is `{}`: expected a number of seconds since 1970",
                env::SOURCE_DATE_EPOCH,
                Path::new(&value).display()
            ))
        })
}

/// The annotations, unless one is given twice: which one is meant can't be known.
fn distinct(annotations: Vec<(String, String)>) -> Result<Vec<(String, String)>, CommandError> {
    let mut seen = std::collections::HashSet::new();
    for (key, _) in &annotations {
        if !seen.insert(key) {
            return Err(CommandError::usage(format!(
                "the annotation `{key}` is given twice"
            )));
        }
    }
    Ok(annotations)
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
    fn an_annotation_given_twice_is_refused_by_name() {
        let pair = |key: &str, value: &str| (key.to_owned(), value.to_owned());
        assert!(distinct(vec![pair("a", "1"), pair("b", "1")]).is_ok());
        let error = distinct(vec![pair("a", "1"), pair("a", "2")]).unwrap_err();
        assert!(error.messages[0].contains("`a`"), "{error:?}");
    }
}
