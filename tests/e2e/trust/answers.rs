//! Four answers: verified, not signed by anyone who is asked for, a wrong signature, and
//! that it could not be found out. The last is never taken for the second.

use wharf_tests::proxy::{Change, Fate, Proxy};
use wharf_tests::{Answer, Registry, TestEnv};

use super::{author, know, pushed, sign, signed, verify};
use crate::{environment, json};

#[test]
fn what_is_signed_by_somebody_else_is_not_verified_and_it_is_said_by_whom() {
    let registry = Registry::start();
    let address = registry.address();
    let env = author();
    let digest = signed(&env, address);
    let other = author();
    let reference = format!("{address}/app@{digest}");
    let refused = verify(&other, &reference).code(8);
    let refused = refused.says(&["is not signed by cosign.pub"]);
    // Whose a bundle is is known by its hint.
    assert!(refused.stderr.contains("key"), "{}", refused.stderr);
    let answer = verify(&env, &format!("{reference} --format json")).success();
    let answer = json(&answer.stdout);
    let key = answer["signatures"][0]["by"].as_str().unwrap();
    let fingerprint = key.rsplit(' ').next().unwrap();
    assert!(
        refused.stderr.contains(fingerprint),
        "{key}: {}",
        refused.stderr
    );

    // Signed by both, it is verified by each.
    let _ = sign(&other, &reference).success();
    let _ = verify(&other, &reference).success();
    let _ = verify(&env, &reference).success();
}

#[test]
fn what_has_no_signature_is_unsigned() {
    let registry = Registry::start();
    let env = author();
    let _ = pushed(&env, registry.address());
    let reference = format!("{}/app:1", registry.address());
    let _ = verify(&env, &reference)
        .code(8)
        .says(&["it has no signature"]);
    let refused = verify(&env, &format!("{reference} --format json")).code(8);
    assert!(
        refused.stderr.contains("\"unsigned\""),
        "{}",
        refused.stderr
    );
    let _ = verify(&env, &format!("{}/none:1", registry.address())).code(4);
}

#[test]
fn a_signature_put_beside_something_else_is_wrong() {
    let registry = Registry::start();
    let address = registry.address();
    let env = author();
    let digest = signed(&env, address);
    let other = crate::greeting("other").write(&env.work());
    let target = crate::push(&env, &other, &format!("{address}/app:2")).digest();
    // What another manifest's signatures lie under is its digest.
    let tag = |digest: &str| format!("{}.sig", digest.replace(':', "-"));
    let copy = format!(
        "registry copy {address}/app:{} {address}/app:{}",
        tag(&digest),
        tag(&target)
    );
    let _ = env.run(&copy).success();
    let _ = verify(&env, &format!("{address}/app@{target}"))
        .code(9)
        .says(&["has a signature that is wrong", &digest]);
    // A good one beside it is enough.
    let _ = sign(
        &env,
        &format!("{address}/app@{target} --signature-format bundle"),
    )
    .success();
    let _ = verify(&env, &format!("{address}/app@{target}")).success();
}

/// What becomes of each request about signatures.
fn with_fate(registry: &Registry, fate: impl Fn() -> Fate + Send + Sync + 'static) -> Proxy {
    Proxy::with_fates(registry.address(), move |request| {
        let target = &request.target;
        if target.contains("/referrers/") || target.contains("/manifests/sha256-") {
            fate()
        } else {
            Fate::Forward
        }
    })
}

fn reader(author: &TestEnv) -> TestEnv {
    let env = environment();
    know(&env, author);
    env
}

