//! `wharf registry pull`

use std::path::{Path, PathBuf};

use serde::Serialize;
use wharf_host::{Digest, Error as HostError, Platform, PullOptions, Reference, Report, Wharf};
use wharf_up::Unpacked;

use super::transfers::{Transferred, summary, transferred};
use crate::client;
use crate::digest_file::DigestFileArgs;
use crate::error::{CommandError, RunError};
use crate::options::{ConnectionArgs, OutputArgs, PullArgs, StoreArgs, TrustArgs};
use crate::output::{Answer, Output};
use crate::progress::Progress;
use crate::source::is_wasm;
use crate::unpacking::UnpackingArgs;

/// Fetch an application, or a component, into the content store
///
/// Fetches what is not in the store yet and checks every byte against its digest. A
/// tag is always looked up in the registry; a digest that is complete in the store
/// needs no network.
///
/// With -o, the application is also written as files, into a new directory:
///
///   spin.lock         the application's description, byte for byte as it was published
///   COMPONENT.wasm    the code of each component
///   COMPONENT/…       its files, at the paths where it sees them
///
/// The names in it come from whoever published the application. Those that lead out of
/// the directory, or that can't be had on every system, are refused before anything is
/// written. Of an artifact that is no application, each layer becomes the file that its
/// annotation `org.opencontainers.image.title` names; a component without one becomes
/// `component.wasm`.
///
/// A component that was published alone can also be written as one file: with an -o that
/// ends with `.wasm` or `.wat` and is no directory.
#[derive(Debug, clap::Args)]
#[command(
    verbatim_doc_comment,
    after_long_help = "\
Examples:
  Fetch what a tag leads to:
  $ wharf registry pull ghcr.io/user/app:v1

  Fetch into a folder of its own, from a registry without TLS:
  $ wharf registry pull --cache-dir ./store --plain-http r.example:5000/app:v1

  Look at the files of an application:
  $ wharf registry pull ghcr.io/user/app:v1 -o app && ls app

  Write a component to a file:
  $ wharf registry pull ghcr.io/user/hello:v1 -o hello.wasm

  Print the digest alone:
  $ wharf registry pull --format json ghcr.io/user/app:v1 | jq -r .digest"
)]
pub(in crate::command) struct Args {
    /// What to fetch: `[registry/]repository[:tag][@digest]`
    #[arg(value_name = "REFERENCE")]
    pub(in crate::command) reference: Reference,

    /// Of an index, take the manifest for this platform and not the one for WebAssembly
    #[arg(long, value_name = "OS/ARCH[/VARIANT]")]
    platform: Option<Platform>,

    /// Also fetch what refers to it: signatures, for example
    #[arg(long)]
    referrers: bool,

    /// Also write the application as files, into this new or empty directory, or a
    /// component as this new file, whose name ends with `.wasm` or `.wat`
    ///
    /// It appears when it is whole.
    #[arg(short = 'o', long = "output", value_name = "DIR|FILE.wasm")]
    to: Option<PathBuf>,

    /// With -o, replace the directory when it is not empty, with all that is in it, or the
    /// file
    #[arg(long, requires = "to")]
    force: bool,

    #[command(flatten)]
    pub(in crate::command) connection: ConnectionArgs,

    #[command(flatten)]
    store: StoreArgs,

    #[command(flatten)]
    when: PullArgs,

    #[command(flatten)]
    trust: TrustArgs,

    #[command(flatten)]
    unpacking: UnpackingArgs,

    #[command(flatten)]
    digest_file: DigestFileArgs,

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
    /// The files that were written.
    #[serde(skip_serializing_if = "Option::is_none")]
    files: Option<Files>,
}

/// A directory, or a file, that was written.
#[derive(Debug, Serialize)]
struct Files {
    #[serde(skip_serializing_if = "Option::is_none")]
    directory: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    file: Option<String>,
    /// How many files were written.
    count: usize,
    /// How many bytes they have.
    bytes: u64,
}

