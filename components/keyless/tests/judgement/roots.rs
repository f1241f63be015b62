//! Trusted roots whose word does not count at the time, and that can't be used.

use serde_json::{Value, json};
use wharf_keyless::{PUBLIC_GOOD, Problem, Root};

use crate::vector::{
    STRICT, altered_root, assert_wrong, json, judge_by, read, recode, replace, root,
};

const EARLIER: &str = "2026-11-26T03:40:08Z";
const LATER: &str = "2026-11-26T03:40:30Z";
const YEARS_LATER: &str = "2036-11-26T03:40:30Z";

/// Judges the right bundle by a root whose entries of a kind count at another time.
fn at(
    format: &str,
    kind: &str,
    start: &str,
    end: Option<&str>,
) -> Result<wharf_keyless::Certified, Problem> {
    let root = altered_root(|root| {
        for entry in root[kind].as_array_mut().unwrap() {
            let mut window = json!({ "start": start });
            if let Some(end) = end {
                window["end"] = end.into();
            }
            if kind.ends_with("logs") {
                entry["publicKey"]["validFor"] = window;
            } else {
                entry["validFor"] = window;
            }
        }
    });
    judge_by(&root, &json(&format!("right/{format}")), &STRICT)
}

#[test]
fn an_authority_that_counted_earlier_only_is_wrong() {
    for format in ["bundle.json", "bundle-rekor-v2.json", "bundle-v0.1.json"] {
        let judged = at(
            format,
            "certificateAuthorities",
            "2026-11-25T00:00:00Z",
            Some(EARLIER),
        );
        assert_wrong(format, &judged, "no trusted certificate authority");
        let judged = at(format, "certificateAuthorities", LATER, None);
        assert_wrong(format, &judged, "no trusted certificate authority");
    }
}

#[test]
fn an_authority_that_will_count_is_not_known_yet() {
    let judged = at("bundle.json", "certificateAuthorities", YEARS_LATER, None);
    assert!(matches!(judged, Err(Problem::Foreign(_))), "{judged:?}");
}

#[test]
fn a_log_that_counted_at_another_time_is_wrong() {
    for format in ["bundle.json", "bundle-rekor-v2.json", "bundle-v0.1.json"] {
        let judged = at(format, "tlogs", "2026-11-25T00:00:00Z", Some(EARLIER));
        assert_wrong(format, &judged, "");
        for start in [LATER, YEARS_LATER] {
            assert_wrong(format, &at(format, "tlogs", start, None), "");
        }
    }
}

#[test]
fn a_certificate_transparency_log_that_counted_at_another_time_is_wrong() {
    let judged = at(
        "bundle.json",
        "ctlogs",
        "2026-11-25T00:00:00Z",
        Some(EARLIER),
    );
    assert_wrong("v0.3", &judged, "signed certificate timestamp");
    for start in [LATER, YEARS_LATER] {
        let judged = at("bundle.json", "ctlogs", start, None);
        assert!(judged.is_err(), "{judged:?}");
    }
}

#[test]
fn a_timestamp_authority_that_counted_at_another_time_is_wrong() {
    for format in ["bundle.json", "bundle-rekor-v2.json"] {
        let kind = "timestampAuthorities";
        let judged = at(format, kind, "2026-11-25T00:00:00Z", Some(EARLIER));
        assert_wrong(format, &judged, "RFC 3161");
        for start in [LATER, YEARS_LATER] {
            assert_wrong(format, &at(format, kind, start, None), "RFC 3161");
        }
    }
}

fn certificate(root: &mut Value, place: usize) -> &mut Value {
    &mut root["certificateAuthorities"][0]["certChain"]["certificates"][place]["rawBytes"]
}

#[test]
fn an_authority_whose_root_certificate_had_expired_is_wrong() {
    let root = altered_root(|root| {
        recode(certificate(root, 1), |der| {
            replace(der, b"261126084009Z", b"261126034000Z");
        });
    });
    let judged = judge_by(&root, &json("right/bundle.json"), &STRICT);
    assert_wrong("v0.3", &judged, "root certificate");
}

#[test]
fn an_intermediate_that_its_root_did_not_make_is_wrong() {
    let root = altered_root(|root| {
        recode(certificate(root, 0), |der| {
            replace(der, b"261126054009Z", b"361126054009Z");
        });
    });
    let judged = judge_by(&root, &json("right/bundle.json"), &STRICT);
    assert_wrong("v0.3", &judged, "InvalidSignature");
}

#[test]
fn an_intermediate_that_had_expired_is_wrong() {
    let root = altered_root(|root| {
        recode(certificate(root, 0), |der| {
            replace(der, b"261126054009Z", b"261126034000Z");
        });
    });
    let judged = judge_by(&root, &json("right/bundle.json"), &STRICT);
    assert_wrong("v0.3", &judged, "Expired");
}

#[test]
fn a_root_without_authorities_knows_nobody() {
    let root = altered_root(|root| root["certificateAuthorities"] = json!([]));
    let judged = judge_by(&root, &json("right/bundle.json"), &STRICT);
    assert!(matches!(judged, Err(Problem::Foreign(_))), "{judged:?}");
}

#[test]
fn a_root_that_is_none_is_refused() {
    for text in ["", "{}", "[]", "\u{0}", "{\"mediaType\":1}"] {
        assert!(Root::parse(text.as_bytes()).is_err(), "{text:?}");
    }
    assert!(Root::parse(b"\xff").is_err());
    let text = String::from_utf8(read("virtual/trusted_root.json")).unwrap();
    let doubled = text.replacen('{', "{\"tlogs\":[],", 1);
    assert!(
        Root::parse(doubled.as_bytes())
            .unwrap_err()
            .contains("twice")
    );
}

#[test]
fn a_root_that_names_a_log_twice_is_refused() {
    let mut root = json("trusted_root.json");
    let log = root["tlogs"][0].clone();
    root["tlogs"].as_array_mut().unwrap().push(log);
    assert!(Root::parse(root.to_string().as_bytes()).is_err());
}

#[test]
fn the_public_root_is_read() {
    Root::parse(PUBLIC_GOOD.as_bytes()).unwrap();
    let _ = root();
}
