//! Signatures and attestations of manifests: read, verified and made, without I/O.
//!
//! ```text
//!   Requirement ──▶ policy ──▶ key                 making ──▶ envelope, payload
//!                     │                              │
//!                     ▼                              ├──▶ bundle
//!   Evidence ─────▶ judge ──▶ Finding                └──▶ layer
//!                     │  └──▶ quorum ──▶ Verdict
//!                     ▼
//!          bundle, layer ──▶ envelope, payload, statement ──▶ json
//! ```
//!
//! Everything that is verified may come from an attacker. What can't be used, or is
//! somebody else's, never hides a good signature beside it; what can be read in two ways
//! is refused; and no error becomes a yes.

mod bundle;
mod encoding;
mod envelope;
mod error;
mod evidence;
mod json;
mod judge;
mod key;
mod layer;
pub mod limit;
pub mod making;
mod payload;
mod policy;
mod quorum;
mod requirement;
mod statement;
mod verdict;

pub use error::Error;
pub use evidence::Evidence;
pub use judge::{check, verify};
pub use requirement::{Authority, Matcher, Requirement, Signer};
pub use verdict::{Finding, Format, Outcome, Verdict};
