use std::{cell::Cell, fs, path::Path};

use ed25519_dalek::Digest;
use p256::ecdsa::signature::Verifier;
use pkcs8::{DecodePublicKey, SubjectPublicKeyInfoRef};
use proptest::prelude::*;

use super::*;
use crate::Algorithm;

const MESSAGE: &[u8] = b"a message";

fn vector(name: &str) -> Vec<u8> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vectors");
    fs::read(folder.join(name)).unwrap()
}

fn with_passphrase(name: &str, passphrase: &str) -> Result<PrivateKey, KeyProblem> {
    private_key(&vector(name), &|| {
        Ok(Secret::from(passphrase.as_bytes().to_vec()))
    })
}

fn unasked() -> Result<Secret, Box<dyn std::error::Error + Send + Sync>> {
    panic!("a passphrase was asked for")
}

fn plain(name: &str) -> Result<PrivateKey, KeyProblem> {
    private_key(&vector(name), &unasked)
}

/// Whether a signature over [`MESSAGE`] is right, as the libraries of verifiers have it.
fn verifies(key: &PrivateKey, signature: &[u8]) -> bool {
    let public = key.public_der();
    match key.algorithm() {
        Algorithm::EcdsaP256 => p256::ecdsa::VerifyingKey::from_public_key_der(public)
            .unwrap()
            .verify(
                MESSAGE,
                &p256::ecdsa::Signature::from_der(signature).unwrap(),
            )
            .is_ok(),
        Algorithm::EcdsaP384 => p384::ecdsa::VerifyingKey::from_public_key_der(public)
            .unwrap()
            .verify(
                MESSAGE,
                &p384::ecdsa::Signature::from_der(signature).unwrap(),
            )
            .is_ok(),
        Algorithm::EcdsaP521 => {
            let public = p521::PublicKey::from_public_key_der(public).unwrap();
            p521::ecdsa::VerifyingKey::from_affine(*public.as_affine())
                .unwrap()
                .verify(
                    MESSAGE,
                    &p521::ecdsa::Signature::from_der(signature).unwrap(),
                )
                .is_ok()
        }
        Algorithm::Rsa { .. } => {
            let info = SubjectPublicKeyInfoRef::try_from(public).unwrap();
            ring::signature::UnparsedPublicKey::new(
                &ring::signature::RSA_PKCS1_2048_8192_SHA256,
                info.subject_public_key.raw_bytes(),
            )
            .verify(MESSAGE, signature)
            .is_ok()
        }
        Algorithm::Ed25519 => ed25519_dalek::VerifyingKey::from_public_key_der(public)
            .unwrap()
            .verify_prehashed(
                ed25519_dalek::Sha512::new_with_prefix(MESSAGE),
                None,
                &ed25519_dalek::Signature::from_slice(signature).unwrap(),
            )
            .is_ok(),
    }
}

#[test]
fn keys_without_a_passphrase_are_read_and_sign() {
    for (name, public, algorithm) in [
        ("p256.key", Some("p256.pub"), Algorithm::EcdsaP256),
        ("p256.sec1.key", None, Algorithm::EcdsaP256),
        ("p384.key", Some("p384.pub"), Algorithm::EcdsaP384),
        ("p384.sec1.key", Some("p384.pub"), Algorithm::EcdsaP384),
        ("p521.key", Some("p521.pub"), Algorithm::EcdsaP521),
        ("p521.sec1.key", Some("p521.pub"), Algorithm::EcdsaP521),
        (
            "rsa2048.key",
            Some("rsa2048.pub"),
            Algorithm::Rsa { bits: 2048 },
        ),
        (
            "rsa2048.pkcs1.key",
            Some("rsa2048.pub"),
            Algorithm::Rsa { bits: 2048 },
        ),
        ("ed25519.key", Some("ed25519.pub"), Algorithm::Ed25519),
    ] {
        let key = plain(name).unwrap();
        assert_eq!(key.algorithm(), algorithm, "{name}");
        if let Some(public) = public {
            assert_eq!(key.public_pem().as_bytes(), vector(public), "{name}");
        }
        let signature = key.sign(MESSAGE).unwrap();
        assert!(verifies(&key, &signature), "{name}");
        assert!(!format!("{key:?}").contains("secret"), "{key:?}");
    }
}

#[test]
fn keys_with_a_passphrase_are_read_and_sign() {
    for (name, public) in [
        ("cosign.key", "cosign.pub"),
        ("cosign-old.key", "cosign.pub"),
        ("p256.pbkdf2.key", "p256.pub"),
        ("p256.scrypt.key", "p256.pub"),
    ] {
        let key = with_passphrase(name, "secret").unwrap();
        assert_eq!(key.public_pem().as_bytes(), vector(public), "{name}");
        assert!(verifies(&key, &key.sign(MESSAGE).unwrap()), "{name}");
        let error = with_passphrase(name, "wrong").unwrap_err();
        assert!(
            matches!(error, KeyProblem::WrongPassphrase),
            "{name}: {error}"
        );
    }
}

#[test]
fn the_passphrase_is_asked_for_once_and_its_absence_is_told() {
    let asked = Cell::new(0);
    let error = private_key(&vector("cosign.key"), &|| {
        asked.set(asked.get() + 1);
        Err("no terminal".into())
    })
    .unwrap_err();
    assert!(matches!(error, KeyProblem::NoPassphrase(_)));
    assert!(error.to_string().contains("no terminal"), "{error}");
    assert_eq!(asked.get(), 1);
}

