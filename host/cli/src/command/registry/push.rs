//! `wharf registry push`

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use serde::Serialize;
use wharf_host::{Digest, PackOptions, PushOptions, Reference, Store, Wharf};

use super::transfers::{Transferred, summary, transferred};
use crate::env;
use crate::error::CommandError;
use crate::options::{self, ConnectionArgs, OutputArgs, StoreArgs};
use crate::output::{Answer, Output};
use crate::progress::Progress;
use crate::source::Source;
use crate::stored::Stored;

/// Pack an application, or a component, and send it to a registry
///
/// Packs what `spin.toml` describes into the content store and sends what the registry
/// does not have yet. A file `*.wasm` is published alone, as an artifact that wkg and
/// other tools read (the Wasm OCI artifact layout), and so is a package of WIT. The same input gives the same digest, on every machine and at
/// every time; with `$SOURCE_DATE_EPOCH` set, the artifact says that it was made then.
/// Components must be built: `build` commands are not run.
///
/// Each file is a layer of its own, so that what did not change is not sent again. Where
/// that would be more layers than registries take, the smallest go into one archive; with
/// $SPIN_OCI_ARCHIVE_LAYERS set, all files of a component go into one.
///
/// What is in the content store already, because it was loaded or pulled, is sent as
/// it is.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Examples:
  Publish the application of the current directory:
  $ wharf registry push ghcr.io/user/app:v1

  Publish one from elsewhere, with an annotation:
  $ wharf registry push -f shop/spin.toml ghcr.io/user/shop:v2 \\
      --annotation org.opencontainers.image.source=https://github.com/user/shop

  Publish a component alone:
  $ wharf registry push ghcr.io/user/hello:v1 hello.wasm

  Publish a package of WIT, whose dependencies are in wit/deps:
  $ wharf registry push ghcr.io/user/api:0.1.0 --wit wit

  Bring what was loaded, or pulled, to another registry:
  $ wharf registry push registry.internal/app:v1 -f ghcr.io/user/app:v1

  Publish to a registry on this machine, for programs:
  $ wharf registry push --format json localhost:5000/app:dev")]
pub(in crate::command) struct Args {
    /// Where to send it: `[registry/]repository[:tag]`
    #[arg(value_name = "REFERENCE")]
    reference: Reference,

    /// What to send, in place of -f
    #[arg(value_name = "SOURCE", group = "what")]
    source: Option<OsString>,

    /// The application: a spin.toml, the directory of one, a component (a file whose name
    /// ends with `.wasm`), or what the content store has by this reference or digest
    /// [default: this directory]
    ///
    /// A path that exists wins over a reference.
    #[arg(
        short = 'f',
        long,
        visible_alias = "file",
        value_name = "FILE|DIR|REFERENCE|DIGEST",
        group = "what"
    )]
    from: Option<OsString>,

    /// Send a package of WIT: the directory of its files, with the packages that it uses in
    /// `deps`, or a single file
    ///
    /// It is published as WebAssembly, as `wkg wit build` makes it.
    #[arg(long, value_name = "DIR|FILE", group = "what")]
    wit: Option<PathBuf>,

    /// Send nothing: tell what would be sent, and what is there already
    #[arg(long)]
    dry_run: bool,

    /// Leave behind what the content store has that refers to it: signatures, for example
    #[arg(long)]
    no_referrers: bool,

    #[command(flatten)]
    packing: PackingArgs,

    #[command(flatten)]
    connection: ConnectionArgs,

    #[command(flatten)]
    store: StoreArgs,

    #[command(flatten)]
    pub(super) output: OutputArgs,
}

/// How an application is packed.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Packing")]
struct PackingArgs {
    /// Annotate the manifest (can be repeated)
    #[arg(long = "annotation", value_name = "KEY=VALUE", value_parser = options::key_value)]
    annotations: Vec<(String, String)>,

    /// Publish what the components say in this profile
    #[arg(long, value_name = "PROFILE")]
    profile: Option<String>,

