//! The WebAssembly that a manifest names, lent to the packager: exactly the files that
//! stand there, and the packages by what they were found to be.

use std::collections::BTreeMap;
use std::fs::{File, FileType, OpenOptions};
use std::io::{self, ErrorKind};
use std::os::unix::fs::{FileTypeExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use wasmtime::component::{Accessor, HasSelf, Resource};
use wasmtime_wasi::FsPerms;
use wasmtime_wasi::filesystem::{Descriptor, File as Lent, OpenMode};
use wharf_app::manifest::Package;
use wharf_oci::Digest;
use wharf_oci::problem::clean;

use crate::bindings::sources::{self, Error};
use crate::blocking::blocking;
use crate::state::State;

/// What a manifest names. By default that is nothing.
#[derive(Debug, Default)]
pub(crate) struct Sources {
    /// Where files are, by the path that the manifest has.
    files: BTreeMap<String, PathBuf>,
    /// The manifests of packages.
    packages: BTreeMap<PackageKey, Digest>,
}

/// A package as a manifest names it: its registry, its name, and its version.
type PackageKey = (Option<String>, String, String);

impl Sources {
    /// Lends a file by the path that the manifest has, which leads to `at`.
    pub(crate) fn lend_file(&mut self, path: &str, at: PathBuf) {
        self.files.insert(path.to_owned(), at);
    }

    /// Lends a package by its manifest.
    pub(crate) fn lend_package(&mut self, package: &Package, manifest: Digest) {
        let registry = package.registry.as_ref().map(ToString::to_string);
        let (name, version) = (package.name.to_string(), package.version.to_string());
        self.packages.insert((registry, name, version), manifest);
    }
}

impl sources::Host for State {
    fn find_package(
        &mut self,
        registry: Option<String>,
        name: String,
        version: String,
    ) -> wasmtime::Result<Result<String, Error>> {
        let found = self.sources.packages.get(&(registry, name, version));
        Ok(found.map(ToString::to_string).ok_or(Error::NotNamed))
    }
}

impl<T: Send> sources::HostWithStore<T> for HasSelf<State> {
    async fn open(
        accessor: &Accessor<T, Self>,
        path: String,
    ) -> wasmtime::Result<Result<Resource<Descriptor>, Error>> {
        let sources = accessor.with(|mut access| access.get().sources.clone());
        let Some(at) = sources.files.get(&path).cloned() else {
            return Ok(Err(Error::NotNamed));
        };
        match blocking(move || open(&at)).await? {
            Ok(file) => accessor.with(|mut access| {
                // As the files of the directory are: looking at it takes microseconds.
                let file = Lent::new(file, FsPerms::ReadOnly, OpenMode::READ, true);
                let file = Descriptor::File(file);
                Ok(Ok(access.get().table.push(file)?))
            }),
            Err(error) => Ok(Err(error)),
        }
    }
}

/// Opens a regular file for reading. What is no file is never opened on purpose: opening
/// can wait for ever, or do something. Should it become something else meanwhile, opening
/// it still does not wait.
pub(crate) fn open(path: &Path) -> Result<File, Error> {
    let kind = path
        .metadata()
        .map_err(|error| unopened(&error))?
        .file_type();
    regular(kind)?;
    let file = OpenOptions::new()
        .read(true)
        .custom_flags(rustix::fs::OFlags::NONBLOCK.bits().cast_signed())
        .open(path)
        .map_err(|error| unopened(&error))?;
    let kind = file
        .metadata()
        .map_err(|error| unopened(&error))?
        .file_type();
    regular(kind)?;
    Ok(file)
}

fn regular(kind: FileType) -> Result<(), Error> {
    let what = if kind.is_file() {
        return Ok(());
    } else if kind.is_dir() {
        "a directory"
    } else if kind.is_fifo() {
        "a named pipe"
    } else if kind.is_socket() {
        "a socket"
    } else {
        "a device"
    };
    Err(Error::NotAFile(what.to_owned()))
}

fn unopened(error: &io::Error) -> Error {
    match error.kind() {
        ErrorKind::NotFound | ErrorKind::NotADirectory => Error::Missing,
        ErrorKind::PermissionDenied => Error::Failed("permission denied".to_owned()),
        _ => Error::Failed(clean(&error.to_string(), 200)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn regular_files_alone_are_opened() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        std::fs::write(at("file"), "x").unwrap();
        assert!(open(&at("file")).is_ok());
        std::os::unix::fs::symlink(at("file"), at("link")).unwrap();
        assert!(open(&at("link")).is_ok());
        std::os::unix::fs::symlink(at("link-to-self"), at("link-to-self")).unwrap();
        assert!(matches!(open(&at("link-to-self")), Err(Error::Failed(_))));
        rustix::fs::mknodat(
            rustix::fs::CWD,
            at("pipe"),
            rustix::fs::FileType::Fifo,
            rustix::fs::Mode::RUSR,
            0,
        )
        .unwrap();
        let _socket = std::os::unix::net::UnixListener::bind(at("socket")).unwrap();
        for (path, what) in [
            (at("pipe"), "a named pipe"),
            (at("socket"), "a socket"),
            (folder.path().to_owned(), "a directory"),
            ("/dev/null".into(), "a device"),
        ] {
            assert!(
                matches!(open(&path), Err(Error::NotAFile(found)) if found == what),
                "{what}"
            );
        }
        assert!(matches!(open(&at("gone")), Err(Error::Missing)));
        assert!(matches!(open(&at("file/gone")), Err(Error::Missing)));
    }
}
