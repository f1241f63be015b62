//! From an artifact as it was published to one that can be run as it stands.

mod unarchive;

use wharf_app::artifact::Artifact;
use wharf_oci::media_type;

use crate::bindings::{Descriptor, Error, content_store};
use crate::settings::Settings;

/// What can be run in place of the artifact of this manifest.
pub(crate) async fn prepare(manifest: String, settings: &Settings) -> Result<Descriptor, Error> {
    let Some(bytes) = content_store::get(&manifest)? else {
        return Err(Error::MissingContent(manifest));
    };
    // What can't be read is told by whoever runs it.
    if let Ok(artifact) = Artifact::parse(&bytes, None)
        && artifact.archives().next().is_some()
        && let Some(unpacked) = unarchive::unarchive(&artifact, settings.limits).await?
    {
        return Ok(unpacked);
    }
    Ok(Descriptor {
        media_type: media_type::IMAGE_MANIFEST.to_owned(),
        digest: manifest,
        size: bytes.len() as u64,
    })
}
