//! A registry whose tokens come from a token server.

use wharf_tests::{Authority, Proxy, Registry, TokenServer};

use crate::{environment, greeting, push, text, up};

#[test]
fn everything_works_with_a_token_server_under_tls() {
    let authority = Authority::new();
    let tokens = TokenServer::settings(&authority)
        .user("ann", "secret")
        .tls()
        .start();
    let registry = Registry::settings().tls(&authority).tokens(&tokens).start();
    let server = registry.address();
    let env = environment().variable("SSL_CERT_FILE", authority.file());
    let app = greeting("app").write(&env.work());

    let login = ["registry", "login", server, "-u", "ann", "--password-stdin"];
    let _ = env.command(login).input("wrong").run().code(3);
    let _ = env.command(login).input("secret\n").run().success();
    let pushed = push(&env, &app, &format!("{server}/some/app:1")).digest();
    env.empty_store();
    let pulled = env.run(&format!("registry pull {server}/some/app:1"));
    assert_eq!(pulled.success().digest(), pushed);
    env.verify_store();
    env.empty_store();
    let (running, url) = up(&env, &format!("-f {server}/some/app:1"));
    assert!(text(&format!("{url}/?env=GREETING")).contains("hello there"));
    running.interrupt();
    let _ = running.finish().success();
    let _ = env.run(&format!("registry logout {server}")).success();
    let _ = env
        .run(&format!("registry pull {server}/some/app:1"))
        .code(3);
}

#[test]
fn a_command_asks_for_a_token_once() {
    let authority = Authority::new();
    let tokens = TokenServer::settings(&authority)
        .user("ann", "secret")
        .start();
    let registry = Registry::settings().tokens(&tokens).start();
    let proxy = Proxy::start(registry.address());
    let env = environment();
    let app = greeting("app").write(&env.work());
    let login = format!("registry login {} -u ann --password-stdin", proxy.address());
    let _ = env
        .command(login.split(' '))
        .input("secret")
        .run()
        .success();
    let before = tokens.requests().len();
    let _ = proxy.take();
    let _ = push(&env, &app, &format!("{}/app:1", proxy.address()));
    let requests = tokens.requests();
    assert_eq!(requests.len() - before, 1, "{requests:#?}");
    let scopes = requests[before].query("scope");
    assert!(
        scopes.contains(&"repository:app:pull,push".to_owned()),
        "{scopes:?}"
    );
    // The password went to the token server, and only there.
    let exchanges = proxy.take();
    assert_eq!(
        exchanges
            .iter()
            .filter(|one| one.status == Some(401))
            .count(),
        1
    );
}

#[test]
fn what_anybody_may_pull_needs_no_login() {
    let authority = Authority::new();
    let tokens = TokenServer::settings(&authority)
        .user("ann", "secret")
        .anonymous_pull()
        .start();
    let registry = Registry::settings().tokens(&tokens).start();
    let server = registry.address();
    let author = environment();
    let app = greeting("app").write(&author.work());
    let login = format!("registry login {server} -u ann --password-stdin");
    let _ = author
        .command(login.split(' '))
        .input("secret")
        .run()
        .success();
    let pushed = push(&author, &app, &format!("{server}/app:1")).digest();

    let env = environment();
    let pulled = env.run(&format!("registry pull {server}/app:1"));
    assert_eq!(pulled.success().digest(), pushed);
    greeting("other").write(&env.work());
    let _ = env
        .run(&format!("registry push {server}/other:1 -f other"))
        .code(3);
    assert!(registry.tags("other").is_empty());
}

#[test]
fn who_may_only_read_can_not_push() {
    let authority = Authority::new();
    let tokens = TokenServer::settings(&authority)
        .reader("bob", "secret")
        .start();
    let registry = Registry::settings().tokens(&tokens).start();
    let server = registry.address();
    let env = environment();
    greeting("app").write(&env.work());
    let login = format!("registry login {server} -u bob --password-stdin");
    let _ = env
        .command(login.split(' '))
        .input("secret")
        .run()
        .success();
    let _ = env
        .run(&format!("registry push {server}/app:1 -f app"))
        .code(3);
    assert!(registry.tags("app").is_empty());
}
