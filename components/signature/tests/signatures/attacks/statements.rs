//! Statements and their envelopes.

use wharf_signature::making::Predicate;
use wharf_signature::{Evidence, Format};

use super::*;
use crate::sample::*;

#[test]
fn a_good_signature_of_another_manifest_is_wrong() {
    let found = judged(key().bundle(&statement(other())));
    is_wrong(&found, &format!("something else, `{}`", other().digest));
    assert!(found.by.is_some());
}

#[test]
fn a_strangers_signature_of_another_manifest_is_merely_foreign() {
    is_foreign(
        &judged(stranger().bundle(&statement(other()))),
        "not asked for",
    );
}

#[test]
fn a_strangers_signature_is_foreign_and_says_by_which_key() {
    let found = judged(stranger().bundle(&statement(subject())));
    is_foreign(&found, "it says it is by the key sha256:");
    assert_eq!(found.by, None, "that is not proved");
}

#[test]
fn a_strangers_signature_under_our_hint_is_wrong() {
    let signed = stranger().signed(&statement(subject()), Format::Bundle);
    is_wrong(
        &judged(forged(&signed.payload, &signed.signature)),
        "that key did not sign this",
    );
}

#[test]
fn a_hint_is_only_a_hint() {
    let ours = our_bundle();
    let hint = String::from_utf8(ours.clone()).unwrap();
    let hint = hint
        .split_once(r#"{"hint":""#)
        .unwrap()
        .1
        .split('"')
        .next()
        .unwrap();
    for other in ["", "my-key", "zz=="] {
        assert!(is_accepted(&judged(altered(&ours, hint, other))), "{other}");
        let theirs = stranger().bundle(&statement(subject()));
        let text = String::from_utf8(theirs.clone()).unwrap();
        let their_hint = text
            .split_once(r#"{"hint":""#)
            .unwrap()
            .1
            .split('"')
            .next()
            .unwrap();
        is_foreign(
            &judged(altered(&theirs, their_hint, other)),
            "not asked for",
        );
    }
}

#[test]
fn a_swapped_statement_is_wrong() {
    let theirs = key().signed(&statement(other()), Format::Bundle);
    let ours = key().signed(&statement(subject()), Format::Bundle);
    is_wrong(&judged(forged(&ours.payload, &theirs.signature)), "altered");
}

#[test]
fn the_type_of_a_payload_is_signed_too() {
    let other = altered(&our_bundle(), "vnd.in-toto+json", "vnd.in-toto+jsom");
    is_unusable(&judged(other), "its payload is");
    let payload = key().signed(&statement(subject()), Format::Bundle).payload;
    is_wrong(&judged(forged(&payload, &key().sign(&payload))), "altered");
}

#[test]
fn an_attestation_is_no_signature() {
    let found = judged(key().bundle(&attestation(subject(), "https://slsa.dev/provenance/v1")));
    is_foreign(
        &found,
        "it is an attestation of `https://slsa.dev/provenance/v1`, and a signature is asked for",
    );
    assert_eq!(
        found.predicate.as_deref(),
        Some("https://slsa.dev/provenance/v1")
    );
}

#[test]
fn a_signature_is_no_attestation_and_one_type_is_not_another() {
    let mut requirement = us(&key());
    requirement.predicate = Some("https://slsa.dev/provenance/v1".to_owned());
    let judged = |bundle| finding(Evidence::Bundle(bundle), &requirement);
    is_foreign(
        &judged(our_bundle()),
        "it is a signature, and an attestation of",
    );
    let sbom = attestation(subject(), "https://spdx.dev/Document");
    is_foreign(
        &judged(key().bundle(&sbom)),
        "an attestation of `https://spdx.dev/Document`",
    );
    let legacy = key().beside(None, &statement(subject()));
    is_foreign(
        &finding(evidence(&legacy), &requirement),
        "it is a signature",
    );
    let wanted = attestation(subject(), "https://slsa.dev/provenance/v1");
    assert!(is_accepted(&judged(key().bundle(&wanted))));
    is_wrong(
        &judged(key().bundle(&attestation(other(), "https://slsa.dev/provenance/v1"))),
        "something else",
    );
}

/// CVE-2022-35929: what an annotation says of the type is signed by nobody.
#[test]
fn the_type_of_an_attestation_is_the_one_that_was_signed() {
    let mut requirement = us(&key());
    requirement.predicate = Some("https://slsa.dev/provenance/v1".to_owned());
    let mut artifact = key().beside(None, &attestation(subject(), "https://spdx.dev/Document"));
    artifact.manifest = altered(
        &artifact.manifest,
        "https://spdx.dev/Document",
        "https://slsa.dev/provenance/v1",
    );
    is_foreign(
        &finding(evidence(&artifact), &requirement),
        "`https://spdx.dev/Document`",
    );
}

/// GHSA-w6c6-c85g-mmv6: an error about the type is no yes.
#[test]
fn a_type_that_can_not_be_read_is_no_yes() {
    let payload = key().signed(&statement(subject()), Format::Bundle).payload;
    for (part, other) in [
        (
            r#""predicateType":"https://sigstore.dev/cosign/sign/v1","#,
            "",
        ),
        (r#""https://sigstore.dev/cosign/sign/v1""#, "7"),
        (r#""https://sigstore.dev/cosign/sign/v1""#, "null"),
        (
            "https://in-toto.io/Statement/v1",
            "https://in-toto.io/Statement/v9",
        ),
    ] {
        is_unusable(&judged(resigned(&altered(&payload, part, other))), "");
    }
    let old = altered(&payload, "Statement/v1", "Statement/v0.1");
    is_foreign(&judged(resigned(&old)), "v0.1");
    let cased = altered(&payload, "cosign/sign/v1", "cosign/Sign/v1");
    is_foreign(&judged(resigned(&cased)), "an attestation of");
}

#[test]
fn a_statement_about_nothing_is_wrong() {
    let payload = key().signed(&statement(subject()), Format::Bundle).payload;
    for other in ["sha512", "SHA256", "sha256 "] {
        is_wrong(
            &judged(resigned(&altered(&payload, "sha256", other))),
            "without a digest",
        );
    }
    is_unusable(
        &judged(resigned(&altered(
            &payload,
            r#""subject":[{"#,
            r#""subject":[],"x":[{"#,
        ))),
        "subject",
    );
    let upper = subject().digest.hex().to_uppercase();
    is_wrong(
        &judged(resigned(&altered(&payload, subject().digest.hex(), &upper))),
        "something else",
    );
}

#[test]
fn a_document_that_can_be_read_in_two_ways_is_unusable() {
    let hex = other().digest.hex().to_owned();
    let payload = key().signed(&statement(subject()), Format::Bundle).payload;
    let doubled = altered(
        &payload,
        r#""digest":"#,
        &format!(r#""digest":{{"sha256":"{hex}"}},"digest":"#),
    );
    is_unusable(&judged(resigned(&doubled)), "twice");
    let bundle = our_bundle();
    is_unusable(
        &judged(altered(
            &bundle,
            r#""payload":"#,
            r#""payload":"e30=","payload":"#,
        )),
        "twice",
    );
    is_unusable(
        &judged(altered(
            &bundle,
            r#""dsseEnvelope":"#,
            r#""dsse_envelope":{},"dsseEnvelope":"#,
        )),
        "not known",
    );
    is_unusable(&judged([bundle.as_slice(), b"{}"].concat()), "JSON");
    is_unusable(
        &judged([bundle.as_slice(), bundle.as_slice()].concat()),
        "JSON",
    );
}

#[test]
fn an_envelope_has_one_signature() {
    let bundle = our_bundle();
    for (part, other) in [
        (r#""signatures":[{"#, r#""signatures":[{"sig":"AAAA"},{"#),
        (r#""signatures":[{"#, r#""signatures":[],"x":[{"#),
    ] {
        is_unusable(&judged(altered(&bundle, part, other)), "");
    }
    let keyid = altered(
        &bundle,
        r#""signatures":[{"#,
        r#""signatures":[{"keyid":"somebody","#,
    );
    assert!(
        is_accepted(&judged(keyid)),
        "what it calls the key says nothing"
    );
}

#[test]
fn the_signature_of_a_file_is_foreign() {
    let bundle = format!(
        r#"{{"mediaType":"application/vnd.dev.sigstore.bundle.v0.3+json","verificationMaterial":{{"publicKey":{{}}}},"messageSignature":{{"messageDigest":{{"algorithm":"SHA2_256","digest":"{}"}},"signature":"AAAA"}}}}"#,
        base64(&[0; 32])
    );
    is_foreign(&judged(bundle.into_bytes()), "the signature of a file");
}

#[test]
fn a_certificate_is_foreign_where_only_keys_are_asked_for() {
    let bundle = String::from_utf8(our_bundle()).unwrap();
    let (head, rest) = bundle.split_once(r#""publicKey":{"#).unwrap();
    let bundle = format!(
        r#"{head}"certificate":{{"rawBytes":"AAAA"}},"tlogEntries":[]{}"#,
        &rest[rest.find('}').unwrap() + 1..]
    );
    // The key signed it all the same: what lies beside it does not matter.
    assert!(is_accepted(&judged(bundle.clone().into_bytes())));
    is_foreign(
        &finding(Evidence::Bundle(bundle.into_bytes()), &us(&stranger())),
        "only keys are asked for",
    );
}

#[test]
fn foreign_words_can_not_steer_a_terminal() {
    let kind = "https://a/\u{1b}[2J\u{202e}\r\n".to_owned() + &"x".repeat(5_000);
    let mut statement = statement(subject());
    statement.predicate = Some(Predicate {
        kind,
        content: b"{}".to_vec(),
    });
    let found = judged(key().bundle(&statement));
    let wharf_signature::Outcome::Foreign(reason) = &found.outcome else {
        panic!("{found:#?}");
    };
    assert!(
        !reason.contains(['\u{1b}', '\u{202e}', '\r', '\n']),
        "{reason:?}"
    );
    assert!(reason.len() < 500, "{reason}");
}
