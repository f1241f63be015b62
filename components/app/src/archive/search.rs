//! Which files of archives are wanted: those whose digests are.

use std::collections::{BTreeMap, BTreeSet};

use sha2::{Digest as _, Sha256};
use wharf_oci::Digest;

use super::{ArchiveError, Budget, Step, Unpacker};

/// A search through archives for files with certain digests, whatever they are called.
#[derive(Debug)]
pub struct Search {
    wanted: BTreeSet<Digest>,
    budget: Budget,
    found: BTreeMap<Digest, u64>,
}

/// The wanted files of one archive: digest and size in bytes, by how many files stand
/// before each.
pub type Places = BTreeMap<u64, (Digest, u64)>;

/// One archive that is being searched, as its bytes come.
#[derive(Debug)]
pub struct Searching {
    unpacker: Unpacker,
    hasher: Sha256,
    size: u64,
    files: u64,
    places: Places,
}

impl Search {
    /// For files with these digests. All archives together use up the budget.
    #[must_use]
    pub fn new(wanted: BTreeSet<Digest>, budget: Budget) -> Self {
        Self {
            wanted,
            budget,
            found: BTreeMap::new(),
        }
    }

    /// Searches the next bytes of an archive; none for its end, when all of it must have
    /// been right.
    pub fn look(
        &mut self,
        archive: &mut Searching,
        bytes: Option<&[u8]>,
    ) -> Result<(), ArchiveError> {
        match bytes {
            Some(bytes) => archive.unpacker.feed(bytes),
            None => archive.unpacker.feed_end(),
        }
        loop {
            match archive.unpacker.step(&mut self.budget)? {
                Step::File(size) => {
                    archive.hasher = Sha256::new();
                    archive.size = size;
                }
                Step::Data(piece) => archive.hasher.update(piece),
                Step::Complete => {
                    let hash = std::mem::take(&mut archive.hasher).finalize();
                    let digest = Digest::from_sha256(&hash.into());
                    // The first of several that are the same.
                    if self.wanted.remove(&digest) {
                        self.found.insert(digest.clone(), archive.size);
                        archive.places.insert(archive.files, (digest, archive.size));
                    }
                    archive.files += 1;
                }
                Step::Hungry | Step::End => return Ok(()),
            }
        }
    }

    /// The digests and sizes of what was found, sorted, and what was not.
    #[must_use]
    pub fn results(self) -> (BTreeMap<Digest, u64>, BTreeSet<Digest>) {
        (self.found, self.wanted)
    }
}

impl Searching {
    /// An archive from its beginning.
    #[must_use]
    pub fn new() -> Self {
        Self {
            unpacker: Unpacker::new(),
            hasher: Sha256::new(),
            size: 0,
            files: 0,
            places: Places::new(),
        }
    }

    /// Where the wanted files are in it.
    #[must_use]
    pub fn places(self) -> Places {
        self.places
    }
}

impl Default for Searching {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::archive::{Limits, Packer};

    fn digest(content: &[u8]) -> Digest {
        Digest::from_sha256(&Sha256::digest(content).into())
    }

    #[test]
    fn files_are_found_by_what_is_in_them() {
        let mut packer = Packer::new();
        for (name, content) in [("x", "one"), ("y", "two"), ("z", "one"), ("v", "three")] {
            packer.file(name, content.len() as u64).unwrap();
            packer.data(content.as_bytes()).unwrap();
        }
        let bytes = packer.finish().unwrap();
        let wanted = [&b"three"[..], b"one", b"four"].map(digest);
        let budget = Budget::new(Limits::default(), bytes.len() as u64);
        let mut search = Search::new(wanted.iter().cloned().collect(), budget);
        let mut places = Vec::new();
        for step in [1, 1_000_000] {
            let mut archive = Searching::new();
            for piece in bytes.chunks(step) {
                search.look(&mut archive, Some(piece)).unwrap();
            }
            search.look(&mut archive, None).unwrap();
            places.push(archive.places());
        }
        let [three, one, four] = wanted;
        let first = Places::from([(0, (one.clone(), 3)), (3, (three.clone(), 5))]);
        // What was found once is not wanted again.
        assert_eq!(places, [first, Places::new()]);
        let (found, missing) = search.results();
        assert_eq!(found, BTreeMap::from([(one, 3), (three, 5)]));
        assert_eq!(missing, BTreeSet::from([four]));
    }
}
