//! The packager component: turns an application directory into content.
//!
//! It reads `spin.toml`, looks for the files that are named in it, and hands each
//! of them unread to the content store. A component, or a package of WIT, becomes an
//! artifact of its own. It sees what its host preopened, what it is lent by a call, and the
//! WebAssembly that is named, and nothing else; other links that lead out are refused,
//! by the host.
//!
//! ```text
//!  packaging ─┬▶ pack ─┬──▶ compose ──▶ store ──▶ (content-store, content-files)
//!             │        ├──▶ bundle ───▶ content, store
//!             │        ├──▶ directory ──▶ (wasi:filesystem)
//!             │        └──▶ source ──▶ (sources), directory, store
//!             ├▶ single ──▶ wit_package, directory, store
//!             └▶ prepare ─▶ compose, content, intake, store
//! ```
//!
//! What can be decided without looking at a file is decided in `wharf-app`;
//! WebAssembly is composed in `wharf-compose`, and what stands within it is read in
//! `wharf-interfaces`.
//! Modules are listed from the export down; each uses only those below it.
#![cfg(target_family = "wasm")]

mod bindings;
mod bundle;
mod compose;
mod content;
mod directory;
mod failure;
mod intake;
mod pack;
mod packaging;
mod prepare;
mod settings;
mod single;
mod source;
mod store;
mod wit_package;
