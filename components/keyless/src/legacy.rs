//! Signatures in cosign's annotations, as bundles.
//!
//! What the annotations have is what the first versions of the bundle have, so that the same
//! judgement serves both.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde_json::{Value, json};
use sigstore_verify::types::{Artifact, Bundle, Sha256Hash, SignatureContent};

use crate::json::{bounded, unambiguous, unusable};
use crate::{Problem, evidence};

/// A signature that is written down in cosign's annotations of a layer.
#[derive(Debug, Clone, Copy)]
pub struct Legacy<'a> {
    /// The message that was signed: the layer, or for an attestation the pre-authentication
    /// encoding (DSSE v1.0.0) of its payload.
    pub payload: &'a [u8],
    /// The signature.
    pub signature: &'a [u8],
    /// `dev.sigstore.cosign/certificate`, in PEM.
    pub certificate: &'a str,
    /// `dev.sigstore.cosign/chain`, in PEM.
    pub chain: Option<&'a str>,
    /// `dev.sigstore.cosign/bundle`, a log entry with the log's promise, in JSON.
    pub log_entry: Option<&'a str>,
    /// `dev.sigstore.cosign/rfc3161timestamp`, in JSON, or the `TimeStampResp` itself.
    pub timestamp: Option<&'a [u8]>,
}

/// The annotation of a log entry, with cosign's names.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct LogEntry {
    signed_entry_timestamp: String,
    payload: LogPayload,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct LogPayload {
    body: String,
    integrated_time: i64,
    log_index: i64,
    #[serde(rename = "logID")]
    log_id: String,
}

/// What a log entry says of itself.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct LogBody {
    kind: String,
    api_version: String,
}

/// The annotation of a timestamp, with cosign's names.
#[derive(Deserialize)]
struct Timestamp {
    #[serde(rename = "SignedRFC3161Timestamp")]
    signed: String,
}

impl<'a> Legacy<'a> {
    /// As a bundle with the certificate and its chain.
    pub(crate) fn with_certificate(&self) -> Result<Bundle, Problem> {
        let leaf = certificates(self.certificate)?;
        if leaf.len() != 1 {
            return Err(Problem::Unusable(format!(
                "there must be one certificate, and there are {}",
                leaf.len()
            )));
        }
        let mut chain = leaf.clone();
        if let Some(text) = self.chain.filter(|text| !text.trim().is_empty()) {
            let added = certificates(text)?;
            if added.is_empty() {
                return Err(Problem::Unusable("the chain has no certificate".into()));
            }
            chain.extend(added.into_iter().filter(|added| *added != leaf[0]));
        }
        self.bundle("x509CertificateChain", &json!({ "certificates": chain }))
    }

    /// As a bundle that has no certificate.
    pub(crate) fn with_key(&self) -> Result<Bundle, Problem> {
        self.bundle("publicKey", &json!({ "hint": "" }))
    }

    /// What the signature is about.
    pub(crate) fn artifact(&self, bundle: &Bundle) -> Result<Artifact<'a>, Problem> {
        match bundle.content {
            SignatureContent::MessageSignature(_) => Ok(Artifact::from_blob(self.payload)),
            _ => Ok(evidence::signed_sha256(bundle)?.into()),
        }
    }

    fn bundle(&self, key: &str, material: &Value) -> Result<Bundle, Problem> {
        // The first version of the format has entries that the log promises, which may have
        // no proof; the second may do without entries.
        let version = if self.log_entry.is_some() {
            "0.1"
        } else {
            "0.2"
        };
        let media_type = format!("application/vnd.dev.sigstore.bundle+json;version={version}");
        let entries = self.log_entry.map(log_entry).transpose()?;
        let timestamps = self.timestamp.map(timestamp).transpose()?;
        let (content, signature) = self.content()?;
        let bundle = json!({
            "mediaType": media_type,
            "verificationMaterial": {
                key: material,
                "tlogEntries": Vec::from_iter(entries),
                "timestampVerificationData": { "rfc3161Timestamps": Vec::from_iter(timestamps) },
            },
            content: signature,
        });
        let bundle = serde_json::from_value(bundle).map_err(unusable)?;
        bounded(&bundle)?;
        Ok(bundle)
    }

    fn content(&self) -> Result<(&'static str, Value), Problem> {
        let signature = STANDARD.encode(self.signature);
        if self.payload.starts_with(b"DSSEv1 ") {
            let (kind, payload) = envelope(self.payload)
                .ok_or_else(|| Problem::Unusable("the envelope's encoding can't be read".into()))?;
            let envelope = json!({
                "payloadType": kind,
                "payload": STANDARD.encode(payload),
                "signatures": [{ "sig": signature }],
            });
            return Ok(("dsseEnvelope", envelope));
        }
        let digest = sigstore_verify::crypto::sha256(self.payload);
        let signature = json!({
            "messageDigest": { "algorithm": "SHA2_256", "digest": digest.to_base64() },
            "signature": signature,
        });
        Ok(("messageSignature", signature))
    }
}

