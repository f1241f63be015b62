//! Signing: at once with a push, later from a file, by many at the same time.

use std::thread;

use wharf_tests::{Proxy, Registry, peer};

use super::{at_each_registry, author, know, pushed, read, sign, signed, verify};
use crate::{environment, json};

#[test]
fn a_push_signs_before_its_tags_lead_there() {
    let registry = Registry::start();
    let proxy = Proxy::start(registry.address());
    let address = proxy.address();
    let env = author();
    let app = crate::greeting("app").write(&env.work());
    let line = format!("registry push {address}/app:1 --tag latest --sign --key cosign.key -f");
    let arguments = line.split(' ').map(std::ffi::OsStr::new);
    let pushed = env.command(arguments.chain([app.as_os_str()])).run();
    let digest = pushed.success().digest();
    let set: Vec<_> = proxy
        .take()
        .into_iter()
        .filter(|one| one.method == "PUT" && one.target.contains("/manifests/"))
        .map(|one| one.target)
        .collect();
    let at = |what: &str| {
        let place = set.iter().position(|target| target.ends_with(what));
        place.unwrap_or_else(|| panic!("{what} is not in {set:#?}"))
    };
    let signature = format!("{}.sig", digest.replace(':', "-"));
    assert!(at(&digest) < at(&signature), "{set:#?}");
    assert!(at(&signature) < at("/1"), "{set:#?}");
    assert!(at("/1") < at("/latest") || at("/latest") < at("/1"));
    for tag in ["1", "latest"] {
        let _ = verify(&env, &format!("{address}/app:{tag}")).success();
    }
}

#[test]
fn an_option_of_signing_without_sign_is_a_mistake() {
    let env = author();
    crate::greeting("app").write(&env.work());
    let _ = env
        .run("registry push localhost:1/app:1 -f app --key cosign.key")
        .code(2)
        .says(&["--key", "--sign"]);
}

#[test]
fn what_was_signed_without_a_network_is_attached_later() {
    at_each_registry(|address| {
        let env = author();
        crate::greeting("app").write(&env.work());
        let made = env
            .run("registry sign --key cosign.key -f app --upload=false --bundle app.sigstore.json");
        let made = made.success();
        let digest = pushed(&env, address);
        assert!(made.stdout.contains(&digest), "{}", made.stdout);
        let reference = format!("{address}/app:1");
        let _ = verify(&env, &reference).code(8);
        let by_file = format!("{reference} --bundle app.sigstore.json");
        let _ = verify(&env, &by_file).success();
        let attach = format!("registry attach --bundle app.sigstore.json {reference}");
        let _ = env.run(&attach).success();
        let _ = verify(&env, &reference).success();
        let check = "verify --key cosign.pub --insecure-ignore-tlog --allow-http-registry";
        let _ = peer::cosign(&env.work(), &format!("{check} {reference}"));

        // It is of nothing else.
        let other = crate::greeting("other").write(&env.work());
        let _ = crate::push(&env, &other, &format!("{address}/other:1"));
        let attach = format!("registry attach --bundle app.sigstore.json {address}/other:1");
        let _ = env
            .run(&attach)
            .code(2)
            .says(&["cannot attach it to", "other:1"]);
    });
}

#[test]
fn signatures_that_are_there_stay() {
    at_each_registry(|address| {
        let authors: Vec<_> = (0..4).map(|_| author()).collect();
        let digest = pushed(&authors[0], address);
        let reference = format!("{address}/app@{digest}");
        thread::scope(|scope| {
            for env in &authors {
                let _ = scope.spawn(|| sign(env, &reference).success());
            }
        });
        for env in &authors {
            for format in ["bundle", "legacy"] {
                let reader = environment();
                know(&reader, env);
                let answer = verify(&reader, &format!("{reference} --format json")).success();
                let answer = json(&answer.stdout);
                let signatures = answer["signatures"].as_array().unwrap();
                let mine: Vec<_> = signatures
                    .iter()
                    .filter(|it| it["format"] == format && it["outcome"] == "accepted")
                    .collect();
                assert_eq!(mine.len(), 1, "{format}: {answer:#}");
                assert_eq!(signatures.len(), 8, "{answer:#}");
            }
        }
    });
}

#[test]
fn what_is_signed_again_is_there_once_in_the_legacy_format() {
    let registry = Registry::start();
    let env = author();
    let digest = signed(&env, registry.address());
    let reference = format!("{}/app@{digest}", registry.address());
    let line = format!("{reference} --signature-format legacy");
    let _ = sign(&env, &line).success();
    let answer = verify(&env, &format!("{reference} --format json")).success();
    let answer = json(&answer.stdout);
    let legacy = answer["signatures"].as_array().unwrap().iter();
    let legacy: Vec<_> = legacy.filter(|it| it["format"] == "legacy").collect();
    // ECDSA makes another signature each time: both are good.
    assert!((1..=2).contains(&legacy.len()), "{answer:#}");
    assert!(
        legacy.iter().all(|it| it["outcome"] == "accepted"),
        "{answer:#}"
    );
    let _ = read(&env.work().join("cosign.pub"));
}
