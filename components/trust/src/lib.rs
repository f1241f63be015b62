//! The trust component: says what signatures are worth, and makes them.
//!
//! It is told bytes and answers with words. It has no network, no file system, no clock and
//! no secret: of a private key it has the use, where a host imports it.
//!
//! ```text
//!  verification ──▶ given ──▶ (wharf-signature)
//!  signing ───────▶ given ──▶ (wharf-signature), (signer)
//! ```
//!
//! What is decided is decided in `wharf-signature`; here the contract is put into its words.
#![cfg(target_family = "wasm")]

mod bindings;
mod given;
mod signing;
mod verification;
