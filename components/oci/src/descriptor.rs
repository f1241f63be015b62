//! Descriptors: what is known of content before it is read.

use alloc::string::String;

use serde::{Deserialize, Serialize};

use crate::Digest;

/// Media type, digest and size of a piece of content
/// (image-spec v1.1.1, "Content Descriptors").
///
/// `urls` and `data` are not kept: content is fetched from the registry alone,
/// and the one that `urls` leads to is not to be spoken to (CVE-2020-15157). Nor are
/// annotations: nothing in a transfer depends on them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Descriptor {
    /// What the content is.
    pub media_type: String,
    /// Its name.
    pub digest: Digest,
    /// Its exact length in bytes.
    pub size: u64,
}

impl Descriptor {
    /// A descriptor of its three properties.
    #[must_use]
    pub fn new(media_type: impl Into<String>, digest: Digest, size: u64) -> Self {
        Self {
            media_type: media_type.into(),
            digest,
            size,
        }
    }
}
