//! What is beside a signature by key.

use serde_json::{Value, json};
use wharf_keyless::{Certified, Options, Problem};

use crate::annotations::Layer;
use crate::vector::{
    IGNORE_LOG, SIGNED, STRICT, altered_root, entry, flip, json, read, root, timestamp,
};

fn spki(name: &str) -> Vec<u8> {
    pem::parse(read(name)).unwrap().into_contents()
}

fn key() -> Vec<u8> {
    spki("virtual/by-key/key.pub")
}

fn judge(bundle: &Value, options: &Options) -> Result<Option<Certified>, Problem> {
    wharf_keyless::key_bundle(&root(), bundle.to_string().as_bytes(), &key(), options)
}

fn altered(alter: impl Fn(&mut Value)) -> [Result<Option<Certified>, Problem>; 2] {
    ["bundle.json", "bundle-rekor-v2.json"].map(|format| {
        let mut bundle = json(&format!("by-key/{format}"));
        alter(&mut bundle);
        judge(&bundle, &STRICT)
    })
}

#[track_caller]
fn all_wrong(judged: [Result<Option<Certified>, Problem>; 2]) {
    for judged in judged {
        assert!(matches!(judged, Err(Problem::Wrong(_))), "{judged:?}");
    }
}

#[test]
fn the_log_entry_and_the_timestamp_of_a_key_are_accepted() {
    for judged in altered(|_| ()) {
        let certified = judged.unwrap().unwrap();
        assert_eq!(certified.name, "");
        assert_eq!(certified.time, Some(SIGNED));
        assert!(certified.logged);
    }
}

#[test]
fn a_timestamp_alone_is_no_log_entry() {
    for judged in altered(|bundle| bundle["verificationMaterial"]["tlogEntries"] = json!([])) {
        let certified = judged.unwrap().unwrap();
        assert_eq!(certified.time, Some(SIGNED));
        assert!(!certified.logged);
    }
}

#[test]
fn nothing_beside_a_key_is_nothing() {
    for judged in altered(|bundle| {
        let material = bundle["verificationMaterial"].as_object_mut().unwrap();
        material.remove("tlogEntries");
        material.remove("timestampVerificationData");
    }) {
        assert_eq!(judged, Ok(None));
    }
}

#[test]
fn the_entry_of_another_signature_is_wrong() {
    let other = json("right/bundle.json");
    let other_v2 = json("right/bundle-rekor-v2.json");
    all_wrong(altered(|bundle| {
        let mut other = if entry(bundle)["inclusionPromise"].is_object() {
            other.clone()
        } else {
            other_v2.clone()
        };
        *entry(bundle) = entry(&mut other).clone();
    }));
}

#[test]
fn the_timestamp_of_another_signature_is_wrong() {
    let other = json("right/bundle.json");
    all_wrong(altered(|bundle| {
        let mut other = other.clone();
        *timestamp(bundle) = timestamp(&mut other).clone();
    }));
}

#[test]
fn a_proof_that_was_altered_is_wrong() {
    all_wrong(altered(|bundle| {
        flip(&mut entry(bundle)["inclusionProof"]["hashes"][0]);
    }));
}

#[test]
fn an_entry_that_is_there_twice_is_wrong() {
    all_wrong(altered(|bundle| {
        let entries = vec![entry(bundle).clone(); 2];
        bundle["verificationMaterial"]["tlogEntries"] = entries.into();
    }));
}

#[test]
fn an_entry_of_the_future_is_wrong() {
    let early = Options {
        now: SIGNED - 1,
        ..STRICT
    };
    let judged = judge(&json("by-key/bundle.json"), &early);
    assert!(matches!(judged, Err(Problem::Wrong(_))), "{judged:?}");
}

#[test]
fn an_entry_of_an_unknown_log_is_foreign() {
    let root = altered_root(|root| root["tlogs"] = json!([]));
    let bundle = json("by-key/bundle.json");
    let judge =
        |options| wharf_keyless::key_bundle(&root, bundle.to_string().as_bytes(), &key(), &options);
    let judged = judge(STRICT);
    assert!(matches!(judged, Err(Problem::Foreign(_))), "{judged:?}");
    assert!(!judge(IGNORE_LOG).unwrap().unwrap().logged);
}

#[test]
fn another_key_proves_nothing() {
    let other = spki("public/managed-key.pub");
    let bundle = json("by-key/bundle.json").to_string();
    let judged = wharf_keyless::key_bundle(&root(), bundle.as_bytes(), &other, &STRICT);
    assert!(judged.is_err(), "{judged:?}");
}

#[test]
fn a_bundle_with_a_certificate_is_no_keys() {
    let judged = judge(&json("right/bundle.json"), &STRICT);
    assert!(matches!(judged, Err(Problem::Unusable(_))), "{judged:?}");
}

#[test]
fn annotations_of_a_key_are_judged() {
    let judge =
        |layer: &Layer| wharf_keyless::key_legacy(&root(), &layer.legacy(), &key(), &STRICT);
    let right = Layer::of("by-key");
    let certified = judge(&right).unwrap().unwrap();
    assert_eq!(certified.time, Some(SIGNED));
    assert!(certified.logged);

    let mut layer = right.clone();
    layer.log_entry = None;
    assert!(!judge(&layer).unwrap().unwrap().logged);
    layer.timestamp = None;
    assert_eq!(judge(&layer), Ok(None));

    let other = Layer::of("right");
    let mut layer = right.clone();
    layer.log_entry.clone_from(&other.log_entry);
    assert!(judge(&layer).is_err());
    let mut layer = right;
    layer.timestamp = other.timestamp;
    assert!(matches!(judge(&layer), Err(Problem::Wrong(_))));
}
