//! Taking in a layout that anybody may have made.
//!
//! Nothing in it is believed. It is walked from its index to all that belongs to the
//! manifests there: what they promise bounds what is read, each file must have exactly
//! the size and the digest that was promised, and what nothing leads to is not looked
//! at. Everything is copied beside the store first. Only when all of it is right does
//! it become visible, what is named before what names it; else nothing stays.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde::Deserialize;
use wharf_oci::manifest::Manifest;
use wharf_oci::{Descriptor, Digest, Reference, limit};

use super::source::{Part, Source};
use super::{ArchiveError, IMAGE_NAME, INDEX_FILE, LAYOUT_FILE, Member, REF_NAME, blob_name};
use crate::Store;
use crate::closure::{MOST_CONTENT, MOST_MANIFESTS, is_manifest};
use crate::hash::BUFFER_BYTES;
use crate::referrers;
use crate::scratch::Parked;
use crate::survey::Count;

/// What came of loading a layout.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Loaded {
    /// The manifests that its index names, in its order.
    pub manifests: Vec<Member>,
    /// The content that was not here before.
    pub content: Count,
    /// The content that was.
    pub present: Count,
}

/// What an index says of a manifest.
struct Entry {
    target: Descriptor,
    name: Option<String>,
}

/// Content that is checked and beside the store.
struct Taken {
    digest: Digest,
    parked: Parked,
}

impl Store {
    /// Takes in all manifests of the layout at a path, a directory or a tar file, with
    /// all that belongs to them, and notes their names.
    ///
    /// A manifest is named by the whole reference that the layout has for it, if there
    /// is one. `name` names the one manifest of a layout that does not refer to
    /// another of it, in place of that.
    ///
    /// Nothing of the layout is stored when anything in it is wrong.
    pub fn load(&self, path: &Path, name: Option<&Reference>) -> Result<Loaded, ArchiveError> {
        let _work = self.work()?;
        let source = Source::open(path)?;
        check_layout(&source)?;
        let entries = entries(&source)?;
        let mut walk = Walk {
            store: self,
            source: &source,
            sizes: BTreeMap::new(),
            subjects: BTreeMap::new(),
            taken: Vec::new(),
            waiting: Vec::new(),
            manifests: 0,
            content: Count::default(),
            present: Count::default(),
        };
        let mut blobs = Vec::new();
        for entry in &entries {
            walk.want(&entry.target, true, INDEX_FILE, &mut blobs)?;
        }
        while let Some(manifest) = walk.waiting.pop() {
            walk.manifest(&manifest, &mut blobs)?;
        }
        // Manifests were taken in from the root down. Blobs come before all of them,
        // and the order is then reversed.
        let manifests = std::mem::take(&mut walk.taken);
        for (blob, by) in &blobs {
            walk.blob(blob, by)?;
        }
        let members = name_them(entries, &walk.subjects, name)?;
        let blobs = walk.taken.into_iter();
        for taken in blobs.chain(manifests.into_iter().rev()) {
            self.publish_sealed(taken.parked.location(), &taken.digest)?;
        }
        for member in &members {
            match &member.name {
                Some(name) => self.set_name(name, &member.target)?,
                None => self.remember(&member.target)?,
            }
        }
        Ok(Loaded {
            manifests: members,
            content: walk.content,
            present: walk.present,
        })
    }
}

/// A walk from the index of a layout to all that it leads to.
struct Walk<'a> {
    store: &'a Store,
    source: &'a Source,
    /// What is wanted, and how large it is said to be.
    sizes: BTreeMap<Digest, u64>,
    /// What the manifests refer to that do.
    subjects: BTreeMap<Digest, Digest>,
    taken: Vec<Taken>,
    waiting: Vec<Descriptor>,
    manifests: usize,
    content: Count,
    present: Count,
}

