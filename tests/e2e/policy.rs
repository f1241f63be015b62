//! Policies: what they refuse is not done, whoever asks for it.

use std::fs;
use std::path::PathBuf;

use wharf_tests::programs::HELLO_P2;
use wharf_tests::shelf::ShelvedApp;
use wharf_tests::{Answer, Proxy, Registry, Server, TestEnv, digest};

use crate::audit::checked;
use crate::{environment, greeting, json, push};

/// Writes a policy with these rules.
fn policy(env: &TestEnv, name: &str, rules: &str) -> PathBuf {
    let file = env.work().join(name);
    fs::write(&file, format!("[sandbox]\n{rules}\n")).expect("it can be written");
    file
}

/// A server that has an application under every name.
fn shelf() -> (Server, ShelvedApp) {
    let app = ShelvedApp::new();
    let shelf = app.shelf.clone();
    (Server::start(move |request| shelf.answer(request)), app)
}

#[test]
fn a_push_to_another_repository_sends_nothing() {
    let registry = Registry::start();
    let proxy = Proxy::start(registry.address());
    let server = proxy.address();
    let env = environment();
    greeting("app").write(&env.work());
    policy(&env, "p.toml", &format!("push = [\"{server}/team/*\"]"));
    let line = format!("registry push {server}/other/app:1 -f app --policy p.toml");
    let words = ["`push` in `p.toml`, line 2", "team/*", "to allow it, add"];
    let _ = env.run(&line).code(7).says(&words);
    assert!(proxy.take().is_empty(), "something was sent");
    let line = line.replace("other/app", "team/app");
    let pushed = env.run(&line).success().digest();
    // What may be written may not be read for that reason.
    policy(&env, "q.toml", "pull = []");
    let pull = format!("registry pull {server}/team/app@{pushed} --policy q.toml");
    env.empty_store();
    let _ = env
        .run(&pull)
        .code(7)
        .says(&["`pull` in `q.toml`", "it allows none"]);
    assert!(env.blobs().is_empty());
}

#[test]
fn no_policy_takes_the_place_of_another() {
    let (server, _app) = shelf();
    let address = server.address();
    let pull = format!("registry pull {address}/app:1");
    let config = |env: &TestEnv, text: &str| {
        let folder = env.root().join("config/wharf");
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join("wharf.toml"), text).unwrap();
    };
    let none = "[sandbox]\npull = []\n";
    let all = format!("pull = [\"{address}/*\"]");
    // The user's own file.
    let env = environment();
    config(&env, none);
    policy(&env, "all.toml", &all);
    let allowed = format!("{pull} --policy all.toml");
    let _ = env.run(&allowed).code(7).says(&["config/wharf/wharf.toml"]);
    // The project's.
    let env = environment();
    fs::write(env.work().join("wharf.toml"), none).unwrap();
    policy(&env, "all.toml", &all);
    let _ = env.run(&allowed).code(7).says(&["work/wharf.toml"]);
    // The environment's.
    let env = environment();
    let file = policy(&env, "none.toml", "pull = []");
    policy(&env, "all.toml", &all);
    let env = env.variable("WHARF_POLICY", file);
    let _ = env.run(&allowed).code(7).says(&["none.toml"]);
    // One of several of the command line.
    let env = environment();
    policy(&env, "none.toml", "pull = []");
    policy(&env, "all.toml", &all);
    let both = format!("{allowed} --policy none.toml");
    let _ = env.run(&both).code(7).says(&["none.toml"]);
    assert!(server.requests().is_empty());
    let _ = env.run(&allowed).success();
}

#[test]
fn origins_hold_for_everything_that_is_fetched() {
    let wasm = fs::read(HELLO_P2).unwrap();
    let body = wasm.clone();
    let files = Server::start(move |_| Answer::content("application/wasm", body.clone()));
    let registry = Registry::start();
    let server = registry.address();
    let env = environment();
    let folder = env.work().join("app");
    fs::create_dir(&folder).unwrap();
    let manifest = format!(
        "spin_manifest_version = 2\n[application]\nname = \"app\"\n[[trigger.http]]\n\
         route = \"/...\"\ncomponent = \"hello\"\n[component.hello]\n\
         source = {{ url = \"{}/hello.wasm\", digest = \"{}\" }}\n",
        files.url(),
        digest(&wasm)
    );
    fs::write(folder.join("spin.toml"), manifest).unwrap();
    policy(&env, "p.toml", &format!("origins = [\"http://{server}\"]"));
    let line = format!("registry push {server}/app:1 -f app --policy p.toml");
    let _ = env
        .run(&line)
        .code(7)
        .says(&["`origins` in `p.toml`", &files.url()]);
    assert!(files.requests().is_empty());
    let both = format!("origins = [\"http://{server}\", \"{}\"]", files.url());
    policy(&env, "p.toml", &both);
    let _ = env.run(&line).success();
}

