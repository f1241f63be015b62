//! Content that the component itself gives to the store, and whose digest is known.

use std::future::Future;
use std::pin::{Pin, pin};
use std::rc::Rc;

use futures::future::{Either, select};
use wharf_oci::Digest;
use wit_bindgen::rt::async_support::StreamWriter;

use crate::bindings::{Descriptor, Error, content_store, wit_stream};

/// Up to this size, in bytes, content is handed over as a whole.
const SMALL_BYTES: u64 = 1024 * 1024;

/// What the content is said to be: a description needs some word.
const OCTETS: &str = "application/octet-stream";

/// A piece of content on its way into the store, which takes it only if it has this
/// digest and this size.
pub(crate) enum Intake {
    /// Here as far as it came.
    Small(Digest, Vec<u8>),
    /// On its way.
    Large(Large),
    /// The store has it.
    Present,
}

/// Content that moves as a stream.
pub(crate) struct Large {
    ingest: Rc<content_store::Ingest>,
    writing: Pin<Box<dyn Future<Output = Result<u64, content_store::Error>>>>,
    writer: StreamWriter<u8>,
}

impl Intake {
    /// Begins with content of `size` bytes.
    pub(crate) async fn begin(digest: Digest, size: u64) -> Result<Self, Error> {
        if size <= SMALL_BYTES {
            return Ok(Self::Small(digest, Vec::new()));
        }
        let expected = Descriptor {
            media_type: OCTETS.to_owned(),
            digest: digest.to_string(),
            size,
        };
        let Some(mut ingest) = content_store::receive(expected.clone()).await? else {
            return Ok(Self::Present);
        };
        if !is_new(&ingest, size) {
            // What a download left, which could be gone on with only from there.
            ingest.discard().await?;
            drop(ingest);
            match content_store::receive(expected).await? {
                Some(again) => ingest = again,
                None => return Ok(Self::Present),
            }
        }
        let ingest = Rc::new(ingest);
        let (writer, reader) = wit_stream::new();
        let taker = Rc::clone(&ingest);
        Ok(Self::Large(Large {
            writing: Box::pin(async move { taker.write(0, reader).await }),
            ingest,
            writer,
        }))
    }

    /// Adds the next bytes.
    pub(crate) async fn write(&mut self, bytes: &[u8]) -> Result<(), Error> {
        match self {
            Self::Small(_, content) => content.extend_from_slice(bytes),
            Self::Large(large) => large.write(bytes).await?,
            Self::Present => {}
        }
        Ok(())
    }

    /// Ends it: the content is there from now on.
    pub(crate) async fn finish(self) -> Result<(), Error> {
        match self {
            Self::Small(digest, content) => {
                content_store::put(&content, Some(digest.as_str()))?;
            }
            Self::Large(large) => {
                drop(large.writer);
                large.writing.await?;
                large.ingest.finish().await?;
            }
            Self::Present => {}
        }
        Ok(())
    }
}

impl Large {
    async fn write(&mut self, bytes: &[u8]) -> Result<(), Error> {
        let writing = self.writing.as_mut();
        match select(pin!(self.writer.write_all(bytes.to_vec())), writing).await {
            Either::Left((rest, _)) if rest.is_empty() => Ok(()),
            Either::Left(_) => Err(match self.writing.as_mut().await {
                Err(error) => error.into(),
                Ok(_) => unfinished(),
            }),
            Either::Right((Err(error), _)) => Err(error.into()),
            Either::Right((Ok(_), _)) => Err(unfinished()),
        }
    }
}

fn is_new(ingest: &content_store::Ingest, size: u64) -> bool {
    let missing = ingest.missing();
    matches!(missing.as_slice(), [all] if all.length == size)
}

fn unfinished() -> Error {
    Error::Storage("the content store did not take the whole of a file".to_owned())
}
