//! What may be a signature.

use wharf_oci::Digest;

/// Something that may have signatures in it. All of it may come from an attacker.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Evidence {
    /// What a registry has: a manifest, and of its layers those that are at hand.
    Manifest {
        /// Its digest.
        digest: Digest,
        /// Its bytes.
        content: Vec<u8>,
        /// Layers, by their digests.
        layers: Vec<(Digest, Vec<u8>)>,
    },
    /// A Sigstore bundle that lay in a file.
    Bundle(Vec<u8>),
}
