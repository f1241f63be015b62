//! Applications as they were published before Spin 2.0: the locked application is the
//! config, and no layer.

use std::fs;

use wharf_tests::{Registry, Shelf, json as value, programs};

use crate::{environment, json, text, up};

#[test]
fn an_application_whose_config_is_the_locked_application_is_read() {
    let mut shelf = Shelf::new();
    let wasm = fs::read(programs::HELLO_P2).unwrap();
    let program = shelf.blob("application/vnd.wasm.content.layer.v1+wasm", wasm);
    let content = "An asset of long ago. ".repeat(40);
    let asset = shelf.blob(
        "application/vnd.wasm.content.layer.v1+data",
        content.as_str(),
    );
    let locked = value!({
        "spin_lock_version": 0,
        "metadata": { "name": "legacy", "trigger": { "type": "http" }, "version": "0.1.0" },
        "triggers": [{
            "id": "trigger--hello",
            "trigger_type": "http",
            "trigger_config": { "component": "hello", "route": "/..." },
        }],
        "components": [{
            "id": "hello",
            "source": { "content_type": "application/wasm", "digest": program["digest"] },
            "files": [{ "digest": asset["digest"], "path": "asset.txt" }],
        }],
    })
    .to_string();
    let config = shelf.blob(
        "application/vnd.fermyon.spin.application.v1+config",
        locked.as_str(),
    );
    let manifest = value!({ "schemaVersion": 2, "config": config, "layers": [program, asset] });
    shelf.manifest("1", manifest.to_string());
    let registry = Registry::start();
    shelf.publish(registry.address(), "legacy");
    let reference = format!("{}/legacy:1", registry.address());

    let env = environment();
    let inspect = format!("registry inspect {reference} --format json");
    let answer = json(&env.run(&inspect).success().stdout);
    assert_eq!(answer["app"]["name"], "legacy");
    assert_eq!(answer["app"]["components"][0]["files"], 1);

    let (running, url) = up(&env, &format!("-f {reference}"));
    assert!(text(&format!("{url}/?file=/asset.txt")).contains(&content));
    running.interrupt();
    let _ = running.finish().success();

    let _ = env
        .run(&format!("registry pull {reference} -o out"))
        .success();
    let written = |path: &str| fs::read_to_string(env.work().join("out").join(path)).unwrap();
    assert_eq!(written("spin.lock"), locked);
    assert_eq!(written("hello/asset.txt"), content);
    env.verify_store();
}
