//! The registry component: moves content between a store and a registry.
//!
//! It decides everything about the protocol and sees none of the bytes: blobs are
//! forwarded as streams between `wasi:http` and the content store. What it may
//! reach is decided outside of it.
//!
//! ```text
//!  client ─▶ pull, push, … ─▶ manifest, download, upload ─▶ session ─▶ wire ─▶ http ─▶ (wasi:http)
//!                                   └─▶ exchange ─────────────▶ └──▶ auth ──▶┘
//! ```
//!
//! Modules are listed from the exports down; each uses only those below it.
//!
//! Only `permit` has no business with the contracts, and is tested natively; the
//! rest is compiled for WebAssembly alone.
#![cfg(any(target_family = "wasm", test))]
#![cfg_attr(not(test), no_std)]

extern crate alloc;

#[cfg(target_family = "wasm")]
mod auth;
#[cfg(target_family = "wasm")]
mod bindings;
#[cfg(target_family = "wasm")]
mod client;
#[cfg(target_family = "wasm")]
mod copy;
#[cfg(target_family = "wasm")]
mod delete;
#[cfg(target_family = "wasm")]
mod download;
#[cfg(target_family = "wasm")]
mod exchange;
#[cfg(target_family = "wasm")]
mod failure;
#[cfg(target_family = "wasm")]
mod http;
#[cfg(target_family = "wasm")]
mod index;
#[cfg(target_family = "wasm")]
mod manifest;
#[cfg(target_family = "wasm")]
mod page;
mod permit;
#[cfg(target_family = "wasm")]
mod pull;
#[cfg(target_family = "wasm")]
mod push;
#[cfg(target_family = "wasm")]
mod referrers;
#[cfg(target_family = "wasm")]
mod reply;
#[cfg(target_family = "wasm")]
mod runtime;
#[cfg(target_family = "wasm")]
mod session;
#[cfg(target_family = "wasm")]
mod settings;
#[cfg(target_family = "wasm")]
mod tags;
#[cfg(target_family = "wasm")]
mod upload;
#[cfg(target_family = "wasm")]
mod walk;
#[cfg(target_family = "wasm")]
mod wire;
#[cfg(target_family = "wasm")]
mod work;
