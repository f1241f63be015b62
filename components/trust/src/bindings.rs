//! What `wit-bindgen` makes of the world.
#![expect(unreachable_pub, clippy::pedantic, reason = "generated code")]
#![expect(
    unsafe_code,
    reason = "the canonical ABI is called through raw pointers"
)]

wit_bindgen::generate!({
    path: "../../wit",
    world: "trust",
    generate_all,
});

pub use exports::wharf::oci::{signing, verification};
pub use wharf::oci::signer;
pub use wharf::oci::types::{Descriptor, Error};

export!(Component with_types_in self);

/// The component; its exports are implemented in `verification` and `signing`.
pub struct Component;