impl Walk<'_> {
    /// Notes that something names this content. One digest has one size.
    fn want(
        &mut self,
        content: &Descriptor,
        manifest: bool,
        by: &str,
        blobs: &mut Vec<(Descriptor, String)>,
    ) -> Result<(), ArchiveError> {
        match self.sizes.insert(content.digest.clone(), content.size) {
            Some(size) if size != content.size => {
                return Err(ArchiveError::refused(
                    blob_name(&content.digest),
                    format!("is given two sizes: {size} and {} bytes", content.size),
                ));
            }
            Some(_) => return Ok(()),
            None => {}
        }
        if manifest {
            self.manifests += 1;
            self.waiting.push(content.clone());
        } else {
            blobs.push((content.clone(), by.to_owned()));
        }
        if self.manifests > MOST_MANIFESTS || self.sizes.len() > MOST_CONTENT {
            return Err(ArchiveError::refused(
                by,
                format!(
                    "leads to more than {MOST_MANIFESTS} manifests or {MOST_CONTENT} pieces of \
                     content"
                ),
            ));
        }
        Ok(())
    }

    /// Takes in a manifest, and wants what it names.
    fn manifest(
        &mut self,
        manifest: &Descriptor,
        blobs: &mut Vec<(Descriptor, String)>,
    ) -> Result<(), ArchiveError> {
        let name = blob_name(&manifest.digest);
        if manifest.size > limit::MANIFEST_BYTES {
            return Err(ArchiveError::refused(
                name,
                format!(
                    "is described as a manifest of {} bytes, and at most {} are taken",
                    manifest.size,
                    limit::MANIFEST_BYTES
                ),
            ));
        }
        let bytes = match self.sized(manifest)? {
            Some(part) => {
                let bytes = part.bytes().map_err(ArchiveError::io("reading", &name))?;
                self.copy(manifest, &part)?;
                bytes
            }
            None => match self.store.get(&manifest.digest)? {
                Some(bytes) if bytes.len() as u64 == manifest.size => {
                    self.present.add(manifest.size);
                    bytes
                }
                _ => return Err(missing(manifest, INDEX_FILE)),
            },
        };
        let parsed = Manifest::parse(&bytes, Some(&manifest.media_type))
            .map_err(|error| ArchiveError::refused(&name, format!("can't be used: {error}")))?;
        if let Some(subject) = referrers::subject(&bytes) {
            self.subjects.insert(manifest.digest.clone(), subject);
        }
        let by = manifest.digest.as_str();
        match parsed {
            Manifest::Image(image) => {
                let named = image.blobs().map_err(|error| {
                    ArchiveError::refused(&name, format!("can't be used: {error}"))
                })?;
                for blob in named {
                    self.want(&blob, false, by, blobs)?;
                }
            }
            Manifest::Index(index) => {
                for child in index.manifests {
                    self.want(&child, is_manifest(&child.media_type), by, blobs)?;
                }
            }
            _ => {}
        }
        Ok(())
    }

    /// Takes in content that is not looked into.
    fn blob(&mut self, blob: &Descriptor, by: &str) -> Result<(), ArchiveError> {
        match self.sized(blob)? {
            Some(part) => self.copy(blob, &part),
            None if self.store.stat(&blob.digest)? == Some(blob.size) => {
                self.present.add(blob.size);
                Ok(())
            }
            None => Err(missing(blob, by)),
        }
    }

    /// The file of described content, if there is one; it must have that size.
    fn sized(&self, content: &Descriptor) -> Result<Option<Part>, ArchiveError> {
        let part = self.source.part(&blob_name(&content.digest))?;
        match part {
            Some(part) if part.size != content.size => Err(ArchiveError::Mismatch {
                digest: content.digest.clone(),
                expected: format!("{} bytes", content.size),
                found: format!("{} bytes", part.size),
            }),
            other => Ok(other),
        }
    }

    /// Copies a file beside the store, which must have the digest that it is named by.
    /// It is read even when the content is here: what is wrong should be known.
    fn copy(&mut self, content: &Descriptor, part: &Part) -> Result<(), ArchiveError> {
        let here = self.store.stat(&content.digest)? == Some(content.size);
        let mut addition = self.store.add()?;
        let mut buffer = vec![0; BUFFER_BYTES];
        let mut position = 0;
        loop {
            let name = blob_name(&content.digest);
            let read = part
                .read_at(&mut buffer, position)
                .map_err(ArchiveError::io("reading", name))?;
            if read == 0 {
                break;
            }
            position += read as u64;
            addition.write(buffer.get(..read).unwrap_or_default())?;
        }
        let (parked, found, size) = addition.park()?;
        if found != content.digest || size != content.size {
            return Err(ArchiveError::Mismatch {
                digest: content.digest.clone(),
                expected: content.digest.to_string(),
                found: found.to_string(),
            });
        }
        if here {
            self.present.add(size);
        } else {
            self.content.add(size);
            let digest = found;
            self.taken.push(Taken { digest, parked });
        }
        Ok(())
    }
}

fn missing(content: &Descriptor, by: &str) -> ArchiveError {
    ArchiveError::Missing {
        digest: content.digest.clone(),
        by: by.to_owned(),
    }
}

/// Whether this is a layout of the version that there is.
fn check_layout(source: &Source) -> Result<(), ArchiveError> {
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
fn entries(source: &Source) -> Result<Vec<Entry>, ArchiveError> {
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
fn name_them(
    entries: Vec<Entry>,
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
    for entry in &entries {
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
