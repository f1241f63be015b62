//! What cosign makes of keys and signatures of ours.

use std::fs;

use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use wharf_signer::{
    Existing, KeySource, PrivateKey, Secret, generate,
    keyless::{Content, Signed, Verifier, Witnesses, witness},
};
use wharf_tests::{Sigstore, peer};

use crate::{certified, exchange::Plain, services};

const FILE: &[u8] = b"a file";
const PREDICATE: &str = "https://wharf.test/predicate";
const KIND: &str = "application/vnd.in-toto+json";

/// A bundle (version 0.3) of a certificate, its witnesses and a signature.
fn bundle(certificate: &[u8], found: &Witnesses, name: &str, signature: &Value) -> Value {
    let entries = found.log_entries.iter();
    let entries: Vec<Value> = entries
        .map(|entry| serde_json::from_slice(entry).expect("it is JSON"))
        .collect();
    let timestamps = found.timestamps.iter();
    let timestamps: Vec<Value> = timestamps
        .map(|timestamp| json!({ "signedTimestamp": STANDARD.encode(timestamp) }))
        .collect();
    json!({
        "mediaType": "application/vnd.dev.sigstore.bundle.v0.3+json",
        "verificationMaterial": {
            "certificate": { "rawBytes": STANDARD.encode(certificate) },
            "tlogEntries": entries,
            "timestampVerificationData": { "rfc3161Timestamps": timestamps },
        },
        name: signature,
    })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn cosign_verifies_what_the_services_say() {
    let sigstore = Sigstore::start();
    let key = PrivateKey::ephemeral().unwrap();
    let certificate = &certified(&sigstore, &key).await.chain[0];
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("file"), FILE).unwrap();
    let digest = Sha256::digest(FILE);
    let hex = base16ct::lower::encode_string(&digest);
    let statement = json!({
        "_type": "https://in-toto.io/Statement/v1",
        "subject": [{ "name": "file", "digest": { "sha256": hex } }],
        "predicateType": PREDICATE,
        "predicate": {},
    })
    .to_string();
    let encoded = format!(
        "DSSEv1 {} {KIND} {} {statement}",
        KIND.len(),
        statement.len()
    );
    let asked = format!(
        "--bundle bundle.json --trusted-root {} --certificate-identity ann@wharf.test \
         --certificate-oidc-issuer {} file",
        sigstore.trusted_root().display(),
        sigstore.issuer(),
    );
    for config in [sigstore.signing_config(), sigstore.signing_config_v1()] {
        let services = services(&config);
        let of_a_file = (Content::Message(FILE), FILE, "verify-blob".to_owned());
        let of_a_statement = (
            Content::Envelope {
                payload: statement.as_bytes(),
                kind: KIND,
            },
            encoded.as_bytes(),
            format!("verify-blob-attestation --type {PREDICATE}"),
        );
        for (content, message, command) in [of_a_file, of_a_statement] {
            let signature = key.sign(message).unwrap();
            let signed = Signed {
                content,
                signature: &signature,
                verifier: Verifier::Certificate(certificate),
                algorithm: key.algorithm(),
            };
            let found = witness(&Plain, &services.logs, &services.timestamps, &signed)
                .await
                .unwrap();
            let signature = STANDARD.encode(&signature);
            let (name, signed) = match content {
                Content::Message(_) => (
                    "messageSignature",
                    json!({
                        "messageDigest": { "algorithm": "SHA2_256", "digest": STANDARD.encode(digest) },
                        "signature": signature,
                    }),
                ),
                Content::Envelope { payload, kind } => (
                    "dsseEnvelope",
                    json!({
                        "payload": STANDARD.encode(payload),
                        "payloadType": kind,
                        "signatures": [{ "sig": signature }],
                    }),
                ),
            };
            let bundle = bundle(certificate, &found, name, &signed).to_string();
            fs::write(folder.path().join("bundle.json"), bundle).unwrap();
            let _ = peer::cosign(folder.path(), &format!("{command} {asked}"));
        }
    }
}

#[test]
fn cosign_reads_new_keys_and_verifies_what_they_sign() {
    let folder = tempfile::tempdir().unwrap();
    let (private, public) = (folder.path().join("a.key"), folder.path().join("a.pub"));
    let nothing = || Secret::from(Vec::new());
    let pair = generate(&nothing()).unwrap();
    pair.write(&private, &public, Existing::Keep).unwrap();
    let key = PrivateKey::read(&KeySource::File(private), &|| Ok(nothing())).unwrap();
    let signature = STANDARD.encode(key.sign(FILE).unwrap());
    fs::write(folder.path().join("signature"), signature).unwrap();
    fs::write(folder.path().join("file"), FILE).unwrap();
    for cosign in [peer::cosign, peer::cosign2] {
        let told = cosign(folder.path(), "public-key --key a.key");
        assert_eq!(told.stdout, pair.public_pem);
        let _ = cosign(
            folder.path(),
            "verify-blob --insecure-ignore-tlog --key a.pub --signature signature file",
        );
    }
}