/// What becomes of a request, by its name.
type Named = (&'static str, fn() -> Fate);

#[test]
fn what_could_not_be_looked_at_is_never_unsigned() {
    let registry = Registry::start();
    let env = author();
    let digest = signed(&env, registry.address());
    let garbage = || Answer::content("application/vnd.oci.image.index.v1+json", "{\"a\":");
    let fates: [Named; 8] = [
        ("401", || Fate::Answer(Answer::status(401))),
        ("403", || Fate::Answer(Answer::status(403))),
        ("429", || Fate::Answer(Answer::status(429))),
        ("500", || Fate::Answer(Answer::status(500))),
        ("html", || Fate::Answer(Answer::html(200))),
        ("html 503", || Fate::Answer(Answer::html(503))),
        ("cut", || Fate::CutHead),
        ("endless", || Fate::EndlessBody),
    ];
    let quick = "--retries 0 --stall-timeout 2s";
    for (what, fate) in fates {
        let proxy = with_fate(&registry, fate);
        let reader = reader(&env);
        let reference = format!("{}/app@{digest} {quick}", proxy.address());
        let refused = verify(&reader, &reference);
        assert_eq!(
            refused.status.code(),
            Some(10),
            "{what}: {}",
            refused.stderr
        );
        assert!(
            refused.stderr.contains("could not be found out"),
            "{what}: {}",
            refused.stderr
        );
    }
    let proxy = with_fate(&registry, move || Fate::Answer(garbage()));
    let reference = format!("{}/app@{digest} {quick}", proxy.address());
    let _ = verify(&reader(&env), &reference).code(10);
    // And nobody there at all.
    let gone = Proxy::start("127.0.0.1:1").address();
    let _ = verify(&reader(&env), &format!("{gone}/app:1 {quick}")).code(10);
}

#[test]
fn a_registry_that_hides_signatures_makes_it_unsigned_and_not_verified() {
    let registry = Registry::start();
    let env = author();
    let digest = signed(&env, registry.address());
    let proxy = with_fate(&registry, || Fate::Answer(Answer::status(404)));
    let reference = format!("{}/app@{digest}", proxy.address());
    let _ = verify(&reader(&env), &reference).code(8);
}

#[test]
fn one_good_signature_is_enough_when_others_could_not_be_looked_at() {
    let registry = Registry::start();
    let env = author();
    let digest = signed(&env, registry.address());
    let legacy_only = Proxy::with_fates(registry.address(), |request| {
        let is_list = request.target.contains("/referrers/")
            || (request.target.contains("/manifests/sha256-") && !request.target.contains(".sig"));
        if is_list {
            Fate::Answer(Answer::status(500))
        } else {
            Fate::Forward
        }
    });
    let reference = format!("{}/app@{digest} --retries 0", legacy_only.address());
    let _ = verify(&reader(&env), &reference).success();
}

#[test]
fn changed_signatures_are_wrong_or_nobodys() {
    let registry = Registry::start();
    let env = author();
    let digest = signed(&env, registry.address());
    // Whatever a registry changes on the way does not have the digest that it must have.
    let proxy = Proxy::with_fates(registry.address(), |request| {
        if request.fetches_blob() {
            Fate::Change(Change::new(|_, body| {
                if let Some(byte) = body.last_mut() {
                    *byte ^= 1;
                }
            }))
        } else {
            Fate::Forward
        }
    });
    let reference = format!("{}/app@{digest} --retries 0", proxy.address());
    let refused = verify(&reader(&env), &reference);
    assert_eq!(refused.status.code(), Some(10), "{}", refused.stderr);
}

#[test]
fn mistakes_in_the_question_are_said_before_anything_is_asked() {
    let env = author();
    let nobody = "localhost:1/app:1";
    for (options, said) in [
        ("", "--key"),
        (
            "--certificate-identity a@b.example",
            "--certificate-oidc-issuer",
        ),
        (
            "--certificate-oidc-issuer https://i.example",
            "--certificate-identity",
        ),
        ("--key none.pub", "none.pub"),
        ("--key cosign.key", "cosign.key"),
        (
            "--certificate-identity-regexp ( --certificate-oidc-issuer https://i.example",
            "regular expression",
        ),
        (
            "--certificate-identity a@b.example --certificate-oidc-issuer https://i.example \
             --trusted-root cosign.pub",
            "trusted root",
        ),
    ] {
        let refused = env.run(&format!("registry verify {options} {nobody}"));
        assert_eq!(
            refused.status.code(),
            Some(2),
            "{options}: {}",
            refused.stderr
        );
        assert!(
            refused.stderr.contains(said),
            "{options}: {}",
            refused.stderr
        );
    }
}
