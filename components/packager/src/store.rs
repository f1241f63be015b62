//! Content on its way into the store, and what is there.

use std::fmt;

use wharf_app::artifact::{Content, INLINE_BYTES};
use wharf_oci::Digest;
use wharf_oci::digest::DigestError;
use wit_bindgen::rt::async_support::StreamResult;

use crate::bindings::{Error, File, content_files, content_store};

/// Takes in a file, whose bytes stay outside of the component, unless they are so
/// few that they travel within the locked application.
pub(crate) async fn add(
    file: &File,
    path: impl fmt::Display,
    media_type: &str,
) -> Result<Content, Error> {
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
        0..=INLINE_BYTES => Some(document(&added.digest)?),
        _ => None,
    };
    Ok(Content {
        digest: digest(&added.digest)?,
        size: added.size,
        inline,
    })
}

/// A manifest or another document of the store.
pub(crate) fn document(digest: &str) -> Result<Vec<u8>, Error> {
    content_store::get(digest)?.ok_or_else(|| Error::MissingContent(digest.to_owned()))
}

/// All of some content, verified. Its size was looked at before.
pub(crate) async fn whole(content: &Content) -> Result<Vec<u8>, Error> {
    let read = content_store::read(content.digest.to_string(), None).await;
    let (mut stream, end) = read?;
    // With room for one byte more, so that nothing moves when the end is looked for.
    let size = usize::try_from(content.size).unwrap_or_default();
    let mut bytes = Vec::with_capacity(size.saturating_add(1));
    loop {
        bytes.reserve_exact(1);
        let (result, filled) = stream.read(bytes).await;
        bytes = filled;
        if !matches!(result, StreamResult::Complete(_)) {
            end.await?;
            return Ok(bytes);
        }
    }
}

/// Takes in a document.
pub(crate) async fn put(bytes: Vec<u8>) -> Result<Digest, Error> {
    digest(&content_store::put(&bytes, None)?)
}

fn digest(text: &str) -> Result<Digest, Error> {
    text.parse().map_err(|error: DigestError| {
        Error::Other(format!("the content store named no digest: {error}"))
    })
}
