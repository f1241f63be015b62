//! How many have signed.

use wharf_signature::Evidence;

use crate::sample::*;

fn signed(seeds: &[u8]) -> Vec<Evidence> {
    let bundles = seeds
        .iter()
        .map(|seed| Evidence::Bundle(Key::new(*seed).bundle(&statement(subject()))));
    bundles.collect()
}

#[test]
fn two_of_three() {
    let mut requirement =
        any_of(&[1, 2, 3].map(|seed| by_key(&seed.to_string(), &Key::new(seed).pem())));
    requirement.threshold = 2;
    for (seeds, well) in [
        (vec![], false),
        (vec![1], false),
        (vec![1, 1], false),
        (vec![1, 4], false),
        (vec![1, 3], true),
        (vec![4, 2, 5, 3], true),
    ] {
        assert_eq!(
            verdict(&signed(&seeds), &requirement).satisfied,
            well,
            "{seeds:?}"
        );
    }
}

#[test]
fn two_keys_of_one_signer_are_one_signer() {
    let mut requirement = any_of(&[
        by_key("alice", &Key::new(1).pem()),
        by_key("alice", &Key::new(2).pem()),
        by_key("bob", &Key::new(3).pem()),
    ]);
    requirement.threshold = 2;
    assert!(!verdict(&signed(&[1, 2]), &requirement).satisfied);
    assert!(verdict(&signed(&[2, 3]), &requirement).satisfied);
}

#[test]
fn an_attestation_and_a_signature_do_not_add_up() {
    let mut requirement = any_of(&[
        by_key("a", &Key::new(1).pem()),
        by_key("b", &Key::new(2).pem()),
    ]);
    requirement.threshold = 2;
    let mut evidences = signed(&[1]);
    evidences.push(Evidence::Bundle(
        Key::new(2).bundle(&attestation(subject(), "https://x/v1")),
    ));
    assert!(!verdict(&evidences, &requirement).satisfied);
}