#[test]
fn a_redirect_goes_where_a_policy_lets_it() {
    let app = ShelvedApp::new();
    let shelf = app.shelf.clone();
    let blobs = Server::start(move |request| shelf.answer(request));
    let (shelf, to) = (app.shelf.clone(), blobs.url());
    let server = Server::start(move |request| {
        if request.path().contains("/blobs/") {
            return Answer::status(307).header("Location", &format!("{to}{}", request.path()));
        }
        shelf.answer(request)
    });
    let env = environment();
    policy(&env, "p.toml", &format!("origins = [\"{}\"]", server.url()));
    let line = format!("registry pull {}/app:1 --policy p.toml", server.address());
    let _ = env.run(&line).code(7).says(&["`origins`", &blobs.url()]);
    assert!(blobs.requests().is_empty());
}

#[test]
fn a_mirror_that_may_not_be_asked_is_left_out() {
    let (mirror, _) = shelf();
    let (server, app) = shelf();
    let env = environment();
    policy(&env, "p.toml", &format!("origins = [\"{}\"]", server.url()));
    let line = format!(
        "registry pull {}/app:1 --mirror {} --policy p.toml",
        server.address(),
        mirror.address()
    );
    assert_eq!(env.run(&line).success().digest(), app.digest);
    assert!(mirror.requests().is_empty());
}

#[test]
fn credentials_that_may_not_be_used_are_not_looked_at() {
    let registry = Registry::settings().user("ann", "secret").start();
    let server = registry.address();
    let env = environment();
    greeting("app").write(&env.work());
    let login = format!("registry login {server} -u ann --password-stdin");
    let _ = env
        .command(login.split(' '))
        .input("secret")
        .run()
        .success();
    policy(&env, "p.toml", "credentials = [\"given\"]");
    let line = format!("registry push {server}/app:1 -f app --policy p.toml");
    let refused = env.run(&line).code(7);
    let _ = refused.says(&["401", "`credentials` in `p.toml`", "it allows `given`"]);
    let given = format!("{line} -u ann --password-stdin");
    let _ = env
        .command(given.split(' '))
        .input("secret")
        .run()
        .success();
    // One that the registry does not take is no matter of the policy.
    let wrong = env.command(given.split(' ')).input("wrong").run().code(3);
    assert!(!wrong.stderr.contains("p.toml"), "{wrong:?}");
    // And the other way round.
    policy(&env, "p.toml", "credentials = [\"wharf\"]");
    let refused = env.command(given.split(' ')).input("secret").run().code(7);
    let _ = refused.says(&["given for this run", "add \"given\""]);
    let _ = env.run(&line).success();
    // A helper is a program: it is not even started.
    let _ = env.run(&format!("registry logout {server}")).success();
    let docker = env.home().join(".docker");
    fs::create_dir(&docker).unwrap();
    let config = r#"{"credsStore": "is-not-there"}"#;
    fs::write(docker.join("config.json"), config).unwrap();
    let _ = env.run(&line).code(7).says(&["401", "`credentials`"]);
}

#[test]
fn a_store_that_is_only_read_takes_nothing() {
    let registry = Registry::start();
    let server = registry.address();
    let env = environment();
    let app = greeting("app").write(&env.work());
    let pushed = push(&env, &app, &format!("{server}/app:1")).digest();
    let _ = env
        .run(&format!("registry save {server}/app:1 -o app.tar"))
        .success();
    policy(&env, "p.toml", "read-only-store = true");
    let before = env.blobs();
    // What is there can be used.
    for line in [
        format!("registry pull {server}/app:1"),
        format!("registry push {server}/other:1 -f {pushed}"),
    ] {
        let line = format!("{line} --policy p.toml --audit a.jsonl");
        let _ = env.run(&line).success();
    }
    assert_eq!(env.blobs(), before);
    // Names and notes are not taken either, and nothing of the store is told to be changed.
    let audit = checked(&env, "a.jsonl");
    let stored = audit.iter().filter(|line| line["event"] == "store");
    let stored: Vec<_> = stored.collect();
    assert!(!stored.is_empty());
    for line in stored {
        assert_eq!(line["decision"], "refused", "{line}");
        assert_eq!(line["rule"], "read-only-store", "{line}");
    }
    // What is not there does not come.
    env.empty_store();
    let pull = format!("registry pull {server}/app:1 --policy p.toml");
    let _ = env
        .run(&pull)
        .code(7)
        .says(&["`read-only-store` in `p.toml`"]);
    let pack = format!("registry push {server}/app:2 -f app --policy p.toml");
    let _ = env.run(&pack).code(7).says(&["`read-only-store`"]);
    let env = env.variable("WHARF_POLICY", "p.toml");
    let _ = env
        .run("registry load app.tar")
        .code(7)
        .says(&["`read-only-store`"]);
    let _ = env.run("cache prune").code(7).says(&["`read-only-store`"]);
    assert!(env.blobs().is_empty());
}

