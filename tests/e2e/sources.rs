//! WebAssembly that comes from elsewhere than the application's directory: from beside
//! it, from an address, from a registry of packages.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use wharf_tests::programs::HELLO_P2;
use wharf_tests::scripted::Request;
use wharf_tests::{Answer, Proxy, Registry, Server, TestEnv, digest, package};

use crate::{environment, push, text, up};

const PUSH: &str = "registry push 127.0.0.1:1/app:1 -f app";

/// Writes an application of one component with this source, as it stands in the manifest,
/// and more of the component.
pub(crate) fn write(env: &TestEnv, source: &str, more: &str) -> PathBuf {
    let app = env.work().join("app");
    fs::create_dir_all(&app).expect("it can be made");
    let manifest = format!(
        "spin_manifest_version = 2
[application]
name = \"app\"
[[trigger.http]]
route = \"/...\"
component = \"hello\"
[component.hello]
source = {source}
{more}"
    );
    fs::write(app.join("spin.toml"), manifest).expect("it can be written");
    app
}

/// A program that runs, told apart from others by a custom section.
pub(crate) fn program(name: u8) -> Vec<u8> {
    let mut wasm = fs::read(HELLO_P2).expect("it was built");
    wasm.extend([0, 2, 1, name]);
    wasm
}

/// A source at an address.
pub(crate) fn at(url: &str, wasm: &[u8]) -> String {
    format!("{{ url = \"{url}\", digest = \"{}\" }}", digest(wasm))
}

fn is_here(env: &TestEnv, content: &[u8]) -> bool {
    env.blob(&digest(content)).is_some()
}

#[test]
fn a_source_beside_the_application_is_packed_and_runs() {
    let registry = Registry::start();
    let env = environment();
    let target = env.work().join("target");
    fs::create_dir(&target).unwrap();
    let (wasm, link) = (target.join("hello.wasm"), env.work().join("app/link.wasm"));
    fs::copy(HELLO_P2, &wasm).unwrap();
    let mut digests = Vec::new();
    for source in ["../target/hello.wasm", wasm.to_str().unwrap(), "link.wasm"] {
        let app = write(&env, &format!("{source:?}"), "");
        if !link.exists() {
            std::os::unix::fs::symlink(&wasm, &link).unwrap();
        }
        let pushed = push(&env, &app, &format!("{}/app:1", registry.address()));
        digests.push(pushed.digest());
    }
    assert!(digests.iter().all(|it| *it == digests[0]), "{digests:?}");
    let (_running, url) = up(&env, "-f app");
    assert!(text(&url).contains("GET"), "{}", text(&url));
}

#[test]
fn what_is_named_and_is_no_file_is_refused_at_once() {
    let env = environment();
    let beside = |name: &str| env.work().join(name);
    let made = Command::new("mkfifo").arg(beside("pipe")).status().unwrap();
    assert!(made.success());
    fs::create_dir(beside("folder")).unwrap();
    fs::write(beside("text"), "no wasm").unwrap();
    for (path, what) in [
        ("../pipe", "a named pipe"),
        ("../folder", "a directory"),
        ("/dev/zero", "a device"),
        ("../gone.wasm", "does not exist"),
        ("../text", "is not WebAssembly"),
    ] {
        write(&env, &format!("{path:?}"), "");
        let _ = env.run(PUSH).code(2).says(&[path, what, "`hello`"]);
        let dependency = format!("dependencies = {{ \"a:b\" = {{ path = {path:?} }} }}");
        write(&env, &format!("{HELLO_P2:?}"), &dependency);
        let _ = env.run(PUSH).code(2).says(&[path, what, "`a:b`"]);
    }
    // Files of components stay in the directory.
    write(&env, &format!("{HELLO_P2:?}"), "files = [\"../text\"]");
    let _ = env.run(PUSH).code(2).says(&["../text"]);
}

