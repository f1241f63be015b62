//! Identities that are asked for, and others.

use serde_json::Value;
use wharf_oci::{Descriptor, Digest, media_type};
use wharf_signature::{Error, Outcome, Requirement};

use super::*;
use crate::sample::{is_accepted, is_foreign, is_unusable, is_wrong};

#[test]
fn an_identity_that_is_asked_for_is_accepted_in_every_format() {
    for evidence in [
        bundle("right/bundle"),
        bundle("right/bundle-rekor-v2"),
        bundle("right/bundle-v0.1"),
        legacy("right"),
    ] {
        let found = finding(evidence, &ann());
        assert_eq!(found.outcome, Outcome::Accepted(vec!["ann".to_owned()]));
        assert_eq!(
            found.by.as_deref(),
            Some("ann@wharf.test (issuer https://issuer.wharf.test)")
        );
        assert_eq!(found.time, Some(SIGNED));
        let checked = found.checked.join("; ");
        for words in [
            "certificate transparency log",
            "a transparency log",
            "this manifest",
        ] {
            assert!(checked.contains(words), "{checked}");
        }
        assert!(found.payload.is_some());
    }
}

#[test]
fn patterns_fit_the_whole_of_a_name_and_of_an_issuer() {
    for (name, issuer, well) in [
        (".*@wharf[.]test", "https://.*", true),
        (".*@wharf[.]test", "https://issuer", false),
        ("ann@wharf", ".*", false),
        ("nn@wharf.test", ".*", false),
        ("ann|bob", ".*", false),
        ("(ann|bob)@wharf[.]test", ".*wharf[.]test", true),
    ] {
        let found = finding(
            bundle("right/bundle"),
            &any_of(vec![identity("us", pattern(name), pattern(issuer))]),
        );
        assert_eq!(is_accepted(&found), well, "{name} {issuer}");
        if !well {
            is_foreign(&found, "an identity that is not asked for");
        }
    }
}

#[test]
fn another_identity_and_another_issuer_are_foreign_and_named() {
    for evidence in [
        bundle("other-identity/bundle"),
        bundle("other-issuer/bundle"),
    ] {
        let found = finding(evidence, &ann());
        is_foreign(&found, "an identity that is not asked for");
        assert!(
            found.by.is_some() && found.time == Some(SIGNED),
            "{found:#?}"
        );
    }
    is_foreign(
        &finding(legacy("right"), &bob()),
        "an identity that is not asked for",
    );
}

#[test]
fn a_good_signature_of_something_else_is_wrong() {
    for evidence in [
        bundle("other-digest/bundle"),
        bundle("other-digest/bundle-rekor-v2"),
        bundle("other-digest/bundle-v0.1"),
        legacy("other-digest"),
    ] {
        let found = finding(evidence.clone(), &ann());
        is_wrong(&found, "something else");
        assert!(found.by.is_some());
        is_foreign(&finding(evidence, &bob()), "not asked for");
    }
}

#[test]
fn what_does_not_fit_is_wrong() {
    for folder in [
        "expired",
        "not-yet-valid",
        "wrong-usage",
        "no-usage",
        "foreign-sct",
        "no-sct",
        "no-log",
    ] {
        is_wrong(&finding(bundle(&format!("{folder}/bundle")), &ann()), "");
    }
    for folder in ["expired", "no-sct", "no-log"] {
        is_wrong(&finding(legacy(folder), &ann()), "");
    }
}

#[test]
fn an_authority_that_the_root_does_not_have_is_foreign() {
    let found = finding(bundle("foreign-authority/bundle"), &ann());
    is_foreign(&found, "trusted root");
    assert_eq!(found.by, None, "nothing was proved");
    is_foreign(&finding(legacy("foreign"), &ann()), "trusted root");
}

#[test]
fn what_is_ignored_is_said() {
    let lenient = Requirement {
        ignore_sct: true,
        ..ann()
    };
    let found = finding(bundle("no-sct/bundle"), &lenient);
    assert!(is_accepted(&found), "{found:#?}");
    assert!(
        found
            .unchecked
            .iter()
            .any(|words| words.contains("certificate transparency")),
        "{found:#?}"
    );
    let lenient = Requirement {
        ignore_log: true,
        ..ann()
    };
    for evidence in [bundle("no-log/bundle"), legacy("no-log")] {
        let found = finding(evidence, &lenient);
        assert!(is_accepted(&found), "{found:#?}");
        assert!(
            found
                .unchecked
                .iter()
                .any(|words| words.contains("whether a transparency log")),
            "{found:#?}"
        );
    }
    is_wrong(&finding(bundle("no-log-no-timestamp/bundle"), &lenient), "");
}

