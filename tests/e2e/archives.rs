//! Applications of more files than a registry takes layers, and archives of others.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use wharf_tests::artifact::{ARCHIVE, DATA, LOCKED};
use wharf_tests::environment::files_below;
use wharf_tests::{App, Artifact, Component, Json, Registry, TestEnv, archive, programs};

use crate::{environment, json, push, text, up};

/// A file that is no archive's to have.
const LARGE: &str = "large.bin";

/// An application of 600 files that travel, one that is inlined, and a large one.
fn many_files() -> App {
    let mut component = Component::new("hello", programs::HELLO_P2, "/...")
        .file("small.txt", "small")
        .file(LARGE, noise(300_000));
    for number in 0..600_usize {
        let content = format!("File {number} of many. ").repeat(10 + number % 50);
        component = component.file(&format!("d{}/f{number}.txt", number % 7), content);
    }
    App::new("many").component(component)
}

/// Bytes that don't compress.
fn noise(length: usize) -> Vec<u8> {
    let mut state = 88_172_645_463_325_252_u64;
    let next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()[0]
    };
    std::iter::repeat_with(next).take(length).collect()
}

/// The manifest that a tag leads to, as the registry has it.
fn manifest(registry: &Registry, repository: &str, tag: &str) -> Json {
    let digest = registry.tagged(repository, tag).expect("it was pushed");
    let bytes = registry.blob(&digest).expect("it was pushed");
    json(&String::from_utf8(bytes).expect("it is JSON"))
}

fn layers<'a>(manifest: &'a Json, kind: &str) -> Vec<&'a Json> {
    let layers = manifest["layers"].as_array().expect("it has layers");
    layers
        .iter()
        .filter(|layer| layer["mediaType"] == kind)
        .collect()
}

fn digest_of(layer: &Json) -> &str {
    layer["digest"].as_str().expect("it has one")
}

/// All files beneath a directory, by their paths in it.
fn tree(directory: &Path) -> BTreeMap<String, Vec<u8>> {
    let files = files_below(directory).into_iter().map(|file| {
        let name = file.strip_prefix(directory).expect("it lies below");
        let content = fs::read(&file).expect("it can be read");
        (name.to_str().expect("it is a text").to_owned(), content)
    });
    files.collect()
}

#[test]
fn more_files_than_layers_go_out_and_come_back_whole() {
    let registry = Registry::start();
    let author = environment();
    let app = many_files().write(&author.work());
    let reference = format!("{}/many:1", registry.address());
    let digest = push(&author, &app, &reference).digest();
    let manifest = manifest(&registry, "many", "1");
    assert_eq!(manifest["layers"].as_array().unwrap().len(), 500);
    let archives = layers(&manifest, ARCHIVE);
    assert_eq!(archives.len(), 1);
    let large = wharf_tests::digest(&noise(300_000));
    let data = layers(&manifest, DATA);
    assert!(data.iter().any(|layer| digest_of(layer) == large));

    let env = environment();
    let _ = env
        .run(&format!("registry pull {reference} -o out"))
        .success();
    let assets = tree(&app.join("assets/hello"));
    assert_eq!(assets.len(), 602);
    assert!(tree(&env.work().join("out/hello")) == assets);
    env.verify_store();

    let (running, url) = up(&env, &format!("-f {reference} --offline"));
    for path in ["d0/f0.txt", "d4/f599.txt", "small.txt"] {
        let page = text(&format!("{url}/?file=/{path}"));
        assert!(
            page.contains(std::str::from_utf8(&assets[path]).unwrap()),
            "{path}"
        );
    }
    running.interrupt();
    let _ = running.finish().success();

    // The same from elsewhere, made at another time, is the same.
    let other = environment();
    let parent = other.work().join("elsewhere");
    fs::create_dir(&parent).unwrap();
    let again = many_files().write(&parent);
    let touched = std::process::Command::new("find")
        .arg(&again)
        .args([
            "-type",
            "f",
            "-exec",
            "touch",
            "-d",
            "2001-02-03",
            "{}",
            "+",
        ])
        .status();
    assert!(touched.unwrap().success());
    let again = push(&other, &again, &format!("{}/many:2", registry.address()));
    assert_eq!(again.digest(), digest);
}

#[test]
fn an_application_of_many_files_runs_from_its_directory() {
    let env = environment();
    many_files().write(&env.work());
    let (running, url) = up(&env, "-f many");
    assert!(text(&format!("{url}/?file=/d0/f0.txt")).contains("File 0 of many."));
    running.interrupt();
    let _ = running.finish().success();
}

