//! The native host of Wharf's components.
//!
//! The registry component speaks the protocol of OCI registries, the packager component
//! turns an application directory into content, and the trust component judges and makes
//! signatures; all are WebAssembly. This library runs them and lends them what they need,
//! call by call:
//!
//! ```text
//!            ┌──────────── one call ─────────────┐
//!  Wharf ──▶ │ session ──▶ component (a guest)   │
//!            │               │ asks              │
//!            │               ▼                   │
//!            │ http · content store · credentials│──▶ wharf-net, wharf-store, sources
//!            └───────────────────────────────────┘
//! ```
//!
//! A guest gets HTTP to the registry of the call and to what that registry leads
//! to, the content store, and the use, not the sight, of one credential. Each
//! capability enforces this by itself (see `capability`), whatever the guest asks.
//!
//! [`policy`] narrows what calls may do, [`Audit`] tells what they did, and [`Limits`]
//! bounds what one may use; [`Observer`] sees how far it is. Errors are an enum, [`Error`],
//! to act on. `examples/publish.rs` shows all of it.
//!
//! ```no_run
//! use wharf_host::{Reference, Store, Wharf};
//!
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let store = Store::open("/var/cache/wharf".as_ref())?;
//! let wharf = Wharf::builder(store).build()?;
//! let reference: Reference = "ghcr.io/somebody/app:v1".parse()?;
//! let report = wharf.pull(&reference).await?;
//! println!("{}", report.manifest.digest);
//! # Ok(())
//! # }
//! ```

mod ahead;
mod allowance;
mod audit;
mod bindings;
mod blocking;
mod bound;
mod builder;
mod call;
mod capability;
mod connection;
mod copy;
pub mod credentials;
mod discovery;
mod engine;
mod error;
mod fetch;
mod index;
mod keep;
mod limits;
mod location;
pub mod manifest;
mod mirror;
mod operation;
mod pack;
mod package;
mod packages;
mod pinned;
pub mod policy;
mod prepare;
mod progress;
mod pull;
mod push;
mod query;
mod report;
mod session;
mod single;
mod source;
mod state;
pub mod trust;
mod watch;
mod wharf;

pub use allowance::{Allowance, AllowanceError};
pub use audit::{Audit, AuditError};
pub use builder::Builder;
pub use connection::{Connection, Pace};
pub use copy::CopyOptions;
pub use error::{Error, Exchange, Mismatch};
pub use limits::Limits;
pub use location::Location;
pub use pack::PackOptions;
pub use packages::{Packages, Place};
pub use prepare::PrepareOptions;
pub use progress::{Event, Observer, Unobserved};
pub use pull::{Pull, PullOptions};
pub use push::PushOptions;
pub use report::{Outcome, Packed, Referrer, Report, Transfer};
pub use source::Elsewhere;
pub use wharf::Wharf;
pub use wharf_net::{ClientCertificate, Proxies, ProxyAddress, ProxyError, Tls, VariableError};
pub use wharf_oci::digest::DigestError;
pub use wharf_oci::media_type::is_index;
pub use wharf_oci::reference::ReferenceError;
pub use wharf_oci::time;
pub use wharf_oci::{
    Descriptor, Digest, Origin, Platform, Reference, Registry, Repository, Tag, Url,
};
pub use wharf_store::{
    ArchiveError, Count, Loaded, Member, Name, Pruned, Saved, Store, StoreError, Survey, Verified,
    Wanted, Work,
};
