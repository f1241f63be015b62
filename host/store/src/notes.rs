//! Small private notes about content that is on its way elsewhere: where an
//! upload that was cut off can be gone on with.
//!
//! A note may be worth a secret, since who knows an upload session's address may
//! write to it: notes are for this user alone, and are in no message.

use std::io::{Read as _, Write as _};
use std::time::{Duration, SystemTime};

use serde::{Deserialize, Serialize};
use wharf_oci::Digest;

use crate::folder::Found;
use crate::{Store, StoreError, hash};

/// The longest note, in bytes: more than the longest address that is followed.
pub const NOTE_BYTES: usize = 16 * 1024;

/// How long a note is kept. Registries keep upload sessions for a week at most.
const KEPT: Duration = Duration::from_hours(7 * 24);

/// A note as it is on the disk. It says what it is about, so that a file that got
/// under another's name is noticed.
#[derive(Serialize, Deserialize)]
struct Entry {
    place: String,
    digest: Digest,
    note: String,
}

impl Store {
    /// Keeps a note about content on its way to `place` (a repository in full), in
    /// place of an earlier one. At most [`NOTE_BYTES`].
    pub fn remember(&self, place: &str, digest: &Digest, note: &str) -> Result<(), StoreError> {
        if note.len() > NOTE_BYTES {
            return Err(StoreError::TooLarge {
                what: format!("the note about {digest}"),
                bytes: note.len() as u64,
                most: NOTE_BYTES as u64,
            });
        }
        if self.is_read_only() {
            return Ok(());
        }
        let notes = &self.layout().notes;
        let name = name(place, digest);
        let failed = |error| StoreError::io("writing a note to", notes.path_of(&name), error);
        let entry = Entry {
            place: place.to_owned(),
            digest: digest.clone(),
            note: note.to_owned(),
        };
        let text = serde_json::to_vec(&entry).map_err(|error| failed(error.into()))?;
        let mut staged = self.stage()?;
        staged
            .file()
            .write_all(&text)
            .and_then(|()| staged.move_to(notes, &name))
            .map_err(failed)
    }

    /// The note that was kept; none when there is none that can be read.
    pub fn recall(&self, place: &str, digest: &Digest) -> Result<Option<String>, StoreError> {
        let notes = &self.layout().notes;
        let name = name(place, digest);
        let failed = |error| StoreError::io("reading a note from", notes.path_of(&name), error);
        let Found::File(file, _) = notes.look(&name).map_err(failed)? else {
            return Ok(None);
        };
        let mut text = Vec::new();
        file.take(4 * NOTE_BYTES as u64)
            .read_to_end(&mut text)
            .map_err(failed)?;
        let entry = serde_json::from_slice::<Entry>(&text).ok();
        Ok(entry
            .filter(|entry| entry.place == place && entry.digest == *digest)
            .map(|entry| entry.note))
    }

    /// Throws a note away.
    pub fn forget(&self, place: &str, digest: &Digest) -> Result<(), StoreError> {
        if self.is_read_only() {
            return Ok(());
        }
        let notes = &self.layout().notes;
        let name = name(place, digest);
        notes
            .remove_any(&name)
            .map_err(|error| StoreError::io("removing the note", notes.path_of(&name), error))
    }

    /// Removes notes that nobody came back for. Not being able to is no reason not
    /// to use the store.
    pub(crate) fn tidy_notes(&self) {
        let notes = &self.layout().notes;
        for name in notes.names().unwrap_or_default() {
            let written = match notes.look(&name) {
                Ok(Found::File(_, metadata)) => metadata.modified().ok(),
                _ => None,
            };
            let age = written.and_then(|time| SystemTime::now().duration_since(time).ok());
            if age.is_some_and(|age| age > KEPT) {
                let _ = notes.remove_any(&name);
            }
        }
    }
}

/// Names of repositories have slashes in them, and digests of content are known to
/// others: a hash of both fits a file name, whatever they are.
fn name(place: &str, digest: &Digest) -> String {
    hash::digest(format!("{place} {digest}").as_bytes())
        .hex()
        .to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt as _;

    const PLACE: &str = "r.example:5000/a/b";

    fn digest() -> Digest {
        hash::digest(b"content")
    }

    #[test]
    fn a_note_is_kept_until_it_is_thrown_away() {
        let temporary = tempfile::tempdir().unwrap();
        let store = Store::open(temporary.path()).unwrap();
        assert_eq!(store.recall(PLACE, &digest()).unwrap(), None);
        store.forget(PLACE, &digest()).unwrap();
        store.remember(PLACE, &digest(), "one").unwrap();
        store.remember(PLACE, &digest(), "two").unwrap();
        drop(store);
        let store = Store::open(temporary.path()).unwrap();
        let recalled = store.recall(PLACE, &digest()).unwrap();
        assert_eq!(recalled.as_deref(), Some("two"));
        assert_eq!(store.recall("r.example/c", &digest()).unwrap(), None);
        store.forget(PLACE, &digest()).unwrap();
        assert_eq!(store.recall(PLACE, &digest()).unwrap(), None);
        let long = "x".repeat(NOTE_BYTES + 1);
        assert!(store.remember(PLACE, &digest(), &long).is_err());
    }

    #[test]
    fn a_note_is_for_this_user_alone() {
        let temporary = tempfile::tempdir().unwrap();
        let store = Store::open(temporary.path()).unwrap();
        store.remember(PLACE, &digest(), "secret").unwrap();
        let folder = temporary.path().join("notes");
        let file = folder.join(name(PLACE, &digest()));
        for (path, mode) in [(&folder, 0o700), (&file, 0o600)] {
            let permissions = std::fs::metadata(path).unwrap().permissions();
            assert_eq!(permissions.mode() & 0o777, mode, "{}", path.display());
        }
    }

    #[test]
    fn what_is_no_note_of_this_content_is_not_read() {
        let temporary = tempfile::tempdir().unwrap();
        let store = Store::open(temporary.path()).unwrap();
        store.remember("r.example/c", &digest(), "other").unwrap();
        let path = |place: &str| temporary.path().join("notes").join(name(place, &digest()));
        std::fs::rename(path("r.example/c"), path(PLACE)).unwrap();
        assert_eq!(store.recall(PLACE, &digest()).unwrap(), None);
        std::fs::write(path(PLACE), "{").unwrap();
        assert_eq!(store.recall(PLACE, &digest()).unwrap(), None);
        std::fs::remove_file(path(PLACE)).unwrap();
        std::os::unix::fs::symlink("/etc/passwd", path(PLACE)).unwrap();
        assert_eq!(store.recall(PLACE, &digest()).unwrap(), None);
    }

    #[test]
    fn old_notes_are_removed() {
        let temporary = tempfile::tempdir().unwrap();
        let store = Store::open(temporary.path()).unwrap();
        store.remember(PLACE, &digest(), "old").unwrap();
        store.remember("r.example/c", &digest(), "new").unwrap();
        let path = temporary.path().join("notes").join(name(PLACE, &digest()));
        let file = std::fs::File::options().write(true).open(path).unwrap();
        file.set_modified(SystemTime::now() - KEPT - Duration::from_mins(1))
            .unwrap();
        let store = Store::open(temporary.path()).unwrap();
        assert_eq!(store.recall(PLACE, &digest()).unwrap(), None);
        assert!(store.recall("r.example/c", &digest()).unwrap().is_some());
    }
}
