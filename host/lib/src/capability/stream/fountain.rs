//! From the store to a stream.

use std::mem;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::BytesMut;
use tokio::sync::{mpsc, oneshot};
use tokio::task::spawn_blocking;
use wasmtime::StoreContextMut;
use wasmtime::component::{Destination, StreamProducer, StreamResult};
use wharf_store::{Reader, StoreError};

use super::{CHUNK, Depths, Meter};

/// Gives content of the store as a stream, and at its end the word on whether it
/// was what its digest promises.
pub(crate) struct Fountain {
    reading: Reading,
    depths: Depths,
    meter: Option<Meter>,
    verdict: Option<oneshot::Sender<Result<(), StoreError>>>,
}

enum Reading {
    /// Nothing was asked for yet.
    Idle(Box<Reader>),
    Flowing(mpsc::Receiver<Read>),
    Over,
}

/// What the reader's thread has to say.
enum Read {
    Chunk(BytesMut),
    /// After the last chunk: without it, the thread was broken off.
    End(Result<(), StoreError>),
}

impl Fountain {
    /// A stream, and its verdict. Without a verdict, because the stream was not
    /// read to its end, the channel is closed.
    pub(crate) fn new(
        reader: Reader,
        depths: Depths,
        meter: Option<Meter>,
    ) -> (Self, oneshot::Receiver<Result<(), StoreError>>) {
        let (verdict, outcome) = oneshot::channel();
        let fountain = Self {
            reading: Reading::Idle(Box::new(reader)),
            depths,
            meter,
            verdict: Some(verdict),
        };
        (fountain, outcome)
    }

    /// Starts the reader's thread, where it was not.
    fn begin(&mut self) {
        match mem::replace(&mut self.reading, Reading::Over) {
            Reading::Idle(reader) => {
                let is_large = reader.length() > CHUNK as u64;
                let (depth, right) = if is_large {
                    self.depths.take()
                } else {
                    (1, None)
                };
                let (chunks, received) = mpsc::channel(depth);
                spawn_blocking(move || {
                    read_all(*reader, &chunks);
                    drop(right);
                });
                self.reading = Reading::Flowing(received);
            }
            other => self.reading = other,
        }
    }
}

/// Reads until nobody wants more.
fn read_all(mut reader: Reader, chunks: &mpsc::Sender<Read>) {
    let mut left = reader.length();
    loop {
        let length = usize::try_from(left).unwrap_or(CHUNK).min(CHUNK);
        let mut chunk = BytesMut::zeroed(length);
        let read = match reader.read(&mut chunk) {
            Ok(0) => Read::End(Ok(())),
            Ok(length) => {
                chunk.truncate(length);
                left = left.saturating_sub(length as u64);
                Read::Chunk(chunk)
            }
            Err(error) => Read::End(Err(error)),
        };
        let is_end = matches!(read, Read::End(_));
        if chunks.blocking_send(read).is_err() || is_end {
            return;
        }
    }
}

impl<D> StreamProducer<D> for Fountain {
    type Item = u8;
    type Buffer = BytesMut;

    fn poll_produce(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        mut store: StoreContextMut<D>,
        mut destination: Destination<'_, u8, Self::Buffer>,
        finish: bool,
    ) -> Poll<wasmtime::Result<StreamResult>> {
        let fountain = &mut *self;
        if destination.remaining(&mut store) == Some(0) {
            return Poll::Ready(Ok(StreamResult::Completed));
        }
        fountain.begin();
        let Reading::Flowing(chunks) = &mut fountain.reading else {
            return Poll::Ready(Ok(StreamResult::Dropped));
        };
        let result = match chunks.poll_recv(cx) {
            Poll::Pending if finish => StreamResult::Cancelled,
            polled => match ready!(polled) {
                Some(Read::Chunk(chunk)) => {
                    if let Some(meter) = &fountain.meter {
                        meter.advance(chunk.len());
                    }
                    destination.set_buffer(chunk);
                    StreamResult::Completed
                }
                end => {
                    fountain.reading = Reading::Over;
                    if let (Some(Read::End(outcome)), Some(verdict)) =
                        (end, fountain.verdict.take())
                    {
                        let _ = verdict.send(outcome);
                    }
                    StreamResult::Dropped
                }
            },
        };
        Poll::Ready(Ok(result))
    }
}
