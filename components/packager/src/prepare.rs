//! From an artifact as it was published to one that can be run as it stands.

mod compose;

use wharf_app::artifact::Artifact;
use wharf_oci::media_type;

use crate::bindings::{Descriptor, Error};
use crate::{failure, store};

/// What can be run in place of the artifact of this manifest.
pub(crate) async fn prepare(manifest: String) -> Result<Descriptor, Error> {
    let bytes = store::document(&manifest)?;
    let artifact = Artifact::parse(&bytes, None).map_err(failure::input)?;
    if let Some(composed) = compose::prepare(&artifact).await? {
        return Ok(composed);
    }
    Ok(Descriptor {
        media_type: media_type::IMAGE_MANIFEST.to_owned(),
        digest: manifest,
        size: bytes.len() as u64,
    })
}
