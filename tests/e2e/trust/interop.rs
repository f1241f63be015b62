//! What Wharf signs others verify, and the other way round: cosign 3, cosign 2, and the
//! library of Podman's, at each kind of registry.

use wharf_tests::{TestEnv, peer};

use super::{at_each_registry, author, pushed, sign, verify};
use crate::json;

const VERIFY: &str = "verify --key cosign.pub --insecure-ignore-tlog --allow-http-registry";

/// Fails unless one signature of this format is accepted, and the others do no harm.
fn assert_accepted(env: &TestEnv, reference: &str, format: &str) {
    let answer = verify(env, &format!("{reference} --format json")).success();
    let answer = json(&answer.stdout);
    let signatures = answer["signatures"].as_array().expect("it is a list");
    let accepted = |it: &&wharf_tests::Json| it["outcome"] == "accepted" && it["format"] == format;
    assert!(signatures.iter().any(|it| accepted(&it)), "{answer:#}");
}

#[test]
fn what_is_signed_in_both_formats_each_of_them_verifies() {
    at_each_registry(|address| {
        let env = author();
        let digest = pushed(&env, address);
        let _ = sign(&env, &format!("{address}/app:1")).success();
        let verified = peer::cosign(&env.work(), &format!("{VERIFY} {address}/app:1"));
        assert!(verified.stdout.contains(&digest), "{}", verified.stdout);
        let verified = peer::cosign2(&env.work(), &format!("{VERIFY} {address}/app:1"));
        assert!(verified.stdout.contains(&digest), "{}", verified.stdout);
        let policy = format!("verify {address}/app:1 --key cosign.pub");
        let _ = peer::image_policy(&env.work(), &policy).success();
        assert_accepted(&env, &format!("{address}/app:1"), "bundle");
        assert_accepted(&env, &format!("{address}/app:1"), "legacy");
    });
}

#[test]
fn each_format_stands_by_itself() {
    at_each_registry(|address| {
        let env = author();
        let digest = pushed(&env, address);
        let reference = format!("{address}/app:1");
        let _ = sign(&env, &format!("{reference} --signature-format bundle")).success();
        let verified = peer::cosign(&env.work(), &format!("{VERIFY} {reference}"));
        assert!(verified.stdout.contains(&digest), "{}", verified.stdout);
        let policy = format!("verify {reference} --key cosign.pub");
        let refused = peer::image_policy(&env.work(), &policy);
        assert_eq!(
            refused.status.code(),
            Some(1),
            "it has no legacy signature: {}",
            refused.stderr
        );
        assert_accepted(&env, &reference, "bundle");

        let env = author();
        let other = env.work().join("app");
        crate::greeting("other").write(&env.work());
        std::fs::rename(env.work().join("other"), &other).unwrap();
        let reference = format!("{address}/other:1");
        let digest = crate::push(&env, &other, &reference).digest();
        let _ = sign(&env, &format!("{reference} --signature-format legacy")).success();
        for verified in [
            peer::cosign(&env.work(), &format!("{VERIFY} {reference}")),
            peer::cosign2(&env.work(), &format!("{VERIFY} {reference}")),
        ] {
            assert!(verified.stdout.contains(&digest), "{}", verified.stdout);
        }
        let policy = format!("verify {reference} --key cosign.pub");
        let _ = peer::image_policy(&env.work(), &policy).success();
        assert_accepted(&env, &reference, "legacy");
    });
}

#[test]
fn what_others_sign_is_verified() {
    at_each_registry(|address| {
        let env = author();
        let _ = pushed(&env, address);
        let reference = format!("{address}/app:1");
        let work = env.work();
        let _ = peer::cosign(&work, "signing-config create --out sc.json");
        let own = "sign --key cosign.key --signing-config sc.json --allow-http-registry --yes";
        let _ = peer::cosign(&work, &format!("{own} {reference}"));
        assert_accepted(&env, &reference, "bundle");

        for (tag, peer) in [
            (
                "3",
                peer::cosign as fn(&std::path::Path, &str) -> wharf_tests::Output,
            ),
            ("2", peer::cosign2),
        ] {
            let env = author();
            let app = crate::greeting(&format!("of{tag}")).write(&env.work());
            let reference = format!("{address}/of{tag}:1");
            let _ = crate::push(&env, &app, &reference);
            let legacy = match tag {
                "3" => "--new-bundle-format=false --use-signing-config=false",
                _ => "",
            };
            let sign = format!(
                "sign --key cosign.key {legacy} --tlog-upload=false --allow-http-registry --yes"
            );
            let _ = peer(&env.work(), &format!("{sign} {reference}"));
            assert_accepted(&env, &reference, "legacy");
        }

        let env = author();
        let app = crate::greeting("policy").write(&env.work());
        let reference = format!("{address}/policy:1");
        let _ = crate::push(&env, &app, &reference);
        let sign = format!("sign {reference} --key cosign.key --passphrase-env COSIGN_PASSWORD");
        let _ = peer::image_policy(&env.work(), &sign).success();
        assert_accepted(&env, &reference, "legacy");
    });
}

#[test]
fn keys_are_cosigns_both_ways() {
    let registry = wharf_tests::Registry::start();
    let address = registry.address();
    let env = author();
    let ours = super::read(&env.work().join("cosign.pub"));
    let shown = peer::cosign(&env.work(), "public-key --key cosign.key");
    assert_eq!(shown.stdout.trim(), ours.trim());

    let env = crate::environment().variable("COSIGN_PASSWORD", "");
    let _ = peer::cosign(&env.work(), "generate-key-pair");
    let theirs = super::read(&env.work().join("cosign.pub"));
    let shown = env.run("trust public-key --key cosign.key").success();
    assert_eq!(shown.stdout.trim(), theirs.trim());
    let _ = pushed(&env, address);
    let _ = sign(&env, &format!("{address}/app:1")).success();
    let _ = peer::cosign(&env.work(), &format!("{VERIFY} {address}/app:1"));
}

#[test]
fn annotations_are_seen_by_both() {
    let registry = wharf_tests::Registry::start();
    let address = registry.address();
    let env = author();
    let _ = pushed(&env, address);
    let reference = format!("{address}/app:1");
    let _ = sign(&env, &format!("{reference} -a stage=release")).success();
    let _ = verify(&env, &format!("{reference} -a stage=release")).success();
    let _ = verify(&env, &format!("{reference} -a stage=other")).code(8);
    for cosign in [peer::cosign, peer::cosign2] {
        let verified = cosign(
            &env.work(),
            &format!("{VERIFY} -a stage=release {reference}"),
        );
        assert!(verified.stdout.contains("release"), "{}", verified.stdout);
    }
}
