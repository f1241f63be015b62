//! From PEM to a key.

use pem::Pem;
use pkcs8::{ObjectIdentifier, PrivateKeyInfoRef};
use sec1::EcPrivateKey;
use zeroize::Zeroizing;

use super::{KeyProblem, PrivateKey, encrypted::Encrypted, sealed::SecretBox};
use crate::Secret;

const EC: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");
const P256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.3.1.7");
const P384: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.132.0.34");
const P521: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.132.0.35");
const RSA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");
const ED25519: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.101.112");

/// The first private key in a PEM text. The passphrase is asked for when the key is
/// encrypted, and can be opened at all.
pub(super) fn private_key(
    text: &[u8],
    passphrase: &dyn Fn() -> Result<Secret, Box<dyn std::error::Error + Send + Sync>>,
) -> Result<PrivateKey, KeyProblem> {
    let ask = || passphrase().map_err(KeyProblem::NoPassphrase);
    let block = block(text)?;
    if block.headers().get("Proc-Type").is_some() {
        return Err(KeyProblem::OldEncryption);
    }
    let label = block.tag().to_owned();
    let content = Zeroizing::new(block.into_contents());
    match label.as_str() {
        "ENCRYPTED SIGSTORE PRIVATE KEY" | "ENCRYPTED COSIGN PRIVATE KEY" => {
            let sealed = SecretBox::parse(&content)?;
            pkcs8(&sealed.open(&ask()?)?)
        }
        "ENCRYPTED PRIVATE KEY" => {
            let encrypted = Encrypted::parse(&content)?;
            pkcs8(&encrypted.open(&ask()?)?)
        }
        "PRIVATE KEY" => pkcs8(&content),
        "EC PRIVATE KEY" => sec1(&content),
        "RSA PRIVATE KEY" => PrivateKey::rsa_pkcs1(&content),
        other => Err(KeyProblem::UnknownAlgorithm {
            name: format!("`{other}`"),
        }),
    }
}

/// The first block of a private key. What OpenSSL puts before it (the parameters of a
/// curve, say) is passed over.
fn block(text: &[u8]) -> Result<Pem, KeyProblem> {
    let blocks = pem::parse_many(text).map_err(|error| KeyProblem::Malformed {
        what: "PEM",
        why: error.to_string(),
    })?;
    let found = blocks.first().map(|block| block.tag().to_owned());
    blocks
        .into_iter()
        .find(|block| block.tag().ends_with("PRIVATE KEY"))
        .ok_or(KeyProblem::NoPrivateKey { found })
}

fn pkcs8(der: &[u8]) -> Result<PrivateKey, KeyProblem> {
    let info = PrivateKeyInfoRef::try_from(der).map_err(|error| KeyProblem::Malformed {
        what: "content (PKCS #8)",
        why: error.to_string(),
    })?;
    match info.algorithm.oid {
        EC => match info.algorithm.parameters_oid() {
            Ok(P256) => PrivateKey::p256(&info.try_into().map_err(|error| elliptic(&error))?),
            Ok(P384) => PrivateKey::p384(&info.try_into().map_err(|error| elliptic(&error))?),
            Ok(P521) => PrivateKey::p521(&info.try_into().map_err(|error| elliptic(&error))?),
            Ok(other) => Err(curve(&other)),
            Err(error) => Err(elliptic(&error)),
        },
        RSA => PrivateKey::rsa_pkcs8(der),
        ED25519 => PrivateKey::ed25519(info.try_into().map_err(|error| elliptic(&error))?),
        other => Err(KeyProblem::UnknownAlgorithm {
            name: format!("the algorithm {other}"),
        }),
    }
}

fn sec1(der: &[u8]) -> Result<PrivateKey, KeyProblem> {
    let key = EcPrivateKey::try_from(der).map_err(|error| elliptic(&error))?;
    match key.parameters.and_then(sec1::EcParameters::named_curve) {
        Some(P256) => PrivateKey::p256(&key.try_into().map_err(|error| elliptic(&error))?),
        Some(P384) => PrivateKey::p384(&key.try_into().map_err(|error| elliptic(&error))?),
        Some(P521) => PrivateKey::p521(&key.try_into().map_err(|error| elliptic(&error))?),
        Some(other) => Err(curve(&other)),
        None => Err(KeyProblem::UnknownAlgorithm {
            name: "a curve without a name".to_owned(),
        }),
    }
}

fn curve(oid: &ObjectIdentifier) -> KeyProblem {
    KeyProblem::UnknownAlgorithm {
        name: format!("the curve {oid}"),
    }
}

fn elliptic(error: &dyn std::fmt::Display) -> KeyProblem {
    KeyProblem::Malformed {
        what: "content",
        why: error.to_string(),
    }
}

#[cfg(test)]
mod tests;
