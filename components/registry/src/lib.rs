//! The registry component: moves content between a store and a registry.
//!
//! It decides everything about the protocol and sees none of the bytes: blobs are
//! forwarded as streams between `wasi:http` and the content store. What it may
//! reach is decided outside of it.
//!
//! ```text
//!  client ──▶ pull, push ──▶ manifest, blob ──▶ session ──▶ http ──▶ (wasi:http)
//!                                                  └──▶ auth ──▶┘
//! ```
//!
//! Modules are listed from the exports down; each uses only those below it.
#![cfg(target_family = "wasm")]

mod auth;
mod bindings;
mod blob;
mod client;
mod failure;
mod http;
mod manifest;
mod pull;
mod push;
mod session;
mod settings;
