//! Bundles, and the manifests that they lie in.

use wharf_tests::json as value;

use super::{BUNDLE, Beside, EMPTY, HONEST, INDEX, MANIFEST, changed};

#[test]
fn what_is_made_by_hand_here_is_as_it_should_be() {
    let _ = Beside::new().good().verified(0);
}

#[test]
fn a_bundle_of_five_mebibytes_is_not_fetched_and_hides_nothing() {
    let large = || {
        let padding = " ".repeat(5 << 20);
        Beside::new().bundle(HONEST.bundle.clone() + &padding)
    };
    let _ = large().verified(10).says(&["at most 4194304"]);
    let _ = large().good().verified(0);
}

#[test]
fn signatures_of_a_hundred_mebibytes_are_not_fetched_all() {
    // Under one bound each, and over that of all.
    let many = (0..30).fold(Beside::new(), |beside, number| {
        let padding = " ".repeat((7 << 19) + number);
        beside.bundle(HONEST.attestation.clone() + &padding)
    });
    let server = wharf_tests::Server::start(move |request| many.answer(request));
    let _ = super::verified_at(&server, "", 10).says(&["bytes", "not looked at"]);
    let blobs = server.requests().into_iter();
    let blobs = blobs.filter(|it| it.path().contains("/blobs/")).count();
    assert!(blobs < 10, "{blobs}");
}

#[test]
fn one_manifest_of_many_signatures_is_not_fetched_when_it_is_too_much() {
    let mut beside = Beside::new();
    let layers: Vec<_> = (0..30)
        .map(|number| {
            let content = "x".repeat((7 << 19) + number);
            beside.shelf.blob(BUNDLE, content)
        })
        .collect();
    let beside = beside.bundle_changed(HONEST.bundle.clone(), |manifest| {
        manifest["layers"] = layers.into();
    });
    let server = wharf_tests::Server::start(move |request| beside.answer(request));
    let _ = super::verified_at(&server, "", 10).says(&["bytes", "not looked at"]);
    let blobs = server.requests().into_iter();
    let blobs = blobs.filter(|it| it.path().contains("/blobs/")).count();
    assert!(blobs < 2, "{blobs}");
}

#[test]
fn a_bundle_that_is_deeply_nested_is_unusable() {
    for (depth, words) in [(200, "not the JSON"), (1_000_000, "more than 60000 values")] {
        let (open, close) = ("[".repeat(depth), "]".repeat(depth));
        let alone = format!("{open}{close}");
        let within = HONEST
            .bundle
            .replacen('{', &format!("{{\"x\":{open}{close},"), 1);
        let open = "{\"a\":".repeat(depth / 2);
        for text in [alone, within, open] {
            let deep = Beside::new().bundle(text);
            let _ = deep.clone().verified(8).says(&[words]);
            let _ = deep.good().verified(0);
        }
    }
}

#[test]
fn a_bundle_of_a_million_values_is_unusable() {
    let wide = format!("[{}[0]]", "[0],".repeat(900_000));
    let within = HONEST.bundle.replacen('{', &format!("{{\"x\":{wide},"), 1);
    for text in [wide, within] {
        let wide = Beside::new().bundle(text);
        let _ = wide.clone().verified(8).says(&["more than 60000 values"]);
        let _ = wide.good().verified(0);
    }
}

#[test]
fn a_key_that_stands_there_twice_makes_a_bundle_unusable() {
    let twice = |member: &str| {
        let added = format!("{{{member},");
        let text = HONEST.bundle.replacen('{', &added, 1);
        Beside::new().bundle(text)
    };
    let kind = format!("\"mediaType\":\"{BUNDLE}\"");
    let escaped = format!("\"m\\u0065diaType\":\"{BUNDLE}\"");
    for member in [&kind, &escaped] {
        let _ = twice(member).verified(8).says(&["twice"]);
        let _ = twice(member).good().verified(0);
    }
}

#[test]
fn a_bundle_of_two_signatures_is_unusable() {
    let two = changed(|bundle| {
        let first = bundle["dsseEnvelope"]["signatures"][0].clone();
        bundle["dsseEnvelope"]["signatures"] = value!([first, first]);
    });
    let _ = Beside::new()
        .bundle(two.clone())
        .verified(8)
        .says(&["not exactly one signature"]);
    let _ = Beside::new().bundle(two).good().verified(0);
}

#[test]
fn a_manifest_of_two_bundles_is_unusable() {
    let mut beside = Beside::new();
    let more = beside.shelf.blob(BUNDLE, HONEST.bundle.clone() + " ");
    let beside = beside.bundle_changed(HONEST.bundle.clone(), |manifest| {
        let first = manifest["layers"][0].clone();
        manifest["layers"] = value!([first, more]);
    });
    let _ = beside.verified(8).says(&["not the only layer"]);
}

