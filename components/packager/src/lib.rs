//! The packager component: turns an application directory into content.
//!
//! It reads `spin.toml`, looks for the files that are named in it, and hands each
//! of them unread to the content store. It sees what its host preopened and
//! nothing else; links that lead out of that are refused there, by the host.
//!
//! ```text
//!  packaging ─┬▶ pack ──┬─▶ store ──▶ (content-store, content-files)
//!             │         ├─▶ bundle ─▶ content, store
//!             │         └─▶ directory ──▶ (wasi:filesystem)
//!             └▶ prepare ─▶ content, intake, store
//! ```
//!
//! What can be decided without looking at a file is decided in `wharf-app`.
//! Modules are listed from the export down; each uses only those below it.
#![cfg(target_family = "wasm")]

mod bindings;
mod bundle;
mod content;
mod directory;
mod failure;
mod intake;
mod pack;
mod packaging;
mod prepare;
mod settings;
mod store;
