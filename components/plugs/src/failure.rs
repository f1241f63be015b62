//! Errors of the content store, in the contract's words.

use std::fmt;
use std::io;

use wharf_oci::Digest;

use crate::bindings::{Descriptor, Error, Mismatch};

/// A step that failed.
pub(crate) fn failed(doing: impl fmt::Display, error: &io::Error) -> Error {
    Error::Failed(format!("{doing} failed: {error}"))
}

/// Content that is not what was promised.
pub(crate) fn mismatch(
    subject: impl fmt::Display,
    expected: impl fmt::Display,
    found: impl fmt::Display,
) -> Error {
    Error::Mismatch(Mismatch {
        subject: subject.to_string(),
        expected: expected.to_string(),
        found: found.to_string(),
    })
}

/// A digest of the contract.
pub(crate) fn digest(text: &str) -> Result<Digest, Error> {
    let parsed = text.parse();
    parsed.map_err(|error: wharf_oci::digest::DigestError| Error::Failed(error.to_string()))
}

/// A descriptor of the contract.
pub(crate) fn descriptor(described: Descriptor) -> Result<wharf_oci::Descriptor, Error> {
    Ok(wharf_oci::Descriptor {
        digest: digest(&described.digest)?,
        media_type: described.media_type,
        size: described.size,
    })
}

/// A descriptor for the contract.
pub(crate) fn described(descriptor: wharf_oci::Descriptor) -> Descriptor {
    Descriptor {
        media_type: descriptor.media_type,
        digest: descriptor.digest.to_string(),
        size: descriptor.size,
    }
}
