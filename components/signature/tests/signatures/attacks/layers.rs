//! Manifests, their layers, and payloads of the legacy format.

use wharf_signature::making::Artifact;
use wharf_signature::{Evidence, Format, Requirement};

use super::*;
use crate::sample::*;

#[test]
fn a_layer_that_was_altered_is_wrong() {
    let artifact = key().attached(&statement(subject()));
    let Evidence::Manifest {
        digest,
        content,
        layers,
    } = evidence(&artifact)
    else {
        unreachable!()
    };
    let with = |change: &dyn Fn(&mut Vec<u8>)| {
        let mut layers = layers.clone();
        for (_, content) in &mut layers {
            change(content);
        }
        let (digest, content) = (digest.clone(), content.clone());
        finding(
            Evidence::Manifest {
                digest,
                content,
                layers,
            },
            &us(&key()),
        )
    };
    is_wrong(&with(&|content| content[1] ^= 1), "digest");
    is_wrong(&with(&|content| content.push(b' ')), "bytes");
    is_wrong(&with(&Vec::clear), "bytes");
}

#[test]
fn a_manifest_that_was_altered_is_wrong() {
    let artifact = key().attached(&statement(subject()));
    let Evidence::Manifest {
        digest,
        content,
        layers,
    } = evidence(&artifact)
    else {
        unreachable!()
    };
    let content = altered(&content, "dsse-envelope", "dsse-envelopf");
    is_wrong(
        &finding(
            Evidence::Manifest {
                digest,
                content,
                layers,
            },
            &us(&key()),
        ),
        "the manifest has the digest",
    );
}

#[test]
fn a_layer_that_is_withheld_is_unusable() {
    for artifact in [
        key().attached(&statement(subject())),
        key().beside(None, &statement(subject())),
    ] {
        let evidence = manifest(artifact.manifest, &[]);
        is_unusable(&finding(evidence, &us(&key())), "not at hand");
    }
}

