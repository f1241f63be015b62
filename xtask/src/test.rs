//! `cargo xtask test`: everything that must pass.

use std::process::Command;

use anyhow::Result;

use crate::cargo::{cargo, ensure_component_target};
use crate::{fuzz, narrate, peers, programs};

/// What the tests run that cargo does not build.
const PROGRAMS: [&str; 3] = ["docker-registry", "npm", "skopeo"];

/// Of the matrix of faults, a third: all of it takes a quarter of an hour of two processors,
/// and is run by `cargo test --workspace --test fault`.
const FAULTS: &str = "3";

/// Run everything that must pass before a change is sent in
///
/// Tests against real registries, then formatting, lints and documentation, each without
/// a warning, then a few seconds of each fuzz target. Stops at the first that fails, with its exit code. Installs
/// `docker-registry`, `npm` and `skopeo` where they are missing and this is root on Debian;
/// elsewhere it says what to install. Builds the registries that it needs with Go,
/// Wasmtime's command, Node with npm, and cargo-fuzz with a C++ compiler.
#[derive(clap::Args)]
pub(crate) struct Arguments {}

pub(crate) fn run(_: &Arguments) -> Result<()> {
    programs::ensure(&PROGRAMS)?;
    // The tests find them where they are built.
    peers::distribution()?;
    peers::referrers()?;
    peers::oci_wasm()?;
    peers::cosign()?;
    peers::cosign2()?;
    peers::image_policy()?;
    peers::sigstore()?;
    peers::embed_node()?;
    peers::wasmtime()?;
    ensure_component_target()?;
    for (title, mut command) in steps() {
        narrate::heading(title);
        programs::run(&mut command)?;
    }
    narrate::heading("Fuzzing");
    fuzz::shortly()?;
    narrate::heading("Everything passed: tests, formatting, lints, documentation, fuzzing");
    Ok(())
}

fn steps() -> [(&'static str, Command); 4] {
    let with = |arguments: &[&str]| {
        let mut cargo = cargo();
        cargo.args(arguments);
        cargo
    };
    let mut tests = with(&["test", "--workspace"]);
    tests.env("FAULT_EVERY", FAULTS);
    let mut documentation = with(&["doc", "--no-deps", "--workspace"]);
    documentation.env("RUSTDOCFLAGS", "-D warnings");
    [
        ("Tests", tests),
        ("Formatting", with(&["fmt", "--all", "--check"])),
        (
            "Lints",
            with(&[
                "clippy",
                "--workspace",
                "--all-targets",
                "--",
                "-D",
                "warnings",
            ]),
        ),
        ("Documentation", documentation),
    ]
}
