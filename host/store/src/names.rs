//! The names under which content was seen: `index.json` (image-spec v1.1.1,
//! "image-layout.md").
//!
//! An entry describes a manifest, with the name it was seen under, when that was,
//! and what the manifest refers to. An entry without a name keeps in mind what was
//! seen under none, or under its digest alone.
//!
//! Entries of other tools stay as they are. A table that can't be read is set
//! aside and begun anew: names come back with the next pull, and content does
//! not depend on them.

use std::collections::BTreeSet;
use std::io::Read as _;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use wharf_oci::{Descriptor, Digest, media_type};

use crate::folder::Found;
use crate::lock::Lock;
use crate::time::rfc3339;
use crate::{Store, StoreError};

const FILE: &str = "index.json";

/// Where the name is (image-spec v1.1.1, "annotations.md").
const NAME: &str = "org.opencontainers.image.ref.name";

/// When the name was last seen, as in RFC 3339.
const SEEN: &str = "dev.wharf.seen";

/// The digest of what the manifest refers to, its `subject`. Kept here so that
/// looking for referrers opens no manifest but theirs.
const SUBJECT: &str = "dev.wharf.subject";

/// How long ago something may have been seen that is not noted anew: what was used last
/// need not be known to the second, and a table of many names takes a while to write.
const SEEN_AGAIN: Duration = Duration::from_hours(1);

/// The longest name, in bytes. The longest reference that the
/// distribution-spec's grammar allows has about 600.
const NAME_BYTES: usize = 1024;

/// The largest table that is read, in bytes: more than 100,000 names.
const TABLE_BYTES: u64 = 64 * 1024 * 1024;

/// A manifest that was seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Name {
    /// Under which name; none when it was seen under its digest alone.
    pub name: Option<String>,
    /// What it led to when it was last seen.
    pub target: Descriptor,
    /// When it was last seen, as in RFC 3339; none where another tool wrote it.
    pub seen: Option<String>,
    /// What the manifest refers to, as the table has it: a claim.
    pub subject: Option<Digest>,
}

/// An image index, as far as it matters here, and the rest of it unread.
#[derive(Serialize, Deserialize)]
struct Table {
    #[serde(rename = "schemaVersion")]
    schema_version: u32,
    #[serde(default)]
    manifests: Vec<Value>,
    #[serde(flatten)]
    rest: Map<String, Value>,
}

/// What the file of the table is.
enum State {
    Absent,
    Unreadable,
    Read(Table),
}

impl Store {
    /// Notes that `name` was seen as `target` now. The content itself need not
    /// be here. When it is here, and refers to another manifest, that is noted too:
    /// see [`Store::referrers`].
    pub fn set_name(&self, name: &str, target: &Descriptor) -> Result<(), StoreError> {
        let plain = |c: char| !c.is_control() && !c.is_whitespace();
        if name.is_empty() || name.len() > NAME_BYTES || !name.chars().all(plain) {
            let shown = name.chars().filter(|c| !c.is_control()).take(100).collect();
            return Err(StoreError::Name(shown));
        }
        self.note(Some(name), target)
    }

    /// Notes that `target` was seen now, without a name: what it is found by is its
    /// digest, or what it refers to.
    pub fn set_seen(&self, target: &Descriptor) -> Result<(), StoreError> {
        self.note(None, target)
    }

    /// All that was noted and not forgotten, in the table's order. Entries that are
    /// no descriptors of content that could be here are left out.
    pub fn names(&self) -> Result<Vec<Name>, StoreError> {
        let table = self.table()?;
        Ok(table.manifests.into_iter().filter_map(entry).collect())
    }

    /// Forgets entries, unless they lead to something else by now.
    pub(crate) fn forget_names(&self, names: &[Name]) -> Result<(), StoreError> {
        if names.is_empty() {
            return Ok(());
        }
        let known = |name: &Name| (name.name.clone(), name.target.digest.clone());
        let forgotten: BTreeSet<_> = names.iter().map(known).collect();
        let _lock = self.lock_names()?;
        let mut table = self.table_to_change()?;
        table.manifests.retain(|value| {
            let found = entry(value.clone());
            !found.is_some_and(|name| forgotten.contains(&known(&name)))
        });
        self.write_names(&table)
    }

