//! Manifests: what belongs to an artifact (image-spec v1.1.1, "manifest.md" and
//! "image-index.md").

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{Descriptor, limit, media_type};

/// A manifest as it was fetched, parsed for what a transfer needs.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Manifest {
    /// A config and layers.
    Image(Box<ImageManifest>),
    /// Other manifests.
    Index(ImageIndex),
}

/// An image manifest, of OCI or Docker.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ImageManifest {
    /// Always 2.
    pub schema_version: u32,
    /// The manifest's own media type, where it says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub media_type: Option<String>,
    /// What kind of artifact it is, where it says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub artifact_type: Option<String>,
    /// The config blob.
    pub config: Descriptor,
    /// The layers, whose order has meaning.
    pub layers: Vec<Descriptor>,
    /// The manifest that this one says something about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<Descriptor>,
    /// Free-form properties.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub annotations: BTreeMap<String, String>,
}

/// An image index or Docker's manifest list.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ImageIndex {
    /// Always 2.
    pub schema_version: u32,
    /// The index's own media type, where it says so.
    #[serde(default)]
    pub media_type: Option<String>,
    /// The manifests in it.
    pub manifests: Vec<Descriptor>,
}

/// Why bytes are not a manifest that can be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ManifestError {
    /// Larger than [`limit::MANIFEST_BYTES`].
    #[error("it is larger than {} bytes", limit::MANIFEST_BYTES)]
    Size,
    /// Not JSON, or not of the specified shape.
    #[error("it is not a manifest: {0}")]
    Json(String),
    /// Both an index and an image manifest (CVE-2021-41190).
    #[error("it is ambiguous: it has both `manifests` and `layers` or `config`")]
    Ambiguous,
    /// The media type in it is not the one it was served as.
    #[error("it says it is `{inside}` and was served as `{outside}`")]
    MediaType {
        /// The member `mediaType`.
        inside: String,
        /// The header `Content-Type`, or the descriptor's media type.
        outside: String,
    },
    /// A `schemaVersion` other than 2.
    #[error("its `schemaVersion` is {0}, and only 2 is understood")]
    SchemaVersion(u32),
}

impl Manifest {
    /// Parses the bytes of a manifest that was served, or described, as
    /// `served_as`; none when that is not known.
    pub fn parse(bytes: &[u8], served_as: Option<&str>) -> Result<Self, ManifestError> {
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Shape {
            schema_version: u32,
            media_type: Option<String>,
            manifests: Option<serde::de::IgnoredAny>,
            layers: Option<serde::de::IgnoredAny>,
            config: Option<serde::de::IgnoredAny>,
        }
        if bytes.len() as u64 > limit::MANIFEST_BYTES {
            return Err(ManifestError::Size);
        }
        let json = |error: serde_json::Error| ManifestError::Json(error.to_string());
        let shape: Shape = serde_json::from_slice(bytes).map_err(json)?;
        if shape.schema_version != 2 {
            return Err(ManifestError::SchemaVersion(shape.schema_version));
        }
        if let (Some(inside), Some(outside)) = (&shape.media_type, served_as)
            && media_type::essence(inside) != media_type::essence(outside)
        {
            return Err(ManifestError::MediaType {
                inside: crate::problem::clean(inside, 100),
                outside: crate::problem::clean(outside, 100),
            });
        }
        let has_image = shape.layers.is_some() || shape.config.is_some();
        match (shape.manifests.is_some(), has_image) {
            (true, true) => Err(ManifestError::Ambiguous),
            (true, false) => serde_json::from_slice(bytes).map(Self::Index).map_err(json),
            (false, _) => serde_json::from_slice(bytes)
                .map(|image| Self::Image(Box::new(image)))
                .map_err(json),
        }
    }

    /// The media type to serve and to describe it as: its own, or else the one it
    /// was served as, or else that of its shape.
    #[must_use]
    pub fn media_type(&self, served_as: Option<&str>) -> String {
        let (own, default) = match self {
            Self::Image(image) => (&image.media_type, media_type::IMAGE_MANIFEST),
            Self::Index(index) => (&index.media_type, media_type::IMAGE_INDEX),
        };
        let known = |text: &str| {
            [
                media_type::IMAGE_MANIFEST,
                media_type::IMAGE_INDEX,
                media_type::DOCKER_MANIFEST,
                media_type::DOCKER_LIST,
            ]
            .contains(&text)
        };
        own.clone()
            .or_else(|| {
                served_as
                    .map(media_type::essence)
                    .filter(|text| known(text))
            })
            .unwrap_or_else(|| default.to_owned())
    }
}

