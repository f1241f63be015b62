//! Taking in a layout that anybody may have made.
//!
//! Nothing in it is believed. It is walked from its index to all that belongs to the
//! manifests there: what they promise bounds what is read, each file must have exactly
//! the size and the digest that was promised, and what nothing leads to is not looked
//! at. Everything is copied beside the store first. Only when all of it is right does
//! it become visible, what is named before what names it; else nothing stays.

use std::collections::BTreeMap;
use std::path::Path;

use wharf_oci::manifest::Manifest;
use wharf_oci::{Descriptor, Digest, Reference, limit};

use super::index::{check_layout, entries, name_them};
use super::source::{Part, Source};
use super::{ArchiveError, INDEX_FILE, Member, blob_name};
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
        self.load_if(path, name, &mut |_| Ok(()))
    }

    /// The same when everything in it that has a name is `allowed` to have it. That is asked
    /// when all of the content is in the store, with what refers to it, and no name is set
    /// before all are allowed. An error says why not.
    pub fn load_if(
        &self,
        path: &Path,
        name: Option<&Reference>,
        allowed: &mut dyn FnMut(&Member) -> Result<(), String>,
    ) -> Result<Loaded, ArchiveError> {
        self.writable()?;
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
        let members = name_them(&entries, &walk.subjects, name)?;
        let blobs = walk.taken.into_iter();
        for taken in blobs.chain(manifests.into_iter().rev()) {
            self.publish_sealed(taken.parked.location(), &taken.digest)?;
        }
        for member in members.iter().filter(|it| it.subject.is_some()) {
            self.set_seen(&member.target)?;
        }
        // Also what says that it refers to something: it says so itself.
        for member in &members {
            if let Some(name) = &member.name {
                allowed(member).map_err(|why| ArchiveError::NotAllowed {
                    name: name.clone(),
                    why,
                })?;
            }
        }
        for member in &members {
            match &member.name {
                Some(name) => self.set_name(name, &member.target)?,
                None => self.set_seen(&member.target)?,
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
                for child in index.descriptors() {
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
