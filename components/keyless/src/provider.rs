//! The cryptography of `sigstore-verify`, in Rust alone.

use std::sync::Once;

use ed25519_dalek::Signature as Ed25519Signature;
use p256::ecdsa::signature::hazmat::PrehashVerifier;
use rsa::PublicKey;
use rsa::pkcs1::DecodeRsaPublicKey;
use rsa::pkcs1v15;
use sha2::{Digest, Sha256, Sha384, Sha512};
use sigstore_verify::crypto::{
    CryptoProvider, Error, HashContext, Result, SigningScheme, install_default_provider,
};
use sigstore_verify::types::HashAlgorithm;

/// Makes this the cryptography of the process, once.
pub(crate) fn install() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        // Where somebody was earlier, theirs is as good.
        let _ = install_default_provider(&RustCrypto);
    });
}

#[derive(Debug)]
struct RustCrypto;

struct Hash<D>(D);

impl<D: Digest + Send> HashContext for Hash<D> {
    fn update(&mut self, data: &[u8]) {
        self.0.update(data);
    }

    fn finalize(self: Box<Self>) -> Vec<u8> {
        self.0.finalize().to_vec()
    }
}

impl CryptoProvider for RustCrypto {
    fn hash(&self, algorithm: HashAlgorithm) -> Result<Box<dyn HashContext>> {
        Ok(match algorithm {
            HashAlgorithm::Sha2256 => Box::new(Hash(Sha256::new())),
            HashAlgorithm::Sha2384 => Box::new(Hash(Sha384::new())),
            HashAlgorithm::Sha2512 => Box::new(Hash(Sha512::new())),
            other => return Err(Error::UnsupportedAlgorithm(other.to_string())),
        })
    }

    fn verify_raw(
        &self,
        scheme: SigningScheme,
        key: &[u8],
        data: &[u8],
        signature: &[u8],
    ) -> Result<()> {
        match scheme.hash_algorithm() {
            Some(algorithm) => {
                let mut hash = self.hash(algorithm)?;
                hash.update(data);
                self.verify_prehashed(scheme, key, &hash.finalize(), signature)
            }
            None if scheme == SigningScheme::Ed25519 => ed25519(key, data, signature),
            None => Err(unsupported(scheme)),
        }
    }

    fn verify_prehashed(
        &self,
        scheme: SigningScheme,
        key: &[u8],
        digest: &[u8],
        signature: &[u8],
    ) -> Result<()> {
        let verified = match scheme {
            SigningScheme::EcdsaP256Sha256 | SigningScheme::EcdsaP256Sha384 => {
                let key = p256::ecdsa::VerifyingKey::from_sec1_bytes(key).map_err(invalid_key)?;
                p256::ecdsa::Signature::from_der(signature)
                    .and_then(|signature| key.verify_prehash(digest, &signature))
            }
            SigningScheme::EcdsaP384Sha256 | SigningScheme::EcdsaP384Sha384 => {
                let key = p384::ecdsa::VerifyingKey::from_sec1_bytes(key).map_err(invalid_key)?;
                p384::ecdsa::Signature::from_der(signature)
                    .and_then(|signature| key.verify_prehash(digest, &signature))
            }
            SigningScheme::RsaPkcs1Sha256 => pkcs1v15::VerifyingKey::<Sha256>::new(rsa_key(key)?)
                .verify_prehash(digest, &rsa_signature(signature)?),
            SigningScheme::RsaPkcs1Sha384 => pkcs1v15::VerifyingKey::<Sha384>::new(rsa_key(key)?)
                .verify_prehash(digest, &rsa_signature(signature)?),
            SigningScheme::RsaPkcs1Sha512 => pkcs1v15::VerifyingKey::<Sha512>::new(rsa_key(key)?)
                .verify_prehash(digest, &rsa_signature(signature)?),
            other => return Err(unsupported(other)),
        };
        verified.map_err(|_| wrong(scheme))
    }
}

/// cosign signs with the prehashed form (Ed25519ph), logs with the plain one. The two can't
/// be taken for each other: the prehashed form is over a text that says so (RFC 8032, 2).
fn ed25519(key: &[u8], data: &[u8], signature: &[u8]) -> Result<()> {
    let key = key
        .try_into()
        .map_err(|_| Error::InvalidKey("an Ed25519 key has 32 bytes".into()))?;
    let key = ed25519_dalek::VerifyingKey::from_bytes(&key).map_err(invalid_key)?;
    let signature =
        Ed25519Signature::from_slice(signature).map_err(|_| wrong(SigningScheme::Ed25519))?;
    key.verify_strict(data, &signature)
        .or_else(|_| key.verify_prehashed_strict(Sha512::new_with_prefix(data), None, &signature))
        .map_err(|_| wrong(SigningScheme::Ed25519))
}

