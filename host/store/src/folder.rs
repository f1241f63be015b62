//! One directory of the store, in which files are found by single names and
//! symbolic links are never followed.
//!
//! A store may have been unpacked from anywhere, so a name in it can turn out to
//! be a link, a directory or a pipe. Files are therefore opened without
//! following links and without waiting for a pipe's other end, and what is not a
//! regular file is told apart before a byte is read.

use std::fs::{File, Metadata};
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use cap_fs_ext::{DirExt as _, FollowSymlinks, OpenOptionsFollowExt as _, OpenOptionsSyncExt as _};
use cap_std::fs::{
    Dir, DirBuilder, DirBuilderExt as _, MetadataExt as _, OpenOptions, OpenOptionsExt as _,
};

/// A directory and, for messages, where it is.
#[derive(Clone, Debug)]
pub(crate) struct Folder {
    dir: Arc<Dir>,
    path: Arc<Path>,
}

/// What is under a name.
pub(crate) enum Found {
    /// A regular file, open for reading.
    File(File, Metadata),
    /// Something that holds no content: a link, a directory, a pipe.
    Other,
    /// Nothing.
    Nothing,
}

impl Folder {
    pub(crate) fn new(dir: Dir, path: &Path) -> Self {
        Self {
            dir: Arc::new(dir),
            path: path.into(),
        }
    }

    pub(crate) fn dir(&self) -> &Dir {
        &self.dir
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Where the file of a name is, for messages.
    pub(crate) fn path_of(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    /// The directory of a name, created for this user alone if it is missing.
    pub(crate) fn subfolder(&self, name: &str) -> io::Result<Self> {
        let dir = match self.dir.open_dir_nofollow(name) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => match self.create_dir(name) {
                Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
                _ => self.dir.open_dir_nofollow(name)?,
            },
            other => other?,
        };
        Ok(Self::new(dir, &self.path_of(name)))
    }

    /// The directory of a name, which must be there.
    pub(crate) fn existing(&self, name: &str) -> io::Result<Self> {
        let dir = self.dir.open_dir_nofollow(name)?;
        Ok(Self::new(dir, &self.path_of(name)))
    }

    /// Creates a directory for this user alone.
    pub(crate) fn create_dir(&self, name: &str) -> io::Result<()> {
        self.dir
            .create_dir_with(name, DirBuilder::new().mode(0o700))
    }

    /// Looks at what is under a name, and opens it if it is a regular file.
    pub(crate) fn look(&self, name: &str) -> io::Result<Found> {
        let mut options = OpenOptions::new();
        options.read(true);
        match self.open(name, &mut options) {
            Ok((file, metadata)) if metadata.is_file() => Ok(Found::File(file, metadata)),
            Ok(_) => Ok(Found::Other),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Found::Nothing),
            // A link and a socket can't be opened at all; the system's words for it
            // differ.
            Err(error) => match self.dir.symlink_metadata(name) {
                Ok(metadata) if !metadata.is_file() => Ok(Found::Other),
                _ => Err(error),
            },
        }
    }

