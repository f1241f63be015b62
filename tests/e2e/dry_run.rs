//! `wharf registry push --dry-run`: what would be published, with a registry and without.

use std::fs;
use std::net::TcpListener;

use wharf_tests::{Registry, Server, digest, serde_json};

use crate::{environment, greeting, json, push};

#[test]
fn the_documents_are_those_that_are_published() {
    let registry = Registry::start();
    let env = environment();
    let app = greeting("app").write(&env.work());
    let reference = format!("{}/app:1", registry.address());
    let dry = format!("registry push {reference} -f app --dry-run --format json");
    let answer = json(&env.run(&dry).success().stdout);
    assert_eq!(answer["compared"], true);
    assert_eq!(answer["transfers"][0]["outcome"], "moved");
    assert!(registry.tags("app").is_empty());

    let pushed = push(&env, &app, &reference).digest();
    assert_eq!(answer["digest"].as_str(), Some(pushed.as_str()));
    let documents = &answer["documents"];
    let stored = |digest: &str| {
        let blob = env.blob(digest).expect("it is in the store");
        json(&fs::read_to_string(blob).expect("it can be read"))
    };
    let manifest = &documents["manifest"];
    assert_eq!(*manifest, stored(&pushed));
    let config = manifest["config"]["digest"].as_str().expect("it has one");
    assert_eq!(documents["config"], stored(config));
    let layers = manifest["layers"].as_array().expect("it has some");
    let last = layers.last().expect("it has one")["digest"].as_str();
    assert_eq!(documents["lockedApp"], stored(last.expect("it has one")));
    let label = &documents["config"]["config"]["Labels"]["com.fermyon.spin.lockedAppDigest"];
    assert_eq!(label.as_str(), last);

    // What was sent is not told again.
    let real = format!("registry push {reference} -f app --format json");
    let answer = json(&env.run(&real).success().stdout);
    assert!(answer.get("documents").is_none());
    assert_eq!(answer["compared"], true);
}

#[test]
fn offline_nobody_is_asked() {
    let server = Server::start(|_| panic!("nobody was to be asked"));
    let env = environment();
    greeting("app").write(&env.work());
    let dry = format!(
        "registry push {}/app:1 -f app --dry-run --offline",
        server.address()
    );
    let answer = json(&env.run(&format!("{dry} --format json")).success().stdout);
    assert_eq!(answer["compared"], false);
    assert_eq!(answer["warnings"], serde_json::json!([]));
    let transfers = answer["transfers"].as_array().expect("it is a list");
    // The component, a file, the locked application, the config, the manifest.
    assert_eq!(transfers.len(), 5, "{answer:#}");
    assert!(transfers.iter().all(|one| one["outcome"] == "unknown"));
    assert_eq!(transfers[4]["digest"], answer["digest"]);
    assert_eq!(answer["documents"]["lockedApp"]["metadata"]["name"], "app");

    let output = env.run(&dry).success();
    assert!(output.stdout.contains("Would push with digest sha256:"));
    assert!(output.stdout.contains("not known what is there already"));
    assert!(output.stderr.contains("5 parts"), "{output:?}");
    assert!(output.stderr.contains("unless already there"), "{output:?}");
    assert!(server.requests().is_empty());

    // Without --dry-run it would mean nothing.
    let _ = env
        .run("registry push r.example/app:1 -f app --offline")
        .code(2)
        .says(&["--dry-run"]);
}

#[test]
fn a_registry_that_is_not_there_is_a_warning() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("there is a port");
    let nobody = listener.local_addr().expect("it has one");
    drop(listener);
    let env = environment();
    greeting("app").write(&env.work());
    for (registry, reason) in [
        (nobody.to_string(), "connection refused"),
        ("no-such-registry.invalid".to_owned(), "can't be resolved"),
    ] {
        let dry = format!("registry push {registry}/app:1 -f app --dry-run --retries 0");
        let answer = json(&env.run(&format!("{dry} --format json")).success().stdout);
        assert_eq!(answer["compared"], false);
        assert_eq!(answer["transfers"][0]["outcome"], "unknown");
        let warning = answer["warnings"][0].as_str().expect("there is one");
        assert!(warning.contains(reason), "{warning}");
        assert!(answer["documents"]["lockedApp"].is_object());
        let output = env.run(&dry).success();
        assert!(output.stderr.contains(reason), "{output:?}");
        assert!(output.stdout.contains("not known what is there already"));
        // It is one when something was to be sent.
        let _ = env.run(&dry.replace(" --dry-run", "")).code(5);
    }
    // One that answers nonsense is there.
    let server = Server::start(|_| wharf_tests::Answer::html(500));
    let dry = format!(
        "registry push {}/app:1 -f app --dry-run --retries 0",
        server.address()
    );
    let _ = env.run(&dry).code(5);
}

#[test]
fn what_the_store_has_is_told_too() {
    let registry = Registry::start();
    let env = environment();
    let app = greeting("app").write(&env.work());
    let pushed = push(&env, &app, &format!("{}/app:1", registry.address())).digest();
    let dry = format!("registry push r.example/b:1 -f {pushed} --dry-run --offline --format json");
    let answer = json(&env.run(&dry).success().stdout);
    assert_eq!(answer["digest"].as_str(), Some(pushed.as_str()));
    assert_eq!(answer["documents"]["lockedApp"]["metadata"]["name"], "app");
    let bytes = fs::read(env.blob(&pushed).expect("it is there")).expect("it can be read");
    assert_eq!(digest(&bytes), pushed);
}
