//! `wharf registry login` and `logout`.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use wharf_tests::environment::files_below;
use wharf_tests::{Registry, TestEnv};

use crate::{environment, greeting, push};

fn kept(env: &TestEnv) -> String {
    files_below(&env.root().join("config"))
        .iter()
        .map(|file| fs::read_to_string(file).expect("it is text"))
        .collect()
}

#[test]
fn a_login_is_checked_and_kept_for_its_owner_alone_and_forgotten() {
    let registry = Registry::settings().user("ann", "secret").start();
    let env = environment();
    let server = registry.address();
    let app = greeting("app").write(&env.work());
    let reference = format!("{server}/app:1");

    let push_arguments = ["registry", "push", &reference, "-f", "app"];
    let refused = env.command(push_arguments).run().code(3);
    let _ = refused.says(&["registry login"]);

    let login = ["registry", "login", server, "-u", "ann", "--password-stdin"];
    // What `echo` adds is not part of the password.
    let _ = env.command(login).input("secret\n").run().success();
    let files = files_below(&env.root().join("config"));
    let holders: Vec<_> = files
        .iter()
        .filter(|file| fs::read_to_string(file).is_ok_and(|text| text.contains("auths")))
        .collect();
    assert_eq!(holders.len(), 1, "{files:?}");
    let mode = fs::metadata(holders[0]).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let _ = push(&env, &app, &reference);

    let _ = env.run(&format!("registry logout {server}")).success();
    assert!(!kept(&env).contains(server));
    let _ = env.command(push_arguments).run().code(3);
}

#[test]
fn a_wrong_password_is_refused_and_not_kept() {
    let registry = Registry::settings().user("ann", "secret").start();
    let env = environment();
    let login = ["registry", "login", registry.address(), "-u", "ann"];
    let login = login.into_iter().chain(["--password-stdin"]);
    let output = env.command(login).input("wrong").run().code(3);
    assert!(!output.stderr.contains("wrong"), "{output:?}");
    assert!(!kept(&env).contains(registry.address()));
}

#[test]
fn a_login_without_a_check_asks_nobody() {
    let env = environment();
    let login = "registry login 127.0.0.1:1 -u ann -p secret";
    let _ = env.run(login).code(5);
    assert!(kept(&env).is_empty());
    let _ = env.run(&format!("{login} --skip-check")).success();
    assert!(kept(&env).contains("127.0.0.1:1"));
}

#[test]
fn without_a_terminal_nothing_is_asked_and_the_error_names_the_flag() {
    let env = environment();
    let output = env.run("registry login 127.0.0.1:1 -u ann").code(2);
    let _ = output.says(&["--password-stdin"]);
}

#[test]
fn what_docker_login_kept_is_used_and_left_alone() {
    let registry = Registry::settings().user("ann", "secret").start();
    let env = environment();
    let docker = env.home().join(".docker/config.json");
    fs::create_dir(docker.parent().unwrap()).unwrap();
    let config = format!(
        r#"{{"auths": {{"{}": {{"auth": "YW5uOnNlY3JldA=="}}}}}}"#,
        registry.address()
    );
    fs::write(&docker, &config).unwrap();
    let app = greeting("app").write(&env.work());
    let _ = push(&env, &app, &format!("{}/app:1", registry.address()));
    assert_eq!(fs::read_to_string(&docker).unwrap(), config);
}
