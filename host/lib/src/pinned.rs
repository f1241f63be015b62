//! What is asked for by its digest is what is answered. That is checked here, and not
//! believed of a registry, a mirror, or the component that speaks to them.

use std::collections::BTreeSet;

use wharf_oci::manifest::Manifest;
use wharf_oci::{Descriptor, Digest, Reference, limit, media_type};

use crate::error::{Error, Mismatch};
use crate::session::registry::Asked;
use crate::wharf::Wharf;

impl Wharf {
    /// An answer about a reference, if it can be one: a digest leads to itself or, where it
    /// is an index and one of its manifests is asked for, to what the index lists.
    pub(crate) async fn pinned(
        &self,
        reference: &Reference,
        asked: &Asked,
        answer: Descriptor,
    ) -> Result<Descriptor, Error> {
        let Some(digest) = &reference.digest else {
            return Ok(answer);
        };
        let is_it = answer.digest == *digest
            || (!asked.is_whole() && self.leads_to(digest, &answer.digest).await?);
        if is_it {
            return Ok(answer);
        }
        Err(Error::Integrity(Mismatch {
            subject: format!("what answers to {reference}"),
            expected: digest.to_string(),
            found: answer.digest.to_string(),
        }))
    }

    /// Whether an index of the store lists a manifest, itself or by indexes in it.
    async fn leads_to(&self, index: &Digest, manifest: &Digest) -> Result<bool, Error> {
        let mut seen = BTreeSet::new();
        let mut level = vec![index.clone()];
        for _ in 0..limit::INDEX_DEPTH {
            let mut next = Vec::new();
            for digest in level {
                let Some(bytes) = self.stored(&digest).await? else {
                    continue;
                };
                let Ok(Manifest::Index(content)) = Manifest::parse(&bytes, None) else {
                    continue;
                };
                for entry in content.descriptors() {
                    if entry.digest == *manifest {
                        return Ok(true);
                    }
                    if media_type::is_index(&entry.media_type) && seen.insert(entry.digest.clone())
                    {
                        next.push(entry.digest);
                    }
                }
            }
            level = next;
        }
        Ok(false)
    }
}
