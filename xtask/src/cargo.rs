//! The workspace, and the cargo that builds it.

use std::env;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, bail};
use serde::Deserialize;

use crate::{narrate, programs};

/// What components are compiled for.
const COMPONENT_TARGET: &str = "wasm32-wasip2";

/// The root of the workspace.
pub(crate) fn root() -> &'static Path {
    let xtask = Path::new(env!("CARGO_MANIFEST_DIR"));
    xtask.parent().unwrap_or(xtask)
}

/// The cargo that runs this task, at the root of the workspace.
pub(crate) fn cargo() -> Command {
    let mut cargo = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.current_dir(root());
    // What `cargo run` says of this task would go on to build scripts, some of which run
    // again when it is not what it was: then TLS and all above it are built once by xtask,
    // and once more by hand.
    let of_this_task = ["CARGO_PKG_", "CARGO_MANIFEST_"];
    for (name, _) in env::vars_os() {
        let known = name.to_str().unwrap_or_default();
        if of_this_task.iter().any(|start| known.starts_with(start)) {
            cargo.env_remove(name);
        }
    }
    cargo
}

/// Installs what the toolchain needs to compile components, where rustup keeps the
/// toolchain and has not done so. Without rustup, it is for whoever installed Rust.
pub(crate) fn ensure_component_target() -> Result<()> {
    let Some(rustup) = programs::find("rustup") else {
        narrate::explain("There is no rustup here: the Rust that is must know wasm32-wasip2.");
        return Ok(());
    };
    // In the root, where `rust-toolchain.toml` says which toolchain is meant.
    let listed = Command::new(&rustup)
        .current_dir(root())
        .args(["target", "list", "--installed"])
        .output()
        .context("`rustup target list --installed` could not be started")?;
    let installed = String::from_utf8_lossy(&listed.stdout);
    if installed.lines().any(|line| line == COMPONENT_TARGET) {
        return Ok(());
    }
    programs::run(Command::new(&rustup).current_dir(root()).args([
        "target",
        "add",
        COMPONENT_TARGET,
    ]))
}

/// Builds the command `wharf` and says where it is.
///
/// In the profile for everyday work, where dependencies are optimised all the same: a
/// newcomer waits less than for a release. And as part of the workspace, with the features
/// that its members want of their dependencies together: so this and `cargo test
/// --workspace` share one build of them, rather than compile Wasmtime twice.
pub(crate) fn build_wharf() -> Result<PathBuf> {
    narrate::command("cargo build --workspace --bin wharf");
    let built = cargo()
        .args(["build", "--workspace", "--bin", "wharf"])
        .args(["--message-format", "json-render-diagnostics"])
        .stderr(Stdio::inherit())
        .output()
        .context("cargo could not be started")?;
    if !built.status.success() {
        bail!("wharf did not build ({})", built.status);
    }
    executable(&built.stdout, "wharf").context("cargo built no executable called wharf")
}

/// Builds the example in `examples/NAME`, as its `spin.toml` says.
pub(crate) fn build_example(name: &str) -> Result<()> {
    let line = format!("cargo build --release --target {COMPONENT_TARGET}");
    narrate::command(&format!("(cd examples/{name} && {line})"));
    let mut build = cargo();
    build
        .current_dir(root().join("examples").join(name))
        .args(["build", "--release", "--target", COMPONENT_TARGET])
        // What the outer build was told concerns the outer build; and `spin.toml`
        // says where the components are.
        .env_remove("CARGO_TARGET_DIR")
        .env_remove("CARGO_BUILD_TARGET_DIR")
        .env_remove("CARGO_ENCODED_RUSTFLAGS")
        .env_remove("RUSTFLAGS");
    programs::run_quietly(&mut build)
}

/// One message of `cargo build --message-format json`; only what is looked for.
#[derive(Deserialize)]
struct Message {
    reason: String,
    #[serde(default)]
    package_id: String,
    target: Option<Target>,
    executable: Option<PathBuf>,
    out_dir: Option<PathBuf>,
}

#[derive(Deserialize)]
struct Target {
    name: String,
}

/// The executable called `name` among those that cargo says it built, in the JSON that
/// `--message-format json` has it print.
pub(crate) fn executable(messages: &[u8], name: &str) -> Option<PathBuf> {
    parsed(messages)
        .filter(|message| message.reason == "compiler-artifact")
        .filter(|message| message.target.as_ref().is_some_and(|t| t.name == name))
        .find_map(|message| message.executable)
}

/// Where the build script of a package of ours, the one in `folder` of the workspace, put
/// what it made, by the same messages.
pub(crate) fn made_by_build_script(messages: &[u8], folder: &str) -> Option<PathBuf> {
    let package = format!("/{folder}#");
    parsed(messages)
        .filter(|message| message.reason == "build-script-executed")
        .filter(|message| message.package_id.contains(&package))
        .find_map(|message| message.out_dir)
}

fn parsed(messages: &[u8]) -> impl Iterator<Item = Message> {
    messages
        .split(|byte| *byte == b'\n')
        .filter_map(|line| serde_json::from_slice::<Message>(line).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_executable_is_found_among_the_messages() {
        let messages = br#"
{"reason":"compiler-artifact","target":{"name":"wharf"},"executable":null}
{"reason":"compiler-artifact","target":{"name":"other"},"executable":"/t/other"}
{"reason":"build-script-executed","package_id":"x"}
{"reason":"compiler-artifact","target":{"name":"wharf"},"executable":"/t/wharf"}
{"reason":"build-finished","success":true}
"#;
        assert_eq!(executable(messages, "wharf"), Some("/t/wharf".into()));
        assert_eq!(executable(messages, "absent"), None);
    }

    #[test]
    fn what_a_build_script_made_is_found_by_its_package() {
        let messages = br#"
{"reason":"build-script-executed","package_id":"registry+https://x#a@1.0.0","out_dir":"/t/a"}
{"reason":"build-script-executed","package_id":"path+file:///w/host/b#b@0.1.0","out_dir":"/t/b"}
"#;
        assert_eq!(
            made_by_build_script(messages, "host/b"),
            Some("/t/b".into())
        );
        assert_eq!(made_by_build_script(messages, "host"), None);
    }

    #[test]
    fn the_root_is_the_workspace() {
        assert!(root().join("rust-toolchain.toml").is_file());
    }
}
