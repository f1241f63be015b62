//! HTTP: pooled connections, silence that is not waited for, and the place to say where
//! requests may go. This example lets them go anywhere.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http::{Method, Request, Response};
use http_body::{Body, Frame};
use http_body_util::{BodyExt as _, Empty};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use rustls::{ClientConfig, RootCertStore};
use tokio::time::{Sleep, sleep, timeout};
use wasmtime_wasi_http::{Error, RequestOptions, WasiBody, WasiHttpHooks};

/// How long silence may last where the component does not say.
const SILENCE: Duration = Duration::from_mins(1);

pub(crate) struct Hooks(Client<HttpsConnector<HttpConnector>, WasiBody>);

type Sending = dyn Future<Output = Result<(Response<WasiBody>, Box<Done>), Error>> + Send;
type Done = dyn Future<Output = Result<(), Error>> + Send;

impl Hooks {
    pub(crate) fn new() -> wasmtime::Result<Self> {
        let mut roots = RootCertStore::empty();
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let tls = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_root_certificates(roots)
            .with_no_client_auth();
        let connector = HttpsConnectorBuilder::new()
            .with_tls_config(tls)
            .https_or_http()
            .enable_http1()
            .enable_http2()
            .build();
        Ok(Self(Client::builder(TokioExecutor::new()).build(connector)))
    }
}

impl WasiHttpHooks for Hooks {
    fn send_request(
        &mut self,
        mut request: Request<WasiBody>,
        options: Option<RequestOptions>,
        _processed: Box<Done>,
    ) -> Box<Sending> {
        // A grant would be looked for here, by `request.uri()`.
        let reads = matches!(*request.method(), Method::GET | Method::HEAD);
        if reads {
            // Said to be empty, or it would be sent as a body of unknown length.
            let empty = Empty::new().map_err(|never| match never {});
            *request.body_mut() = empty.boxed_unsync();
        }
        let client = self.0.clone();
        let options = options.unwrap_or_default();
        let first = options.first_byte_timeout.unwrap_or(SILENCE);
        let between = options.between_bytes_timeout.unwrap_or(SILENCE);
        Box::new(async move {
            let sending = client.request(request);
            let answer = if reads {
                let answer = timeout(first, sending).await;
                answer.map_err(|_| Error::ConnectionReadTimeout)?
            } else {
                // What is sent may take its time, which this example does not watch.
                sending.await
            };
            let answer = answer.map_err(|error| Error::InternalError(Some(error.to_string())))?;
            let answer = answer.map(|body| {
                let body = body.map_err(Error::from).boxed_unsync();
                Patient::new(body, between).boxed_unsync()
            });
            Ok((answer, Box::new(std::future::ready(Ok(()))) as Box<Done>))
        })
    }
}

/// A body that ends with an error when nothing comes of it for so long.
struct Patient {
    body: WasiBody,
    between: Duration,
    silence: Pin<Box<Sleep>>,
}

impl Patient {
    fn new(body: WasiBody, between: Duration) -> Self {
        Self {
            body,
            between,
            silence: Box::pin(sleep(between)),
        }
    }
}

impl Body for Patient {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        let patient = &mut *self;
        if let Poll::Ready(frame) = Pin::new(&mut patient.body).poll_frame(cx) {
            patient.silence = Box::pin(sleep(patient.between));
            return Poll::Ready(frame);
        }
        let silent = patient.silence.as_mut().poll(cx);
        silent.map(|()| Some(Err(Error::ConnectionReadTimeout)))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }
}
