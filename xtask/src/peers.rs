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
    /// Go, with these build tags.
    GoWith(&'static str),
    Rust,
    /// Rust, with these features in place of the usual ones.
    RustWith(&'static str),
    /// JavaScript: a folder of ours with a lock file, and a Node for it.
    Npm,
}

/// Of the stock command of Wasmtime, what runs a component: the rest, debuggers and
/// compilers among it, would take as long again to build.
const TO_RUN_COMPONENTS: &str =
    "run,wasi-http,cranelift,component-model-async,parallel-compilation";

const PEERS: [Peer; 11] = [
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
    // What signs in the older format, as long as it is in use.
    Peer {
        name: "cosign2",
        package: "github.com/sigstore/cosign/v2/cmd/cosign",
        version: "v2.6.1",
        language: Language::Go,
    },
    // The version is that of the library it stands on; the tests look for it there.
    Peer {
        name: "referrers",
        package: "./tests/servers/referrers",
        version: "v0.22.1",
        language: Language::Go,
    },
    // The same; without GnuPG, which is in C.
    Peer {
        name: "image-policy",
        package: "./tests/clients/image-policy",
        version: "v5.39.3",
        language: Language::GoWith("containers_image_openpgp"),
    },
    // The same, with a number of ours, which a change of the program raises.
    Peer {
        name: "sigstore",
        package: "./tests/servers/sigstore",
        version: "v1.3.0-2",
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
    Peer {
        name: "wasmtime",
        package: "wasmtime-cli",
        version: "48.0.8",
        language: Language::RustWith(TO_RUN_COMPONENTS),
    },
    // The versions of jco and of Node; the tests look for them there.
    Peer {
        name: "embed-node",
        package: "./examples/embed-node",
        version: "0.15.0-node24.21.0",
        language: Language::Npm,
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

impl Peer {
    /// A folder of its own for each version, so that a new pin never finds an old program.
    fn home_in(&self, folder: &Path) -> PathBuf {
        folder.join(format!("{}-{}", self.name, self.version))
    }

    /// Its program.
    fn path_in(&self, folder: &Path) -> PathBuf {
        let executable = match self.language {
            Language::Go | Language::GoWith(_) => {
                self.package.rsplit('/').next().unwrap_or(self.name)
            }
            Language::Rust | Language::RustWith(_) => self.name,
            Language::Npm => "node_modules/node/bin/node",
        };
        self.home_in(folder).join(executable)
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

/// Builds a program in Go, with build tags, into a folder.
fn go_install(peer: &Peer, tags: &str, into: &Path) -> Result<Command> {
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

/// Installs what a lock file names into a folder.
fn npm_install(peer: &Peer, into: &Path) -> Result<Command> {
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
    fn what_a_lock_file_pins_is_a_version() {
        let peer = PEERS.iter().find(|peer| peer.name == "embed-node").unwrap();
        let file = root().join(peer.package).join("package.json");
        let package = fs::read_to_string(file).unwrap();
        let (jco, node) = peer.version.split_once("-node").unwrap();
        for pinned in [
            format!("\"@bytecodealliance/jco-transpile\": \"{jco}\""),
            format!("\"node\": \"{node}\""),
        ] {
            assert!(package.contains(&pinned), "{pinned}");
        }
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
