//! Mirrors, which are asked before the registry.

use std::fs;

use wharf_tests::scripted::Request;
use wharf_tests::shelf::ShelvedApp;
use wharf_tests::{Answer, Proxy, Registry, Server, Shelf, TestEnv};

use crate::{environment, greeting, json, push};

/// Sets the mirrors of a registry in the user's file.
fn configure(env: &TestEnv, registry: &str, mirrors: &[String]) {
    let directory = env.root().join("config/wharf");
    fs::create_dir_all(&directory).expect("it can be made");
    let text = format!("[registry.\"{registry}\"]\nmirrors = {mirrors:?}\n");
    fs::write(directory.join("wharf.toml"), text).expect("it can be written");
}

/// How often a server was asked for something of a repository.
fn asked(server: &Server, repository: &str) -> usize {
    let requests = server.requests();
    let of = |request: &&Request| request.path().contains(&format!("/{repository}/"));
    requests.iter().filter(of).count()
}

#[test]
fn what_a_mirror_has_is_not_asked_of_the_registry() {
    let app = ShelvedApp::new();
    let shelf = app.shelf.clone();
    let mirror = Server::start(move |request| shelf.answer(request));
    let registry = Server::start(|_| Answer::status(500));
    let env = environment();
    let reference = format!("{}/team/app:1", registry.address());
    configure(
        &env,
        &registry.address(),
        &[format!("{}/copies", mirror.address())],
    );
    let resolved = env.run(&format!("registry resolve {reference}")).success();
    assert_eq!(resolved.digest(), app.digest);
    let pulled = env.run(&format!("registry pull {reference}")).success();
    assert_eq!(pulled.digest(), app.digest);
    assert!(asked(&mirror, "copies/team/app") > 0);
    assert!(registry.requests().is_empty());
    env.verify_store();

    // It is known by the name that was asked for, and by no other.
    let _ = env
        .run(&format!("registry pull --offline {reference}"))
        .success();
    let listed = env.run("cache list --format json").success();
    assert!(listed.stdout.contains(&reference), "{}", listed.stdout);
    assert!(
        !listed.stdout.contains(&mirror.address()),
        "{}",
        listed.stdout
    );
}

#[test]
fn a_mirror_that_does_not_help_is_noted_and_the_next_is_asked() {
    let app = ShelvedApp::new();
    let shelf = |shelf: &Shelf| {
        let shelf = shelf.clone();
        move |request: &Request| shelf.answer(request)
    };
    let empty = Server::start(shelf(&Shelf::new()));
    let locked = Server::start(|_| Answer::status(401).header("WWW-Authenticate", "Basic realm=x"));
    let asset = app.asset.clone();
    let whole = app.shelf.clone();
    let liar = Server::start(move |request| {
        let mut answer = whole.answer(request);
        if request.path().ends_with(&asset) {
            answer.body[0] ^= 1;
        }
        answer
    });
    let registry = Server::start(shelf(&app.shelf));
    let gone = "127.0.0.1:1".to_owned();
    let mirrors = [gone, empty.address(), locked.address(), liar.address()];
    let env = environment();
    configure(&env, &registry.address(), &mirrors);
    let pull = format!("registry pull {}/app:1", registry.address());
    let pulled = env.run(&pull).success();
    assert_eq!(pulled.digest(), app.digest);
    let notes = mirrors.map(|mirror| format!("the mirror {mirror} does not help"));
    let _ = pulled.says(&notes.each_ref().map(String::as_str));
    env.verify_store();
    // What the last one had right came from there.
    let requests = registry.requests();
    let fetches = |digest: &str| {
        let is_it = |request: &&Request| request.path().ends_with(digest);
        requests
            .iter()
            .filter(is_it)
            .filter(|one| one.method == "GET")
            .count()
    };
    assert_eq!(fetches(&app.asset), 1);
    assert_eq!(fetches(&app.program), 0);
}

#[test]
fn when_nobody_helps_it_is_the_registry_that_is_told_of() {
    let mirror = Server::start(|_| Answer::status(404));
    let registry = Server::start(|_| Answer::status(404));
    let env = environment();
    let pull = format!(
        "registry pull {}/app:1 --mirror {} --format json",
        registry.address(),
        mirror.address()
    );
    let output = env.run(&pull).code(4);
    let error = &json(&output.stderr)["error"];
    let message = error["message"].as_str().unwrap();
    assert!(message.contains(&registry.address()), "{message}");
    assert!(!message.contains(&mirror.address()), "{message}");
}

#[test]
fn nothing_is_sent_to_a_mirror() {
    let mirror = Server::start(|_| Answer::status(500));
    let registry = Registry::start();
    let proxy = Proxy::start(registry.address());
    let env = environment().variable("WHARF_MIRRORS", mirror.address());
    greeting("app").write(&env.work());
    let _ = push(
        &env,
        &env.work().join("app"),
        &format!("{}/app:1", proxy.address()),
    );
    let _ = env
        .run(&format!("registry tag {}/app:1 2", proxy.address()))
        .success();
    assert!(mirror.requests().is_empty());
    let project = env.work().join("wharf.toml");
    fs::write(project, "[registry.\"*\"]\nmirrors = [\"m.example\"]").unwrap();
    let refused = env.run(&format!("registry pull {}/app:1", proxy.address()));
    let _ = refused.code(7).says(&["`mirrors`", "wharf.toml"]);
}
