//! Signatures by certificates, and what logs and timestamps say of those by keys. The
//! vectors are those of `wharf-keyless`, which tries certificates, logs and timestamps.

mod beside_keys;
mod identities;

use serde_json::{Value, json};
use wharf_oci::{Descriptor, media_type};
use wharf_signature::{Authority, Evidence, Finding, Matcher, Requirement, Signer, Verdict};

use crate::sample::{by_key, digest, is_accepted, manifest};

const NAME: &str = "ann@wharf.test";
const ISSUER: &str = "https://issuer.wharf.test";

/// When the signatures were made.
const SIGNED: u64 = 1_795_664_409;

fn vector(name: &str) -> Vec<u8> {
    let path = format!(
        "{}/../keyless/tests/vectors/virtual/{name}",
        env!("CARGO_MANIFEST_DIR")
    );
    std::fs::read(&path).unwrap_or_else(|error| panic!("{path}: {error}"))
}

fn text(name: &str) -> String {
    String::from_utf8(vector(name)).unwrap()
}

fn bundle(name: &str) -> Evidence {
    Evidence::Bundle(vector(&format!("{name}.json")))
}

fn has(name: &str) -> bool {
    let path = format!(
        "{}/../keyless/tests/vectors/virtual/{name}",
        env!("CARGO_MANIFEST_DIR")
    );
    std::path::Path::new(&path).exists()
}

/// A signature in the legacy format, of the parts that it has.
fn legacy(folder: &str) -> Evidence {
    let payload = vector(&format!("{folder}/legacy/payload.json"));
    let mut annotations = serde_json::Map::new();
    for (name, file) in [
        ("dev.cosignproject.cosign/signature", "signature"),
        ("dev.sigstore.cosign/certificate", "certificate.pem"),
        ("dev.sigstore.cosign/chain", "chain.pem"),
        ("dev.sigstore.cosign/bundle", "bundle.json"),
        ("dev.sigstore.cosign/rfc3161timestamp", "timestamp.json"),
    ] {
        let file = format!("{folder}/legacy/{file}");
        if has(&file) {
            annotations.insert(name.to_owned(), text(&file).trim().into());
        }
    }
    let content = json!({
        "schemaVersion": 2,
        "config": { "mediaType": "a/b", "digest": digest(b"{}").as_str(), "size": 2 },
        "layers": [{
            "mediaType": "application/vnd.dev.cosign.simplesigning.v1+json",
            "digest": digest(&payload).as_str(),
            "size": payload.len(),
            "annotations": annotations,
        }],
    });
    manifest(content.to_string(), &[&payload])
}

/// What the signatures are of: the five bytes `wharf`.
fn subject() -> Descriptor {
    Descriptor::new(media_type::IMAGE_MANIFEST, digest(b"wharf"), 5)
}

fn identity(signer: &str, name: Matcher, issuer: Matcher) -> Signer {
    Signer {
        name: signer.to_owned(),
        authority: Authority::Identity { name, issuer },
    }
}

fn exact(text: &str) -> Matcher {
    Matcher::Exact(text.to_owned())
}

fn pattern(text: &str) -> Matcher {
    Matcher::Pattern(text.to_owned())
}

fn any_of(signers: Vec<Signer>) -> Requirement {
    Requirement {
        signers,
        threshold: 1,
        trusted_root: Some(vector("trusted_root.json")),
        ..Requirement::default()
    }
}

fn ann() -> Requirement {
    any_of(vec![identity("ann", exact(NAME), exact(ISSUER))])
}

fn bob() -> Requirement {
    any_of(vec![identity(
        "bob",
        exact("bob@wharf.test"),
        exact(ISSUER),
    )])
}

fn our_key() -> Requirement {
    any_of(vec![by_key("us", &text("by-key/key.pub"))])
}

fn verdict(evidence: &[Evidence], requirement: &Requirement) -> Verdict {
    wharf_signature::verify(&subject(), None, evidence, requirement, SIGNED + 60).unwrap()
}

#[track_caller]
fn finding(evidence: Evidence, requirement: &Requirement) -> Finding {
    let verdict = verdict(&[evidence], requirement);
    let [finding] = verdict.findings.as_slice() else {
        panic!("not one finding: {verdict:#?}");
    };
    assert_eq!(verdict.satisfied, is_accepted(finding), "{verdict:#?}");
    finding.clone()
}

/// A bundle, altered.
fn altered(name: &str, alter: impl FnOnce(&mut Value)) -> Evidence {
    let mut bundle = serde_json::from_slice(&vector(&format!("{name}.json"))).unwrap();
    alter(&mut bundle);
    Evidence::Bundle(bundle.to_string().into_bytes())
}
