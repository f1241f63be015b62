//! Which programs are built, each at one version for everyone, and where each of them is then.

use std::path::{Path, PathBuf};

/// A program that is built from its source, at one version for everyone.
pub(super) struct Peer {
    pub(super) name: &'static str,
    /// The path of its main package, as `go install` takes it; or the folder of ours that
    /// has it, where it begins with `./`; or the crate of a program in Rust.
    pub(super) package: &'static str,
    pub(super) version: &'static str,
    pub(super) language: Language,
}

/// What a peer is written in.
#[derive(Clone, Copy)]
pub(super) enum Language {
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

pub(super) const PEERS: [Peer; 11] = [
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

impl Peer {
    /// A folder of its own for each version, so that a new pin never finds an old program.
    pub(super) fn home_in(&self, folder: &Path) -> PathBuf {
        folder.join(format!("{}-{}", self.name, self.version))
    }

    /// Its program.
    pub(super) fn path_in(&self, folder: &Path) -> PathBuf {
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

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::cargo::root;

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
}
