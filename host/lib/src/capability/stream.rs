//! The two ends of the data plane: bytes go from the socket to the store and back
//! without entering a guest.
//!
//! A store's streams are moved by one task, so neither end does disk I/O or hashing
//! there: a chunk is handed to a blocking thread while the next one is collected.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::BytesMut;
use tokio::runtime::Handle;
use tokio::sync::oneshot;
use tokio::task::{JoinHandle, spawn_blocking};
use wasmtime::StoreContextMut;
use wasmtime::component::{Destination, Source, StreamConsumer, StreamProducer, StreamResult};
use wharf_oci::Digest;
use wharf_store::{Addition, Reader, StoreError, Writer};

use crate::progress::{Event, Observer};

/// How many bytes move at a time. At most two such chunks are held for each
/// transfer.
const CHUNK: usize = 256 * 1024;

/// Tells an observer of the bytes of one piece of content.
#[derive(Clone)]
pub(crate) struct Meter {
    pub(crate) digest: Digest,
    pub(crate) observer: Arc<dyn Observer>,
}

impl Meter {
    fn advance(&self, bytes: usize) {
        self.observer.event(Event::Advanced {
            digest: self.digest.clone(),
            bytes: bytes as u64,
        });
    }
}

/// Where the bytes of a stream go, in blocking calls.
pub(crate) trait Inlet: Send + 'static {
    /// What there is to say once all of them were written.
    type Outcome: Send + 'static;

    /// Writes these after those before.
    fn write(&mut self, bytes: &[u8]) -> Result<(), StoreError>;

    /// To be called after the last of them.
    fn end(self) -> Result<Self::Outcome, StoreError>;
}

/// A part of content whose digest is known: tells how many bytes were written.
impl Inlet for Writer {
    type Outcome = u64;

    fn write(&mut self, bytes: &[u8]) -> Result<(), StoreError> {
        Writer::write(self, bytes)
    }

    fn end(self) -> Result<u64, StoreError> {
        Ok(self.written())
    }
}

/// Content whose digest is not known before: tells it, and how many bytes it has.
impl Inlet for Addition {
    type Outcome = (Digest, u64);

    fn write(&mut self, bytes: &[u8]) -> Result<(), StoreError> {
        Addition::write(self, bytes)
    }

    fn end(self) -> Result<(Digest, u64), StoreError> {
        self.finish()
    }
}

/// Takes a stream into the store, and gives the word on it once it has ended.
pub(crate) struct Sink<I: Inlet> {
    writing: Writing<I>,
    /// Bytes that wait for the writer.
    waiting: Vec<u8>,
    /// None where nobody waits for these bytes.
    meter: Option<Meter>,
    done: Option<oneshot::Sender<Result<I::Outcome, StoreError>>>,
    runtime: Handle,
}

enum Writing<I> {
    Idle(Box<I>),
    Busy(JoinHandle<Written<I>>),
    /// Failed, and told so.
    Over,
}

struct Written<I> {
    writer: Box<I>,
    /// For the next bytes, so as not to allocate anew.
    buffer: Vec<u8>,
    result: Result<(), StoreError>,
}

impl<I: Inlet> Sink<I> {
    /// A sink, and the word on how it went. To be made within a tokio runtime.
    pub(crate) fn new(
        writer: I,
        meter: Option<Meter>,
    ) -> (Self, oneshot::Receiver<Result<I::Outcome, StoreError>>) {
        let (done, outcome) = oneshot::channel();
        let sink = Self {
            writing: Writing::Idle(Box::new(writer)),
            waiting: Vec::new(),
            meter,
            done: Some(done),
            runtime: Handle::current(),
        };
        (sink, outcome)
    }

    fn fail(&mut self, error: StoreError) {
        self.writing = Writing::Over;
        if let Some(done) = self.done.take() {
            let _ = done.send(Err(error));
        }
    }

    /// Waits for the writer, when it is at work. Whether there still is one.
    fn poll_writer(&mut self, cx: &mut Context<'_>) -> Poll<bool> {
        if let Writing::Busy(task) = &mut self.writing {
            match ready!(Pin::new(task).poll(cx)) {
                Ok(Written {
                    writer,
                    mut buffer,
                    result: Ok(()),
                }) => {
                    self.writing = Writing::Idle(writer);
                    if self.waiting.capacity() == 0 {
                        buffer.clear();
                        self.waiting = buffer;
                    }
                }
                Ok(Written {
                    result: Err(error), ..
                }) => self.fail(error),
                // The runtime is going down.
                Err(_) => self.writing = Writing::Over,
            }
        }
        Poll::Ready(!matches!(self.writing, Writing::Over))
    }

    fn start_writing(&mut self) {
        let Writing::Idle(writer) = std::mem::replace(&mut self.writing, Writing::Over) else {
            unreachable!("called with an idle writer alone");
        };
        let bytes = std::mem::take(&mut self.waiting);
        self.writing = Writing::Busy(spawn_blocking(move || write(writer, bytes)));
    }
}

fn write<I: Inlet>(mut writer: Box<I>, bytes: Vec<u8>) -> Written<I> {
    let result = writer.write(&bytes);
    Written {
        writer,
        buffer: bytes,
        result,
    }
}

impl<I: Inlet, D> StreamConsumer<D> for Sink<I> {
    type Item = u8;

