//! Applications as they were published before Spin 2.0: the locked application is the
//! config, and no layer.

use std::fs;

use wharf_tests::artifact::{DATA, LOCKED};
use wharf_tests::{Artifact, Registry};

use crate::{environment, json, text, up};

#[test]
fn an_application_whose_config_is_the_locked_application_is_read() {
    let content = "An asset of long ago. ".repeat(40);
    let asset = wharf_tests::digest(content.as_bytes());
    let mut artifact = Artifact::new()
        .layer(DATA, content.as_str())
        .names("asset.txt", &asset)
        .locked(|locked| locked["metadata"]["name"] = "legacy".into());
    artifact.config["mediaType"] = LOCKED.into();
    let locked = artifact.locked.to_string();
    let registry = Registry::start();
    let reference = artifact.publish(registry.address(), "legacy");

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
