//! Descriptors: what is known of content before it is read.

use alloc::string::{String, ToString as _};

use serde::{Deserialize, Serialize};

use crate::Digest;
use crate::json::{Node, bad};

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

    /// Reads what stands in a manifest.
    pub(crate) fn read(node: &Node) -> Result<Self, String> {
        let text = |name: &str| node.text(name)?.ok_or_else(|| bad(name));
        let digest: Result<Digest, _> = text("digest")?.parse();
        Ok(Self {
            media_type: text("mediaType")?,
            digest: digest.map_err(|error| error.to_string())?,
            size: node.number("size")?.ok_or_else(|| bad("size"))?,
        })
    }
}
