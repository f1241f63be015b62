//! Entries of transparency logs (Rekor).

mod entry;
mod first;
mod second;

use base64::{Engine, engine::general_purpose::STANDARD};
use sha2::{Digest, Sha256, Sha384, Sha512};

use super::{Content, Exchange, KeylessError, Log, Signed, Verifier, call::json};
use crate::Algorithm;

/// What is proposed to a log.
pub(super) struct Proposal<'a> {
    signed: &'a Signed<'a>,
    /// The name of the hash that goes with the key.
    hash: &'static str,
    /// The hash of what the signature is over.
    digest: Vec<u8>,
}

impl<'a> Proposal<'a> {
    pub(super) fn new(signed: &'a Signed<'a>) -> Self {
        let message = match signed.content {
            Content::Envelope { payload, kind } => encoded(kind, payload),
            Content::Message(message) => message.to_vec(),
        };
        let (hash, digest) = match signed.algorithm {
            Algorithm::EcdsaP256 | Algorithm::Rsa { .. } => {
                ("sha256", Sha256::digest(message).to_vec())
            }
            Algorithm::EcdsaP384 => ("sha384", Sha384::digest(message).to_vec()),
            Algorithm::EcdsaP521 | Algorithm::Ed25519 => {
                ("sha512", Sha512::digest(message).to_vec())
            }
        };
        Self {
            signed,
            hash,
            digest,
        }
    }

    fn signature(&self) -> String {
        STANDARD.encode(self.signed.signature)
    }

    /// The certificate or key in PEM, in base64 once more.
    fn verifier(&self) -> String {
        STANDARD.encode(match self.signed.verifier {
            Verifier::Certificate(der) => armored("CERTIFICATE", der),
            Verifier::Key(der) => armored("PUBLIC KEY", der),
        })
    }
}

/// Has an entry written into a log, and gives it as protobuf JSON.
pub(super) async fn write(
    exchange: &dyn Exchange,
    log: &Log,
    proposal: &Proposal<'_>,
) -> Result<Vec<u8>, KeylessError> {
    let url = log.url.trim_end_matches('/');
    let entry = match log.version {
        1 => first::write(exchange, url, proposal).await?,
        _ => second::write(exchange, url, proposal).await?,
    };
    Ok(json(&entry))
}

/// DSSE's pre-authentication encoding, version 1.
fn encoded(kind: &str, payload: &[u8]) -> Vec<u8> {
    let mut encoded = format!("DSSEv1 {} {kind} {} ", kind.len(), payload.len()).into_bytes();
    encoded.extend_from_slice(payload);
    encoded
}

fn armored(label: &str, der: &[u8]) -> String {
    pem::encode_config(
        &pem::Pem::new(label, der),
        pem::EncodeConfig::new().set_line_ending(pem::LineEnding::LF),
    )
}
