//! What is published here, read by others and by ourselves.

use std::fs;

use wharf_tests::programs::{HELLO_P2, HELLO_P3, HOSTILE_REGISTRY};
use wharf_tests::{Registry, json as value, peer, wasm_peer};

use super::{CONFIG, LAYER, TITLE, is_refused, program};
use crate::{environment, json, push, text, up};

/// A custom section of a component.
fn section(name: &str, content: &[u8]) -> Vec<u8> {
    let length = |bytes: &[u8]| u8::try_from(bytes.len()).expect("it is short");
    let mut body = vec![length(name.as_bytes())];
    body.extend(name.as_bytes());
    body.extend(content);
    // A length below 128 is one byte.
    assert!(body.len() < 128);
    let mut section = vec![0, length(&body)];
    section.extend(body);
    section
}

/// What a registry has under a reference, as it is.
fn raw(reference: &str) -> String {
    let image = format!("docker://{reference}");
    peer::skopeo(["inspect", "--raw", "--tls-verify=false", &image]).stdout
}

#[test]
fn oci_wasm_pulls_what_was_pushed_and_finds_what_it_would_have_said() {
    let registry = Registry::start();
    let env = environment();
    for (number, source) in [HELLO_P2, HELLO_P3, HOSTILE_REGISTRY]
        .into_iter()
        .enumerate()
    {
        let path = program(&env, source, "hello.wasm");
        let reference = format!("{}/hello:{number}", registry.address());
        let pushed = env.run(&format!("registry push {reference} hello.wasm"));
        let pushed = pushed.success();
        let pulled = wasm_peer::pull(&reference, &env.root().join("pulled"));
        assert_eq!(pulled.said["digest"], pushed.digest());
        assert_eq!(pulled.wasm, fs::read(source).unwrap());
        assert_eq!(
            pulled.said["layerAnnotations"],
            value!({ TITLE: "hello.wasm" })
        );
        let described = wasm_peer::describe(&path);
        for list in ["imports", "exports"] {
            assert!(
                !described[list].as_array().unwrap().is_empty(),
                "{described}"
            );
        }
        let expected = value!({
            "created": "1970-01-01T00:00:00Z",
            "author": null,
            "architecture": "wasm",
            "os": "wasip2",
            "layerDigests": [wharf_tests::digest(&pulled.wasm)],
            "component": described,
        });
        assert_eq!(pulled.said["config"], expected);
    }
}

#[test]
fn a_file_is_run_without_a_manifest() {
    for source in [HELLO_P2, HELLO_P3] {
        let env = environment();
        let _ = program(&env, source, "hello.wasm");
        // What lies beside it is not its business.
        fs::write(env.work().join("secret.txt"), "secret").unwrap();
        let (running, url) = up(&env, "-f hello.wasm --env GREETING=hello");
        let page = text(&format!("{url}/a?env=GREETING&file=/secret.txt"));
        assert!(page.contains("env GREETING: hello\n"), "{page}");
        assert!(page.contains("spin-matched-route: /...\n"), "{page}");
        assert!(!page.contains("secret\n"), "{page}");
        running.interrupt();
        let _ = running.finish().success();
        let (running, _) = up(&env, "--from-file ./hello.wasm");
        running.interrupt();
        let _ = running.finish().success();
    }
}

#[test]
fn what_was_pushed_is_run_and_pulled_under_its_own_name() {
    let registry = Registry::start();
    let author = environment();
    let path = program(&author, HELLO_P2, "hello.wasm");
    let reference = format!("{}/greeter:1", registry.address());
    let _ = push(&author, &path, &reference);
    let env = environment();
    let (running, url) = up(&env, &format!("-f {reference}"));
    assert!(text(&url).contains("method: GET"));
    running.interrupt();
    let _ = running.finish().success();
    let _ = env
        .run(&format!("registry pull {reference} -o out"))
        .success();
    assert_eq!(
        fs::read(env.work().join("out/hello.wasm")).unwrap(),
        fs::read(path).unwrap()
    );
}

