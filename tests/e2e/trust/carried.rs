//! Signatures that cosign makes, shown and carried, and verified by cosign where they
//! came to.

use wharf_tests::{ReferrersRegistry, Registry, TestEnv, peer};

use crate::{environment, greeting, json, push};

const BUNDLE: &str = "application/vnd.dev.sigstore.bundle.v0.3+json";

/// What is said of an artifact by a signature.
const SIGNATURE: &str = "https://sigstore.dev/cosign/sign/v1";

/// An author who pushed an application as `app:1`, and signed it.
fn signed(address: &str) -> (TestEnv, String) {
    let env = environment();
    let app = greeting("app").write(&env.work());
    let digest = push(&env, &app, &format!("{address}/app:1")).digest();
    let _ = peer::cosign(&env.work(), "generate-key-pair");
    let _ = peer::cosign(&env.work(), "signing-config create --out sc.json");
    let sign = "sign --key cosign.key --signing-config sc.json --allow-http-registry --yes";
    let _ = peer::cosign(&env.work(), &format!("{sign} {address}/app@{digest}"));
    (env, digest)
}

/// Fails unless cosign verifies `app:1` at this registry, and Wharf shows the signature.
fn assert_verified(env: &TestEnv, address: &str, digest: &str) {
    let verify = "verify --key cosign.pub --insecure-ignore-tlog --allow-http-registry";
    let verified = peer::cosign(&env.work(), &format!("{verify} {address}/app:1"));
    assert!(verified.stdout.contains(digest), "{}", verified.stdout);
    let referrers = format!("registry referrers {address}/app:1 --format json");
    let answer = json(&environment().run(&referrers).success().stdout);
    let found = answer["referrers"].as_array().expect("it is a list");
    assert!(!found.is_empty(), "{answer:#}");
    for referrer in found {
        // One registry that lists does not tell the kind of artifact, and where it does
        // not, cosign tells no annotations.
        let kind = referrer["artifactType"] == BUNDLE;
        let said = &referrer["annotations"]["dev.sigstore.bundle.predicateType"];
        assert!(kind || *said == SIGNATURE, "{answer:#}");
    }
}

/// Signed at one registry, and verified at another where it was copied to, and at a
/// third where it was saved, loaded and pushed to.
fn signature_goes_along(source: &str, copied: &str, loaded: &str) {
    let (author, digest) = signed(source);
    assert_verified(&author, source, &digest);

    let carrier = environment();
    let copy = format!("registry copy --recursive {source}/app:1 {copied}/app:1");
    assert_eq!(carrier.run(&copy).success().digest(), digest);
    assert_verified(&author, copied, &digest);

    let carrier = environment();
    let save = format!("registry save {source}/app:1 -o app.tar");
    let _ = carrier.run(&save).success();
    let file = carrier.work().join("app.tar");
    let other = environment();
    let load = ["registry", "load", file.to_str().expect("it is text")];
    let _ = other.command(load).run().success();
    let push = format!("registry push {loaded}/app:1 -f {digest}");
    assert_eq!(other.run(&push).success().digest(), digest);
    assert_verified(&author, loaded, &digest);
}

#[test]
fn a_signature_goes_along_between_registries_without_a_list_of_referrers() {
    let (source, copied, loaded) = (
        Registry::start(),
        Registry::settings().distribution3().start(),
        Registry::start(),
    );
    signature_goes_along(source.address(), copied.address(), loaded.address());
    signature_goes_along(copied.address(), loaded.address(), source.address());
}

#[test]
fn a_signature_goes_along_from_and_to_registries_with_a_list_of_referrers() {
    let (with, without) = (ReferrersRegistry::start(), Registry::start());
    let more = ReferrersRegistry::start();
    signature_goes_along(with.address(), without.address(), more.address());
    signature_goes_along(without.address(), more.address(), with.address());
}
