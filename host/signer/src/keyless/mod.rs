//! Signing without a key of one's own: someone signs in, gets a certificate for a key that
//! lives for minutes, and has the signature written into a log and given a time.
//!
//! ```text
//!   IdentityToken ─┐
//!   PrivateKey ────┴─▶ certify ──▶ certificates
//!                       (Fulcio)        │
//!        what was signed, signature ────┴─▶ witness ──▶ timestamps, log entries
//!                                         (RFC 3161, Rekor)
//! ```
//!
//! Nothing here opens a connection to a service: requests go through an [`Exchange`], whose
//! owner decides which addresses may be reached, how long an answer may be waited for, and
//! whom to trust. What the services answer is bounded and read with care, but believed only
//! as far as it fits what was asked: whether it holds is for a verifier to say.

mod authority;
mod call;
mod config;
mod error;
mod exchange;
mod identity;
mod log;
mod timestamp;
mod witness;

pub use authority::{Certificates, certify};
pub use config::{ConfigError, Log, Services, SigningConfig};
pub use error::{KeylessError, TokenError};
pub use exchange::{Answer, Exchange, ExchangeError, Request, Response, Step};
pub use identity::{
    Ambient, CLIENT_ID, IdentityToken, Invitation, Issuer, in_browser, on_another_device,
};
pub use witness::{Content, Signed, Verifier, Witnesses, witness};

#[cfg(test)]
mod tests;
