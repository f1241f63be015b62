//! From an artifact as it was published to one that can be run as it stands.

mod compose;
mod single;
mod unarchive;

use wharf_app::artifact::{Artifact, ReadError};
use wharf_oci::media_type;

use crate::bindings::{Descriptor, Error};
use crate::settings::Settings;
use crate::{failure, store};

/// What can be run in place of the artifact of this manifest.
pub(crate) async fn prepare(manifest: String, settings: &Settings) -> Result<Descriptor, Error> {
    let bytes = store::document(&manifest)?;
    let mut ready = Descriptor {
        media_type: media_type::IMAGE_MANIFEST.to_owned(),
        digest: manifest,
        size: bytes.len() as u64,
    };
    // What can't be read is told by whoever runs it.
    let mut artifact = match Artifact::parse(&bytes, None) {
        Ok(artifact) => artifact,
        Err(ReadError::SingleComponent) => {
            ready = single::prepare(&bytes).await?;
            let bytes = store::document(&ready.digest)?;
            Artifact::parse(&bytes, None).map_err(failure::input)?
        }
        Err(_) => return Ok(ready),
    };
    if artifact.archives().next().is_some()
        && let Some(unpacked) = unarchive::unarchive(&artifact, settings.limits).await?
    {
        let bytes = store::document(&unpacked.digest)?;
        artifact = Artifact::parse(&bytes, None).map_err(failure::input)?;
        ready = unpacked;
    }
    if let Some(composed) = compose::prepare(&artifact).await? {
        return Ok(composed);
    }
    Ok(ready)
}
