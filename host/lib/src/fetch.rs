//! A file at an address, brought into the store as anybody: no registry, no protocol but
//! HTTP, no credential. Its bytes are hashed on the way, and nobody looks at them.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use http::{Request, Response, StatusCode, header};
use http_body_util::{BodyExt as _, Empty};
use tokio::task::spawn_blocking;
use wasmtime_wasi_http::Error as HttpError;
use wharf_net::{Body, Patience};
use wharf_oci::reference::ReferenceError;
use wharf_oci::{Digest, Registry, Url, limit, retry};
use wharf_store::{Addition, StoreError};

use crate::audit::Refusal;
use crate::capability::credentials::StandIns;
use crate::capability::grant::Grants;
use crate::capability::http::Hooks;
use crate::connection::Pace;
use crate::error::{Error, Exchange, Mismatch};
use crate::watch::Stored;
use crate::wharf::Wharf;

/// The most bytes that a file may have: 4 GiB, more than WebAssembly can use. It bounds
/// what a server can make this side write.
const FILE_BYTES: u64 = 4 * 1024 * 1024 * 1024;

/// How many bytes are written at a time.
const PIECE_BYTES: usize = 1024 * 1024;

/// Why a file did not come.
enum Failed {
    /// It may come another time.
    Passing(Error),
    Final(Error),
}

impl Wharf {
    /// Brings the file at an address into the store, unless it is there.
    pub(crate) async fn fetch(&self, url: &Url, digest: &Digest) -> Result<(), Error> {
        let (store, wanted) = (self.store().clone(), digest.clone());
        let found = blocking(move || store.stat(&wanted)).await?;
        if found.map_err(|error| stored(&error, url))?.is_some() {
            return Ok(());
        }
        let authority = url.origin().authority();
        let at: Registry = authority
            .parse()
            .map_err(|error: ReferenceError| Error::InvalidInput(error.to_string()))?;
        let watch = self.overseer().watch(None);
        let allowed = self.overseer().policies().origin(url.origin());
        watch.begins(("fetch", &url.redacted()), None, allowed)?;
        let hooks = Hooks {
            client: Some(self.client(&at)?),
            grants: Arc::new(Mutex::new(Grants::to_read(url))),
            stand_ins: StandIns::default(),
            observer: self.observer(),
            watch: watch.clone(),
        };
        let fetching = self.fetch_patiently(&hooks, url, digest, &at);
        let fetched = self.overseer().in_time(fetching).await;
        drop(hooks);
        watch.outcome(fetched)
    }

    async fn fetch_patiently(
        &self,
        hooks: &Hooks,
        url: &Url,
        digest: &Digest,
        at: &Registry,
    ) -> Result<(), Error> {
        let pace = self.connection(at).pace;
        let usual = Pace::DEFAULT;
        let retries = pace.retries.or(usual.retries).unwrap_or_default();
        let mut wait = pace.first_wait.or(usual.first_wait).unwrap_or_default();
        let longest = pace.longest_wait.or(usual.longest_wait).unwrap_or_default();
        let began = Instant::now();
        for attempt in 1.. {
            match self.fetch_once(hooks, url, digest, patience(&pace)).await {
                Ok(()) => break,
                Err(Failed::Passing(_)) if attempt <= retries => {
                    tokio::time::sleep(wait.min(longest)).await;
                    wait = wait.saturating_mul(2);
                }
                Err(Failed::Passing(error) | Failed::Final(error)) => {
                    return Err(tried(error, attempt, began.elapsed()));
                }
            }
        }
        Ok(())
    }

    async fn fetch_once(
        &self,
        hooks: &Hooks,
        url: &Url,
        digest: &Digest,
        patience: Patience,
    ) -> Result<(), Failed> {
        let (at, answer) = follow(hooks, url, patience).await?;
        let mut body = answer.into_body();
        let store = self.store().clone();
        let addition = blocking(move || store.add()).await.map_err(Failed::Final)?;
        if let Err(refusal) = hooks.watch.check_store() {
            hooks.watch.note(&refusal);
        }
        let mut addition = addition.map_err(|error| Failed::Final(stored(&error, url)))?;
        let mut piece = Vec::new();
        let mut size = 0;
        while let Some(frame) = body.frame().await {
            let frame =
                frame.map_err(|error| Failed::Passing(network(&at, None, &reason(&error))))?;
            let Ok(bytes) = frame.into_data() else {
                continue;
            };
            size += bytes.len() as u64;
            if size > FILE_BYTES {
                return Err(Failed::Final(Error::LimitExceeded(format!(
                    "{} has more than {FILE_BYTES} bytes",
                    at.redacted()
                ))));
            }
            piece.extend_from_slice(&bytes);
            if piece.len() >= PIECE_BYTES {
                addition = write(addition, std::mem::take(&mut piece), url).await?;
            }
        }
        addition = write(addition, piece, url).await?;
        let wanted = digest.clone();
        let finished = blocking(move || addition.finish_as(&wanted)).await;
        let finished = finished.map_err(Failed::Final)?;
        let finished = finished.map_err(|error| stored(&error, url));
        let outcome = match &finished {
            Ok(_) => Ok(()),
            Err(error) => Err(Refusal::Sandbox(error.to_string())),
        };
        let what = Stored {
            digest: Some(digest.as_str()),
            bytes: Some(size),
            name: None,
        };
        let told = hooks.watch.stored(&outcome, "add", what);
        told.map_err(|error| Failed::Final(error.into()))?;
        finished.map(drop).map_err(Failed::Final)
    }
}

