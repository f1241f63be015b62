//! From a stream to the store.

use std::future::poll_fn;
use std::mem;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::{Buf as _, Bytes};
use tokio::runtime::Handle;
use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::PollSender;
use wasmtime::StoreContextMut;
use wasmtime::component::{Source, StreamConsumer, StreamResult};
use wharf_oci::Digest;
use wharf_store::{Addition, StoreError, Writer};

use super::{AT_ONCE, CHUNK, Depths, Inflow, Meter};
use crate::blocking::aside;
use crate::error::Error;

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
    stage: Stage<I>,
    /// Bytes that were not handed to the writer yet.
    waiting: Vec<u8>,
    depths: Depths,
    /// None where nobody waits for these bytes.
    meter: Option<Meter>,
    runtime: Handle,
}

type Word<I> = oneshot::Sender<Result<<I as Inlet>::Outcome, StoreError>>;

enum Stage<I: Inlet> {
    /// There was not enough yet to have a thread write it.
    Idle(Box<I>, Word<I>),
    Writing {
        chunks: PollSender<Vec<u8>>,
        /// Chunks that were written, to be filled again.
        empty: mpsc::UnboundedReceiver<Vec<u8>>,
    },
    Over,
}

impl<I: Inlet> Sink<I> {
    /// A sink, and the word on how it went. To be made within a tokio runtime.
    pub(crate) fn new(
        writer: I,
        depths: Depths,
        meter: Option<Meter>,
    ) -> (Self, oneshot::Receiver<Result<I::Outcome, StoreError>>) {
        let (done, outcome) = oneshot::channel();
        let sink = Self {
            stage: Stage::Idle(Box::new(writer), done),
            waiting: Vec::new(),
            depths,
            meter,
            runtime: Handle::current(),
        };
        (sink, outcome)
    }

    /// Takes a body in, to its end or to where it can't be written.
    pub(crate) async fn fill(mut self, mut body: Inflow) -> Result<(), Error> {
        let mut rest = Bytes::new();
        if !self.fill_chunk(&mut body, &mut rest).await {
            return Ok(());
        }
        // What is large moves in a task of its own, so that what comes of it does not wake
        // everything that waits for the guest each time.
        aside(async move { while self.fill_chunk(&mut body, &mut rest).await {} }).await
    }

    /// Takes a chunk of a body in and hands it over. Whether there may be another: the body
    /// has not ended, nor did the writer fail.
    async fn fill_chunk(&mut self, body: &mut Inflow, rest: &mut Bytes) -> bool {
        while self.waiting.len() < CHUNK {
            if rest.is_empty() {
                match body.next().await {
                    Some(bytes) => *rest = bytes,
                    None => return false,
                }
            }
            let taken = self.take(rest);
            rest.advance(taken);
        }
        poll_fn(|cx| self.poll_hand_over(cx)).await
    }

    /// Takes as much as there is room for. Tells how many bytes that was.
    fn take(&mut self, bytes: &[u8]) -> usize {
        let taken = bytes.len().min(CHUNK - self.waiting.len());
        self.waiting.extend_from_slice(&bytes[..taken]);
        if let (Some(meter), 1..) = (&self.meter, taken) {
            meter.advance(taken);
        }
        taken
    }

    /// Hands a full chunk to the writer as soon as it may wait there. Whether there
    /// still is a writer: one that failed has said so.
    fn poll_hand_over(&mut self, cx: &mut Context<'_>) -> Poll<bool> {
        self.begin();
        let Stage::Writing { chunks, empty } = &mut self.stage else {
            return Poll::Ready(false);
        };
        if ready!(chunks.poll_reserve(cx)).is_err() {
            return Poll::Ready(false);
        }
        let next = empty.try_recv().unwrap_or_default();
        let full = mem::replace(&mut self.waiting, next);
        Poll::Ready(chunks.send_item(full).is_ok())
    }

    /// Starts the writer's thread, where it was not.
    fn begin(&mut self) {
        match mem::replace(&mut self.stage, Stage::Over) {
            Stage::Idle(writer, done) => {
                let (depth, right) = self.depths.take();
                let (chunks, received) = mpsc::channel(depth);
                let (written, empty) = mpsc::unbounded_channel();
                self.runtime.spawn_blocking(move || {
                    write_all(*writer, received, &written, done);
                    drop(right);
                });
                let chunks = PollSender::new(chunks);
                self.stage = Stage::Writing { chunks, empty };
            }
            other => self.stage = other,
        }
    }
}

/// Writes what comes until nothing more can, and gives the word.
fn write_all<I: Inlet>(
    mut writer: I,
    mut chunks: mpsc::Receiver<Vec<u8>>,
    written: &mpsc::UnboundedSender<Vec<u8>>,
    done: Word<I>,
) {
    while let Some(mut chunk) = chunks.blocking_recv() {
        if let Err(error) = writer.write(&chunk) {
            let _ = done.send(Err(error));
            return;
        }
        chunk.clear();
        // Nobody fills it again where the stream has ended.
        let _ = written.send(chunk);
    }
    finish(writer, done);
}

/// Writes the last there is, and gives the word.
fn write_last<I: Inlet>(mut writer: I, rest: &[u8], done: Word<I>) {
    match writer.write(rest) {
        Ok(()) => finish(writer, done),
        // Nobody waits for it where the call was given up.
        Err(error) => drop(done.send(Err(error))),
    }
}

fn finish<I: Inlet>(writer: I, done: Word<I>) {
    // Nobody waits for it where the call was given up, and this is not its end.
    if !done.is_closed() {
        // Closed before the word is given: whoever waits for it goes on to finish.
        let outcome = writer.end();
        let _ = done.send(outcome);
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
        if sink.waiting.len() >= CHUNK {
            match sink.poll_hand_over(cx) {
                Poll::Ready(true) => {}
                Poll::Ready(false) => return Poll::Ready(Ok(StreamResult::Dropped)),
                Poll::Pending if finish => return Poll::Ready(Ok(StreamResult::Cancelled)),
                Poll::Pending => return Poll::Pending,
            }
        }
        let mut source = source.as_direct(store);
        let taken = sink.take(source.remaining());
        source.mark_read(taken);
        if sink.waiting.len() >= CHUNK && sink.poll_hand_over(cx) == Poll::Ready(false) {
            return Poll::Ready(Ok(StreamResult::Dropped));
        }
        Poll::Ready(Ok(StreamResult::Completed))
    }
}

/// The stream has ended: what waits is still written, and then the word is given.
impl<I: Inlet> Drop for Sink<I> {
    fn drop(&mut self) {
        let rest = mem::take(&mut self.waiting);
        match mem::replace(&mut self.stage, Stage::Over) {
            Stage::Idle(_, done) if done.is_closed() => {}
            Stage::Idle(writer, done) if rest.len() <= AT_ONCE => write_last(*writer, &rest, done),
            Stage::Idle(writer, done) => {
                self.runtime
                    .spawn_blocking(move || write_last(*writer, &rest, done));
            }
            Stage::Writing { chunks, .. } => {
                if let Some(chunks) = chunks.get_ref().cloned() {
                    // Closed where the writer failed, which was told.
                    self.runtime.spawn(async move { chunks.send(rest).await });
                }
            }
            Stage::Over => {}
        }
    }
}
