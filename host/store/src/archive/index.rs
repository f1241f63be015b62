//! What the index of a layout says: which manifests there are, and their names.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use wharf_oci::{Descriptor, Digest, Reference, limit};

use super::source::Source;
use super::{ArchiveError, IMAGE_NAME, INDEX_FILE, LAYOUT_FILE, Member, REF_NAME};
use crate::closure::MOST_MANIFESTS;

/// What an index says of a manifest.
pub(super) struct Entry {
    pub(super) target: Descriptor,
    pub(super) name: Option<String>,
}

/// Whether this is a layout of the version that there is.
pub(super) fn check_layout(source: &Source) -> Result<(), ArchiveError> {
    #[derive(Deserialize)]
    struct Shape {
        #[serde(rename = "imageLayoutVersion")]
        version: String,
    }
    let shape: Shape = json(source, LAYOUT_FILE)?;
    if shape.version == "1.0.0" {
        Ok(())
    } else {
        let why = format!(
            "says version {}, and only 1.0.0 is understood",
            shape.version
        );
        Err(ArchiveError::refused(LAYOUT_FILE, why))
    }
}

/// The manifests that the index names.
pub(super) fn entries(source: &Source) -> Result<Vec<Entry>, ArchiveError> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Index {
        schema_version: u32,
        manifests: Vec<Named>,
    }
    #[derive(Deserialize)]
    struct Named {
        #[serde(flatten)]
        target: Descriptor,
        #[serde(default)]
        annotations: Option<BTreeMap<String, String>>,
    }
    let index: Index = json(source, INDEX_FILE)?;
    if index.schema_version != 2 {
        let why = format!(
            "has the version {}, and only 2 is understood",
            index.schema_version
        );
        return Err(ArchiveError::refused(INDEX_FILE, why));
    }
    if index.manifests.len() > MOST_MANIFESTS {
        let why = format!("names more than {MOST_MANIFESTS} manifests");
        return Err(ArchiveError::refused(INDEX_FILE, why));
    }
    let mut names: BTreeMap<String, Digest> = BTreeMap::new();
    let mut entries = Vec::new();
    for named in index.manifests {
        let name = named.annotations.as_ref().and_then(name_of);
        if let Some(reference) = &name {
            let promised = reference.digest.as_ref();
            if promised.is_some_and(|digest| *digest != named.target.digest) {
                let why = format!("calls {} `{reference}`", named.target.digest);
                return Err(ArchiveError::refused(INDEX_FILE, why));
            }
            let digest = named.target.digest.clone();
            let before = names.insert(reference.to_string(), digest);
            if before.is_some_and(|before| before != named.target.digest) {
                let why = format!("gives the name `{reference}` to two manifests");
                return Err(ArchiveError::refused(INDEX_FILE, why));
            }
        }
        entries.push(Entry {
            target: named.target,
            name: name.map(|name| name.to_string()),
        });
    }
    Ok(entries)
}

/// A small file of the layout, which must be there.
fn json<T: for<'a> Deserialize<'a>>(source: &Source, name: &str) -> Result<T, ArchiveError> {
    let part = source.part(name)?.ok_or_else(|| {
        ArchiveError::refused(name, "is missing: this is not an OCI image layout")
    })?;
    if part.size > limit::MANIFEST_BYTES {
        return Err(ArchiveError::refused(
            name,
            format!("has more than {} bytes", limit::MANIFEST_BYTES),
        ));
    }
    let bytes = part.bytes().map_err(ArchiveError::io("reading", name))?;
    serde_json::from_slice(&bytes)
        .map_err(|error| ArchiveError::refused(name, format!("can't be read: {error}")))
}

/// The whole reference that annotations give, if they do. Most tools have only a tag
/// as the name within the layout, which names nothing outside of it.
fn name_of(annotations: &BTreeMap<String, String>) -> Option<Reference> {
    let whole = |text: &&String| {
        let registry = text.split_once('/').map_or("", |(registry, _)| registry);
        registry == "localhost" || registry.contains(['.', ':'])
    };
    [IMAGE_NAME, REF_NAME]
        .iter()
        .filter_map(|key| annotations.get(*key))
        .filter(whole)
        .find_map(|text| text.parse().ok())
}

/// The members, each once for each of its names, and with the name that was given.
pub(super) fn name_them(
    entries: &[Entry],
    subjects: &BTreeMap<Digest, Digest>,
    name: Option<&Reference>,
) -> Result<Vec<Member>, ArchiveError> {
    let inside: BTreeSet<Digest> = entries
        .iter()
        .map(|entry| entry.target.digest.clone())
        .collect();
    let refers = |digest: &Digest| {
        let subject = subjects.get(digest);
        subject.is_some_and(|subject| inside.contains(subject))
    };
    let main: Vec<&Digest> = inside.iter().filter(|digest| !refers(digest)).collect();
    let named = match (name, &main[..]) {
        (None, _) => None,
        (Some(name), [one]) => {
            if let Some(promised) = &name.digest
                && promised != *one
            {
                return Err(ArchiveError::Mismatch {
                    digest: (*one).clone(),
                    expected: promised.to_string(),
                    found: one.to_string(),
                });
            }
            Some((name, *one))
        }
        (Some(_), others) => return Err(ArchiveError::Unclear(others.len())),
    };
    let mut known = BTreeSet::new();
    let mut members = Vec::new();
    for entry in entries {
        let name = match named {
            Some((name, one)) if *one == entry.target.digest => Some(name.to_string()),
            _ => entry.name.clone(),
        };
        if known.insert((entry.target.digest.clone(), name.clone())) {
            members.push(Member {
                subject: subjects.get(&entry.target.digest).cloned(),
                target: entry.target.clone(),
                name,
            });
        }
    }
    // What has a name needs no entry without one.
    let called: BTreeSet<Digest> = members
        .iter()
        .filter(|member| member.name.is_some())
        .map(|member| member.target.digest.clone())
        .collect();
    members.retain(|member| member.name.is_some() || !called.contains(&member.target.digest));
    Ok(members)
}
