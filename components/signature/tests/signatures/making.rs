//! What is made is what others make, and is accepted.

use base64::Engine as _;
use proptest::prelude::*;
use serde_json::Value;
use wharf_signature::making::{self, Predicate, Proof, Statement};
use wharf_signature::{Error, Evidence, Format};

use crate::sample::*;

fn json(bytes: &[u8]) -> Value {
    serde_json::from_slice(bytes).unwrap()
}

fn annotated() -> Statement {
    Statement {
        annotations: vec![("k".to_owned(), "v".to_owned())],
        ..statement(subject())
    }
}

#[test]
fn messages_are_those_of_cosign() {
    let payload = making::message(&annotated(), Format::Legacy).unwrap();
    assert_eq!(payload.payload, vector("sig.payload.json"));
    assert_eq!(payload.message, payload.payload);
    let ours = making::message(&annotated(), Format::Bundle).unwrap();
    let theirs = json(&vector("p256.bundle.json"));
    let theirs = theirs["dsseEnvelope"]["payload"].as_str().unwrap();
    let theirs = base64::engine::general_purpose::STANDARD
        .decode(theirs)
        .unwrap();
    assert_eq!(ours.payload, theirs);
    let head = format!("DSSEv1 28 application/vnd.in-toto+json {} ", theirs.len());
    assert_eq!(ours.message, [head.as_bytes(), &theirs].concat());
}

#[test]
fn a_bundle_and_its_artifact_are_those_of_cosign() {
    let key = Key::new(1);
    let mut ours = json(&key.bundle(&annotated()));
    let mut theirs = json(&vector("p256.bundle.json"));
    for bundle in [&mut ours, &mut theirs] {
        bundle["verificationMaterial"]["publicKey"]["hint"] = Value::Null;
        bundle["dsseEnvelope"]["signatures"][0]["sig"] = Value::Null;
    }
    assert_eq!(ours, theirs);

    let bundle = vector("p256.bundle.json");
    let created = 1_795_664_648;
    let artifact = making::bundle_artifact(&subject(), &bundle, Some(created)).unwrap();
    let ours = json(&artifact.manifest);
    let mut theirs = json(&vector("p256.bundle.manifest.json"));
    theirs["config"]
        .as_object_mut()
        .unwrap()
        .remove("artifactType");
    assert_eq!(ours, theirs);
    assert_eq!(artifact.blobs, [b"{}".to_vec(), bundle]);
    assert!(is_accepted(&finding(
        evidence(&artifact),
        &any_of(&[by_key("us", &text("p256.pub"))])
    )));
}

#[test]
fn a_legacy_artifact_is_that_of_cosign() {
    let artifact = Key::new(1).beside(None, &annotated());
    let mut ours = json(&artifact.manifest);
    let theirs = json(&vector("sig.json"));
    let layer = &mut ours["layers"][0];
    layer["annotations"]["dev.cosignproject.cosign/signature"] =
        theirs["layers"][0]["annotations"]["dev.cosignproject.cosign/signature"].clone();
    assert_eq!(*layer, theirs["layers"][0]);
    assert_eq!(ours["config"]["mediaType"], theirs["config"]["mediaType"]);
    let config = json(&artifact.blobs[0]);
    assert_eq!(config["rootfs"]["diff_ids"][0], ours["layers"][0]["digest"]);
    assert_eq!(
        ours["config"]["digest"],
        digest(&artifact.blobs[0]).as_str()
    );
    assert!(is_accepted(&finding(
        evidence(&artifact),
        &us(&Key::new(1))
    )));
}

#[test]
fn a_legacy_artifact_keeps_what_is_there() {
    let key = Key::new(1);
    let there = altered(
        &vector("sig.json"),
        r#"{"schemaVersion""#,
        r#"{"annotations":{"x":"y"},"schemaVersion""#,
    );
    let signed = key.signed(&annotated(), Format::Legacy);
    let artifact = making::legacy_artifact(Some(&there), &signed, &key.proof()).unwrap();
    let (before, after) = (json(&there), json(&artifact.manifest));
    assert_eq!(after["annotations"], before["annotations"]);
    assert_eq!(
        after["layers"].as_array().unwrap()[..5],
        before["layers"].as_array().unwrap()[..]
    );
    assert_eq!(
        json(&artifact.blobs[0])["rootfs"]["diff_ids"]
            .as_array()
            .unwrap()
            .len(),
        6
    );
    let mut requirement = any_of(&[by_key("us", &key.pem()), by_key("rsa", &text("rsa.pub"))]);
    requirement.threshold = 2;
    let payload = vector("sig.payload.json");
    assert!(
        verdict(
            &[manifest(artifact.manifest.clone(), &[&payload])],
            &requirement
        )
        .satisfied
    );

    let again = making::legacy_artifact(Some(&artifact.manifest), &signed, &key.proof()).unwrap();
    assert_eq!(
        (again.manifest, again.blobs),
        (artifact.manifest, Vec::new()),
        "it is there already"
    );
}