    fn poll_consume(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        store: StoreContextMut<D>,
        source: Source<'_, u8>,
        finish: bool,
    ) -> Poll<wasmtime::Result<StreamResult>> {
        let sink = &mut *self;
        let is_full = sink.waiting.len() >= CHUNK;
        match sink.poll_writer(cx) {
            Poll::Ready(false) => return Poll::Ready(Ok(StreamResult::Dropped)),
            Poll::Pending if is_full => {
                return if finish {
                    Poll::Ready(Ok(StreamResult::Cancelled))
                } else {
                    Poll::Pending
                };
            }
            Poll::Ready(true) if is_full => sink.start_writing(),
            Poll::Ready(true) | Poll::Pending => {}
        }
        let mut source = source.as_direct(store);
        let bytes = source.remaining();
        let taken = bytes.len().min(CHUNK - sink.waiting.len());
        sink.waiting.extend_from_slice(&bytes[..taken]);
        source.mark_read(taken);
        if let (Some(meter), 1..) = (&sink.meter, taken) {
            meter.advance(taken);
        }
        if matches!(sink.writing, Writing::Idle(_)) && sink.waiting.len() >= CHUNK {
            sink.start_writing();
        }
        Poll::Ready(Ok(StreamResult::Completed))
    }
}

/// The stream has ended: what waits is still written, and then the word is given.
impl<I: Inlet> Drop for Sink<I> {
    fn drop(&mut self) {
        let Some(done) = self.done.take() else {
            return;
        };
        if done.is_closed() {
            // Nobody waits for it: the call was given up, and this is not its end.
            return;
        }
        let rest = std::mem::take(&mut self.waiting);
        let writing = std::mem::replace(&mut self.writing, Writing::Over);
        self.runtime.spawn(async move {
            let writer = match writing {
                Writing::Idle(writer) => writer,
                Writing::Busy(task) => match task.await {
                    Ok(Written {
                        writer,
                        result: Ok(()),
                        ..
                    }) => writer,
                    Ok(Written {
                        result: Err(error), ..
                    }) => {
                        let _ = done.send(Err(error));
                        return;
                    }
                    Err(_) => return,
                },
                Writing::Over => return,
            };
            let _ = spawn_blocking(move || {
                let Written { writer, result, .. } = write(writer, rest);
                // Closed before the word is given: whoever waits for it goes on to finish.
                let _ = done.send(result.and_then(|()| writer.end()));
            })
            .await;
        });
    }
}

/// Gives content of the store as a stream, and at its end the word on whether it
/// was what its digest promises.
pub(crate) struct Fountain {
    reading: Reading,
    meter: Option<Meter>,
    verdict: Option<oneshot::Sender<Result<(), StoreError>>>,
}

enum Reading {
    Idle(Box<Reader>),
    Busy(JoinHandle<(Box<Reader>, Result<BytesMut, StoreError>)>),
    Over,
}

impl Fountain {
    /// A stream, and its verdict. Without a verdict, because the stream was not
    /// read to its end, the channel is closed.
    pub(crate) fn new(
        reader: Reader,
        meter: Option<Meter>,
    ) -> (Self, oneshot::Receiver<Result<(), StoreError>>) {
        let (verdict, outcome) = oneshot::channel();
        let fountain = Self {
            reading: Reading::Idle(Box::new(reader)),
            meter,
            verdict: Some(verdict),
        };
        (fountain, outcome)
    }

    fn end(&mut self, outcome: Result<(), StoreError>) {
        self.reading = Reading::Over;
        if let Some(verdict) = self.verdict.take() {
            let _ = verdict.send(outcome);
        }
    }
}

fn read(mut reader: Box<Reader>) -> (Box<Reader>, Result<BytesMut, StoreError>) {
    let mut chunk = BytesMut::zeroed(CHUNK);
    let read = reader.read(&mut chunk);
    let read = read.map(|length| {
        chunk.truncate(length);
        chunk
    });
    (reader, read)
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
        if let Reading::Idle(_) = fountain.reading {
            let Reading::Idle(reader) = std::mem::replace(&mut fountain.reading, Reading::Over)
            else {
                unreachable!("it was idle a moment ago");
            };
            fountain.reading = Reading::Busy(spawn_blocking(move || read(reader)));
        }
        let Reading::Busy(task) = &mut fountain.reading else {
            return Poll::Ready(Ok(StreamResult::Dropped));
        };
        let (reader, chunk) = match Pin::new(task).poll(cx) {
            Poll::Pending if finish => return Poll::Ready(Ok(StreamResult::Cancelled)),
            Poll::Pending => return Poll::Pending,
            Poll::Ready(Ok(read)) => read,
            Poll::Ready(Err(_)) => {
                fountain.reading = Reading::Over;
                return Poll::Ready(Ok(StreamResult::Dropped));
            }
        };
        match chunk {
            Ok(chunk) if chunk.is_empty() => {
                fountain.end(Ok(()));
                Poll::Ready(Ok(StreamResult::Dropped))
            }
            Ok(chunk) => {
                fountain.reading = Reading::Idle(reader);
                if let Some(meter) = &fountain.meter {
                    meter.advance(chunk.len());
                }
                destination.set_buffer(chunk);
                Poll::Ready(Ok(StreamResult::Completed))
            }
            Err(error) => {
                fountain.end(Err(error));
                Poll::Ready(Ok(StreamResult::Dropped))
            }
        }
    }
}
