//! `wharf registry save` and `load`, and pushing what was loaded.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use wharf_tests::{Json, Registry, TestEnv, http, json, peer};

use crate::{ASSET, environment, greeting, json as parsed, push, up};

/// An author who pushed an application as `REGISTRY/app:1`.
fn published(registry: &Registry) -> (TestEnv, String, String) {
    let env = environment();
    let app = greeting("app").write(&env.work());
    let reference = format!("{}/app:1", registry.address());
    let digest = push(&env, &app, &reference).digest();
    (env, reference, digest)
}

/// Writes content under its digest into a layout, and describes it.
fn add_blob(layout: &Path, kind: &str, content: &str) -> Json {
    let digest = wharf_tests::digest(content.as_bytes());
    let hex = digest.trim_start_matches("sha256:");
    fs::write(layout.join("blobs/sha256").join(hex), content).expect("a layout has it");
    json!({ "mediaType": kind, "digest": digest, "size": content.len() })
}

/// Adds a signature of the first manifest of a layout, as other tools do.
fn sign(layout: &Path) -> String {
    let file = layout.join("index.json");
    let mut index = parsed(&fs::read_to_string(&file).expect("a layout has it"));
    let mut subject = index["manifests"][0].clone();
    subject
        .as_object_mut()
        .expect("a layout has it")
        .remove("annotations");
    let empty = add_blob(layout, "application/vnd.oci.empty.v1+json", "{}");
    let kind = "application/vnd.oci.image.manifest.v1+json";
    let manifest = json!({
        "schemaVersion": 2,
        "mediaType": kind,
        "artifactType": "application/x.signature",
        "config": empty,
        "layers": [add_blob(layout, "application/x.signature", "signed")],
        "subject": subject,
    });
    let described = add_blob(layout, kind, &manifest.to_string());
    index["manifests"]
        .as_array_mut()
        .expect("a layout has it")
        .push(described.clone());
    fs::write(&file, index.to_string()).expect("a layout has it");
    described["digest"]
        .as_str()
        .expect("a layout has it")
        .to_owned()
}

#[test]
fn an_application_is_carried_in_a_file_to_another_registry() {
    let (here, there) = (Registry::start(), Registry::start());
    let (author, reference, digest) = published(&here);
    let saved = author.run(&format!("registry save {reference} -o app.tar --offline"));
    let saved = saved.success().stdout;
    assert_eq!(saved, format!("Saved {reference} with digest {digest}\n"));
    drop(here);
    let file = author.work().join("app.tar");

    let env = environment();
    let load = format!("registry load {}", file.display());
    let loaded = env.run(&load).success().stdout;
    assert_eq!(loaded, format!("Loaded {reference} with digest {digest}\n"));
    env.verify_store();
    let target = format!("{}/carried:2", there.address());
    for source in [&reference, &digest] {
        let pushed = env.run(&format!("registry push {target} -f {source}"));
        assert_eq!(pushed.success().digest(), digest);
    }
    let image = format!("docker://{target}");
    let raw = peer::skopeo(["inspect", "--raw", "--tls-verify=false", &image]);
    assert_eq!(wharf_tests::digest(raw.stdout.as_bytes()), digest);
    let reader = environment();
    let (running, url) = up(&reader, &format!("-f {target}"));
    assert_eq!(http::get(&url).unwrap().status, 200);
    running.interrupt();
    let _ = running.finish().success();
}

