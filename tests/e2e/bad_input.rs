//! What a user can get wrong, and what a machine can run out of.

use std::fs;
use std::net::TcpListener;

use wharf_tests::environment::files_below;
use wharf_tests::{App, Registry, json as value, programs};

use crate::{environment, greeting, json};

#[test]
fn a_malformed_reference_is_a_mistake_of_the_user() {
    let env = environment();
    for reference in [
        "UPPER/case:1",
        "registry.example/UPPER:1",
        "registry.example/",
        "registry.example/app:",
        "registry.example/app:tag with space",
        "registry.example/app@sha256:123",
        "registry.example/app@md5:d41d8cd98f00b204e9800998ecf8427e",
        "registry.example/../app:1",
        "https://registry.example/app:1",
        "",
    ] {
        let output = env.command(["registry", "pull", reference]).run();
        let _ = output.code(2).says(&["reference"]);
    }
    assert!(env.blobs().is_empty());
}

#[test]
fn an_unknown_reference_is_not_found() {
    let registry = Registry::start();
    let env = environment();
    let address = registry.address();
    let zeros = "0".repeat(64);
    for reference in [
        format!("{address}/nothing:1"),
        format!("{address}/nothing@sha256:{zeros}"),
    ] {
        let output = env.run(&format!("registry pull {reference}")).code(4);
        let _ = output.says(&[&reference]);
        let _ = env
            .run(&format!("up -f {reference} --listen 127.0.0.1:0"))
            .code(4);
    }
}

#[test]
fn a_registry_that_is_down_is_a_network_error_that_names_it() {
    // Bound and dropped: nothing listens there.
    let address = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let env = environment();
    greeting("app").write(&env.work());
    for command in [
        format!("registry pull {address}/app:1"),
        format!("registry push {address}/app:1 -f app"),
        format!("registry login {address} -u ann -p secret"),
        format!("up -f {address}/app:1"),
    ] {
        let _ = env.run(&command).code(5).says(&[&address.to_string()]);
    }
}

#[test]
fn with_json_an_error_is_json_with_its_kind_and_its_exit_code() {
    let env = environment();
    let output = env
        .run("registry pull 127.0.0.1:1/app:1 --format json")
        .code(5);
    assert_eq!(output.stdout, "");
    let line = output.stderr.lines().last().unwrap();
    let error = &json(line)["error"];
    assert_eq!(error["kind"], "network");
    assert_eq!(error["exit_code"], 5);
}

#[test]
fn a_manifest_that_is_missing_or_malformed_is_a_mistake_of_the_user() {
    let env = environment();
    let app = greeting("app").write(&env.work());
    let manifest = app.join("spin.toml");
    let right = fs::read_to_string(&manifest).unwrap();
    for (text, word) in [
        (String::new(), "spin_manifest_version"),
        ("not toml at all [".to_owned(), "spin.toml"),
        (right.replace("= 2", "= 7"), "spin_manifest_version = 2"),
        (right.replace("name =", "nmae ="), "nmae"),
        (
            right.replace("component = \"hello\"", "component = \"other\""),
            "other",
        ),
        (right.replace("hello.wasm", "missing.wasm"), "missing.wasm"),
        (right.replace("\"assets/hello\"", "\"assets/gone\""), "gone"),
        (
            right.replace("\"assets/hello\"", "\"../outside\""),
            "outside",
        ),
    ] {
        assert_ne!(text, right);
        fs::write(&manifest, text).unwrap();
        let output = env.run("registry push 127.0.0.1:1/app:1 -f app").code(2);
        let _ = output.says(&[word, "app"]);
    }
    let output = env
        .run("registry push 127.0.0.1:1/app:1 -f nowhere")
        .code(2);
    let _ = output.says(&["nowhere"]);
    let output = env.run("registry push 127.0.0.1:1/app:1").code(2);
    let _ = output.says(&["spin.toml"]);
}

