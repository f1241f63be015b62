//! What `wit-bindgen` makes of the world.
#![expect(unreachable_pub, clippy::pedantic, reason = "generated code")]
#![expect(
    unsafe_code,
    reason = "the canonical ABI is called through raw pointers"
)]

wit_bindgen::generate!({
    path: ["../../wit", "../plugs/wit", "wit"],
    world: "wharf:command/command",
    generate_all,
});

pub use exports::wasi::cli::run;
pub use wasi::cli::exit::exit_with_code;
pub use wharf::oci::client::{self, Outcome, Report, Transport};
pub use wharf::oci::content_store;
pub use wharf::oci::packaging::{self, Packed};
pub use wharf::oci::sources;
pub use wharf::oci::types::{Descriptor, Error};
pub use wharf::plugs::application;

export!(Component with_types_in self);

/// The component; its export is implemented in `run`.
pub struct Component;
