//! What lies beside signatures by keys, and keys beside identities.

use serde_json::{Value, json};
use wharf_signature::Requirement;

use super::*;
use crate::sample::{is_accepted, is_foreign, is_wrong};

#[test]
fn where_only_keys_are_asked_for_an_identity_is_foreign_and_named() {
    let found = finding(bundle("right/bundle"), &our_key());
    is_foreign(&found, "not asked for");
    assert_eq!(
        found.by.as_deref(),
        Some("ann@wharf.test (issuer https://issuer.wharf.test)")
    );
    let found = finding(bundle("expired/bundle"), &our_key());
    is_foreign(&found, "only keys are asked for");
    assert_eq!(found.by, None);
}

#[test]
fn where_only_identities_are_asked_for_a_key_is_foreign() {
    is_foreign(&finding(bundle("by-key/bundle"), &ann()), "not asked for");
    is_foreign(&finding(legacy("by-key"), &ann()), "not asked for");
}

#[test]
fn a_log_entry_beside_a_key_is_judged() {
    let logged = Requirement {
        key_in_log: true,
        ..our_key()
    };
    for evidence in [
        bundle("by-key/bundle"),
        bundle("by-key/bundle-rekor-v2"),
        legacy("by-key"),
    ] {
        for requirement in [our_key(), logged.clone()] {
            let found = finding(evidence.clone(), &requirement);
            assert!(is_accepted(&found), "{found:#?}");
            assert_eq!(found.time, Some(SIGNED));
            assert!(
                found
                    .checked
                    .iter()
                    .any(|words| words.contains("transparency log")),
                "{found:#?}"
            );
        }
        let alone = Requirement {
            trusted_root: None,
            ..our_key()
        };
        let found = finding(evidence, &alone);
        assert!(is_accepted(&found) && found.time.is_none(), "{found:#?}");
        assert!(
            found
                .unchecked
                .iter()
                .any(|words| words.contains("no trusted root")),
            "{found:#?}"
        );
    }
}

#[test]
fn a_log_entry_of_another_signature_beside_a_key_is_wrong() {
    let swapped = altered("by-key/bundle", |bundle| {
        let other: Value = serde_json::from_slice(&vector("right/bundle.json")).unwrap();
        bundle["verificationMaterial"]["tlogEntries"] =
            other["verificationMaterial"]["tlogEntries"].clone();
    });
    is_wrong(&finding(swapped, &our_key()), "");
}

#[test]
fn a_timestamp_is_no_log_entry() {
    let evidence = altered("by-key/bundle", |bundle| {
        bundle["verificationMaterial"]["tlogEntries"] = json!([]);
    });
    let found = finding(evidence.clone(), &our_key());
    assert!(
        is_accepted(&found) && found.time == Some(SIGNED),
        "{found:#?}"
    );
    let logged = Requirement {
        key_in_log: true,
        ignore_log: true,
        ..our_key()
    };
    is_foreign(&finding(evidence, &logged), "in no transparency log");
}

#[test]
fn a_log_that_the_root_does_not_have_is_not_judged_beside_a_key() {
    let mut requirement = our_key();
    requirement.trusted_root = Some(vector("foreign_root.json"));
    let found = finding(bundle("by-key/bundle"), &requirement);
    assert!(is_accepted(&found), "{found:#?}");
    assert!(
        found
            .unchecked
            .iter()
            .any(|words| words.contains("trusted root does not have")),
        "{found:#?}"
    );
    requirement.key_in_log = true;
    is_foreign(
        &finding(bundle("by-key/bundle"), &requirement),
        "trusted root",
    );
}

#[test]
fn a_key_and_an_identity_are_two() {
    let mut requirement = ann();
    requirement.signers.extend(our_key().signers);
    requirement.threshold = 2;
    assert!(
        verdict(
            &[bundle("right/bundle"), bundle("by-key/bundle")],
            &requirement
        )
        .satisfied
    );
    assert!(
        !verdict(
            &[bundle("right/bundle"), bundle("again/bundle")],
            &requirement
        )
        .satisfied
    );
    assert!(!verdict(&[bundle("by-key/bundle"), legacy("by-key")], &requirement).satisfied);
}
