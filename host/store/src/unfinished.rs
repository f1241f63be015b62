//! Content of which a part is here: told, and cleared away.

use std::collections::BTreeSet;
use std::io;

use wharf_oci::Digest;

use crate::ingest::Name;
use crate::lock::Lock;
use crate::{Store, StoreError};

impl Store {
    /// Removes what was written of content that became whole in another way, or
    /// whose writer was killed just after it. Not being able to is no reason not
    /// to use the store.
    pub(crate) fn tidy_ingest(&self) {
        for digest in self.begun().unwrap_or_default() {
            if let Ok(Some(_)) = self.stat(&digest) {
                let _ = self.forget_unfinished(&digest);
            }
        }
    }

    /// The content of which a part is here, and how many bytes were made room for.
    pub(crate) fn unfinished(&self) -> Result<Vec<(Digest, u64)>, StoreError> {
        let folder = &self.layout().ingest;
        let failed = |error| StoreError::io("reading", folder.path(), error);
        let mut unfinished = Vec::new();
        for digest in self.begun().map_err(failed)? {
            if let Some(bytes) = folder.size(&Name::Data.of(&digest)).map_err(failed)? {
                unfinished.push((digest, bytes));
            }
        }
        Ok(unfinished)
    }

    /// Removes what was written of content, unless somebody is writing it; tells
    /// whether it did.
    pub(crate) fn forget_unfinished(&self, digest: &Digest) -> Result<bool, StoreError> {
        let folder = &self.layout().ingest;
        let name = Name::Lock.of(digest);
        let attempt = || -> io::Result<bool> {
            let Some(lock) = Lock::try_acquire(folder, &name)? else {
                return Ok(false);
            };
            for name in [Name::Data, Name::Extents] {
                folder.remove_any(&name.of(digest))?;
            }
            lock.retire();
            Ok(true)
        };
        attempt().map_err(|error| StoreError::io("removing", folder.path_of(&name), error))
    }

    /// The content that has files among those of unfinished content, in order.
    fn begun(&self) -> io::Result<BTreeSet<Digest>> {
        let names = self.layout().ingest.names()?;
        let hexes = names
            .iter()
            .map(|name| name.split('.').next().unwrap_or_default());
        Ok(hexes
            .filter_map(|hex| format!("sha256:{hex}").parse().ok())
            .collect())
    }
}