#[test]
fn what_is_saved_is_the_same_each_time_and_other_tools_read_it() {
    let registry = Registry::start();
    let (env, reference, digest) = published(&registry);
    for target in ["one.tar", "two.tar", "layout"] {
        let save = format!("registry save {reference} -o {target} --format json");
        let saved = parsed(&env.run(&save).success().stdout);
        assert_eq!(saved["manifests"][0]["digest"], digest);
    }
    let at = |name: &str| env.work().join(name);
    assert_eq!(
        fs::read(at("one.tar")).unwrap(),
        fs::read(at("two.tar")).unwrap()
    );
    for image in [
        format!("oci-archive:{}:1", at("one.tar").display()),
        format!("oci:{}:1", at("layout").display()),
    ] {
        let raw = peer::skopeo(["inspect", "--raw", &image]);
        assert_eq!(wharf_tests::digest(raw.stdout.as_bytes()), digest);
        // The layout of another tool is loaded, and named.
        let copy = env.root().join("copy");
        let target = format!("oci:{}:other", copy.display());
        let _ = peer::skopeo(["copy", "--insecure-policy", &image, &target]);
        let other = environment();
        let load = format!("registry load {} --name r.example/app:3", copy.display());
        let loaded = other.run(&load).success().stdout;
        assert_eq!(
            loaded,
            format!("Loaded r.example/app:3 with digest {digest}\n")
        );
        fs::remove_dir_all(&copy).unwrap();
    }
    let left: Vec<_> = fs::read_dir(env.work()).unwrap().collect();
    assert_eq!(left.len(), 4, "{left:?}");
}

#[test]
fn what_the_store_lacks_is_pulled_unless_offline() {
    let registry = Registry::start();
    let (_, reference, digest) = published(&registry);
    let env = environment();
    let offline = env.run(&format!("registry save {reference} -o app.tar --offline"));
    let _ = offline.code(4).says(&[&reference, "--offline"]);
    assert!(!env.work().join("app.tar").exists());
    let saved = env.run(&format!("registry save {reference} -o app.tar"));
    assert!(saved.success().stdout.contains(&digest));
    let taken = env.run(&format!("registry save {reference} -o ."));
    let _ = taken.code(2).says(&["not empty"]);
}

#[test]
fn what_refers_to_an_application_is_carried_with_it() {
    let registry = Registry::start();
    let (author, reference, digest) = published(&registry);
    let _ = author
        .run(&format!("registry save {reference} -o layout"))
        .success();
    let signature = sign(&author.work().join("layout"));
    let env = environment();
    let layout = author.work().join("layout");
    let loaded = env.run(&format!("registry load {}", layout.display()));
    let loaded = loaded.success().stdout;
    let line = format!("Loaded {signature}, which refers to {digest}\n");
    assert!(loaded.ends_with(&line), "{loaded}");

    let save = format!("registry save {digest} -o");
    let _ = env.run(&format!("{save} with.tar")).success();
    let _ = env
        .run(&format!("{save} without.tar --no-referrers"))
        .success();
    for (file, count) in [("with.tar", 2), ("without.tar", 1)] {
        let other = environment();
        let path = env.work().join(file);
        let load = format!("registry load {} --name r.example/app:1", path.display());
        let _ = other.run(&load).success();
        let listed = other.run("cache list --format json").success().stdout;
        let listed = parsed(&listed);
        assert_eq!(listed["names"].as_array().unwrap().len(), count, "{listed}");
        other.verify_store();
    }
}

/// Loads what must be refused, and looks that nothing is left.
fn refused(path: &Path, code: i32, words: &[&str]) {
    let env = environment();
    let output = env.run(&format!("registry load {}", path.display()));
    let _ = output.code(code).says(words);
    assert!(env.blobs().is_empty(), "{words:?}");
    let listed = env.run("cache list").success().stdout;
    assert!(listed.is_empty(), "{listed}");
    let left = fs::read_dir(env.cache().join("wharf/scratch")).expect("the store was opened");
    assert_eq!(left.count(), 0, "{words:?}");
}

/// A layout in a directory of its own, to be spoilt.
fn fresh(registry: &Registry) -> (TestEnv, PathBuf) {
    let (env, reference, _) = published(registry);
    let save = format!("registry save {reference} -o layout");
    let _ = env.run(&save).success();
    let layout = env.work().join("layout");
    (env, layout)
}

fn asset(layout: &Path) -> PathBuf {
    let digest = wharf_tests::digest(ASSET.repeat(20).as_bytes());
    let hex = digest.trim_start_matches("sha256:");
    layout.join("blobs/sha256").join(hex)
}

