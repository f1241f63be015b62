//! What is in the store, counted and checked.

use std::collections::BTreeSet;
use std::num::NonZero;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;

use wharf_oci::Digest;

use crate::folder::Folder;
use crate::{Name, Store, StoreError};

/// A number of files and of the bytes in them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Count {
    /// How many there are.
    pub pieces: u64,
    /// How many bytes they have.
    pub bytes: u64,
}

/// What is in the store, by number and size.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Survey {
    /// Whole content.
    pub blobs: Count,
    /// How many names lead to some of it. What was seen without a name is not counted.
    pub names: u64,
    /// How many manifests are held: programs of theirs run.
    pub held: u64,
    /// Content of which a part is here, to be continued.
    pub unfinished: Count,
    /// What was set aside because it was not what it should be.
    pub damaged: Count,
}

/// What came of hashing everything.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Verified {
    /// What is as it should be.
    pub sound: Count,
    /// What was not, and has been set aside, in order.
    pub damaged: Vec<Digest>,
    /// What was seen and needs some of that.
    pub affected: Vec<Name>,
}

/// How many blobs are hashed at once, at most: what one disk keeps up with.
const MOST_AT_ONCE: usize = 4;

impl Count {
    pub(crate) fn add(&mut self, bytes: u64) {
        self.pieces += 1;
        self.bytes = self.bytes.saturating_add(bytes);
    }
}

impl Store {
    /// Counts what is in the store. Nothing is hashed.
    pub fn survey(&self) -> Result<Survey, StoreError> {
        let mut survey = Survey::default();
        for digest in self.digests()? {
            survey.blobs.add(self.stat(&digest)?.unwrap_or(0));
        }
        for (_, bytes) in self.unfinished()? {
            survey.unfinished.add(bytes);
        }
        for (_, bytes) in sizes(&self.layout().damaged)? {
            survey.damaged.add(bytes);
        }
        let names = self.names()?;
        survey.names = names.iter().filter(|one| one.name.is_some()).count() as u64;
        survey.held = self.held()?.len() as u64;
        Ok(survey)
    }

    /// The digests under which something lies, in order.
    pub fn digests(&self) -> Result<Vec<Digest>, StoreError> {
        let blobs = &self.layout().blobs;
        let names = blobs
            .names()
            .map_err(|error| StoreError::io("reading", blobs.path(), error))?;
        let mut digests: Vec<Digest> = names
            .iter()
            .filter_map(|hex| format!("sha256:{hex}").parse().ok())
            .collect();
        digests.sort_unstable();
        Ok(digests)
    }

    /// Hashes everything. What is damaged is set aside. Nothing is pruned meanwhile.
    pub fn verify_all(&self) -> Result<Verified, StoreError> {
        let _work = self.work()?;
        let digests = self.digests()?;
        let next = AtomicUsize::new(0);
        let state = Mutex::new((Verified::default(), None));
        let threads = thread::available_parallelism().map_or(1, NonZero::get);
        thread::scope(|scope| {
            for _ in 0..threads.min(MOST_AT_ONCE) {
                scope.spawn(|| {
                    while let Some(digest) = digests.get(next.fetch_add(1, Ordering::Relaxed)) {
                        let outcome = self.verify(digest);
                        let mut state = state.lock().unwrap_or_else(PoisonError::into_inner);
                        let (verified, failure) = &mut *state;
                        match outcome {
                            Ok(bytes) => verified.sound.add(bytes),
                            // What is no file is set aside when it is looked at.
                            Err(StoreError::Mismatch { .. } | StoreError::Missing(_)) => {
                                verified.damaged.push(digest.clone());
                            }
                            Err(error) => {
                                *failure = Some(error);
                                break;
                            }
                        }
                    }
                });
            }
        });
        let (mut verified, failure) = state.into_inner().unwrap_or_else(PoisonError::into_inner);
        if let Some(error) = failure {
            return Err(error);
        }
        verified.damaged.sort_unstable();
        verified.affected = self.affected(&verified.damaged)?;
        Ok(verified)
    }

    /// What leads to some of these.
    fn affected(&self, damaged: &[Digest]) -> Result<Vec<Name>, StoreError> {
        if damaged.is_empty() {
            return Ok(Vec::new());
        }
        let damaged: BTreeSet<&Digest> = damaged.iter().collect();
        let mut affected = Vec::new();
        for name in self.names()? {
            let content = self.closure(&name.target.digest)?.content;
            let mut needed = content.iter().map(|content| &content.digest);
            if damaged.contains(&name.target.digest) || needed.any(|one| damaged.contains(one)) {
                affected.push(name);
            }
        }
        Ok(affected)
    }
}

/// The names in a folder with the bytes of each; what is no file has none.
pub(crate) fn sizes(folder: &Folder) -> Result<Vec<(String, u64)>, StoreError> {
    let failed = |error| StoreError::io("reading", folder.path(), error);
    let names = folder.names().map_err(failed)?;
    names
        .into_iter()
        .map(|name| {
            let bytes = folder.size(&name).map_err(failed)?.unwrap_or(0);
            Ok((name, bytes))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::{Place, bytes, describe, image, ingest};

    #[test]
    fn everything_is_counted() {
        let place = Place::new();
        let app = image(&place.store, &[b"layer"], None);
        place.store.set_name("r.example/app:1", &app).unwrap();
        place.store.set_seen(&app).unwrap();
        let hold = place.store.hold(&app.digest).unwrap();
        let partial = describe(&bytes(1000, 1));
        let begun = ingest(&place.store, &partial);
        begun.writer(0).unwrap().write(&bytes(600, 1)).unwrap();
        drop(begun);
        std::fs::write(place.directory.path().join("damaged/x"), "12345").unwrap();
        let survey = place.store.survey().unwrap();
        let blobs = Count {
            pieces: 3,
            bytes: app.size + 2 + 5,
        };
        let one = |bytes| Count { pieces: 1, bytes };
        assert_eq!(survey.blobs, blobs);
        assert_eq!((survey.names, survey.held), (1, 1));
        assert_eq!(survey.unfinished, one(600));
        assert_eq!(survey.damaged, one(5));
        drop(hold);
    }

    #[test]
    fn what_is_damaged_is_set_aside_and_who_needs_it_is_told() {
        let place = Place::new();
        let app = image(&place.store, &[b"one", b"shared"], None);
        let other = image(&place.store, &[b"two", b"shared"], None);
        let third = image(&place.store, &[b"three"], None);
        for (name, target) in [("a", &app), ("b", &other), ("c", &third)] {
            place.store.set_name(name, target).unwrap();
        }
        let verified = place.store.verify_all().unwrap();
        assert_eq!((verified.sound.pieces, verified.damaged.len()), (8, 0));
        let layer = describe(b"one");
        place.damage(&layer, b"0ne");
        std::fs::remove_file(place.path_of(&third)).unwrap();
        std::os::unix::fs::symlink("/etc/passwd", place.path_of(&third)).unwrap();
        let verified = place.store.verify_all().unwrap();
        assert_eq!(verified.sound.pieces, 6);
        assert_eq!(verified.damaged.len(), 2);
        assert!(verified.damaged.contains(&layer.digest));
        let affected = verified.affected.iter().map(|one| one.name.as_deref());
        assert_eq!(affected.collect::<Vec<_>>(), [Some("a"), Some("c")]);
        assert_eq!(place.names("damaged").len(), 2);
        assert!(place.store.verify_all().unwrap().damaged.is_empty());
    }
}
