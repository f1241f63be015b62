//! Indexes that are moved whole: with all the manifests that they list, and before each
//! of them what it lists, since a registry takes nothing that names what is not there.

use std::collections::BTreeSet;

use wharf_oci::manifest::Manifest;
use wharf_oci::{Descriptor, Digest, Reference, limit, media_type};

use crate::blocking::blocking;
use crate::capability::grant::Access;
use crate::error::Error;
use crate::session::registry::Asked;
use crate::wharf::Wharf;

/// How many manifests one index may lead to.
const MANIFESTS: usize = 1_000;

/// What stands in place of a platform when the index itself is meant, see
/// `client.options` in the WIT.
const ALL: &str = "all";

/// An index, or another manifest, on its way from what it leads to back to itself.
struct Step {
    manifest: Descriptor,
    /// What it lists and was not looked at yet; none before it was read.
    left: Option<Vec<Descriptor>>,
}

impl Asked {
    /// Asks for what a reference leads to, be it an index or not.
    pub(crate) fn whole() -> Self {
        Self {
            platform: Some(ALL.to_owned()),
            ..Self::default()
        }
    }

    /// Whether an index itself is asked for, and none of its manifests.
    pub(crate) fn is_whole(&self) -> bool {
        self.platform.as_deref() == Some(ALL)
    }
}

impl Wharf {
    /// The manifests that go with one: itself alone or, when it is an index, everything
    /// that it leads to, each once and after what it lists. Indexes that the store does
    /// not have are fetched from the repository of `source`, if there is one.
    pub(crate) async fn members(
        &self,
        manifest: &Descriptor,
        source: Option<&Reference>,
    ) -> Result<Vec<Descriptor>, Error> {
        let mut known = BTreeSet::from([manifest.digest.clone()]);
        let mut members = Vec::new();
        let mut path = vec![Step::to(manifest.clone())];
        while let Some(mut step) = path.pop() {
            let mut left = match step.left.take() {
                Some(left) => left,
                None if media_type::is_index(&step.manifest.media_type) => {
                    if path.len() >= limit::INDEX_DEPTH {
                        return Err(too_many(&manifest.digest));
                    }
                    self.listed(&step.manifest, source).await?
                }
                None => Vec::new(),
            };
            let Some(next) = left.pop() else {
                members.push(step.manifest);
                continue;
            };
            step.left = Some(left);
            path.push(step);
            if known.insert(next.digest.clone()) {
                path.push(Step::to(next));
            }
            if known.len() > MANIFESTS {
                return Err(too_many(&manifest.digest));
            }
        }
        Ok(members)
    }

    /// The manifests that have to go before one of the store, in this order.
    pub(crate) async fn before(&self, manifest: &Digest) -> Result<Vec<Descriptor>, Error> {
        let Some(bytes) = self.stored(manifest).await? else {
            return Ok(Vec::new());
        };
        let Ok(Manifest::Index(_)) = Manifest::parse(&bytes, None) else {
            return Ok(Vec::new());
        };
        let size = bytes.len() as u64;
        let index = Descriptor::new(media_type::IMAGE_INDEX, manifest.clone(), size);
        let mut members = self.members(&index, None).await?;
        // Itself.
        members.pop();
        Ok(members)
    }

    /// What an index lists, the last first.
    async fn listed(
        &self,
        index: &Descriptor,
        source: Option<&Reference>,
    ) -> Result<Vec<Descriptor>, Error> {
        let missing = || Error::MissingContent(index.digest.to_string());
        let mut bytes = self.stored(&index.digest).await?;
        if let (None, Some(source)) = (&bytes, source) {
            let reference = source.at_digest(index.digest.clone());
            self.pull_asked(&reference, Access::Read, Asked::whole())
                .await?;
            bytes = self.stored(&index.digest).await?;
        }
        let bytes = bytes.ok_or_else(missing)?;
        // Which kind of index it is does not matter here.
        let content = Manifest::parse(&bytes, None);
        match content.map_err(|error| unreadable(&index.digest, &error.to_string()))? {
            Manifest::Index(content) => {
                let mut listed: Vec<Descriptor> = content.descriptors().collect();
                listed.reverse();
                match listed.iter().find(|one| !is_manifest(&one.media_type)) {
                    None => Ok(listed),
                    Some(other) => Err(unreadable(
                        &index.digest,
                        &format!("it lists {}, which is no manifest", other.digest),
                    )),
                }
            }
            _ => Err(unreadable(&index.digest, "it is no index")),
        }
    }

    pub(crate) async fn stored(&self, digest: &Digest) -> Result<Option<Vec<u8>>, Error> {
        let (store, digest) = (self.store().clone(), digest.clone());
        Ok(blocking(move || store.get(&digest)).await??)
    }
}

impl Step {
    fn to(manifest: Descriptor) -> Self {
        Self {
            manifest,
            left: None,
        }
    }
}

fn is_manifest(kind: &str) -> bool {
    let essence = media_type::essence(kind);
    media_type::MANIFESTS.contains(&essence.as_str()) || media_type::is_index(kind)
}

fn too_many(index: &Digest) -> Error {
    Error::LimitExceeded(format!(
        "the index {index} leads to more than {MANIFESTS} manifests, or to indexes more than {} \
         deep",
        limit::INDEX_DEPTH
    ))
}

fn unreadable(index: &Digest, why: &str) -> Error {
    Error::Other(format!("the index {index} can't be taken along: {why}"))
}