#[test]
fn rsa_signatures_are_those_of_openssl() {
    assert_eq!(
        plain("rsa2048.key").unwrap().sign(MESSAGE).unwrap(),
        vector("rsa2048.sig")
    );
}

/// RFC 8032, section 7.3.
#[test]
fn ed25519_signatures_are_those_of_its_specification() {
    let key = ed25519_dalek::SigningKey::from_bytes(&[
        0x83, 0x3f, 0xe6, 0x24, 0x09, 0x23, 0x7b, 0x9d, 0x62, 0xec, 0x77, 0x58, 0x75, 0x20, 0x91,
        0x1e, 0x9a, 0x75, 0x9c, 0xec, 0x1d, 0x19, 0x75, 0x5b, 0x7d, 0xa9, 0x01, 0xb9, 0x6d, 0xca,
        0x3d, 0x42,
    ]);
    let signature = PrivateKey::ed25519(key).unwrap().sign(b"abc").unwrap();
    let start = [0x98, 0xa7, 0x02, 0x22, 0xf0, 0xb8, 0x12, 0x1a];
    let end = [0x2a, 0xaa, 0xd1, 0x1c, 0x2a, 0x26, 0x08, 0x34, 0x06];
    assert_eq!(signature[..8], start);
    assert_eq!(signature[55..], end);
}

#[test]
fn what_cannot_be_used_is_told_apart() {
    let told = |name| plain(name).unwrap_err();
    assert!(matches!(told("p256.costly.key"), KeyProblem::Cost { .. }));
    assert!(matches!(
        told("p256.pbes1.key"),
        KeyProblem::UnknownEncryption { .. }
    ));
    assert!(matches!(
        told("p256.traditional.key"),
        KeyProblem::OldEncryption
    ));
    assert!(matches!(
        told("k256.key"),
        KeyProblem::UnknownAlgorithm { .. }
    ));
    assert!(matches!(
        told("x25519.key"),
        KeyProblem::UnknownAlgorithm { .. }
    ));
    assert!(matches!(told("rsa1024.key"), KeyProblem::Rsa(_)));
    let error = told("p256.pub");
    assert!(error.to_string().contains("`PUBLIC KEY`"), "{error}");
    assert!(matches!(
        told("README.md"),
        KeyProblem::NoPrivateKey { found: None }
    ));
    assert!(matches!(
        with_passphrase("p256.des3.key", "secret"),
        Err(KeyProblem::UnknownEncryption { .. } | KeyProblem::Malformed { .. })
    ));
}

#[test]
fn a_broken_file_is_no_wrong_passphrase() {
    let text = String::from_utf8(vector("cosign.key")).unwrap();
    let cut = text.replacen("eyJr", "eyJ", 1);
    let error = private_key(cut.as_bytes(), &unasked).unwrap_err();
    assert!(matches!(error, KeyProblem::Malformed { .. }), "{error}");
    let key = String::from_utf8(vector("p256.key")).unwrap();
    let cut: String = key.lines().filter(|line| !line.starts_with('M')).collect();
    assert!(private_key(cut.as_bytes(), &unasked).is_err());
}

#[test]
fn keys_come_after_other_blocks_and_before_line_ends_of_any_kind() {
    let mut text = vector("cosign.pub");
    text.extend(vector("p256.key"));
    assert_eq!(
        private_key(&text, &unasked)
            .unwrap()
            .public_pem()
            .as_bytes(),
        vector("p256.pub")
    );
    let text = String::from_utf8(vector("p256.key"))
        .unwrap()
        .replace('\n', "\r\n");
    assert!(private_key(text.as_bytes(), &unasked).is_ok());
}

#[test]
fn new_keys_differ_and_sign() {
    let (one, other) = (
        PrivateKey::ephemeral().unwrap(),
        PrivateKey::ephemeral().unwrap(),
    );
    assert_ne!(one.public_der(), other.public_der());
    assert!(verifies(&one, &one.sign(MESSAGE).unwrap()));
    assert!(!verifies(&other, &one.sign(MESSAGE).unwrap()));
}

proptest! {
    #[test]
    fn any_text_is_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..512)) {
        prop_assert!(private_key(&bytes, &unasked).is_err());
    }

    #[test]
    fn any_content_under_a_label_is_read_or_refused(
        label in prop::sample::select(vec![
            "PRIVATE KEY",
            "ENCRYPTED PRIVATE KEY",
            "ENCRYPTED SIGSTORE PRIVATE KEY",
            "EC PRIVATE KEY",
            "RSA PRIVATE KEY",
        ]),
        bytes in prop::collection::vec(any::<u8>(), 0..256),
    ) {
        let text = pem::encode(&pem::Pem::new(label, bytes));
        prop_assert!(private_key(text.as_bytes(), &unasked).is_err());
    }

    /// Whatever one byte becomes, nothing panics, and nothing is asked that costs without
    /// bounds.
    #[test]
    fn one_altered_byte_is_survived(
        name in prop::sample::select(vec![
            "p256.key", "p384.key", "p521.key", "rsa2048.key", "ed25519.key", "p256.sec1.key",
        ]),
        at in any::<prop::sample::Index>(),
        value in any::<u8>(),
    ) {
        let mut text = vector(name);
        let at = at.index(text.len());
        text[at] = value;
        if let Ok(key) = private_key(&text, &unasked) {
            // ring finds a key whose parts do not fit each other when it signs.
            let _ = key.sign(MESSAGE);
        }
    }
}
