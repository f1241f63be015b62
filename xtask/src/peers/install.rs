//! How a program is built into a folder, in each language.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result};

use super::pins::Peer;
use crate::cargo::{cargo, root};
use crate::programs;

/// Builds a program in Go, with build tags, into a folder.
pub(super) fn go_install(peer: &Peer, tags: &str, into: &Path) -> Result<Command> {
    let go = programs::find("go").with_context(|| {
        format!(
            "{} is built with Go, which is not here; https://go.dev/dl/ has it",
            peer.name
        )
    })?;
    let mut install = Command::new(go);
    install
        .env("GOBIN", into)
        .env("CGO_ENABLED", "0")
        .args(["install", "-tags", tags])
        .stdout(Stdio::null());
    if peer.package.starts_with("./") {
        install.current_dir(root().join(peer.package)).arg(".");
    } else {
        let version = format!("{}@{}", peer.package, peer.version);
        install.current_dir(into).arg(version);
    }
    Ok(install)
}

/// Builds a program in Rust into a folder, with the versions that it was published with.
pub(super) fn cargo_install(peer: &Peer, into: &Path) -> Command {
    let mut install = cargo();
    install.args(["install", "--locked", "--no-track"]);
    if peer.package.starts_with("./") {
        install.arg("--path").arg(root().join(peer.package));
    } else {
        install.args([peer.package, "--version", peer.version]);
    }
    install.arg("--root").arg(into).stdout(Stdio::null());
    install
}

/// Installs what a lock file names into a folder.
pub(super) fn npm_install(peer: &Peer, into: &Path) -> Result<Command> {
    let npm = programs::find("npm").with_context(|| {
        format!(
            "{} is installed with npm, which is not here; https://nodejs.org has it",
            peer.name
        )
    })?;
    for file in ["package.json", "package-lock.json"] {
        let from = root().join(peer.package).join(file);
        fs::copy(&from, into.join(file)).with_context(|| format!("copying {}", from.display()))?;
    }
    let mut install = Command::new(npm);
    install
        .current_dir(into)
        .args(["ci", "--no-audit", "--no-fund"])
        .stdout(Stdio::null());
    Ok(install)
}
