//! What cosign makes is accepted.

use wharf_signature::{Evidence, Format, Outcome};

use crate::sample::*;

const KEYS: [&str; 5] = ["p256", "p384", "p521", "rsa", "ed25519"];

fn pem(key: &str) -> String {
    text(&format!("{key}.pub"))
}

#[test]
fn bundles_of_every_kind_of_key() {
    for key in KEYS {
        let bundle = vector(&format!("{key}.bundle.json"));
        let finding = finding(Evidence::Bundle(bundle), &any_of(&[by_key(key, &pem(key))]));
        assert_eq!(finding.outcome, Outcome::Accepted(vec![key.to_owned()]));
        assert_eq!(finding.annotations, [("k".to_owned(), "v".to_owned())]);
        assert_eq!(
            (finding.manifest, finding.layer, finding.format),
            (None, None, Format::Bundle)
        );
        assert!(finding.by.unwrap().starts_with("the key sha256:"));
        assert!(finding.payload.unwrap().starts_with(br#"{"_type":"#));
        assert_eq!(
            (finding.time, finding.repository, finding.predicate),
            (None, None, None)
        );
        assert!(
            finding.unchecked[0].contains("transparency log"),
            "{:?}",
            finding.unchecked
        );
    }
}

#[test]
fn a_bundle_as_a_registry_has_it() {
    let bundle = vector("p256.bundle.json");
    let manifest = manifest(vector("p256.bundle.manifest.json"), &[&bundle]);
    let finding = finding(manifest, &any_of(&[by_key("p256", &pem("p256"))]));
    assert_eq!(finding.outcome, Outcome::Accepted(vec!["p256".to_owned()]));
    assert_eq!(finding.layer, Some(digest(&bundle)));
}

#[test]
fn legacy_signatures_of_every_kind_of_key() {
    for version in ["sig.json", "sig.cosign2.json"] {
        legacy_signatures(version);
    }
}

fn legacy_signatures(of: &str) {
    let payload = vector("sig.payload.json");
    let signatures = || manifest(vector(of), &[&payload]);
    let signers: Vec<_> = KEYS.iter().map(|key| by_key(key, &pem(key))).collect();
    let mut requirement = any_of(&signers);
    requirement.threshold = 5;
    requirement.annotations = vec![("k".to_owned(), "v".to_owned())];
    requirement.match_repository = true;
    let found = verdict(&[signatures()], &requirement);
    assert!(found.satisfied, "{found:#?}");
    for (key, finding) in KEYS.iter().zip(&found.findings) {
        assert_eq!(finding.outcome, Outcome::Accepted(vec![(*key).to_owned()]));
        assert_eq!(finding.repository.as_deref(), Some(REPOSITORY));
        assert_eq!(finding.payload.as_ref(), Some(&payload));
        assert_eq!(finding.format, Format::Legacy);
    }
    requirement.threshold = 1;
    for key in KEYS {
        requirement.signers = vec![by_key(key, &pem(key))];
        let found = verdict(&[signatures()], &requirement);
        let accepted = found.findings.iter().filter(|finding| is_accepted(finding));
        assert!(
            found.satisfied && accepted.count() == 1,
            "{key}: {found:#?}"
        );
    }
}

/// Cosign 2 signs over SHA-256 whatever the curve, and older ones use Ed25519 as such.
#[test]
fn legacy_signatures_over_other_hashes() {
    let payload = vector("sig.payload.json");
    for (key, hash) in [("p384", "sha256"), ("p521", "sha256"), ("ed25519", "pure")] {
        let signature = text(&format!("{key}.{hash}.sig"));
        let content = format!(
            r#"{{"schemaVersion":2,"config":{{"mediaType":"a/b","digest":"{0}","size":2}},"layers":[{{"mediaType":"application/vnd.dev.cosign.simplesigning.v1+json","digest":"{1}","size":{2},"annotations":{{"dev.cosignproject.cosign/signature":"{signature}"}}}}]}}"#,
            digest(b"{}"),
            digest(&payload),
            payload.len()
        );
        let finding = finding(
            manifest(content, &[&payload]),
            &any_of(&[by_key(key, &pem(key))]),
        );
        assert!(is_accepted(&finding), "{finding:#?}");
    }
}

#[test]
fn attestations_in_both_formats() {
    let mut requirement = any_of(&[by_key("us", &pem("p256"))]);
    requirement.predicate = Some("https://example.com/p/v1".to_owned());
    let layer = vector("att.layer.json");
    for evidence in [
        manifest(vector("att.json"), &[&layer]),
        Evidence::Bundle(vector("att.bundle.json")),
    ] {
        let accepted = finding(evidence.clone(), &requirement);
        assert!(is_accepted(&accepted), "{accepted:#?}");
        assert_eq!(
            accepted.predicate.as_deref(),
            Some("https://example.com/p/v1")
        );
        let mut signature = requirement.clone();
        signature.predicate = None;
        is_foreign(
            &finding(evidence, &signature),
            "an attestation of `https://example.com/p/v1`, and a signature",
        );
    }
}

#[test]
fn keys_that_are_not_safe_are_refused() {
    for (key, why) in [("rsa1024", "1024 bits"), ("k256", "curve")] {
        let error = wharf_signature::check(&any_of(&[by_key("us", &pem(key))])).unwrap_err();
        assert!(error.to_string().contains(why), "{error}");
        assert!(error.to_string().contains("`us`"), "{error}");
    }
}
