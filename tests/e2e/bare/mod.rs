//! Components that are published alone, as package tools do it.

mod foreign;
mod published;
mod refused;

use std::fs;
use std::path::PathBuf;

use wharf_tests::{Output, TestEnv};

const CONFIG: &str = "application/vnd.wasm.config.v0+json";
const LAYER: &str = "application/wasm";
const TITLE: &str = "org.opencontainers.image.title";

/// A program in the working directory, under this name.
fn program(env: &TestEnv, program: &str, name: &str) -> PathBuf {
    let path = env.work().join(name);
    fs::copy(program, &path).expect("the program was built");
    path
}

/// Says that it can't be run, before anything listens.
fn is_refused(output: Output, words: &[&str]) {
    assert!(!output.status.success(), "{output:?}");
    assert!(!output.stdout.contains("Serving"), "{output:?}");
    let _ = output.says(words);
}
