//! Locks between tasks and processes.
//!
//! A lock is an advisory one on a file (`flock`), bound to the open file, so
//! that it also guards between tasks of one process and is given back by the
//! system however its holder ends.

use std::fs::{File, TryLockError};
use std::io;

use crate::folder::Folder;

/// A held lock, given back on drop. Its file stays, for the next holder.
#[derive(Debug)]
pub(crate) struct Lock {
    file: File,
    folder: Folder,
    name: String,
}

impl Lock {
    /// Takes the lock of a name, or tells with none that another holds it.
    pub(crate) fn try_acquire(folder: &Folder, name: &str) -> io::Result<Option<Self>> {
        loop {
            let (file, _) = folder.open_or_create(name)?;
            match file.try_lock() {
                Ok(()) => {}
                Err(TryLockError::WouldBlock) => return Ok(None),
                Err(TryLockError::Error(error)) => return Err(error),
            }
            if let Some(lock) = Self::if_current(file, folder, name)? {
                return Ok(Some(lock));
            }
        }
    }

    /// Takes the lock of a name together with others who do the same, waiting for
    /// whoever holds it alone.
    pub(crate) fn shared(folder: &Folder, name: &str) -> io::Result<Self> {
        loop {
            let (file, _) = folder.open_or_create(name)?;
            file.lock_shared()?;
            if let Some(lock) = Self::if_current(file, folder, name)? {
                return Ok(lock);
            }
        }
    }

    /// Takes the lock of a name, waiting for whoever holds it.
    pub(crate) fn acquire(folder: &Folder, name: &str) -> io::Result<Self> {
        loop {
            let (file, _) = folder.open_or_create(name)?;
            file.lock()?;
            if let Some(lock) = Self::if_current(file, folder, name)? {
                return Ok(lock);
            }
        }
    }

    /// Gives the lock back and removes its file, when what it guarded is gone.
    pub(crate) fn retire(self) {
        // Removed while held, so that nobody holds a lock on a removed file without
        // noticing. A file that stays costs nothing but its name.
        let _ = self.folder.remove_file(&self.name);
        drop(self.file);
    }

    /// The file may have been removed between opening and locking it; who locks
    /// the path then locks another file.
    fn if_current(file: File, folder: &Folder, name: &str) -> io::Result<Option<Self>> {
        Ok(folder.holds(name, &file)?.then(|| Self {
            file,
            folder: folder.clone(),
            name: name.to_owned(),
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use cap_std::ambient_authority;
    use cap_std::fs::Dir;
    use std::sync::Mutex;

    #[test]
    fn a_held_lock_is_refused_and_a_dropped_one_taken() {
        let (_temporary, folder) = folder();
        let held = Lock::try_acquire(&folder, "lock").unwrap().unwrap();
        assert!(Lock::try_acquire(&folder, "lock").unwrap().is_none());
        drop(held);
        let held = Lock::try_acquire(&folder, "lock").unwrap().unwrap();
        held.retire();
        assert!(folder.names().unwrap().is_empty());
        assert!(Lock::try_acquire(&folder, "lock").unwrap().is_some());
    }

    #[test]
    fn removing_the_file_lets_no_two_in() {
        let (_temporary, folder) = folder();
        let room = Mutex::new(());
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for round in 0..500 {
                        let lock = Lock::acquire(&folder, "lock").unwrap();
                        let alone = room.try_lock().expect("two hold the lock");
                        drop(alone);
                        if round % 2 == 0 {
                            lock.retire();
                        }
                    }
                });
            }
        });
    }

    fn folder() -> (tempfile::TempDir, Folder) {
        let temporary = tempfile::tempdir().unwrap();
        let dir = Dir::open_ambient_dir(temporary.path(), ambient_authority()).unwrap();
        let folder = Folder::new(dir, temporary.path());
        (temporary, folder)
    }
}
