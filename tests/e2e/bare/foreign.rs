//! What others published, read here.

use std::fs;
use std::path::Path;

use wharf_tests::programs::{HELLO_P2, HELLO_P3};
use wharf_tests::{Registry, Server, Shelf, json as value, wasm_peer};

use super::{CONFIG, LAYER, TITLE, is_refused};
use crate::{environment, json, text, up};

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
fn more_than_one_layer_or_another_one_refused() {
    let wasm = fs::read(HELLO_P2).unwrap();
    let two = [(LAYER, wasm), (LAYER, b"\0asm\x0d\0\x01\0".to_vec())];
    let other = [("text/plain", b"hello".to_vec())];
    for (layers, word) in [(&two[..], "has 2"), (&other, "text/plain"), (&[], "has 0")] {
        let server = shelved((CONFIG, "{}"), layers);
        let env = environment();
        let reference = format!("{}/hello:1", server.address());
        is_refused(
            env.run(&format!("up -f {reference} --listen 127.0.0.1:0")),
            &[word],
        );
        let output = env.run(&format!("registry pull {reference} -o hello.wasm"));
        is_refused(output, &[word]);
        assert!(!env.work().join("hello.wasm").exists());
        let inspected = env.run(&format!("registry inspect {reference}")).success();
        assert!(inspected.stdout.contains(word), "{inspected:?}");
    }
}

#[test]
fn a_title_that_leads_out_refused() {
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
