use std::fmt;

use ed25519_dalek::Digest;
use p256::ecdsa::signature::Signer;
use pem::{EncodeConfig, LineEnding, Pem};
use pkcs8::{
    AlgorithmIdentifierRef, EncodePrivateKey, EncodePublicKey, SubjectPublicKeyInfoRef,
    der::{AnyRef, Encode, asn1::BitStringRef},
    spki,
};
use ring::{rand::SystemRandom, rsa, signature::KeyPair as _};
use zeroize::Zeroizing;

use super::{Algorithm, KeyError, KeyProblem, KeySource, decode};
use crate::Secret;

/// A private key, which signs.
pub struct PrivateKey {
    secret: Private,
    algorithm: Algorithm,
    public_der: Vec<u8>,
}

enum Private {
    P256(p256::ecdsa::SigningKey),
    P384(p384::ecdsa::SigningKey),
    P521(p521::ecdsa::SigningKey),
    Rsa(Box<rsa::KeyPair>),
    Ed25519(ed25519_dalek::SigningKey),
}

impl PrivateKey {
    /// Reads a key: cosign's own encrypted file, PKCS #8 with or without a passphrase, SEC1
    /// (`EC PRIVATE KEY`) or PKCS #1 (`RSA PRIVATE KEY`), all in PEM.
    ///
    /// The passphrase is asked for only when the key is encrypted. It may be empty, as
    /// cosign lets it be.
    pub fn read(
        source: &KeySource,
        passphrase: &dyn Fn() -> Result<Secret, Box<dyn std::error::Error + Send + Sync>>,
    ) -> Result<Self, KeyError> {
        decode::private_key(&source.read()?, passphrase).map_err(|problem| KeyError::Unusable {
            place: source.clone(),
            problem,
        })
    }

    /// A new key (ECDSA P-256) that is never written down: for a certificate that is valid
    /// for minutes.
    pub fn ephemeral() -> Result<Self, KeyProblem> {
        Self::p256(&random_p256()?)
    }

    /// The signature over a message: ASN.1 of ECDSA over the hash of the curve's size
    /// (RFC 5480), PKCS #1 v1.5 over SHA-256 (RFC 8017), or Ed25519ph (RFC 8032).
    pub fn sign(&self, message: &[u8]) -> Result<Vec<u8>, KeyProblem> {
        match &self.secret {
            Private::P256(key) => {
                let signature: p256::ecdsa::Signature = key.try_sign(message).map_err(unsigned)?;
                Ok(signature.to_der().as_bytes().to_vec())
            }
            Private::P384(key) => {
                let signature: p384::ecdsa::Signature = key.try_sign(message).map_err(unsigned)?;
                Ok(signature.to_der().as_bytes().to_vec())
            }
            Private::P521(key) => {
                let signature: p521::ecdsa::Signature = key.try_sign(message).map_err(unsigned)?;
                Ok(signature.to_der().as_bytes().to_vec())
            }
            Private::Rsa(key) => {
                let mut signature = vec![0; key.public().modulus_len()];
                key.sign(
                    &ring::signature::RSA_PKCS1_SHA256,
                    &SystemRandom::new(),
                    message,
                    &mut signature,
                )
                .map_err(unsigned)?;
                Ok(signature)
            }
            Private::Ed25519(key) => {
                let hash = ed25519_dalek::Sha512::new_with_prefix(message);
                Ok(key.sign_prehashed(hash, None).map_err(unsigned)?.to_vec())
            }
        }
    }

    /// What it signs with.
    pub fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// The public key: `SubjectPublicKeyInfo` (RFC 5280) in DER.
    pub fn public_der(&self) -> &[u8] {
        &self.public_der
    }

    /// The public key in PEM.
    pub fn public_pem(&self) -> String {
        armored("PUBLIC KEY", self.public_der.clone())
    }

    pub(super) fn p256(key: &p256::SecretKey) -> Result<Self, KeyProblem> {
        Ok(Self {
            public_der: der(&key.public_key())?,
            secret: Private::P256(key.into()),
            algorithm: Algorithm::EcdsaP256,
        })
    }

