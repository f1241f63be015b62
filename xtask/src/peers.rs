//! `cargo xtask peers`: the programs that Wharf is measured and tested against, built
//! once, outside the clone.

mod install;
mod pins;

use std::env;
use std::ffi::OsString;
use std::fs::{self, File};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};

use crate::{narrate, programs};
use install::{cargo_install, go_install, npm_install};
use pins::{Language, PEERS, Peer};

/// Build the programs that Wharf is compared with, and print where they are
///
/// Each is built once, at a pinned version, with Go or Cargo, into `$WHARF_PEERS` or else
/// `wharf-peers` in the cache folder of the user; what is there already is not built
/// again. Prints one path a line on standard output, everything else on standard error.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Print name, package, version and whether it is built, and build nothing
    #[arg(long)]
    list: bool,

    /// Which to build; all of them where none is named
    #[arg(value_name = "NAME", value_parser = PEERS.map(|peer| peer.name))]
    names: Vec<String>,
}

pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    let folder = folder()?;
    let chosen = PEERS.iter().filter(|peer| {
        arguments.names.is_empty() || arguments.names.iter().any(|name| name == peer.name)
    });
    for peer in chosen {
        if arguments.list {
            let state = if peer.path_in(&folder).is_file() {
                "built"
            } else {
                "not built"
            };
            narrate::data(&format!(
                "{:<13} {}@{} ({state})",
                peer.name, peer.package, peer.version
            ));
        } else {
            let path = built(peer, &folder)?;
            narrate::data(&path.display().to_string());
        }
    }
    Ok(())
}

/// The registry of the distribution project, built if it is not yet.
pub(crate) fn distribution() -> Result<PathBuf> {
    named("distribution")
}

/// oras, built if it is not yet.
pub(crate) fn oras() -> Result<PathBuf> {
    named("oras")
}

/// cosign, built if it is not yet.
pub(crate) fn cosign() -> Result<PathBuf> {
    named("cosign")
}

/// cosign of version 2, built if it is not yet.
pub(crate) fn cosign2() -> Result<PathBuf> {
    named("cosign2")
}

/// The verifier of Podman's that the tests want, built if it is not yet.
pub(crate) fn image_policy() -> Result<PathBuf> {
    named("image-policy")
}

/// The Sigstore that the tests want, built if it is not yet.
pub(crate) fn sigstore() -> Result<PathBuf> {
    named("sigstore")
}

/// The registry with a list of referrers that the tests want, built if it is not yet.
pub(crate) fn referrers() -> Result<PathBuf> {
    named("referrers")
}

/// The client of single components that the tests want, built if it is not yet.
pub(crate) fn oci_wasm() -> Result<PathBuf> {
    named("oci-wasm")
}

/// cargo-fuzz, built if it is not yet.
pub(crate) fn cargo_fuzz() -> Result<PathBuf> {
    named("cargo-fuzz")
}

/// The stock command of Wasmtime, built if it is not yet.
pub(crate) fn wasmtime() -> Result<PathBuf> {
    named("wasmtime")
}

/// What the example for Node needs, installed if it is not yet. Its own Node.
pub(crate) fn embed_node() -> Result<PathBuf> {
    named("embed-node")
}

fn named(name: &str) -> Result<PathBuf> {
    let mut peers = PEERS.iter();
    let peer = peers
        .find(|peer| peer.name == name)
        .with_context(|| format!("{name} is not among the peers"))?;
    built(peer, &folder()?)
}

/// Where `peer` is in `folder`, building it first if it is not there. One at a time, also
/// between processes; a build that was cut off leaves nothing that looks whole.
fn built(peer: &Peer, folder: &Path) -> Result<PathBuf> {
    let path = peer.path_in(folder);
    if path.is_file() {
        return Ok(path);
    }
    fs::create_dir_all(folder)
        .with_context(|| format!("the folder {} could not be made", folder.display()))?;
    let lock = File::create(folder.join("lock"))
        .and_then(|file| file.lock().map(|()| file))
        .with_context(|| format!("{} could not be locked", folder.display()))?;
    if path.is_file() {
        return Ok(path);
    }
    narrate::status(&format!(
        "Building {} {} into {}",
        peer.name,
        peer.version,
        folder.display()
    ));
    let unfinished = tempfile::tempdir_in(folder)?;
    let mut install = match peer.language {
        Language::Go => go_install(peer, "", unfinished.path())?,
        Language::GoWith(tags) => go_install(peer, tags, unfinished.path())?,
        Language::Rust => cargo_install(peer, unfinished.path()),
        Language::RustWith(features) => {
            let mut install = cargo_install(peer, unfinished.path());
            install.args(["--no-default-features", "--features", features]);
            install
        }
        Language::Npm => npm_install(peer, unfinished.path())?,
    };
    programs::run_quietly(&mut install)?;
    let executable = path.file_name().context("a peer has a name")?;
    let home = peer.home_in(folder);
    let (made, kept) = match peer.language {
        Language::Go | Language::GoWith(_) => (unfinished.path().join(executable), path.clone()),
        Language::Rust | Language::RustWith(_) => {
            (unfinished.path().join("bin").join(executable), path.clone())
        }
        Language::Npm => (
            unfinished.path().join("node_modules"),
            home.join("node_modules"),
        ),
    };
    fs::create_dir_all(home)?;
    fs::rename(made, kept)
        .with_context(|| format!("the build of {} left no program", peer.package))?;
    drop(lock);
    Ok(path)
}

fn folder() -> Result<PathBuf> {
    choose(|name| env::var_os(name).filter(|value| !value.is_empty())).context(
        "there is no folder for the peers: none of WHARF_PEERS, XDG_CACHE_HOME and HOME is set",
    )
}

fn choose(variable: impl Fn(&str) -> Option<OsString>) -> Option<PathBuf> {
    let cache = || {
        variable("XDG_CACHE_HOME")
            .map(PathBuf::from)
            .or_else(|| Some(PathBuf::from(variable("HOME")?).join(".cache")))
    };
    variable("WHARF_PEERS")
        .map(PathBuf::from)
        .or_else(|| Some(cache()?.join("wharf-peers")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_folder_is_the_named_one_then_the_cache() {
        let with = |known: &[(&str, &str)]| {
            choose(|name| {
                let (_, value) = known.iter().find(|(known, _)| *known == name)?;
                Some(OsString::from(value))
            })
        };
        assert_eq!(with(&[]), None);
        assert_eq!(
            with(&[("HOME", "/h")]),
            Some("/h/.cache/wharf-peers".into())
        );
        assert_eq!(
            with(&[("HOME", "/h"), ("XDG_CACHE_HOME", "/c")]),
            Some("/c/wharf-peers".into())
        );
        assert_eq!(
            with(&[("XDG_CACHE_HOME", "/c"), ("WHARF_PEERS", "/p")]),
            Some("/p".into())
        );
    }

    #[test]
    fn what_is_built_is_not_built_again() {
        let folder = tempfile::tempdir().unwrap();
        // No such package: building it would fail.
        let peer = Peer {
            name: "toy",
            package: "example.invalid/toy",
            version: "v1.0.0",
            language: Language::Go,
        };
        let path = peer.path_in(folder.path());
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, "").unwrap();
        assert_eq!(built(&peer, folder.path()).unwrap(), path);
    }
}
