//! From an artifact as it was published to one that can be run as it stands.

use wharf_app::artifact::Artifact;
use wharf_oci::media_type;

use crate::bindings::{Descriptor, Error, content_store};
use crate::failure;

/// What can be run in place of the artifact of this manifest.
#[expect(
    clippy::unused_async,
    reason = "the steps that make one wait for the store"
)]
pub(crate) async fn prepare(manifest: String) -> Result<Descriptor, Error> {
    let Some(bytes) = content_store::get(&manifest)? else {
        return Err(Error::MissingContent(manifest));
    };
    Artifact::parse(&bytes, None).map_err(failure::input)?;
    Ok(Descriptor {
        media_type: media_type::IMAGE_MANIFEST.to_owned(),
        digest: manifest,
        size: bytes.len() as u64,
    })
}