    pub(super) fn p384(key: &p384::SecretKey) -> Result<Self, KeyProblem> {
        Ok(Self {
            public_der: der(&key.public_key())?,
            secret: Private::P384(key.into()),
            algorithm: Algorithm::EcdsaP384,
        })
    }

    pub(super) fn p521(key: &p521::SecretKey) -> Result<Self, KeyProblem> {
        Ok(Self {
            public_der: der(&key.public_key())?,
            secret: Private::P521(key.into()),
            algorithm: Algorithm::EcdsaP521,
        })
    }

    pub(super) fn ed25519(key: ed25519_dalek::SigningKey) -> Result<Self, KeyProblem> {
        Ok(Self {
            public_der: der(&key.verifying_key())?,
            secret: Private::Ed25519(key),
            algorithm: Algorithm::Ed25519,
        })
    }

    pub(super) fn rsa_pkcs8(der: &[u8]) -> Result<Self, KeyProblem> {
        Self::rsa(rsa::KeyPair::from_pkcs8(der))
    }

    pub(super) fn rsa_pkcs1(der: &[u8]) -> Result<Self, KeyProblem> {
        Self::rsa(rsa::KeyPair::from_der(der))
    }

    fn rsa(key: Result<rsa::KeyPair, ring::error::KeyRejected>) -> Result<Self, KeyProblem> {
        let key = key.map_err(|error| KeyProblem::Rsa(error.to_string()))?;
        let public = key.public_key().as_ref();
        let public_der = BitStringRef::from_bytes(public)
            .and_then(|subject_public_key| {
                SubjectPublicKeyInfoRef {
                    algorithm: AlgorithmIdentifierRef {
                        oid: RSA_ENCRYPTION,
                        parameters: Some(AnyRef::NULL),
                    },
                    subject_public_key,
                }
                .to_der()
            })
            .map_err(|error| KeyProblem::Rsa(error.to_string()))?;
        Ok(Self {
            algorithm: Algorithm::Rsa {
                bits: key.public().modulus_len() * 8,
            },
            secret: Private::Rsa(Box::new(key)),
            public_der,
        })
    }
}

impl fmt::Debug for PrivateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PrivateKey")
            .field("algorithm", &self.algorithm)
            .finish_non_exhaustive()
    }
}

const RSA_ENCRYPTION: pkcs8::ObjectIdentifier =
    pkcs8::ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");

/// A new key, in PKCS #8 (DER), with its public one in PEM.
pub(super) fn new_p256() -> Result<(Zeroizing<Vec<u8>>, String), KeyProblem> {
    let secret = random_p256()?;
    let document = secret
        .to_pkcs8_der()
        .map_err(|error| KeyProblem::Malformed {
            what: "content (PKCS #8)",
            why: error.to_string(),
        })?;
    Ok((
        Zeroizing::new(document.as_bytes().to_vec()),
        PrivateKey::p256(&secret)?.public_pem(),
    ))
}

/// PEM as everyone writes it.
pub(super) fn armored(label: &str, content: Vec<u8>) -> String {
    pem::encode_config(
        &Pem::new(label, content),
        EncodeConfig::new().set_line_ending(LineEnding::LF),
    )
}

fn random_p256() -> Result<p256::SecretKey, KeyProblem> {
    let mut scalar = Zeroizing::new([0; 32]);
    loop {
        getrandom::fill(&mut *scalar).map_err(|error| KeyProblem::Random(error.to_string()))?;
        // One of 2³² is not below the order of the curve, and is drawn again.
        if let Ok(key) = p256::SecretKey::from_slice(&*scalar) {
            return Ok(key);
        }
    }
}

fn der(key: &impl EncodePublicKey) -> Result<Vec<u8>, KeyProblem> {
    let document = key
        .to_public_key_der()
        .map_err(|error: spki::Error| KeyProblem::Malformed {
            what: "public key",
            why: error.to_string(),
        })?;
    Ok(document.into_vec())
}

fn unsigned(error: impl fmt::Display) -> KeyProblem {
    KeyProblem::Sign(error.to_string())
}
