//! Content outside of a store: an OCI image layout as a directory or as a tar file
//! (image-spec v1.1.1, "image-layout.md").
//!
//! ```text
//!   store ──save──▶ FILE.tar | DIR ──load──▶ store
//! ```
//!
//! What is saved is a function of what is saved: the same manifests give the same
//! bytes. What is loaded is hostile until it was looked at: see [`load`].

mod error;
mod index;
mod load;
mod save;
mod source;
#[cfg(test)]
mod tests;

pub use error::ArchiveError;
pub use load::Loaded;
pub use save::{Saved, Wanted};

use wharf_oci::{Descriptor, Digest};

/// The file that says that a directory is an image layout.
const LAYOUT_FILE: &str = "oci-layout";

/// The file that says which manifests there are.
const INDEX_FILE: &str = "index.json";

/// The whole name of a manifest, as containerd writes it.
const IMAGE_NAME: &str = "io.containerd.image.name";

/// The name of a manifest within its layout (image-spec v1.1.1, "annotations.md"): a
/// tag, as most tools write it.
const REF_NAME: &str = "org.opencontainers.image.ref.name";

/// A manifest of a layout.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// The reference that it has, in full; none when it is known by its digest alone.
    pub name: Option<String>,
    /// The manifest.
    pub target: Descriptor,
    /// What it refers to, if it does.
    pub subject: Option<Digest>,
}

/// Where the content of a digest is in a layout.
fn blob_name(digest: &Digest) -> String {
    format!("blobs/sha256/{}", digest.hex())
}
