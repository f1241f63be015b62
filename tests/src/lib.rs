//! What the end-to-end tests stand on.
//!
//! ```text
//!  the command ──▶ proxy ──▶ registry ──▶ token_server      real, misbehaving at will
//!       │     └──▶ scripted                                  misbehaving by script
//!       └──▶ forward_proxy ──▶ …                           as networks have them
//!  environment, process, memory                              where and how it runs
//!  app, programs, artifact, attached, package, archive       what it is given
//!  peer, wasm_peer                                           what others make of it
//!  sigstore                                                  who signs and logs, keyless
//!  node, wasmtime                                            where else it runs
//! ```
//!
//! It depends on nothing else of this workspace, so that a fault of ours is not
//! repeated in what looks for it. Everything here panics on failure, as tests do,
//! and nothing is skipped when a program is missing.
#![expect(
    clippy::missing_panics_doc,
    clippy::print_stderr,
    reason = "everything here panics when a test has failed, and tells what happened"
)]

pub mod app;
pub mod archive;
pub mod artifact;
pub mod attached;
pub mod authority;
pub mod by_hand;
pub mod environment;
pub mod fate;
pub mod forward_proxy;
pub mod http;
pub mod listener;
pub mod memory;
pub mod node;
pub mod package;
pub mod peer;
mod peers;
pub mod process;
pub mod programs;
pub mod proxy;
pub mod referrers_registry;
pub mod registry;
pub mod scripted;
pub mod shelf;
pub mod sigstore;
pub mod token_server;
pub mod wasm_peer;
pub mod wasmtime;
pub mod wire;

pub use app::{App, Component};
pub use artifact::Artifact;
pub use authority::Authority;
pub use environment::TestEnv;
pub use forward_proxy::ForwardProxy;
pub use process::{Output, Running};
pub use proxy::Proxy;
pub use referrers_registry::ReferrersRegistry;
pub use registry::Registry;
pub use scripted::{Answer, Server};
pub use serde_json::{self, Value as Json, json};
pub use shelf::Shelf;
pub use sigstore::Sigstore;
pub use token_server::TokenServer;

use std::fmt::Write as _;

use sha2::{Digest as _, Sha256};

/// The digest of some bytes, as content is named: `sha256:` and hexadecimal.
pub fn digest(bytes: &[u8]) -> String {
    let mut text = "sha256:".to_owned();
    for byte in Sha256::digest(bytes) {
        let _ = write!(text, "{byte:02x}");
    }
    text
}
