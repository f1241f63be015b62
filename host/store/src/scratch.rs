//! Private directories below the store, removed with their holder.

use std::fs::{File, Permissions};
use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError};
use std::time::SystemTime;

use cap_std::fs::Dir;

use crate::folder::Folder;
use crate::lock::Lock;
use crate::{Store, StoreError};

/// The end of the name of a lock; what is before it is the directory's name.
const LOCK: &str = ".lock";

/// A private, empty directory on the store's file system, so that content can be
/// linked into it. Removed on drop with all that is in it; what a killed process
/// leaves is removed when the store is opened next.
#[derive(Debug)]
pub struct Scratch {
    folder: Folder,
    parent: Folder,
    name: String,
    /// Tells others that this directory is in use. Always there until drop.
    lock: Option<Lock>,
}

impl Store {
    /// Makes a private directory.
    pub fn scratch(&self) -> Result<Scratch, StoreError> {
        let parent = &self.layout().scratch;
        Scratch::create(parent).map_err(|error| {
            StoreError::io("creating a private directory in", parent.path(), error)
        })
    }

    /// Removes the directories of holders that are gone. Not being able to is no
    /// reason not to use the store.
    pub(crate) fn tidy_scratch(&self) {
        let scratch = &self.layout().scratch;
        for entry in scratch.names().unwrap_or_default() {
            let name = entry.strip_suffix(LOCK).unwrap_or(&entry);
            if let Ok(Some(lock)) = Lock::try_acquire(scratch, &format!("{name}{LOCK}"))
                && scratch.remove_any(name).is_ok()
            {
                lock.retire();
            }
        }
    }

    /// A new file that becomes something else's content once it is complete.
    pub(crate) fn stage(&self) -> Result<Staged, StoreError> {
        let scratch = {
            let staging = &self.layout().staging;
            let mut staging = staging.lock().unwrap_or_else(PoisonError::into_inner);
            match &*staging {
                Some(scratch) => Arc::clone(scratch),
                None => Arc::clone(staging.insert(Arc::new(self.scratch()?))),
            }
        };
        let name = unique();
        let file = scratch
            .folder
            .create_new(&name)
            .map_err(|error| StoreError::io("creating a file in", scratch.path(), error))?;
        Ok(Staged {
            place: Parked { scratch, name },
            file,
        })
    }
}

impl Scratch {
    /// Where it is, as an absolute path.
    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// The right to use it.
    pub fn directory(&self) -> &Dir {
        self.folder.dir()
    }

    fn create(parent: &Folder) -> io::Result<Self> {
        loop {
            let name = unique();
            // Locked first: a directory without a holder of its lock is removed.
            let Some(lock) = Lock::try_acquire(parent, &format!("{name}{LOCK}"))? else {
                continue;
            };
            match parent.create_dir(&name) {
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => {
                    lock.retire();
                    return Err(error);
                }
                Ok(()) => {
                    return Ok(Self {
                        folder: parent.subfolder(&name)?,
                        parent: parent.clone(),
                        name,
                        lock: Some(lock),
                    });
                }
            }
        }
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // What can't be removed now is removed when the store is opened next.
        if self.parent.remove_any(&self.name).is_ok()
            && let Some(lock) = self.lock.take()
        {
            lock.retire();
        }
    }
}

/// A file that is being written, removed on drop.
#[derive(Debug)]
pub(crate) struct Staged {
    place: Parked,
    file: File,
}

/// A file that is complete and waits to be content, removed on drop. It is not open:
/// many may wait at once.
#[derive(Debug)]
pub(crate) struct Parked {
    scratch: Arc<Scratch>,
    name: String,
}

impl Staged {
    pub(crate) fn file(&mut self) -> &mut File {
        &mut self.file
    }

    /// The file, complete: nothing more is written to it.
    pub(crate) fn complete(&self) -> &File {
        &self.file
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.place.scratch.folder.path_of(&self.place.name)
    }

    pub(crate) fn location(&self) -> (&Folder, &str) {
        self.place.location()
    }

    /// Gives the file its final name.
    pub(crate) fn move_to(&self, folder: &Folder, name: &str) -> io::Result<()> {
        let (scratch, staged) = self.location();
        scratch.rename(staged, folder, name)
    }

    /// Closes the file, to which nothing more is written.
    pub(crate) fn park(self) -> io::Result<Parked> {
        seal(&self.file)?;
        Ok(self.place)
    }
}

impl Parked {
    pub(crate) fn location(&self) -> (&Folder, &str) {
        (&self.scratch.folder, &self.name)
    }
}

impl Drop for Parked {
    fn drop(&mut self) {
        // Gone when it was moved; otherwise what stays goes with the directory.
        let _ = self.scratch.folder.remove_file(&self.name);
    }
}

/// Makes a complete file one that nobody should write to again.
pub(crate) fn seal(file: &File) -> io::Result<()> {
    file.set_permissions(Permissions::from_mode(0o444))
}

/// A name that no other task or process uses. Should two machines with the same
/// process numbers share the store, creating what it names fails for one of them.
pub(crate) fn unique() -> String {
    static COUNTER: AtomicU64 = AtomicU64::new(0);
    let nanoseconds = SystemTime::now()
        .duration_since(SystemTime::UNIX_EPOCH)
        .map_or(0, |since| since.as_nanos());
    let count = COUNTER.fetch_add(1, Ordering::Relaxed);
    format!("{}-{count}-{nanoseconds:x}", std::process::id())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scratch_directory_goes_with_its_holder() {
        let temporary = tempfile::tempdir().unwrap();
        let store = Store::open(temporary.path()).unwrap();
        let scratch = store.scratch().unwrap();
        let path = scratch.path().to_owned();
        scratch.directory().create_dir_all("a/b").unwrap();
        scratch.directory().write("a/b/c", "content").unwrap();
        let other = Store::open(temporary.path()).unwrap();
        assert!(path.join("a/b/c").exists());
        drop(other);
        drop(scratch);
        assert!(!path.exists());
    }

    #[test]
    fn what_a_dead_process_left_is_removed() {
        let temporary = tempfile::tempdir().unwrap();
        drop(Store::open(temporary.path()).unwrap());
        let left = temporary.path().join("scratch/1-2-3");
        std::fs::create_dir(&left).unwrap();
        std::fs::write(left.join("file"), "").unwrap();
        std::os::unix::fs::symlink("/etc", left.join("link")).unwrap();
        std::fs::write(temporary.path().join("scratch/1-2-3.lock"), "").unwrap();
        std::fs::write(temporary.path().join("scratch/7-8-9.lock"), "").unwrap();
        let store = Store::open(temporary.path()).unwrap();
        assert!(store.layout().scratch.names().unwrap().is_empty());
        assert!(Path::new("/etc/passwd").exists());
    }
}
