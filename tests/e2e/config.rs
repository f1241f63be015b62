//! `wharf.toml`, the user's and the project's, and what covers it.

use std::fs;

use wharf_tests::{Answer, Authority, Registry, Server, TestEnv};

use crate::{environment, greeting, json};

/// Writes the user's file.
fn configure(env: &TestEnv, text: &str) {
    let directory = env.root().join("config/wharf");
    fs::create_dir_all(&directory).expect("it can be made");
    fs::write(directory.join("wharf.toml"), text).expect("it can be written");
}

/// A registry that is always busy, and how often a pull with more arguments asks it,
/// which has to end with this exit code.
fn attempts(env: &TestEnv, server: &Server, arguments: &str, code: i32) -> usize {
    let before = server.requests().len();
    let pull = format!("registry pull {}/app:1 {arguments}", server.address());
    let _ = env.run(&pull).code(code);
    server.requests().len() - before
}

#[test]
fn a_registry_is_reached_as_the_users_file_says() {
    let authority = Authority::new();
    let registry = Registry::settings().tls(&authority).start();
    let server = registry.address();
    let env = environment();
    greeting("app").write(&env.work());
    let push = format!("registry push {server}/app:1 -f app");
    let _ = env.run(&push).code(5);
    // Relative to the file, and for this registry alone.
    configure(
        &env,
        &format!("[registry.\"{server}\"]\nca-file = \"ca.pem\""),
    );
    let beside = env.root().join("config/wharf/ca.pem");
    fs::copy(authority.file(), beside).unwrap();
    let _ = env.run(&push).success();
    let login = format!("registry login {server} -u ann -p secret");
    let _ = env.run(&login).success();

    let named = env.root().join("named.toml");
    fs::write(&named, "").unwrap();
    let _ = env
        .run(&format!("{push} --config {}", named.display()))
        .code(5);
    fs::write(&named, "[registry.\"*\"]\ntls-skip-verify = true").unwrap();
    let run = env
        .command(push.split(' '))
        .variable("WHARF_CONFIG", &named);
    let output = run.run().success();
    let _ = output.says(&["tls-skip-verify", "named.toml", "NOT checked"]);
    let _ = env
        .run(&format!(
            "{push} --config {}",
            env.root().join("gone.toml").display()
        ))
        .code(2)
        .says(&["gone.toml"]);
}

#[test]
fn a_mistake_in_a_file_is_told_with_its_place_and_nothing_is_sent() {
    let server = Server::start(|_| Answer::status(404));
    let env = environment();
    configure(&env, "[registry.\"*\"]\n\nconcurency = 3");
    let pull = format!("registry pull {}/app:1 --format json", server.address());
    let output = env.run(&pull).code(2);
    let error = &json(&output.stderr)["error"];
    let message = error["message"].as_str().unwrap();
    for part in [
        "wharf.toml",
        "line 3, column 1",
        "`concurency`",
        "`concurrency`",
    ] {
        assert!(message.contains(part), "{message}");
    }
    assert!(server.requests().is_empty());
}

#[test]
fn the_command_line_covers_the_environment_which_covers_the_files() {
    let server = Server::start(|_| Answer::status(503));
    let env = environment();
    configure(
        &env,
        "[registry.\"*\"]\nretries = 4\nfirst-wait = \"1ms\"\nlongest-wait = \"1ms\"",
    );
    let once = attempts(&env, &server, "--retries 0", 5);
    assert_eq!(attempts(&env, &server, "", 5), 5 * once);
    fs::write(
        env.work().join("wharf.toml"),
        "[registry.\"*\"]\nretries = 3",
    )
    .unwrap();
    assert_eq!(attempts(&env, &server, "", 5), 4 * once);
    let env = env.variable("WHARF_RETRIES", "2");
    assert_eq!(attempts(&env, &server, "", 5), 3 * once);
    assert_eq!(attempts(&env, &server, "--retries 1", 5), 2 * once);
    let env = env.variable("WHARF_RETRIES", "many");
    assert_eq!(attempts(&env, &server, "", 2), 0);
}

#[test]
fn a_projects_file_can_only_narrow() {
    let server = Server::start(|_| Answer::status(503));
    let env = environment();
    let project = env.work().join("wharf.toml");
    for (setting, name) in [
        ("plain-http = true", "plain-http"),
        ("ca-file = \"ca.pem\"", "ca-file"),
        ("tls-skip-verify = true", "tls-skip-verify"),
        ("retries = 6", "retries"),
        ("stall-timeout = \"31s\"", "stall-timeout"),
    ] {
        fs::write(&project, format!("[registry.\"*\"]\n{setting}")).unwrap();
        let pull = format!("registry pull {}/app:1", server.address());
        let output = env.run(&pull).code(7);
        let _ = output.says(&[name, "wharf.toml", "line 2", "--config"]);
    }
    assert!(server.requests().is_empty());

    // In a folder below the project too, up to the root of its repository.
    let inside = env.work().join("a/b");
    fs::create_dir_all(&inside).unwrap();
    fs::create_dir(env.work().join(".git")).unwrap();
    let pull = format!("registry pull {}/app:1", server.address());
    let _ = env
        .command(pull.split(' '))
        .directory(&inside)
        .run()
        .code(7);
}
