//! The pool, and one exchange over it.

use std::num::NonZeroU64;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use http::header::CONTENT_LENGTH;
use http::uri::Scheme;
use http::{Method, Request, Response, StatusCode, header};
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use hyper_util::client::legacy;
use hyper_util::client::legacy::connect::capture_connection;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use tokio::time::{sleep, sleep_until};
use wasmtime_wasi_http::{Error, WasiBody};

use crate::bandwidth::{Bandwidth, Turn};
use crate::connector::{Connector, Reach};
use crate::failure::{ProxyFailed, translate};
use crate::patience::{Activity, Patience, Received, Sent};
use crate::proxy::{Proxies, Rules, shown};
use crate::route::refusal;
use crate::tls::{Prepared, Tls, TlsError};

/// Sends requests over pooled connections. Clones share the pool.
#[derive(Clone)]
pub struct Client {
    pool: legacy::Client<Connector, Sent>,
    rules: Arc<Rules>,
    bandwidth: Option<Bandwidth>,
}

/// How long a connection waits for its next request. Shorter than what servers
/// and load balancers wait, so that theirs rarely end under a request.
const IDLE: Duration = Duration::from_secs(50);

/// How many connections to one origin wait for their next request.
const MOST_IDLE: usize = 64;

/// The largest answer headers, in bytes (HTTP/1: with the buffer for the body).
const HEADER_BYTES: u32 = 256 * 1024;

impl Client {
    /// A pool whose connections go where `reach` lets them and, with TLS, to whom
    /// `tls` trusts. Its files are read now.
    pub fn new(tls: &Tls, reach: Arc<dyn Reach>) -> Result<Self, TlsError> {
        Self::by_proxy(tls, &Proxies::default(), reach)
    }

    /// The same, by proxies where there are some on the way. Names are then resolved by
    /// the proxy, so that `reach` is asked about addresses that stand in requests, and
    /// not about those that names lead to.
    pub fn by_proxy(tls: &Tls, proxies: &Proxies, reach: Arc<dyn Reach>) -> Result<Self, TlsError> {
        let rules = Arc::new(proxies.rules());
        let connector = Connector::new(Prepared::new(tls)?, rules.clone(), reach);
        let pool = legacy::Client::builder(TokioExecutor::new())
            .timer(TokioTimer::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(IDLE)
            .pool_max_idle_per_host(MOST_IDLE)
            .http1_max_buf_size(HEADER_BYTES as usize)
            .http2_adaptive_window(true)
            .http2_max_header_list_size(HEADER_BYTES)
            .build(connector);
        Ok(Self {
            pool,
            rules,
            bandwidth: None,
        })
    }

    /// The same client, whose requests' and answers' bodies keep this rate, all of them
    /// and both directions together, in bytes for each second.
    #[must_use]
    pub fn at_most(self, bytes_per_second: NonZeroU64) -> Self {
        Self {
            bandwidth: Some(Bandwidth::new(bytes_per_second)),
            ..self
        }
    }

    fn turn(&self) -> Option<Turn> {
        self.bandwidth.clone().map(Turn::new)
    }

    /// Sends a request, whose address is absolute, and waits for the answer's
    /// headers. The answer's body ends with an error when it does not come whole.
    pub async fn send(
        &self,
        mut request: Request<WasiBody>,
        patience: Patience,
    ) -> Result<Response<WasiBody>, Error> {
        // What a proxy that sees the request is told is nobody else's to say.
        request.headers_mut().remove(header::PROXY_AUTHORIZATION);
        let is_plain = request.uri().scheme() == Some(&Scheme::HTTP);
        let proxy = self.rules.proxy(request.uri()).filter(|_| is_plain);
        let Some(proxy) = proxy else {
            return self.exchange(request, patience).await;
        };
        if let Some(value) = proxy.basic_auth() {
            let headers = request.headers_mut();
            headers.insert(header::PROXY_AUTHORIZATION, value.clone());
        }
        let answer = self.exchange(request, patience).await?;
        if answer.status() == StatusCode::PROXY_AUTHENTICATION_REQUIRED {
            let failed = ProxyFailed {
                proxy: shown(proxy.uri()),
                why: refusal(answer.status(), ""),
            };
            return Err(Error::InternalError(Some(failed.to_string())));
        }
        Ok(answer)
    }

    async fn exchange(
        &self,
        mut request: Request<WasiBody>,
        patience: Patience,
    ) -> Result<Response<WasiBody>, Error> {
        let length = request.headers().get(CONTENT_LENGTH);
        let length = length.and_then(|text| text.to_str().ok()?.parse().ok());
        // Without a length, these are sent without a body.
        let reads = matches!(*request.method(), Method::GET | Method::HEAD);
        let length = length.or(reads.then_some(0));
        let mut connection = capture_connection(&mut request);
        let activity = Activity::new();
        let request = request.map(|body| Sent::new(body, activity.clone(), length, self.turn()));
        let mut answer = pin!(self.pool.request(request));
        tokio::select! {
            biased;
            answer = &mut answer => return received(answer, patience, self.turn()),
            _ = connection.wait_for_connection_metadata() => {}
            () = sleep(patience.connect) => return Err(Error::ConnectionTimeout),
        }
        activity.note(false);
        loop {
            let (deadline, _) = activity.deadline(patience);
            tokio::select! {
                biased;
                answer = &mut answer => return received(answer, patience, self.turn()),
                () = sleep_until(deadline) => {}
            }
            // The body may have moved since the clock was set.
            let (now_due, error) = activity.deadline(patience);
            if now_due <= deadline {
                return Err(error);
            }
        }
    }
}

fn received(
    answer: Result<Response<Incoming>, legacy::Error>,
    patience: Patience,
    turn: Option<Turn>,
) -> Result<Response<WasiBody>, Error> {
    match answer {
        Ok(answer) => Ok(answer.map(|body| Received::new(body, patience, turn).boxed_unsync())),
        Err(error) => Err(translate(&error)),
    }
}