    fn note(&self, name: Option<&str>, target: &Descriptor) -> Result<(), StoreError> {
        if self.is_read_only() {
            return Ok(());
        }
        let now = SystemTime::now();
        let mut annotations = Map::new();
        if let Some(name) = name {
            annotations.insert(NAME.to_owned(), json!(name));
        }
        annotations.insert(SEEN.to_owned(), json!(rfc3339(now)));
        if let Some(subject) = self.subject_of(target)? {
            annotations.insert(SUBJECT.to_owned(), json!(subject));
        }
        let _lock = self.lock_names()?;
        let mut table = self.table_to_change()?;
        let same = |entry: &Value| {
            name_of(entry) == name && (name.is_some() || entry["digest"] == json!(target.digest))
        };
        let new = json!({
            "mediaType": target.media_type,
            "digest": target.digest,
            "size": target.size,
            "annotations": annotations,
        });
        let (first, last) = (now.checked_sub(SEEN_AGAIN).map(rfc3339), rfc3339(now));
        let is_recent = |seen: &str| first.as_deref() <= Some(seen) && seen <= last.as_str();
        let says_it = |entry: &Value| {
            let seen = entry["annotations"][SEEN].as_str();
            seen.is_some_and(is_recent) && is_same_but_for_time(entry, &new)
        };
        if table.manifests.iter().any(says_it) {
            return Ok(());
        }
        table.manifests.retain(|entry| !same(entry));
        table.manifests.push(new);
        self.write_names(&table)
    }

    /// What `name` was last seen as, or none.
    pub fn find_name(&self, name: &str) -> Result<Option<Descriptor>, StoreError> {
        Ok(self
            .table()?
            .manifests
            .into_iter()
            .rfind(|entry| name_of(entry) == Some(name))
            .and_then(|entry| serde_json::from_value(entry).ok()))
    }

    /// Makes an empty table if there is none, as an image layout must have one.
    pub(crate) fn create_names(&self) -> Result<(), StoreError> {
        if matches!(self.read_names()?, State::Read(_)) {
            return Ok(());
        }
        let _lock = self.lock_names()?;
        match self.read_names()? {
            State::Read(_) => Ok(()),
            State::Absent | State::Unreadable => {
                let table = self.table_to_change()?;
                self.write_names(&table)
            }
        }
    }

    /// Waits for whoever else changes the table. That takes milliseconds.
    fn lock_names(&self) -> Result<Lock, StoreError> {
        let locks = &self.layout().locks;
        Lock::acquire(locks, FILE)
            .map_err(|error| StoreError::io("locking", locks.path_of(FILE), error))
    }

    /// The table, to look at.
    fn table(&self) -> Result<Table, StoreError> {
        match self.read_names()? {
            State::Read(table) => Ok(table),
            State::Absent => Ok(Table::empty()),
            State::Unreadable => {
                let _lock = self.lock_names()?;
                self.table_to_change()
            }
        }
    }

    /// The table, under the lock; one that can't be read is set aside.
    fn table_to_change(&self) -> Result<Table, StoreError> {
        match self.read_names()? {
            State::Read(table) => return Ok(table),
            State::Absent => {}
            State::Unreadable => {
                let (root, damaged) = (&self.layout().root, &self.layout().damaged);
                let nanoseconds = SystemTime::now()
                    .duration_since(UNIX_EPOCH)
                    .map_or(0, |since| since.as_nanos());
                root.rename(FILE, damaged, &format!("{FILE}.{nanoseconds:x}"))
                    .map_err(|error| {
                        StoreError::io("setting aside the unreadable", root.path_of(FILE), error)
                    })?;
            }
        }
        Ok(Table::empty())
    }

