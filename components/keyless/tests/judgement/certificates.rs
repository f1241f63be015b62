//! Certificates that are not what they should be.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use wharf_keyless::Problem;

use crate::vector::{
    IGNORE_LOG, IGNORE_SCT, STRICT, all_wrong, altered, assert_wrong, flip, json, judge, recode,
    replace,
};

fn material(bundle: &mut Value) -> &mut Value {
    &mut bundle["verificationMaterial"]
}

/// Puts the certificate of another vector into a bundle of any format.
fn swap(bundle: &mut Value, other: &Value) {
    let certificate = &other["verificationMaterial"]["certificate"]["rawBytes"];
    let material = material(bundle);
    if material["certificate"].is_object() {
        material["certificate"]["rawBytes"] = certificate.clone();
    } else {
        material["x509CertificateChain"]["certificates"][0]["rawBytes"] = certificate.clone();
    }
}

#[test]
fn a_certificate_of_another_signature_is_wrong() {
    let again = json("again/bundle.json");
    all_wrong(altered("", |bundle| swap(bundle, &again)), "");
}

#[test]
fn a_certificate_of_somebody_else_is_wrong() {
    let other = json("other-identity/bundle.json");
    all_wrong(altered("", |bundle| swap(bundle, &other)), "");
}

#[test]
fn a_certificate_that_was_altered_is_wrong() {
    let altered = altered("bundle.json", |bundle| {
        recode(&mut material(bundle)["certificate"]["rawBytes"], |der| {
            replace(der, b"ann@wharf.test", b"eve@wharf.test");
        });
    });
    all_wrong(altered, "is not as");
}

#[test]
fn a_certificate_that_had_expired_is_wrong() {
    for format in ["bundle.json", "bundle-rekor-v2.json", "bundle-v0.1.json"] {
        let judged = judge(&json(&format!("expired/{format}")), &STRICT);
        assert_wrong(format, &judged, "xpired");
    }
}

#[test]
fn a_certificate_that_was_not_yet_valid_is_wrong() {
    let judged = judge(&json("not-yet-valid/bundle.json"), &STRICT);
    assert_wrong("v0.3", &judged, "NotValidYet");
}

#[test]
fn a_certificate_for_another_usage_is_wrong() {
    for vector in ["wrong-usage", "no-usage"] {
        let judged = judge(&json(&format!("{vector}/bundle.json")), &STRICT);
        assert_wrong(vector, &judged, "RequiredEkuNotFound");
    }
}

#[test]
fn the_certificate_of_an_authority_signs_nothing() {
    let root = json("trusted_root.json");
    let authority = &root["certificateAuthorities"][0]["certChain"]["certificates"][0]["rawBytes"];
    let altered = altered("bundle.json", |bundle| {
        material(bundle)["certificate"]["rawBytes"] = authority.clone();
    });
    all_wrong(altered, "is an authority's");
}

#[test]
fn a_certificate_of_an_unknown_authority_is_foreign() {
    for vector in ["foreign", "foreign-authority"] {
        let judged = judge(&json(&format!("{vector}/bundle.json")), &STRICT);
        assert!(matches!(judged, Err(Problem::Foreign(_))), "{judged:?}");
    }
    // Whatever may be ignored, that can't be.
    for options in [IGNORE_LOG, IGNORE_SCT] {
        let judged = judge(&json("foreign/bundle.json"), &options);
        assert!(matches!(judged, Err(Problem::Foreign(_))), "{judged:?}");
    }
}

#[test]
fn a_certificate_that_no_log_vouches_for_is_wrong() {
    for format in ["bundle.json", "bundle-rekor-v2.json", "bundle-v0.1.json"] {
        let judged = judge(&json(&format!("no-sct/{format}")), &STRICT);
        assert_wrong(format, &judged, "signed certificate timestamp");
    }
}