impl ImageManifest {
    /// Everything that has to be there with the manifest: config and layers, in
    /// its order, each once. An error when one digest is given two sizes.
    pub fn blobs(&self) -> Result<Vec<Descriptor>, ManifestError> {
        let mut sizes = BTreeMap::new();
        let mut blobs = Vec::new();
        for blob in std::iter::once(&self.config).chain(&self.layers) {
            match sizes.insert(blob.digest.clone(), blob.size) {
                None => blobs.push(blob.clone()),
                Some(size) if size == blob.size => {}
                Some(_) => {
                    return Err(ManifestError::Json(format!(
                        "it gives {} two different sizes",
                        blob.digest
                    )));
                }
            }
        }
        Ok(blobs)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const EMPTY: &str = r#"{"mediaType":"application/vnd.oci.empty.v1+json","digest":"sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a","size":2}"#;

    fn image(members: &str) -> String {
        format!(r#"{{"schemaVersion":2,{members}"config":{EMPTY},"layers":[{EMPTY},{EMPTY}]}}"#)
    }

    #[test]
    fn an_image_and_an_index() {
        let Ok(Manifest::Image(parsed)) = Manifest::parse(image("").as_bytes(), None) else {
            panic!("not an image");
        };
        assert_eq!(parsed.blobs().unwrap().len(), 1, "each blob once");
        let index = format!(r#"{{"schemaVersion":2,"manifests":[{EMPTY}]}}"#);
        assert!(matches!(
            Manifest::parse(index.as_bytes(), None),
            Ok(Manifest::Index(_))
        ));
    }

    #[test]
    fn refuses_what_can_be_read_in_two_ways() {
        let both = image(r#""manifests":[],"#);
        assert_eq!(
            Manifest::parse(both.as_bytes(), None),
            Err(ManifestError::Ambiguous)
        );
        let typed = image(&format!(r#""mediaType":"{}","#, media_type::IMAGE_MANIFEST));
        assert!(
            Manifest::parse(
                typed.as_bytes(),
                Some("application/vnd.OCI.image.manifest.v1+json; charset=utf-8")
            )
            .is_ok()
        );
        assert!(matches!(
            Manifest::parse(typed.as_bytes(), Some(media_type::IMAGE_INDEX)),
            Err(ManifestError::MediaType { .. })
        ));
        let doubled = image(r#""config":{},"#);
        assert!(matches!(
            Manifest::parse(doubled.as_bytes(), None),
            Err(ManifestError::Json(_))
        ));
    }

    #[test]
    fn refuses_nonsense() {
        for text in [
            "",
            "<html>",
            "[]",
            "{}",
            r#"{"schemaVersion":1,"layers":[]}"#,
            r#"{"schemaVersion":2}"#,
        ] {
            assert!(Manifest::parse(text.as_bytes(), None).is_err(), "{text}");
        }
        let deep = format!(r#"{{"schemaVersion":2,"x":{}"#, "[".repeat(100_000));
        assert!(Manifest::parse(deep.as_bytes(), None).is_err());
        let huge = image("").replace(r#""size":2"#, r#""size":99999999999999999999"#);
        assert!(Manifest::parse(huge.as_bytes(), None).is_err());
        let negative = image("").replace(r#""size":2"#, r#""size":-2"#);
        assert!(Manifest::parse(negative.as_bytes(), None).is_err());
        let path = image("").replace("sha256:44", "../../44");
        assert!(Manifest::parse(path.as_bytes(), None).is_err());
    }

    #[test]
    fn one_digest_has_one_size() {
        let text = image("").replacen(r#""size":2"#, r#""size":3"#, 1);
        let Ok(Manifest::Image(parsed)) = Manifest::parse(text.as_bytes(), None) else {
            panic!("not an image");
        };
        assert!(parsed.blobs().is_err());
    }

    proptest! {
        #[test]
        fn never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            let _ = Manifest::parse(&bytes, None);
        }
    }
}
