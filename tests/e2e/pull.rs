//! `wharf registry pull`.

use std::fs;

use wharf_tests::proxy::Exchange;
use wharf_tests::{App, Component, Proxy, Registry, http, programs};

use crate::{ASSET, environment, greeting, json, push, up};

#[test]
fn a_second_pull_fetches_no_blob() {
    let registry = Registry::start();
    let proxy = Proxy::start(registry.address());
    let author = environment();
    let app = greeting("app").write(&author.work());
    let pushed = push(&author, &app, &format!("{}/app:1", registry.address())).digest();

    let env = environment();
    let command = format!("registry pull {}/app:1", proxy.address());
    let first = env.run(&command).success();
    assert_eq!(first.digest(), pushed);
    let fetched = proxy.take().iter().filter(|one| one.fetches_blob()).count();
    assert_eq!(fetched, 4);
    env.verify_store();

    assert_eq!(env.run(&command).success().digest(), pushed);
    let exchanges = proxy.take();
    assert!(!exchanges.is_empty(), "a tag is asked for anew");
    assert!(
        !exchanges.iter().any(Exchange::fetches_blob),
        "{exchanges:#?}"
    );
}

#[test]
fn a_file_that_two_applications_share_is_fetched_once() {
    let registry = Registry::start();
    let proxy = Proxy::start(registry.address());
    let author = environment();
    let shared = "shared by two applications ".repeat(100);
    for name in ["one", "two"] {
        let component = Component::new("hello", programs::HELLO_P2, "/...")
            .environment("NAME", name)
            .file("shared.txt", shared.clone());
        let app = App::new(name).component(component).write(&author.work());
        let _ = push(&author, &app, &format!("{}/{name}:1", registry.address()));
    }
    let env = environment();
    let _ = env
        .run(&format!("registry pull {}/one:1", proxy.address()))
        .success();
    proxy.take();
    let pull = format!("registry pull {}/two:1 --format json", proxy.address());
    let output = env.run(&pull).success();
    let file = wharf_tests::digest(shared.as_bytes());
    let exchanges = proxy.take();
    let asked = exchanges.iter().any(|one| one.target.contains(&file));
    assert!(!asked, "{exchanges:#?}");
    let answer = json(&output.stdout);
    let transfers = answer["transfers"].as_array().unwrap();
    let transfer = transfers.iter().find(|one| one["digest"] == *file).unwrap();
    assert_eq!(transfer["outcome"], "present");
}

#[test]
fn a_digest_that_is_complete_needs_no_network() {
    let registry = Registry::start();
    let proxy = Proxy::start(registry.address());
    let env = environment();
    let app = greeting("app").write(&env.work());
    let digest = push(&env, &app, &format!("{}/app:1", registry.address())).digest();
    let by_digest = format!("{}/app@{digest}", proxy.address());
    env.empty_store();
    let _ = env.run(&format!("registry pull {by_digest}")).success();
    proxy.take();

    let output = env.run(&format!("registry pull {by_digest}")).success();
    assert_eq!(output.digest(), digest);
    assert!(proxy.exchanges().is_empty());
    drop((registry, proxy));
    let _ = env.run(&format!("registry pull {by_digest}")).success();
    let (running, url) = up(&env, &format!("-f {by_digest}"));
    assert_eq!(http::get(&url).unwrap().status, 200);
    running.interrupt();
    let _ = running.finish().success();
}

#[test]
fn a_tag_that_moved_is_noticed() {
    let registry = Registry::start();
    let author = environment();
    let env = environment();
    let reference = format!("{}/app:1", registry.address());
    let mut digests = Vec::new();
    for name in ["one", "two"] {
        let app = greeting(name).write(&author.work());
        let pushed = push(&author, &app, &reference).digest();
        let pulled = env
            .run(&format!("registry pull {reference}"))
            .success()
            .digest();
        assert_eq!(pulled, pushed);
        digests.push(pulled);
    }
    assert_ne!(digests[0], digests[1]);
}

#[test]
fn a_blob_that_lost_its_end_is_fetched_again_by_a_pull() {
    let registry = Registry::start();
    let env = environment();
    let app = greeting("app").write(&env.work());
    let reference = format!("{}/app:1", registry.address());
    let _ = push(&env, &app, &reference);
    let blob = env
        .blob(&wharf_tests::digest(ASSET.repeat(20).as_bytes()))
        .unwrap();
    unprotect(&blob);
    fs::write(&blob, "An asset").unwrap();
    let _ = env.run(&format!("registry pull {reference}")).success();
    env.verify_store();
    assert!(blob.exists());
}

#[test]
fn a_blob_that_was_damaged_is_fetched_again_before_it_runs() {
    let registry = Registry::start();
    let env = environment();
    let app = greeting("app").write(&env.work());
    let reference = format!("{}/app:1", registry.address());
    let _ = push(&env, &app, &reference);
    let wasm = fs::read(programs::HELLO_P2).unwrap();
    let blob = env.blob(&wharf_tests::digest(&wasm)).unwrap();
    let mut damaged = wasm.clone();
    let middle = damaged.len() / 2;
    damaged[middle] ^= 1;
    unprotect(&blob);
    fs::write(&blob, damaged).unwrap();
    let (running, url) = up(&env, &format!("-f {reference}"));
    assert_eq!(http::get(&url).unwrap().status, 200);
    running.interrupt();
    let _ = running.finish().success();
    env.verify_store();
    assert!(blob.exists());
}

/// The store may keep its blobs read-only; damage does not ask.
fn unprotect(blob: &std::path::Path) {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(blob, fs::Permissions::from_mode(0o600)).expect("it is ours");
}
