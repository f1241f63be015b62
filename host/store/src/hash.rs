//! SHA-256, in the types of the protocol.

use sha2::{Digest as _, Sha256};
use wharf_oci::Digest;

/// How much is read or copied at once, in bytes: large enough that the calls
/// don't count beside the hashing, small enough for the processor's cache.
pub(crate) const BUFFER_BYTES: usize = 256 * 1024;

/// A running hash.
#[derive(Clone, Debug, Default)]
pub(crate) struct Hasher(Sha256);

impl Hasher {
    pub(crate) fn update(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    pub(crate) fn finish(self) -> Digest {
        Digest::from_sha256(&self.0.finalize().into())
    }
}

/// The digest of these bytes.
pub(crate) fn digest(bytes: &[u8]) -> Digest {
    let mut hasher = Hasher::default();
    hasher.update(bytes);
    hasher.finish()
}
