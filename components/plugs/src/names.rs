//! The names under which content was seen: `index.json` (image-spec v1.1.1,
//! "image-layout.md"), as `host/store` keeps it. Entries of others stay as they are.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use wharf_oci::{Descriptor, Digest, media_type};

/// The file.
pub(crate) const FILE: &str = "index.json";

/// The largest table that is read, in bytes: more than 100,000 names.
pub(crate) const TABLE_BYTES: u64 = 64 * 1024 * 1024;

/// The longest name, in bytes. The longest reference that the distribution-spec's grammar
/// allows has about 600.
const NAME_BYTES: usize = 1024;

/// Where the name is (image-spec v1.1.1, "annotations.md").
const NAME: &str = "org.opencontainers.image.ref.name";

/// When the name was last seen, as in RFC 3339.
const SEEN: &str = "dev.wharf.seen";

/// The digest of what the manifest refers to, its `subject`.
const SUBJECT: &str = "dev.wharf.subject";

/// An image index, as far as it matters here, and the rest of it unread.
#[derive(Serialize, Deserialize)]
pub(crate) struct Table {
    #[serde(rename = "schemaVersion")]
    schema_version: u32,
    #[serde(default)]
    manifests: Vec<Value>,
    #[serde(flatten)]
    rest: Map<String, Value>,
}

impl Table {
    /// A table without names.
    pub(crate) fn empty() -> Self {
        Self {
            schema_version: 2,
            manifests: Vec::new(),
            rest: Map::from_iter([("mediaType".to_owned(), json!(media_type::IMAGE_INDEX))]),
        }
    }

    /// Reads a table, or none when it is not one.
    pub(crate) fn parse(text: &[u8]) -> Option<Self> {
        let table: Self = serde_json::from_slice(text).ok()?;
        (table.schema_version == 2).then_some(table)
    }

    /// The table as it is written.
    pub(crate) fn to_text(&self) -> Vec<u8> {
        // Text keys and values alone, which can always be written.
        serde_json::to_vec_pretty(self).unwrap_or_default()
    }

    /// Notes that `name` was seen as `target` at a time.
    pub(crate) fn set(
        &mut self,
        name: &str,
        target: &Descriptor,
        subject: Option<&Digest>,
        seen: &str,
    ) {
        let mut annotations = Map::new();
        annotations.insert(NAME.to_owned(), json!(name));
        annotations.insert(SEEN.to_owned(), json!(seen));
        if let Some(subject) = subject {
            annotations.insert(SUBJECT.to_owned(), json!(subject));
        }
        self.manifests
            .retain(|entry| annotation(entry, NAME) != Some(name));
        self.manifests.push(json!({
            "mediaType": target.media_type,
            "digest": target.digest,
            "size": target.size,
            "annotations": annotations,
        }));
    }

    /// What `name` was last seen as, or none.
    pub(crate) fn find(&self, name: &str) -> Option<Descriptor> {
        let entry = self
            .manifests
            .iter()
            .rfind(|entry| annotation(entry, NAME) == Some(name))?;
        serde_json::from_value(entry.clone()).ok()
    }

    /// What is said to refer to a manifest, each once: a claim.
    pub(crate) fn referrers(&self, subject: &Digest) -> Vec<Descriptor> {
        let mut found: Vec<Descriptor> = Vec::new();
        for entry in &self.manifests {
            if annotation(entry, SUBJECT) == Some(subject.as_str())
                && let Ok(referrer) = serde_json::from_value::<Descriptor>(entry.clone())
                && !found.contains(&referrer)
            {
                found.push(referrer);
            }
        }
        found
    }
}

/// Whether something can be a name.
pub(crate) fn is_name(name: &str) -> bool {
    let plain = |c: char| !c.is_control() && !c.is_whitespace();
    !name.is_empty() && name.len() <= NAME_BYTES && name.chars().all(plain)
}

fn annotation<'a>(entry: &'a Value, key: &str) -> Option<&'a str> {
    entry.get("annotations")?.get(key)?.as_str()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layout::hash;

    const NOW: &str = "2026-01-02T03:04:05Z";

    fn descriptor(content: &str) -> Descriptor {
        let digest = hash(content.as_bytes());
        Descriptor::new(media_type::IMAGE_MANIFEST, digest, content.len() as u64)
    }

    #[test]
    fn a_name_is_what_it_was_last_seen_as() {
        let mut table = Table::empty();
        assert_eq!(table.find("a"), None);
        table.set("a", &descriptor("old"), None, NOW);
        table.set("b", &descriptor("other"), None, NOW);
        table.set("a", &descriptor("new"), None, NOW);
        let table = Table::parse(&table.to_text()).unwrap();
        assert_eq!(table.find("a"), Some(descriptor("new")));
        assert_eq!(table.manifests.len(), 2);
        assert_eq!(annotation(&table.manifests[1], SEEN), Some(NOW));
    }

    #[test]
    fn what_other_tools_wrote_stays() {
        let foreign = json!({"mediaType": "x/y", "digest": "sha512:00", "size": 1,
            "platform": {"os": "wasi"}, "annotations": {NAME: "latest"}});
        let index = json!({"schemaVersion": 2, "manifests": [foreign], "annotations": {"a": "b"}});
        let mut table = Table::parse(index.to_string().as_bytes()).unwrap();
        assert_eq!(table.find("latest"), None);
        table.set("a", &descriptor("a"), None, NOW);
        let written: Value = serde_json::from_slice(&table.to_text()).unwrap();
        assert_eq!(written["manifests"][0], foreign);
        assert_eq!(written["annotations"]["a"], "b");
        for corrupt in ["", "{", "[]", "{\"schemaVersion\":1}"] {
            assert!(Table::parse(corrupt.as_bytes()).is_none());
        }
    }

    #[test]
    fn referrers_are_found_once() {
        let mut table = Table::empty();
        let subject = hash(b"subject");
        table.set("a", &descriptor("signature"), Some(&subject), NOW);
        table.set("b", &descriptor("signature"), Some(&subject), NOW);
        table.set("c", &descriptor("application"), None, NOW);
        assert_eq!(table.referrers(&subject), [descriptor("signature")]);
        assert!(table.referrers(&hash(b"other")).is_empty());
    }

    #[test]
    fn what_can_not_be_a_name_is_none() {
        assert!(is_name("localhost:5000/a:1"));
        for name in ["", "a b", "a\n", "a\u{0}", &"a".repeat(NAME_BYTES + 1)] {
            assert!(!is_name(name), "{name}");
        }
    }
}
