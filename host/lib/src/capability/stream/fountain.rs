//! From the store to a stream, which is the body of a request.
//!
//! A guest hands a stream of content on without reading it. Where Wasmtime's host for
//! `wasi:http` made that stream from a body, it takes the body back when the stream becomes
//! that of a request (`Request::new` in its `p3`), and sends it as if no guest stood between.
//! So content is made a body first, and lent as that body's stream. A guest that reads it
//! itself gets it like any other stream.

use std::mem;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::{Bytes, BytesMut};
use http::Method;
use http_body::{Body, Frame, SizeHint};
use tokio::sync::{mpsc, oneshot};
use tokio::task::spawn_blocking;
use wasmtime::AsContextMut as _;
use wasmtime::component::{Access, FutureReader, HasSelf, StreamReader};
use wasmtime_wasi_http::p3::Request;
use wasmtime_wasi_http::p3::bindings::http::types::HostRequestWithStore as _;
use wasmtime_wasi_http::{Error, FieldMap, WasiHttp, WasiHttpView as _};
use wharf_store::{Reader, StoreError};

use super::{AT_ONCE, CHUNK, Depths, Meter};
use crate::state::State;

/// Content of the store as a body. At its end there is the word on whether it was what
/// its digest promises.
pub(crate) struct Fountain {
    reading: Reading,
    /// How many bytes are still to come.
    left: u64,
    depths: Depths,
    meter: Meter,
    verdict: Option<oneshot::Sender<Result<(), StoreError>>>,
}

enum Reading {
    /// Nothing was asked for yet.
    Idle(Box<Reader>),
    /// All of it was read, or could not be.
    Read(Read),
    Flowing(mpsc::Receiver<Read>),
    Over,
}

/// What the reader's thread has to say.
enum Read {
    Chunk(Bytes),
    /// After the last chunk: without it, the thread was broken off.
    End(Result<(), StoreError>),
}

impl Fountain {
    /// A body, and its verdict. Without a verdict, because the body was not
    /// read to its end, the channel is closed.
    pub(crate) fn new(
        reader: Reader,
        depths: Depths,
        meter: Meter,
    ) -> (Self, oneshot::Receiver<Result<(), StoreError>>) {
        let (verdict, outcome) = oneshot::channel();
        let fountain = Self {
            left: reader.length(),
            reading: Reading::Idle(Box::new(reader)),
            depths,
            meter,
            verdict: Some(verdict),
        };
        (fountain, outcome)
    }

    /// Lends it to a guest.
    pub(crate) fn lend(
        self,
        access: &mut Access<'_, State, HasSelf<State>>,
    ) -> wasmtime::Result<StreamReader<u8>> {
        let mut http = Access::<State, WasiHttp>::new(access.as_context_mut(), State::http);
        // What nobody sends: it stands for its body.
        let (request, _) = Request::new(
            Method::GET,
            None,
            None,
            None,
            FieldMap::default(),
            None,
            self,
        );
        let request = http.get().table.push(request)?;
        let consumed = FutureReader::new(&mut http, async { wasmtime::error::Ok(Ok(())) })?;
        let (stream, mut trailers) = WasiHttp::consume_body(http, request, consumed)?;
        trailers.close(access)?;
        Ok(stream)
    }

    /// Reads what is small, or starts the reader's thread, where it was not.
    fn begin(&mut self) {
        match mem::replace(&mut self.reading, Reading::Over) {
            Reading::Idle(mut reader) if reader.length() <= AT_ONCE as u64 => {
                self.reading = Reading::Read(whole(&mut reader));
            }
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

    /// The reader has said all.
    fn end(&mut self, outcome: Result<(), StoreError>) {
        self.reading = Reading::Over;
        if let Some(verdict) = self.verdict.take() {
            // Nobody asks where the call was given up.
            let _ = verdict.send(outcome);
        }
    }
}

/// Reads until nobody wants more.
fn read_all(mut reader: Reader, chunks: &mpsc::Sender<Read>) {
    let mut left = reader.length();
    loop {
        let read = read(&mut reader, left);
        let is_end = match &read {
            Read::Chunk(chunk) => {
                left = left.saturating_sub(chunk.len() as u64);
                false
            }
            Read::End(_) => true,
        };
        if chunks.blocking_send(read).is_err() || is_end {
            return;
        }
    }
}

/// Reads all there is.
fn whole(reader: &mut Reader) -> Read {
    let mut all = BytesMut::new();
    let length = reader.length();
    loop {
        match read(reader, length.saturating_sub(all.len() as u64)) {
            Read::Chunk(chunk) if chunk.len() as u64 == length => return Read::Chunk(chunk),
            Read::Chunk(chunk) => all.extend_from_slice(&chunk),
            end @ Read::End(_) => return end,
        }
        if all.len() as u64 == length {
            return Read::Chunk(all.freeze());
        }
    }
}

/// Reads some of what is left.
fn read(reader: &mut Reader, left: u64) -> Read {
    let length = usize::try_from(left).unwrap_or(CHUNK).min(CHUNK);
    let mut chunk = BytesMut::zeroed(length);
    match reader.read(&mut chunk) {
        Ok(0) => Read::End(Ok(())),
        Ok(length) => {
            chunk.truncate(length);
            Read::Chunk(chunk.freeze())
        }
        Err(error) => Read::End(Err(error)),
    }
}

impl Body for Fountain {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        let fountain = &mut *self;
        fountain.begin();
        let read = match &mut fountain.reading {
            Reading::Flowing(chunks) => ready!(chunks.poll_recv(cx)),
            Reading::Read(_) => match mem::replace(&mut fountain.reading, Reading::Over) {
                Reading::Read(read) => Some(read),
                _ => None,
            },
            Reading::Idle(_) | Reading::Over => return Poll::Ready(None),
        };
        Poll::Ready(match read {
            Some(Read::Chunk(chunk)) => {
                fountain.meter.advance(chunk.len());
                fountain.left = fountain.left.saturating_sub(chunk.len() as u64);
                if fountain.left == 0 {
                    // The reader verifies what it read before it hands over the last of it;
                    // whoever knows the length asks for nothing behind that.
                    fountain.end(Ok(()));
                }
                Some(Ok(Frame::data(chunk)))
            }
            Some(Read::End(Ok(()))) => {
                fountain.end(Ok(()));
                None
            }
            Some(Read::End(Err(error))) => {
                let words = format!("content of the store could not be read: {error}");
                fountain.end(Err(error));
                Some(Err(Error::InternalError(Some(words))))
            }
            None => {
                fountain.reading = Reading::Over;
                let words = "reading content of the store was broken off".to_owned();
                Some(Err(Error::InternalError(Some(words))))
            }
        })
    }

    fn is_end_stream(&self) -> bool {
        self.left == 0 && matches!(self.reading, Reading::Over)
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.left)
    }
}
