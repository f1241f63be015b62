//! Several commands at one store, and commands that are killed.

use wharf_tests::proxy::{Fate, Gate};
use wharf_tests::{App, Component, Proxy, Registry, TestEnv, programs};

use crate::{environment, push};

/// A registry with an application `app:1` of some megabytes, and its digest.
fn registry_with_app() -> (Registry, String) {
    let registry = Registry::start();
    let author = environment();
    let mut component = Component::new("hello", programs::HELLO_P2, "/...");
    for number in 0..8_u8 {
        let content: Vec<u8> = (0..500_000_u32)
            .map(|index| (index.wrapping_mul(2_654_435_761) >> 24) as u8 ^ number)
            .collect();
        component = component.file(&format!("{number}.bin"), content);
    }
    let app = App::new("app").component(component).write(&author.work());
    let digest = push(&author, &app, &format!("{}/app:1", registry.address())).digest();
    (registry, digest)
}

/// A proxy that gives so many bytes of each blob's answer, and the rest once the gate opens.
fn proxy_that_holds_blobs(registry: &Registry, gate: &Gate, bytes: u64) -> Proxy {
    let gate = gate.clone();
    Proxy::with_fates(registry.address(), move |one| {
        if one.fetches_blob() {
            Fate::HoldAnswer(bytes, gate.clone())
        } else {
            Fate::Forward
        }
    })
}

fn pull(proxy: &Proxy) -> Vec<String> {
    let reference = format!("{}/app:1", proxy.address());
    ["registry", "pull", &reference].map(str::to_owned).to_vec()
}

fn holds_all(env: &TestEnv) {
    env.verify_store();
    // The component, eight files, the locked application, the config, the manifest.
    assert_eq!(env.blobs().len(), 12);
}

#[test]
fn two_pulls_at_once_fetch_each_blob_once_and_both_succeed() {
    let (registry, digest) = registry_with_app();
    let gate = Gate::new();
    let proxy = proxy_that_holds_blobs(&registry, &gate, 100);
    let env = environment();
    let first = env.command(pull(&proxy)).start();
    gate.wait_until_reached();
    let second = env.command(pull(&proxy)).start();
    proxy.wait("the second pull has read the manifest", |all| {
        let manifests =
            |one: &&wharf_tests::proxy::Exchange| one.target.contains("/manifests/1") && one.over;
        all.iter().filter(manifests).count() >= 2
    });
    gate.open();
    for running in [first, second] {
        assert_eq!(running.finish().success().digest(), digest);
    }
    let fetched = proxy.take().iter().filter(|one| one.fetches_blob()).count();
    assert_eq!(fetched, 11);
    holds_all(&env);
}

#[test]
fn a_pull_that_is_killed_leaves_a_store_that_another_completes() {
    let (registry, digest) = registry_with_app();
    let gate = Gate::new();
    let proxy = proxy_that_holds_blobs(&registry, &gate, 100_000);
    let env = environment();
    let killed = env.command(pull(&proxy)).start();
    gate.wait_until_reached();
    let other = env.command(pull(&proxy)).start();
    killed.kill();
    let _ = killed.finish();
    env.verify_store();
    gate.open();
    assert_eq!(other.finish().success().digest(), digest);
    holds_all(&env);
    let third = env.command(pull(&proxy)).run().success();
    assert_eq!(third.digest(), digest);
    holds_all(&env);
}

#[test]
fn two_pulls_that_are_both_killed_leave_a_store_that_a_third_completes() {
    let (registry, digest) = registry_with_app();
    let gate = Gate::new();
    let proxy = proxy_that_holds_blobs(&registry, &gate, 1);
    let env = environment();
    let pulls = [
        env.command(pull(&proxy)).start(),
        env.command(pull(&proxy)).start(),
    ];
    gate.wait_until_reached();
    for running in pulls {
        running.kill();
        let _ = running.finish();
    }
    gate.open();
    let third = env.command(pull(&proxy)).run().success();
    assert_eq!(third.digest(), digest);
    holds_all(&env);
}

#[test]
fn a_push_that_is_killed_leaves_no_tag_and_can_be_repeated() {
    let registry = Registry::start();
    let gate = Gate::new();
    let proxy = Proxy::with_fates(registry.address(), {
        let gate = gate.clone();
        move |one| {
            if one.method != "POST" && one.target.contains("/blobs/uploads/") {
                Fate::HoldRequest(100, gate.clone())
            } else {
                Fate::Forward
            }
        }
    });
    let env = environment();
    crate::greeting("app").write(&env.work());
    let reference = format!("{}/app:1", proxy.address());
    let arguments = ["registry", "push", &reference, "-f", "app"];
    let killed = env.command(arguments).start();
    gate.wait_until_reached();
    killed.kill();
    let _ = killed.finish();
    assert!(registry.tags("app").is_empty());
    gate.open();
    let _ = env.command(arguments).run().success();
    assert_eq!(registry.tags("app"), ["1"]);
}