#[test]
fn a_manifest_that_refers_to_another_is_wrong() {
    let other = || {
        Beside::new().bundle_changed(HONEST.bundle.clone(), |manifest| {
            manifest["subject"]["digest"] = wharf_tests::digest(b"another").into();
        })
    };
    let _ = other().verified(9).says(&["refers to"]);
    let _ = other().good().verified(0);
}

#[test]
fn a_manifest_that_refers_to_nothing_is_judged_by_what_was_signed() {
    let none = Beside::new().bundle_changed(HONEST.bundle.clone(), |manifest| {
        let _ = manifest
            .as_object_mut()
            .expect("it is one")
            .remove("subject");
    });
    let _ = none.verified(0);
}

#[test]
fn an_attestation_is_no_signature_whatever_its_annotations_say() {
    let annotated = |bundle: &str, kind: &str| {
        Beside::new().bundle_changed(bundle, |manifest| {
            manifest["annotations"] = value!({
                "dev.sigstore.bundle.content": "dsse-envelope",
                "dev.sigstore.bundle.predicateType": kind,
            });
        })
    };
    let signature = "https://sigstore.dev/cosign/sign/v1";
    let _ = annotated(&HONEST.attestation, signature)
        .verified(8)
        .says(&["it is an attestation of"]);
    // What the annotations say is signed by nobody, so it does not make it less either.
    let _ = annotated(&HONEST.bundle, "https://slsa.dev/provenance/v1").verified(0);
}

#[test]
fn parameters_of_a_media_type_change_nothing() {
    for kind in [
        "application/vnd.dev.sigstore.bundle.v0.3+json; charset=utf-8",
        "application/vnd.dev.sigstore.bundle+json;version=0.3",
    ] {
        let beside = Beside::new().bundle_changed(HONEST.bundle.clone(), |manifest| {
            manifest["layers"][0]["mediaType"] = kind.into();
        });
        let _ = beside.verified(0);
    }
}

#[test]
fn a_layer_of_another_type_is_no_signature() {
    let beside = Beside::new().bundle_changed(HONEST.bundle.clone(), |manifest| {
        manifest["layers"][0]["mediaType"] = "application/json".into();
    });
    let _ = beside.verified(8).says(&["it has no signature"]);
}

#[test]
fn a_bundle_of_another_size_than_its_manifest_says_is_not_found_out() {
    for size in [1, HONEST.bundle.len() - 1, HONEST.bundle.len() + 1] {
        let other = Beside::new().bundle_changed(HONEST.bundle.clone(), |manifest| {
            manifest["layers"][0]["size"] = size.into();
        });
        let _ = other.verified(10).says(&["could not be found out"]);
    }
}

#[test]
fn a_bundle_that_is_not_what_its_digest_says_is_not_found_out() {
    let beside = Beside::new().good();
    let server = wharf_tests::Server::start(move |request| {
        let mut answer = beside.answer(request);
        if request.path().contains("/blobs/")
            && let Some(last) = answer.body.last_mut()
        {
            *last ^= 1;
        }
        answer
    });
    let _ = super::verified_at(&server, "", 10);
}

#[test]
fn an_index_is_no_signature() {
    let mut beside = Beside::new();
    let within = Beside::new().good();
    let entry = within.list[0].clone();
    beside.shelf = within.shelf;
    let index = value!({ "schemaVersion": 2, "mediaType": INDEX, "manifests": [entry] });
    let text = index.to_string();
    let digest = beside.shelf.manifest("index", text.clone());
    // Listed as what it is, and as what it is not.
    for kind in [INDEX, MANIFEST] {
        let listed = beside.clone().entry(value!({
            "mediaType": kind,
            "digest": digest,
            "size": text.len(),
            "artifactType": BUNDLE,
        }));
        let _ = listed.verified(8);
    }
}

#[test]
fn a_manifest_that_is_none_hides_nothing() {
    let broken = |text: &str| {
        let mut beside = Beside::new();
        let digest = beside.shelf.manifest("broken", text);
        beside.entry(value!({
            "mediaType": MANIFEST,
            "digest": digest,
            "size": text.len(),
            "artifactType": BUNDLE,
        }))
    };
    let config = wharf_tests::digest(b"{}");
    let whole = format!(
        r#"{{"schemaVersion":2,"config":{{"mediaType":"{EMPTY}","digest":"{config}","size":2}},"layers":[],"layers":[]}}"#
    );
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    for text in [whole.as_str(), &deep, "<html>", "{}", "null", ""] {
        let _ = broken(text).verified(10);
        let _ = broken(text).good().verified(0);
    }
}
