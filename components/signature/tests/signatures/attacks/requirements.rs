//! What is asked for, and is not there or can not be.

use wharf_oci::Digest;
use wharf_signature::{Evidence, Requirement};

use super::*;
use crate::sample::*;

#[test]
fn requirements_that_can_not_be_used_are_refused() {
    let pem = key().pem();
    let named = |pem: &str| us_with(pem);
    for (requirement, why) in [
        (named("").clone(), "not in PEM"),
        (named("cosign.pub"), "not in PEM"),
        (named(&pem.replace("PUBLIC", "PRIVATE")), "`PRIVATE KEY`"),
        (
            named(&pem.replace("PUBLIC KEY", "CERTIFICATE")),
            "`CERTIFICATE`",
        ),
        (
            named(&pem.replacen("MF", "MG", 1)),
            "the public key of `us`",
        ),
        (named(&"x".repeat(20_000)), "larger"),
        (
            Requirement {
                threshold: 0,
                ..us(&key())
            },
            "0 of the signers",
        ),
        (
            Requirement {
                threshold: 2,
                ..us(&key())
            },
            "2 of the signers",
        ),
        (
            Requirement {
                signers: Vec::new(),
                ..us(&key())
            },
            "nobody",
        ),
        (
            Requirement {
                trusted_root: Some(b"{}".to_vec()),
                ..us(&key())
            },
            "trusted root",
        ),
        (
            Requirement {
                threshold: 2,
                ..any_of(&[by_key("a", &pem), by_key("b", &pem)])
            },
            "2 of the signers",
        ),
        (any_of(&vec![by_key("a", &pem); 101]), "more than 100"),
    ] {
        let error = wharf_signature::check(&requirement).unwrap_err();
        assert!(error.to_string().contains(why), "{why}: {error}");
        assert!(wharf_signature::verify(&subject(), None, &[], &requirement, NOW).is_err());
    }
}

fn us_with(pem: &str) -> Requirement {
    any_of(&[by_key("us", pem)])
}

#[test]
fn annotations_that_are_asked_for_have_to_be_there() {
    let mut requirement = us(&key());
    requirement.annotations = vec![
        ("env".to_owned(), "prod".to_owned()),
        ("a".to_owned(), "1".to_owned()),
    ];
    let with = |annotations: &[(&str, &str)]| {
        let mut statement = statement(subject());
        statement.annotations = annotations
            .iter()
            .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
            .collect();
        statement
    };
    for (annotations, well) in [
        (vec![("env", "prod"), ("a", "1")], true),
        (vec![("a", "1"), ("x", "y"), ("env", "prod")], true),
        (vec![("env", "prod")], false),
        (vec![("env", "prod"), ("a", "2")], false),
        (vec![("env", "PROD"), ("a", "1")], false),
        (vec![], false),
    ] {
        let statement = with(&annotations);
        for evidence in [
            Evidence::Bundle(key().bundle(&statement)),
            evidence(&key().beside(None, &statement)),
        ] {
            let found = finding(evidence, &requirement);
            assert_eq!(is_accepted(&found), well, "{found:#?}");
            if !well {
                is_foreign(&found, "it lacks the annotation");
            }
        }
    }
    let number = altered(&payload(), "null", r#"{"env":"prod","a":1}"#);
    is_foreign(&finding(legacy(&number, ""), &requirement), "`a=1`");
}

#[test]
fn a_log_entry_that_is_asked_for_has_to_be_there() {
    let mut requirement = us(&key());
    requirement.key_in_log = true;
    let error = wharf_signature::check(&requirement).unwrap_err();
    assert!(error.to_string().contains("trusted root"), "{error}");
    requirement.trusted_root = Some(wharf_keyless::PUBLIC_GOOD.into());
    is_foreign(
        &finding(Evidence::Bundle(our_bundle()), &requirement),
        "in no transparency log",
    );
    let legacy = key().beside(None, &statement(subject()));
    is_foreign(
        &finding(evidence(&legacy), &requirement),
        "in no transparency log",
    );
    requirement.key_in_log = false;
    assert!(is_accepted(&finding(
        Evidence::Bundle(our_bundle()),
        &requirement
    )));
}

#[test]
fn the_digest_that_is_asked_about_is_the_one_that_counts() {
    let digest: Digest = other().digest;
    let found = wharf_signature::verify(
        &other(),
        None,
        &[Evidence::Bundle(our_bundle())],
        &us(&key()),
        NOW,
    )
    .unwrap();
    assert!(!found.satisfied);
    is_wrong(&found.findings[0], subject().digest.as_str());
    assert_ne!(digest, subject().digest);
}