impl Args {
    /// Fetches it.
    pub(super) async fn run(self, output: Output) -> Result<(), CommandError> {
        if let (None, Some(flag)) = (&self.to, self.unpacking.given()) {
            return Err(CommandError::usage(format!(
                "{flag} is for what -o writes: without it, archives stay packed"
            )));
        }
        self.digest_file.check()?;
        let progress = Progress::new(output);
        let store = self.store.open()?;
        let connection = self.connection.trusting(self.trust);
        let wharf = client::wharf(
            store,
            &[&self.reference.registry],
            &connection,
            output,
            &progress,
        )?;
        let options = PullOptions {
            policy: self.when.policy(),
            platform: self.platform,
            referrers: self.referrers,
        };
        let _work = wharf.at_work().await?;
        let report = pull(&wharf, &self.reference, &options, &progress).await?;
        let digest = &report.manifest.digest;
        let files = match &self.to {
            None => None,
            Some(to) => {
                let again = (self.reference.at_digest(digest.clone()), &options);
                let what = Written {
                    manifest: digest,
                    to,
                    force: self.force,
                    unpacking: self.unpacking,
                };
                let written = unpacked(&wharf, &what, again, &progress).await?;
                let shown = to.display().to_string();
                let (directory, file) = if is_file(to) {
                    (None, Some(shown))
                } else {
                    (Some(shown), None)
                };
                Some(Files {
                    directory,
                    file,
                    count: written.files,
                    bytes: written.bytes,
                })
            }
        };
        self.digest_file.write(digest)?;
        output.answer(&Pulled {
            reference: self.reference.to_string(),
            digest: digest.to_string(),
            size: report.manifest.size,
            transfers: transferred(&report),
            files,
        })
    }
}

async fn pull(
    wharf: &Wharf,
    reference: &Reference,
    options: &PullOptions,
    progress: &Progress,
) -> Result<Report, CommandError> {
    let pulled = wharf.pull_with(reference, options).await;
    progress.clear();
    pulled.map_err(|error| {
        CommandError::at_registry(error, &reference.registry)
            .while_doing(format!("cannot pull {reference}"))
    })
}

/// What is to be written, and where.
struct Written<'a> {
    manifest: &'a Digest,
    to: &'a Path,
    force: bool,
    unpacking: UnpackingArgs,
}

impl Written<'_> {
    async fn write(&self, wharf: &Wharf) -> Result<Unpacked, RunError> {
        let (store, to, force) = (wharf.store().clone(), self.to.to_owned(), self.force);
        let as_file = is_file(&to);
        // A component alone is written as what it is, and not as an application.
        let manifest = if wharf_up::is_single(&store, self.manifest) {
            self.manifest.clone()
        } else {
            self.unpacking.prepare(wharf, self.manifest).await?
        };
        let write = move || {
            if as_file {
                wharf_up::unpack_file(&store, &manifest, &to, force)
            } else {
                wharf_up::unpack(&store, &manifest, &to, force)
            }
        };
        match tokio::task::spawn_blocking(write).await {
            Ok(written) => Ok(written?),
            Err(error) => Err(HostError::Other(format!("a task ended early: {error}")).into()),
        }
    }
}

/// Writes the artifact as files. What of it turns out to be damaged in the store (which
/// then sets it aside) is fetched again, once.
async fn unpacked(
    wharf: &Wharf,
    what: &Written<'_>,
    (reference, options): (Reference, &PullOptions),
    progress: &Progress,
) -> Result<Unpacked, CommandError> {
    let mut written = what.write(wharf).await;
    if matches!(&written, Err(error) if error.is_about_content()) {
        pull(wharf, &reference, options, progress).await?;
        written = what.write(wharf).await;
    }
    written.map_err(|error| {
        CommandError::from(error)
            .while_doing(format!("cannot write {reference} to {}", what.to.display()))
    })
}

/// Whether what is to be written is one file: the name is WebAssembly's, and no directory
/// is there that has it.
fn is_file(to: &Path) -> bool {
    is_wasm(to) && !to.is_dir()
}

impl Files {
    fn line(&self) -> Option<String> {
        match (&self.directory, &self.file) {
            (Some(directory), _) => Some(format!("Files: {} in {directory}", self.count)),
            (None, file) => Some(format!("File: {}", file.as_ref()?)),
        }
    }
}

impl Answer for Pulled {
    fn lines(&self) -> Vec<String> {
        let mut lines = vec![
            format!("Pulled {}", self.reference),
            summary(&self.transfers, "fetched", "already here"),
            format!("Digest: {}", self.digest),
        ];
        if let Some(files) = &self.files {
            lines.extend(files.line());
        }
        lines
    }
}