    fn read_names(&self) -> Result<State, StoreError> {
        let root = &self.layout().root;
        let failed = |error| StoreError::io("reading", root.path_of(FILE), error);
        let file = match root.look(FILE).map_err(failed)? {
            Found::File(file, _) => file,
            Found::Other => return Ok(State::Unreadable),
            Found::Nothing => return Ok(State::Absent),
        };
        let mut text = Vec::new();
        file.take(TABLE_BYTES)
            .read_to_end(&mut text)
            .map_err(failed)?;
        Ok(match serde_json::from_slice::<Table>(&text) {
            Ok(table) if table.schema_version == 2 => State::Read(table),
            _ => State::Unreadable,
        })
    }

    fn write_names(&self, table: &Table) -> Result<(), StoreError> {
        let root = &self.layout().root;
        let text = serde_json::to_vec_pretty(table)
            .map_err(|error| StoreError::io("writing", root.path_of(FILE), error.into()))?;
        if text.len() as u64 > TABLE_BYTES {
            return Err(StoreError::TooLarge {
                what: format!("the table of names, {},", root.path_of(FILE).display()),
                bytes: text.len() as u64,
                most: TABLE_BYTES,
            });
        }
        self.replace_file(FILE, &text)
    }
}

impl Table {
    fn empty() -> Self {
        Self {
            schema_version: 2,
            manifests: Vec::new(),
            rest: Map::from_iter([("mediaType".to_owned(), json!(media_type::IMAGE_INDEX))]),
        }
    }
}

fn entry(entry: Value) -> Option<Name> {
    let annotation = |key: &str| Some(entry.get("annotations")?.get(key)?.as_str()?.to_owned());
    Some(Name {
        name: annotation(NAME),
        seen: annotation(SEEN),
        subject: annotation(SUBJECT).and_then(|text| text.parse().ok()),
        target: serde_json::from_value(entry).ok()?,
    })
}

fn is_same_but_for_time(one: &Value, other: &Value) -> bool {
    let timeless = |entry: &Value| {
        let mut entry = entry.clone();
        let annotations = entry.get_mut("annotations").and_then(Value::as_object_mut);
        annotations.map(|annotations| annotations.remove(SEEN));
        entry
    };
    timeless(one) == timeless(other)
}

