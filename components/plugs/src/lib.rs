//! The plugs: what the registry and packager components import, made of WASI alone, so
//! that they run where there is no host of ours.
//!
//! ```text
//!  content_store, content_files ─▶ ingest, reading ─▶ draft ─▶ layout ─▶ (std::fs)
//!                  └─▶ names
//!  credentials ─▶ auth_file
//!  sources ─▶ (wasi:filesystem)
//!  progress ─▶ (stderr)
//! ```
//!
//! The content store is the OCI image layout of `host/store`, in the directory that was
//! preopened as `/store`. WASI has no locks. What is written therefore has a name of its
//! own until it is whole and was hashed, and is renamed then: two who fetch the same
//! content at the same time do it twice, and neither sees anything unfinished. Of two who
//! change the table of names at the same moment, one may be lost; names come back with
//! the next pull.
//!
//! Files are read and written through the standard library: half of the contract's
//! functions must not wait, and WASI 0.3 has no files for those. Modules that have no
//! business with the contracts are tested natively.
#![cfg(any(target_family = "wasm", test))]
#![cfg_attr(test, allow(dead_code, reason = "what the component alone uses"))]

#[cfg(target_family = "wasm")]
mod bindings;
#[cfg(target_family = "wasm")]
mod content_files;
#[cfg(target_family = "wasm")]
mod content_store;
#[cfg(target_family = "wasm")]
mod credentials;
#[cfg(target_family = "wasm")]
mod failure;
#[cfg(target_family = "wasm")]
mod ingest;
#[cfg(target_family = "wasm")]
mod progress;
#[cfg(target_family = "wasm")]
mod reading;
#[cfg(target_family = "wasm")]
mod sources;

mod auth_file;
mod draft;
mod layout;
mod names;
mod path;
