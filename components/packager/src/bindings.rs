//! What `wit-bindgen` makes of the world.
#![expect(unreachable_pub, clippy::pedantic, reason = "generated code")]
#![expect(
    unsafe_code,
    reason = "the canonical ABI is called through raw pointers"
)]

wit_bindgen::generate!({
    path: "../../wit",
    world: "packager",
    generate_all,
});

pub use exports::wharf::oci::packaging::Packed;
pub use wasi::filesystem::preopens;
pub use wasi::filesystem::types::{
    Descriptor as File, DescriptorFlags, DescriptorStat, DescriptorType, ErrorCode, OpenFlags,
    PathFlags,
};
pub use wharf::oci::content_files;
pub use wharf::oci::content_store;
pub use wharf::oci::types::{Descriptor, Error, Mismatch};

export!(Component with_types_in self);

/// The component; its export is implemented in `packaging`.
pub struct Component;
