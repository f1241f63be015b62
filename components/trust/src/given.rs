//! What both interfaces are given, and why they fail.

use wharf_signature::Error as SignatureError;

use crate::bindings::{Descriptor, Error};

/// A manifest that something is said of.
pub(crate) fn descriptor(given: Descriptor) -> Result<wharf_oci::Descriptor, Error> {
    let Descriptor {
        media_type,
        digest,
        size,
    } = given;
    let digest = digest
        .parse()
        .map_err(|error| Error::InvalidInput(format!("`{digest}` is no digest: {error}")))?;
    Ok(wharf_oci::Descriptor {
        media_type,
        digest,
        size,
    })
}

impl From<SignatureError> for Error {
    fn from(error: SignatureError) -> Self {
        match error {
            SignatureError::InvalidInput(text) => Self::InvalidInput(text),
            SignatureError::LimitExceeded(text) => Self::LimitExceeded(text),
            other => Self::Other(other.to_string()),
        }
    }
}