fn name_of(entry: &Value) -> Option<&str> {
    entry.get("annotations")?.get(NAME)?.as_str()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hash;

    #[test]
    fn a_name_is_what_it_was_last_seen_as() {
        let (_temporary, store) = store();
        assert_eq!(store.find_name("localhost:5000/a:1").unwrap(), None);
        store
            .set_name("localhost:5000/a:1", &descriptor("old"))
            .unwrap();
        store
            .set_name("localhost:5000/b:1", &descriptor("other"))
            .unwrap();
        store
            .set_name("localhost:5000/a:1", &descriptor("new"))
            .unwrap();
        let found = store.find_name("localhost:5000/a:1").unwrap();
        assert_eq!(found, Some(descriptor("new")));
        let text = std::fs::read_to_string(store.path().join("index.json")).unwrap();
        let index: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(index["schemaVersion"], 2);
        assert_eq!(index["mediaType"], media_type::IMAGE_INDEX);
        assert_eq!(index["manifests"].as_array().unwrap().len(), 2);
        let annotations = &index["manifests"][1]["annotations"];
        assert_eq!(annotations[NAME], "localhost:5000/a:1");
        assert_eq!(annotations[SEEN].as_str().unwrap().len(), 20);
    }

    #[test]
    fn what_was_seen_recently_is_not_written_again() {
        let (_temporary, store) = store();
        let path = store.path().join("index.json");
        // Whether seeing something writes the table, when it was last seen then.
        let writes = |ago: i64, target: &Descriptor| {
            store.set_name("a", &descriptor("a")).unwrap();
            let text = std::fs::read_to_string(&path).unwrap();
            let mut table: Value = serde_json::from_str(&text).unwrap();
            let now = SystemTime::now();
            let ago_or_ahead = Duration::from_secs(ago.unsigned_abs());
            let then = if ago < 0 {
                now + ago_or_ahead
            } else {
                now - ago_or_ahead
            };
            for entry in table["manifests"].as_array_mut().unwrap() {
                entry["annotations"][SEEN] = rfc3339(then).into();
            }
            let text = table.to_string();
            std::fs::write(&path, &text).unwrap();
            store.set_name("a", target).unwrap();
            assert_eq!(store.find_name("a").unwrap().as_ref(), Some(target));
            std::fs::read_to_string(&path).unwrap() != text
        };
        assert!(!writes(60, &descriptor("a")));
        assert!(!writes(3_000, &descriptor("a")));
        assert!(writes(4_000, &descriptor("a")));
        // A clock was set back.
        assert!(writes(-4_000, &descriptor("a")));
        assert!(writes(60, &descriptor("b")));
    }

    #[test]
    fn what_other_tools_wrote_stays() {
        let (_temporary, store) = store();
        let foreign = json!({"mediaType": "x/y", "digest": "sha512:00", "size": 1,
            "platform": {"os": "wasi"}, "annotations": {NAME: "latest"}});
        let index = json!({"schemaVersion": 2, "manifests": [foreign], "annotations": {"a": "b"}});
        std::fs::write(store.path().join("index.json"), index.to_string()).unwrap();
        assert_eq!(store.find_name("latest").unwrap(), None);
        store.set_name("a", &descriptor("a")).unwrap();
        let text = std::fs::read_to_string(store.path().join("index.json")).unwrap();
        let written: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(written["manifests"][0], foreign);
        assert_eq!(written["annotations"]["a"], "b");
    }

    #[test]
    fn a_corrupt_table_is_set_aside_and_begun_anew() {
        let (_temporary, store) = store();
        let path = store.path().join("index.json");
        for (round, corrupt) in ["", "{", "[]", "{\"schemaVersion\":1}"].iter().enumerate() {
            std::fs::write(&path, corrupt).unwrap();
            match round % 3 {
                0 => assert_eq!(store.find_name("a").unwrap(), None),
                1 => store.set_name("a", &descriptor("a")).unwrap(),
                _ => drop(Store::open(store.path()).unwrap()),
            }
            store.set_name("b", &descriptor("b")).unwrap();
            assert_eq!(store.find_name("b").unwrap(), Some(descriptor("b")));
            let aside = store.layout().damaged.names().unwrap();
            assert_eq!(aside.len(), round + 1);
        }
        std::fs::remove_file(&path).unwrap();
        std::os::unix::fs::symlink("/etc/passwd", &path).unwrap();
        assert_eq!(store.find_name("a").unwrap(), None);
        store.set_name("a", &descriptor("a")).unwrap();
        assert!(std::fs::symlink_metadata(&path).unwrap().is_file());
    }

    #[test]
    fn what_can_not_be_a_name_is_refused() {
        let (_temporary, store) = store();
        for name in ["", "a b", "a\n", "a\u{0}", &"a".repeat(NAME_BYTES + 1)] {
            let error = store.set_name(name, &descriptor("a")).unwrap_err();
            assert!(matches!(error, StoreError::Name(_)), "{error}");
        }
    }

    #[test]
    fn no_name_is_lost_when_many_set_one() {
        let (_temporary, store) = store();
        std::thread::scope(|scope| {
            for task in 0..4 {
                let store = Store::open(store.path()).unwrap();
                scope.spawn(move || {
                    for number in 0..10 {
                        let name = format!("{task}/{number}");
                        store.set_name(&name, &descriptor(&name)).unwrap();
                    }
                });
            }
        });
        for name in (0..4).flat_map(|task| (0..10).map(move |number| format!("{task}/{number}"))) {
            assert_eq!(store.find_name(&name).unwrap(), Some(descriptor(&name)));
        }
    }

    fn store() -> (tempfile::TempDir, Store) {
        let temporary = tempfile::tempdir().unwrap();
        let store = Store::open(temporary.path()).unwrap();
        (temporary, store)
    }

    fn descriptor(content: &str) -> Descriptor {
        let digest = hash::digest(content.as_bytes());
        Descriptor::new(media_type::IMAGE_MANIFEST, digest, content.len() as u64)
    }
}
