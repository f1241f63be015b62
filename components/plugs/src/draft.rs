//! Content on its way into the store: under a name of its own, and hashed as it comes.

use std::fs::{self, File, OpenOptions};
use std::hash::{BuildHasher as _, RandomState};
use std::io::{self, ErrorKind, Seek as _, Write as _};
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};
use wharf_oci::Digest;

/// How many names are tried. Each is one of 2⁶⁴.
const TRIES: u64 = 8;

/// A file that is written from its start to its end. Gone when dropped, unless it was
/// published.
#[derive(Debug)]
pub(crate) struct Draft {
    path: PathBuf,
    file: File,
    hash: Sha256,
    written: u64,
    is_published: bool,
}

impl Draft {
    /// Begins with a file that nobody else has, in a directory.
    pub(crate) fn begin(folder: &Path, prefix: &str) -> io::Result<Self> {
        let mut tried = 0;
        loop {
            let name = format!("{prefix}{:016x}", RandomState::new().hash_one(tried));
            let path = folder.join(name);
            match OpenOptions::new().write(true).create_new(true).open(&path) {
                Ok(file) => {
                    return Ok(Self {
                        path,
                        file,
                        hash: Sha256::new(),
                        written: 0,
                        is_published: false,
                    });
                }
                Err(error) if error.kind() == ErrorKind::AlreadyExists && tried < TRIES => {
                    tried += 1;
                }
                Err(error) => return Err(error),
            }
        }
    }

    /// How many bytes it has.
    pub(crate) fn written(&self) -> u64 {
        self.written
    }

    /// Adds bytes at its end.
    pub(crate) fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.file.write_all(bytes)?;
        self.hash.update(bytes);
        self.written += bytes.len() as u64;
        Ok(())
    }

    /// Begins again.
    pub(crate) fn restart(&mut self) -> io::Result<()> {
        self.file.set_len(0)?;
        self.file.rewind()?;
        self.hash = Sha256::new();
        self.written = 0;
        Ok(())
    }

    /// The digest of what was written.
    pub(crate) fn digest(&self) -> Digest {
        Digest::from_sha256(&self.hash.clone().finalize().into())
    }

    /// Makes it visible at a path, in place of what is there.
    pub(crate) fn publish(mut self, path: &Path) -> io::Result<()> {
        fs::rename(&self.path, path)?;
        self.is_published = true;
        Ok(())
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        if !self.is_published {
            let _ = fs::remove_file(&self.path);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layout::hash;

    #[test]
    fn it_is_seen_whole_or_not_at_all() {
        let folder = tempfile::tempdir().unwrap();
        let names = || fs::read_dir(folder.path()).unwrap().count();
        let mut draft = Draft::begin(folder.path(), "plug-").unwrap();
        draft.write(b"abandoned").unwrap();
        assert_eq!(names(), 1);
        drop(draft);
        assert_eq!(names(), 0);
        let mut draft = Draft::begin(folder.path(), "plug-").unwrap();
        let other = Draft::begin(folder.path(), "plug-").unwrap();
        draft.write(b"con").unwrap();
        draft.write(b"tent").unwrap();
        assert_eq!(draft.written(), 7);
        assert_eq!(draft.digest(), hash(b"content"));
        let path = folder.path().join("published");
        draft.publish(&path).unwrap();
        drop(other);
        assert_eq!(fs::read(path).unwrap(), b"content");
        assert_eq!(names(), 1);
    }

    #[test]
    fn it_can_begin_again() {
        let folder = tempfile::tempdir().unwrap();
        let mut draft = Draft::begin(folder.path(), "plug-").unwrap();
        draft.write(b"something longer").unwrap();
        draft.restart().unwrap();
        draft.write(b"content").unwrap();
        assert_eq!(draft.digest(), hash(b"content"));
        let path = folder.path().join("published");
        draft.publish(&path).unwrap();
        assert_eq!(fs::read(path).unwrap(), b"content");
    }
}
