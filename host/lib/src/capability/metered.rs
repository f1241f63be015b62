//! Bodies whose end is noted, and whose bytes are counted where somebody wants to know or
//! sets a limit.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use http_body_util::BodyExt as _;
use wasmtime_wasi_http::{Error, WasiBody};

use crate::audit::Refusal;
use crate::watch::{Open, Watch, Way};

/// A request's body.
struct Outgoing {
    body: WasiBody,
    watch: Watch,
    counter: Arc<AtomicU64>,
}

/// An answer's body. When it is dropped, the exchange has ended.
struct Incoming {
    body: WasiBody,
    open: Open,
    /// Whether its bytes are counted.
    counts: bool,
}

/// The same body, counted.
pub(super) fn outgoing(body: WasiBody, open: &Open) -> WasiBody {
    let outgoing = Outgoing {
        body,
        watch: open.watch().clone(),
        counter: open.counter(),
    };
    outgoing.boxed_unsync()
}

/// The same body, whose end is the end of the exchange, counted or not.
pub(super) fn incoming(body: WasiBody, mut open: Open, counts: bool) -> WasiBody {
    if body.is_end_stream() {
        open.ended();
    }
    let incoming = Incoming { body, open, counts };
    incoming.boxed_unsync()
}

impl Body for Outgoing {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        let polled = Pin::new(&mut self.body).poll_frame(cx);
        if let Poll::Ready(Some(Ok(frame))) = &polled {
            let bytes = frame.data_ref().map_or(0, |data| data.len() as u64);
            if let Err(refusal) = self.watch.spend_bytes(Way::Out, bytes) {
                return Poll::Ready(Some(Err(stopped(&self.watch, &refusal))));
            }
            self.counter.fetch_add(bytes, Ordering::Relaxed);
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl Body for Incoming {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        let polled = Pin::new(&mut self.body).poll_frame(cx);
        match &polled {
            Poll::Ready(Some(Ok(frame))) => {
                let bytes = frame.data_ref().map_or(0, |data| data.len() as u64);
                if self.counts
                    && let Err(refusal) = self.open.watch().spend_bytes(Way::In, bytes)
                {
                    self.open.failed("limit");
                    return Poll::Ready(Some(Err(stopped(self.open.watch(), &refusal))));
                }
                self.open.received(bytes);
                if self.body.is_end_stream() {
                    self.open.ended();
                }
            }
            Poll::Ready(Some(Err(error))) => self.open.failed(super::http::reason(error)),
            Poll::Ready(None) => self.open.ended(),
            Poll::Pending => {}
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// The error that a body ends with that goes beyond a limit. It is one that nobody tries
/// again after.
fn stopped(watch: &Watch, refusal: &Refusal) -> Error {
    watch.note(refusal);
    Error::HttpRequestDenied
}

#[cfg(test)]
mod tests {
    use http_body_util::Full;

    use super::*;
    use crate::limits::Limits;
    use crate::policy::Policies;
    use crate::watch::Overseer;

    #[tokio::test]
    async fn an_exchange_is_open_until_its_answer_has_ended() {
        let limits = Limits {
            open_requests: 1,
            ..Limits::default()
        };
        for counts in [false, true] {
            let overseer = Overseer::new(Policies::default(), None, limits.clone());
            let watch = overseer.unwrap().watch(None);
            assert_eq!(watch.spend_request(), Ok(()));
            let body = Full::new(Bytes::from_static(b"answer"));
            let body = body.map_err(|never| match never {}).boxed_unsync();
            let body = incoming(body, watch.open(1), counts);
            assert!(watch.spend_request().is_err());
            drop(body);
            assert_eq!(watch.spend_request(), Ok(()));
        }
    }
}
