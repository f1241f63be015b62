//! Many signatures, of which one is good, or none.

use p256::ecdsa::Signature;
use wharf_signature::{Evidence, Format};

use super::*;
use crate::sample::*;

#[test]
fn a_signature_counts_once_in_every_form_that_it_has() {
    let mut requirement = any_of(&[
        by_key("a", &key().pem()),
        by_key("b", &key().pem()),
        by_key("c", &stranger().pem()),
    ]);
    requirement.threshold = 2;
    let mut evidences = vec![Evidence::Bundle(our_bundle()); 100];
    // Of one signature by ECDSA anybody can make a second.
    let signed = key().signed(&statement(subject()), Format::Bundle);
    let signature = Signature::from_der(&signed.signature).unwrap();
    let twin =
        Signature::from_scalars(signature.r().to_bytes(), (-*signature.s()).to_bytes()).unwrap();
    evidences.push(Evidence::Bundle(forged(
        &signed.payload,
        twin.to_der().as_bytes(),
    )));
    evidences.push(evidence(&key().beside(None, &statement(subject()))));
    let found = verdict(&evidences, &requirement);
    assert!(found.findings.iter().all(is_accepted));
    assert!(!found.satisfied, "all of them are by one key");
    evidences.push(Evidence::Bundle(stranger().bundle(&statement(subject()))));
    assert!(verdict(&evidences, &requirement).satisfied);
}

/// Nothing that lies beside a good signature hides it.
#[test]
fn everything_at_once_hides_nothing() {
    let payload = payload();
    let mut evidences = vec![
        manifest("<html>", &[]),
        manifest("{}", &[]),
        manifest("[".repeat(100_000), &[]),
        manifest(" ".repeat(5 * 1024 * 1024), &[]),
        manifest(r#"{"schemaVersion":2,"manifests":[]}"#, &[]),
        Evidence::Bundle(Vec::new()),
        Evidence::Bundle(b"null".to_vec()),
        Evidence::Bundle("[".repeat(100_000).into_bytes()),
        Evidence::Bundle(format!("[{}0]", "[0],".repeat(1_000_000)).into_bytes()),
        manifest(format!("[{}0]", "[0],".repeat(1_000_000)), &[]),
        Evidence::Bundle(vec![b' '; 5 * 1024 * 1024]),
        Evidence::Bundle(key().bundle(&statement(other()))),
        Evidence::Bundle(stranger().bundle(&statement(subject()))),
        evidence(&stranger().attached(&statement(subject()))),
        layered(&payload, ""),
    ];
    let bad = verdict(&evidences, &us(&key()));
    assert!(!bad.satisfied);
    assert_eq!(
        bad.findings.len(),
        evidences.len() - 1,
        "an index has no signatures"
    );
    for place in [0, 5, evidences.len()] {
        let mut evidences = evidences.clone();
        evidences.insert(place, Evidence::Bundle(our_bundle()));
        assert!(verdict(&evidences, &us(&key())).satisfied);
    }
    evidences.truncate(1);
    assert!(!verdict(&evidences, &us(&key())).satisfied);
    assert!(!verdict(&[], &us(&key())).satisfied);
}

#[test]
fn a_good_layer_among_bad_ones_counts() {
    let first = stranger().beside(None, &statement(subject()));
    let second = key().beside(Some(&first), &statement(subject()));
    let third = Key::new(3).beside(Some(&second), &statement(other()));
    let found = verdict(&[evidence(&third)], &us(&key()));
    assert!(found.satisfied);
    assert_eq!(
        found
            .findings
            .iter()
            .filter(|finding| is_accepted(finding))
            .count(),
        1
    );
    assert_eq!(found.findings.len(), 3);
}

#[test]
fn thousands_are_cut_off_where_it_is_said_and_the_first_count() {
    let stranger = Evidence::Bundle(stranger().bundle(&statement(subject())));
    let mut evidences = vec![stranger; 1_500];
    evidences[999] = Evidence::Bundle(our_bundle());
    let found = verdict(&evidences, &us(&key()));
    assert!(found.satisfied && found.findings.len() == 1_500);
    is_unusable(&found.findings[1_000], "not among the first 1000");
    evidences.swap(999, 1_000);
    assert!(!verdict(&evidences, &us(&key())).satisfied);
}

#[test]
fn layers_are_cut_off_too() {
    let artifact = key().beside(None, &statement(subject()));
    let text = String::from_utf8(artifact.manifest.clone()).unwrap();
    let layer = text
        .split_once(r#""layers":["#)
        .unwrap()
        .1
        .split_once(']')
        .unwrap()
        .0;
    let many = altered(&artifact.manifest, layer, &vec![layer; 300].join(","));
    let found = verdict(&[manifest(many, &[&artifact.blobs[1]])], &us(&key()));
    assert!(found.satisfied && found.findings.len() == 300);
    is_unusable(&found.findings[200], "not among the first 200");
}
