//! Public keys, and what they verify.

use ed25519_dalek::Signature as Ed25519Signature;
use rsa::pkcs1v15;
use rsa::signature::Verifier as _;
use rsa::signature::hazmat::PrehashVerifier;
use sha2::{Digest as _, Sha256, Sha384, Sha512};
use spki::der::{Decode as _, Document};
use spki::{DecodePublicKey, EncodePublicKey, ObjectIdentifier, SubjectPublicKeyInfoRef};

use crate::encoding::{sha256, to_base64, to_hex};
use crate::json::quoted;
use crate::limit;

/// A public key, and the algorithm that it is for.
///
/// A signature does not say how its message was hashed. Accepted is what cosign makes:
/// ECDSA over SHA-256, whatever the curve (cosign 2), or over the SHA-2 of the curve's
/// size (cosign 3); RSA (PKCS #1 v1.5) over SHA-256; Ed25519ph, and Ed25519 as such.
#[derive(Debug)]
pub(crate) struct Key {
    kind: Kind,
    /// As `SubjectPublicKeyInfo`, written anew, so that one key has one form.
    spki: Vec<u8>,
    fingerprint: [u8; 32],
}

#[derive(Debug)]
enum Kind {
    P256(Box<p256::ecdsa::VerifyingKey>),
    P384(Box<p384::ecdsa::VerifyingKey>),
    P521(Box<p521::ecdsa::VerifyingKey>),
    Rsa(Box<pkcs1v15::VerifyingKey<Sha256>>),
    Ed25519(Box<ed25519_dalek::VerifyingKey>),
}

const EC: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");
const P256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.3.1.7");
const P384: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.132.0.34");
const P521: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.132.0.35");
const RSA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");
const ED25519: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.101.112");

impl Key {
    /// Reads a key in PEM. What is wrong is said in words that go on after "the key".
    pub(crate) fn parse(pem: &str) -> Result<Self, String> {
        if pem.len() > limit::KEY_BYTES {
            return Err(format!("is larger than {} bytes", limit::KEY_BYTES));
        }
        let (label, document) = Document::from_pem(pem.trim()).map_err(|_| {
            "is not in PEM: a block `-----BEGIN PUBLIC KEY-----` is expected".to_owned()
        })?;
        if label != "PUBLIC KEY" {
            return Err(format!(
                "is a {}, and a `PUBLIC KEY` is expected",
                quoted(label)
            ));
        }
        Self::from_spki(document.as_bytes())
    }

    /// Reads a `SubjectPublicKeyInfo` (RFC 5280 §4.1) in DER.
    pub(crate) fn from_spki(der: &[u8]) -> Result<Self, String> {
        let info = SubjectPublicKeyInfoRef::from_der(der)
            .map_err(|_| "is not a `SubjectPublicKeyInfo`".to_owned())?;
        let curve = info.algorithm.parameters_oid();
        let (kind, spki) = match (info.algorithm.oid, curve) {
            (EC, Ok(P256)) => {
                let key = read::<p256::ecdsa::VerifyingKey>(der)?;
                (Kind::P256(Box::new(key.0)), key.1)
            }
            (EC, Ok(P384)) => {
                let key = read::<p384::ecdsa::VerifyingKey>(der)?;
                (Kind::P384(Box::new(key.0)), key.1)
            }
            (EC, Ok(P521)) => {
                let key = read::<p521::ecdsa::VerifyingKey>(der)?;
                (Kind::P521(Box::new(key.0)), key.1)
            }
            (EC, _) => return Err("is of a curve other than P-256, P-384 and P-521".to_owned()),
            (RSA, _) => {
                let (key, spki) = read::<rsa::PublicKey>(der)?;
                let bits = rsa::traits::PublicKeyParts::n(&key).bit_width_vartime();
                if !(limit::RSA_LEAST_BITS..=limit::RSA_MOST_BITS).contains(&bits) {
                    return Err(format!(
                        "is of RSA with {bits} bits, and {} to {} are accepted",
                        limit::RSA_LEAST_BITS,
                        limit::RSA_MOST_BITS
                    ));
                }
                (Kind::Rsa(Box::new(pkcs1v15::VerifyingKey::new(key))), spki)
            }
            (ED25519, _) => {
                let (key, spki) = read::<ed25519_dalek::VerifyingKey>(der)?;
                if key.is_weak() {
                    return Err("is of Ed25519 and fits any signature".to_owned());
                }
                (Kind::Ed25519(Box::new(key)), spki)
            }
            (other, _) => {
                return Err(format!(
                    "is of the algorithm {other}, and ECDSA, RSA and Ed25519 are supported"
                ));
            }
        };
        let fingerprint = sha256(&spki);
        Ok(Self {
            kind,
            spki,
            fingerprint,
        })
    }

    /// Whether a signature over a message is by this key.
    pub(crate) fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        match &self.kind {
            Kind::P256(key) => {
                let hash = Sha256::digest(message);
                ecdsa::<_, p256::ecdsa::DerSignature>(&**key, &[&hash], signature)
            }
            Kind::P384(key) => {
                let (own, common) = (Sha384::digest(message), Sha256::digest(message));
                ecdsa::<_, p384::ecdsa::DerSignature>(&**key, &[&own, &common], signature)
            }
            Kind::P521(key) => {
                let (own, common) = (Sha512::digest(message), Sha256::digest(message));
                ecdsa::<_, p521::ecdsa::DerSignature>(&**key, &[&own, &common], signature)
            }
            Kind::Rsa(key) => pkcs1v15::Signature::try_from(signature)
                .is_ok_and(|signature| key.verify(message, &signature).is_ok()),
            Kind::Ed25519(key) => Ed25519Signature::from_slice(signature).is_ok_and(|signature| {
                let hash = Sha512::new_with_prefix(message);
                key.verify_prehashed_strict(hash, None, &signature).is_ok()
                    || key.verify_strict(message, &signature).is_ok()
            }),
        }
    }

    /// The key as `SubjectPublicKeyInfo`, in DER.
    pub(crate) fn spki(&self) -> &[u8] {
        &self.spki
    }

    /// The SHA-256 of the key as `SubjectPublicKeyInfo`.
    pub(crate) fn fingerprint(&self) -> [u8; 32] {
        self.fingerprint
    }

    /// What a bundle calls the key, as cosign has it.
    pub(crate) fn hint(&self) -> String {
        to_base64(&self.fingerprint)
    }
}

/// What people see of a key.
pub(crate) fn named(fingerprint: &[u8; 32]) -> String {
    format!("the key sha256:{}", to_hex(fingerprint))
}

fn read<K: DecodePublicKey + EncodePublicKey>(der: &[u8]) -> Result<(K, Vec<u8>), String> {
    let unusable = |_| "can't be used: its parts are not those of a key".to_owned();
    let key = K::from_public_key_der(der).map_err(unusable)?;
    let spki = key.to_public_key_der().map_err(unusable)?.into_vec();
    Ok((key, spki))
}

/// Whether a signature (RFC 5480, in DER) is one over any of these hashes.
fn ecdsa<K, S>(key: &K, hashes: &[&[u8]], signature: &[u8]) -> bool
where
    K: PrehashVerifier<S>,
    S: for<'a> TryFrom<&'a [u8]>,
{
    S::try_from(signature).is_ok_and(|signature| {
        let mut hashes = hashes.iter();
        hashes.any(|hash| key.verify_prehash(hash, &signature).is_ok())
    })
}
