//! What belongs to a manifest: everything that it names, and what that names.

use std::collections::{BTreeSet, VecDeque};

use wharf_oci::manifest::Manifest;
use wharf_oci::{Descriptor, Digest, media_type};

use crate::{Store, StoreError};

/// How many manifests are looked into for one: bounds what a hostile index can cost.
pub(crate) const MOST_MANIFESTS: usize = 10_000;

/// How many pieces of content may belong to one manifest.
pub(crate) const MOST_CONTENT: usize = 1_000_000;

/// A manifest and all that has to be with it.
///
/// Its `subject` is not part of it: a signature is whole without what it signs.
#[derive(Debug, Default)]
pub struct Closure {
    /// Each piece of content once, whether it is here or not: the manifest first,
    /// unless it is not here, then what it names, in its order.
    pub content: Vec<Descriptor>,
    /// What keeps it from being whole: content that is not here or has another size
    /// than described, and manifests that can't be understood.
    pub problems: Vec<StoreError>,
}

impl Store {
    /// All that belongs to a manifest. Manifests are verified, other content is
    /// looked at for presence and size.
    ///
    /// What is wrong with the content is part of the answer; an error says that the
    /// store can't be read.
    pub fn closure(&self, manifest: &Digest) -> Result<Closure, StoreError> {
        let mut walk = Walk {
            store: self,
            known: BTreeSet::from([manifest.clone()]),
            waiting: VecDeque::new(),
            closure: Closure::default(),
        };
        match self.manifest(manifest, None) {
            Ok((bytes, parsed)) => {
                let size = bytes.len() as u64;
                let kind = kind_of(&parsed);
                let root = Descriptor::new(kind, manifest.clone(), size);
                walk.closure.content.push(root);
                walk.children(manifest, &parsed);
            }
            Err(error) => walk.problem(error)?,
        }
        walk.rest()?;
        Ok(walk.closure)
    }

    /// The bytes of a manifest and what they mean, verified.
    fn manifest(
        &self,
        digest: &Digest,
        described_as: Option<&str>,
    ) -> Result<(Vec<u8>, Manifest), StoreError> {
        let bytes = self
            .get(digest)?
            .ok_or_else(|| StoreError::Missing(digest.clone()))?;
        let manifest = Manifest::parse(&bytes, described_as)
            .map_err(|source| StoreError::manifest(digest, source))?;
        Ok((bytes, manifest))
    }
}

impl Closure {
    /// The content, when nothing is wrong with it; else the first thing that is.
    pub fn whole(self) -> Result<Vec<Descriptor>, StoreError> {
        match self.problems.into_iter().next() {
            None => Ok(self.content),
            Some(problem) => Err(problem),
        }
    }

    /// How many bytes all of it has.
    pub fn bytes(&self) -> u64 {
        let sizes = self.content.iter().map(|content| content.size);
        sizes.fold(0, u64::saturating_add)
    }
}

/// A walk from a manifest to all that belongs to it.
struct Walk<'a> {
    store: &'a Store,
    known: BTreeSet<Digest>,
    /// Manifests that were not looked into yet.
    waiting: VecDeque<Descriptor>,
    closure: Closure,
}

impl Walk<'_> {
    fn rest(&mut self) -> Result<(), StoreError> {
        let mut looked_into = 1;
        while let Some(next) = self.waiting.pop_front() {
            looked_into += 1;
            if looked_into > MOST_MANIFESTS || self.closure.content.len() > MOST_CONTENT {
                self.closure.problems.push(StoreError::TooMany {
                    what: "pieces of content, or manifests, that belong to one".to_owned(),
                    most: MOST_MANIFESTS,
                });
                break;
            }
            match self
                .store
                .manifest(&next.digest, Some(next.media_type.as_str()))
            {
                Ok((bytes, _)) if bytes.len() as u64 != next.size => {
                    let found = bytes.len() as u64;
                    self.closure.problems.push(other_size(&next, found));
                }
                Ok((_, manifest)) => self.children(&next.digest, &manifest),
                Err(error) => self.problem(error)?,
            }
        }
        for content in self.closure.content.iter().skip(1) {
            if is_manifest(&content.media_type) {
                continue;
            }
            match self.store.stat(&content.digest)? {
                Some(size) if size == content.size => {}
                Some(size) => self.closure.problems.push(other_size(content, size)),
                None => {
                    let missing = StoreError::Missing(content.digest.clone());
                    self.closure.problems.push(missing);
                }
            }
        }
        Ok(())
    }

    fn children(&mut self, digest: &Digest, manifest: &Manifest) {
        let children = match manifest {
            Manifest::Image(image) => image.blobs(),
            Manifest::Index(index) => Ok(index.descriptors().collect()),
            _ => Ok(Vec::new()),
        };
        let nested = matches!(manifest, Manifest::Index(_));
        match children {
            Ok(children) => {
                for child in children {
                    if self.known.insert(child.digest.clone()) {
                        if nested && is_manifest(&child.media_type) {
                            self.waiting.push_back(child.clone());
                        }
                        self.closure.content.push(child);
                    }
                }
            }
            Err(source) => {
                let problem = StoreError::manifest(digest, source);
                self.closure.problems.push(problem);
            }
        }
    }

    /// Keeps what is wrong with the content apart from what is wrong with the store.
    fn problem(&mut self, error: StoreError) -> Result<(), StoreError> {
        match error {
            StoreError::Missing(_)
            | StoreError::Manifest { .. }
            | StoreError::TooLarge { .. }
            | StoreError::Mismatch { .. } => {
                self.closure.problems.push(error);
                Ok(())
            }
            other => Err(other),
        }
    }
}

