//! `cargo xtask peers`: the programs that Wharf is measured and tested against, built
//! once, outside the clone.

use std::env;
use std::ffi::OsString;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result};

use crate::cargo::{cargo, root};
use crate::{narrate, programs};

/// A program that is built from its source, at one version for everyone.
struct Peer {
    name: &'static str,
    /// The path of its main package, as `go install` takes it; or the folder of ours that
    /// has it, where it begins with `./`; or the crate of a program in Rust.
    package: &'static str,
    version: &'static str,
    language: Language,
}

/// What a peer is written in.
#[derive(Clone, Copy)]
enum Language {
    Go,
    Rust,
}

const PEERS: [Peer; 6] = [
    Peer {
        name: "oras",
        package: "oras.land/oras/cmd/oras",
        version: "v1.3.6",
        language: Language::Go,
    },
    Peer {
        name: "distribution",
        package: "github.com/distribution/distribution/v3/cmd/registry",
        version: "v3.1.2",
        language: Language::Go,
    },
    Peer {
        name: "cosign",
        package: "github.com/sigstore/cosign/v3/cmd/cosign",
        version: "v3.1.3",
        language: Language::Go,
    },
    // The version is that of the library it stands on; the tests look for it there.
    Peer {
        name: "referrers",
        package: "./tests/servers/referrers",
        version: "v0.22.1",
        language: Language::Go,
    },
    // The same.
    Peer {
        name: "oci-wasm",
        package: "./tests/clients/oci-wasm",
        version: "v0.6.0",
        language: Language::Rust,
    },
    Peer {
        name: "cargo-fuzz",
        package: "cargo-fuzz",
        version: "0.13.1",
        language: Language::Rust,
    },
];

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

fn named(name: &str) -> Result<PathBuf> {
    let mut peers = PEERS.iter();
    let peer = peers
        .find(|peer| peer.name == name)
        .with_context(|| format!("{name} is not among the peers"))?;
    built(peer, &folder()?)
}

impl Peer {
    /// A folder of its own for each version, so that a new pin never finds an old program.
    fn path_in(&self, folder: &Path) -> PathBuf {
        let executable = self.package.rsplit('/').next().unwrap_or(self.name);
        folder
            .join(format!("{}-{}", self.name, self.version))
            .join(executable)
    }
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
        Language::Go => go_install(peer, unfinished.path())?,
        Language::Rust => cargo_install(peer, unfinished.path()),
    };
    programs::run_quietly(&mut install)?;
    let home = path.parent().context("a peer has a folder of its own")?;
    fs::create_dir_all(home)?;
    let executable = path.file_name().context("a peer has a name")?;
    let made = match peer.language {
        Language::Go => unfinished.path().join(executable),
        Language::Rust => unfinished.path().join("bin").join(executable),
    };
    fs::rename(made, &path)
        .with_context(|| format!("the build of {} left no program", peer.package))?;
    drop(lock);
    Ok(path)
}

/// Builds a program in Go into a folder.
fn go_install(peer: &Peer, into: &Path) -> Result<Command> {
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
        .arg("install")
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
fn cargo_install(peer: &Peer, into: &Path) -> Command {
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
    fn a_new_version_is_another_path() {
        let [oras, ..] = &PEERS;
        let newer = Peer {
            version: "v9.9.9",
            ..*oras
        };
        let folder = Path::new("/p");
        assert_ne!(oras.path_in(folder), newer.path_in(folder));
        assert_eq!(
            oras.path_in(folder),
            Path::new("/p").join(format!("oras-{}/oras", oras.version))
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
