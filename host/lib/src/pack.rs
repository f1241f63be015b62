//! Packing: an application of this machine, made content by the packager component.

use std::path::{Path, PathBuf};

use tokio::sync::mpsc::UnboundedSender;
use wasmtime_wasi::{FsPerms, WasiCtx};
use wharf_oci::Descriptor;

use crate::capability::sources::Sources;
use crate::error::Error;
use crate::pull::Pull;
use crate::report::Packed;
use crate::session::packager::Packing;
use crate::state::State;
use crate::wharf::Wharf;

/// What a packager's hash maps begin with: what it makes must not depend on chance.
const SEED: u128 = 0;

/// How an application is packed.
#[derive(Debug, Clone, Default)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a choice of its own, and most are left as they are"
)]
pub struct PackOptions {
    /// Annotations of the manifest by key, in place of inferred ones.
    pub annotations: Vec<(String, String)>,
    /// When the content was made, in seconds since 1970-01-01T00:00:00Z. Without
    /// it the manifest does not say, and the same input gives the same digest.
    pub created: Option<u64>,
    /// The profile of the components that is meant; none for what stands outside of one.
    pub profile: Option<String>,
    /// Whether the commands that build the components become part of it.
    pub build: bool,
    /// Whether the defaults of secret variables become part of it. Otherwise an
    /// application with one is refused.
    pub secret_defaults: bool,
    /// Whether components stay as they are. Otherwise those with dependencies are
    /// composed with them, and core modules become components.
    pub uncomposed: bool,
    /// When registries are asked for packages: for a version that is named, and for
    /// what is at an address, [`Pull::Always`] does what [`Pull::Missing`] does.
    pub fetch: Pull,
    /// Sets of rules, written as in a `.gitignore` at the application's directory: files
    /// that one of the sets ignores are left out.
    pub ignore: Vec<Vec<String>>,
    /// Whether all files of each component become an archive. Otherwise files are
    /// archived only where there would be more layers than registries take.
    pub archive_files: bool,
}

impl Wharf {
    /// Packs the application whose `spin.toml`, or whose directory with one, is at
    /// a path. Outside of that directory only the WebAssembly is read that is named
    /// there. What is at addresses or in registries is fetched first.
    pub async fn pack(&self, path: &Path, options: &PackOptions) -> Result<Packed, Error> {
        self.pack_telling(path, options, None).await
    }

    /// [`Wharf::pack`], telling of large files that the store did not have.
    pub(crate) async fn pack_telling(
        &self,
        path: &Path,
        options: &PackOptions,
        ahead: Option<UnboundedSender<Descriptor>>,
    ) -> Result<Packed, Error> {
        const GUEST_DIRECTORY: &str = "/app";
        let (directory, name) = application(path)?;
        let _work = self.at_work().await?;
        let sources = self.sources(&directory, &name, options).await?;
        let wasi = WasiCtx::builder()
            // Looking at a file and opening it take microseconds, and so would handing
            // either to another thread; content is still read and hashed on others.
            .allow_blocking_current_thread(true)
            .insecure_random_seed(SEED)
            .preopened_dir(&directory, GUEST_DIRECTORY, FsPerms::ReadOnly)
            .map_err(|error| {
                Error::InvalidInput(format!(
                    "can't open the directory `{}`: {}",
                    directory.display(),
                    error.root_cause()
                ))
            })?
            .build();
        let mut state = self.state_for_files(wasi, sources);
        // A file of an archive is no layer, and so is not to be sent.
        state.ahead = ahead.filter(|_| !options.archive_files);
        let packing = Packing::Application(format!("{GUEST_DIRECTORY}/{name}"));
        self.pack_in(state, packing, options).await
    }

    /// Has the packager pack.
    pub(crate) async fn pack_in(
        &self,
        state: State,
        packing: Packing,
        options: &PackOptions,
    ) -> Result<Packed, Error> {
        let told = ("pack", packing.name());
        state.watch.begins(told, None, Ok(()))?;
        let packing = self.parts().packager.pack(state, packing, options.clone());
        self.overseer().in_time(packing).await?.try_into()
    }

    /// For a call of the packager that sees no directory.
    pub(crate) fn state_without_files(&self) -> State {
        let wasi = WasiCtx::builder().insecure_random_seed(SEED).build();
        self.state_for_files(wasi, Sources::default())
    }

    fn state_for_files(&self, wasi: WasiCtx, sources: Sources) -> State {
        State::for_files(
            self.store().clone(),
            wasi,
            sources,
            self.observer(),
            self.overseer().watch(None),
        )
    }
}

/// An application's directory, and the name of its manifest there.
pub(crate) fn application(path: &Path) -> Result<(PathBuf, String), Error> {
    let failed = |why: String| Error::InvalidInput(format!("`{}` {why}", path.display()));
    let found =
        std::fs::metadata(path).map_err(|error| failed(format!("can't be read: {error}")))?;
    if found.is_dir() {
        return Ok((path.to_owned(), "spin.toml".to_owned()));
    }
    let name = path.file_name().and_then(|name| name.to_str());
    let name = name.ok_or_else(|| failed("is no name of a manifest".to_owned()))?;
    let directory = match path.parent() {
        Some(parent) if parent != Path::new("") => parent.to_owned(),
        _ => Path::new(".").to_owned(),
    };
    Ok((directory, name.to_owned()))
}