#[test]
fn a_legacy_attestation_is_that_of_cosign() {
    let mut statement = attestation(subject(), "https://example.com/p/v1");
    statement.predicate = Some(Predicate {
        kind: "https://example.com/p/v1".to_owned(),
        content: br#" {"buildType":"x","n":1.5}
"#
        .to_vec(),
    });
    let unsigned = making::message(&statement, Format::Legacy).unwrap();
    let theirs = json(&vector("att.layer.json"));
    let encoded = base64::engine::general_purpose::STANDARD.encode(&unsigned.payload);
    assert_eq!(theirs["payload"], encoded.as_str());
    let artifact = Key::new(1).beside(None, &statement);
    let (ours, theirs) = (json(&artifact.manifest), json(&vector("att.json")));
    assert_eq!(
        ours["layers"][0]["annotations"],
        theirs["layers"][0]["annotations"]
    );
    assert_eq!(
        ours["layers"][0]["mediaType"],
        theirs["layers"][0]["mediaType"]
    );
    let mut requirement = us(&Key::new(1));
    requirement.predicate = Some("https://example.com/p/v1".to_owned());
    assert!(is_accepted(&finding(evidence(&artifact), &requirement)));
}

#[test]
fn a_predicate_stays_as_it_was_given() {
    let unsigned = making::message(&attestation(subject(), "https://a/b"), Format::Bundle).unwrap();
    assert!(unsigned.payload.ends_with(br#","predicate":{"a": 1.50}}"#));
}

#[test]
fn certificates_entries_and_timestamps_are_written_down() {
    let key = Key::new(1);
    let entry = br#"{"logIndex":"7","logId":{"keyId":"AQI="},"kindVersion":{"kind":"dsse","version":"0.0.1"},"integratedTime":"1700000000","inclusionPromise":{"signedEntryTimestamp":"AAAA"},"inclusionProof":{"checkpoint":{"envelope":"x"}},"canonicalizedBody":"e30="}"#;
    let proof = Proof {
        public_key: None,
        certificates: vec![b"leaf".to_vec(), b"authority".to_vec()],
        log_entries: vec![entry.to_vec()],
        timestamps: vec![b"stamp".to_vec()],
    };
    let bundle = json(&making::bundle(&key.signed(&annotated(), Format::Bundle), &proof).unwrap());
    let material = &bundle["verificationMaterial"];
    assert_eq!(material["certificate"]["rawBytes"], "bGVhZg==");
    assert_eq!(material["tlogEntries"][0], json(entry));
    assert_eq!(
        material["timestampVerificationData"]["rfc3161Timestamps"][0]["signedTimestamp"],
        "c3RhbXA="
    );

    let signed = key.signed(&annotated(), Format::Legacy);
    let artifact = making::legacy_artifact(None, &signed, &proof).unwrap();
    let annotations = &json(&artifact.manifest)["layers"][0]["annotations"];
    let of = |name: &str| {
        annotations[format!("dev.sigstore.cosign/{name}")]
            .as_str()
            .unwrap()
            .to_owned()
    };
    assert_eq!(
        of("certificate"),
        "-----BEGIN CERTIFICATE-----\nbGVhZg==\n-----END CERTIFICATE-----\n"
    );
    assert!(of("chain").contains("YXV0aG9yaXR5"));
    assert_eq!(
        of("bundle"),
        r#"{"SignedEntryTimestamp":"AAAA","Payload":{"body":"e30=","integratedTime":1700000000,"logIndex":7,"logID":"0102"}}"#
    );
    assert_eq!(
        of("rfc3161timestamp"),
        r#"{"SignedRFC3161Timestamp":"c3RhbXA="}"#
    );

    let mut later = proof.clone();
    later.log_entries = vec![altered(entry, "inclusionPromise", "inclusionNothing")];
    let error = making::legacy_artifact(None, &signed, &later).unwrap_err();
    assert!(error.to_string().contains("Rekor v1"), "{error}");
    later.log_entries = vec![altered(entry, "inclusionProof", "inclusionNothing")];
    assert!(making::bundle(&key.signed(&annotated(), Format::Bundle), &later).is_err());
}

#[test]
fn what_does_not_fit_is_not_made() {
    let (key, stranger) = (Key::new(1), Key::new(2));
    let signed = key.signed(&annotated(), Format::Bundle);
    let legacy = key.signed(&annotated(), Format::Legacy);
    let invalid = |error: Result<Vec<u8>, Error>| {
        assert!(matches!(error, Err(Error::InvalidInput(_))), "{error:?}");
    };
    invalid(making::bundle(&signed, &stranger.proof()));
    invalid(making::bundle(&signed, &Proof::default()));
    invalid(making::bundle(&legacy, &key.proof()));
    let mut other = signed.clone();
    other.message.push(b' ');
    invalid(making::bundle(&other, &key.proof()));
    let both = Proof {
        certificates: vec![b"leaf".to_vec()],
        ..key.proof()
    };
    invalid(making::bundle(&signed, &both));
    invalid(making::legacy_artifact(None, &signed, &key.proof()).map(|artifact| artifact.manifest));
    invalid(
        making::legacy_artifact(None, &legacy, &stranger.proof()).map(|artifact| artifact.manifest),
    );
    for present in ["", "<html>", "{}", r#"{"schemaVersion":2,"manifests":[]}"#] {
        let made = making::legacy_artifact(Some(present.as_bytes()), &legacy, &key.proof());
        invalid(made.map(|artifact| artifact.manifest));
    }
    for (bundle, subject) in [
        (b"{}".to_vec(), subject()),
        (key.bundle(&annotated()), other_subject()),
        (
            altered(
                &key.bundle(&annotated()),
                "bundle.v0.3+json",
                "bundle+json;version=0.2",
            ),
            self::subject(),
        ),
    ] {
        invalid(making::bundle_artifact(&subject, &bundle, None).map(|artifact| artifact.manifest));
    }
}

fn other_subject() -> wharf_oci::Descriptor {
    other()
}

#[test]
fn predicates_that_are_none_are_refused() {
    for (kind, content) in [
        ("", "{}"),
        ("https://sigstore.dev/cosign/sign/v1", "{}"),
        ("https://a/b", ""),
        ("https://a/b", "[]"),
        ("https://a/b", "{} {}"),
        ("https://a/b", r#"{"a":1,"a":2}"#),
        ("https://a/b", r#"{}},"predicateType":{"#),
    ] {
        let mut statement = statement(subject());
        statement.predicate = Some(Predicate {
            kind: kind.to_owned(),
            content: content.as_bytes().to_vec(),
        });
        for format in [Format::Bundle, Format::Legacy] {
            let made = making::message(&statement, format);
            assert!(
                matches!(made, Err(Error::InvalidInput(_))),
                "{kind} {content}: {made:?}"
            );
        }
    }
    let mut statement = annotated();
    statement.annotations.push(("k".to_owned(), "w".to_owned()));
    assert!(making::message(&statement, Format::Bundle).is_err());
    let giant = format!(r#"{{"a":"{}"}}"#, "x".repeat(4 * 1024 * 1024));
    let mut statement = attestation(subject(), "https://a/b");
    statement.predicate.as_mut().unwrap().content = giant.into_bytes();
    assert!(matches!(
        making::message(&statement, Format::Bundle),
        Err(Error::LimitExceeded(_))
    ));
}

#[test]
fn a_full_manifest_takes_no_more() {
    let key = Key::new(1);
    let artifact = key.beside(None, &annotated());
    let text = String::from_utf8(artifact.manifest.clone()).unwrap();
    let layer = text
        .split_once(r#""layers":["#)
        .unwrap()
        .1
        .split_once(']')
        .unwrap()
        .0;
    let full = altered(&artifact.manifest, layer, &vec![layer; 200].join(","));
    let signed = Key::new(2).signed(&annotated(), Format::Legacy);
    let made = making::legacy_artifact(Some(&full), &signed, &Key::new(2).proof());
    assert!(matches!(made, Err(Error::LimitExceeded(_))));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn what_is_made_is_accepted(
        annotations in proptest::collection::btree_map(".{1,12}", ".{0,12}", 0..4),
        kind in proptest::option::of("[a-z:/.]{1,20}"),
        value in ".{0,20}",
        // 32 bytes of 255 are no key: the order of the curve is less.
        seed in 2u8..=254,
        first in any::<bool>(),
    ) {
        let mut statement = statement(subject());
        statement.annotations = annotations.into_iter().collect();
        statement.predicate = kind.clone().map(|kind| Predicate {
            kind,
            content: serde_json::to_vec(&serde_json::json!({ "value": value })).unwrap(),
        });
        let key = Key::new(seed);
        let mut requirement = us(&key);
        requirement.annotations = statement.annotations.clone();
        requirement.predicate = kind;
        let found = finding(evidence(&key.attached(&statement)), &requirement);
        prop_assert!(is_accepted(&found), "{found:#?}");
        let present = first.then(|| Key::new(seed ^ 255 | 1).beside(None, &statement));
        let both = key.beside(present.as_ref(), &statement);
        prop_assert!(verdict(&[evidence(&both)], &requirement).satisfied);
    }
}

#[test]
fn a_bundle_from_a_file_is_attached_as_it_is() {
    let bundle = vector("att.bundle.json");
    let artifact = making::bundle_artifact(&subject(), &bundle, None).unwrap();
    let manifest = json(&artifact.manifest);
    assert_eq!(
        manifest["annotations"]["dev.sigstore.bundle.predicateType"],
        "https://example.com/p/v1"
    );
    assert_eq!(
        manifest["annotations"].get("org.opencontainers.image.created"),
        None
    );
    assert_eq!(artifact.blobs[1], bundle);
    assert!(matches!(evidence(&artifact), Evidence::Manifest { .. }));
}