/// The type and the payload of an envelope's pre-authentication encoding (DSSE v1.0.0,
/// "Signature Definition").
fn envelope(encoding: &[u8]) -> Option<(&str, &[u8])> {
    fn text(rest: &[u8]) -> Option<(&[u8], &[u8])> {
        let space = rest.iter().position(|byte| *byte == b' ')?;
        let length: usize = std::str::from_utf8(&rest[..space]).ok()?.parse().ok()?;
        rest[space + 1..].split_at_checked(length)
    }
    let (kind, rest) = text(encoding.strip_prefix(b"DSSEv1 ")?)?;
    let (payload, rest) = text(rest.strip_prefix(b" ")?)?;
    let kind = std::str::from_utf8(kind).ok()?;
    rest.is_empty().then_some((kind, payload))
}

/// The certificates of a PEM text.
fn certificates(pem: &str) -> Result<Vec<Value>, Problem> {
    pem::parse_many(pem)
        .map_err(unusable)?
        .iter()
        .map(|block| {
            if block.tag() == "CERTIFICATE" {
                Ok(json!({ "rawBytes": STANDARD.encode(block.contents()) }))
            } else {
                Err(Problem::Unusable(format!(
                    "there is a {} where a certificate belongs",
                    block.tag()
                )))
            }
        })
        .collect()
}

fn log_entry(annotation: &str) -> Result<Value, Problem> {
    unambiguous(annotation).map_err(Problem::Unusable)?;
    let entry: LogEntry = serde_json::from_str(annotation).map_err(unusable)?;
    let body = STANDARD.decode(&entry.payload.body).map_err(unusable)?;
    let body: LogBody = serde_json::from_slice(&body).map_err(unusable)?;
    let log_id = Sha256Hash::from_hex(&entry.payload.log_id).map_err(unusable)?;
    Ok(json!({
        "logIndex": entry.payload.log_index.to_string(),
        "logId": { "keyId": log_id.to_base64() },
        "kindVersion": { "kind": body.kind, "version": body.api_version },
        "integratedTime": entry.payload.integrated_time.to_string(),
        "inclusionPromise": { "signedEntryTimestamp": entry.signed_entry_timestamp },
        "canonicalizedBody": entry.payload.body,
    }))
}

fn timestamp(annotation: &[u8]) -> Result<Value, Problem> {
    let signed = if annotation.starts_with(b"{") {
        let text = std::str::from_utf8(annotation).map_err(unusable)?;
        unambiguous(text).map_err(Problem::Unusable)?;
        let timestamp: Timestamp = serde_json::from_str(text).map_err(unusable)?;
        timestamp.signed
    } else {
        STANDARD.encode(annotation)
    };
    Ok(json!({ "signedTimestamp": signed }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_envelopes_encoding_is_read_whole() {
        assert_eq!(
            envelope(b"DSSEv1 3 a/b 5 hello"),
            Some(("a/b", b"hello".as_slice()))
        );
        for wrong in [
            "DSSEv1 3 a/b 5 hello!",
            "DSSEv1 3 a/b 6 hello",
            "DSSEv1 4 a/b 5 hello",
            "DSSEv1 99999999999999999999999 a/b 5 hello",
            "DSSEv1 3 a/b",
            "DSSEv1 -3 a/b 5 hello",
        ] {
            assert_eq!(envelope(wrong.as_bytes()), None, "{wrong}");
        }
    }
}