#[test]
fn as_spin_does_it_each_component_has_one_archive() {
    let registry = Registry::start();
    let author = environment();
    let content = "An asset. ".repeat(50);
    let component = |id: &str, program: &str| {
        Component::new(id, program, &format!("/{id}"))
            .file("b/asset.txt", content.as_str())
            .file("a.txt", id)
    };
    let app = App::new("app")
        .component(component("one", programs::HELLO_P2))
        .component(component("two", programs::HELLO_P3))
        .component(Component::new("bare", programs::TRAP, "/bare"))
        .write(&author.work());
    let reference = format!("{}/app:1", registry.address());
    let push = author.command(["registry", "push", &reference, "-f", "app"]);
    let _ = push.variable("SPIN_OCI_ARCHIVE_LAYERS", "").run().success();
    let manifest = manifest(&registry, "app", "1");
    assert_eq!(manifest["layers"].as_array().unwrap().len(), 6);
    let archives = layers(&manifest, ARCHIVE);
    assert_eq!(archives.len(), 2);
    for layer in archives {
        let bytes = registry.blob(digest_of(layer)).unwrap();
        assert_eq!(archive::names(&bytes), ["./a.txt", "./b/asset.txt"]);
    }
    let locked = layers(&manifest, LOCKED)[0];
    let locked = registry.blob(digest_of(locked)).unwrap();
    let locked = json(&String::from_utf8(locked).unwrap());
    let files = &locked["components"][0]["files"];
    assert_eq!(files[0]["path"], "a.txt");
    assert_eq!(files[0]["inline"], "b25l");
    assert_eq!(files[1]["digest"], wharf_tests::digest(content.as_bytes()));

    let env = environment();
    let (running, url) = up(&env, &format!("-f {reference}"));
    for id in ["one", "two"] {
        let page = text(&format!("{url}/{id}?file=/b/asset.txt&file=/a.txt"));
        assert!(page.contains(&content) && page.contains(&format!("file /a.txt: {id}")));
    }
    running.interrupt();
    let _ = running.finish().success();
    let pull = format!("registry pull {reference} -o out --offline");
    let _ = env.run(&pull).success();
    let out = tree(&env.work().join("out"));
    assert_eq!(out["two/b/asset.txt"], content.as_bytes());
    assert_eq!(out.len(), 8);
    drop(app);
}

/// As `tar` makes them: in the order of the disk, with owners and times, `./` before
/// each name, and directories; and in several formats.
#[test]
fn archives_of_gnu_tar_and_gzip_are_read() {
    for format in ["gnu", "pax", "ustar"] {
        let registry = Registry::start();
        let env = environment();
        let directory = env.root().join("packed");
        let long = format!("{}/{}.txt", "directory".repeat(10), "name".repeat(15));
        let large = noise(3_000_000);
        let contents = [
            ("z.txt", b"the last".repeat(100)),
            ("a/b/c.txt", b"deep".repeat(100)),
            (long.as_str(), b"far away".repeat(100)),
            ("large.bin", large),
            ("unnamed", b"of no interest".repeat(100)),
        ];
        let mut artifact = Artifact::new();
        for (path, content) in &contents {
            let file = directory.join(path);
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(file, content).unwrap();
            if *path != "unnamed" {
                // Paths are the locked application's to give.
                let digest = wharf_tests::digest(content);
                artifact = artifact.names(&format!("seen/{path}"), &digest);
            }
        }
        let bytes = archive::of_directory(&directory, &[&format!("--format={format}")]);
        let reference = artifact
            .layer(ARCHIVE, bytes)
            .publish(registry.address(), "archived");
        let inspect = format!("registry inspect {reference} --format json");
        let answer = json(&env.run(&inspect).success().stdout);
        assert_eq!(answer["app"]["components"][0]["files"], 4);
        assert_eq!(answer["layers"][1]["mediaType"], ARCHIVE);
        let _ = env
            .run(&format!("registry pull {reference} -o out"))
            .success();
        for (path, content) in &contents {
            let written = fs::read(env.work().join("out/hello/seen").join(path));
            match *path {
                "unnamed" => assert!(written.is_err()),
                path => assert!(written.unwrap() == *content, "{path}"),
            }
        }
        let unnamed = wharf_tests::digest(&contents[4].1);
        assert!(env.blob(&unnamed).is_none(), "nobody asked for it");
        let (running, url) = up(&env, &format!("-f {reference}"));
        assert!(text(&format!("{url}/?file=/seen/a/b/c.txt")).contains("deepdeep"));
        running.interrupt();
        let _ = running.finish().success();
        env.verify_store();
    }
}

