//! What proves who made a signature: checked, and as it stands in bundles and annotations.

use spki::der::pem::{LineEnding, encode_string};

use super::{Proof, Signed};
use crate::encoding::{to_base64, to_hex};
use crate::envelope::pre_authentication_encoding;
use crate::json::{Json, bad};
use crate::key::Key;
use crate::layer::{CERTIFICATE, CHAIN, LOG_ENTRY, TIMESTAMP};
use crate::{Error, limit};

/// Who made a signature.
pub(super) enum By<'a> {
    Key(Key),
    /// Whom the first of these names.
    Certificates(&'a [Vec<u8>]),
}

/// Whether something signed is an attestation or in a bundle, which has an envelope.
pub(super) fn has_envelope(signed: &Signed) -> bool {
    signed.message != signed.payload
}

/// Who made a signature. Fails when it is not over what it is said to be over, or not by
/// the key that is said to have made it.
pub(super) fn check<'a>(signed: &Signed, proof: &'a Proof) -> Result<By<'a>, Error> {
    if signed.signature.is_empty() {
        return Err(Error::InvalidInput("the signature is empty".to_owned()));
    }
    if has_envelope(signed) && signed.message != pre_authentication_encoding(&signed.payload) {
        return Err(Error::InvalidInput(
            "the message that was signed is not the payload's".to_owned(),
        ));
    }
    let key = match (&proof.public_key, proof.certificates.as_slice()) {
        (Some(pem), []) => pem,
        (None, certificates @ [_, ..]) if certificates.len() <= limit::CERTIFICATES => {
            return Ok(By::Certificates(certificates));
        }
        _ => {
            return Err(Error::InvalidInput(format!(
                "a signature is proved by a public key or by 1 to {} certificates",
                limit::CERTIFICATES
            )));
        }
    };
    let key = Key::parse(key)
        .map_err(|reason| Error::InvalidInput(format!("the public key {reason}")))?;
    if !key.verifies(&signed.message, &signed.signature) {
        return Err(Error::InvalidInput(
            "the signature is not by the public key that is beside it".to_owned(),
        ));
    }
    Ok(By::Key(key))
}

/// The entries of logs, as they were given.
pub(super) fn log_entries(proof: &Proof) -> Result<Vec<Json>, Error> {
    let entries = proof.log_entries.iter().map(|entry| {
        Json::parse(entry)
            .map_err(|reason| Error::InvalidInput(format!("the log entry can't be used: {reason}")))
    });
    entries.collect()
}

/// The annotations that prove who made a signature in the legacy format, and when.
pub(super) fn annotations(by: &By<'_>, proof: &Proof) -> Result<Vec<(String, String)>, Error> {
    let mut annotations = Vec::new();
    if let By::Certificates(certificates) = by {
        let pem: Vec<String> = certificates
            .iter()
            .map(|der| pem(der))
            .collect::<Result<_, _>>()?;
        annotations.push((CERTIFICATE.to_owned(), pem[0].clone()));
        if pem.len() > 1 {
            annotations.push((CHAIN.to_owned(), pem[1..].concat()));
        }
    }
    if let [entry] = log_entries(proof)?.as_slice() {
        let entry = log_entry(entry).map_err(|reason| {
            Error::InvalidInput(format!(
                "the log entry can't be written in the legacy format, which takes those that a log \
                 promised (Rekor v1): {reason}"
            ))
        })?;
        annotations.push((LOG_ENTRY.to_owned(), text(&entry)));
    } else if !proof.log_entries.is_empty() {
        return Err(Error::InvalidInput(
            "the legacy format takes one log entry".to_owned(),
        ));
    }
    match proof.timestamps.as_slice() {
        [] => {}
        [timestamp] => {
            let signed = to_base64(timestamp);
            let timestamp = Json::object([("SignedRFC3161Timestamp", signed.as_str().into())]);
            annotations.push((TIMESTAMP.to_owned(), text(&timestamp)));
        }
        _ => {
            return Err(Error::InvalidInput(
                "the legacy format takes one timestamp".to_owned(),
            ));
        }
    }
    Ok(annotations)
}

/// A log entry with cosign's names.
fn log_entry(entry: &Json) -> Result<Json, String> {
    let number = |name: &str| match entry.get(name) {
        Some(Json::Number(number)) => Ok(Json::Number(number.clone())),
        // Protobuf writes numbers of 64 bits as texts.
        Some(Json::Text(text)) => {
            let number: i64 = text.parse().map_err(|_| bad(name))?;
            Ok(Json::Number(number.into()))
        }
        _ => Err(bad(name)),
    };
    let log = crate::encoding::from_base64(entry.inner("logId")?.needed("keyId")?)
        .ok_or_else(|| bad("keyId"))?;
    let promise = entry
        .inner("inclusionPromise")?
        .needed("signedEntryTimestamp")?;
    let payload = Json::object([
        ("body", entry.needed("canonicalizedBody")?.into()),
        ("integratedTime", number("integratedTime")?),
        ("logIndex", number("logIndex")?),
        ("logID", to_hex(&log).as_str().into()),
    ]);
    Ok(Json::object([
        ("SignedEntryTimestamp", promise.into()),
        ("Payload", payload),
    ]))
}

fn pem(der: &[u8]) -> Result<String, Error> {
    encode_string("CERTIFICATE", LineEnding::LF, der)
        .map_err(|_| Error::InvalidInput("the certificate can't be written in PEM".to_owned()))
}

fn text(json: &Json) -> String {
    String::from_utf8_lossy(&json.written()).into_owned()
}
