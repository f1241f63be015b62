//! A registry under TLS from a private authority, with passwords.

use wharf_tests::{Authority, Registry};

use crate::{environment, greeting, text, up};

#[test]
fn everything_works_with_a_private_authority_and_passwords() {
    let authority = Authority::new();
    let registry = Registry::settings()
        .tls(&authority)
        .user("ann", "secret")
        .start();
    let server = registry.address();
    let ca = format!("--ca-file {}", authority.file().display());
    let env = environment();
    greeting("app").write(&env.work());

    let login = format!("registry login {server} -u ann --password-stdin {ca}");
    let login = env.command(login.split(' ')).input("secret\n");
    let _ = login.run().success();
    let pushed = env.run(&format!("registry push {server}/app:1 -f app {ca}"));
    let pushed = pushed.success().digest();
    env.empty_store();
    let pulled = env.run(&format!("registry pull {server}/app:1 {ca}"));
    assert_eq!(pulled.success().digest(), pushed);
    env.verify_store();
    env.empty_store();
    let (running, url) = up(&env, &format!("-f {server}/app:1 {ca}"));
    assert!(text(&format!("{url}/?env=GREETING")).contains("hello there"));
    running.interrupt();
    let _ = running.finish().success();
    let _ = env.run(&format!("registry logout {server}")).success();
    let _ = env
        .run(&format!("registry pull {server}/app:1 {ca}"))
        .code(3);
}

#[test]
fn a_certificate_of_an_unknown_authority_is_refused() {
    let authority = Authority::new();
    let registry = Registry::settings().tls(&authority).start();
    let server = registry.address();
    let env = environment();
    greeting("app").write(&env.work());
    let push = format!("registry push {server}/app:1 -f app");
    let _ = env.run(&push).code(5).says(&["certificate", "--ca-file"]);
    assert!(registry.blobs().is_empty());

    // Another authority helps as little.
    let other = Authority::new();
    let _ = env
        .run(&format!("{push} --ca-file {}", other.file().display()))
        .code(5);
    assert!(registry.blobs().is_empty());
}

#[test]
fn ssl_cert_file_is_honoured() {
    let authority = Authority::new();
    let registry = Registry::settings().tls(&authority).start();
    let env = environment().variable("SSL_CERT_FILE", authority.file());
    greeting("app").write(&env.work());
    let _ = env
        .run(&format!(
            "registry push {}/app:1 -f app",
            registry.address()
        ))
        .success();
}

#[test]
fn skipping_verification_works_and_is_loud() {
    let authority = Authority::new();
    let registry = Registry::settings().tls(&authority).start();
    let env = environment();
    greeting("app").write(&env.work());
    let push = format!(
        "registry push {}/app:1 -f app --tls-skip-verify --quiet",
        registry.address()
    );
    let _ = env.run(&push).success().says(&["warning"]);
}

#[test]
fn a_certificate_file_that_is_none_is_a_mistake_of_the_user() {
    let env = environment();
    std::fs::write(env.work().join("ca.pem"), "no certificate").unwrap();
    let output = env
        .run("registry pull 127.0.0.1:1/app:1 --ca-file ca.pem")
        .code(2);
    let _ = output.says(&["ca.pem"]);
    let output = env
        .run("registry pull 127.0.0.1:1/app:1 --ca-file missing.pem")
        .code(2);
    let _ = output.says(&["missing.pem"]);
}
