//! What the layers of signatures say of themselves: media types, and the annotations of
//! the legacy format (cosign, "Signature Specification").

use wharf_oci::manifest::Manifest;
use wharf_oci::{Descriptor, Digest, media_type};

use crate::bundle;
use crate::encoding::digest;
use crate::json::{Json, quoted};

/// A layer that is a payload of the legacy format.
pub(crate) const PAYLOAD: &str = "application/vnd.dev.cosign.simplesigning.v1+json";

/// A layer that is an attestation in the legacy format.
pub(crate) const ENVELOPE: &str = "application/vnd.dsse.envelope.v1+json";

/// The signature of a payload, in base64.
pub(crate) const SIGNATURE: &str = "dev.cosignproject.cosign/signature";

/// The signer's certificate, in PEM.
pub(crate) const CERTIFICATE: &str = "dev.sigstore.cosign/certificate";

/// The certificates of those who issued it, in PEM.
pub(crate) const CHAIN: &str = "dev.sigstore.cosign/chain";

/// An entry of a transparency log, in JSON.
pub(crate) const LOG_ENTRY: &str = "dev.sigstore.cosign/bundle";

/// A timestamp, in JSON.
pub(crate) const TIMESTAMP: &str = "dev.sigstore.cosign/rfc3161timestamp";

/// The predicate type of an attestation.
pub(crate) const PREDICATE: &str = "predicateType";

/// What a layer may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A Sigstore bundle, of whichever version.
    Bundle,
    /// A payload of the legacy format.
    Payload,
    /// An attestation in the legacy format.
    Envelope,
}

/// A layer of a manifest.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Layer {
    pub(crate) descriptor: Descriptor,
    annotations: Vec<(String, Json)>,
}

/// A manifest that may have signatures.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Signatures {
    /// What it refers to.
    pub(crate) subject: Option<Digest>,
    pub(crate) layers: Vec<Layer>,
    /// The layers as they stand there.
    pub(crate) written: Vec<Json>,
}

impl Signatures {
    /// Reads an image manifest; none when it is an index, which has no layers.
    pub(crate) fn parse(manifest: &[u8]) -> Result<Option<Self>, String> {
        let image = match Manifest::parse(manifest, None) {
            Ok(Manifest::Image(image)) => image,
            Ok(_) => return Ok(None),
            Err(error) => return Err(error.to_string()),
        };
        let json = Json::parse(manifest)?;
        let written = json.list("layers")?;
        let layers = image.layers.into_iter().zip(written);
        let layers = layers.map(|(descriptor, json)| {
            Ok(Layer {
                descriptor,
                annotations: json.members("annotations")?.to_vec(),
            })
        });
        let subject = json.get("subject").map(|subject| {
            let digest: Result<Digest, _> = subject.needed("digest")?.parse();
            digest.map_err(|error| error.to_string())
        });
        Ok(Some(Self {
            subject: subject.transpose()?,
            layers: layers.collect::<Result<_, String>>()?,
            written: written.to_vec(),
        }))
    }
}

impl Layer {
    /// What it is, by its media type; none when it is no signature. Parameters do not matter,
    /// nor does case.
    pub(crate) fn kind(&self) -> Option<Kind> {
        let essence = media_type::essence(&self.descriptor.media_type);
        match essence.as_str() {
            PAYLOAD => Some(Kind::Payload),
            ENVELOPE => Some(Kind::Envelope),
            other => other
                .starts_with(bundle::MEDIA_TYPES)
                .then_some(Kind::Bundle),
        }
    }

    /// An annotation; one that is empty is none, as cosign has it.
    pub(crate) fn annotation(&self, name: &str) -> Option<&str> {
        let (_, value) = self.annotations.iter().find(|(key, _)| key == name)?;
        match value {
            Json::Text(text) if !text.is_empty() => Some(text),
            _ => None,
        }
    }

    /// Why bytes are not the content of the layer.
    pub(crate) fn differs(&self, content: &[u8]) -> Option<String> {
        if content.len() as u64 != self.descriptor.size {
            return Some(format!(
                "the layer has {} bytes, and {} stand in its descriptor",
                content.len(),
                self.descriptor.size
            ));
        }
        let found = digest(content);
        (found != self.descriptor.digest).then(|| {
            format!(
                "the layer has the digest {}, which is not the one of its descriptor",
                quoted(found.as_str())
            )
        })
    }
}