#[test]
fn limits_are_named_with_the_flag_that_raises_them() {
    let registry = Registry::start();
    let files: Vec<_> = (0..20)
        .map(|n| archive::file(&format!("f{n}"), format!("{n} ").repeat(300).as_bytes()))
        .collect();
    let zeros = vec![0; 70 << 20];
    let large = archive::gzip(&archive::tar(&[archive::file("zeros", &zeros)]));
    let reference = Artifact::new()
        .layer(ARCHIVE, archive::gzip(&archive::tar(&files)))
        .layer(ARCHIVE, large)
        .names("zeros", &wharf_tests::digest(&zeros))
        .names("f7", &wharf_tests::digest("7 ".repeat(300).as_bytes()))
        .publish(registry.address(), "archived");
    let env = environment();
    let pull = format!("registry pull {reference} -o out");
    for (flags, limit) in [
        ("", "max-unpacked-size"),
        ("--max-unpacked-size 60M", "max-unpacked-size"),
        ("--max-unpacked-size 100M --max-files 20", "max-files"),
    ] {
        let output = env.run(&format!("{pull} {flags}")).code(7);
        let _ = output.says(&[limit, "--max-unpacked-size", "--max-files"]);
        let up = format!("up -f {reference} --listen 127.0.0.1:0 {flags}");
        let _ = env.run(&up).code(7).says(&[limit]);
        assert!(!env.work().join("out").exists());
        assert!(env.blob(&wharf_tests::digest(&zeros)).is_none());
    }
    let flags = "--max-unpacked-size 100M --max-files 21";
    let _ = env.run(&format!("{pull} {flags}")).success();
    assert!(fs::read(env.work().join("out/hello/zeros")).unwrap() == zeros);
    let pull = format!("registry pull {reference} --max-files 3");
    let _ = env.run(&pull).code(2).says(&["--max-files", "-o"]);
}

#[test]
fn what_no_archive_has_is_named() {
    let registry = Registry::start();
    let reference = Artifact::new()
        .layer(
            ARCHIVE,
            archive::gzip(&archive::tar(&[archive::file("here", &[1; 200])])),
        )
        .names("here", &wharf_tests::digest(&[1; 200]))
        .names("a/gone", &wharf_tests::digest(&[2; 200]))
        .publish(registry.address(), "archived");
    let env = environment();
    for command in [
        format!("registry pull {reference} -o out"),
        format!("up -f {reference} --listen 127.0.0.1:0"),
    ] {
        let digest = wharf_tests::digest(&[2; 200]);
        let output = env.run(&command).code(1);
        let _ = output.says(&["the file `a/gone` of the component `hello`", &digest]);
    }
    assert!(!env.work().join("out").exists());
    assert!(env.blob(&wharf_tests::digest(&[1; 200])).is_none());
}

#[test]
fn a_damaged_archive_is_fetched_again() {
    let registry = Registry::start();
    let content = noise(2_000_000);
    let bytes = archive::gzip(&archive::tar(&[archive::file("x", &content)]));
    let digest = wharf_tests::digest(&bytes);
    let reference = Artifact::new()
        .layer(ARCHIVE, bytes)
        .names("x", &wharf_tests::digest(&content))
        .publish(registry.address(), "archived");
    let env = environment();
    let damaged = |env: &TestEnv| {
        let blob = env.blob(&digest).expect("it was pulled");
        let mut bytes = fs::read(&blob).unwrap();
        let last = bytes.len() - 1_000;
        bytes[last] ^= 1;
        fs::remove_file(&blob).unwrap();
        fs::write(&blob, bytes).unwrap();
    };
    let _ = env.run(&format!("registry pull {reference}")).success();
    damaged(&env);
    let pull = format!("registry pull {reference} -o out");
    let _ = env.run(&pull).success();
    assert!(fs::read(env.work().join("out/hello/x")).unwrap() == content);
    damaged(&env);
    let (running, _) = up(&env, &format!("-f {reference}"));
    running.interrupt();
    let _ = running.finish().success();
    env.verify_store();
}