#[test]
fn content_that_is_not_what_was_promised_is_refused() {
    let registry = Registry::start();
    let (_env, layout) = fresh(&registry);
    let asset = asset(&layout);
    let right = fs::read(&asset).unwrap();
    fs::write(&asset, right.to_ascii_uppercase()).unwrap();
    refused(&layout, 6, &["not what was promised"]);
    fs::write(&asset, &right[1..]).unwrap();
    refused(&layout, 6, &["not what was promised", "bytes"]);
    fs::remove_file(&asset).unwrap();
    refused(&layout, 6, &["is not in the layout"]);
    std::os::unix::fs::symlink("/etc/passwd", &asset).unwrap();
    refused(&layout, 2, &["not a regular file"]);
    fs::remove_file(&asset).unwrap();
    fs::write(&asset, &right).unwrap();

    let file = layout.join("index.json");
    let index = parsed(&fs::read_to_string(&file).unwrap());
    for (size, word) in [
        (json!(1), "1 bytes"),
        (json!(5 << 20), "5242880"),
        (json!(-1), "read"),
    ] {
        let mut wrong = index.clone();
        wrong["manifests"][0]["size"] = size;
        fs::write(&file, wrong.to_string()).unwrap();
        let code = if word == "1 bytes" { 6 } else { 2 };
        refused(&layout, code, &[word]);
    }
    let mut many = index.clone();
    many["manifests"] = vec![index["manifests"][0].clone(); 11_000].into();
    fs::write(&file, many.to_string()).unwrap();
    refused(&layout, 2, &["more than"]);
    fs::write(&file, index.to_string()).unwrap();
    fs::remove_file(layout.join("oci-layout")).unwrap();
    refused(&layout, 2, &["oci-layout"]);
    refused(&layout.join("nothing"), 2, &["nothing"]);
}

#[test]
fn a_tar_file_with_anything_but_plain_files_is_refused() {
    let registry = Registry::start();
    let (env, layout) = fresh(&registry);
    let tar = |name: &str, arguments: &[&str]| {
        let file = env.work().join(name);
        let mut command = Command::new("tar");
        command.arg("-cPf").arg(&file).arg("-C").arg(&layout);
        assert!(command.args(arguments).status().unwrap().success());
        file
    };
    let plain = tar("plain.tar", &["."]);
    let other = environment();
    let _ = other
        .run(&format!("registry load {}", plain.display()))
        .success();

    fs::write(layout.join("extra"), "x").unwrap();
    for target in ["../../../escape", "/escape", "blobs/../../escape"] {
        let rename = format!("--transform=s,^./extra$,{target},");
        refused(&tar("escape.tar", &[&rename, "."]), 2, &["plain path"]);
    }
    let again = tar("again.tar", &[".", "./oci-layout", "--hard-dereference"]);
    refused(&again, 2, &["twice"]);
    std::os::unix::fs::symlink("/etc/passwd", layout.join("link")).unwrap();
    refused(&tar("link.tar", &["."]), 2, &["link"]);
    fs::remove_file(layout.join("link")).unwrap();
    fs::hard_link(layout.join("extra"), layout.join("second")).unwrap();
    refused(&tar("hard.tar", &["."]), 2, &["link"]);
    fs::remove_file(layout.join("second")).unwrap();
    let cut = fs::read(&plain).unwrap();
    fs::write(&plain, &cut[..cut.len() / 2]).unwrap();
    refused(&plain, 2, &[]);
}

#[test]
fn a_source_that_is_neither_here_nor_in_the_store_is_named() {
    let registry = Registry::start();
    let env = environment();
    let push = format!("registry push {}/app:1 -f", registry.address());
    let output = env.run(&format!("{push} r.example/absent:1"));
    let _ = output
        .code(2)
        .says(&["r.example/absent:1", "wharf cache list"]);
    let output = env.run(&format!("{push} ./absent"));
    let _ = output.code(2).says(&["./absent", "no directory"]);
    let (author, reference, _) = published(&registry);
    let output = author.run(&format!("{push} {reference} --annotation a=b"));
    let _ = output.code(2).says(&["--annotation"]);
}

#[test]
fn every_shell_gets_a_script() {
    let env = environment();
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let script = env.run(&format!("completions {shell}")).success().stdout;
        assert!(
            script.contains("prune") && script.contains("wharf"),
            "{shell}"
        );
    }
}
