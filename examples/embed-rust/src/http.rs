//! HTTP: pooled connections, and the place to say where requests may go. This example
//! lets them go anywhere.

use std::sync::Arc;

use http::{Method, Request, Response};
use http_body_util::{BodyExt as _, Empty};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use rustls::{ClientConfig, RootCertStore};
use wasmtime_wasi_http::{Error, RequestOptions, WasiBody, WasiHttpHooks};

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
        _options: Option<RequestOptions>,
        _processed: Box<Done>,
    ) -> Box<Sending> {
        // A grant would be looked for here, by `request.uri()`.
        if matches!(*request.method(), Method::GET | Method::HEAD) {
            // Said to be empty, or it would be sent as a body of unknown length.
            let empty = Empty::new().map_err(|never| match never {});
            *request.body_mut() = empty.boxed_unsync();
        }
        let client = self.0.clone();
        Box::new(async move {
            let answer = client.request(request).await;
            let answer = answer.map_err(|error| Error::InternalError(Some(error.to_string())))?;
            let answer = answer.map(|body| body.map_err(Error::from).boxed_unsync());
            Ok((answer, Box::new(std::future::ready(Ok(()))) as Box<Done>))
        })
    }
}
