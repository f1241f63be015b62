//! `wharf cache`.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use wharf_tests::{Json, Registry, TestEnv, http};

use crate::{ASSET, environment, greeting, json, push, up};

fn cache(env: &TestEnv, arguments: &str) -> Json {
    let output = env.run(&format!("cache {arguments} --format json"));
    json(&output.success().stdout)
}

#[test]
fn what_was_pushed_is_counted_and_listed() {
    let registry = Registry::start();
    let env = environment();
    let empty = cache(&env, "info");
    assert_eq!(empty["content"]["pieces"], 0);
    let app = greeting("app").write(&env.work());
    let reference = format!("{}/app:1", registry.address());
    let digest = push(&env, &app, &reference).digest();
    // A file that is inlined is content, too, and nothing leads to it.
    assert_eq!(cache(&env, "prune")["content"]["pieces"], 1);

    let info = cache(&env, "info");
    let blobs = env.blobs();
    assert_eq!(info["content"]["pieces"], blobs.len());
    let bytes: u64 = blobs
        .iter()
        .map(|blob| fs::metadata(blob).unwrap().len())
        .sum();
    assert_eq!(info["content"]["bytes"], bytes);
    assert_eq!(info["names"], 1);
    assert!(Path::new(info["path"].as_str().unwrap()).starts_with(env.cache()));

    let listed = cache(&env, "list");
    let [row] = &listed["names"].as_array().unwrap()[..] else {
        panic!("{listed}");
    };
    assert_eq!(row["name"], reference);
    assert_eq!(row["digest"], digest);
    assert_eq!(row["complete"], true);
    assert_eq!(row["size"], bytes);
    let text = env.run("cache list").success().stdout;
    assert!(
        text.starts_with(&format!("{reference}  {digest}  ")),
        "{text}"
    );
    let text = env.run("cache info").success().stdout;
    assert!(text.contains("Names:       1\n"), "{text}");
}

#[test]
fn what_is_damaged_is_found_set_aside_and_fetched_again() {
    let registry = Registry::start();
    let env = environment();
    let app = greeting("app").write(&env.work());
    let reference = format!("{}/app:1", registry.address());
    let _ = push(&env, &app, &reference);
    assert_eq!(cache(&env, "verify")["damaged"], Json::Array(Vec::new()));

    let digest = wharf_tests::digest(ASSET.repeat(20).as_bytes());
    let blob = env.blob(&digest).unwrap();
    fs::set_permissions(&blob, fs::Permissions::from_mode(0o600)).unwrap();
    fs::write(&blob, ASSET.repeat(20).to_uppercase()).unwrap();
    let output = env.run("cache verify --format json").code(6);
    let verified = json(&output.stdout);
    assert_eq!(verified["damaged"][0], digest);
    assert_eq!(verified["affected"][0]["name"], reference);
    assert!(env.blob(&digest).is_none());
    assert_eq!(cache(&env, "info")["damaged"]["pieces"], 1);
    assert_eq!(cache(&env, "list")["names"][0]["complete"], false);
    let _ = env.run("cache verify").success();

    let _ = env.run(&format!("registry pull {reference}")).success();
    env.verify_store();
    assert_eq!(cache(&env, "list")["names"][0]["complete"], true);
}

#[test]
fn what_a_running_application_uses_is_not_pruned() {
    let registry = Registry::start();
    let env = environment();
    for name in ["running", "other"] {
        let app = greeting(name).write(&env.work());
        let _ = push(&env, &app, &format!("{}/{name}:1", registry.address()));
    }
    let reference = format!("{}/running:1", registry.address());
    let (running, url) = up(&env, &format!("-f {reference}"));
    assert_eq!(cache(&env, "info")["running"], 1);

    let would = cache(&env, "prune --max-size 0 --dry-run");
    let output = env.run("cache prune --max-size 0 --format json").success();
    let pruned = json(&output.stdout);
    assert_eq!(pruned["names"], would["names"]);
    let other = format!("{}/other:1", registry.address());
    assert_eq!(pruned["names"].as_array().unwrap().len(), 1);
    assert_eq!(pruned["names"][0]["name"], other);
    assert!(output.stderr.contains("in use"), "{}", output.stderr);
    assert_eq!(cache(&env, "list")["names"][0]["name"], reference);
    assert_eq!(cache(&env, "list")["names"][0]["complete"], true);
    assert_eq!(http::get(&url).unwrap().status, 200);
    running.interrupt();
    let _ = running.finish().success();

    assert_eq!(cache(&env, "info")["running"], 0);
    let _ = env.run("cache prune --max-size 0").success();
    assert!(env.blobs().is_empty());
    let _ = env.run(&format!("registry pull {reference}")).success();
    env.verify_store();
}

#[test]
fn the_least_recently_used_is_pruned_first() {
    let registry = Registry::start();
    let env = environment();
    for name in ["old", "new"] {
        let app = greeting(name).write(&env.work());
        let _ = push(&env, &app, &format!("{}/{name}:1", registry.address()));
    }
    // Times in the table have whole seconds, and a test does not wait for one to pass.
    let index = env.cache().join("wharf/index.json");
    let mut table = json(&fs::read_to_string(&index).unwrap());
    for entry in table["manifests"].as_array_mut().unwrap() {
        let annotations = &mut entry["annotations"];
        let is_old = annotations["org.opencontainers.image.ref.name"]
            .as_str()
            .is_some_and(|name| name.contains("/old:"));
        let year = if is_old { "2020" } else { "2090" };
        annotations["dev.wharf.seen"] = format!("{year}-01-01T00:00:00Z").into();
        let digest = entry["digest"].as_str().unwrap();
        let manifest = fs::File::open(env.blob(digest).unwrap()).unwrap();
        manifest.set_modified(std::time::UNIX_EPOCH).unwrap();
    }
    fs::write(&index, table.to_string()).unwrap();

    let bytes = cache(&env, "prune")["left"].as_u64().unwrap();
    let untouched = cache(&env, &format!("prune --max-size {bytes}"));
    assert_eq!(untouched["content"]["pieces"], 0);
    let pruned = cache(&env, &format!("prune --max-size {}", bytes - 1));
    assert_eq!(pruned["names"].as_array().unwrap().len(), 1);
    let name = pruned["names"][0]["name"].as_str().unwrap();
    assert!(name.ends_with("/old:1"), "{name}");
    let listed = cache(&env, "list");
    assert_eq!(listed["names"][0]["complete"], true, "what is shared stays");
    env.verify_store();
}

#[test]
fn what_was_packed_and_never_pushed_goes_first() {
    let registry = Registry::start();
    let env = environment();
    let app = greeting("app").write(&env.work());
    let reference = format!("{}/app:1", registry.address());
    let _ = push(&env, &app, &reference);
    let _ = cache(&env, "prune");
    let pushed = env.blobs().len();
    let _ = greeting("local").write(&env.work());
    let (running, _) = up(&env, "-f local");
    assert!(env.blobs().len() > pushed);
    let _ = cache(&env, "prune");
    assert!(env.blobs().len() > pushed, "it runs");
    running.interrupt();
    let _ = running.finish().success();
    let pruned = cache(&env, "prune");
    assert_ne!(pruned["content"]["pieces"], 0);
    assert_eq!(env.blobs().len(), pushed);
}
