//! Where credentials come from, in which order, and for which repositories.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use wharf_tests::environment::files_below;
use wharf_tests::{Answer, Registry, Server, TestEnv};

use crate::{environment, greeting, json};

/// `ann:secret` and `ann:wrong`, as `auth` has them.
const RIGHT: &str = "YW5uOnNlY3JldA==";
const WRONG: &str = "YW5uOndyb25n";

fn registry() -> Registry {
    Registry::settings().user("ann", "secret").start()
}

fn write(file: &Path, text: &str) {
    let parent = file.parent().expect("it is in a directory");
    fs::create_dir_all(parent).expect("it can be made");
    fs::write(file, text).expect("it can be written");
}

/// A file in Docker's format with one entry.
fn docker_format(key: &str, auth: &str) -> String {
    format!(r#"{{"auths": {{"{key}": {{"auth": "{auth}"}}}}}}"#)
}

/// An environment whose `$XDG_RUNTIME_DIR` is its directory `run`.
fn with_runtime() -> TestEnv {
    let env = environment();
    let runtime = env.root().join("run");
    env.variable("XDG_RUNTIME_DIR", runtime)
}

/// The files of the sources, in their order, with a word of their names.
fn sources(env: &TestEnv) -> [(PathBuf, &'static str); 5] {
    let config = env.root().join("config");
    [
        (config.join("wharf/auth.json"), "login file"),
        (config.join("fermyon/registry-auth.json"), "Spin"),
        (env.root().join("run/containers/auth.json"), "Podman"),
        (config.join("containers/auth.json"), "Podman"),
        (env.home().join(".docker/config.json"), "Docker"),
    ]
}

fn write_source(file: &Path, key: &str, auth: &str) {
    if file.ends_with("registry-auth.json") {
        write(file, &format!(r#"{{"auths": {{"{key}": "{auth}"}}}}"#));
    } else {
        write(file, &docker_format(key, auth));
    }
}

/// A helper, and the variable that has it found.
fn helper(env: &TestEnv, name: &str, script: &str) -> String {
    let directory = env.root().join("bin");
    let file = directory.join(format!("docker-credential-{name}"));
    write(&file, &format!("#!/bin/sh\n{script}\n"));
    fs::set_permissions(&file, fs::Permissions::from_mode(0o755)).expect("it is ours");
    format!("{}:/usr/bin:/bin", directory.display())
}

#[test]
fn each_source_is_used_and_the_first_that_has_one_wins() {
    let registry = registry();
    let server = registry.address();
    let env = with_runtime();
    greeting("app").write(&env.work());
    let push = format!("registry push {server}/app:1 -f app");
    let sources = sources(&env);
    for (file, _) in &sources {
        write_source(file, &format!("http://{server}/"), WRONG);
    }
    for (file, name) in &sources {
        let _ = env.run(&push).code(3);
        write_source(file, server, RIGHT);
        let _ = env.run(&push).success();
        let whoami = env.run(&format!("registry whoami {server}")).success();
        assert!(whoami.stdout.starts_with("ann, from "), "{whoami:?}");
        assert!(whoami.stdout.contains(name), "{whoami:?}");
        assert!(whoami.stdout.contains(&file.display().to_string()));
        fs::remove_file(file).unwrap();
    }
    let _ = env.run(&push).code(3);
}

#[test]
fn a_named_file_stands_alone_and_takes_logins() {
    let registry = registry();
    let server = registry.address();
    let env = with_runtime();
    greeting("app").write(&env.work());
    for (file, _) in sources(&env) {
        write_source(&file, server, RIGHT);
    }
    let named = env.root().join("named.json");
    let run = |arguments: &str, input: &str| {
        let command = env.command(arguments.split(' ')).input(input);
        command.variable("REGISTRY_AUTH_FILE", &named).run()
    };
    let push = format!("registry push {server}/app:1 -f app");
    // It was named, so it must be there.
    let _ = run(&push, "").code(1).says(&["REGISTRY_AUTH_FILE"]);
    write(&named, &docker_format("other.example", RIGHT));
    let _ = run(&push, "").code(3);
    let login = format!("registry login {server} -u ann --password-stdin");
    let _ = run(&login, "secret").success();
    let _ = run(&push, "").success();
    let whoami = run(&format!("registry whoami {server}"), "").success();
    assert!(whoami.stdout.contains("REGISTRY_AUTH_FILE"), "{whoami:?}");
    assert!(
        fs::read_to_string(&named)
            .unwrap()
            .contains("other.example")
    );
}

#[test]
fn the_key_that_is_closest_to_the_repository_counts() {
    let registry = registry();
    let server = registry.address();
    let env = environment();
    greeting("app").write(&env.work());
    let keys = [
        (server.to_owned(), WRONG),
        (format!("{server}/org"), RIGHT),
        (format!("{server}/org/bad"), WRONG),
    ];
    let entries: Vec<_> = keys
        .iter()
        .map(|(key, auth)| format!(r#""{key}": {{"auth": "{auth}"}}"#))
        .collect();
    let text = format!(r#"{{"auths": {{{}}}}}"#, entries.join(", "));
    write(&env.root().join("config/containers/auth.json"), &text);
    for (repository, code) in [
        ("org/app", 0),
        ("org/deep/app", 0),
        ("org/bad", 3),
        ("organisation/app", 3),
        ("app", 3),
    ] {
        let push = format!("registry push {server}/{repository}:1 -f app");
        let _ = env.run(&push).code(code);
    }
    let pull = format!("registry pull {server}/org/app:1");
    env.empty_store();
    let _ = env.run(&pull).success();
}

#[test]
fn what_is_given_comes_first_and_nothing_of_it_stays() {
    let registry = registry();
    let server = registry.address();
    let env = with_runtime();
    greeting("app").write(&env.work());
    for (file, _) in sources(&env) {
        write_source(&file, server, WRONG);
    }
    for (command, input) in [
        (
            format!("registry push {server}/app:1 -f app -u ann --password-stdin"),
            "secret\n",
        ),
        (format!("registry pull {server}/app:1 -u ann -p secret"), ""),
    ] {
        let output = env.command(command.split(' ')).input(input).run();
        let output = output.success();
        assert!(!output.stdout.contains("secret"), "{output:?}");
        assert!(!output.stderr.contains("secret"), "{output:?}");
    }
    for file in files_below(env.root()) {
        let content = fs::read(&file).unwrap();
        for secret in ["secret", RIGHT] {
            let found = content
                .windows(secret.len())
                .any(|part| part == secret.as_bytes());
            assert!(!found, "{}", file.display());
        }
    }
    let missing = env.run(&format!("registry pull {server}/app:1 -u ann"));
    let _ = missing.code(2).says(&["--password-stdin"]);
}

#[test]
fn a_helper_is_asked_and_its_failure_is_told_without_its_words() {
    let registry = registry();
    let server = registry.address();
    let env = environment();
    greeting("app").write(&env.work());
    let config = format!(
        r#"{{"credHelpers": {{"{server}": "good", "{server}/bad": "bad", "{server}/none": "none"}}}}"#
    );
    write(&env.home().join(".docker/config.json"), &config);
    let good =
        format!(r#"[ "$(cat)" = "{server}" ] && echo '{{"Username": "ann", "Secret": "secret"}}'"#);
    let _ = helper(&env, "good", &good);
    let _ = helper(
        &env,
        "none",
        "cat >/dev/null; echo credentials not found in native keychain; exit 1",
    );
    let path = helper(
        &env,
        "bad",
        "cat >/dev/null; echo the keychain says hunter2; echo hunter2 >&2; exit 3",
    );
    let run = |arguments: String| {
        let command = env.command(arguments.split(' '));
        command.variable("PATH", &path).run()
    };
    let push = |repository: &str| run(format!("registry push {server}/{repository}:1 -f app"));
    let _ = push("app").success();
    // A helper that has nothing is no match: the next key counts.
    let _ = push("none").success();
    let output = push("bad").code(1).says(&["docker-credential-bad"]);
    assert!(!output.stderr.contains("hunter2"), "{output:?}");
    let output = run(format!("registry whoami {server}/bad"));
    let output = output.code(1).says(&["docker-credential-bad"]);
    assert!(!output.stderr.contains("hunter2"), "{output:?}");
    assert!(registry.tags("bad").is_empty());
}

/// What is sent as `Authorization` and as body to a registry whose token server is
/// `POST /token`, with this entry in Docker's config.
fn sent_with(entry: &str) -> Vec<(Option<String>, String)> {
    let server = Server::start(|request| {
        let host = request.header("host").unwrap_or_default();
        match (request.method.as_str(), request.path()) {
            ("POST", "/token") => Answer::content("application/json", r#"{"token": "short"}"#),
            _ if request.header("authorization").is_some() => Answer::status(404),
            _ => Answer::status(401).header(
                "WWW-Authenticate",
                &format!(r#"Bearer realm="http://{host}/token",service="s""#),
            ),
        }
    });
    let env = environment();
    let config = format!(r#"{{"auths": {{"{}": {entry}}}}}"#, server.address());
    write(&env.home().join(".docker/config.json"), &config);
    let pull = format!("registry pull {}/app:1", server.address());
    let output = env.run(&pull).code(4);
    assert!(!output.stderr.contains("hunter2"), "{output:?}");
    let requests = server.requests();
    requests
        .iter()
        .map(|request| {
            let authorization = request.header("authorization").map(str::to_owned);
            let body = String::from_utf8_lossy(&request.body).into_owned();
            (authorization, body)
        })
        .collect()
}

#[test]
fn tokens_go_where_they_belong() {
    let sent = sent_with(r#"{"identitytoken": "hunter2"}"#);
    let forms: Vec<_> = sent
        .iter()
        .filter(|(_, body)| body.contains("refresh_token=hunter2"))
        .collect();
    assert_eq!(forms.len(), 1, "{sent:?}");
    let bearer = Some("Bearer short".to_owned());
    assert!(sent.iter().any(|(sent, _)| *sent == bearer), "{sent:?}");

    let sent = sent_with(r#"{"registrytoken": "hunter2"}"#);
    let bearer = Some("Bearer hunter2".to_owned());
    assert!(sent.iter().any(|(sent, _)| *sent == bearer), "{sent:?}");
    assert!(sent.iter().all(|(_, body)| body.is_empty()), "{sent:?}");
}

#[test]
fn whoami_tells_the_source_and_no_secret() {
    let env = environment();
    let nobody = env.run("registry whoami r.example").code(3);
    let _ = nobody.says(&["no credential for r.example", "registry login"]);
    write(
        &env.root().join("config/containers/auth.json"),
        r#"{"auths": {"https://r.example/": {"auth": "YW5uOmh1bnRlcjI="},
                      "r.example/org": {"identitytoken": "hunter2"}}}"#,
    );
    let output = env.run("registry whoami r.example --format json").success();
    let identity = json(&output.stdout);
    assert_eq!(identity["username"], "ann");
    assert_eq!(identity["kind"], "password");
    let source = identity["source"].as_str().unwrap();
    assert!(source.starts_with("Podman's auth file"), "{source}");
    assert!(!output.stdout.contains("hunter2"));
    let output = env
        .run("registry whoami https://r.example/org/app")
        .success();
    assert!(output.stdout.contains("identity token"), "{output:?}");
    let nobody = env.run("registry whoami --format json other.example");
    let nobody = nobody.code(3);
    assert_eq!(json(&nobody.stderr)["error"]["kind"], "authentication");
}

#[test]
fn logout_tells_that_another_source_still_applies() {
    let env = environment();
    let docker = env.home().join(".docker/config.json");
    let login = "registry login r.example -u ann --password-stdin --skip-check";
    let login = || env.command(login.split(' ')).input("secret").run();
    let _ = login().success();
    let output = env.run("registry logout r.example").success();
    assert_eq!(output.stdout, "Logged out of registry r.example\n");
    write(&docker, &docker_format("https://r.example", WRONG));
    let _ = login().success();
    let output = env.run("registry logout r.example").success();
    assert!(output.stdout.contains("still applies"), "{output:?}");
    assert!(output.stdout.contains("Docker's config"), "{output:?}");
    let output = env.run("registry logout r.example --format json").success();
    let answer = json(&output.stdout);
    assert_eq!(answer["removed"], false);
    assert_eq!(answer["remaining"]["username"], "ann");
    write(&docker, "not JSON");
    let output = env.run("registry logout r.example").success();
    let _ = output.says(&["warning", "Docker's config"]);
}