    /// Publish the commands that build the components too
    ///
    /// Without it they are left out: they tell how your machine is set up.
    #[arg(long)]
    include_build: bool,

    /// Publish the defaults of secret variables too, instead of refusing to
    #[arg(long)]
    include_secret_defaults: bool,

    /// Compose each component with its dependencies
    ///
    /// With `--compose=false` the dependencies are sent beside the components, and whoever
    /// runs the application composes them: `wharf up` does, older hosts don't.
    #[arg(
        long,
        value_name = "BOOL",
        default_value_t = true,
        default_missing_value = "true",
        num_args = 0..=1,
        require_equals = true,
        action = clap::ArgAction::Set
    )]
    compose: bool,
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
    /// Whether nothing was sent: what has `moved` then would have.
    dry_run: bool,
    transfers: Vec<Transferred>,
    warnings: Vec<String>,
}

impl Args {
    /// Packs and sends it.
    pub(super) async fn run(self, output: Output) -> Result<(), CommandError> {
        let options = self.packing.options()?;
        let what = match (self.wit, self.from.or(self.source)) {
            (Some(path), _) => What::Wit(path),
            (None, text) => What::infer(text.as_deref().unwrap_or(OsStr::new(".")))?,
        };
        what.accept(&options)?;
        let progress = Progress::new(output);
        let store = self.store.open()?;
        let (registries, connection) = ([&self.reference.registry], &self.connection);
        let wharf = match &what {
            What::App(manifest) => {
                let packed = (manifest.as_path(), &options);
                options::wharf_to_pack(store, &registries, packed, connection, output, &progress)?
            }
            What::Component(_) | What::Wit(_) | What::Stored(_) => {
                options::wharf(store, &registries, connection, output, &progress)?
            }
        };
        let _work = wharf.at_work().await?;
        let ahead = (!self.dry_run).then_some(&self.reference);
        let Ready {
            digest,
            warnings,
            sent,
        } = what.ready(&wharf, &options, ahead).await?;
        for warning in &warnings {
            output.warning_of_answer(warning);
        }
        let digest = &digest;
        let target = target(&self.reference, digest)?;
        let options = PushOptions {
            referrers: !self.no_referrers,
            dry: self.dry_run,
            sent,
        };
        let pushed = wharf.push_with(digest, &target, &options).await;
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
            warnings,
        })
    }
}

