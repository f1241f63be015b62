//! What is beside a signature: log entries and timestamps.

use jiff::Timestamp;
use sigstore_verify::crypto::VerificationKey;
use sigstore_verify::trust_root::{TransparencyLog, TrustedRoot};
use sigstore_verify::types::{
    Bundle, HashAlgorithm, MediaType, Sha256Hash, SignatureContent, Statement, TransparencyLogEntry,
};

use crate::Problem;
use crate::json::unusable;

/// Checks what `sigstore-verify` does not look at: that each entry stands for itself, is
/// proved or promised, and is in the very log that it names.
pub(crate) fn check(root: &TrustedRoot, bundle: &Bundle) -> Result<(), Problem> {
    let material = &bundle.verification_material;
    let timestamps = &material.timestamp_verification_data.rfc3161_timestamps;
    if doubled(timestamps, |one, other| one == other) {
        return Err(Problem::Wrong("a timestamp is there twice".into()));
    }
    if doubled(&material.tlog_entries, |one, other| {
        one.log_id == other.log_id
            && (one.log_index == other.log_index
                || one.canonicalized_body == other.canonicalized_body)
    }) {
        return Err(Problem::Wrong("a log entry is there twice".into()));
    }
    for entry in &material.tlog_entries {
        let log = log(root, entry)?;
        let proof = entry.inclusion_proof.as_ref();
        // Only the first version of the format has entries that are merely promised.
        let promised =
            bundle.media_type == MediaType::Bundle0_1 && entry.inclusion_promise.is_some();
        match proof {
            Some(proof) => {
                let Some(checkpoint) = proof.checkpoint.checkpoint() else {
                    return Err(Problem::Wrong(
                        "the log entry's proof of inclusion has no checkpoint".into(),
                    ));
                };
                let key =
                    VerificationKey::from_spki(&log.public_key.raw_bytes).map_err(unusable)?;
                let hint = log.log_id.key_id.as_bytes().get(..4);
                let signed = checkpoint.signatures().iter().any(|signature| {
                    Some(signature.key_id.as_bytes().as_slice()) == hint
                        && key
                            .verify(checkpoint.signed_data(), &signature.signature)
                            .is_ok()
                });
                if !signed {
                    return Err(Problem::Wrong(format!(
                        "the checkpoint of the log entry is not signed by {}",
                        log.base_url
                    )));
                }
            }
            None if promised => {}
            None => {
                return Err(Problem::Wrong(
                    "the log entry has no proof of inclusion".into(),
                ));
            }
        }
    }
    Ok(())
}

/// Checks that the logs were valid at each time that is proved. A retired key may be in
/// anybody's hands.
pub(crate) fn check_windows(
    root: &TrustedRoot,
    bundle: &Bundle,
    times: &[Timestamp],
) -> Result<(), Problem> {
    for entry in &bundle.verification_material.tlog_entries {
        let log = log(root, entry)?;
        for &time in times {
            if log
                .public_key
                .valid_for
                .is_some_and(|range| !range.contains(time))
            {
                return Err(Problem::Wrong(format!(
                    "the key of the transparency log {} was not valid at {time}",
                    log.base_url
                )));
            }
        }
    }
    Ok(())
}

fn log<'r>(
    root: &'r TrustedRoot,
    entry: &TransparencyLogEntry,
) -> Result<&'r TransparencyLog, Problem> {
    root.tlogs
        .iter()
        .find(|log| log.log_id == entry.log_id)
        .ok_or_else(|| {
            Problem::Foreign(format!(
                "the log entry is of the transparency log {}, which the trusted root does not \
                 have",
                entry.log_id.key_id
            ))
        })
}

fn doubled<T>(items: &[T], same: impl Fn(&T, &T) -> bool) -> bool {
    items
        .iter()
        .enumerate()
        .any(|(index, item)| items[..index].iter().any(|earlier| same(earlier, item)))
}

/// The SHA-256 of what a signature is about, as the bundle itself says.
pub(crate) fn signed_sha256(bundle: &Bundle) -> Result<Sha256Hash, Problem> {
    let sha256 = match &bundle.content {
        SignatureContent::DsseEnvelope(envelope) => {
            serde_json::from_slice::<Statement>(envelope.payload.as_bytes())
                .map_err(unusable)?
                .subject
                .iter()
                .find_map(|subject| subject.digest.sha256)
        }
        SignatureContent::MessageSignature(signature) => signature
            .message_digest
            .as_ref()
            .filter(|digest| digest.algorithm == HashAlgorithm::Sha2256)
            .and_then(|digest| Sha256Hash::try_from(digest.digest.as_bytes()).ok()),
        _ => None,
    };
    sha256.ok_or_else(|| Problem::Unusable("the signature is about nothing by SHA-256".into()))
}