#[test]
fn a_manifest_as_editors_of_other_systems_write_it_is_the_same() {
    let env = environment();
    let app = greeting("app").write(&env.work());
    let manifest = app.join("spin.toml");
    let right = fs::read_to_string(&manifest).unwrap();
    let push = "registry push r.example/app:1 -f app --dry-run --offline";
    let digest = env.run(push).success().digest();
    let lines = right.replace('\n', "\r\n");
    for text in [
        format!("\u{feff}{right}"),
        lines.clone(),
        format!("\u{feff}{lines}"),
    ] {
        fs::write(&manifest, text).unwrap();
        assert_eq!(env.run(push).success().digest(), digest);
    }
    // Lines and columns are those of the editor.
    let wrong = lines.replacen("name =", "nmae =", 1);
    fs::write(&manifest, format!("\u{feff}{wrong}")).unwrap();
    let _ = env.run(push).code(2).says(&["line 4, column 1", "`nmae`"]);
}

#[test]
fn a_manifest_that_is_no_text_is_a_mistake_of_the_user() {
    let env = environment();
    let app = greeting("app").write(&env.work());
    let manifest = app.join("spin.toml");
    let utf16: Vec<u8> = "a = 1".encode_utf16().flat_map(u16::to_be_bytes).collect();
    let utf16 = [vec![0xfe, 0xff], utf16].concat();
    let long = format!("x = \"{}\"", "y".repeat(1 << 20)).into_bytes();
    for (bytes, words) in [
        (b"a = 1\n\xff".to_vec(), "is not UTF-8, from line 2 on"),
        (utf16, "is not UTF-8, from line 1 on"),
        (long, "has more than 1048576 bytes"),
    ] {
        fs::write(&manifest, bytes).unwrap();
        for command in [
            "registry push r.example/app:1 -f app --dry-run --offline",
            "up -f app",
        ] {
            let _ = env.run(command).code(2).says(&["`spin.toml`", words]);
        }
    }
}

#[test]
fn a_program_that_is_no_wasm_is_a_mistake_of_the_user() {
    let env = environment();
    let app = greeting("app").write(&env.work());
    fs::write(app.join("hello.wasm"), "#!/bin/sh\n").unwrap();
    let output = env.run("registry push 127.0.0.1:1/app:1 -f app").code(2);
    let _ = output.says(&["hello.wasm"]);
}

#[test]
fn a_link_out_of_the_application_is_not_published() {
    let registry = Registry::start();
    let env = environment();
    let app = greeting("app").write(&env.work());
    let secret = "a secret outside of the application ".repeat(10);
    fs::write(env.home().join("secret.txt"), &secret).unwrap();
    std::os::unix::fs::symlink(
        env.home().join("secret.txt"),
        app.join("assets/hello/link.txt"),
    )
    .unwrap();
    let push = format!("registry push {}/app:1 -f app", registry.address());
    let out = "leads out of the application's directory through a symbolic link";
    let _ = env.run(&push).code(2).says(&["link.txt", out]);
    let digest = wharf_tests::digest(secret.as_bytes());
    assert!(!registry.blobs().contains(&digest));
    assert!(env.blob(&digest).is_none());

    // As does a directory, a way through one, and the name of a file in it.
    fs::remove_file(app.join("assets/hello/link.txt")).unwrap();
    std::os::unix::fs::symlink(env.home(), app.join("assets/hello/away")).unwrap();
    let _ = env.run(&push).code(2).says(&["assets/hello/away", out]);
    let manifest = app.join("spin.toml");
    let right = fs::read_to_string(&manifest).unwrap();
    let entry = "{ source = \"assets/hello\", destination = \"/\" }";
    assert!(right.contains(entry), "{right}");
    for named in [
        "\"assets/hello/away/secret.txt\"",
        "\"assets/hello/away/*.txt\"",
        "{ source = \"assets/hello/away\", destination = \"/\" }",
    ] {
        fs::write(&manifest, right.replace(entry, named)).unwrap();
        let _ = env.run(&push).code(2).says(&["assets/hello/away", out]);
    }
    assert!(env.blob(&digest).is_none());
}

