//! Timestamps that are not what they should be, and times.

use serde_json::json;
use wharf_keyless::Options;

use crate::vector::{
    SIGNED, STRICT, all_wrong, altered, assert_wrong, flip, json, judge, timestamp,
};

#[test]
fn a_timestamp_of_another_signature_is_wrong() {
    for format in ["bundle.json", "bundle-rekor-v2.json"] {
        let again = json(&format!("again/{format}"));
        let swapped = altered(format, |bundle| {
            let mut again = again.clone();
            *timestamp(bundle) = timestamp(&mut again).clone();
        });
        all_wrong(swapped, "RFC 3161");
    }
}

#[test]
fn a_timestamp_of_an_unknown_authority_is_wrong() {
    for format in ["bundle.json", "bundle-rekor-v2.json"] {
        let judged = judge(&json(&format!("foreign-timestamp/{format}")), &STRICT);
        assert_wrong(format, &judged, "RFC 3161");
    }
}

#[test]
fn a_timestamp_that_was_altered_is_wrong() {
    let altered = altered("bundle", |bundle| {
        if timestamp(bundle)["signedTimestamp"].is_string() {
            flip(&mut timestamp(bundle)["signedTimestamp"]);
        } else {
            timestamp(bundle)["signedTimestamp"] = "MAA=".into();
        }
    });
    all_wrong(altered, "RFC 3161");
}

#[test]
fn a_timestamp_that_is_there_twice_is_wrong() {
    let doubled = altered("bundle.json", |bundle| {
        let again = timestamp(bundle).clone();
        bundle["verificationMaterial"]["timestampVerificationData"]["rfc3161Timestamps"]
            .as_array_mut()
            .unwrap()
            .push(again);
    });
    all_wrong(doubled, "a timestamp is there twice");
}

#[test]
fn without_a_timestamp_a_log_that_gives_no_time_is_not_enough() {
    let removed = altered("bundle-rekor-v2", |bundle| {
        bundle["verificationMaterial"]["timestampVerificationData"] = json!({});
    });
    all_wrong(removed, "timestamp");
}

#[test]
fn a_signature_of_the_future_is_wrong() {
    let early = Options {
        now: SIGNED - 1,
        ..STRICT
    };
    for format in ["bundle.json", "bundle-rekor-v2.json", "bundle-v0.1.json"] {
        let judged = judge(&json(&format!("right/{format}")), &early);
        assert_wrong(format, &judged, "lies in the future");
    }
    let now = Options {
        now: SIGNED,
        ..STRICT
    };
    judge(&json("right/bundle.json"), &now).unwrap();
}

#[test]
fn a_signature_stays_right_when_its_certificate_has_expired() {
    let late = Options {
        now: SIGNED + 100 * 365 * 24 * 60 * 60,
        ..STRICT
    };
    judge(&json("right/bundle.json"), &late).unwrap();
}
