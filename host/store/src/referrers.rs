//! Manifests of the store that refer to another: signatures, for example, which
//! name what they sign as their `subject` (image-spec v1.1.1, "manifest.md").

use std::collections::BTreeSet;

use serde::Deserialize;
use wharf_oci::{Descriptor, Digest};

use crate::{Store, StoreError};

impl Store {
    /// The manifests in the store whose `subject` is this digest, each once, in the
    /// order of the table of names.
    ///
    /// The table says which they may be: [`Store::set_name`] and [`Store::set_seen`]
    /// note the subject of a manifest. What it says is checked against the manifest
    /// itself, so that a table that was tampered with can make one disappear and can
    /// not make one up. The content that a referrer names may be incomplete.
    pub fn referrers(&self, subject: &Digest) -> Result<Vec<Descriptor>, StoreError> {
        let mut seen = BTreeSet::new();
        let mut found = Vec::new();
        for entry in self.names()? {
            if entry.subject.as_ref() != Some(subject) || !seen.insert(entry.target.digest.clone())
            {
                continue;
            }
            if self.subject_of(&entry.target)?.as_ref() == Some(subject) {
                found.push(entry.target);
            }
        }
        Ok(found)
    }

    /// The digest that a manifest of the store refers to; none when it refers to
    /// nothing, is not a manifest, or is not here.
    pub(crate) fn subject_of(&self, manifest: &Descriptor) -> Result<Option<Digest>, StoreError> {
        match self.get(&manifest.digest) {
            Ok(bytes) => Ok(bytes.as_deref().and_then(subject)),
            // Larger than a manifest may be: it is none.
            Err(StoreError::TooLarge { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }
}

/// The digest of what these bytes refer to, if they are a manifest that does.
pub(crate) fn subject(bytes: &[u8]) -> Option<Digest> {
    #[derive(Deserialize)]
    struct Manifest {
        subject: Option<Subject>,
    }
    #[derive(Deserialize)]
    struct Subject {
        digest: Digest,
    }
    let manifest: Manifest = serde_json::from_slice(bytes).ok()?;
    Some(manifest.subject?.digest)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;
    use wharf_oci::media_type;

    fn store() -> (tempfile::TempDir, Store) {
        let temporary = tempfile::tempdir().unwrap();
        let store = Store::open(temporary.path()).unwrap();
        (temporary, store)
    }

    /// Stores a manifest that refers to `subject`.
    fn manifest(store: &Store, subject: Option<&Descriptor>, salt: &str) -> Descriptor {
        let text = json!({"schemaVersion": 2, "subject": subject, "salt": salt}).to_string();
        let digest = store.put(text.as_bytes(), None).unwrap();
        Descriptor::new(media_type::IMAGE_MANIFEST, digest, text.len() as u64)
    }

    #[test]
    fn what_refers_to_a_subject_is_found_by_its_name_or_without_one() {
        let (_temporary, store) = store();
        let app = manifest(&store, None, "app");
        let signature = manifest(&store, Some(&app), "signature");
        let list = manifest(&store, Some(&app), "list");
        let other = manifest(&store, Some(&signature), "other");
        assert_eq!(store.referrers(&app.digest).unwrap(), []);
        for target in [&app, &signature, &other] {
            let name = format!("r.example/app@{}", target.digest);
            store.set_name(&name, target).unwrap();
        }
        store.set_seen(&list).unwrap();
        store.set_name("r.example/app:sig", &signature).unwrap();
        let found = store.referrers(&app.digest).unwrap();
        assert_eq!(found, [signature.clone(), list]);
        assert_eq!(store.referrers(&signature.digest).unwrap(), [other]);
    }

    #[test]
    fn a_table_that_lies_makes_up_no_referrer() {
        let (_temporary, store) = store();
        let app = manifest(&store, None, "app");
        let signature = manifest(&store, Some(&app), "signature");
        store.set_seen(&signature).unwrap();
        let path = store.path().join("index.json");
        let text = std::fs::read_to_string(&path).unwrap();
        let wrong = text.replace(app.digest.as_str(), signature.digest.as_str());
        std::fs::write(&path, wrong).unwrap();
        assert_eq!(store.referrers(&signature.digest).unwrap(), []);
        assert_eq!(store.referrers(&app.digest).unwrap(), []);
        std::fs::write(&path, text).unwrap();
        std::fs::remove_file(store.blob_path(signature.digest.hex())).unwrap();
        assert_eq!(store.referrers(&app.digest).unwrap(), []);
    }

    #[test]
    fn what_is_no_manifest_refers_to_nothing() {
        for text in [
            "",
            "[]",
            "{}",
            r#"{"subject":1}"#,
            r#"{"subject":{"digest":"../x"}}"#,
        ] {
            assert_eq!(subject(text.as_bytes()), None, "{text}");
        }
    }
}
