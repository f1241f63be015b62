//! The protocol between OCI registries and their clients, as decisions without
//! I/O: what a reference means, which request does what, what an answer says
//! and what may follow from it.
//!
//! Both sides of the sandbox use it. The registry component builds its requests
//! with it; the host, which takes no step of the protocol, recognises requests
//! and answers with it, so as to grant and to audit. Neither trusts the other
//! to have done so.
//!
//! ```text
//!   reference ──▶ request ──▶ (the wire) ──▶ challenge ──▶ token
//!                    ▲                   ├──▶ location
//!                    │                   ├──▶ manifest, index ──▶ descriptor, digest, platform
//!              url, origin               ├──▶ page, link
//!                                        ├──▶ range
//!                                        ├──▶ retry
//!                                        └──▶ problem
//!   auth_file ──▶ (what proves who is asking)
//! ```
//!
//! The specifications, pinned: OCI [distribution-spec v1.1.1], OCI
//! [image-spec v1.1.1], and the [token specification] of the distribution project.
//!
//! [distribution-spec v1.1.1]: https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md
//! [image-spec v1.1.1]: https://github.com/opencontainers/image-spec/blob/v1.1.1/spec.md
//! [token specification]: https://distribution.github.io/distribution/spec/auth/token/
#![no_std]

extern crate alloc;
#[cfg(test)]
#[macro_use]
extern crate std;

pub mod auth_file;
pub mod challenge;
pub mod descriptor;
pub mod digest;
pub mod index;
mod json;
pub mod limit;
pub mod link;
pub mod look;
pub mod manifest;
pub mod media_type;
pub mod page;
pub mod percent;
pub mod platform;
pub mod problem;
pub mod range;
pub mod reference;
pub mod referrers;
pub mod request;
pub mod retry;
pub mod time;
pub mod token;
pub mod url;

pub use descriptor::Descriptor;
pub use digest::Digest;
pub use platform::Platform;
pub use reference::{Reference, Registry, Repository, Tag};
pub use url::{Origin, Url};
