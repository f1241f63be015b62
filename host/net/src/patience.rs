//! How long silence may last.
//!
//! There is no limit on the whole of an exchange, since nobody knows how long a
//! gigabyte takes; what counts is whether anything still moves. The clock runs
//! while the peer is waited for and stands while the caller is, or while a body waits for
//! its turn on a line whose bandwidth is limited.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;
use tokio::time::{Instant, Sleep};
use wasmtime_wasi_http::{Error, RequestOptions, WasiBody};

use crate::bandwidth::Turn;
use crate::failure::translate;

/// How long an exchange's peer may be silent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Patience {
    /// How long a connection may take to come about, the name's resolution and
    /// the TLS handshake included.
    pub connect: Duration,
    /// How long the answer may take, from the last byte sent.
    pub first_byte: Duration,
    /// How long it may be until the next bytes move, in either direction.
    pub between_bytes: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(10),
            first_byte: Duration::from_secs(30),
            between_bytes: Duration::from_secs(30),
        }
    }
}

impl From<Option<RequestOptions>> for Patience {
    fn from(options: Option<RequestOptions>) -> Self {
        let usual = Self::default();
        let options = options.unwrap_or_default();
        Self {
            connect: options.connect_timeout.unwrap_or(usual.connect),
            first_byte: options.first_byte_timeout.unwrap_or(usual.first_byte),
            between_bytes: options.between_bytes_timeout.unwrap_or(usual.between_bytes),
        }
    }
}

/// When the request's body last moved, shared between the body and who waits for
/// the answer.
#[derive(Clone)]
pub(crate) struct Activity(Arc<Mutex<Moved>>);

#[derive(Clone, Copy)]
struct Moved {
    at: Instant,
    all: bool,
}

impl Activity {
    pub(crate) fn new() -> Self {
        Self(Arc::new(Mutex::new(Moved {
            at: Instant::now(),
            all: false,
        })))
    }

    /// Something moved just now; with `all`, the last of it.
    pub(crate) fn note(&self, all: bool) {
        self.note_until(Instant::now(), all);
    }

    /// Something moved, and nothing more can before this time.
    fn note_until(&self, time: Instant, all: bool) {
        let mut moved = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        moved.at = time;
        moved.all |= all;
    }

    /// Until when the answer, or the next move, may be waited for, and what it
    /// means when it does not come.
    pub(crate) fn deadline(&self, patience: Patience) -> (Instant, Error) {
        let moved = *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if moved.all {
            (moved.at + patience.first_byte, Error::HttpResponseTimeout)
        } else {
            (
                moved.at + patience.between_bytes,
                Error::ConnectionWriteTimeout,
            )
        }
    }
}

/// A request's body that notes when it moves, and takes its turn.
pub(crate) struct Sent {
    body: WasiBody,
    activity: Activity,
    /// How many bytes are still to come, where that was said.
    left: Option<u64>,
    turn: Option<Turn>,
    /// What does not fit into this turn.
    rest: Bytes,
}

impl Sent {
    /// A body that is said to have so many bytes. Whoever sends it never asks what comes
    /// after the last of them.
    pub(crate) fn new(
        body: WasiBody,
        activity: Activity,
        length: Option<u64>,
        turn: Option<Turn>,
    ) -> Self {
        if body.is_end_stream() || length == Some(0) {
            activity.note(true);
        }
        Self {
            body,
            activity,
            left: length,
            turn,
            rest: Bytes::new(),
        }
    }
}

impl Body for Sent {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        let sent = &mut *self;
        let Some(turn) = &mut sent.turn else {
            let polled = Pin::new(&mut sent.body).poll_frame(cx);
            if let Poll::Ready(frame) = &polled {
                let moved = match frame {
                    Some(Ok(frame)) => frame.data_ref().map_or(0, Bytes::len),
                    _ => 0,
                };
                sent.left = less(sent.left, moved);
                let all = frame.is_none() || sent.left == Some(0) || sent.body.is_end_stream();
                sent.activity.note(all);
            }
            return polled;
        };
        ready!(turn.poll(cx));
        if sent.rest.is_empty() {
            match ready!(Pin::new(&mut sent.body).poll_frame(cx)) {
                Some(Ok(frame)) => match frame.into_data() {
                    Ok(data) => sent.rest = data,
                    Err(frame) => {
                        sent.activity.note(sent.body.is_end_stream());
                        return Poll::Ready(Some(Ok(frame)));
                    }
                },
                end => {
                    sent.activity.note(true);
                    return Poll::Ready(end);
                }
            }
        }
        let piece = sent.rest.split_to(sent.rest.len().min(turn.piece()));
        let until = turn.moved(piece.len());
        sent.left = less(sent.left, piece.len());
        let is_end = sent.rest.is_empty() && sent.body.is_end_stream();
        let all = sent.left == Some(0) || is_end;
        sent.activity.note_until(until, all);
        Poll::Ready(Some(Ok(Frame::data(piece))))
    }

    fn is_end_stream(&self) -> bool {
        self.rest.is_empty() && self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        let left = self.rest.len() as u64;
        let inner = self.body.size_hint();
        let mut hint = SizeHint::new();
        hint.set_lower(inner.lower().saturating_add(left));
        if let Some(upper) = inner.upper() {
            hint.set_upper(upper.saturating_add(left));
        }
        hint
    }
}

/// What is left of so many bytes.
fn less(left: Option<u64>, moved: usize) -> Option<u64> {
    left.map(|left| left.saturating_sub(moved as u64))
}

/// An answer's body that ends with an error when nothing comes for too long.
pub(crate) struct Received {
    body: Incoming,
    between_bytes: Duration,
    turn: Option<Turn>,
    /// Runs while the peer is waited for.
    clock: Option<Pin<Box<Sleep>>>,
}

impl Received {
    pub(crate) fn new(body: Incoming, patience: Patience, turn: Option<Turn>) -> Self {
        Self {
            body,
            between_bytes: patience.between_bytes,
            turn,
            clock: None,
        }
    }
}

impl Body for Received {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        if let Some(turn) = &mut self.turn {
            ready!(turn.poll(cx));
        }
        if let Poll::Ready(frame) = Pin::new(&mut self.body).poll_frame(cx) {
            self.clock = None;
            if let (Some(turn), Some(Ok(frame))) = (&mut self.turn, &frame) {
                turn.moved(frame.data_ref().map_or(0, Bytes::len));
            }
            return Poll::Ready(frame.map(|frame| frame.map_err(|error| translate(&error))));
        }
        let between_bytes = self.between_bytes;
        let clock = self
            .clock
            .get_or_insert_with(|| Box::pin(tokio::time::sleep(between_bytes)));
        match clock.as_mut().poll(cx) {
            Poll::Ready(()) => Poll::Ready(Some(Err(Error::ConnectionReadTimeout))),
            Poll::Pending => Poll::Pending,
        }
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