impl PackingArgs {
    fn options(self) -> Result<PackOptions, CommandError> {
        Ok(PackOptions {
            created: created()?,
            annotations: distinct(self.annotations)?,
            profile: self.profile,
            build: self.include_build,
            secret_defaults: self.include_secret_defaults,
            uncomposed: !self.compose,
            archive_files: std::env::var_os(env::ARCHIVE_LAYERS).is_some(),
            ..PackOptions::default()
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

/// What is to be sent.
enum What {
    /// The application of this manifest, once it is packed.
    App(PathBuf),
    /// The component of this file, once it is packed.
    Component(PathBuf),
    /// The package of WIT in this directory, or this file, once it is packed.
    Wit(PathBuf),
    /// Something of the content store.
    Stored(Stored),
}

/// What is in the store, to be sent.
struct Ready {
    /// The manifest's.
    digest: Digest,
    /// What the author should know.
    warnings: Vec<String>,
    /// What was sent already.
    sent: Vec<Digest>,
}

impl What {
    /// What the user meant. An existing path wins.
    fn infer(text: &OsStr) -> Result<Self, CommandError> {
        let path = Path::new(text);
        if path.symlink_metadata().is_ok() {
            return Ok(match Source::at(path)? {
                Source::Component(path) => Self::Component(path),
                Source::Manifest(path) => Self::App(path),
                // A path is none.
                Source::Registry(reference) => Self::Stored(Stored::Reference(reference)),
            });
        }
        let shown = path.display();
        let stored = text.to_str().map(str::parse::<Stored>);
        match stored {
            Some(Ok(stored)) => Ok(Self::Stored(stored)),
            Some(Err(why)) => Err(CommandError::usage(format!(
                "there is no file and no directory {shown} here, and it can't be a name of \
                 something in the content store: {why}"
            ))),
            None => Err(CommandError::usage(format!(
                "there is no file and no directory {shown} here"
            ))),
        }
    }
}

impl What {
    /// Refuses options that mean nothing for it.
    fn accept(&self, options: &PackOptions) -> Result<(), CommandError> {
        let of_manifests = [
            ("--profile", options.profile.is_some()),
            ("--include-build", options.build),
            ("--include-secret-defaults", options.secret_defaults),
            ("--compose=false", options.uncomposed),
        ];
        let annotation = ("--annotation", !options.annotations.is_empty());
        let mut meaningless: Vec<_> = match self {
            Self::App(_) => Vec::new(),
            Self::Component(_) | Self::Wit(_) => of_manifests.into(),
            Self::Stored(_) => [annotation].into_iter().chain(of_manifests).collect(),
        };
        meaningless.retain(|(_, is_used)| *is_used);
        let Some((option, _)) = meaningless.first() else {
            return Ok(());
        };
        Err(CommandError::usage(match self {
            Self::Stored(stored) => format!(
                "{option} is for what is packed, and {stored} of the content store is sent as it \
                 is"
            ),
            Self::App(path) | Self::Component(path) | Self::Wit(path) => format!(
                "{option} is for a spin.toml, and {} is sent without one",
                path.display()
            ),
        }))
    }

    /// Has all of it in the store. What is large may be sent `ahead` at once.
    async fn ready(
        &self,
        wharf: &Wharf,
        options: &PackOptions,
        ahead: Option<&Reference>,
    ) -> Result<Ready, CommandError> {
        let packed = match self {
            Self::App(path) => {
                let packed = match ahead {
                    None => wharf.pack(path, options).await,
                    Some(target) => wharf.pack_and_send(path, options, target).await,
                };
                packed.map_err(|error| CommandError::packing(error, path))
            }
            Self::Component(path) => {
                let packed = wharf.pack_component(path, options).await;
                packed.map_err(|error| CommandError::packing_alone(error, path))
            }
            Self::Wit(path) => {
                let packed = wharf.pack_wit(path, options).await;
                packed.map_err(|error| CommandError::packing_alone(error, path))
            }
            Self::Stored(stored) => {
                return Ok(Ready {
                    digest: find(wharf.store(), stored)?,
                    warnings: Vec::new(),
                    sent: Vec::new(),
                });
            }
        }?;
        Ok(Ready {
            digest: packed.manifest.digest,
            warnings: packed.warnings,
            sent: packed.sent,
        })
    }
}

/// The manifest that is meant, all of which must be in the store.
fn find(store: &Store, stored: &Stored) -> Result<Digest, CommandError> {
    stored.find(store)?.ok_or_else(|| {
        CommandError::usage(format!(
            "there is no file and no directory {stored} here, and the content store at {} has \
             nothing of that name, or not all of it",
            store.path().display()
        ))
        .hint("`wharf cache list` tells what it has; `wharf registry load` and `pull` add to it")
    })
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
    fn what_is_no_path_is_a_name_of_the_store() {
        let app = What::infer(OsStr::new(env!("CARGO_MANIFEST_DIR")));
        assert!(app.is_err_and(|error| error.messages[0].contains("no spin.toml")));
        let stored = What::infer(OsStr::new("r.example/app:1"));
        assert!(matches!(stored, Ok(What::Stored(_))));
        let error = What::infer(OsStr::new("./No-such-app")).err().unwrap();
        assert_eq!(error.kind.exit().code(), 2);
        assert!(error.messages[0].contains("./No-such-app"), "{error:?}");
    }

    #[test]
    fn an_annotation_given_twice_is_refused_by_name() {
        let pair = |key: &str, value: &str| (key.to_owned(), value.to_owned());
        assert!(distinct(vec![pair("a", "1"), pair("b", "1")]).is_ok());
        let error = distinct(vec![pair("a", "1"), pair("a", "2")]).unwrap_err();
        assert!(error.messages[0].contains("`a`"), "{error:?}");
    }
}
