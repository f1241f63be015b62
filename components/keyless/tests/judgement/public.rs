//! Signatures of Sigstore's public instance, and of the one that it is tried on.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;
use sigstore_verify::trust_root::SIGSTORE_STAGING_TRUSTED_ROOT as STAGING;
use wharf_keyless::{Certified, PUBLIC_GOOD, Problem, Root};

use crate::vector::{STRICT, read};

fn sha256(bundle: &Value) -> [u8; 32] {
    if let Some(digest) = bundle["messageSignature"]["messageDigest"]["digest"].as_str() {
        return STANDARD.decode(digest).unwrap().try_into().unwrap();
    }
    let payload = bundle["dsseEnvelope"]["payload"].as_str().unwrap();
    let statement: Value = serde_json::from_slice(&STANDARD.decode(payload).unwrap()).unwrap();
    let text = statement["subject"][0]["digest"]["sha256"]
        .as_str()
        .unwrap();
    let byte = |place| u8::from_str_radix(&text[place * 2..][..2], 16).unwrap();
    std::array::from_fn(byte)
}

fn judge(name: &str) -> Result<Certified, Problem> {
    judge_by(PUBLIC_GOOD, name)
}

fn judge_by(root: &str, name: &str) -> Result<Certified, Problem> {
    let bytes = read(&format!("public/{name}"));
    let sha256 = sha256(&serde_json::from_slice(&bytes).unwrap());
    let root = Root::parse(root.as_bytes()).unwrap();
    wharf_keyless::bundle(&root, &bytes, &sha256, &STRICT)
}

#[test]
fn an_attestation_of_a_workflow_is_accepted() {
    let certified = judge("conda-attestation.sigstore.json").unwrap();
    let workflow = "https://github.com/prefix-dev/sigstore-example/";
    assert!(certified.name.starts_with(workflow), "{certified:?}");
    let issuer = "https://token.actions.githubusercontent.com";
    assert_eq!(certified.issuer, issuer);
    assert!(certified.logged);
}

#[test]
fn an_attestation_in_a_newer_log_is_accepted() {
    let certified = judge_by(STAGING, "conda-attestation-rekor2.sigstore.json").unwrap();
    assert!(certified.name.contains('@'), "{certified:?}");
    assert!(certified.logged);
    assert!(certified.time.is_some());
}

#[test]
fn a_signature_that_cosign_made_is_accepted() {
    let certified = judge("cosign-v3-blob.sigstore.json").unwrap();
    assert!(certified.name.contains('@'), "{certified:?}");
}

#[test]
fn a_user_name_is_a_name() {
    let root = String::from_utf8(read("public/scaffolding.json")).unwrap();
    let certified = judge_by(&root, "othername.sigstore.json").unwrap();
    assert_eq!(certified.name, "foo!oidc.local");
}

#[test]
fn the_entry_of_another_artifact_is_wrong() {
    let judged = judge_by(STAGING, "bundle_cve_2022_36056.txt.sigstore");
    assert!(matches!(judged, Err(Problem::Wrong(_))), "{judged:?}");
}

#[test]
fn a_proof_without_checkpoint_is_wrong() {
    let judged = judge_by(STAGING, "bundle_no_checkpoint.txt.sigstore");
    assert!(matches!(judged, Err(Problem::Wrong(_))), "{judged:?}");
}

#[test]
fn a_signature_without_a_time_is_wrong() {
    let judged = judge("bundle_v3_no_signed_time.txt.sigstore.json");
    assert!(matches!(judged, Err(Problem::Wrong(_))), "{judged:?}");
}

#[test]
fn the_log_entry_of_a_key_is_accepted() {
    let root = Root::parse(PUBLIC_GOOD.as_bytes()).unwrap();
    let spki = pem::parse(read("public/managed-key.pub")).unwrap();
    let bundle = read("public/managed-key.sigstore.json");
    let certified = wharf_keyless::key_bundle(&root, &bundle, spki.contents(), &STRICT)
        .unwrap()
        .unwrap();
    assert!(certified.logged);
}
