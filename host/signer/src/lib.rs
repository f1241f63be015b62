//! Private keys: where they are, how they are read, and what they sign.
//!
//! It knows nothing of registries, images or formats of signatures. It is given bytes to
//! sign, and a place of a key, or a way to services.
//!
//! ```text
//!   KeySource ──▶ PEM ──▶ passphrase? ──▶ PKCS #8 · SEC1 · PKCS #1 ──▶ PrivateKey::sign
//! ```
//!
//! A key that has no name of its own is given one by services: see [`keyless`].
//!
//! What is secret is wiped when it is dropped, and has no `Debug` that shows it.

mod key;
pub mod keyless;

pub use key::{
    Algorithm, Existing, KeyError, KeyPair, KeyProblem, KeySource, PrivateKey, UnknownKeySource,
    WriteError, generate,
};
pub use secrecy;

/// A passphrase: bytes that are wiped when they are dropped, and never shown.
pub type Secret = secrecy::SecretSlice<u8>;