#[test]
fn digests_only_means_no_tag_in_either_direction() {
    let registry = Registry::start();
    let proxy = Proxy::start(registry.address());
    let server = proxy.address();
    let env = environment();
    let app = greeting("app").write(&env.work());
    let pushed = push(&env, &app, &format!("{server}/app:1")).digest();
    // So large that it would be sent while the rest is packed.
    let large = app.join("assets/hello/asset.txt");
    fs::write(large, "large".repeat(1 << 20)).unwrap();
    let _ = proxy.take();
    policy(&env, "p.toml", "digests-only = true");
    for line in [
        format!("registry pull {server}/app:1"),
        format!("registry resolve {server}/app:1"),
        format!("registry push {server}/app:2 -f app"),
        format!("registry tag {server}/app@{pushed} 2"),
        format!("registry push {server}/app@{pushed} -f {pushed} --tag 2"),
        format!("registry copy {server}/app@{pushed} {server}/other:1"),
    ] {
        let refused = env.run(&format!("{line} --policy p.toml")).code(7);
        let _ = refused.says(&["`digests-only` in `p.toml`", "@sha256:"]);
    }
    let wrote = |method: &str| method == "PUT" || method == "POST";
    assert!(!proxy.take().iter().any(|one| wrote(&one.method)));
    env.empty_store();
    for line in [
        format!("registry pull {server}/app@{pushed}"),
        format!("registry push {server}/other@{pushed} -f {pushed}"),
    ] {
        let _ = env.run(&format!("{line} --policy p.toml")).success();
    }
    assert_eq!(registry.tags("app"), ["1"]);
}

#[test]
fn budgets_are_of_the_whole_command() {
    let registry = Registry::start();
    let proxy = Proxy::start(registry.address());
    let server = proxy.address();
    let env = environment();
    greeting("app").write(&env.work());
    let line = format!("registry push {server}/app:1 -f app --policy p.toml");
    for (rule, part) in [
        ("max-requests = 2", "2 requests"),
        ("max-bytes-out = \"10kB\"", "10000 bytes"),
        ("max-time = \"1ms\"", "1ms"),
    ] {
        policy(&env, "p.toml", rule);
        let (key, _) = rule.split_once(' ').unwrap();
        let refused = env.run(&line).code(7);
        let refused = refused.says(&[&format!("`{key}` in `p.toml`"), part, "used up"]);
        // However many requests were under way.
        let notes = refused.stderr.matches("Note: refused").count();
        assert!(notes <= 1, "{refused:?}");
        let seen = proxy.take();
        let sent: u64 = seen.iter().map(|one| one.sent).sum();
        match key {
            "max-requests" => assert!(seen.len() <= 2, "{seen:#?}"),
            "max-bytes-out" => assert!(sent <= 10_000, "{sent}"),
            _ => {}
        }
        assert!(registry.tags("app").is_empty());
    }
    policy(
        &env,
        "p.toml",
        "max-requests = 100\nmax-bytes-out = \"10MB\"\nmax-time = \"1m\"",
    );
    let _ = env.run(&line).success();
    env.empty_store();
    policy(&env, "p.toml", "max-bytes-in = \"10kB\"");
    let pull = format!("registry pull {server}/app:1 --policy p.toml");
    let _ = env
        .run(&pull)
        .code(7)
        .says(&["`max-bytes-in`", "10000 bytes"]);
}

