//! The command over the registry and packager components, for runtimes that offer WASI
//! and nothing of ours: `push`, `pull`, `inspect` and `copy`. It is composed with them and
//! with the plugs into one component.
//!
//! ```text
//!  run ─▶ push, pull, inspect, copy ─▶ connection ─▶ (client)
//!            └─▶ from ─▶ (packaging, content-store)
//! ```
//!
//! Words, output and exit codes are those of `host/cli`, as far as they go.
#![cfg(target_family = "wasm")]
#![expect(
    clippy::print_stderr,
    clippy::print_stdout,
    reason = "a command prints"
)]

mod arguments;
mod bindings;
mod connection;
mod copy;
mod exit;
mod from;
mod inspect;
mod pull;
mod push;
mod run;