    /// The size of the regular file of a name, or none.
    pub(crate) fn size(&self, name: &str) -> io::Result<Option<u64>> {
        match self.dir.symlink_metadata(name) {
            Ok(metadata) if metadata.is_file() => Ok(Some(metadata.len())),
            Ok(_) => Ok(None),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Creates a file that this user alone may read and write; fails when the
    /// name is taken.
    pub(crate) fn create_new(&self, name: &str) -> io::Result<File> {
        let mut options = OpenOptions::new();
        options.read(true).write(true).create_new(true).mode(0o600);
        Ok(self.open(name, &mut options)?.0)
    }

    /// Opens a file for reading and writing, creating it for this user alone.
    pub(crate) fn open_or_create(&self, name: &str) -> io::Result<(File, Metadata)> {
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).mode(0o600);
        let (file, metadata) = self.open(name, &mut options)?;
        if metadata.is_file() {
            Ok((file, metadata))
        } else {
            Err(io::Error::new(
                io::ErrorKind::InvalidInput,
                "it is not a regular file",
            ))
        }
    }

    /// Whether this open file is still the one under that name.
    pub(crate) fn holds(&self, name: &str, file: &File) -> io::Result<bool> {
        let open = file.metadata()?;
        match self.dir.symlink_metadata(name) {
            Ok(named) => Ok(named.dev() == open.dev() && named.ino() == open.ino()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Moves a file to a name in a folder of the same store, replacing what is
    /// there.
    pub(crate) fn rename(&self, name: &str, to: &Self, new_name: &str) -> io::Result<()> {
        self.dir.rename(name, &to.dir, new_name)
    }

    /// Removes a file, if it is there.
    pub(crate) fn remove_file(&self, name: &str) -> io::Result<()> {
        absent_is_fine(self.dir.remove_file(name))
    }

    /// Removes whatever is under a name, and all below it.
    pub(crate) fn remove_any(&self, name: &str) -> io::Result<()> {
        match self.dir.symlink_metadata(name) {
            Ok(metadata) if metadata.is_dir() => absent_is_fine(self.dir.remove_dir_all(name)),
            Ok(_) => self.remove_file(name),
            Err(error) => absent_is_fine(Err(error)),
        }
    }

    /// The names in it. Names that are not UTF-8 are not the store's, and left out.
    pub(crate) fn names(&self) -> io::Result<Vec<String>> {
        let mut names = Vec::new();
        for entry in self.dir.entries()? {
            names.extend(entry?.file_name().into_string());
        }
        Ok(names)
    }

    fn open(&self, name: &str, options: &mut OpenOptions) -> io::Result<(File, Metadata)> {
        options.follow(FollowSymlinks::No).nonblock(true);
        let file = self.dir.open_with(name, options)?.into_std();
        let metadata = file.metadata()?;
        Ok((file, metadata))
    }
}

fn absent_is_fine(result: io::Result<()>) -> io::Result<()> {
    match result {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use cap_std::ambient_authority;
    use std::os::unix::fs::symlink;

    fn folder() -> (tempfile::TempDir, Folder) {
        let temporary = tempfile::tempdir().unwrap();
        let dir = Dir::open_ambient_dir(temporary.path(), ambient_authority()).unwrap();
        let folder = Folder::new(dir, temporary.path());
        (temporary, folder)
    }

    #[test]
    fn only_a_regular_file_is_a_file() {
        let (temporary, folder) = folder();
        let at = |name: &str| temporary.path().join(name);
        std::fs::write(at("file"), "content").unwrap();
        std::fs::create_dir(at("directory")).unwrap();
        symlink("file", at("inside")).unwrap();
        symlink("/etc/passwd", at("outside")).unwrap();
        symlink("nowhere", at("dangling")).unwrap();
        let _socket = std::os::unix::net::UnixListener::bind(at("socket")).unwrap();
        assert!(matches!(folder.look("file").unwrap(), Found::File(..)));
        for name in ["directory", "inside", "outside", "dangling", "socket"] {
            assert!(matches!(folder.look(name).unwrap(), Found::Other), "{name}");
            assert_eq!(folder.size(name).unwrap(), None, "{name}");
            assert!(folder.open_or_create(name).is_err(), "{name}");
        }
        assert!(!at("nowhere").exists());
        assert!(matches!(folder.look("nothing").unwrap(), Found::Nothing));
    }

    #[test]
    fn a_subfolder_is_never_a_link() {
        let (temporary, folder) = folder();
        symlink("/tmp", temporary.path().join("link")).unwrap();
        assert!(folder.subfolder("link").is_err());
        assert!(folder.subfolder("new").is_ok());
        assert!(folder.subfolder("new").is_ok());
    }

    #[test]
    fn a_replaced_file_is_noticed() {
        let (temporary, folder) = folder();
        let file = folder.create_new("file").unwrap();
        assert!(folder.holds("file", &file).unwrap());
        std::fs::write(temporary.path().join("other"), "").unwrap();
        folder.rename("other", &folder, "file").unwrap();
        assert!(!folder.holds("file", &file).unwrap());
        folder.remove_any("file").unwrap();
        folder.remove_any("file").unwrap();
        assert!(!folder.holds("file", &file).unwrap());
    }
}
