//! What is right is accepted, and said to be no more than it is.

use wharf_keyless::Problem;

use crate::vector::{IGNORE_LOG, IGNORE_SCT, SIGNED, STRICT, assert_wrong, json, judge};

#[test]
fn a_bundle_of_each_format_is_accepted() {
    for format in ["bundle.json", "bundle-rekor-v2.json", "bundle-v0.1.json"] {
        for vector in ["right", "again"] {
            let certified = judge(&json(&format!("{vector}/{format}")), &STRICT).unwrap();
            assert_eq!(certified.name, "ann@wharf.test");
            assert_eq!(certified.issuer, "https://issuer.wharf.test");
            assert_eq!(certified.time, Some(SIGNED), "{format}");
            assert!(certified.logged);
            let text = "the certificate's entry in a certificate transparency log";
            assert!(certified.checked.contains(&text.to_owned()));
        }
    }
}

#[test]
fn all_of_the_newest_format_is_checked() {
    let certified = judge(&json("right/bundle.json"), &STRICT).unwrap();
    assert_eq!(certified.checked.len(), 5, "{certified:?}");
    assert_eq!(certified.unchecked, [""; 0]);
}

#[test]
fn an_entry_that_is_only_promised_is_said_to_be_unproved() {
    let certified = judge(&json("right/bundle-v0.1.json"), &STRICT).unwrap();
    let text = "whether the log has the entry that it promised";
    assert!(
        certified.unchecked.contains(&text.to_owned()),
        "{certified:?}"
    );
}

#[test]
fn who_signed_is_told_as_the_certificate_says() {
    let certified = judge(&json("other-identity/bundle.json"), &STRICT).unwrap();
    assert_ne!(certified.name, "ann@wharf.test");
    assert_eq!(certified.issuer, "https://issuer.wharf.test");
    let certified = judge(&json("other-issuer/bundle.json"), &STRICT).unwrap();
    assert_ne!(certified.issuer, "https://issuer.wharf.test");
}

#[test]
fn a_log_with_a_promise_proves_the_time_without_a_timestamp() {
    let certified = judge(&json("no-timestamp/bundle.json"), &STRICT).unwrap();
    assert_eq!(certified.time, Some(SIGNED));
}

#[test]
fn what_is_ignored_is_said_to_be_unchecked() {
    let certified = judge(&json("no-sct/bundle.json"), &IGNORE_SCT).unwrap();
    let text = "whether a certificate transparency log has the certificate";
    assert_eq!(certified.unchecked, [text]);

    let certified = judge(&json("no-log/bundle.json"), &IGNORE_LOG).unwrap();
    assert_eq!(certified.time, Some(SIGNED));
    assert!(!certified.logged);
    let text = "whether a transparency log has the signature";
    assert_eq!(certified.unchecked, [text]);
}

#[test]
fn what_may_be_ignored_is_still_checked_where_it_is_right() {
    for options in [IGNORE_SCT, IGNORE_LOG] {
        let bundle = json("right/bundle.json");
        assert_eq!(judge(&bundle, &options), judge(&bundle, &STRICT));
    }
}

#[test]
fn without_a_log_a_timestamp_must_prove_the_time() {
    let judged = judge(&json("no-log-no-timestamp/bundle.json"), &IGNORE_LOG);
    assert_wrong("v0.3", &judged, "no entry in a transparency log");
    let mut bundle = json("foreign-log/bundle.json");
    assert!(!judge(&bundle, &IGNORE_LOG).unwrap().logged);
    bundle["verificationMaterial"]["timestampVerificationData"] = serde_json::json!({});
    assert!(matches!(
        judge(&bundle, &IGNORE_LOG),
        Err(Problem::Wrong(_))
    ));
}
