//! The packager component: turns an application directory into content.
//!
//! It reads `spin.toml`, looks for the files that are named in it, and hands each
//! of them unread to the content store. A component, or a package of WIT, becomes an
//! artifact of its own. It sees what its host preopened and
//! nothing else; links that lead out of that are refused there, by the host.
//!
//! ```text
//!  packaging ─┬▶ pack ────▶ store ──▶ (content-store, content-files)
//!             │    └──────▶ directory ──▶ (wasi:filesystem)
//!             ├▶ single ──▶ wit_package ──▶ directory
//!             │    └──────▶ store
//!             └▶ prepare ─▶ store
//! ```
//!
//! What can be decided without looking at a file is decided in `wharf-app`, and what
//! stands within WebAssembly is read in `wharf-interfaces`.
//! Modules are listed from the export down; each uses only those below it.
#![cfg(target_family = "wasm")]

mod bindings;
mod directory;
mod failure;
mod pack;
mod packaging;
mod prepare;
mod settings;
mod single;
mod store;
mod wit_package;
