//! Registries that are reached through a proxy.

use std::fs;

use wharf_tests::shelf::ShelvedApp;
use wharf_tests::{Answer, Authority, ForwardProxy, Output, Registry, Server, TestEnv};

use crate::{environment, greeting};

/// A name that nothing but a proxy knows (RFC 6761 §6.4).
const UNKNOWN: &str = "registry.invalid";

/// Pushes and pulls an application, which has to succeed.
fn push_and_pull(env: &TestEnv, server: &str, arguments: &str) {
    greeting("app").write(&env.work());
    let _ = env
        .run(&format!("registry push {server}/app:1 -f app {arguments}"))
        .success();
    env.empty_store();
    let _ = env
        .run(&format!("registry pull {server}/app:1 {arguments}"))
        .success();
    env.verify_store();
}

/// That no part of the output has this text.
fn assert_unsaid(output: &Output, secret: &str) {
    let text = format!("{}{}", output.stdout, output.stderr);
    assert!(!text.contains(secret), "{text}");
}

#[test]
fn with_tls_a_proxy_is_asked_for_connections_and_sees_nothing_else() {
    let authority = Authority::new();
    let registry = Registry::settings().tls(&authority).start();
    let server = registry.address();
    let proxy = ForwardProxy::start(server);
    let env = environment();
    let ca = format!("--ca-file {}", authority.file().display());
    push_and_pull(&env, server, &format!("{ca} --proxy {}", proxy.url()));
    let asked = proxy.asked();
    assert!(!asked.is_empty());
    for head in &asked {
        assert_eq!(head.start, format!("CONNECT {server} HTTP/1.1"));
        assert_eq!(head.header("host"), Some(server));
        assert_eq!(head.header("proxy-authorization"), None);
    }
}

#[test]
fn without_tls_a_proxy_is_asked_for_whole_addresses_and_gets_its_password() {
    let registry = Registry::start();
    let proxy = ForwardProxy::start(registry.address());
    let env = environment();
    let file = env.root().join("named.toml");
    let address = proxy.address();
    let text = format!(
        "[registry.\"{UNKNOWN}\"]\nplain-http = true\nproxy = \"http://ann:s%40cret@{address}\""
    );
    fs::write(&file, text).unwrap();
    push_and_pull(&env, UNKNOWN, &format!("--config {}", file.display()));
    for head in proxy.asked() {
        let start = format!("http://{UNKNOWN}/");
        assert!(head.word(1).starts_with(&start), "{}", head.start);
        let authorization = head.header("proxy-authorization");
        assert_eq!(authorization, Some("Basic YW5uOnNAY3JldA=="));
        assert_eq!(head.header("host"), Some(UNKNOWN));
    }
}

#[test]
fn the_proxies_of_the_environment_count_where_nothing_else_is_said() {
    let registry = Registry::start();
    let proxy = ForwardProxy::start(registry.address());
    let env = environment().variable("http_proxy", proxy.url());
    push_and_pull(&env, UNKNOWN, "--plain-http");
    let before = proxy.asked().len();
    assert!(before > 0);

    let pull = format!("registry pull {UNKNOWN}/app:1 --plain-http --retries 0");
    let _ = env.run(&format!("{pull} --proxy none")).code(5);
    let without = |name: &str, value: &str| {
        let run = env.command(pull.split(' ')).variable(name, value);
        let _ = run.run().code(5);
    };
    without("NO_PROXY", "other.example, invalid");
    without("WHARF_PROXY", "none");
    // Never for a registry on this machine.
    let _ = env
        .run(&format!("registry pull {}/app:1", registry.address()))
        .success();
    assert_eq!(proxy.asked().len(), before);

    let env = environment().variable("HTTPS_PROXY", "socks5://ann:secret@p.example");
    let output = env.run(&format!("registry pull {UNKNOWN}/app:1")).code(2);
    assert_unsaid(&output, "secret");
    let _ = output.says(&["$HTTPS_PROXY", "plain HTTP", "--proxy none"]);
}

