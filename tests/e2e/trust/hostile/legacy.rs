//! Signatures in the legacy format.

use wharf_tests::{Json, json as value};

use super::{Beside, EMPTY, HONEST};

/// The honest manifest, after a change, with a config that is there.
fn manifest(change: impl FnOnce(&mut Json)) -> Json {
    let mut manifest = HONEST.legacy.clone();
    manifest["config"] = value!({
        "mediaType": EMPTY,
        "digest": wharf_tests::digest(b"{}"),
        "size": 2,
    });
    change(&mut manifest);
    manifest
}

/// The layer of the good signature, and one that is altered.
fn layers() -> (Json, Json) {
    let good = HONEST.legacy["layers"][0].clone();
    let mut altered = good.clone();
    // The signature of nobody.
    altered["annotations"]["dev.cosignproject.cosign/signature"] = "MAYCAQECAQE=".into();
    (good, altered)
}

#[test]
fn what_is_made_by_hand_here_is_as_it_should_be() {
    let _ = Beside::new().legacy("sig", &manifest(|_| {})).verified(0);
}

#[test]
fn of_a_thousand_layers_the_first_are_looked_at_and_it_is_said() {
    let (good, altered) = layers();
    let many = |place: usize| {
        let mut layers = vec![altered.clone(); 1_000];
        layers[place] = good.clone();
        manifest(|manifest| manifest["layers"] = layers.into())
    };
    let _ = Beside::new().legacy("sig", &many(0)).verified(0);
    let _ = Beside::new().legacy("sig", &many(199)).verified(0);
    let _ = Beside::new()
        .legacy("sig", &many(999))
        .verified(10)
        .says(&["1000 signatures", "first 200"]);
    // And what lies elsewhere is found all the same.
    let _ = Beside::new().legacy("sig", &many(999)).good().verified(0);
}

#[test]
fn an_attestation_under_the_tag_of_signatures_is_none() {
    let mut beside = Beside::new();
    let envelope = crate::json(&HONEST.attestation)["dsseEnvelope"].to_string();
    let layer = beside
        .shelf
        .blob("application/vnd.dsse.envelope.v1+json", envelope);
    let attested = manifest(|manifest| manifest["layers"] = value!([layer]));
    let _ = beside
        .legacy("sig", &attested)
        .verified(8)
        .says(&["it is an attestation of"]);
}

#[test]
fn a_payload_of_another_size_is_not_found_out() {
    let other = manifest(|manifest| manifest["layers"][0]["size"] = 7.into());
    let _ = Beside::new().legacy("sig", &other).verified(10);
    let _ = Beside::new().legacy("sig", &other).good().verified(0);
}

#[test]
fn a_payload_that_is_not_there_is_not_found_out() {
    let other = manifest(|manifest| {
        manifest["layers"][0]["digest"] = wharf_tests::digest(b"gone").into();
    });
    let _ = Beside::new().legacy("sig", &other).verified(10);
    let _ = Beside::new().legacy("sig", &other).good().verified(0);
}

#[test]
fn annotations_that_are_no_texts_do_not_hide_what_is_good() {
    let odd = |value: Json| {
        manifest(|manifest| {
            manifest["layers"][0]["annotations"]["dev.cosignproject.cosign/signature"] = value;
        })
    };
    for value in [Json::Null, 7.into(), value!([]), "".into(), "%%%".into()] {
        let output = Beside::new().legacy("sig", &odd(value)).good();
        let _ = output.verified(0);
    }
}