#[test]
fn the_manifest_of_a_bundle_has_one_layer() {
    let artifact = key().attached(&statement(subject()));
    let text = String::from_utf8(artifact.manifest.clone()).unwrap();
    let layer = text
        .split_once(r#""layers":["#)
        .unwrap()
        .1
        .split_once(']')
        .unwrap()
        .0;
    let doubled = altered(&artifact.manifest, layer, &format!("{layer},{layer}"));
    let found = verdict(&[manifest(doubled, &[&artifact.blobs[1]])], &us(&key()));
    assert!(!found.satisfied && found.findings.len() == 2);
    found
        .findings
        .iter()
        .for_each(|finding| is_unusable(finding, "not the only layer"));
}

#[test]
fn a_manifest_that_refers_to_something_else_is_wrong() {
    let artifact = key().attached(&statement(subject()));
    let manifest_of = |part: &str, other: &str| {
        manifest(
            altered(&artifact.manifest, part, other),
            &[&artifact.blobs[1]],
        )
    };
    let elsewhere = manifest_of(subject().digest.as_str(), other().digest.as_str());
    is_wrong(&finding(elsewhere, &us(&key())), "its manifest refers to");
    let nowhere = manifest_of(r#""subject":"#, r#""object":"#);
    assert!(is_accepted(&finding(nowhere, &us(&key()))));
}

#[test]
fn a_legacy_layer_without_a_signature_is_unusable() {
    let name = "dev.cosignproject.cosign/signature";
    for annotations in [
        String::new(),
        format!(r#""{name}":"""#),
        format!(r#""{name}":7"#),
        format!(r#""{name}":"!!!!""#),
        format!(r#""{name}":"{}""#, base64(b"x").trim_end_matches('=')),
    ] {
        is_unusable(
            &finding(layered(&payload(), &annotations), &us(&key())),
            name,
        );
    }
    let doubled = format!(r#""{name}":"AAAA","{name}":"AAAA""#);
    is_unusable(
        &finding(layered(&payload(), &doubled), &us(&key())),
        "twice",
    );
}

#[test]
fn neither_parameters_nor_case_of_a_media_type_matter() {
    const KIND: &str = "https://p.example/v1";
    let wanted = |predicate: Option<&str>| Requirement {
        predicate: predicate.map(str::to_owned),
        ..us(&key())
    };
    let signature = ("vnd.dev.cosign.simplesigning.v1+json", statement(subject()));
    let attested = ("vnd.dsse.envelope.v1+json", attestation(subject(), KIND));
    for ((kind, statement), predicate) in [(signature, None), (attested, Some(KIND))] {
        for other in [
            format!("{kind}; charset=utf-8"),
            format!("{kind};x=y"),
            kind.to_uppercase(),
        ] {
            let mut artifact = key().beside(None, &statement);
            artifact.manifest = altered(&artifact.manifest, kind, &other);
            let found = finding(evidence(&artifact), &wanted(predicate));
            assert!(is_accepted(&found), "{found:#?}");
        }
    }
    // Signed again, it is there already.
    let artifact = key().beside(None, &statement(subject()));
    let kind = "simplesigning.v1+json";
    let manifest = altered(&artifact.manifest, kind, &format!("{kind}; a=b"));
    let present = Artifact {
        manifest: manifest.clone(),
        ..artifact
    };
    let again = key().beside(Some(&present), &statement(subject()));
    assert_eq!(again.manifest, manifest);
}

#[test]
fn a_payload_that_can_not_be_read_is_unusable_though_we_signed_it() {
    for (part, other) in [
        (
            "cosign container image signature",
            "atomic container signature",
        ),
        ("docker-manifest-digest", "Docker-manifest-digest"),
        (r#""critical""#, r#""optional":{},"critical""#),
        (r#""image":{"#, r#""image":{"docker-manifest-digest":"x","#),
    ] {
        is_unusable(
            &finding(legacy(&altered(&payload(), part, other), ""), &us(&key())),
            "",
        );
    }
    let upper = altered(&payload(), "sha256:", "SHA256:");
    is_wrong(&finding(legacy(&upper, ""), &us(&key())), "something else");
}

#[test]
fn another_repository_is_shown_and_refused_only_where_that_is_asked_for() {
    let mut elsewhere = statement(subject());
    elsewhere.repository = "ghcr.io/attacker/app".to_owned();
    let artifact = key().beside(None, &elsewhere);
    let found = finding(evidence(&artifact), &us(&key()));
    assert!(is_accepted(&found));
    assert_eq!(found.repository.as_deref(), Some("ghcr.io/attacker/app"));
    assert!(
        found
            .unchecked
            .iter()
            .any(|words| words.contains("repository"))
    );
    let strict = Requirement {
        match_repository: true,
        ..us(&key())
    };
    is_foreign(
        &finding(evidence(&artifact), &strict),
        "it names `ghcr.io/attacker/app`",
    );
    let here = key().beside(None, &statement(subject()));
    assert!(is_accepted(&finding(evidence(&here), &strict)));
    let nowhere = altered(&payload(), REPOSITORY, "");
    is_foreign(
        &finding(legacy(&nowhere, ""), &strict),
        "it names no repository",
    );
    let unknown =
        wharf_signature::verify(&subject(), None, &[evidence(&here)], &strict, NOW).unwrap();
    is_foreign(&unknown.findings[0], "not known");
}

#[test]
fn annotations_of_a_manifest_are_not_those_of_a_signature() {
    let mut requirement = us(&key());
    requirement.annotations = vec![("env".to_owned(), "prod".to_owned())];
    let found = finding(legacy(&payload(), r#","env":"prod""#), &requirement);
    is_foreign(&found, "`env=prod`");
    assert_eq!(found.annotations, []);
}

#[test]
fn a_swapped_payload_is_not_ours() {
    let signature = base64(&key().sign(b"something else"));
    let annotations = format!(r#""dev.cosignproject.cosign/signature":"{signature}""#);
    is_foreign(
        &finding(layered(&payload(), &annotations), &us(&key())),
        "or was altered",
    );
}

#[test]
fn a_legacy_payload_signed_as_an_envelope_does_not_pass() {
    let signed = key().signed(&statement(subject()), Format::Bundle);
    let annotations = format!(
        r#""dev.cosignproject.cosign/signature":"{}""#,
        base64(&signed.signature)
    );
    is_unusable(
        &finding(layered(&signed.message, &annotations), &us(&key())),
        "JSON",
    );
    is_unusable(
        &finding(layered(&signed.payload, &annotations), &us(&key())),
        "critical",
    );
}

#[test]
fn a_good_legacy_signature_of_another_manifest_is_wrong() {
    let artifact = key().beside(None, &statement(other()));
    is_wrong(&finding(evidence(&artifact), &us(&key())), "something else");
}

#[test]
fn a_strangers_legacy_signature_is_foreign() {
    let artifact = stranger().beside(None, &statement(subject()));
    is_foreign(
        &finding(evidence(&artifact), &us(&key())),
        "by a key that is not asked for",
    );
}
