//! Content as a file in a directory, without copying it where that is possible.

use std::fs::File;
use std::io::{self, Write as _};
use std::path::{Component, Path};

use cap_fs_ext::DirExt as _;
use cap_std::fs::{Dir, OpenOptions, OpenOptionsExt as _};
use wharf_oci::Digest;

use crate::folder::Folder;
use crate::hash::BUFFER_BYTES;
use crate::{Reader, Store, StoreError};

impl Store {
    /// Makes a file in `directory` that has this content: a hard link where the
    /// file system can do that, else a copy. The content is hashed first, and
    /// the link is to what was hashed. `name` must not exist; the directories in
    /// it must, and no symbolic link among them is followed.
    ///
    /// A link shares its bytes with the store. It is read-only; whoever lends it
    /// on must lend it for reading alone.
    ///
    /// Fails with [`StoreError::Missing`] when the content is not here, and
    /// [`StoreError::Mismatch`] when it is damaged.
    pub fn link(&self, digest: &Digest, directory: &Dir, name: &Path) -> Result<(), StoreError> {
        let failed = |error| StoreError::io("making a file of content at", name, error);
        let (parent, file_name) = parent(directory, name)?;
        let place = Folder::new(parent, Path::new(""));
        loop {
            let mut reader = self.read(digest, None)?;
            reader.drain()?;
            let blobs = &self.layout().blobs;
            match blobs.dir().hard_link(digest.hex(), place.dir(), file_name) {
                Ok(()) => {}
                Err(error) if is_no_link(&error) => {
                    return self.copy(digest, &place, file_name);
                }
                Err(error) => return Err(failed(error)),
            }
            if place.holds(file_name, reader.file()).map_err(failed)? {
                return Ok(());
            }
            // Another process replaced the content after it was hashed.
            place.remove_file(file_name).map_err(failed)?;
        }
    }

    /// Copies content, and hashes it as it is copied.
    fn copy(&self, digest: &Digest, place: &Folder, name: &str) -> Result<(), StoreError> {
        let failed = |error| StoreError::io("copying content to", name, error);
        let reader = self.read(digest, None)?;
        let mut options = OpenOptions::new();
        options.write(true).create_new(true).mode(0o444);
        let file = place.dir().open_with(name, &options).map_err(failed)?;
        fill(reader, &mut file.into_std(), &failed).inspect_err(|_| {
            // The error that matters is the first one.
            let _ = place.remove_file(name);
        })
    }
}

fn fill(
    mut reader: Reader,
    file: &mut File,
    failed: &impl Fn(io::Error) -> StoreError,
) -> Result<(), StoreError> {
    let mut buffer = vec![0; BUFFER_BYTES];
    loop {
        match reader.read(&mut buffer)? {
            0 => return Ok(()),
            read => file
                .write_all(buffer.get(..read).unwrap_or_default())
                .map_err(failed)?,
        }
    }
}

/// Another file system, too many links, or a file system or a policy without
/// hard links.
fn is_no_link(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::CrossesDevices
            | io::ErrorKind::TooManyLinks
            | io::ErrorKind::PermissionDenied
            | io::ErrorKind::Unsupported
    )
}

/// The directory that a path's last part is to be in, reached through no link.
fn parent<'a>(directory: &Dir, path: &'a Path) -> Result<(Dir, &'a str), StoreError> {
    let wrong = || StoreError::Target(path.to_owned());
    let failed = |error| StoreError::io("opening the directory of", path, error);
    let mut parts = Vec::new();
    for component in path.components() {
        match component {
            Component::Normal(part) => parts.push(part),
            Component::CurDir => {}
            _ => return Err(wrong()),
        }
    }
    let name = parts
        .pop()
        .and_then(|part| part.to_str())
        .ok_or_else(wrong)?;
    let mut parent = directory.try_clone().map_err(failed)?;
    for part in parts {
        parent = parent.open_dir_nofollow(part).map_err(failed)?;
    }
    Ok((parent, name))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, symlink};

    #[test]
    fn a_link_is_the_content_itself() {
        let (_temporary, store) = store();
        let digest = store.put(b"content", None).unwrap();
        let scratch = store.scratch().unwrap();
        scratch.directory().create_dir("a").unwrap();
        store
            .link(&digest, scratch.directory(), Path::new("a/file"))
            .unwrap();
        let at = |path: &Path| std::fs::metadata(path).unwrap();
        let (link, blob) = (
            at(&scratch.path().join("a/file")),
            at(&store.blob_path(digest.hex())),
        );
        assert_eq!((link.ino(), link.nlink()), (blob.ino(), 2));
        assert_eq!(link.permissions().mode() & 0o777, 0o444);
    }

    #[test]
    fn damaged_content_is_not_linked() {
        let (_temporary, store) = store();
        let digest = store.put(b"content", None).unwrap();
        let path = store.blob_path(digest.hex());
        std::fs::remove_file(&path).unwrap();
        std::fs::write(&path, b"c0ntent").unwrap();
        let scratch = store.scratch().unwrap();
        let error = store
            .link(&digest, scratch.directory(), Path::new("file"))
            .unwrap_err();
        assert!(matches!(error, StoreError::Mismatch { .. }), "{error}");
        assert!(!scratch.directory().exists("file"));
        assert_eq!(store.stat(&digest).unwrap(), None);
    }

    #[test]
    fn no_link_leads_out_of_the_directory() {
        let (_temporary, store) = store();
        let digest = store.put(b"content", None).unwrap();
        let outside = tempfile::tempdir().unwrap();
        let scratch = store.scratch().unwrap();
        symlink(outside.path(), scratch.path().join("out")).unwrap();
        symlink(".", scratch.path().join("in")).unwrap();
        symlink("target", scratch.path().join("file")).unwrap();
        let absolute = outside.path().join("x");
        for name in ["out/x", "in/x", "../x", "a/../x", "", ".", "file"]
            .map(Path::new)
            .into_iter()
            .chain([absolute.as_path()])
        {
            let result = store.link(&digest, scratch.directory(), name);
            assert!(result.is_err(), "{}", name.display());
        }
        assert_eq!(std::fs::read_dir(outside.path()).unwrap().count(), 0);
        assert!(!scratch.directory().exists("target"));
    }

    #[test]
    fn a_copy_is_made_where_links_fail_and_is_verified() {
        let (_temporary, store) = store();
        let digest = store.put(b"content", None).unwrap();
        let scratch = store.scratch().unwrap();
        let place = Folder::new(scratch.directory().try_clone().unwrap(), Path::new(""));
        store.copy(&digest, &place, "file").unwrap();
        assert_eq!(scratch.directory().read("file").unwrap(), b"content");
        assert!(store.copy(&digest, &place, "file").is_err());
        assert_eq!(scratch.directory().read("file").unwrap(), b"content");
        let path = store.blob_path(digest.hex());
        std::fs::remove_file(&path).unwrap();
        std::fs::write(&path, b"c0ntent").unwrap();
        assert!(store.copy(&digest, &place, "other").is_err());
        assert!(!scratch.directory().exists("other"));
    }

    #[test]
    fn what_links_can_not_do_is_recognised() {
        // EPERM, EXDEV and EMLINK are the same numbers on every system.
        for code in [1, 18, 31] {
            assert!(is_no_link(&io::Error::from_raw_os_error(code)), "{code}");
        }
        assert!(!is_no_link(&io::ErrorKind::AlreadyExists.into()));
    }

    fn store() -> (tempfile::TempDir, Store) {
        let temporary = tempfile::tempdir().unwrap();
        let store = Store::open(temporary.path()).unwrap();
        (temporary, store)
    }
}