#[test]
fn a_full_disk_is_an_error_and_leaves_no_half_content() {
    let registry = Registry::start();
    let env = environment();
    let app = greeting("app").write(&env.work());
    let reference = format!("{}/app:1", registry.address());
    let _ = crate::push(&env, &app, &reference);

    // A limit on the size of files, which the kernel keeps as it keeps a full
    // disk's: a write beyond it fails. The signal that goes with it is ignored.
    let other = environment();
    let script = format!(
        "trap '' XFSZ; ulimit -f 100; exec {} registry pull {reference}",
        env!("CARGO_BIN_EXE_wharf")
    );
    let mut command = std::process::Command::new("sh");
    command
        .args(["-c", &script])
        .env_clear()
        .env("HOME", other.home())
        .env("XDG_CACHE_HOME", other.cache());
    let limit = std::time::Duration::from_mins(1);
    let output = wharf_tests::Running::start(command, Vec::new(), limit).finish();
    let _ = output.code(1).says(&["large"]);
    other.verify_store();
    let wasm = fs::read(programs::HELLO_P2).unwrap();
    assert!(other.blob(&wharf_tests::digest(&wasm)).is_none());

    let _ = other.run(&format!("registry pull {reference}")).success();
    other.verify_store();
}

#[test]
fn a_store_that_can_not_be_written_is_an_error_that_names_it() {
    let env = environment();
    fs::write(env.work().join("file"), "not a directory").unwrap();
    let output = env.run("registry pull 127.0.0.1:1/app:1 --cache-dir file/store");
    assert!(matches!(output.status.code(), Some(1 | 2)), "{output:?}");
    let _ = output.says(&["file/store"]);
}

#[test]
fn the_store_is_where_it_was_asked_for() {
    let registry = Registry::start();
    let env = environment();
    greeting("app").write(&env.work());
    let push = format!("registry push {}/app:1 -f app", registry.address());
    let _ = env
        .run(&format!(
            "{push} --cache-dir {}",
            env.root().join("flag").display()
        ))
        .success();
    assert!(env.blobs().is_empty());
    assert!(!files_below(&env.root().join("flag")).is_empty());
    let variable = env.root().join("variable");
    let run = env
        .command(push.split(' '))
        .variable("WHARF_CACHE_DIR", &variable);
    let _ = run.run().success();
    assert!(env.blobs().is_empty());
    assert!(!files_below(&variable).is_empty());
    let _ = env.run(&push).success();
    assert!(!env.blobs().is_empty());
}

#[test]
fn an_artifact_that_is_no_application_is_not_run() {
    let mut shelf = wharf_tests::Shelf::new();
    let config = shelf.blob("application/vnd.oci.image.config.v1+json", "{}");
    let layer = shelf.blob("application/vnd.oci.image.layer.v1.tar", "x".repeat(1000));
    let manifest = value!({ "schemaVersion": 2, "config": config, "layers": [layer] });
    shelf.manifest("1", manifest.to_string());
    let server = wharf_tests::Server::start(move |request| shelf.answer(request));
    let env = environment();
    let up = format!("up -f {}/app:1 --listen 127.0.0.1:0", server.address());
    let output = env.run(&up);
    assert!(!output.status.success(), "{output:?}");
    assert!(!output.stdout.contains("Serving"), "{output:?}");
    let _ = output.says(&["application"]);
}

#[test]
fn a_core_module_in_place_of_a_component_is_refused_before_listening() {
    let env = environment();
    let app = App::of("app", programs::HELLO_P2).write(&env.work());
    fs::write(app.join("hello.wasm"), b"\0asm\x01\0\0\0").unwrap();
    let output = env.run("up -f app --listen 127.0.0.1:0");
    assert!(!output.status.success(), "{output:?}");
    assert!(!output.stdout.contains("Serving"), "{output:?}");
    let _ = output.says(&["hello"]);
}

#[test]
fn every_command_explains_itself() {
    let env = environment();
    let help = env.run("--help").success().stdout;
    for line in ["registry", "up", "WHARF_CACHE_DIR"] {
        assert!(help.contains(line), "{help}");
    }
    for command in [
        "registry login",
        "registry logout",
        "registry push",
        "registry pull",
        "up",
    ] {
        let help = env.run(&format!("{command} --help")).success().stdout;
        assert!(help.contains("Examples:"), "{help}");
    }
    let _ = env.run("registry publish").code(2);
}
