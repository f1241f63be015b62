//! `wharf trust update`

use std::path::PathBuf;

use serde::Serialize;
use wharf_host::trust::{Kept, Mirror, Refreshed};
use wharf_host::{Error as HostError, Registry, Store};

use crate::bounded;
use crate::client;
use crate::error::CommandError;
use crate::options::{ConnectionArgs, OutputArgs, SandboxArgs, TRUST_BYTES, kept, unreadable};
use crate::output::{Answer, Output};
use crate::progress::Progress;

/// Fetch which authorities and logs to trust
///
/// Signatures of identities are verified by a trusted root. Wharf comes with that of the
/// public Sigstore; this fetches the one of today, by The Update Framework, and the services
/// to sign with. From then on they count, wherever no other file is named. Verifying never
/// fetches them by itself, and signatures by key need none.
///
/// What is not signed as it has to be, has expired, or is older than what was seen before is
/// refused, and all stays as it is.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Examples:
  Fetch those of the public Sigstore:
  $ wharf trust update

  Use those of a Sigstore of your own, now and at each further `wharf trust update`:
  $ wharf trust update --mirror https://tuf.example --root root.json

  And go back:
  $ wharf trust update --mirror https://tuf-repo-cdn.sigstore.dev")]
pub(in crate::command) struct Args {
    /// Where to fetch from [default: where it was last fetched from, or else the public
    /// Sigstore]
    #[arg(long, value_name = "URL")]
    mirror: Option<Mirror>,

    /// The root to begin with, a `root.json` that you have from those who run the mirror
    ///
    /// Wanted for each mirror once, except the one of the public Sigstore.
    #[arg(long, value_name = "FILE", requires = "mirror")]
    root: Option<PathBuf>,

    #[command(flatten)]
    sandbox: SandboxArgs,

    #[command(flatten)]
    pub(super) output: OutputArgs,
}

/// What is printed.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Updated {
    mirror: String,
    root_version: u64,
    trusted_root: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    signing_config: Option<String>,
    /// Whether something else counts than before.
    changed: bool,
}

impl Args {
    /// Who is asked.
    pub(in crate::command) fn asked(&self) -> Result<Registry, CommandError> {
        let mirror = match kept() {
            Some(kept) => self.mirror(&kept)?,
            None => self.mirror.clone().unwrap_or_else(Mirror::public),
        };
        registry_of(&mirror)
    }

    /// Fetches it.
    pub(super) async fn run(self, output: Output) -> Result<(), CommandError> {
        let kept = kept().ok_or_else(|| {
            CommandError::usage("there is no home folder to keep a trusted root in").hint(format!(
                "name a folder of caches with ${}",
                crate::env::XDG_CACHE_HOME
            ))
        })?;
        let mirror = self.mirror(&kept)?;
        let root = self.root(&kept, &mirror)?;
        let connection = ConnectionArgs::of_files(self.sandbox);
        connection.sandbox()?;
        let progress = Progress::new(output);
        // A client has a content store, and nothing of this goes there.
        let folder = tempfile::tempdir()?;
        let store = Store::open(&folder.path().join("store"))?;
        let registry = registry_of(&mirror)?;
        let wharf = client::wharf(store, &[&registry], &connection, output, &progress)?;
        let refreshed = wharf.refresh_trust(&kept, &mirror, &root).await;
        progress.clear();
        let refreshed = refreshed.map_err(|error| failed(error, &mirror))?;
        output.answer(&Updated::of(refreshed))
    }

    fn mirror(&self, kept: &Kept) -> Result<Mirror, CommandError> {
        if let Some(mirror) = &self.mirror {
            return Ok(mirror.clone());
        }
        let current = kept.current().map_err(|error| unreadable(kept, &error))?;
        Ok(current.map_or_else(Mirror::public, |current| current.mirror))
    }

    fn root(&self, kept: &Kept, mirror: &Mirror) -> Result<Vec<u8>, CommandError> {
        if let Some(path) = &self.root {
            return bounded::read(path, TRUST_BYTES).map_err(|why| {
                CommandError::usage(format!("the root `{}` {why}", path.display()))
            });
        }
        if mirror.is_public() {
            return Ok(Mirror::PUBLIC_ROOT.to_vec());
        }
        let root = kept.root_of(mirror);
        let root = root.map_err(|error| unreadable(kept, &error))?;
        root.ok_or_else(|| {
            CommandError::usage(format!("nothing is known yet that {mirror} could prove"))
                .hint("name its root with --root, a file that you have from those who run it")
        })
    }
}

fn registry_of(mirror: &Mirror) -> Result<Registry, CommandError> {
    let registry = mirror.registry();
    registry.map_err(|error| CommandError::usage(error.to_string()))
}

fn failed(error: HostError, mirror: &Mirror) -> CommandError {
    let is_unanswered = matches!(error, HostError::Network(_));
    let error = CommandError::from(error).while_doing(format!(
        "cannot fetch the trusted root of {mirror}; what counted before still does"
    ));
    if is_unanswered {
        return error.hint("check that the mirror is right and running, and try again later");
    }
    error
}

impl Updated {
    fn of(refreshed: Refreshed) -> Self {
        let current = refreshed.current;
        Self {
            mirror: current.mirror.to_string(),
            root_version: refreshed.root_version,
            trusted_root: current.trusted_root.display().to_string(),
            signing_config: current.signing_config.map(|it| it.display().to_string()),
            changed: refreshed.is_new,
        }
    }
}

impl Answer for Updated {
    fn lines(&self) -> Vec<String> {
        let Self {
            mirror,
            root_version,
            trusted_root,
            signing_config,
            changed,
        } = self;
        let what = if *changed {
            "Fetched the trusted root of"
        } else {
            "Nothing is new: this is still the trusted root of"
        };
        let mut lines = vec![
            format!("{what} {mirror} (version {root_version} of its root)"),
            format!("Trusted root: {trusted_root}"),
        ];
        if let Some(config) = signing_config {
            lines.push(format!("Services to sign with: {config}"));
        }
        lines
    }
}