#[test]
fn what_is_at_an_address_is_fetched_once_as_anybody() {
    let registry = Registry::start();
    let wasm = program(b'u');
    let store = Server::start({
        let wasm = wasm.clone();
        move |_: &Request| Answer::content("application/wasm", wasm.clone())
    });
    let server = Server::start({
        let there = format!("{}/blob?signature=x", store.url());
        move |request: &Request| match request.path() {
            "/hello.wasm" => Answer::status(302).header("Location", &there),
            _ => Answer::status(404),
        }
    });
    let env = environment();
    // Whoever has a password there does not send it for this.
    let login = format!(
        "registry login {} -u ann -p secret --skip-check",
        server.address()
    );
    let _ = env.run(&login).success();
    let url = format!("{}/hello.wasm", server.url());
    let app = write(&env, &at(&url, &wasm), "");
    let reference = format!("{}/app:1", registry.address());
    let first = push(&env, &app, &reference);
    assert!(is_here(&env, &wasm));
    let asked = server.requests();
    assert_eq!(asked.len(), 1, "{asked:?}");
    for request in asked.iter().chain(&store.requests()) {
        assert_eq!(request.header("authorization"), None, "{request:?}");
        assert_eq!(request.method, "GET");
    }
    let again = push(&env, &app, &reference);
    assert_eq!(again.digest(), first.digest());
    assert_eq!(server.requests().len(), asked.len());
    let (_running, url) = up(&env, "-f app --offline");
    assert!(text(&url).contains("GET"), "{}", text(&url));

    env.empty_store();
    let _ = env
        .run("up -f app --offline")
        .code(1)
        .says(&[&server.url()]);
    assert_eq!(server.requests().len(), asked.len());
    write(&env, &at(&format!("{}/gone", server.url()), &wasm), "");
    let _ = env.run(PUSH).code(4).says(&["/gone", "404"]);
}

#[test]
fn what_is_not_what_was_promised_is_not_taken() {
    let (right, wrong) = (program(b'r'), program(b'w'));
    let server = Server::start({
        let wrong = wrong.clone();
        move |_: &Request| Answer::content("application/wasm", wrong.clone())
    });
    let env = environment();
    write(&env, &at(&server.url(), &right), "");
    let _ = env
        .run(PUSH)
        .code(6)
        .says(&[&digest(&right), &server.url()]);
    assert!(!is_here(&env, &right) && !is_here(&env, &wrong));
    // The same content, rightly named.
    write(&env, &at(&server.url(), &wrong), "");
    let _ = env.run("up -f app --pull never").code(1);
    let _ = up(&env, "-f app");
    assert!(is_here(&env, &wrong));
}

#[test]
fn redirects_end_and_do_not_lead_astray() {
    let server = Server::start(|request: &Request| match request.path() {
        "/metadata" => Answer::status(302).header("Location", "http://169.254.169.254/x"),
        _ => Answer::status(302).header("Location", "/again"),
    });
    let env = environment();
    write(&env, &at(&format!("{}/loop", server.url()), b"x"), "");
    let _ = env.run(PUSH).code(5).says(&["redirects too often"]);
    assert!(server.requests().len() <= 6, "{:?}", server.requests());
    write(&env, &at(&format!("{}/metadata", server.url()), b"x"), "");
    let _ = env.run(PUSH).code(7).says(&["169.254.169.254"]);
}

#[test]
fn a_package_of_a_registry_is_packed_and_runs() {
    let registry = Registry::start();
    let proxy = Proxy::start(registry.address());
    let there = proxy.address();
    let (old, new) = (program(b'1'), program(b'2'));
    package::publish(registry.address(), "a/b", "1.0.0", &old);
    package::publish(registry.address(), "a/b", "2.0.0", &new);
    package::publish(registry.address(), "my/place/c/d", "1.0.0", &old);
    let env = environment();
    let source = format!("{{ registry = \"{there}\", package = \"a:b\", version = \"1.0.0\" }}");
    let app = write(&env, &source, "");
    let reference = format!("{}/app:1", registry.address());
    let first = push(&env, &app, &reference);
    assert!(is_here(&env, &old) && !is_here(&env, &new));
    assert!(!proxy.take().is_empty());
    // A version that is here is not asked for again.
    assert_eq!(push(&env, &app, &reference).digest(), first.digest());
    let exchanges = proxy.take();
    assert!(exchanges.is_empty(), "{exchanges:#?}");
    let (_running, url) = up(&env, "-f app --offline");
    assert!(text(&url).contains("GET"), "{}", text(&url));

    // The user's file says where the packages of a namespace are.
    let source = "{ package = \"c:d\", version = \"1.0.0\" }";
    write(&env, source, "");
    let _ = env.run(PUSH).code(2).says(&["`c:d`", "[packages]"]);
    let directory = env.root().join("config/wharf");
    fs::create_dir_all(&directory).unwrap();
    let packages = format!("[packages]\nc = \"{there}/my/place\"\n");
    fs::write(directory.join("wharf.toml"), packages).unwrap();
    assert_eq!(push(&env, &app, &reference).digest(), first.digest());
    assert!(!proxy.take().is_empty());

    let source = format!("{{ registry = \"{there}\", package = \"a:b\", version = \"9.0.0\" }}");
    write(&env, &source, "");
    let _ = env.run(PUSH).code(4).says(&["9.0.0"]);
}