/// Whether content of this media type is a manifest.
pub(crate) fn is_manifest(kind: &str) -> bool {
    matches!(
        media_type::essence(kind).as_str(),
        media_type::IMAGE_MANIFEST
            | media_type::IMAGE_INDEX
            | media_type::DOCKER_MANIFEST
            | media_type::DOCKER_LIST
    )
}

/// What a manifest is, going by itself.
fn kind_of(manifest: &Manifest) -> String {
    match manifest {
        Manifest::Image(image) => image.media_type(None),
        Manifest::Index(index) => index
            .media_type
            .clone()
            .unwrap_or_else(|| media_type::IMAGE_INDEX.to_owned()),
        _ => media_type::IMAGE_MANIFEST.to_owned(),
    }
}

fn other_size(content: &Descriptor, found: u64) -> StoreError {
    StoreError::Mismatch {
        subject: format!("the size of {}", content.digest),
        expected: format!("{} bytes", content.size),
        found: format!("{found} bytes"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::{Place, image, index};

    #[test]
    fn all_that_an_index_leads_to_belongs_to_it_once() {
        let place = Place::new();
        let one = image(&place.store, &[b"shared", b"one"], None);
        let two = image(&place.store, &[b"shared", b"two"], None);
        let list = index(&place.store, &[&one, &two]);
        let closure = place.store.closure(&list.digest).unwrap();
        assert_eq!(closure.content[0], list);
        // The list, two manifests, the config, and three layers.
        assert_eq!(closure.content.len(), 7);
        let bytes = closure.bytes();
        let digests: BTreeSet<_> = closure.content.iter().map(|one| &one.digest).collect();
        assert_eq!(digests.len(), 7);
        assert_eq!(
            bytes,
            place
                .names("blobs/sha256")
                .iter()
                .map(|name| place.store.path().join("blobs/sha256").join(name))
                .map(|path| std::fs::metadata(path).unwrap().len())
                .sum::<u64>()
        );
        assert_eq!(closure.whole().unwrap().len(), 7);
    }

    #[test]
    fn a_subject_does_not_belong_to_what_refers_to_it() {
        let place = Place::new();
        let app = image(&place.store, &[b"app"], None);
        let signature = image(&place.store, &[b"signature"], Some(&app));
        let closure = place.store.closure(&signature.digest).unwrap();
        let content = closure.whole().unwrap();
        assert!(!content.contains(&app));
        assert_eq!(content.len(), 3);
    }

    #[test]
    fn what_is_missing_or_of_another_size_is_told() {
        let place = Place::new();
        let app = image(&place.store, &[b"one", b"two"], None);
        let whole = place.store.closure(&app.digest).unwrap().whole().unwrap();
        std::fs::remove_file(place.path_of(&whole[2])).unwrap();
        place.damage(&whole[3], b"longer than it was");
        let closure = place.store.closure(&app.digest).unwrap();
        assert_eq!(closure.content, whole);
        assert!(matches!(&closure.problems[0], StoreError::Missing(digest)
            if *digest == whole[2].digest));
        assert!(matches!(&closure.problems[1], StoreError::Mismatch { .. }));
        std::fs::remove_file(place.path_of(&app)).unwrap();
        let closure = place.store.closure(&app.digest).unwrap();
        assert!(closure.content.is_empty());
        assert!(matches!(closure.whole(), Err(StoreError::Missing(_))));
    }

    #[test]
    fn what_is_no_manifest_is_a_problem_and_no_error() {
        let place = Place::new();
        let digest = place.store.put(b"{}", None).unwrap();
        let closure = place.store.closure(&digest).unwrap();
        assert!(matches!(closure.whole(), Err(StoreError::Manifest { .. })));
        let wrong = Descriptor::new(media_type::IMAGE_INDEX, digest, 2);
        let list = index(&place.store, &[&wrong]);
        let closure = place.store.closure(&list.digest).unwrap();
        assert!(matches!(closure.whole(), Err(StoreError::Manifest { .. })));
    }
}