#[test]
fn parts_of_another_signature_are_wrong() {
    let other: Value = serde_json::from_slice(&vector("again/bundle.json")).unwrap();
    for part in [
        "/verificationMaterial/certificate",
        "/verificationMaterial/tlogEntries",
        "/verificationMaterial/timestampVerificationData",
        "/dsseEnvelope/signatures",
    ] {
        let swapped = altered("right/bundle", |bundle| {
            *bundle.pointer_mut(part).unwrap() = other.pointer(part).unwrap().clone();
        });
        is_wrong(&finding(swapped, &ann()), "");
    }
}

#[test]
fn another_statement_under_a_certificate_is_wrong() {
    let swapped = altered("right/bundle", |bundle| {
        let other: Value = serde_json::from_slice(&vector("other-digest/bundle.json")).unwrap();
        bundle["dsseEnvelope"]["payload"] = other["dsseEnvelope"]["payload"].clone();
    });
    is_wrong(&finding(swapped, &ann()), "");
}

#[test]
fn a_second_envelope_that_only_others_read_is_refused() {
    let doubled = altered("other-digest/bundle", |bundle| {
        let right: Value = serde_json::from_slice(&vector("right/bundle.json")).unwrap();
        bundle["dsse_envelope"] = right["dsseEnvelope"].clone();
    });
    is_unusable(&finding(doubled, &ann()), "not known");
}

#[test]
fn a_signature_from_the_future_is_wrong() {
    let found = wharf_signature::verify(
        &subject(),
        None,
        &[bundle("right/bundle")],
        &ann(),
        SIGNED - 60,
    )
    .unwrap();
    assert!(!found.satisfied);
    is_wrong(&found.findings[0], "");
}

#[test]
fn an_attestation_is_asked_for_and_a_signature_is_there() {
    let mut requirement = ann();
    requirement.predicate = Some("https://slsa.dev/provenance/v1".to_owned());
    is_foreign(
        &finding(bundle("right/bundle"), &requirement),
        "it is a signature",
    );
}

#[test]
fn one_identity_under_two_patterns_is_one() {
    let mut requirement = any_of(vec![
        identity("anybody", pattern(".*@wharf[.]test"), exact(ISSUER)),
        identity("ann", exact(NAME), exact(ISSUER)),
    ]);
    requirement.threshold = 2;
    let twice = [
        bundle("right/bundle"),
        bundle("again/bundle"),
        legacy("right"),
    ];
    let found = verdict(&twice, &requirement);
    assert!(!found.satisfied);
    assert_eq!(
        found.findings[0].outcome,
        Outcome::Accepted(vec!["anybody".into(), "ann".into()])
    );
    let two = [bundle("right/bundle"), bundle("other-identity/bundle")];
    assert!(verdict(&two, &requirement).satisfied);
}

#[test]
fn wrong_and_foreign_ones_hide_nothing() {
    let folders = [
        "expired",
        "foreign",
        "foreign-log",
        "foreign-sct",
        "foreign-timestamp",
        "no-log",
        "no-sct",
        "other-digest",
        "wrong-usage",
    ];
    let mut evidences: Vec<_> = folders
        .iter()
        .map(|folder| bundle(&format!("{folder}/bundle")))
        .collect();
    let bad = verdict(&evidences, &ann());
    assert!(
        !bad.satisfied && !bad.findings.iter().any(is_accepted),
        "{bad:#?}"
    );
    evidences.insert(4, bundle("right/bundle"));
    assert!(verdict(&evidences, &ann()).satisfied);
}

#[test]
fn a_digest_that_is_asked_about_is_the_one_that_counts() {
    let other = Descriptor::new(media_type::IMAGE_MANIFEST, Digest::from_sha256(&[0; 32]), 5);
    for evidence in [bundle("right/bundle"), legacy("right")] {
        let found =
            wharf_signature::verify(&other, None, &[evidence], &ann(), SIGNED + 60).unwrap();
        assert!(!found.satisfied);
        is_wrong(&found.findings[0], "something else");
    }
}

#[test]
fn a_root_that_is_none_is_refused() {
    for root in [&b""[..], b"{}", b"<html>", br#"{"tlogs":7}"#] {
        let requirement = Requirement {
            trusted_root: Some(root.to_vec()),
            ..ann()
        };
        assert!(matches!(
            wharf_signature::check(&requirement),
            Err(Error::InvalidInput(_))
        ));
    }
}
