//! What is not published, not run, and not written over.

use std::ffi::OsStr;
use std::fs;

use wharf_tests::Registry;
use wharf_tests::programs::{HELLO_P2, HOSTILE_REGISTRY};

use super::{is_refused, program};
use crate::{environment, push};

#[test]
fn a_link_out_of_a_package_is_not_followed() {
    let env = environment();
    let wit = env.work().join("wit");
    fs::create_dir(&wit).unwrap();
    fs::write(env.home().join("secret.wit"), "package a:secret;").unwrap();
    std::os::unix::fs::symlink(env.home().join("secret.wit"), wit.join("link.wit")).unwrap();
    let output = env.run("registry push 127.0.0.1:1/a:1 --wit wit");
    let output = output.code(2).says(&["link.wit", "leads out"]);
    assert!(!output.stderr.contains("a:secret"), "{output:?}");
}

#[test]
fn a_file_that_is_no_component_is_a_mistake_of_the_user() {
    let env = environment();
    let whole = fs::read(HELLO_P2).unwrap();
    let cut = &whole[..whole.len() / 2];
    for (content, word) in [
        (&b"#!/bin/sh\n"[..], "is not WebAssembly"),
        (b"(component\n  (fnc))", "in line 2, column 4"),
        (b"", "is empty"),
        (b"\0asm\x0a\0\x01\0", "version"),
        (cut, "not sound WebAssembly"),
    ] {
        fs::write(env.work().join("hello.wasm"), content).unwrap();
        for command in [
            "registry push 127.0.0.1:1/hello:1",
            "up --listen 127.0.0.1:0",
        ] {
            let output = env.run(&format!("{command} -f hello.wasm")).code(2);
            let output = output.says(&["hello.wasm", word]);
            assert!(!output.stdout.contains("Serving"), "{output:?}");
        }
    }
    // All that is open has to be closed, and nobody writes that much.
    for (content, word) in [
        ("(component ".repeat(150_000), "too deep"),
        (" ".repeat(3 << 20), "wasm-tools parse"),
    ] {
        fs::write(env.work().join("hello.wat"), content).unwrap();
        let push = "registry push 127.0.0.1:1/hello:1 hello.wat";
        let _ = env.run(push).code(2).says(&["hello.wat", word]);
    }
    fs::create_dir(env.work().join("directory.wasm")).unwrap();
    let output = env
        .run("registry push 127.0.0.1:1/hello:1 directory.wasm")
        .code(2);
    let _ = output.says(&["directory.wasm", "spin.toml"]);
}

#[test]
fn what_does_not_answer_http_is_published_and_not_run() {
    let registry = Registry::start();
    let env = environment();
    let path = program(&env, HOSTILE_REGISTRY, "client.wasm");
    let reference = format!("{}/client:1", registry.address());
    let _ = push(&env, &path, &reference);
    for source in ["client.wasm", &reference] {
        let output = env
            .run(&format!("up -f {source} --listen 127.0.0.1:0"))
            .code(7);
        is_refused(output, &["imports", "does not offer"]);
    }
}

#[test]
fn what_is_there_stays_unless_it_is_to_be_replaced() {
    let registry = Registry::start();
    let env = environment();
    let path = program(&env, HELLO_P2, "hello.wasm");
    let reference = format!("{}/hello:1", registry.address());
    let _ = push(&env, &path, &reference);
    let pull = |more: &str| env.run(&format!("registry pull {reference} {more}"));
    let out = env.work().join("out.wasm");
    fs::write(&out, "mine").unwrap();
    let _ = pull("-o out.wasm").code(2).says(&["out.wasm", "--force"]);
    assert_eq!(fs::read(&out).unwrap(), b"mine");
    let _ = pull("-o out.wasm --force").success();
    assert_eq!(fs::read(&out).unwrap(), fs::read(HELLO_P2).unwrap());
    let _ = pull("-o nowhere/out.wasm").code(2).says(&["nowhere"]);
    // A directory that is there is one, whatever its name.
    fs::create_dir(env.work().join("dir.wasm")).unwrap();
    let _ = pull("-o dir.wasm").success();
    assert!(env.work().join("dir.wasm/hello.wasm").is_file());
    let names = fs::read_dir(env.work()).unwrap();
    let names: Vec<_> = names.map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(names.len(), 3, "{names:?}");

    let app = crate::greeting("app").write(&env.work());
    let application = format!("{}/app:1", registry.address());
    let _ = push(&env, &app, &application);
    let output = env
        .run(&format!("registry pull {application} -o app.wasm"))
        .code(2);
    let _ = output.says(&["application", "directory"]);
    assert!(!env.work().join("app.wasm").exists());
}

#[test]
fn what_to_send_is_said_once_and_with_options_that_mean_something() {
    let env = environment();
    let _ = program(&env, HELLO_P2, "hello.wasm");
    let push = "registry push 127.0.0.1:1/hello:1";
    for more in [
        "hello.wasm -f hello.wasm",
        "hello.wasm --wit hello.wasm",
        "-f hello.wasm --wit hello.wasm",
    ] {
        let _ = env
            .run(&format!("{push} {more}"))
            .code(2)
            .says(&["cannot be used with"]);
    }
    for more in [
        "--profile a",
        "--include-build",
        "--include-secret-defaults",
    ] {
        let option = more.split(' ').next().unwrap();
        let output = env.run(&format!("{push} hello.wasm {more}")).code(2);
        let _ = output.says(&[option, "spin.toml"]);
    }
    let output = env.run("up -f hello.wasm --profile a").code(2);
    let _ = output.says(&["--profile", "hello.wasm"]);
}

#[test]
fn a_named_pipe_is_not_opened() {
    let env = environment();
    let made = std::process::Command::new("mkfifo")
        .arg(env.work().join("pipe.wasm"))
        .status();
    assert!(made.is_ok_and(|status| status.success()));
    for command in [
        "registry push 127.0.0.1:1/hello:1 pipe.wasm",
        "registry push 127.0.0.1:1/hello:1 --wit pipe.wasm",
        "up -f pipe.wasm",
    ] {
        let arguments = command.split(' ').map(OsStr::new);
        let _ = env.command(arguments).run().code(2).says(&["pipe.wasm"]);
    }
}