#[test]
fn a_check_says_what_would_be_refused_and_does_nothing() {
    let registry = Registry::start();
    let proxy = Proxy::start(registry.address());
    let server = proxy.address();
    let env = environment();
    greeting("app").write(&env.work());
    let rules =
        format!("origins = [\"http://{server}\"]\npush = [\"{server}/team/*\"]\ncredentials = []");
    policy(&env, "p.toml", &rules);
    let check = "policy check --policy p.toml";
    let plain = env.run(check).success().stdout;
    for part in ["Policy p.toml", "push: ", "team/*", "credentials: none"] {
        assert!(plain.contains(part), "{part}: {plain}");
    }
    let good = format!("{check} registry push {server}/team/app:1 -f app");
    assert!(
        env.run(&good)
            .success()
            .stdout
            .contains("allowed: write to")
    );
    let bad = format!("{check} --format json wharf registry push {server}/app:1 -f app -u a");
    let told = json(&env.run(&bad).code(7).stdout);
    assert_eq!(told["allowed"], false);
    let checks = told["checks"].as_array().unwrap();
    let refused = |rule: &str| {
        let found = checks.iter().find(|check| check["rule"] == rule);
        found.is_some_and(|check| check["allowed"] == false)
    };
    assert!(refused("push") && refused("credentials"), "{told:#}");
    assert!(!refused("origins"), "{told:#}");
    // What the command itself names holds too.
    policy(&env, "q.toml", "pull = []");
    let inner = format!("{check} up -f {server}/team/app:1 --policy q.toml");
    assert!(
        env.run(&inner)
            .code(7)
            .stdout
            .contains("by `pull` in `q.toml`")
    );
    let _ = env
        .run(&format!("{check} registry pul x"))
        .code(2)
        .says(&["pul"]);
    assert!(proxy.take().is_empty());
    assert!(env.blobs().is_empty());
    assert!(
        environment()
            .run("policy check")
            .success()
            .stdout
            .contains("No policy")
    );
}

#[test]
fn what_a_check_says_of_signing_is_so() {
    let registry = Registry::start();
    let server = registry.address();
    let env = environment().variable("COSIGN_PASSWORD", "");
    greeting("app").write(&env.work());
    let _ = env.run("trust generate-key-pair").success();
    let _ = env
        .run(&format!("registry push {server}/team/app:1 -f app"))
        .success();
    let bill = r#"{"bomFormat":"CycloneDX","specVersion":"1.6","components":[]}"#;
    fs::write(env.work().join("sbom.json"), bill).unwrap();
    let write = format!("origins = [\"http://{server}\"]\npush = [\"{server}/team/*\"]\n");
    policy(&env, "write.toml", &format!("{write}pull = []"));
    policy(
        &env,
        "both.toml",
        &format!("{write}pull = [\"{server}/team/*\"]"),
    );
    for line in [
        format!("registry sign {server}/team/app:1 --key cosign.key"),
        format!("registry attach {server}/team/app:1 --sbom sbom.json"),
        format!("registry push {server}/team/app:2 -f app --sign --key cosign.key"),
    ] {
        for (rules, code) in [("write.toml", 7), ("both.toml", 0)] {
            let check = format!("policy check --policy {rules} {line}");
            let _ = env.run(&check).code(code);
            let _ = env.run(&format!("{line} --policy {rules}")).code(code);
        }
    }
    // Without a key, others have a part in it.
    let check = "policy check --policy both.toml";
    for (line, origin) in [
        (
            format!("registry sign {server}/team/app:1 --identity-token token"),
            "https://fulcio",
        ),
        (
            "trust update --mirror https://tuf.example".to_owned(),
            "https://tuf.example",
        ),
    ] {
        let told = env.run(&format!("{check} {line}")).code(7).stdout;
        let refused = format!("refused: send requests to {origin}");
        assert!(told.contains(&refused), "{told}");
    }
}

#[test]
fn a_policy_that_can_not_be_understood_is_no_policy() {
    let env = environment();
    for (rules, parts) in [
        ("pul = []", ["line 2", "did you mean `pull`"]),
        (
            "require-signature = true",
            ["line 2", "`require-signature` has to be a table"],
        ),
        ("push = \"x\"", ["line 2", "list"]),
    ] {
        policy(&env, "p.toml", rules);
        let line = "registry pull 127.0.0.1:1/app:1 --policy p.toml";
        let _ = env.run(line).code(2).says(&parts);
    }
    let line = "registry pull 127.0.0.1:1/app:1 --policy gone.toml";
    let _ = env
        .run(line)
        .code(2)
        .says(&["cannot read the policy `gone.toml`"]);
    fs::write(env.work().join("p.toml"), "[registry.\"*\"]\nretries = 1").unwrap();
    let line = "registry pull 127.0.0.1:1/app:1 --policy p.toml";
    let _ = env.run(line).code(2).says(&["not known in a policy"]);
}
