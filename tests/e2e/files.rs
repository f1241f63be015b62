//! `wharf registry pull -o`: an artifact as files.

use std::fs;

use wharf_tests::{Registry, Server, Shelf, environment::files_below, json as value, programs};

use crate::{ASSET, environment, greeting, json, push};

#[test]
fn an_application_is_written_as_files() {
    let registry = Registry::start();
    let author = environment();
    let app = greeting("app").write(&author.work());
    let reference = format!("{}/app:1", registry.address());
    let _ = push(&author, &app, &reference);

    let env = environment();
    let pull = format!("registry pull {reference} -o out");
    let output = env.run(&format!("{pull} --format json")).success();
    let answer = json(&output.stdout);
    assert_eq!(answer["files"]["directory"], "out");
    assert_eq!(answer["files"]["count"], 4);
    let out = env.work().join("out");
    assert_eq!(
        fs::read(out.join("hello.wasm")).unwrap(),
        fs::read(programs::HELLO_P2).unwrap()
    );
    let text = |path: &str| fs::read_to_string(out.join(path)).unwrap();
    assert_eq!(text("hello/asset.txt"), ASSET.repeat(20));
    assert_eq!(text("hello/small.txt"), "small");
    let lock = json(&text("spin.lock"));
    assert_eq!(lock["components"][0]["id"], "hello");
    assert_eq!(files_below(&out).len(), 4);

    // They are the user's own: the store has others.
    fs::write(out.join("hello/asset.txt"), "changed").unwrap();
    env.verify_store();
    let _ = env.run(&pull).code(2).says(&["not empty", "--force"]);
    assert_eq!(text("hello/asset.txt"), "changed");
    let _ = env.run(&format!("{pull} --force --offline")).success();
    assert_eq!(text("hello/asset.txt"), ASSET.repeat(20));
    let entries = fs::read_dir(env.work()).unwrap().count();
    assert_eq!(entries, 1, "nothing else is left");
}

#[test]
fn damage_in_the_store_is_fetched_again_and_never_written() {
    let registry = Registry::start();
    let env = environment();
    let app = greeting("app").write(&env.work());
    let reference = format!("{}/app:1", registry.address());
    let _ = push(&env, &app, &reference);
    let content = ASSET.repeat(20);
    let blob = env.blob(&wharf_tests::digest(content.as_bytes())).unwrap();
    fs::remove_file(&blob).unwrap();
    fs::write(&blob, content.replace("asset", "ASSET")).unwrap();
    let _ = env
        .run(&format!("registry pull {reference} -o out"))
        .success();
    let written = fs::read_to_string(env.work().join("out/hello/asset.txt"));
    assert_eq!(written.unwrap(), content);
    env.verify_store();
}

/// Pulls, as files, an artifact whose layers have these titles.
fn pulled(titles: &[Option<&str>]) -> (wharf_tests::TestEnv, crate::Output) {
    let mut shelf = Shelf::new();
    let config = shelf.blob("application/vnd.oci.empty.v1+json", "{}");
    let layers: Vec<_> = titles
        .iter()
        .map(|title| {
            let mut layer = shelf.blob("text/plain", "a note");
            if let Some(title) = title {
                layer["annotations"] = value!({ "org.opencontainers.image.title": title });
            }
            layer
        })
        .collect();
    let manifest = value!({
        "schemaVersion": 2,
        "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "config": config,
        "layers": layers,
    });
    shelf.manifest("1", manifest.to_string());
    let server = Server::start(move |request| shelf.answer(request));
    let env = environment();
    let pull = format!("registry pull {}/notes:1 -o out", server.address());
    let output = env.run(&pull);
    (env, output)
}

#[test]
fn layers_of_another_artifact_have_their_titles() {
    let (env, output) = pulled(&[Some("note.txt"), Some("more/note.txt")]);
    let _ = output.success();
    for file in ["out/note.txt", "out/more/note.txt"] {
        let written = fs::read_to_string(env.work().join(file));
        assert_eq!(written.unwrap(), "a note", "{file}");
    }
    let (env, output) = pulled(&[None]);
    let _ = output.code(7).says(&["org.opencontainers.image.title"]);
    assert!(!env.work().join("out").exists());
}

#[test]
fn hostile_names_are_refused_and_nothing_is_written() {
    for title in ["../note", "/note", r"a\note", "a/../../note", "con.txt"] {
        let (env, output) = pulled(&[Some("good"), Some(title)]);
        let _ = output.code(7).says(&["the file"]);
        let left = files_below(&env.work());
        assert!(left.is_empty(), "{title}: {left:?}");
    }
}

#[test]
fn a_place_that_can_not_be_is_a_mistake_of_the_user() {
    let registry = Registry::start();
    let env = environment();
    let app = greeting("app").write(&env.work());
    let reference = format!("{}/app:1", registry.address());
    let _ = push(&env, &app, &reference);
    for (place, part) in [
        ("missing/out", "does not exist"),
        ("app/spin.toml", "no directory"),
        (".. --force", "no name"),
        ("app", "not empty"),
    ] {
        let pull = format!("registry pull {reference} --offline -o {place}");
        let _ = env.run(&pull).code(2).says(&[part]);
    }
    let pull = format!("registry pull {reference} --force");
    let _ = env.run(&pull).code(2).says(&["--output"]);
}
