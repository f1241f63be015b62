//! Whom a registry, a mirror or a layout would mislead: a digest is that digest, and what
//! says of itself that it need not be signed has to be.

use std::fs;

use wharf_tests::proxy::{Fate, Proxy};
use wharf_tests::{Registry, digest, json as value};

use super::{author, careful, configure, pushed, sign, signed, verify};
use crate::{environment, greeting, json, push};

#[test]
fn a_digest_that_a_head_leads_elsewhere_is_itself() {
    let registry = Registry::start();
    let address = registry.address();
    let maker = author();
    let old = signed(&maker, address);
    let other = greeting("other").write(&maker.work());
    let new = push(&maker, &other, &format!("{address}/app:2")).digest();
    let (asked, told) = (new.clone(), old.clone());
    let proxy = Proxy::with_fates(address, move |request| {
        if request.method == "HEAD" && request.target.ends_with(&asked) {
            let at = request.target.replace(&asked, &told);
            Fate::At(at, Box::new(Fate::Forward))
        } else {
            Fate::Forward
        }
    });
    let address = proxy.address();
    let reference = format!("{address}/app@{new}");

    // What is signed is the other one.
    let env = careful(&maker, &address);
    for line in [
        format!("registry pull {reference}"),
        format!("up -f {reference} --listen 127.0.0.1:0"),
        format!("registry copy {reference} {address}/copied:1"),
    ] {
        let _ = env.run(&line).code(8);
    }

    let copied = format!("registry copy {reference} {address}/copied:1");
    let _ = environment().run(&copied).success();
    let resolve = format!("registry resolve {}/copied:1", registry.address());
    let resolved = environment().run(&resolve).success().stdout;
    assert!(resolved.contains(&new), "{resolved}");

    let signer = author();
    let _ = sign(&signer, &reference).success();
    let at = |digest: &str| format!("{}/app@{digest}", registry.address());
    let _ = verify(&signer, &at(&new)).success();
    let _ = verify(&signer, &at(&old)).code(8);
}

#[test]
fn what_a_mirror_says_of_a_tag_is_not_signed() {
    let (registry, mirror) = (Registry::start(), Registry::start());
    let address = registry.address();
    let maker = author();
    let right = pushed(&maker, address);
    let other = greeting("other").write(&maker.work());
    let wrong = push(&maker, &other, &format!("{}/app:1", mirror.address())).digest();
    assert_ne!(right, wrong);
    let signer = author();
    let mirrored = format!(
        "[registry.\"{address}\"]\nmirrors = [\"{}\"]\n",
        mirror.address()
    );
    configure(&signer, &mirrored);
    let output = sign(&signer, &format!("{address}/app:1")).success();
    assert!(output.stdout.contains(&right), "{}", output.stdout);
}

#[test]
fn what_says_that_it_refers_to_something_has_to_be_signed_to_be_loaded() {
    let registry = Registry::start();
    let address = registry.address();
    let maker = author();
    let _ = pushed(&maker, address);
    let env = careful(&maker, address);
    let _ = maker
        .run(&format!("registry save {address}/app:1 -o layout"))
        .success();
    let layout = maker.work().join("layout");
    let _ = env
        .run(&format!("registry load {}", layout.display()))
        .code(8);

    let blob = |digest: &str| {
        let hex = digest.trim_start_matches("sha256:");
        layout.join("blobs/sha256").join(hex)
    };
    let read = |path| json(&fs::read_to_string(path).expect("it can be read"));
    let index_file = layout.join("index.json");
    let mut index = read(index_file.clone());
    let entry = &mut index["manifests"][0];
    let mut manifest = read(blob(entry["digest"].as_str().expect("it is text")));
    manifest["subject"] = value!({
        "mediaType": manifest["mediaType"],
        "digest": digest(b"nothing that is here"),
        "size": 20,
    });
    let manifest = manifest.to_string();
    entry["digest"] = digest(manifest.as_bytes()).into();
    entry["size"] = manifest.len().into();
    fs::write(blob(&digest(manifest.as_bytes())), &manifest).expect("it can be written");
    fs::write(&index_file, index.to_string()).expect("it can be written");

    let load = format!("registry load {}", layout.display());
    let _ = env.run(&load).code(8);
    let _ = env.run(&format!("{load} --name {address}/app:2")).code(8);
    let listed = env.run("cache list").success().stdout;
    assert!(!listed.contains(&format!("{address}/app")), "{listed}");
}

#[test]
fn who_has_to_have_signed_is_no_question_for_a_path() {
    let env = author();
    let _ = greeting("app").write(&env.work());
    for path in ["app", "app/spin.toml"] {
        let line = format!("up -f {path} --key cosign.pub --listen 127.0.0.1:0");
        let _ = env.run(&line).code(2).says(&["is a path of this machine"]);
    }
}
