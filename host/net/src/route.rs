//! The way to a server: straight, or by a proxy.
//!
//! ```text
//!   https, by a proxy:  TCP to the proxy, CONNECT, then the caller's TLS to the server
//!   http, by a proxy:   TCP to the proxy, which is asked for the whole address
//! ```

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use futures::future::BoxFuture;
use http::header::HOST;
use http::uri::Scheme;
use http::{HeaderValue, Request, StatusCode, Uri, header};
use http_body_util::Empty;
use hyper::client::conn::http1;
use hyper::rt::{Read, ReadBufCursor, Write};
use hyper_util::client::legacy::connect::{Connected, Connection, HttpConnector};
use hyper_util::client::proxy::matcher::Intercept;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tower_service::Service;

use crate::connector::{Anywhere, HTTPS_PORT, Reach, Resolver};
use crate::failure::ProxyFailed;
use crate::proxy::{Rules, shown};

/// Opens the way to where an address leads, without TLS.
#[derive(Clone)]
pub(crate) struct Route {
    reach: Arc<dyn Reach>,
    rules: Arc<Rules>,
}

/// A connection to a server, or to the proxy that leads there.
pub(crate) struct Way {
    tcp: TokioIo<TcpStream>,
    /// Whether each request goes to a proxy, which has to be told the whole address.
    forwarded: bool,
}

type BoxError = Box<dyn std::error::Error + Send + Sync>;

impl Route {
    pub(crate) fn new(reach: Arc<dyn Reach>, rules: Arc<Rules>) -> Self {
        Self { reach, rules }
    }

    /// The proxy on the way to an address.
    pub(crate) fn proxy(&self, target: &Uri) -> Option<Intercept> {
        self.rules.proxy(target)
    }
}

impl Service<Uri> for Route {
    type Response = Way;
    type Error = BoxError;
    type Future = BoxFuture<'static, Result<Way, Self::Error>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, target: Uri) -> Self::Future {
        let Some(proxy) = self.proxy(&target) else {
            let connecting = connect(self.reach.clone(), target);
            return Box::pin(async move {
                Ok(Way {
                    tcp: connecting.await?,
                    forwarded: false,
                })
            });
        };
        // The user named the proxy: it may be wherever it is.
        let connecting = connect(Arc::new(Anywhere), proxy.uri().clone());
        Box::pin(async move {
            let failed = |why: String| ProxyFailed {
                proxy: shown(proxy.uri()),
                why,
            };
            let tcp = connecting
                .await
                .map_err(|error| failed(format!("can't be reached: {}", innermost(&error))))?;
            if target.scheme() != Some(&Scheme::HTTPS) {
                return Ok(Way {
                    tcp,
                    forwarded: true,
                });
            }
            let tcp = tunnel(tcp, &target, proxy.basic_auth())
                .await
                .map_err(failed)?;
            Ok(Way {
                tcp,
                forwarded: false,
            })
        })
    }
}

/// Connects to where an address leads, if `reach` lets it.
fn connect(
    reach: Arc<dyn Reach>,
    target: Uri,
) -> impl Future<Output = Result<TokioIo<TcpStream>, impl Into<BoxError> + std::error::Error + 'static>>
{
    let mut connector = HttpConnector::new_with_resolver(Resolver {
        reach,
        target: target.clone(),
    });
    connector.enforce_http(false);
    connector.set_nodelay(true);
    connector.call(target)
}

/// Asks a proxy for a connection to the server of an address (RFC 9110 §9.3.6). An
/// error says what went wrong, to be read after the proxy's name.
async fn tunnel(
    tcp: TokioIo<TcpStream>,
    target: &Uri,
    authorization: Option<&HeaderValue>,
) -> Result<TokioIo<TcpStream>, String> {
    let broke = |error: hyper::Error| format!("broke off: {}", innermost(&error));
    let host = target.host().unwrap_or_default();
    let server = format!("{host}:{}", target.port_u16().unwrap_or(HTTPS_PORT));
    let mut request = Request::connect(&server).header(HOST, &server);
    if let Some(authorization) = authorization {
        request = request.header(header::PROXY_AUTHORIZATION, authorization);
    }
    let request = request
        .body(Empty::<Bytes>::new())
        .map_err(|error| format!("can't be asked for {server}: {error}"))?;
    let (mut sender, connection) = http1::handshake(tcp).await.map_err(broke)?;
    // Ends when both it and the answer's upgrade have been dropped.
    tokio::spawn(connection.with_upgrades());
    let answer = sender.send_request(request).await.map_err(broke)?;
    if !answer.status().is_success() {
        return Err(refusal(answer.status(), &server));
    }
    let upgraded = hyper::upgrade::on(answer).await.map_err(broke)?;
    let parts = upgraded
        .downcast::<TokioIo<TcpStream>>()
        .map_err(|_| "gave another connection back".to_owned())?;
    // A server of TLS waits for the client's first word.
    if parts.read_buf.is_empty() {
        Ok(parts.io)
    } else {
        Err("sent bytes of its own before the server's".to_owned())
    }
}

/// What an answer of a proxy means that is none of the server's, to be read after the
/// proxy's name.
pub(crate) fn refusal(status: StatusCode, server: &str) -> String {
    if status == StatusCode::PROXY_AUTHENTICATION_REQUIRED {
        "wants a user name and a password, or others (407 Proxy Authentication Required)".to_owned()
    } else {
        format!("did not connect to {server}: it answered {status}")
    }
}

fn innermost(error: &(dyn std::error::Error + 'static)) -> String {
    let mut cause = error;
    while let Some(next) = cause.source() {
        cause = next;
    }
    cause.to_string()
}

impl Connection for Way {
    fn connected(&self) -> Connected {
        self.tcp.connected().proxy(self.forwarded)
    }
}

impl Read for Way {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.tcp).poll_read(cx, buffer)
    }
}

impl Write for Way {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.tcp).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.tcp).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.tcp).poll_shutdown(cx)
    }

    fn is_write_vectored(&self) -> bool {
        self.tcp.is_write_vectored()
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.tcp).poll_write_vectored(cx, slices)
    }
}
