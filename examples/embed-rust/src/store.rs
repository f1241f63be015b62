//! A content store in memory, and streams into it.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use bytes::Bytes;
use sha2::{Digest as _, Sha256};
use tokio::sync::oneshot;
use wasmtime::StoreContextMut;
use wasmtime::component::{Source, StreamConsumer, StreamResult};

use crate::bindings::types::Descriptor;

/// What there is: content by digest, and names.
#[derive(Default)]
pub(crate) struct Contents {
    pub(crate) blobs: HashMap<String, Bytes>,
    pub(crate) names: HashMap<String, Descriptor>,
}

/// Content that is being taken in, in order. Cheap to clone.
#[derive(Clone)]
#[expect(unreachable_pub, reason = "the generated bindings re-export it")]
pub struct Ingest {
    pub(crate) expected: Descriptor,
    written: Arc<Mutex<Vec<u8>>>,
}

impl Ingest {
    pub(crate) fn new(expected: Descriptor) -> Self {
        Self {
            expected,
            written: Arc::default(),
        }
    }

    /// Does something with what was written so far.
    pub(crate) fn with<T>(&self, step: impl FnOnce(&mut Vec<u8>) -> T) -> T {
        step(&mut self.written.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Where a stream goes, and how many bytes it had once it has ended.
    pub(crate) fn sink(&self) -> (Sink, oneshot::Receiver<u64>) {
        let (ended, count) = oneshot::channel();
        let sink = Sink {
            ingest: self.clone(),
            taken: 0,
            ended: Some(ended),
        };
        (sink, count)
    }
}

/// Takes a stream. Dropped when it has ended.
pub(crate) struct Sink {
    ingest: Ingest,
    taken: u64,
    ended: Option<oneshot::Sender<u64>>,
}

impl<D> StreamConsumer<D> for Sink {
    type Item = u8;

    fn poll_consume(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        store: StoreContextMut<D>,
        source: Source<'_, u8>,
        _: bool,
    ) -> Poll<wasmtime::Result<StreamResult>> {
        let mut source = source.as_direct(store);
        let count = source.remaining().len();
        let size = usize::try_from(self.ingest.expected.size).unwrap_or(usize::MAX);
        let fits = self.ingest.with(|written| {
            written.extend_from_slice(source.remaining());
            written.len() <= size
        });
        source.mark_read(count);
        self.taken += count as u64;
        Poll::Ready(Ok(if fits {
            StreamResult::Completed
        } else {
            // Whoever sends more than was promised is not listened to.
            StreamResult::Dropped
        }))
    }
}

impl Drop for Sink {
    fn drop(&mut self) {
        if let Some(ended) = self.ended.take() {
            // Nobody waits any more where the call was given up.
            let _ = ended.send(self.taken);
        }
    }
}

/// The digest of content.
pub(crate) fn digest(content: &[u8]) -> String {
    let mut text = "sha256:".to_owned();
    for byte in Sha256::digest(content) {
        // Writing to a string can't fail.
        let _ = write!(text, "{byte:02x}");
    }
    text
}
