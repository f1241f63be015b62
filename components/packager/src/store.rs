//! Content on its way into the store.

use wharf_app::artifact::{Content, INLINE_BYTES};
use wharf_app::path::AppPath;
use wharf_oci::Digest;
use wharf_oci::digest::DigestError;

use crate::bindings::{Error, File, content_files, content_store};

/// Takes in a file, whose bytes stay outside of the component, unless they are so
/// few that they travel within the locked application.
pub(crate) async fn add(file: &File, path: &AppPath, media_type: &str) -> Result<Content, Error> {
    let added = content_files::add_file(file, media_type.to_owned()).await;
    let added = added.map_err(|error| match error {
        content_store::Error::Failed(text) => Error::Storage(format!(
            "`{path}` could not be taken into the store: {text}"
        )),
        error => error.into(),
    })?;
    // From the store rather than from the file again, which may have changed: the
    // bytes must be those of the digest.
    let inline = match added.size {
        0..=INLINE_BYTES => match content_store::get(&added.digest)? {
            Some(bytes) => Some(bytes),
            None => return Err(Error::MissingContent(added.digest)),
        },
        _ => None,
    };
    Ok(Content {
        digest: digest(&added.digest)?,
        size: added.size,
        inline,
    })
}

/// Takes in a document.
pub(crate) async fn put(bytes: Vec<u8>) -> Result<Digest, Error> {
    digest(&content_store::put(&bytes, None)?)
}

/// A digest as the store says it.
pub(crate) fn digest(text: &str) -> Result<Digest, Error> {
    text.parse().map_err(|error: DigestError| {
        Error::Other(format!("the content store named no digest: {error}"))
    })
}
