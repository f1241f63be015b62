//! The artifact of the legacy format, which has all signatures of a manifest.

use wharf_oci::media_type;

use super::artifact::descriptor;
use super::proof::{self, By};
use super::{Artifact, Proof, Signed, unreadable};
use crate::encoding::{digest, from_base64, to_base64};
use crate::envelope::Envelope;
use crate::json::Json;
use crate::layer::{ENVELOPE, Kind, Layer, PAYLOAD, PREDICATE, SIGNATURE, Signatures};
use crate::payload::Payload;
use crate::statement::Statement;
use crate::{Error, Format, limit};

/// The media type of the config: these artifacts pass for images.
const CONFIG: &str = "application/vnd.oci.image.config.v1+json";

/// The time that cosign gives what it makes, so that its digest depends on nothing else.
const NO_TIME: &str = "0001-01-01T00:00:00Z";

/// The artifact of the legacy format, which has all signatures of a manifest: those of
/// `present`, the manifest that is there, and a further one, unless the same key has said
/// the same there already. Nothing of what is there is lost. Fails with
/// [`Error::InvalidInput`] when `present` can't be added to.
pub fn legacy_artifact(
    present: Option<&[u8]>,
    signed: &Signed,
    proof: &Proof,
) -> Result<Artifact, Error> {
    if signed.format != Format::Legacy {
        return Err(Error::InvalidInput(
            "what was signed for a bundle does not fit the legacy format".to_owned(),
        ));
    }
    let by = proof::check(signed, proof)?;
    let mut annotations = proof::annotations(&by, proof)?;
    let (kind, content) = if proof::has_envelope(signed) {
        let statement = Statement::parse(&signed.payload).map_err(unreadable)?;
        annotations.push((PREDICATE.to_owned(), statement.predicate));
        // Cosign has it, and expects it to be empty.
        annotations.push((SIGNATURE.to_owned(), String::new()));
        let envelope = Envelope {
            payload: signed.payload.clone(),
            signature: signed.signature.clone(),
        };
        (ENVELOPE, envelope.json().written())
    } else {
        Payload::parse(&signed.payload).map_err(unreadable)?;
        annotations.push((SIGNATURE.to_owned(), to_base64(&signed.signature)));
        (PAYLOAD, signed.payload.clone())
    };
    let there = there(present)?;
    let media_type = there.media_type.clone();
    if let (Some(bytes), By::Key(key), PAYLOAD) = (present, &by, kind) {
        let same = |layer: &Layer| {
            let signature = layer.annotation(SIGNATURE).and_then(from_base64);
            let descriptor = &layer.descriptor;
            layer.kind() == Some(Kind::Payload)
                && descriptor.digest == digest(&content)
                && annotations
                    .iter()
                    .all(|(name, value)| name == SIGNATURE || layer.annotation(name) == Some(value))
                && signature.is_some_and(|signature| key.verifies(&signed.message, &signature))
        };
        if there.layers.iter().any(same) {
            return Ok(Artifact {
                media_type,
                manifest: bytes.to_vec(),
                blobs: Vec::new(),
            });
        }
    }
    let Json::Object(mut layer) = descriptor(kind, &content) else {
        return Err(unreadable("a descriptor is none".to_owned()));
    };
    layer.push(("annotations".to_owned(), Json::texts(&annotations)));
    Ok(there.with(Json::Object(layer), content))
}

/// The manifest that is there, or one without layers.
struct There {
    media_type: String,
    manifest: Vec<(String, Json)>,
    layers: Vec<Layer>,
    written: Vec<Json>,
}

fn there(present: Option<&[u8]>) -> Result<There, Error> {
    let Some(bytes) = present else {
        let members = [
            ("schemaVersion", Json::Number(2.into())),
            ("mediaType", media_type::IMAGE_MANIFEST.into()),
            ("config", Json::Null),
            ("layers", Json::Null),
        ];
        return Ok(There {
            media_type: media_type::IMAGE_MANIFEST.to_owned(),
            manifest: members
                .map(|(name, value)| (name.to_owned(), value))
                .to_vec(),
            layers: Vec::new(),
            written: Vec::new(),
        });
    };
    let refused = |reason: String| {
        Error::InvalidInput(format!(
            "the signatures that are there can't be added to: {reason}"
        ))
    };
    let signatures = Signatures::parse(bytes).map_err(refused)?;
    let signatures = signatures.ok_or_else(|| refused("an index is there instead".to_owned()))?;
    if signatures.layers.len() >= limit::LAYERS {
        return Err(Error::LimitExceeded(format!(
            "there are {} signatures, and {} are the most that are read: sign in the format of bundles",
            signatures.layers.len(),
            limit::LAYERS
        )));
    }
    let json = Json::parse(bytes).map_err(refused)?;
    let own = json.text("mediaType").map_err(refused)?;
    let media_type = own.unwrap_or(media_type::IMAGE_MANIFEST).to_owned();
    let Json::Object(manifest) = json else {
        return Err(refused("it is not an object".to_owned()));
    };
    Ok(There {
        media_type,
        manifest,
        layers: signatures.layers,
        written: signatures.written,
    })
}

impl There {
    /// What is there, and one layer more.
    fn with(self, layer: Json, content: Vec<u8>) -> Artifact {
        let mut digests: Vec<Json> = self
            .layers
            .iter()
            .map(|layer| layer.descriptor.digest.as_str().into())
            .collect();
        digests.push(digest(&content).as_str().into());
        let config = config(digests).written();
        let mut layers = self.written;
        layers.push(layer);
        let manifest = self
            .manifest
            .into_iter()
            .map(|(name, value)| match name.as_str() {
                "config" => (name, descriptor(CONFIG, &config)),
                "layers" => (name, Json::List(std::mem::take(&mut layers))),
                _ => (name, value),
            });
        Artifact {
            media_type: self.media_type,
            manifest: Json::Object(manifest.collect()).written(),
            blobs: vec![config, content],
        }
    }
}

/// The config of an image that has these layers and is for nothing.
fn config(digests: Vec<Json>) -> Json {
    let history = Json::object([("created", NO_TIME.into())]);
    Json::object([
        ("architecture", "".into()),
        ("created", NO_TIME.into()),
        ("history", Json::List(vec![history; digests.len()])),
        ("os", "".into()),
        (
            "rootfs",
            Json::object([("type", "layers".into()), ("diff_ids", Json::List(digests))]),
        ),
        ("config", Json::Object(Vec::new())),
    ])
}
