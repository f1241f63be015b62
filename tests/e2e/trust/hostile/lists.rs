//! Lists of what refers to a manifest.

use std::fs;

use wharf_tests::attached::{attach, list_under_tag, tag_of};
use wharf_tests::scripted::Ending;
use wharf_tests::{Answer, Json, ReferrersRegistry, Registry, Server, json as value};

use super::{BUNDLE, Beside, HONEST, INDEX, MANIFEST, bounded, foreign, signatures, verified_at};
use crate::trust::{author, pushed, sign, verify};

/// Names something of some kind that is not there.
fn absent(number: usize, kind: &str) -> Json {
    value!({
        "mediaType": MANIFEST,
        "digest": wharf_tests::digest(format!("absent {number}").as_bytes()),
        "size": 300,
        "artifactType": kind,
    })
}

fn many(count: usize, kind: &str) -> Beside {
    (0..count).fold(Beside::new(), |beside, number| {
        beside.entry(absent(number, kind))
    })
}

#[test]
fn thousands_listed_are_not_all_looked_at_and_it_is_said() {
    // The good one is the last.
    for count in [300, 5_000] {
        let _ = many(count, BUNDLE)
            .good()
            .verified(10)
            .says(&["only 256 are looked at"]);
    }
    let mut first = Beside::new().good();
    first.list.extend(many(5_000, BUNDLE).list);
    let _ = first.verified(0);
}

#[test]
fn what_is_of_another_kind_does_not_count_among_what_is_looked_at() {
    let _ = many(900, "text/x-note").good().verified(0);
    // Nor is it said of more that there is no signature.
    let _ = many(5_000, "text/x-note")
        .good()
        .verified(10)
        .says(&["more than 1000"]);
}

#[test]
fn the_good_one_is_found_behind_hundreds_of_others() {
    let beside = (0..250).fold(Beside::new(), |beside, number| {
        beside.bundle(foreign(number))
    });
    let _ = beside.clone().verified(8);
    let _ = beside.good().verified(0);
}

#[test]
fn what_is_listed_and_not_there_is_no_signature() {
    let _ = many(3, BUNDLE)
        .verified(8)
        .says(&["it has no signature", "is not there"]);
    let _ = many(3, BUNDLE).good().verified(0);
}

#[test]
fn what_is_listed_twice_is_one_signature() {
    let mut beside = Beside::new().good();
    let entry = beside.list[0].clone();
    beside.list.extend([entry.clone(), entry]);
    // And once more under the tag.
    let index = value!({ "schemaVersion": 2, "mediaType": INDEX, "manifests": beside.list });
    beside
        .shelf
        .manifest(&tag_of(&HONEST.digest), index.to_string());
    let server = Server::start(move |request| beside.answer(request));
    let output = verified_at(&server, "--format json", 0);
    assert_eq!(signatures(&output).len(), 1, "{}", output.stdout);
}

#[test]
fn a_list_that_leads_to_itself_is_not_found_out() {
    let beside = Beside::new().good();
    let server = Server::start(move |request| {
        let answer = beside.answer(request);
        if request.path().contains("/referrers/") {
            let again = format!("<{}>; rel=\"next\"", request.path());
            answer.header("Link", &again)
        } else {
            answer
        }
    });
    let _ = verified_at(&server, "", 10);
}

#[test]
fn a_list_that_never_ends_is_not_found_out() {
    let server = Server::start(move |request| {
        if !request.path().contains("/referrers/") {
            return Beside::new().answer(request);
        }
        let page: usize = request
            .query("page")
            .first()
            .and_then(|page| page.parse().ok())
            .unwrap_or_default();
        let next = format!("<{}?page={}>; rel=\"next\"", request.path(), page + 1);
        let answer = Beside::new().entry(absent(page, BUNDLE)).answer(request);
        answer.header("Link", &next)
    });
    let _ = verified_at(&server, "", 10);
}

