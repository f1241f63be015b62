//! What keeps content in the store: work that is being done with it, and programs
//! that run it.
//!
//! ```text
//!   locks/use          held together by all that is at work; alone by a pruning
//!   locks/<hex>.hold   held together by all that run this manifest
//! ```
//!
//! Work is from the first look into the store until a name, or a hold, leads to what
//! was found or brought there: without it, a pruning in between could remove content
//! that was just found to be here. A hold may last for days; pruning goes on beside
//! it, and leaves alone what is held.

use std::collections::BTreeSet;

use wharf_oci::Digest;

use crate::lock::Lock;
use crate::{Store, StoreError};

/// The lock of those at work.
const USE: &str = "use";

/// The end of the name of a hold; what is before it is the manifest's digest.
const HOLD: &str = ".hold";

/// While it lives, nothing is pruned.
#[derive(Debug)]
#[must_use = "content may be pruned once it is dropped"]
pub struct Work {
    _lock: Lock,
}

/// While it lives, a manifest and all that belongs to it is not pruned.
#[derive(Debug)]
#[must_use = "content may be pruned once it is dropped"]
pub struct Hold {
    store: Store,
    name: String,
    lock: Option<Lock>,
}

impl Store {
    /// Keeps others from pruning. Waits while somebody does.
    pub fn work(&self) -> Result<Work, StoreError> {
        let locks = &self.layout().locks;
        let lock = Lock::shared(locks, USE)
            .map_err(|error| StoreError::io("locking", locks.path_of(USE), error))?;
        Ok(Work { _lock: lock })
    }

    /// Keeps a manifest, and all that belongs to it, from being pruned, and notes
    /// that it was used now. The content need not be here.
    pub fn hold(&self, manifest: &Digest) -> Result<Hold, StoreError> {
        let locks = &self.layout().locks;
        let name = format!("{}{HOLD}", manifest.hex());
        let lock = Lock::shared(locks, &name)
            .map_err(|error| StoreError::io("locking", locks.path_of(&name), error))?;
        if let Some((file, _)) = self.blob(manifest)? {
            // A file of somebody else's can't be marked. It is then taken for older.
            let _ = file.set_modified(std::time::SystemTime::now());
        }
        Ok(Hold {
            store: self.clone(),
            name,
            lock: Some(lock),
        })
    }

    /// Waits until nobody is at work, and keeps everybody from it.
    pub(crate) fn alone(&self) -> Result<Lock, StoreError> {
        let locks = &self.layout().locks;
        Lock::acquire(locks, USE)
            .map_err(|error| StoreError::io("locking", locks.path_of(USE), error))
    }

    /// The manifests that are held now. What the dead left is removed.
    pub fn held(&self) -> Result<BTreeSet<Digest>, StoreError> {
        let locks = &self.layout().locks;
        let failed = |error| StoreError::io("reading", locks.path(), error);
        let mut held = BTreeSet::new();
        for name in locks.names().map_err(failed)? {
            let Some(hex) = name.strip_suffix(HOLD) else {
                continue;
            };
            let Ok(digest) = format!("sha256:{hex}").parse() else {
                continue;
            };
            match Lock::try_acquire(locks, &name) {
                Ok(Some(lock)) => lock.retire(),
                Ok(None) => drop(held.insert(digest)),
                Err(error) => {
                    return Err(StoreError::io("locking", locks.path_of(&name), error));
                }
            }
        }
        Ok(held)
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        drop(self.lock.take());
        // The last one takes the file away. One that stays costs nothing but its name.
        if let Ok(Some(lock)) = Lock::try_acquire(&self.store.layout().locks, &self.name) {
            lock.retire();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::{Place, describe};

    #[test]
    fn a_hold_lasts_until_its_last_holder_is_gone() {
        let place = Place::new();
        let app = describe(b"app").digest;
        assert!(place.store.held().unwrap().is_empty());
        let first = place.store.hold(&app).unwrap();
        let second = place.another().hold(&app).unwrap();
        assert_eq!(place.store.held().unwrap(), BTreeSet::from([app.clone()]));
        drop(first);
        assert_eq!(place.store.held().unwrap(), BTreeSet::from([app]));
        drop(second);
        assert!(place.store.held().unwrap().is_empty());
        assert!(!place.names("locks").iter().any(|name| name.ends_with(HOLD)));
    }

    #[test]
    fn what_the_dead_held_is_not_held() {
        let place = Place::new();
        let hex = describe(b"app").digest.hex().to_owned();
        let left = place.directory.path().join("locks").join(hex + HOLD);
        std::fs::write(&left, "").unwrap();
        std::fs::write(place.directory.path().join("locks/odd.hold"), "").unwrap();
        assert!(place.store.held().unwrap().is_empty());
        assert!(!left.exists());
    }

    #[test]
    fn many_work_at_once_and_none_beside_one_who_is_alone() {
        let place = Place::new();
        let first = place.store.work().unwrap();
        let second = place.another().work().unwrap();
        let locks = &place.store.layout().locks;
        assert!(Lock::try_acquire(locks, USE).unwrap().is_none());
        drop((first, second));
        let alone = place.store.alone().unwrap();
        assert!(Lock::try_acquire(locks, USE).unwrap().is_none());
        drop(alone);
        drop(place.store.work().unwrap());
    }

    #[test]
    fn holding_is_using() {
        let place = Place::new();
        let app = describe(b"app");
        place.store.put(b"app", None).unwrap();
        let path = place.path_of(&app);
        let file = std::fs::File::open(&path).unwrap();
        file.set_modified(std::time::UNIX_EPOCH).unwrap();
        drop(place.store.hold(&app.digest).unwrap());
        let used = std::fs::metadata(&path).unwrap().modified().unwrap();
        assert!(used.elapsed().unwrap().as_secs() < 60);
    }
}
