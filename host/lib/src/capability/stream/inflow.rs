//! An answer's body, lent to a guest as a stream.
//!
//! A guest hands the stream on to the store without reading it, which takes the body back
//! then, and receives it as if no guest stood between. How the body ended is told where
//! `wasi:http` says so: by the future that comes with the stream. (Wasmtime's own stream of a
//! body can be taken back only by what sends it, and tells then that it ended well.)

use std::any::{Any, TypeId};
use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http::HeaderMap;
use http_body::Body as _;
use tokio::sync::oneshot;
use wasmtime::StoreContextMut;
use wasmtime::component::{
    Destination, FutureProducer, FutureReader, Linker, Resource, StreamProducer, StreamReader,
    StreamResult,
};
use wasmtime_wasi_http::p3::Response;
use wasmtime_wasi_http::p3::bindings::http::types::{ErrorCode, Trailers};
use wasmtime_wasi_http::{Error, FieldMap, WasiBody, WasiHttpView as _};

use crate::state::State;

/// What a body ended with: trailers, if there were any, or what broke it off.
type End = Result<Option<HeaderMap>, Error>;

/// An answer's body.
pub(crate) struct Inflow {
    body: WasiBody,
    end: Option<oneshot::Sender<End>>,
    /// Whether a guest has some of it already.
    was_read: bool,
}

/// Lends answers' bodies in this way, instead of Wasmtime's.
pub(crate) fn add_to_linker(linker: &mut Linker<State>) -> wasmtime::Result<()> {
    linker.allow_shadowing(true);
    define(linker)?;
    linker.allow_shadowing(false);
    Ok(())
}

fn define(linker: &mut Linker<State>) -> wasmtime::Result<()> {
    linker.instance("wasi:http/types@0.3.0")?.func_wrap(
        "[static]response.consume-body",
        |store, (answer, processed)| Ok((lend(store, answer, processed)?,)),
    )
}

type Body = (
    StreamReader<u8>,
    FutureReader<Result<Option<Resource<Trailers>>, ErrorCode>>,
);

fn lend(
    mut store: StoreContextMut<'_, State>,
    answer: Resource<Response>,
    mut processed: FutureReader<Result<(), ErrorCode>>,
) -> wasmtime::Result<Body> {
    // The network does not ask what became of an answer.
    processed.close(&mut store)?;
    let mut answer = store.data_mut().table.delete(answer)?;
    // Without the headers, among them a length that is not that of a body: of `HEAD`.
    answer.headers = FieldMap::default();
    let answer = answer.into_http(&mut store, async { Ok(()) })?;
    let (end, told) = oneshot::channel();
    let inflow = Inflow {
        body: answer.into_body(),
        end: Some(end),
        was_read: false,
    };
    let stream = StreamReader::new(&mut store, inflow)?;
    Ok((stream, FutureReader::new(&mut store, Told(told))?))
}

impl Inflow {
    /// The next bytes; none at the end, whichever it is.
    pub(super) async fn next(&mut self) -> Option<Bytes> {
        poll_fn(|cx| self.poll_next(cx)).await
    }

    fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Option<Bytes>> {
        loop {
            let end = match ready!(Pin::new(&mut self.body).poll_frame(cx)) {
                Some(Ok(frame)) => match frame.into_data() {
                    Ok(bytes) if bytes.is_empty() => continue,
                    Ok(bytes) => return Poll::Ready(Some(bytes)),
                    Err(frame) => Ok(frame.into_trailers().ok()),
                },
                Some(Err(error)) => Err(error),
                None => Ok(None),
            };
            if let Some(told) = self.end.take() {
                // Nobody asks where the call was given up.
                let _ = told.send(end);
            }
            return Poll::Ready(None);
        }
    }
}

impl StreamProducer<State> for Inflow {
    type Item = u8;
    type Buffer = Bytes;

    fn poll_produce<'a>(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        mut store: StoreContextMut<'a, State>,
        mut destination: Destination<'a, u8, Bytes>,
        finish: bool,
    ) -> Poll<wasmtime::Result<StreamResult>> {
        let room = destination.remaining(&mut store);
        if room == Some(0) {
            // Whether there is something can't be found out without taking it.
            return Poll::Ready(Ok(StreamResult::Completed));
        }
        let mut bytes = match self.poll_next(cx) {
            Poll::Ready(Some(bytes)) => bytes,
            Poll::Ready(None) => return Poll::Ready(Ok(StreamResult::Dropped)),
            Poll::Pending if finish => return Poll::Ready(Ok(StreamResult::Cancelled)),
            Poll::Pending => return Poll::Pending,
        };
        self.was_read = true;
        let Some(room) = room else {
            destination.set_buffer(bytes);
            return Poll::Ready(Ok(StreamResult::Completed));
        };
        if bytes.len() > room {
            destination.set_buffer(bytes.split_off(room));
        }
        let mut direct = destination.as_direct(store, bytes.len());
        direct.remaining()[..bytes.len()].copy_from_slice(&bytes);
        direct.mark_written(bytes.len());
        Poll::Ready(Ok(StreamResult::Completed))
    }

    fn try_into(me: Pin<Box<Self>>, kind: TypeId) -> Result<Box<dyn Any>, Pin<Box<Self>>> {
        if kind == TypeId::of::<Self>() && !me.was_read {
            let inflow: Box<Self> = Pin::into_inner(me);
            Ok(inflow)
        } else {
            Err(me)
        }
    }
}

/// How a body ended, for the guest.
struct Told(oneshot::Receiver<End>);

impl FutureProducer<State> for Told {
    type Item = Result<Option<Resource<Trailers>>, ErrorCode>;

    fn poll_produce(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        mut store: StoreContextMut<'_, State>,
        finish: bool,
    ) -> Poll<wasmtime::Result<Option<Self::Item>>> {
        Poll::Ready(Ok(Some(match Pin::new(&mut self.0).poll(cx) {
            Poll::Ready(Ok(Ok(Some(trailers)))) => {
                let http = store.data_mut().http();
                let trailers = FieldMap::new_immutable(http.hooks, trailers);
                Ok(Some(http.table.push(trailers)?))
            }
            Poll::Ready(Ok(Err(error))) => Err(code(error)),
            // Or nobody wanted all of it.
            Poll::Ready(Ok(Ok(None)) | Err(_)) => Ok(None),
            Poll::Pending if finish => return Poll::Ready(Ok(None)),
            Poll::Pending => return Poll::Pending,
        })))
    }
}

/// How `wasi:http` calls what broke a body off.
fn code(error: Error) -> ErrorCode {
    match error {
        Error::ConnectionTerminated => ErrorCode::ConnectionTerminated,
        Error::ConnectionReadTimeout => ErrorCode::ConnectionReadTimeout,
        Error::HttpResponseIncomplete => ErrorCode::HttpResponseIncomplete,
        Error::HttpResponseTimeout => ErrorCode::HttpResponseTimeout,
        Error::HttpProtocolError => ErrorCode::HttpProtocolError,
        Error::HttpRequestDenied => ErrorCode::HttpRequestDenied,
        Error::TlsProtocolError => ErrorCode::TlsProtocolError,
        Error::InternalError(words) => ErrorCode::InternalError(words),
        other => ErrorCode::InternalError(Some(other.to_string())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::registry_engine;

    #[test]
    fn it_takes_the_place_of_what_wasmtime_calls_the_same() {
        let mut linker = Linker::new(&registry_engine().unwrap());
        wasmtime_wasi_http::p3::add_to_linker(&mut linker).unwrap();
        assert!(define(&mut linker).is_err());
        add_to_linker(&mut linker).unwrap();
    }
}
