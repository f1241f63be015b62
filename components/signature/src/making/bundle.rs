//! Sigstore bundles.

use super::proof::{self, By};
use super::{Proof, Signed, unreadable};
use crate::bundle::{Bundle, V0_3};
use crate::encoding::to_base64;
use crate::envelope::Envelope;
use crate::json::Json;
use crate::{Error, Format};

/// The Sigstore bundle (version 0.3) of something that was signed for that format. Of
/// certificates it has the first: those of authorities are in the trusted root.
pub fn bundle(signed: &Signed, proof: &Proof) -> Result<Vec<u8>, Error> {
    if signed.format != Format::Bundle || !proof::has_envelope(signed) {
        return Err(Error::InvalidInput(
            "what was signed for the legacy format does not fit a bundle".to_owned(),
        ));
    }
    let mut material = vec![match proof::check(signed, proof)? {
        By::Key(key) => (
            "publicKey",
            Json::object([("hint", key.hint().as_str().into())]),
        ),
        By::Certificates(certificates) => {
            let leaf = to_base64(&certificates[0]);
            (
                "certificate",
                Json::object([("rawBytes", leaf.as_str().into())]),
            )
        }
    }];
    let entries = proof::log_entries(proof)?;
    for entry in &entries {
        let proof = entry
            .inner("inclusionProof")
            .and_then(|proof| proof.inner("checkpoint"));
        proof.map_err(|reason| {
            Error::InvalidInput(format!(
                "the log entry does not prove that it is in the log: {reason}"
            ))
        })?;
    }
    if !entries.is_empty() {
        material.push(("tlogEntries", Json::List(entries)));
    }
    if !proof.timestamps.is_empty() {
        let stamps = proof.timestamps.iter();
        let stamps = stamps
            .map(|stamp| Json::object([("signedTimestamp", to_base64(stamp).as_str().into())]));
        let stamps = Json::object([("rfc3161Timestamps", Json::List(stamps.collect()))]);
        material.push(("timestampVerificationData", stamps));
    }
    let material = material
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value));
    let envelope = Envelope {
        payload: signed.payload.clone(),
        signature: signed.signature.clone(),
    };
    let bundle = Json::object([
        ("mediaType", V0_3.into()),
        ("verificationMaterial", Json::Object(material.collect())),
        ("dsseEnvelope", envelope.json()),
    ]);
    let bytes = bundle.written();
    Bundle::parse(&bytes).map_err(unreadable)?;
    Ok(bytes)
}
