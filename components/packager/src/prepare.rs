//! From an artifact as it was published to one that can be run as it stands.

mod single;

use wharf_app::artifact::{Artifact, ReadError};
use wharf_oci::media_type;

use crate::bindings::{Descriptor, Error};
use crate::store;

/// What can be run in place of the artifact of this manifest.
pub(crate) async fn prepare(manifest: String) -> Result<Descriptor, Error> {
    let bytes = store::document(&manifest)?;
    // What can't be read is told by whoever runs it.
    if let Err(ReadError::SingleComponent) = Artifact::parse(&bytes, None) {
        return single::prepare(&bytes).await;
    }
    Ok(Descriptor {
        media_type: media_type::IMAGE_MANIFEST.to_owned(),
        digest: manifest,
        size: bytes.len() as u64,
    })
}