fn rsa_key(key: &[u8]) -> Result<PublicKey> {
    PublicKey::from_pkcs1_der(key).map_err(invalid_key)
}

fn rsa_signature(signature: &[u8]) -> Result<pkcs1v15::Signature> {
    pkcs1v15::Signature::try_from(signature)
        .map_err(|_| Error::Verification("no RSA signature".into()))
}

fn invalid_key(error: impl std::fmt::Display) -> Error {
    Error::InvalidKey(error.to_string())
}

fn wrong(scheme: SigningScheme) -> Error {
    Error::Verification(format!("{} signature is wrong", scheme.name()))
}

fn unsupported(scheme: SigningScheme) -> Error {
    Error::UnsupportedAlgorithm(format!("{} is not known", scheme.name()))
}

#[cfg(test)]
mod tests {
    use ed25519_dalek::{Signer, SigningKey};

    use super::*;

    const RSA: &[u8] = include_bytes!("../tests/vectors/keys/rsa.der");
    const P384: &[u8] = include_bytes!("../tests/vectors/keys/p384.point");

    #[track_caller]
    fn verifies(scheme: SigningScheme, key: &[u8], signature: &[u8]) {
        let verify = |data: &[u8], signature: &[u8]| {
            RustCrypto.verify_raw(scheme, key, data, signature).is_ok()
        };
        assert!(verify(b"wharf", signature));
        assert!(!verify(b"Wharf", signature));
        let mut altered = signature.to_vec();
        if let Some(last) = altered.last_mut() {
            *last ^= 1;
        }
        assert!(!verify(b"wharf", &altered));
        assert!(!verify(b"wharf", &signature[1..]));
        assert!(!verify(b"wharf", b""));
        assert!(
            RustCrypto
                .verify_raw(scheme, &key[1..], b"wharf", signature)
                .is_err()
        );
    }

    #[test]
    fn what_openssl_signed_with_rsa_is_verified() {
        for (scheme, signature) in [
            (
                SigningScheme::RsaPkcs1Sha256,
                include_bytes!("../tests/vectors/keys/rsa-sha256.sig"),
            ),
            (
                SigningScheme::RsaPkcs1Sha384,
                include_bytes!("../tests/vectors/keys/rsa-sha384.sig"),
            ),
            (
                SigningScheme::RsaPkcs1Sha512,
                include_bytes!("../tests/vectors/keys/rsa-sha512.sig"),
            ),
        ] {
            verifies(scheme, RSA, signature);
        }
    }

    #[test]
    fn what_openssl_signed_with_p384_is_verified() {
        let sha256 = include_bytes!("../tests/vectors/keys/p384-sha256.sig");
        verifies(SigningScheme::EcdsaP384Sha256, P384, sha256);
        let sha384 = include_bytes!("../tests/vectors/keys/p384-sha384.sig");
        verifies(SigningScheme::EcdsaP384Sha384, P384, sha384);
    }

    #[test]
    fn both_forms_of_ed25519_are_verified() {
        let key = SigningKey::from_bytes(&[7; 32]);
        let public = key.verifying_key();
        let plain = key.sign(b"wharf");
        verifies(SigningScheme::Ed25519, public.as_bytes(), &plain.to_bytes());
        let prehashed = key
            .sign_prehashed(Sha512::new_with_prefix(b"wharf"), None)
            .unwrap();
        verifies(
            SigningScheme::Ed25519,
            public.as_bytes(),
            &prehashed.to_bytes(),
        );
    }

    #[test]
    fn what_is_not_known_is_refused() {
        let verified = RustCrypto.verify_raw(SigningScheme::MlDsa44, b"", b"", b"");
        assert!(matches!(verified, Err(Error::UnsupportedAlgorithm(_))));
        let verified = RustCrypto.verify_raw(SigningScheme::RsaPssSha256, RSA, b"", b"");
        assert!(matches!(verified, Err(Error::UnsupportedAlgorithm(_))));
    }
}