#[test]
fn the_same_file_gives_the_same_digest_and_a_layout_keeps_it() {
    let registry = Registry::start();
    let mut digests = Vec::new();
    for name in ["here", "there"] {
        let env = environment();
        let directory = env.work().join(name);
        fs::create_dir(&directory).unwrap();
        fs::copy(HELLO_P2, directory.join("hello.wasm")).unwrap();
        let reference = format!("{}/{name}:1", registry.address());
        digests.push(push(&env, &directory.join("hello.wasm"), &reference).digest());
    }
    assert_eq!(digests[0], digests[1]);

    let env = environment();
    let layout = format!("oci:{}:1", env.root().join("layout").display());
    let from = format!("docker://{}/here:1", registry.address());
    let to = format!("docker://{}/again:1", registry.address());
    let copy = |tls: &str, from: &str, to: &str| {
        let _ = peer::skopeo(["copy", "--insecure-policy", tls, from, to]);
    };
    copy("--src-tls-verify=false", &from, &layout);
    copy("--dest-tls-verify=false", &layout, &to);
    let again = raw(&format!("{}/again:1", registry.address()));
    assert_eq!(wharf_tests::digest(again.as_bytes()), digests[0]);
}

#[test]
fn the_manifest_says_what_the_component_says_of_itself() {
    let registry = Registry::start();
    let env = environment();
    let mut wasm = fs::read(HELLO_P2).unwrap();
    let texts: [(&str, &[u8]); 6] = [
        ("description", b"Says hello"),
        ("licenses", b"MIT"),
        ("source", b"https://git.example/hello"),
        ("homepage", b"https://hello.example/"),
        ("version", b"1.2.3"),
        ("authors", b"\xff"),
    ];
    for (name, text) in texts {
        wasm.extend(section(name, text));
    }
    let path = env.work().join("hello.wasm");
    fs::write(&path, &wasm).unwrap();
    let reference = format!("{}/hello:1", registry.address());
    let pushed = env
        .command(["registry", "push", &reference, "hello.wasm"])
        .variable("SOURCE_DATE_EPOCH", "1234567890")
        .run()
        .success();
    let _ = pushed.says(&["hello.wasm", "`authors`"]);
    let expected = [
        ("created", "2009-02-13T23:31:30Z"),
        ("description", "Says hello"),
        ("licenses", "MIT"),
        ("source", "https://git.example/hello"),
        ("url", "https://hello.example/"),
        ("version", "1.2.3"),
    ];
    let said = wasm_peer::pull(&reference, &env.root().join("pulled")).said;
    assert_eq!(said["config"]["created"], "2009-02-13T23:31:30Z");
    for (key, text) in expected {
        let key = format!("org.opencontainers.image.{key}");
        assert_eq!(said["annotations"][&key], text, "{key}");
    }

    let annotated = [
        "registry",
        "push",
        &reference,
        "-f",
        "hello.wasm",
        "--annotation",
        "org.opencontainers.image.version=2.0.0",
    ];
    let _ = env.command(annotated).run().success();
    let manifest = json(&raw(&reference));
    assert_eq!(
        manifest["annotations"]["org.opencontainers.image.version"],
        "2.0.0"
    );
    assert_eq!(
        manifest["annotations"].get("org.opencontainers.image.created"),
        None
    );
    assert_eq!(manifest["config"]["mediaType"], CONFIG);
    assert_eq!(manifest["layers"][0]["mediaType"], LAYER);
    assert_eq!(
        manifest["mediaType"],
        "application/vnd.oci.image.manifest.v1+json"
    );
    assert_eq!(manifest.get("artifactType"), None);
}

