//! Where a name leads, whether that address may be reached, and the connection.
//!
//! By a proxy, it is the proxy that resolves names: then only addresses that stand in
//! a request themselves are asked about, and the names of this machine.

use std::future::Future;
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::pin::Pin;
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll};
use std::vec;

use futures::future::BoxFuture;
use http::Uri;
use http::uri::Scheme;
use hyper_rustls::{HttpsConnector, MaybeHttpsStream};
use hyper_util::client::legacy::connect::dns::Name;
use tower_service::Service;

use crate::failure::{NotReachable, Unresolved};
use crate::proxy::{Rules, is_localhost};
use crate::route::{Route, Way};
use crate::tls::Prepared;

/// Which addresses may be connected to.
pub trait Reach: Send + Sync {
    /// Whether a request to `target` may be sent to the server at `address`. Asked for
    /// every address that the target's name resolves to, and for addresses that stand
    /// in the target themselves.
    fn may_connect(&self, target: &Uri, address: IpAddr) -> bool;

    /// Whether the server at `host` and `port` may see the client certificate. Every
    /// server may ask for it, also one that another server led to.
    fn may_see_certificate(&self, host: &str, port: u16) -> bool;
}

/// Everywhere.
#[derive(Debug, Clone, Copy, Default)]
pub struct Anywhere;

impl Reach for Anywhere {
    fn may_connect(&self, _target: &Uri, _address: IpAddr) -> bool {
        true
    }

    fn may_see_certificate(&self, _host: &str, _port: u16) -> bool {
        true
    }
}

type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// Makes connections.
#[derive(Clone)]
pub(crate) struct Connector {
    plain: Route,
    reach: Arc<dyn Reach>,
    tls: Arc<LazyTls>,
}

struct LazyTls {
    prepared: Prepared,
    with_certificate: OnceLock<HttpsConnector<Route>>,
    without: OnceLock<HttpsConnector<Route>>,
}

impl Connector {
    pub(crate) fn new(prepared: Prepared, rules: Arc<Rules>, reach: Arc<dyn Reach>) -> Self {
        Self {
            plain: Route::new(reach.clone(), rules),
            reach,
            tls: Arc::new(LazyTls {
                prepared,
                with_certificate: OnceLock::new(),
                without: OnceLock::new(),
            }),
        }
    }

    /// Addresses in the request itself are not resolved, so the resolver does not
    /// see them, nor does it see names that a proxy resolves.
    fn may_be_reached(&self, uri: &Uri) -> bool {
        let host = uri.host().unwrap_or_default();
        let bare = host.trim_start_matches('[').trim_end_matches(']');
        match bare.parse() {
            Ok(address) => self.reach.may_connect(uri, address),
            Err(_) if is_localhost(bare) && self.plain.proxy(uri).is_some() => {
                self.reach.may_connect(uri, Ipv4Addr::LOCALHOST.into())
            }
            Err(_) => true,
        }
    }
}

impl LazyTls {
    fn over(
        &self,
        plain: Route,
        certificate: bool,
    ) -> Result<HttpsConnector<Route>, rustls::Error> {
        let certificate = certificate && self.prepared.has_certificate();
        let known = if certificate {
            &self.with_certificate
        } else {
            &self.without
        };
        if let Some(connector) = known.get() {
            return Ok(connector.clone());
        }
        let connector = HttpsConnector::from((plain, self.prepared.config(certificate)?));
        Ok(known.get_or_init(|| connector).clone())
    }
}

impl Service<Uri> for Connector {
    type Response = MaybeHttpsStream<Way>;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, BoxError>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.plain.poll_ready(cx)
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        if !self.may_be_reached(&uri) {
            return Box::pin(async { Err(NotReachable.into()) });
        }
        if uri.scheme() != Some(&Scheme::HTTPS) {
            let connecting = self.plain.call(uri);
            return Box::pin(async move { Ok(MaybeHttpsStream::Http(connecting.await?)) });
        }
        let (tls, plain) = (self.tls.clone(), self.plain.clone());
        let certificate = self.reach.may_see_certificate(
            uri.host().unwrap_or_default(),
            uri.port_u16().unwrap_or(HTTPS_PORT),
        );
        Box::pin(async move {
            // Reading the system's roots takes some milliseconds of this thread, once.
            let mut connector = tls.over(plain, certificate)?;
            connector.call(uri).await
        })
    }
}

/// Where TLS is spoken when an address does not say.
pub(crate) const HTTPS_PORT: u16 = 443;

/// Resolves names as the system does, to the addresses that may be reached.
#[derive(Clone)]
pub(crate) struct Resolver {
    pub(crate) reach: Arc<dyn Reach>,
    /// What the name stands in.
    pub(crate) target: Uri,
}

impl Service<Name> for Resolver {
    type Response = vec::IntoIter<SocketAddr>;
    type Error = io::Error;
    type Future = BoxFuture<'static, io::Result<Self::Response>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, name: Name) -> Self::Future {
        let Self { reach, target } = self.clone();
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0))
                .await
                .map_err(|error| io::Error::other(Unresolved(error)))?;
            let mut any = false;
            let mut may = Vec::new();
            for address in found {
                any = true;
                if reach.may_connect(&target, address.ip().to_canonical()) {
                    may.push(address);
                }
            }
            match (any, may.is_empty()) {
                (true, true) => Err(io::Error::other(NotReachable)),
                _ => Ok(may.into_iter()),
            }
        })
    }
}