/// The answer of an address, or of where it redirects, and where that was.
async fn follow(
    hooks: &Hooks,
    url: &Url,
    patience: Patience,
) -> Result<(Url, Response<Body>), Failed> {
    let mut at = url.clone();
    for _ in 0..=limit::REDIRECTS {
        let empty = Empty::new().map_err(|never| match never {});
        let request = Request::get(at.to_string())
            .header(header::ACCEPT_ENCODING, "identity")
            .header(
                header::USER_AGENT,
                concat!("wharf/", env!("CARGO_PKG_VERSION")),
            )
            .body(empty.boxed_unsync())
            .map_err(|error| Failed::Final(Error::InvalidInput(error.to_string())))?;
        let answer = hooks.send(request, patience).await;
        let answer = answer.map_err(|error| unanswered(&at, &error))?;
        let status = answer.status();
        if status == StatusCode::OK {
            return Ok((at, answer));
        }
        if !matches!(status.as_u16(), 301 | 302 | 303 | 307 | 308) {
            let exchange = exchange(&at, Some(status), "");
            return Err(match status.as_u16() {
                401 | 403 => Failed::Final(Error::Authentication(exchange)),
                404 | 410 => Failed::Final(Error::NotFound(exchange)),
                status if retry::is_transient(status) => Failed::Passing(Error::Network(exchange)),
                _ => Failed::Final(Error::Network(exchange)),
            });
        }
        let location = answer.headers().get(header::LOCATION);
        let location = location.and_then(|location| location.to_str().ok());
        let next = location.and_then(|location| at.join(location).ok());
        at = next.ok_or_else(|| {
            Failed::Final(network(&at, Some(status), "its Location can't be followed"))
        })?;
    }
    let why = "it redirects too often";
    Err(Failed::Final(network(&at, None, why)))
}

async fn write(mut addition: Addition, piece: Vec<u8>, url: &Url) -> Result<Addition, Failed> {
    let written = blocking(move || {
        addition.write(&piece)?;
        Ok::<_, StoreError>(addition)
    });
    let written = written.await.map_err(Failed::Final)?;
    written.map_err(|error| Failed::Final(stored(&error, url)))
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Error> {
    let done = spawn_blocking(work).await;
    done.map_err(|error| Error::Other(format!("a task ended early: {error}")))
}

fn patience(pace: &Pace) -> Patience {
    let usual = Patience::default();
    Patience {
        connect: pace.connect_timeout.unwrap_or(usual.connect),
        first_byte: pace.stall_timeout.unwrap_or(usual.first_byte),
        between_bytes: pace.stall_timeout.unwrap_or(usual.between_bytes),
    }
}

/// A request that got no answer.
fn unanswered(url: &Url, error: &HttpError) -> Failed {
    let refused = |why: &str| Failed::Final(Error::Refused(format!("{} {why}", url.redacted())));
    match error {
        HttpError::HttpRequestDenied => refused("was not granted: it leads from TLS to plain HTTP"),
        HttpError::DestinationIpProhibited => {
            refused("leads to an address that may not be reached")
        }
        HttpError::ConnectionTerminated
        | HttpError::HttpResponseIncomplete
        | HttpError::HttpResponseTimeout
        | HttpError::ConnectionReadTimeout => Failed::Passing(network(url, None, &reason(error))),
        error => Failed::Final(network(url, None, &reason(error))),
    }
}

fn reason(error: &HttpError) -> String {
    let reason = match error {
        HttpError::DnsError { .. } | HttpError::DnsTimeout | HttpError::DestinationNotFound => {
            "its name can't be resolved to an address"
        }
        HttpError::ConnectionRefused => "nothing listens there (connection refused)",
        HttpError::ConnectionTimeout => "no connection came about in time",
        HttpError::ConnectionTerminated | HttpError::HttpResponseIncomplete => {
            "the connection broke off"
        }
        HttpError::ConnectionReadTimeout | HttpError::HttpResponseTimeout => {
            "it was silent for too long"
        }
        HttpError::TlsCertificateError => {
            "its certificate is not trusted (a private authority is given as `ca-file` in your \
             wharf.toml)"
        }
        HttpError::InternalError(Some(text)) => return text.clone(),
        _ => "no whole answer came",
    };
    reason.to_owned()
}

fn network(url: &Url, status: Option<StatusCode>, why: &str) -> Error {
    Error::Network(exchange(url, status, why))
}

fn exchange(url: &Url, status: Option<StatusCode>, why: &str) -> Exchange {
    Exchange {
        method: "GET".to_owned(),
        url: url.redacted(),
        status: status.map(|status| status.as_u16()),
        codes: Vec::new(),
        message: why.to_owned(),
        attempts: 1,
        elapsed: Duration::ZERO,
    }
}

/// The same error, with how often and for how long it was tried.
fn tried(error: Error, attempts: u32, elapsed: Duration) -> Error {
    match error {
        Error::Network(exchange) => Error::Network(Exchange {
            attempts,
            elapsed,
            ..exchange
        }),
        other => other,
    }
}

/// What the store says of a file from an address.
fn stored(error: &StoreError, url: &Url) -> Error {
    match error {
        StoreError::Mismatch {
            expected, found, ..
        } => Error::Integrity(Mismatch {
            subject: url.redacted(),
            expected: expected.clone(),
            found: found.clone(),
        }),
        error => Error::Storage(error.to_string()),
    }
}
