//! What other programs make of what was pushed, and the reverse.

use std::fs;

use wharf_tests::shelf::ShelvedApp;
use wharf_tests::{Registry, Server, peer};

use crate::{environment, greeting, json, push, text, up};

#[test]
fn skopeo_reads_a_pushed_application_and_every_digest_agrees() {
    let registry = Registry::start();
    let env = environment();
    let app = greeting("app").write(&env.work());
    let reference = format!("{}/app:1", registry.address());
    let digest = push(&env, &app, &reference).digest();
    let image = format!("docker://{reference}");

    let raw = peer::skopeo(["inspect", "--raw", "--tls-verify=false", &image]);
    assert_eq!(wharf_tests::digest(raw.stdout.as_bytes()), digest);

    let copy = env.root().join("copy");
    let target = format!("dir:{}", copy.display());
    let arguments = ["copy", "--insecure-policy", "--src-tls-verify=false"];
    let _ = peer::skopeo(arguments.into_iter().chain([image.as_str(), &target]));
    let manifest = json(&raw.stdout);
    let layers = manifest["layers"].as_array().unwrap();
    for descriptor in layers.iter().chain([&manifest["config"]]) {
        let promised = descriptor["digest"].as_str().unwrap();
        let hex = promised.trim_start_matches("sha256:");
        let content = fs::read(copy.join(hex)).unwrap();
        assert_eq!(wharf_tests::digest(&content), promised);
        assert_eq!(descriptor["size"], content.len());
    }
    let copied = fs::read(copy.join("manifest.json")).unwrap();
    assert_eq!(wharf_tests::digest(&copied), digest);
}

/// With an archive too, which a tool might take for a layer to be packed anew.
#[test]
fn a_layout_made_by_skopeo_and_sent_back_is_the_same_application() {
    let registry = Registry::start();
    let env = environment();
    greeting("app").write(&env.work());
    for (name, archived) in [("plain", false), ("archived", true)] {
        let reference = format!("{}/{name}:1", registry.address());
        let arguments = ["registry", "push", &reference, "-f", "app"];
        let push = env.command(arguments);
        let push = if archived {
            push.variable("SPIN_OCI_ARCHIVE_LAYERS", "1")
        } else {
            push
        };
        let digest = push.run().success().digest();
        let layout = format!("oci:{}:1", env.root().join(name).display());
        let (from, again) = (format!("docker://{reference}"), format!("{name}-again"));
        let to = format!("docker://{}/{again}:1", registry.address());
        for (tls, from, to) in [
            ("--src-tls-verify=false", &from, &layout),
            ("--dest-tls-verify=false", &layout, &to),
        ] {
            let _ = peer::skopeo(["copy", "--insecure-policy", tls, from, to]);
        }
        assert_eq!(registry.tagged(&again, "1"), Some(digest));
        let user = environment();
        let (running, url) = up(&user, &format!("-f {}/{again}:1", registry.address()));
        assert!(text(&format!("{url}/?env=GREETING")).contains("hello there"));
        running.interrupt();
        let _ = running.finish().success();
    }
}

#[test]
fn oci_client_pulls_a_pushed_application() {
    let registry = Registry::start();
    let env = environment();
    let app = greeting("app").write(&env.work());
    let reference = format!("{}/app:1", registry.address());
    let digest = push(&env, &app, &reference).digest();
    let pulled = peer::oci_client_pull(&reference);
    assert_eq!(pulled.digest, digest);
    let types: Vec<_> = pulled
        .layers
        .iter()
        .map(|(kind, _, _)| kind.as_str())
        .collect();
    assert_eq!(
        types,
        [
            "application/vnd.wasm.content.layer.v1+wasm",
            "application/vnd.wasm.content.layer.v1+data",
            "application/vnd.fermyon.spin.application.v1+config",
        ]
    );
    for (_, promised, content) in &pulled.layers {
        assert_eq!(wharf_tests::digest(content), *promised);
    }
    let config = json(&String::from_utf8_lossy(&pulled.config));
    assert_eq!(config["os"], "Wasip1");
    assert_eq!(config["architecture"], "wasm");
    let label = &config["config"]["Labels"]["com.fermyon.spin.lockedAppDigest"];
    assert_eq!(*label, *pulled.layers[2].1);
}

#[test]
fn an_application_that_was_laid_out_by_hand_is_pulled_and_run() {
    let app = ShelvedApp::new();
    let (shelf, digest) = (app.shelf.clone(), app.digest.clone());
    let server = Server::start(move |request| shelf.answer(request));
    let env = environment();
    let reference = format!("{}/app:1", server.address());
    let pulled = env.run(&format!("registry pull {reference}"));
    assert_eq!(pulled.success().digest(), digest);
    env.verify_store();
    let (running, url) = up(&env, &format!("-f {reference}"));
    assert!(text(&format!("{url}/?file=/asset.txt")).contains("from the shelf"));
    running.interrupt();
    let _ = running.finish().success();
}
