//! Paths and content of files that a locked application names.

use wharf_tests::artifact::{ARCHIVE, DATA};
use wharf_tests::{Artifact, json as value, programs};

use super::{Case, fetched};

#[test]
fn paths_that_lead_elsewhere_or_nowhere() {
    let with = |path: &str| Artifact::new().file(path);
    let long_name = "n".repeat(256);
    let long_path = "d/".repeat(2_100) + "x";
    fetched(vec![
        Case::refused("a path that leads up", with("../escape.txt"), 1, "`..`"),
        Case::refused(
            "a path that leads up later",
            with("a/../../escape.txt"),
            1,
            "`..`",
        ),
        Case::refused(
            "an absolute path",
            with("/etc/escape.txt"),
            1,
            "is absolute",
        ),
        Case::refused(
            "an absolute path of Windows",
            with(r"\escape.txt"),
            1,
            "is absolute",
        ),
        Case::refused(
            "a backslash",
            with(r"a\..\..\escape.txt"),
            1,
            "no name that files",
        ),
        Case::refused("a drive", with("C:/escape.txt"), 1, "is absolute"),
        Case::refused("a network share", with(r"\\server\share"), 1, "is absolute"),
        Case::refused("a NUL", with("a\0b"), 1, "no name that files"),
        Case::refused(
            "a line break",
            with("a\nSuccess: b"),
            1,
            "no name that files",
        ),
        Case::refused(
            "an escape sequence",
            with("a\u{1b}[2Jb"),
            1,
            "no name that files",
        ),
        Case::refused(
            "a name that is too long",
            with(&long_name),
            1,
            "is too long",
        ),
        Case::refused(
            "a path that is too long",
            with(&long_path),
            1,
            "is too long",
        ),
        Case::refused("a path with nothing in it", with(""), 1, "is empty"),
        Case::refused("a directory", with("a/"), 1, "no name that files"),
        Case::refused("the root", with("."), 1, "no name that files"),
        Case::refused("one path twice", with("x").file("x"), 1, "is there twice"),
        Case::refused("a file and a directory", with("x").file("x/y"), 1, "`x`"),
    ]);
}

#[test]
fn names_that_other_systems_take_for_something_else() {
    let with = |path: &str| Artifact::new().file(path);
    let called = |id: &str| {
        Artifact::new().locked(|locked| {
            locked["components"][0]["id"] = id.into();
            locked["triggers"][0]["trigger_config"]["component"] = id.into();
        })
    };
    fetched(vec![
        Case::unwritten("a device", with("nul.txt"), "a device's on Windows"),
        Case::unwritten(
            "a device in a directory",
            with("a/Com1/x"),
            "a device's on Windows",
        ),
        Case::unwritten("a dot at the end", with("a/b."), "ends with a dot"),
        Case::unwritten("a space at the end", with("a /b"), "ends with a dot"),
        Case::unwritten("a stream of a file", with("a.txt:hidden"), "a colon"),
        Case::unwritten(
            "two names in one case",
            with("a.txt").file("A.TXT"),
            "upper and lower",
        ),
        Case::unwritten(
            "two directories in one case",
            with("a/x").file("A/y"),
            "upper and lower",
        ),
        Case::unwritten(
            "a component that leads up",
            called("../escape"),
            "its component names",
        ),
        Case::unwritten(
            "a component that is absolute",
            called("/escape"),
            "its component names",
        ),
        Case::unwritten(
            "a component that is a device",
            called("con"),
            "a device's on Windows",
        ),
    ]);
}

#[test]
fn content_that_is_not_what_it_is_said_to_be() {
    let inline = |digest: &str| {
        let file = value!([{ "path": "x", "inline": "aGVsbG8=", "digest": digest }]);
        Artifact::new().locked(|locked| locked["components"][0]["files"] = file)
    };
    let zeros = format!("sha256:{}", "0".repeat(64));
    let source = |source: wharf_tests::Json| {
        Artifact::new().locked(|locked| locked["components"][0]["source"] = source)
    };
    let wasm = "application/wasm";
    let module = b"\0asm\x01\0\0\0".to_vec();
    // An honest beginning, and then nothing that means anything.
    let damaged = [b"\0asm\x0d\0\x01\0".to_vec(), vec![0xff; 100]].concat();
    fetched(vec![
        Case::refused(
            "inline content of another digest",
            inline(&zeros),
            1,
            "should be",
        ),
        Case::refused(
            "content that is no layer",
            Artifact::new().names("x", &zeros),
            1,
            "is no layer of the artifact",
        ),
        Case::refused(
            "a component that is no layer",
            source(value!({ "content_type": wasm, "digest": zeros })),
            1,
            "is no layer of the artifact",
        ),
        Case::refused(
            "a component at an address",
            source(value!({ "content_type": wasm, "source": "file:///etc/passwd" })),
            1,
            "was never published",
        ),
        Case::not_run(
            "text as WebAssembly",
            Artifact::of_bytes(b"#!/bin/sh".to_vec()),
            1,
            "is not WebAssembly",
        ),
        Case::not_run(
            "a damaged component",
            Artifact::of_bytes(damaged),
            1,
            "can't be compiled",
        ),
        Case::not_run(
            "a core module",
            Artifact::of_bytes(module),
            7,
            "core WebAssembly module",
        ),
        Case::not_run(
            "a component that imports what is not offered",
            Artifact::of(programs::IMPORTS_KV),
            7,
            "fermyon:spin/key-value",
        ),
    ]);
}

/// The store has other people's content, of which an artifact might name the digest.
#[test]
fn content_of_another_application_is_not_given_away() {
    let secret = "Of another application, and private. ".repeat(20);
    let digest = wharf_tests::digest(secret.as_bytes());
    for archive in [None, Some(super::archives::good())] {
        let registry = wharf_tests::Registry::start();
        let env = crate::environment();
        let other = Artifact::new().layer(DATA, secret.as_str());
        let reference = other.publish(registry.address(), "private");
        let _ = env.run(&format!("registry pull {reference}")).success();
        assert!(env.blob(&digest).is_some());

        let mut thief = Artifact::new().names("stolen.txt", &digest);
        if let Some(archive) = archive {
            thief = thief.layer(ARCHIVE, archive);
        }
        let reference = thief.publish(registry.address(), "hostile");
        for command in [
            format!("registry pull {reference} -o out"),
            format!("up -f {reference} --listen 127.0.0.1:0"),
        ] {
            let output = env.run(&command).code(1);
            let _ = output.says(&["stolen.txt", &digest]);
        }
        assert!(!env.work().join("out").exists());
    }
}