#[test]
fn a_proxy_that_refuses_is_named_without_its_password() {
    let pull = |arguments: &str| {
        let env = environment();
        let output = env.run(&format!("registry pull 127.0.0.1:1/app:1 {arguments}"));
        assert_unsaid(&output, "secret");
        output
    };
    let proxy = ForwardProxy::refusing(407);
    let address = proxy.address();
    let url = format!("http://ann:secret@{address}");
    let tls = format!("--tls-skip-verify --proxy {url}");
    let _ = pull(&tls).code(5).says(&[&address, "407", "--proxy"]);
    let plain = format!("--plain-http --proxy {url}");
    let _ = pull(&plain).code(5).says(&[&address, "407", "--proxy"]);

    let proxy = ForwardProxy::refusing(502);
    let tls = format!("--tls-skip-verify --proxy {}", proxy.url());
    let output = pull(&tls).code(5);
    let _ = output.says(&[&proxy.address(), "127.0.0.1:1", "502", "--proxy"]);
    let plain = format!("--plain-http --retries 0 --proxy {}", proxy.url());
    let _ = pull(&plain).code(5).says(&["502"]);

    let gone = "--tls-skip-verify --proxy http://ann:secret@127.0.0.1:1";
    let output = pull(gone).code(5);
    let _ = output.says(&["http://127.0.0.1:1", "can't be reached"]);
    let output = pull("--proxy ftp://ann:secret@p.example").code(2);
    let _ = output.says(&["--proxy", "plain HTTP"]);
}

#[test]
fn addresses_that_may_not_be_reached_are_not_asked_of_a_proxy() {
    let proxy = ForwardProxy::refusing(500);
    let env = environment();
    for server in ["169.254.169.254", "[fd00:ec2::254]"] {
        for more in ["", "--plain-http"] {
            let pull = format!(
                "registry pull {server}/app:1 {more} --proxy {}",
                proxy.url()
            );
            let _ = env.run(&pull).code(7);
        }
    }
    assert!(proxy.asked().is_empty());
}

#[test]
fn a_private_place_is_led_to_where_it_is_allowed() {
    let app = ShelvedApp::new();
    let shelf = app.shelf.clone();
    let blobs = Server::start(move |request| shelf.answer(request));
    let (url, asset, shelf) = (blobs.url(), app.asset.clone(), app.shelf);
    let registry = Server::start(move |request| {
        if request.path().ends_with(&asset) {
            let target = format!("{url}{}", request.path());
            return Answer::status(307).header("Location", &target);
        }
        shelf.answer(request)
    });
    // Found by a name of the world, so that this machine is closed to it.
    let proxy = ForwardProxy::start(&registry.address());
    let env = environment().variable("http_proxy", proxy.url());
    let pull = format!("registry pull {UNKNOWN}/app:1 --plain-http");
    let _ = env.run(&pull).code(7).says(&["may not be reached"]);
    let other = format!("{pull} --allow http://127.0.0.1:1 --allow 10.0.0.0/8");
    let _ = env.run(&other).code(7);
    assert!(blobs.requests().is_empty());
    let _ = env.run(&format!("{pull} --allow 169.254.0.0/16")).code(2);

    let project = env.work().join("wharf.toml");
    let allow = "[registry.\"*\"]\nallow = [\"127.0.0.0/8\"]";
    fs::write(&project, allow).unwrap();
    let _ = env.run(&pull).code(7).says(&["`allow`", "wharf.toml"]);
    fs::remove_file(project).unwrap();

    let origin = format!("{pull} --allow {}", blobs.url());
    let _ = env.run(&origin).success().says(&["`allow`", &blobs.url()]);
    assert!(env.blob(&app.asset).is_some());
    env.empty_store();
    let file = env.root().join("named.toml");
    fs::write(&file, allow).unwrap();
    let _ = env
        .run(&format!("{pull} --config {}", file.display()))
        .success();
}
