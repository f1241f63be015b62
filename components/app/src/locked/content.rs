//! Where a piece of an application's content is.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use wharf_oci::Digest;

/// A piece of content: by digest, within the document itself, or at an address.
/// At least one of them is there in a document that means something.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ContentRef {
    /// An address, `file://…` for applications that were never published.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// The content itself, in base64.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        serialize_with = "to_base64",
        deserialize_with = "from_base64"
    )]
    pub inline: Option<Vec<u8>>,
    /// The digest that the content has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub digest: Option<Digest>,
}

#[expect(
    clippy::ref_option,
    reason = "the shape that serde calls it in; never called for none"
)]
fn to_base64<S: Serializer>(bytes: &Option<Vec<u8>>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&STANDARD.encode(bytes.as_deref().unwrap_or_default()))
}

fn from_base64<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Vec<u8>>, D::Error> {
    let Some(text) = Option::<String>::deserialize(deserializer)? else {
        return Ok(None);
    };
    let bytes = STANDARD.decode(text).map_err(|error| {
        serde::de::Error::custom(format!("the member `inline` is not base64: {error}"))
    })?;
    Ok(Some(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn base64_that_is_not() {
        let error = serde_json::from_str::<ContentRef>(r#"{"inline":"%%%"}"#).unwrap_err();
        assert!(error.to_string().contains("`inline` is not base64"));
    }

    proptest! {
        #[test]
        fn inline_bytes_come_back(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let content = ContentRef { inline: Some(bytes), ..ContentRef::default() };
            let text = serde_json::to_string(&content).unwrap();
            prop_assert_eq!(serde_json::from_str::<ContentRef>(&text).unwrap(), content);
        }
    }
}
