//! The search for what may be signatures of one manifest. What was found serves for all that
//! is required of the manifest: each place is looked at once.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use wharf_oci::{Descriptor, Reference};

use super::Look;
use super::evidence::{Gathered, Kind};
use crate::error::Error;
use crate::wharf::Wharf;

/// A search, and what it found so far.
pub(super) struct Search<'a> {
    wharf: &'a Wharf,
    /// Says in which repository.
    pub(super) reference: &'a Reference,
    /// Signatures of this manifest.
    pub(super) subject: &'a Descriptor,
    /// In which places.
    pub(super) look: Look,
    /// What is told besides where only the store is looked at.
    unasked: Option<Error>,
    here: BTreeMap<Kind, Gathered>,
    there: BTreeMap<Kind, Gathered>,
}

impl<'a> Search<'a> {
    /// A search for signatures of a manifest that is at a registry.
    pub(super) fn new(
        wharf: &'a Wharf,
        reference: &'a Reference,
        subject: &'a Descriptor,
        look: Look,
    ) -> Self {
        let unasked = (look == Look::Here).then(|| {
            Error::Other(
                "only the content store was looked at, and the registry was not asked".to_owned(),
            )
        });
        Self {
            wharf,
            reference,
            subject,
            look,
            unasked,
            here: BTreeMap::new(),
            there: BTreeMap::new(),
        }
    }

    /// A search for signatures of a manifest that a layout brought: the store has all that
    /// there is.
    pub(super) fn of_layout(
        wharf: &'a Wharf,
        reference: &'a Reference,
        subject: &'a Descriptor,
    ) -> Self {
        Self {
            unasked: None,
            ..Self::new(wharf, reference, subject, Look::Here)
        }
    }

    /// What the store has.
    pub(super) async fn here(&mut self, kind: Kind) -> Result<&Gathered, Error> {
        let place = match self.here.entry(kind) {
            Entry::Occupied(found) => return Ok(found.into_mut()),
            Entry::Vacant(place) => place,
        };
        let digest = &self.subject.digest;
        let looking = self.wharf.evidence_here(self.reference, digest, kind);
        let mut found = looking.await?;
        found.missed.extend(self.unasked.clone());
        Ok(place.insert(found))
    }

    /// What the registry has, which the store has from then on.
    pub(super) async fn there(&mut self, kind: Kind) -> Result<&Gathered, Error> {
        let place = match self.there.entry(kind) {
            Entry::Occupied(found) => return Ok(found.into_mut()),
            Entry::Vacant(place) => place,
        };
        let digest = &self.subject.digest;
        let looking = self.wharf.evidence_there(self.reference, digest, kind);
        Ok(place.insert(looking.await?))
    }
}
