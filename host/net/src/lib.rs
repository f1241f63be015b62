//! HTTP connections: pooled, over TLS where the address says so, to the addresses
//! that a policy lets through, and never silent for longer than the caller allows.
//!
//! It knows nothing of registries or of applications. Both sandboxes send through
//! it: what a guest may ask for is decided before a request gets here; where the
//! name in it may lead is decided here, by [`Reach`], for every address that a
//! connection would be made to.
//!
//! ```text
//!   Client::send ──▶ patience (stalls) ──▶ pool ──▶ connector ──▶ Reach? ──▶ TCP ──▶ TLS
//!                                                        └──▶ a proxy, with names ──┘
//! ```
//!
//! Redirects are not followed, bodies not decoded, nothing is sent twice that the
//! peer may have seen: all of that is the caller's to decide.

mod bandwidth;
mod client;
mod connector;
mod failure;
mod patience;
mod proxy;
mod route;
mod tls;

pub use client::Client;
pub use connector::{Anywhere, Reach};
pub use patience::Patience;
pub use proxy::{Proxies, ProxyAddress, ProxyError, VariableError};
pub use tls::{ClientCertificate, Tls, TlsError};
pub use wasmtime_wasi_http::{Error, WasiBody as Body};