#[test]
fn a_package_of_wit_is_what_oci_wasm_would_make_of_it() {
    let registry = Registry::start();
    let env = environment();
    let wit = env.work().join("wit");
    fs::create_dir_all(wit.join("deps/io")).unwrap();
    let api = "package shop:api@0.1.0;\n\
        interface lamps { use tools:io/streams@1.0.0.{bytes}; light: func() -> bytes; }\n\
        world seller { export lamps; import tools:io/streams@1.0.0; }\n";
    let io = "package tools:io@1.0.0;\ninterface streams { type bytes = list<u8>; }\n";
    fs::write(wit.join("api.wit"), api).unwrap();
    fs::write(wit.join("deps/io/streams.wit"), io).unwrap();
    fs::write(wit.join("README.md"), "no WIT").unwrap();
    let reference = format!("{}/shop/api:0.1.0", registry.address());
    let push = format!("registry push --wit wit {reference}");
    let digest = env.run(&push).success().digest();
    assert_eq!(env.run(&push).success().digest(), digest);

    let file = env.root().join("pulled");
    let said = wasm_peer::pull(&reference, &file).said;
    assert_eq!(said["layerAnnotations"], value!({ TITLE: "api.wasm" }));
    assert_eq!(
        said["annotations"]["org.opencontainers.image.version"],
        "0.1.0"
    );
    let mut described = wasm_peer::describe(&file);
    // In whatever order it happens to have them.
    let exports = described["exports"].as_array_mut().unwrap();
    exports.sort_by_key(ToString::to_string);
    assert_eq!(said["config"]["component"], described);
    let names = ["shop:api/lamps@0.1.0", "shop:api/seller@0.1.0"];
    assert_eq!(
        described,
        value!({ "imports": [], "exports": names, "target": null })
    );

    // Nothing runs it: it is no component that does something.
    let output = env.run(&format!("up -f {reference} --listen 127.0.0.1:0"));
    is_refused(output, &["export"]);

    // A single file, and one whose dependency is not there.
    let single = format!(
        "registry push {}/io:1 --wit wit/deps/io/streams.wit",
        registry.address()
    );
    let _ = env.run(&single).success();
    let output = env
        .run(&format!("registry push {reference} --wit wit/api.wit"))
        .code(2);
    let _ = output.says(&["api.wit:2:", "tools:io@1.0.0", "wkg wit fetch"]);
    fs::write(wit.join("api.wit"), "package shop:api;\ninterface {}\n").unwrap();
    let output = env.run(&push).code(2);
    let _ = output.says(&["api.wit:2:11"]);
    let empty = env.work().join("empty");
    fs::create_dir(&empty).unwrap();
    let output = env
        .run(&format!("registry push {reference} --wit empty"))
        .code(2);
    let _ = output.says(&["empty", "*.wit"]);
}

#[test]
fn a_core_module_is_published_as_one() {
    let registry = Registry::start();
    let env = environment();
    fs::write(env.work().join("module.wasm"), b"\0asm\x01\0\0\0").unwrap();
    let reference = format!("{}/module:1", registry.address());
    let _ = env
        .run(&format!("registry push {reference} module.wasm"))
        .success();
    let said = wasm_peer::pull(&reference, &env.root().join("pulled")).said;
    assert_eq!(said["config"]["os"], "wasip1");
    assert_eq!(said["config"]["component"], value!(null));
    let output = env.run(&format!("up -f {reference} --listen 127.0.0.1:0"));
    assert!(!output.status.success(), "{output:?}");
    assert!(!output.stdout.contains("Serving"), "{output:?}");
}

#[test]
fn text_is_published_as_what_it_means() {
    let registry = Registry::start();
    let env = environment();
    let text = r#"(component (core module (func (export "a function of some name"))))"#;
    fs::write(env.work().join("hello.wat"), text).unwrap();
    let reference = format!("{}/hello:1", registry.address());
    let push = format!("registry push {reference} hello.wat");
    let digest = env.run(&push).success().digest();
    assert_eq!(env.run(&push).success().digest(), digest);
    let pulled = wasm_peer::pull(&reference, &env.root().join("pulled"));
    assert_eq!(pulled.wasm, wat::parse_str(text).unwrap());
    assert_eq!(
        pulled.said["layerAnnotations"],
        value!({ TITLE: "hello.wasm" })
    );
}
