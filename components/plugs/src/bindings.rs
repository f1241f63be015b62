//! What `wit-bindgen` makes of the world.
#![expect(unreachable_pub, clippy::pedantic, reason = "generated code")]
#![expect(
    unsafe_code,
    reason = "the canonical ABI is called through raw pointers"
)]

wit_bindgen::generate!({
    path: ["../../wit", "wit"],
    world: "wharf:plugs/plugs",
    generate_all,
});

pub use exports::wharf::oci::content_store::{self, Error, Extent};
pub use exports::wharf::oci::types::{Descriptor, Mismatch};
pub use exports::wharf::oci::{content_files, credentials, progress, sources};
pub use exports::wharf::plugs::application;
pub use wasi::filesystem::preopens;
pub use wasi::filesystem::types::{
    Descriptor as File, DescriptorFlags, DescriptorType, ErrorCode, OpenFlags, PathFlags,
};

export!(Component with_types_in self);

/// The component; its exports are implemented in the modules of their names.
pub struct Component;
