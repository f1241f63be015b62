//! Bytes between the sockets and the store. Hashing and what is done with the disk happen
//! on threads that may block; chunks wait between them and the runtime's, so that neither
//! has to wake the other for each.

use std::sync::Arc;
use std::{iter, mem};

use anyhow::{Context as _, Result};
use bytes::{Bytes, BytesMut};
use futures::stream::poll_fn;
use http_body::Frame;
use http_body_util::{BodyExt as _, Full, StreamBody};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};
use tokio::task::spawn_blocking;
use wharf_net::{Body, Error};
use wharf_oci::Descriptor;
use wharf_store::{Ingest, Reader, Store, StoreError, Writer};

/// How many bytes move at a time.
const CHUNK: usize = 256 * 1024;

/// How many more chunks may wait in a transfer.
const DEEP: u32 = 8;

/// Chunks that may wait in all transfers.
pub(crate) struct Depths(Arc<Semaphore>);

impl Default for Depths {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(4 * DEEP as usize)))
    }
}

impl Depths {
    /// How many chunks may wait in a transfer that begins, and the right to them.
    fn take(&self) -> (usize, Option<OwnedSemaphorePermit>) {
        match self.0.clone().try_acquire_many_owned(DEEP) {
            Ok(right) => (1 + DEEP as usize, Some(right)),
            Err(_) => (1, None),
        }
    }
}

/// Takes an answer's body into the store, which verifies it and makes it visible.
pub(crate) async fn into_store(body: Body, ingest: Ingest, depths: &Depths) -> Result<()> {
    let writer = ingest.writer(0)?;
    let rest = Bytes::new();
    let mut inflow = Inflow { body, rest };
    let mut chunk = Vec::new();
    inflow.fill(&mut chunk).await?;
    if chunk.len() < CHUNK {
        // That is all of it.
        let write = move || finish(writer, &ingest, [chunk].into_iter(), drop);
        return Ok(spawn_blocking(write).await??);
    }
    let (depth, right) = depths.take();
    let (full, mut received) = mpsc::channel(depth);
    // Chunks that were written, to be filled again.
    let (written, mut empty) = mpsc::unbounded_channel();
    let writing = spawn_blocking(move || {
        let chunks = iter::from_fn(|| received.blocking_recv());
        let done = finish(writer, &ingest, chunks, |mut chunk: Vec<u8>| {
            chunk.clear();
            // Nobody fills it again where the body has ended.
            let _ = written.send(chunk);
        });
        drop(right);
        done
    });
    while !chunk.is_empty() {
        let next = empty.try_recv().unwrap_or_default();
        if full.send(mem::replace(&mut chunk, next)).await.is_err() {
            // The writer failed, and says so below.
            break;
        }
        inflow.fill(&mut chunk).await?;
    }
    drop(full);
    Ok(writing.await??)
}

/// Writes all chunks and makes the content visible.
fn finish(
    mut writer: Writer,
    ingest: &Ingest,
    chunks: impl Iterator<Item = Vec<u8>>,
    mut written: impl FnMut(Vec<u8>),
) -> Result<(), StoreError> {
    for chunk in chunks {
        writer.write(&chunk)?;
        written(chunk);
    }
    drop(writer);
    ingest.finish()
}

/// An answer's body, as it comes.
struct Inflow {
    body: Body,
    /// What came and did not fit into a chunk.
    rest: Bytes,
}

impl Inflow {
    /// Fills a chunk; it has room left where the body ended.
    async fn fill(&mut self, chunk: &mut Vec<u8>) -> Result<()> {
        while chunk.len() < CHUNK {
            if self.rest.is_empty() {
                let Some(frame) = self.body.frame().await else {
                    return Ok(());
                };
                self.rest = frame?.into_data().unwrap_or_default();
            }
            let length = self.rest.len().min(CHUNK - chunk.len());
            chunk.extend_from_slice(&self.rest.split_to(length));
        }
        Ok(())
    }
}

/// Content of the store as a request's body.
pub(crate) async fn from_store(store: &Store, blob: &Descriptor, depths: &Depths) -> Result<Body> {
    let (store, digest) = (store.clone(), blob.digest.clone());
    if blob.size <= CHUNK as u64 {
        let content = spawn_blocking(move || store.get(&digest)).await??;
        let content = content.context("content was damaged")?;
        let body = Full::new(Bytes::from(content)).map_err(|never| match never {});
        return Ok(body.boxed_unsync());
    }
    let reader = spawn_blocking(move || store.read(&digest, None)).await??;
    let (depth, right) = depths.take();
    let (sender, mut chunks) = mpsc::channel(depth);
    spawn_blocking(move || {
        read_all(reader, &sender);
        drop(right);
    });
    let chunks = poll_fn(move |context| chunks.poll_recv(context));
    Ok(StreamBody::new(chunks).boxed_unsync())
}

/// Reads until nobody wants more.
fn read_all(mut reader: Reader, chunks: &mpsc::Sender<Result<Frame<Bytes>, Error>>) {
    let mut left = reader.length();
    loop {
        let length = usize::try_from(left).unwrap_or(CHUNK).min(CHUNK);
        let mut chunk = BytesMut::zeroed(length);
        let read = match reader.read(&mut chunk) {
            Ok(0) => return,
            Ok(length) => {
                chunk.truncate(length);
                left = left.saturating_sub(length as u64);
                Ok(Frame::data(chunk.freeze()))
            }
            Err(error) => Err(Error::InternalError(Some(error.to_string()))),
        };
        let failed = read.is_err();
        if chunks.blocking_send(read).is_err() || failed {
            return;
        }
    }
}
