//! What `wit-bindgen` makes of the world.
#![expect(
    unreachable_pub,
    clippy::pedantic,
    clippy::unwrap_used,
    reason = "generated code"
)]
#![expect(
    unsafe_code,
    reason = "the canonical ABI is called through raw pointers"
)]

wit_bindgen::generate!({
    path: "../../wit",
    world: "registry",
    generate_all,
});

pub use exports::wharf::oci::client::{Outcome, Report, Transfer, Transport};
pub use wasi::http::types::{
    ErrorCode, Fields, Method, Request, RequestOptions, Response, Scheme, Trailers,
};
pub use wharf::oci::content_store::{self, Extent, Ingest};
pub use wharf::oci::credentials::{self, Credential};
pub use wharf::oci::progress::{self, Event};
pub use wharf::oci::types::{Descriptor, Error, Exchange, Mismatch};

export!(Component with_types_in self);

/// The component; its exports are implemented in `client`.
pub struct Component;
