//! Single components, and packages of WIT, on their way into the store.

use std::fs::File;
use std::path::{Path, PathBuf};

use wasmtime_wasi::FsPerms;
use wasmtime_wasi::filesystem::{self, Descriptor, OpenMode};

use crate::error::Error;
use crate::pack::PackOptions;
use crate::report::Packed;
use crate::session::packager::Packing;
use crate::wharf::Wharf;

/// Lends what is open for reading, and nothing more. Looking takes microseconds, and so
/// would handing that to another thread.
const ON_THIS_THREAD: bool = true;

impl Wharf {
    /// Packs the component, or the core module, of a file as an artifact of its own. No
    /// other file is read. Of the options, those that concern a `spin.toml` mean nothing.
    pub async fn pack_component(
        &self,
        path: &Path,
        options: &PackOptions,
    ) -> Result<Packed, Error> {
        let found = find(path)?;
        if found.is_directory {
            return Err(unusable(path, "is a directory, and has to be a file"));
        }
        let file = filesystem::File::new(
            found.open,
            FsPerms::ReadOnly,
            OpenMode::READ,
            ON_THIS_THREAD,
        );
        let packing = Packing::Component(Descriptor::File(file), found.name);
        self.pack_lent(packing, options).await
    }

    /// Packs a package of WIT in the same way, as WebAssembly: the directory of its files,
    /// with the packages that it uses in `deps`, or a single file that needs none. Nothing
    /// outside of that directory is read.
    pub async fn pack_wit(&self, path: &Path, options: &PackOptions) -> Result<Packed, Error> {
        let found = find(path)?;
        let (perms, mode) = (FsPerms::ReadOnly, OpenMode::READ);
        let lent = if found.is_directory {
            Descriptor::Dir(filesystem::Dir::new(
                found.open,
                perms,
                mode,
                ON_THIS_THREAD,
            ))
        } else {
            Descriptor::File(filesystem::File::new(
                found.open,
                perms,
                mode,
                ON_THIS_THREAD,
            ))
        };
        self.pack_lent(Packing::Wit(lent, found.name), options)
            .await
    }

    /// Packs what is lent by the call itself: nothing is preopened.
    async fn pack_lent(&self, packing: Packing, options: &PackOptions) -> Result<Packed, Error> {
        let _work = self.at_work().await?;
        let state = self.state_without_files();
        self.pack_in(state, packing, options).await
    }
}

/// What is at a path, open for reading.
struct Found {
    open: File,
    is_directory: bool,
    /// What it is called.
    name: String,
}

/// Opens a file or a directory. What is neither is never opened: opening can wait for
/// ever, or do something.
fn find(path: &Path) -> Result<Found, Error> {
    let failed = |error: std::io::Error| unusable(path, &format!("can't be read: {error}"));
    let metadata = std::fs::metadata(path).map_err(failed)?;
    if !metadata.is_file() && !metadata.is_dir() {
        return Err(unusable(path, "is neither a file nor a directory"));
    }
    Ok(Found {
        open: File::open(path).map_err(failed)?,
        is_directory: metadata.is_dir(),
        name: name(path),
    })
}

/// The last name of a path, or the whole path where it ends in none.
fn name(path: &Path) -> String {
    let name = path.file_name().map(PathBuf::from);
    let name = name.unwrap_or_else(|| path.to_owned());
    name.to_string_lossy().into_owned()
}

fn unusable(path: &Path, problem: &str) -> Error {
    Error::InvalidInput(format!("`{}` {problem}", path.display()))
}