#[test]
fn a_packages_registry_is_not_spoken_to_as_the_targets_is() {
    let target = Registry::start();
    let other = Server::start(|_: &Request| Answer::status(404));
    let env = environment();
    let source = format!(
        "{{ registry = \"{}\", package = \"a:b\", version = \"1.0.0\" }}",
        other.address()
    );
    write(&env, &source, "");
    let push = format!(
        "registry push {}/app:1 -f app -u ann -p secret",
        target.address()
    );
    let _ = env.run(&push).code(4);
    assert!(!other.requests().is_empty());
    for request in other.requests() {
        assert_eq!(request.header("authorization"), None, "{request:?}");
    }
}

#[test]
fn the_greatest_version_that_meets_a_requirement_is_taken() {
    let registry = Registry::start();
    let proxy = Proxy::start(registry.address());
    let env = environment();
    let (importer, exporters) = (importer(), ["a", "b", "c", "d"].map(exporter));
    let versions = ["1.0.0", "1.10.0", "1.9.0", "2.0.0"];
    for (version, wasm) in versions.iter().zip(&exporters) {
        package::publish(registry.address(), "a/b", version, wasm);
    }
    package::publish(registry.address(), "a/b", "latest", &exporters[3]);
    fs::write(env.work().join("importer.wasm"), importer).unwrap();
    let app = |requirement: &str| {
        let dependency = format!(
            "dependencies = {{ \"a:b/c@1.0.0\" = {{ registry = \"{}\", version = \"{requirement}\" }} }}",
            proxy.address()
        );
        write(&env, "\"../importer.wasm\"", &dependency)
    };
    let reference = format!("{}/app:1", registry.address());
    let first = push(&env, &app("^1"), &reference);
    let here = |at: usize| is_here(&env, &exporters[at]);
    assert_eq!([0, 1, 2, 3].map(here), [false, true, false, false]);
    assert_eq!(push(&env, &app("^1"), &reference).digest(), first.digest());
    // What is there is asked for again, and what is here is not fetched.
    let blobs = proxy.take();
    let blobs = blobs.iter().filter(|it| it.target.contains("/blobs/"));
    assert_eq!(blobs.count(), 2, "the config and the layer, once");

    let _ = push(&env, &app("<1.10"), &reference);
    assert_eq!([0, 1, 2, 3].map(here), [false, true, true, false]);
    app("^3");
    let refused = env.run(PUSH).code(2);
    let _ = refused.says(&["`a:b`", "^3", "2.0.0, 1.10.0, 1.9.0, 1.0.0"]);
    // Without a network, the greatest that is here is taken.
    let _ = proxy.take();
    app("*");
    let _ = env.run("up -f app --offline");
    app("^3");
    let _ = env.run("up -f app --offline").code(1).says(&["`a:b@^3`"]);
    assert!(proxy.take().is_empty());
}

/// A component that imports something, and one that exports it.
fn importer() -> Vec<u8> {
    wat::parse_str(
        r#"(component
            (import "a:b/c@1.0.0" (instance $c (export "f" (func (result u32)))))
            (alias export $c "f" (func $f))
            (instance $d (export "f" (func $f)))
            (export "x:y/d" (instance $d)))"#,
    )
    .expect("it is a component")
}

/// Each name makes another component.
fn exporter(name: &str) -> Vec<u8> {
    wat::parse_str(format!(
        r#"(component
            (core module $m (@custom "name-of-it" "{name}")
                (func (export "f") (result i32) i32.const 1))
            (core instance $i (instantiate $m))
            (func $f (result u32) (canon lift (core func $i "f")))
            (instance $c (export "f" (func $f)))
            (export "a:b/c@1.0.0" (instance $c)))"#
    ))
    .expect("it is a component")
}

#[test]
fn an_artifact_that_is_no_package_is_refused() {
    let registry = Registry::start();
    let env = environment();
    let app = crate::greeting("other").write(&env.work());
    let _ = push(
        &env,
        Path::new(&app),
        &format!("{}/a/b:1.0.0", registry.address()),
    );
    let source = format!(
        "{{ registry = \"{}\", package = \"a:b\", version = \"1.0.0\" }}",
        registry.address()
    );
    write(&env, &source, "");
    let _ = env.run(PUSH).code(2).says(&["`a:b@1.0.0`", "WebAssembly"]);
}
