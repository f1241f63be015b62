//! Content on its way into the store, and what is there.

use std::fmt;

use wharf_app::artifact::{Content, INLINE_BYTES};
use wharf_oci::Digest;
use wharf_oci::digest::DigestError;
use wit_bindgen::rt::async_support::StreamResult;

use crate::bindings::{Error, File, Mismatch, content_files, content_store, wit_stream};
use crate::failure;

/// How many bytes are read at a time.
const PIECE_BYTES: usize = 64 * 1024;

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

/// Takes in a file that other content is made of. The host, which may send what
/// becomes part of an artifact as soon as it has it, is not told of it.
pub(crate) async fn add_material(file: &File, path: impl fmt::Display) -> Result<Content, Error> {
    let (data, end) = file.read_via_stream(0);
    let (name, size) = content_store::add(data).await?;
    // Only this says whether that was all.
    end.await.map_err(|code| failure::unreadable(path, &code))?;
    content(digest(&name)?, size)
}

/// Takes in a document.
pub(crate) async fn put(bytes: Vec<u8>) -> Result<Digest, Error> {
    digest(&content_store::put(&bytes, None)?)
}

/// Takes in bytes that were made here, however many.
pub(crate) async fn add_bytes(bytes: Vec<u8>) -> Result<Content, Error> {
    let length = bytes.len() as u64;
    let (mut writer, reader) = wit_stream::new();
    let write = async move {
        let rest = writer.write_all(bytes).await;
        drop(writer);
        rest.len()
    };
    let (added, rest) = futures::join!(content_store::add(reader), write);
    let (name, size) = added?;
    if rest > 0 || size != length {
        return Err(Error::Storage(format!(
            "{size} of {length} bytes were taken into the store"
        )));
    }
    content(digest(&name)?, size)
}

/// Content that stands in a document, which may say what its digest is.
pub(crate) fn of_bytes(bytes: &[u8], expected: Option<&Digest>) -> Result<Content, Error> {
    let digest = content_store::put(bytes, expected.map(Digest::as_str))?;
    content(self::digest(&digest)?, bytes.len() as u64)
}

/// Content that is in the store, and of the size that it should have.
pub(crate) fn find(described: &wharf_oci::Descriptor) -> Result<Content, Error> {
    let name = described.digest.as_str();
    match content_store::stat(name)? {
        Some(size) if size == described.size => content(described.digest.clone(), size),
        Some(size) => Err(Error::Integrity(Mismatch {
            subject: name.to_owned(),
            expected: format!("{} bytes", described.size),
            found: format!("{size} bytes"),
        })),
        None => Err(Error::MissingContent(name.to_owned())),
    }
}

/// A manifest or another document of the store.
pub(crate) fn document(digest: &str) -> Result<Vec<u8>, Error> {
    content_store::get(digest)?.ok_or_else(|| Error::MissingContent(digest.to_owned()))
}

/// The first `most` bytes of content, or all when it has fewer.
pub(crate) async fn prefix(content: &Content, most: u64) -> Result<Vec<u8>, Error> {
    let part = content_store::Extent {
        offset: 0,
        length: content.size.min(most),
    };
    let read = content_store::read(content.digest.to_string(), Some(part)).await;
    let (mut stream, end) = read?;
    // What is looked for are a few bytes most of the time.
    let piece = usize::try_from(part.length).unwrap_or(PIECE_BYTES);
    let mut bytes = Vec::new();
    loop {
        let room = Vec::with_capacity(piece.clamp(1, PIECE_BYTES));
        let (result, chunk) = stream.read(room).await;
        bytes.extend(chunk);
        if !matches!(result, StreamResult::Complete(_)) {
            end.await?;
            return Ok(bytes);
        }
    }
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

/// A digest as the store says it.
pub(crate) fn digest(text: &str) -> Result<Digest, Error> {
    text.parse().map_err(|error: DigestError| {
        Error::Other(format!("the content store named no digest: {error}"))
    })
}
