//! Components that are published alone, as package tools do it.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};

use wharf_tests::programs::{HELLO_P2, HELLO_P3, HOSTILE_REGISTRY};
use wharf_tests::{Output, Registry, Server, Shelf, TestEnv, json as value, peer, wasm_peer};

use crate::{environment, json, push, text, up};

const CONFIG: &str = "application/vnd.wasm.config.v0+json";
const LAYER: &str = "application/wasm";
const TITLE: &str = "org.opencontainers.image.title";

/// A program in the working directory, under this name.
fn program(env: &TestEnv, program: &str, name: &str) -> PathBuf {
    let path = env.work().join(name);
    fs::copy(program, &path).expect("the program was built");
    path
}

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
fn what_oci_wasm_pushed_is_pulled_inspected_and_run() {
    let registry = Registry::start();
    let env = environment();
    let reference = format!("{}/tools/greeter:1", registry.address());
    wasm_peer::push(&reference, Path::new(HELLO_P3));
    let wasm = fs::read(HELLO_P3).unwrap();

    let pull = format!("registry pull {reference} -o");
    let pulled = env.run(&format!("{pull} hello.wasm")).success();
    assert!(pulled.stdout.contains("File: hello.wasm"), "{pulled:?}");
    assert_eq!(fs::read(env.work().join("hello.wasm")).unwrap(), wasm);
    // It has no title.
    let pulled = env.run(&format!("{pull} out")).success();
    assert!(pulled.stdout.contains("Files: 1 in out"), "{pulled:?}");
    assert_eq!(
        fs::read(env.work().join("out/component.wasm")).unwrap(),
        wasm
    );

    let inspect = format!("registry inspect {reference}");
    let inspected = env.run(&inspect).success().stdout;
    let export = "Export: wasi:http/handler@0.3";
    assert!(
        inspected.contains("(wasip2)") && inspected.contains(export),
        "{inspected}"
    );
    let inspected = json(
        &env.run(&format!("{inspect} --format json"))
            .success()
            .stdout,
    );
    assert_eq!(inspected["component"]["digest"], wharf_tests::digest(&wasm));
    assert_eq!(inspected.get("noApp"), None);
    assert_eq!(inspected.get("app"), None);

    env.empty_store();
    let (running, url) = up(&env, &format!("-f {reference} --env GREETING=hello"));
    assert!(text(&format!("{url}/a/b?env=GREETING")).contains("env GREETING: hello\n"));
    running.interrupt();
    let _ = running.finish().success();
    env.verify_store();
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
    refused(output, &["export"]);

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
fn a_link_out_of_a_package_is_not_followed() {
    let env = environment();
    let wit = env.work().join("wit");
    fs::create_dir(&wit).unwrap();
    fs::write(env.home().join("secret.wit"), "package a:secret;").unwrap();
    std::os::unix::fs::symlink(env.home().join("secret.wit"), wit.join("link.wit")).unwrap();
    let output = env.run("registry push 127.0.0.1:1/a:1 --wit wit");
    let output = output.code(2).says(&["link.wit", "leads out"]);
    assert!(!output.stderr.contains("a:secret"), "{output:?}");
}

/// Says that it can't be run, before anything listens.
fn refused(output: Output, words: &[&str]) {
    assert!(!output.status.success(), "{output:?}");
    assert!(!output.stdout.contains("Serving"), "{output:?}");
    let _ = output.says(words);
}

#[test]
fn a_file_that_is_no_component_is_a_mistake_of_the_user() {
    let env = environment();
    let whole = fs::read(HELLO_P2).unwrap();
    let cut = &whole[..whole.len() / 2];
    for (content, word) in [
        (&b"#!/bin/sh\n"[..], "is not WebAssembly"),
        (b"(component)", "wasm-tools parse"),
        (b"", "is empty"),
        (b"\0asm\x0a\0\x01\0", "version"),
        (cut, "not sound WebAssembly"),
    ] {
        fs::write(env.work().join("hello.wasm"), content).unwrap();
        for command in [
            "registry push 127.0.0.1:1/hello:1",
            "up --listen 127.0.0.1:0",
        ] {
            let output = env.run(&format!("{command} -f hello.wasm")).code(2);
            let output = output.says(&["hello.wasm", word]);
            assert!(!output.stdout.contains("Serving"), "{output:?}");
        }
    }
    fs::write(env.work().join("hello.wat"), "(component)").unwrap();
    let output = env
        .run("registry push 127.0.0.1:1/hello:1 hello.wat")
        .code(2);
    let _ = output.says(&["hello.wat", "wasm-tools parse"]);
    fs::create_dir(env.work().join("directory.wasm")).unwrap();
    let output = env
        .run("registry push 127.0.0.1:1/hello:1 directory.wasm")
        .code(2);
    let _ = output.says(&["directory.wasm", "spin.toml"]);
}

#[test]
fn what_does_not_answer_http_is_published_and_not_run() {
    let registry = Registry::start();
    let env = environment();
    let path = program(&env, HOSTILE_REGISTRY, "client.wasm");
    let reference = format!("{}/client:1", registry.address());
    let _ = push(&env, &path, &reference);
    for source in ["client.wasm", &reference] {
        let output = env
            .run(&format!("up -f {source} --listen 127.0.0.1:0"))
            .code(7);
        refused(output, &["imports", "does not offer"]);
    }
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

/// A server that has an artifact of such a config and such layers.
fn shelved(config: (&str, &str), layers: &[(&str, Vec<u8>)]) -> Server {
    let mut shelf = Shelf::new();
    let config = shelf.blob(config.0, config.1);
    let layers: Vec<_> = layers
        .iter()
        .map(|(kind, content)| shelf.blob(kind, content.clone()))
        .collect();
    let manifest = value!({ "schemaVersion": 2, "config": config, "layers": layers });
    shelf.manifest("1", manifest.to_string());
    Server::start(move |request| shelf.answer(request))
}

#[test]
fn any_config_and_any_type_that_webassembly_had_will_do() {
    let wasm = fs::read(HELLO_P2).unwrap();
    let null = r#"{"created":null,"author":null,"architecture":"wasm","os":"wasip2",
        "layerDigests":null,"component":null}"#;
    for (config, kind) in [
        ((CONFIG, null), LAYER),
        (("application/vnd.oci.empty.v1+json", "{}"), LAYER),
        (
            ("application/vnd.oci.image.config.v1+json", "{}"),
            "application/vnd.wasm.content.layer.v1+wasm",
        ),
        (
            ("application/vnd.wasm.config.v1+json", "{}"),
            "application/vnd.module.wasm.content.layer.v1+wasm",
        ),
    ] {
        let server = shelved(config, &[(kind, wasm.clone())]);
        let env = environment();
        let reference = format!("{}/hello:1", server.address());
        let (running, url) = up(&env, &format!("-f {reference}"));
        assert!(text(&url).contains("method: GET"), "{kind}");
        running.interrupt();
        let _ = running.finish().success();
        let inspected = env.run(&format!("registry inspect {reference}")).success();
        assert!(inspected.stdout.contains("Component: "), "{inspected:?}");
    }
}

#[test]
fn more_than_one_layer_or_another_one_is_refused() {
    let wasm = fs::read(HELLO_P2).unwrap();
    let two = [(LAYER, wasm), (LAYER, b"\0asm\x0d\0\x01\0".to_vec())];
    let other = [("text/plain", b"hello".to_vec())];
    for (layers, word) in [(&two[..], "has 2"), (&other, "text/plain"), (&[], "has 0")] {
        let server = shelved((CONFIG, "{}"), layers);
        let env = environment();
        let reference = format!("{}/hello:1", server.address());
        refused(
            env.run(&format!("up -f {reference} --listen 127.0.0.1:0")),
            &[word],
        );
        let output = env.run(&format!("registry pull {reference} -o hello.wasm"));
        refused(output, &[word]);
        assert!(!env.work().join("hello.wasm").exists());
        let inspected = env.run(&format!("registry inspect {reference}")).success();
        assert!(inspected.stdout.contains(word), "{inspected:?}");
    }
}

#[test]
fn what_is_there_stays_unless_it_is_to_be_replaced() {
    let registry = Registry::start();
    let env = environment();
    let path = program(&env, HELLO_P2, "hello.wasm");
    let reference = format!("{}/hello:1", registry.address());
    let _ = push(&env, &path, &reference);
    let pull = |more: &str| env.run(&format!("registry pull {reference} {more}"));
    let out = env.work().join("out.wasm");
    fs::write(&out, "mine").unwrap();
    let _ = pull("-o out.wasm").code(2).says(&["out.wasm", "--force"]);
    assert_eq!(fs::read(&out).unwrap(), b"mine");
    let _ = pull("-o out.wasm --force").success();
    assert_eq!(fs::read(&out).unwrap(), fs::read(HELLO_P2).unwrap());
    let _ = pull("-o nowhere/out.wasm").code(2).says(&["nowhere"]);
    // A directory that is there is one, whatever its name.
    fs::create_dir(env.work().join("dir.wasm")).unwrap();
    let _ = pull("-o dir.wasm").success();
    assert!(env.work().join("dir.wasm/hello.wasm").is_file());
    let names = fs::read_dir(env.work()).unwrap();
    let names: Vec<_> = names.map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(names.len(), 3, "{names:?}");

    let app = crate::greeting("app").write(&env.work());
    let application = format!("{}/app:1", registry.address());
    let _ = push(&env, &app, &application);
    let output = env
        .run(&format!("registry pull {application} -o app.wasm"))
        .code(2);
    let _ = output.says(&["application", "directory"]);
    assert!(!env.work().join("app.wasm").exists());
}

#[test]
fn a_title_that_leads_out_is_refused() {
    let mut shelf = Shelf::new();
    let config = shelf.blob(CONFIG, "{}");
    let mut layer = shelf.blob(LAYER, fs::read(HELLO_P2).unwrap());
    layer["annotations"] = value!({ TITLE: "../../out.wasm" });
    let manifest = value!({ "schemaVersion": 2, "config": config, "layers": [layer] });
    shelf.manifest("1", manifest.to_string());
    let server = Server::start(move |request| shelf.answer(request));
    let env = environment();
    let reference = format!("{}/hello:1", server.address());
    let output = env
        .run(&format!("registry pull {reference} -o out"))
        .code(7);
    let _ = output.says(&["out.wasm"]);
    assert!(!env.work().join("out").exists());
    // Under a name of one's own it is as good as any, and so it runs.
    let _ = env
        .run(&format!("registry pull {reference} -o out.wasm"))
        .success();
    let (running, url) = up(&env, &format!("-f {reference}"));
    assert!(text(&url).contains("method: GET"));
    running.interrupt();
    let _ = running.finish().success();
}

#[test]
fn what_to_send_is_said_once_and_with_options_that_mean_something() {
    let env = environment();
    let _ = program(&env, HELLO_P2, "hello.wasm");
    let push = "registry push 127.0.0.1:1/hello:1";
    for more in [
        "hello.wasm -f hello.wasm",
        "hello.wasm --wit hello.wasm",
        "-f hello.wasm --wit hello.wasm",
    ] {
        let _ = env
            .run(&format!("{push} {more}"))
            .code(2)
            .says(&["cannot be used with"]);
    }
    for more in [
        "--profile a",
        "--include-build",
        "--include-secret-defaults",
    ] {
        let option = more.split(' ').next().unwrap();
        let output = env.run(&format!("{push} hello.wasm {more}")).code(2);
        let _ = output.says(&[option, "spin.toml"]);
    }
    let output = env.run("up -f hello.wasm --profile a").code(2);
    let _ = output.says(&["--profile", "hello.wasm"]);
}

#[test]
fn a_named_pipe_is_not_opened() {
    let env = environment();
    let made = std::process::Command::new("mkfifo")
        .arg(env.work().join("pipe.wasm"))
        .status();
    assert!(made.is_ok_and(|status| status.success()));
    for command in [
        "registry push 127.0.0.1:1/hello:1 pipe.wasm",
        "registry push 127.0.0.1:1/hello:1 --wit pipe.wasm",
        "up -f pipe.wasm",
    ] {
        let arguments = command.split(' ').map(OsStr::new);
        let _ = env.command(arguments).run().code(2).says(&["pipe.wasm"]);
    }
}
