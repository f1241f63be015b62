//! Manifests: what belongs to an artifact (image-spec v1.1.1, "manifest.md" and
//! "image-index.md").

use alloc::borrow::ToOwned as _;
use alloc::string::String;
use alloc::vec::Vec;

use crate::index::{Entry, Index};
use crate::json::Node;
use crate::{Descriptor, limit, media_type};

/// A manifest as it was fetched, parsed for what a transfer needs. The bytes stay
/// what counts: whoever stores or sends a manifest uses those.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Manifest {
    /// A config and layers.
    Image(Image),
    /// Other manifests.
    Index(Index),
}

/// An image manifest, of OCI or Docker.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Image {
    /// The manifest's own media type, where it says so.
    pub media_type: Option<String>,
    /// The config blob.
    pub config: Descriptor,
    /// The layers, whose order has meaning.
    pub layers: Vec<Descriptor>,
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
    SchemaVersion(u64),
}

impl Manifest {
    /// The media type to serve and to describe it as; see [`Image::media_type`].
    #[must_use]
    pub fn media_type(&self, served_as: Option<&str>) -> String {
        match self {
            Self::Image(image) => image.media_type(served_as),
            Self::Index(index) => index.media_type(served_as),
        }
    }

    /// Parses the bytes of a manifest that was served, or described, as
    /// `served_as`; none when that is not known.
    pub fn parse(bytes: &[u8], served_as: Option<&str>) -> Result<Self, ManifestError> {
        if bytes.len() as u64 > limit::MANIFEST_BYTES {
            return Err(ManifestError::Size);
        }
        let json = ManifestError::Json;
        let document = Node::parse(bytes).map_err(json)?;
        match document.number("schemaVersion").map_err(json)? {
            Some(2) => {}
            Some(other) => return Err(ManifestError::SchemaVersion(other)),
            None => return Err(json(crate::json::bad("schemaVersion"))),
        }
        let media_type = document.text("mediaType").map_err(json)?;
        if let (Some(inside), Some(outside)) = (&media_type, served_as)
            && media_type::essence(inside) != media_type::essence(outside)
        {
            return Err(ManifestError::MediaType {
                inside: crate::problem::clean(inside, 100),
                outside: crate::problem::clean(outside, 100),
            });
        }
        // What says nothing of itself is what it looks like, if it was not served as
        // the other.
        let (inside, other) = if document.get("manifests").is_some() {
            (media_type::IMAGE_INDEX, media_type::MANIFESTS)
        } else {
            (media_type::IMAGE_MANIFEST, media_type::INDEXES)
        };
        if let Some(outside) = served_as.map(media_type::essence)
            && other.contains(&outside.as_str())
        {
            return Err(ManifestError::MediaType {
                inside: inside.to_owned(),
                outside,
            });
        }
        let list = |name: &str| document.list(name).map_err(json);
        match (list("manifests")?, document.get("config"), list("layers")?) {
            (Some(manifests), None, None) => Ok(Self::Index(Index {
                media_type,
                manifests: each(manifests, Entry::read)?,
            })),
            (Some(_), _, _) => Err(ManifestError::Ambiguous),
            (None, Some(config), Some(layers)) => Ok(Self::Image(Image {
                media_type,
                config: Descriptor::read(config).map_err(json)?,
                layers: each(layers, Descriptor::read)?,
            })),
            (None, _, _) => Err(ManifestError::Json(
                "it has neither `config` and `layers` nor `manifests`".to_owned(),
            )),
        }
    }
}

fn each<T>(
    nodes: &[Node],
    read: impl Fn(&Node) -> Result<T, String>,
) -> Result<Vec<T>, ManifestError> {
    let read = nodes.iter().map(read);
    read.collect::<Result<_, _>>().map_err(ManifestError::Json)
}

/// What a manifest says of itself that no transfer depends on.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Details {
    /// What kind of artifact it is.
    pub artifact_type: Option<String>,
    /// What it refers to.
    pub subject: Option<Descriptor>,
    /// By key, in the order in which they stand there.
    pub annotations: Vec<(String, String)>,
}

impl Details {
    /// Reads the bytes of a manifest.
    pub fn parse(bytes: &[u8]) -> Result<Self, ManifestError> {
        let read = || {
            let manifest = Node::parse(bytes)?;
            Ok(Self {
                artifact_type: manifest.text("artifactType")?,
                subject: manifest.get("subject").map(Descriptor::read).transpose()?,
                annotations: manifest.texts("annotations")?,
            })
        };
        read().map_err(ManifestError::Json)
    }
}

impl Image {
    /// The media type to serve and to describe it as: its own, or else Docker's if
    /// it was served as that, or else OCI's.
    #[must_use]
    pub fn media_type(&self, served_as: Option<&str>) -> String {
        media_type::own_or_served(
            self.media_type.as_deref(),
            served_as,
            media_type::DOCKER_MANIFEST,
            media_type::IMAGE_MANIFEST,
        )
    }

    /// Everything that has to be there with the manifest: config and layers, in
    /// its order, each once. An error when one digest is given two sizes.
    pub fn blobs(&self) -> Result<Vec<Descriptor>, ManifestError> {
        let mut blobs: Vec<Descriptor> = Vec::with_capacity(self.layers.len() + 1);
        // The places of those, in the order of their digests.
        let mut known: Vec<usize> = Vec::new();
        for blob in core::iter::once(&self.config).chain(&self.layers) {
            match known.binary_search_by(|at| blobs[*at].digest.cmp(&blob.digest)) {
                Err(place) => {
                    known.insert(place, blobs.len());
                    blobs.push(blob.clone());
                }
                Ok(place) if blobs[known[place]].size != blob.size => {
                    return Err(ManifestError::Json(
                        "it gives two different sizes for ".to_owned() + blob.digest.as_str(),
                    ));
                }
                Ok(_) => {}
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
        let untyped = image("");
        let index = format!(r#"{{"schemaVersion":2,"manifests":[{EMPTY}]}}"#);
        for (text, served_as, well) in [
            (&untyped, media_type::IMAGE_INDEX, false),
            (&untyped, media_type::DOCKER_LIST, false),
            (&untyped, media_type::DOCKER_MANIFEST, true),
            (&untyped, "application/json", true),
            (&index, media_type::IMAGE_MANIFEST, false),
            (&index, media_type::DOCKER_LIST, true),
        ] {
            let parsed = Manifest::parse(text.as_bytes(), Some(served_as));
            assert_eq!(parsed.is_ok(), well, "{served_as}: {parsed:?}");
        }
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
