//! The same application is the same artifact, however and wherever it came to be, and
//! what is pulled is what was pushed.

use std::fs::{self, File, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use wharf_tests::environment::files_below;
use wharf_tests::{Json, Registry, TestEnv, programs};

use crate::{environment, json, push};

const TOML: &str = r#"spin_manifest_version = 2
[application]
name = "same"
version = "1.2.3"
description = "All the same"
authors = ["Ada", "Charles"]

[[trigger.http]]
route = "/..."
component = "a"

[component.a]
source = "bin/a.wasm"
files = ["assets/**/*", "ä.txt", { source = "I", destination = "/placed" }]
"#;

/// The files beside it; some would be sorted otherwise in some languages.
fn files() -> Vec<(&'static str, Vec<u8>)> {
    let large = "A line that is repeated.\n".repeat(100);
    vec![
        ("assets/B.txt", b"B".to_vec()),
        ("assets/a.txt", b"a".to_vec()),
        ("assets/deep/er/large.txt", large.into_bytes()),
        ("assets/empty", Vec::new()),
        ("assets/i.txt", b"i".to_vec()),
        ("assets/ı.txt", "ı".as_bytes().to_vec()),
        ("I", b"I".repeat(1_000)),
        ("ä.txt", "ä".as_bytes().to_vec()),
    ]
}

fn write(directory: &Path, turned: bool) {
    let mut files = files();
    files.push(("spin.toml", TOML.as_bytes().to_vec()));
    files.push((
        "bin/a.wasm",
        fs::read(programs::HELLO_P2).expect("it was built"),
    ));
    if turned {
        files.reverse();
    }
    for (path, content) in files {
        let path = directory.join(path);
        fs::create_dir_all(path.parent().expect("it has one")).expect("it can be made");
        fs::write(&path, content).expect("it can be written");
    }
}

fn dry(env: &TestEnv, directory: &Path, variables: &[(&str, &str)], more: &str) -> Json {
    let line = format!("registry push r.example/a:1 --dry-run --offline --format json{more}");
    let mut run = env.command(line.split(' ')).directory(directory);
    for (name, value) in variables {
        run = run.variable(name, value);
    }
    json(&run.run().success().stdout)
}

#[test]
fn nothing_but_the_content_counts() {
    let (one, other) = (environment(), environment());
    let here = one.work().join("here");
    let there = other.work().join("a much longer/path/to the same");
    write(&here, false);
    write(&there, true);
    let long_ago = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000_000);
    for file in files_below(&there) {
        let mode = if file.ends_with("a.wasm") {
            0o755
        } else {
            0o400
        };
        File::options()
            .append(true)
            .open(&file)
            .and_then(|file| file.set_modified(long_ago))
            .expect("it can be changed");
        fs::set_permissions(&file, Permissions::from_mode(mode)).expect("it can be changed");
    }
    let expected = dry(&one, &here, &[], "");
    let found = dry(
        &other,
        &there,
        &[
            ("LC_ALL", "tr_TR.UTF-8"),
            ("LANG", "tr_TR"),
            ("TZ", "Asia/Tokyo"),
        ],
        "",
    );
    assert_eq!(found["digest"], expected["digest"]);
    assert_eq!(found["documents"], expected["documents"]);

    // By every way to name it.
    for from in [" -f .", " -f spin.toml", " -f ./bin/../spin.toml"] {
        let named = dry(&one, &here, &[], from);
        assert_eq!(named["digest"], expected["digest"], "{from}");
    }
    fs::write(here.join("assets/a.txt"), "b").expect("it can be written");
    assert_ne!(dry(&one, &here, &[], "")["digest"], expected["digest"]);
}

#[test]
fn annotations_are_inferred_and_what_is_said_wins() {
    let env = environment();
    let app = env.work().join("app");
    write(&app, false);
    let annotations = |answer: &Json| answer["documents"]["manifest"]["annotations"].clone();
    let inferred = dry(&env, &app, &[], "");
    assert_eq!(
        annotations(&inferred),
        wharf_tests::json!({
            "org.opencontainers.image.authors": "Ada, Charles",
            "org.opencontainers.image.description": "All the same",
            "org.opencontainers.image.title": "same",
            "org.opencontainers.image.version": "1.2.3",
        })
    );
    let epoch = [("SOURCE_DATE_EPOCH", "1700000000")];
    let said = " --annotation org.opencontainers.image.title=other --annotation a=b=c";
    let found = annotations(&dry(&env, &app, &epoch, said));
    assert_eq!(found["org.opencontainers.image.title"], "other");
    assert_eq!(found["org.opencontainers.image.version"], "1.2.3");
    assert_eq!(found["a"], "b=c");
    assert_eq!(
        found["org.opencontainers.image.created"],
        "2023-11-14T22:13:20Z"
    );
    // The time is said by the annotation when there is one.
    let said = " --annotation org.opencontainers.image.created=then";
    let found = annotations(&dry(&env, &app, &epoch, said));
    assert_eq!(found["org.opencontainers.image.created"], "then");
    let again = dry(&env, &app, &epoch, "");
    assert_eq!(again["digest"], dry(&env, &app, &epoch, "")["digest"]);
    assert_ne!(again["digest"], inferred["digest"]);

    let command = "registry push r.example/a:1 --dry-run --offline";
    for wrong in ["yesterday", "-1", "1.5", "99999999999999"] {
        let run = env.command(command.split(' ')).directory(&app);
        let run = run.variable("SOURCE_DATE_EPOCH", wrong).run();
        let _ = run.code(2).says(&[wrong]);
    }
}

#[test]
fn what_is_pulled_is_what_was_pushed() {
    let registry = Registry::start();
    let author = environment();
    let app = author.work().join("app");
    write(&app, false);
    let reference = format!("{}/app:1", registry.address());
    let documents = dry(&author, &app, &[], "")["documents"].clone();
    let pushed = push(&author, &app, &reference).digest();

    let user = environment();
    let pull = format!("registry pull {reference} -o out");
    assert_eq!(user.run(&pull).success().digest(), pushed);
    let out = user.work().join("out");
    let read = |path: PathBuf| fs::read(&path).unwrap_or_else(|why| panic!("{path:?}: {why}"));
    let lock = String::from_utf8(read(out.join("spin.lock"))).expect("it is text");
    assert_eq!(json(&lock), documents["lockedApp"]);
    assert_eq!(read(out.join("a.wasm")), read(programs::HELLO_P2.into()));
    let mut expected: Vec<_> = files();
    for (path, content) in &mut expected {
        if *path == "I" {
            *path = "placed";
        }
        assert_eq!(read(out.join("a").join(*path)), *content, "{path}");
    }
    // And nothing else.
    assert_eq!(files_below(&out).len(), expected.len() + 2);
    // It is the same artifact from there, too.
    let blob = |env: &TestEnv| read(env.blob(&pushed).expect("it is there"));
    assert_eq!(blob(&user), blob(&author));
    user.verify_store();
}
