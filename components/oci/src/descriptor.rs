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

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(text: &str) -> Result<Descriptor, String> {
        Descriptor::read(&Node::parse(text.as_bytes())?)
    }

    #[test]
    fn all_three_properties_are_needed() {
        let digest = Digest::from_sha256(&[7; 32]);
        let whole = format!(r#"{{"mediaType":"a/b","digest":"{digest}","size":7,"urls":[]}}"#);
        let descriptor = Descriptor::new("a/b", digest.clone(), 7);
        assert_eq!(read(&whole), Ok(descriptor));
        for name in ["mediaType", "digest", "size"] {
            let error = read(&whole.replace(name, "other")).unwrap_err();
            assert!(error.contains(name), "{error}");
        }
        for wrong in ["-1", "7.5", "\"7\"", "null", "18446744073709551616"] {
            assert!(read(&whole.replace(":7,", &format!(":{wrong},"))).is_err());
        }
        assert!(read("[]").is_err());
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(
            media_type in "[a-z]{1,9}/[a-z.+]{1,9}",
            hash in proptest::array::uniform32(any::<u8>()),
            size in any::<u64>(),
        ) {
            let descriptor = Descriptor::new(media_type, Digest::from_sha256(&hash), size);
            let text = serde_json::to_string(&descriptor).unwrap();
            prop_assert_eq!(read(&text), Ok(descriptor));
        }

        #[test]
        fn never_panics(digest in ".{0,80}", size in "[-0-9.eE]{0,24}") {
            let _ = read(&format!(r#"{{"mediaType":"a","digest":"{digest}","size":{size}}}"#));
        }
    }
}