#[test]
fn a_list_that_does_not_come_is_not_found_out() {
    let beside = Beside::new().good();
    let server = Server::start(move |request| {
        let answer = beside.answer(request);
        if request.path().contains("/referrers/") {
            answer.ending(Ending::SilentAfter(10))
        } else {
            answer
        }
    });
    let _ = verified_at(&server, "--stall-timeout 1s", 10);
}

#[test]
fn a_list_that_is_none_does_not_hide_the_legacy_format() {
    let listed = |body: &'static str| {
        let mut legacy = HONEST.legacy.clone();
        legacy["config"] = value!({
            "mediaType": super::EMPTY,
            "digest": wharf_tests::digest(b"{}"),
            "size": 2,
        });
        let beside = Beside::new().legacy("sig", &legacy);
        Server::start(move |request| {
            if request.path().contains("/referrers/") {
                Answer::content(INDEX, body)
            } else {
                beside.answer(request)
            }
        })
    };
    for body in [
        "",
        "{",
        "[]",
        r#"{"schemaVersion":2,"manifests":7}"#,
        "<html>",
    ] {
        let _ = verified_at(&listed(body), "", 0);
    }
}

#[test]
fn what_is_signed_listed_as_its_own_signature_is_none() {
    let mut beside = Beside::new();
    // Of what was signed nothing is needed but its digest: so it may be this one.
    let subject = value!({
        "mediaType": MANIFEST,
        "digest": HONEST.digest,
        "size": 300,
        "artifactType": BUNDLE,
    });
    beside.list.push(subject);
    let _ = beside.verified(8);

    // And one that is really there.
    let registry = Registry::start();
    let address = registry.address();
    let env = author();
    let digest = pushed(&env, address);
    let entry = value!({
        "mediaType": MANIFEST,
        "digest": digest,
        "size": 300,
        "artifactType": BUNDLE,
    });
    list_under_tag(address, "app", &value!({ "digest": digest }), &[&entry]);
    let reference = format!("{address}/app@{digest}");
    let _ = bounded(&env, verify(&env, &reference).code(8));
    let _ = sign(&env, &reference).success();
    let _ = verify(&env, &reference).success();
}

#[test]
fn what_a_list_says_of_a_kind_makes_nothing_a_signature() {
    let registry = ReferrersRegistry::start();
    let address = registry.address();
    let env = author();
    let digest = pushed(&env, address);
    let size = fs::metadata(env.blob(&digest).expect("it was packed")).map(|it| it.len());
    let subject = value!({
        "mediaType": MANIFEST,
        "digest": digest,
        "size": size.expect("it is there"),
    });
    let _ = attach(address, "app", &subject, BUNDLE);
    let reference = format!("{address}/app@{digest}");
    let _ = bounded(&env, verify(&env, &reference).code(8));
    let _ = sign(&env, &reference).success();
    let _ = verify(&env, &reference).success();
}

#[test]
fn a_signature_that_is_listed_as_something_of_no_kind_is_found() {
    for kind in [
        Json::Null,
        "".into(),
        "application/vnd.oci.empty.v1+json".into(),
    ] {
        let mut beside = Beside::new().good();
        beside.list[0]["artifactType"] = kind;
        let _ = beside.verified(0);
    }
    // A registry can hide any signature, which makes nothing verified.
    let mut beside = Beside::new().good();
    beside.list[0]["artifactType"] = "text/x-note".into();
    let _ = beside.verified(8);
}

#[test]
fn what_a_list_says_of_sizes_and_annotations_does_not_matter() {
    let mut beside = Beside::new().good();
    beside.list[0]["size"] = 7.into();
    beside.list[0]["annotations"] = value!({
        "dev.sigstore.bundle.predicateType": "https://slsa.dev/provenance/v1",
        "\u{1b}[31m": "\u{7}",
    });
    let _ = beside.verified(0);
}