#[test]
fn a_certificate_of_an_unknown_certificate_transparency_log_is_wrong() {
    let judged = judge(&json("foreign-sct/bundle.json"), &STRICT);
    assert_wrong("v0.3", &judged, "signed certificate timestamp");
}

#[test]
fn ignoring_the_certificates_log_ignores_nothing_else() {
    for vector in ["expired", "wrong-usage", "no-log", "foreign-log"] {
        let judged = judge(&json(&format!("{vector}/bundle.json")), &IGNORE_SCT);
        assert_wrong(vector, &judged, "");
    }
}

#[test]
fn ignoring_the_signatures_log_ignores_nothing_else() {
    for vector in ["expired", "wrong-usage", "no-sct", "foreign-timestamp"] {
        let judged = judge(&json(&format!("{vector}/bundle.json")), &IGNORE_LOG);
        assert_wrong(vector, &judged, "");
    }
}

#[test]
fn a_chain_of_another_authority_is_wrong() {
    let foreign = json("foreign_root.json");
    let chain = &foreign["certificateAuthorities"][0]["certChain"]["certificates"];
    let swapped = altered("bundle-v0.1", |bundle| {
        let certificates = material(bundle)["x509CertificateChain"]["certificates"]
            .as_array_mut()
            .unwrap();
        certificates.truncate(1);
        certificates.extend(chain.as_array().unwrap().iter().cloned());
    });
    all_wrong(swapped, "has no part in it");
}

#[test]
fn a_chain_that_has_more_than_its_part_is_wrong() {
    let expired = json("expired/bundle.json");
    let added = altered("bundle-v0.1", |bundle| {
        material(bundle)["x509CertificateChain"]["certificates"]
            .as_array_mut()
            .unwrap()
            .push(expired["verificationMaterial"]["certificate"].clone());
    });
    all_wrong(added, "has no part in it");
}

#[test]
fn a_chain_without_certificates_is_unusable() {
    for (_, judged) in altered("bundle-v0.1", |bundle| {
        material(bundle)["x509CertificateChain"]["certificates"] = json!([]);
    }) {
        assert!(matches!(judged, Err(Problem::Unusable(_))), "{judged:?}");
    }
}

#[test]
fn a_certificate_that_is_none_is_unusable() {
    for (_, judged) in altered("bundle.json", |bundle| {
        material(bundle)["certificate"]["rawBytes"] = STANDARD.encode("0").into();
    }) {
        assert!(matches!(judged, Err(Problem::Unusable(_))), "{judged:?}");
    }
}

#[test]
fn another_signature_is_wrong() {
    let again = json("again/bundle.json");
    let swapped = altered("", |bundle| {
        bundle["dsseEnvelope"]["signatures"] = again["dsseEnvelope"]["signatures"].clone();
    });
    all_wrong(swapped, "");
    let broken = altered("", |bundle| {
        flip(&mut bundle["dsseEnvelope"]["signatures"][0]["sig"]);
    });
    all_wrong(broken, "");
}

#[test]
fn a_statement_that_was_altered_is_wrong() {
    let altered = altered("", |bundle| {
        recode(&mut bundle["dsseEnvelope"]["payload"], |payload| {
            replace(payload, b"\"predicate\":{},", b"\"predicate\":{ }");
        });
    });
    assert!(altered.iter().all(|(_, judged)| judged.is_err()));
    let swapped = json("other-digest/bundle.json")["dsseEnvelope"]["payload"].clone();
    for format in ["bundle.json", "bundle-rekor-v2.json", "bundle-v0.1.json"] {
        let mut bundle = json(&format!("right/{format}"));
        bundle["dsseEnvelope"]["payload"] = swapped.clone();
        assert_wrong(format, &judge(&bundle, &STRICT), "");
    }
}

#[test]
fn a_statement_about_something_else_is_wrong() {
    let judged = judge(&json("other-digest/bundle.json"), &STRICT);
    assert_wrong("v0.3", &judged, "does not match any subject");
}
