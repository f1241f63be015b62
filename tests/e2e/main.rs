//! End to end: the built command against real registries, real peers, and faults.
//!
//! Built as a test of the package `wharf`, so that the command under test is the
//! one that was just built.

mod archives;
mod audit;
mod bad_input;
mod bare;
mod build;
mod cache;
mod compose;
mod concurrent;
mod config;
mod credentials;
mod dry_run;
mod everywhere;
mod examples;
mod files;
mod forward_proxy;
mod further_tags;
mod hostile_artifact;
mod hostile_server;
mod ignore;
mod index;
mod interop;
mod layout;
mod legacy;
mod listing;
mod login;
mod manifest;
mod manual;
mod memory;
mod middleware;
mod mirror;
mod naming;
mod output;
mod package_places;
mod policy;
mod pull;
mod push;
mod referrers;
mod reproducible;
mod restricted;
mod runtimes;
mod sides;
mod source_transfers;
mod sources;
mod tls;
mod token;
mod transfer;
mod trust;
mod up;
mod variables;

use std::ffi::OsStr;
use std::path::Path;

use wharf_tests::{App, Component, Json, Output, Running, TestEnv, http, programs, serde_json};

/// A hermetic environment for the command under test.
fn environment() -> TestEnv {
    TestEnv::new(env!("CARGO_BIN_EXE_wharf"))
}

/// An application that greets, with an environment variable and two files, of which
/// the smaller is inlined.
fn greeting(name: &str) -> App {
    App::new(name).component(
        Component::new("hello", programs::HELLO_P2, "/...")
            .environment("GREETING", "hello there")
            .file("asset.txt", ASSET.repeat(20))
            .file("small.txt", "small"),
    )
}

/// Pushes an application's directory, which must succeed.
fn push(env: &TestEnv, app: &Path, reference: &str) -> Output {
    let arguments = ["registry", "push", reference, "-f"].map(OsStr::new);
    env.command(arguments.into_iter().chain([app.as_os_str()]))
        .run()
        .success()
}

/// The locked application of a reference, as a registry has it.
fn published(env: &TestEnv, reference: &str) -> Json {
    let pulled = env.run(&format!("registry pull {reference} --format json"));
    let pulled = json(&pulled.success().stdout);
    let document = |digest: &Json| {
        let digest = digest.as_str().expect("it is a digest");
        let blob = env.blob(digest).expect("it was pulled");
        json(&std::fs::read_to_string(blob).expect("it is text"))
    };
    let manifest = document(&pulled["digest"]);
    let layers = manifest["layers"].as_array().expect("it has layers");
    document(&layers.last().expect("it has one")["digest"])
}

/// Runs `wharf up` on a free port with more arguments, until it serves.
fn up(env: &TestEnv, arguments: &str) -> (Running, String) {
    let arguments = format!("up --listen 127.0.0.1:0 {arguments}");
    let running = env.command(arguments.split_whitespace()).start();
    let line = running.wait_for("Serving http://");
    let url = line.trim_start_matches("Serving ").trim().to_owned();
    (running, url)
}

/// The text of an answer, which must be a success.
fn text(url: &str) -> String {
    let answer = http::get(url).unwrap_or_else(|error| panic!("{url}: {error}"));
    assert_eq!(answer.status, 200, "{url}: {}", answer.text());
    answer.text()
}

/// What a run printed as JSON.
fn json(output: &str) -> Json {
    serde_json::from_str(output).unwrap_or_else(|error| panic!("{error}: {output}"))
}

/// A line of the files that applications here have. Repeated, it is not inlined.
const ASSET: &str = "An asset of an application.\n";
