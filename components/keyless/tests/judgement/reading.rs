//! Bundles that can't be read, or that could be read in two ways.

use serde_json::{Value, json};
use wharf_keyless::{Certified, Problem};

use crate::vector::{STRICT, SUBJECT, altered, entry, json, judge, read, root, timestamp};

fn of_bytes(bytes: &[u8]) -> Result<Certified, Problem> {
    wharf_keyless::bundle(&root(), bytes, &SUBJECT, &STRICT)
}

#[track_caller]
fn unusable(judged: Result<Certified, Problem>, says: &str) {
    match judged {
        Err(Problem::Unusable(said)) if said.contains(says) => (),
        other => panic!("expected {says:?}, got {other:?}"),
    }
}

#[test]
fn what_is_no_bundle_is_unusable() {
    for bytes in [
        "",
        "null",
        "[]",
        "{}",
        "\"bundle\"",
        "{\"mediaType\":\"x\"}",
    ] {
        unusable(of_bytes(bytes.as_bytes()), "");
    }
    unusable(of_bytes(b"{\xff}"), "");
    let mut cut = read("virtual/right/bundle.json");
    cut.truncate(cut.len() / 2);
    unusable(of_bytes(&cut), "");
}

#[test]
fn a_bundle_that_goes_on_is_unusable() {
    let mut bytes = read("virtual/right/bundle.json");
    bytes.extend(b"{}");
    unusable(of_bytes(&bytes), "trailing");
}

#[test]
fn a_bundle_of_an_unknown_format_is_unusable() {
    for (_, judged) in altered("", |bundle| {
        bundle["mediaType"] = "application/vnd.dev.sigstore.bundle.v9.9+json".into();
    }) {
        unusable(judged, "");
    }
}

#[test]
fn a_name_that_is_given_twice_is_unusable() {
    let text = String::from_utf8(read("virtual/right/bundle.json")).unwrap();
    let other = json("other-digest/bundle.json")["dsseEnvelope"].to_string();
    let doubled = text.replacen('{', &format!("{{\"dsseEnvelope\":{other},"), 1);
    unusable(of_bytes(doubled.as_bytes()), "twice");
}

#[test]
fn two_signatures_in_a_bundle_are_unusable() {
    for (_, judged) in altered("", |bundle| {
        bundle["messageSignature"] = json!({ "signature": "MAA=" });
    }) {
        unusable(judged, "one signature");
    }
    for (_, judged) in altered("", |bundle| {
        let signature = bundle["dsseEnvelope"]["signatures"][0].clone();
        bundle["dsseEnvelope"]["signatures"] = json!([signature, signature]);
    }) {
        unusable(judged, "exactly one signature");
    }
}

#[test]
fn a_certificate_and_a_key_are_unusable() {
    for (_, judged) in altered("", |bundle| {
        bundle["verificationMaterial"]["publicKey"] = json!({ "hint": "" });
    }) {
        unusable(judged, "has one of");
    }
}

#[test]
fn a_chain_in_the_newest_format_is_unusable() {
    for (_, judged) in altered("bundle-v0.1", |bundle| {
        bundle["mediaType"] = "application/vnd.dev.sigstore.bundle.v0.3+json".into();
        // Where there is a proof, only the chain is left to be wrong.
        let mut proved = json("right/bundle.json");
        *entry(bundle) = entry(&mut proved).clone();
    }) {
        assert!(judged.is_err(), "{judged:?}");
    }
}

#[test]
fn a_bundle_without_a_certificate_is_unusable() {
    unusable(
        judge(&json("by-key/bundle.json"), &STRICT),
        "no certificate",
    );
}

#[test]
fn more_evidence_than_is_looked_at_is_unusable() {
    let many = |value: &Value| Value::from(vec![value.clone(); 33]);
    for (_, judged) in altered("bundle", |bundle| {
        let entries = many(entry(bundle));
        bundle["verificationMaterial"]["tlogEntries"] = entries;
    }) {
        unusable(judged, "33 log entries");
    }
    for (_, judged) in altered("bundle.json", |bundle| {
        let timestamps = many(timestamp(bundle));
        bundle["verificationMaterial"]["timestampVerificationData"]["rfc3161Timestamps"] =
            timestamps;
    }) {
        unusable(judged, "33 timestamps");
    }
    for (_, judged) in altered("bundle-v0.1", |bundle| {
        let chain = &mut bundle["verificationMaterial"]["x509CertificateChain"]["certificates"];
        *chain = vec![chain[0].clone(); 11].into();
    }) {
        unusable(judged, "11 certificates");
    }
}

#[test]
fn a_bundle_that_is_nested_without_end_is_unusable() {
    let nested = "[".repeat(1_000_000);
    unusable(of_bytes(format!("{{\"mediaType\":{nested}").as_bytes()), "");
}

#[test]
fn another_type_of_payload_is_unusable() {
    for (_, judged) in altered("", |bundle| {
        bundle["dsseEnvelope"]["payloadType"] = "text/plain".into();
    }) {
        unusable(judged, "payload type");
    }
}
