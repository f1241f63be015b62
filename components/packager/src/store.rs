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
    content(digest(&added.digest)?, added.size)
}

/// Content that is in the store already, unless it is not.
pub(crate) fn known(digest: &Digest) -> Result<Content, Error> {
    match content_store::stat(digest.as_str())? {
        Some(size) => content(digest.clone(), size),
        None => Err(Error::MissingContent(digest.to_string())),
    }
}

/// The first `most` bytes of content, or all when it has fewer.
pub(crate) async fn prefix(content: &Content, most: u64) -> Result<Vec<u8>, Error> {
    let part = content_store::Extent {
        offset: 0,
        length: content.size.min(most),
    };
    let read = content_store::read(content.digest.to_string(), Some(part)).await;
    let (mut stream, end) = read?;
    let mut bytes = Vec::new();
    loop {
        let (result, chunk) = stream.read(Vec::with_capacity(64)).await;
        bytes.extend(chunk);
        if !matches!(result, StreamResult::Complete(_)) {
            end.await?;
            return Ok(bytes);
        }
    }
}

/// A manifest or another document of the store.
pub(crate) fn document(digest: &str) -> Result<Vec<u8>, Error> {
    content_store::get(digest)?.ok_or_else(|| Error::MissingContent(digest.to_owned()))
}

fn content(digest: Digest, size: u64) -> Result<Content, Error> {
    let inline = match size {
        0..=INLINE_BYTES => Some(document(digest.as_str())?),
        _ => None,
    };
    Ok(Content {
        digest,
        size,
        inline,
    })
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
