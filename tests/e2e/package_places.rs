//! Where packages are, as the file of package tools says it, and the hosts that it names.

use std::fs;

use wharf_tests::scripted::Request;
use wharf_tests::{Answer, Registry, Server, TestEnv, json as value, package};

use crate::environment;
use crate::sources::{at, program, write};

const PUSH: &str = "registry push 127.0.0.1:1/app:1 -f app --dry-run";

const SOURCE: &str = "{ package = \"a:b\", version = \"1.0.0\" }";

/// Writes a file below the folder of the user's configuration.
fn configure(env: &TestEnv, path: &str, text: &str) {
    let file = env.root().join("config").join(path);
    fs::create_dir_all(file.parent().expect("it has one")).expect("it can be made");
    fs::write(file, text).expect("it can be written");
}

/// A host that says something of packages.
fn host(said: Answer) -> Server {
    Server::start(move |request: &Request| match request.path() {
        "/.well-known/wasm-pkg/registry.json" => said.clone(),
        _ => Answer::status(404),
    })
}

#[test]
fn a_host_says_where_the_packages_of_a_namespace_are() {
    let registry = Registry::start();
    let (first, other) = (program(b'1'), program(b'2'));
    package::publish(registry.address(), "my/place/a/b", "1.0.0", &first);
    package::publish(registry.address(), "a/b", "1.0.0", &other);
    let oci = value!({ "registry": registry.address(), "namespacePrefix": "my/place/" });
    let said = value!({ "oci": oci }).to_string();
    let host = host(Answer::content("application/json", said));
    let env = environment();
    write(&env, SOURCE, "");
    let config = format!("[namespace_registries]\na = \"{}\"\n", host.address());
    configure(&env, "wasm-pkg/config.toml", &config);
    let push = format!("registry push {}/app:1 -f app", registry.address());
    let _ = env.run(&push).success();
    let is_here = |wasm: &[u8]| env.blob(&wharf_tests::digest(wasm)).is_some();
    assert!(is_here(&first) && !is_here(&other));
    for request in host.requests() {
        assert_eq!(request.header("authorization"), None, "{request:?}");
    }

    // Without a network nobody is asked.
    let asked = host.requests().len();
    let offline = env.run("up -f app --offline").code(2);
    let _ = offline.says(&["`a:b`", "was not asked"]);
    assert_eq!(host.requests().len(), asked);
    // The user's own file counts more.
    let packages = format!("[packages]\na = \"{}\"\n", registry.address());
    configure(&env, "wharf/wharf.toml", &packages);
    let _ = env.run(&push).success();
    assert!(is_here(&other));
    assert_eq!(host.requests().len(), asked);
}

#[test]
fn a_host_that_says_nothing_is_the_registry() {
    let registry = Registry::start();
    let wasm = program(b'n');
    package::publish(registry.address(), "a/b", "1.0.0", &wasm);
    let env = environment();
    write(&env, SOURCE, "");
    let config = format!("default_registry = \"{}\"\n", registry.address());
    configure(&env, "wasm-pkg/config.toml", &config);
    let push = format!("registry push {}/app:1 -f app", registry.address());
    let _ = env.run(&push).success();
    assert!(env.blob(&wharf_tests::digest(&wasm)).is_some());
}

#[test]
fn other_protocols_are_refused_by_name() {
    let warg = value!({ "warg": { "url": "https://w.example" } });
    let host = host(Answer::content("application/json", warg.to_string()));
    let said = format!("[namespace_registries]\na = \"{}\"\n", host.address());
    let written = "[namespace_registries]\na = \"w.example\"\n\
                   [registry.\"w.example\".local]\nroot = \"/packages\"\n";
    for (config, protocol) in [(said.as_str(), "`warg`"), (written, "`local`")] {
        let env = environment();
        write(&env, SOURCE, "");
        configure(&env, "wasm-pkg/config.toml", config);
        let refused = env.run(PUSH).code(2);
        let _ = refused.says(&["`a:b`", protocol, "`oci`", "[packages]"]);
    }
}

#[test]
fn what_a_host_says_is_read_with_care() {
    for (said, code, words) in [
        ("[".repeat(10_000), 2, "can't be used"),
        ("{\"oci\": 1}".to_owned(), 2, "can't be used"),
        (" ".repeat(100_000), 7, "more than 65536 bytes"),
    ] {
        let host = host(Answer::content("application/json", said));
        let env = environment();
        write(&env, SOURCE, "");
        let config = format!("default_registry = \"{}\"\n", host.address());
        configure(&env, "wasm-pkg/config.toml", &config);
        let _ = env.run(PUSH).code(code).says(&[&host.address(), words]);
    }
}

#[test]
fn the_file_is_read_where_it_is_needed() {
    let env = environment();
    let wasm = program(b'f');
    configure(&env, "wasm-pkg/config.toml", "default_registry = ");
    let server = Server::start({
        let wasm = wasm.clone();
        move |_: &Request| Answer::content("application/wasm", wasm.clone())
    });
    write(&env, &at(&server.url(), &wasm), "");
    let _ = env.run(PUSH).success();
    write(&env, SOURCE, "");
    let _ = env.run(PUSH).code(2).says(&["wasm-pkg/config.toml"]);
}

#[test]
fn what_a_host_says_of_packages_loosens_no_policy() {
    let registry = Registry::start();
    let wasm = program(b'p');
    package::publish(registry.address(), "a/b", "1.0.0", &wasm);
    let said = value!({ "oci": { "registry": registry.address() } });
    let host = host(Answer::content("application/json", said.to_string()));
    let env = environment();
    write(&env, SOURCE, "");
    let config = format!("[namespace_registries]\na = \"{}\"\n", host.address());
    configure(&env, "wasm-pkg/config.toml", &config);
    fs::write(
        env.work().join("p.toml"),
        "[sandbox]\nread-only-store = true\n",
    )
    .unwrap();
    let push = format!(
        "registry push {}/app:1 -f app --policy p.toml",
        registry.address()
    );
    let refused = env.run(&push).code(7);
    let _ = refused.says(&["`read-only-store` in `p.toml`"]);
    assert!(!host.requests().is_empty());
    assert!(env.blobs().is_empty());
}
