//! The walk over what refers to a manifest, and what refers to that, and so on.

use alloc::format;
use alloc::vec;
use alloc::vec::Vec;

use wharf_oci::{Descriptor, Digest, limit, media_type};

use crate::bindings::{Error, Event, progress};
use crate::failure::Fault;

/// A walk. It ends, whatever is said to refer to what (GHSA-298f-872v-2rcx).
pub(crate) struct Walk {
    /// A linear search is enough for a thousand.
    seen: Vec<Digest>,
    left: Vec<(Digest, usize)>,
    depth: usize,
}

impl Walk {
    /// Begins with what refers to `root`.
    pub(crate) fn from(root: Digest) -> Self {
        Self {
            seen: vec![root.clone()],
            left: vec![(root, 0)],
            depth: 0,
        }
    }

    /// The next manifest whose referrers are wanted.
    pub(crate) fn next(&mut self) -> Option<Digest> {
        let (digest, depth) = self.left.pop()?;
        self.depth = depth + 1;
        Some(digest)
    }

    /// Whether this referrer is to be taken along: once, and not when it is an index,
    /// whose manifests would have to be taken too.
    pub(crate) fn enter(&mut self, referrer: &Descriptor) -> Result<bool, Fault> {
        let digest = &referrer.digest;
        if self.seen.contains(digest) {
            return Ok(false);
        }
        if self.depth > limit::REFERRERS_DEPTH || self.seen.len() > limit::REFERRERS {
            return Err(Error::LimitExceeded(format!(
                "more than {} manifests refer to it, or they do more than {} deep",
                limit::REFERRERS,
                limit::REFERRERS_DEPTH
            ))
            .into());
        }
        self.seen.push(digest.clone());
        if media_type::is_index(&referrer.media_type) {
            progress::report(&Event::Note(format!(
                "{digest} refers to it, is an index of several manifests, and is left out"
            )));
            return Ok(false);
        }
        self.left.push((digest.clone(), self.depth));
        Ok(true)
    }
}
