//! Content of the store, read by the component itself.

use wharf_oci::Digest;
use wit_bindgen::rt::async_support::{FutureReader, StreamReader, StreamResult};

use crate::bindings::{Error, Mismatch, content_store};

/// How many bytes are read at a time.
const PIECE_BYTES: usize = 64 * 1024;

/// Content as it comes.
pub(crate) struct Content {
    stream: StreamReader<u8>,
    /// Whether it was what its digest says; none once that was asked.
    verdict: Option<FutureReader<Result<(), content_store::Error>>>,
}

impl Content {
    /// Content that must have `size` bytes.
    pub(crate) async fn open(digest: &Digest, size: u64) -> Result<Self, Error> {
        let digest = digest.to_string();
        match content_store::stat(&digest)? {
            None => return Err(Error::MissingContent(digest)),
            Some(found) if found != size => {
                return Err(Error::Integrity(Mismatch {
                    subject: digest,
                    expected: format!("{size} bytes"),
                    found: format!("{found} bytes"),
                }));
            }
            Some(_) => {}
        }
        let (stream, verdict) = content_store::read(digest, None).await?;
        Ok(Self {
            stream,
            verdict: Some(verdict),
        })
    }

    /// The next bytes; none at the end of it, when all of it was right.
    pub(crate) async fn next(&mut self) -> Result<Option<Vec<u8>>, Error> {
        while self.verdict.is_some() {
            let (result, piece) = self.stream.read(Vec::with_capacity(PIECE_BYTES)).await;
            if !matches!(result, StreamResult::Complete(_)) {
                if let Some(verdict) = self.verdict.take() {
                    verdict.await?;
                }
            }
            if !piece.is_empty() {
                return Ok(Some(piece));
            }
        }
        Ok(None)
    }
}
