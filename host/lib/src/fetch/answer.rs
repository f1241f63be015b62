//! What an address answers, and what that means.

use std::time::Duration;

use http::header::{self, HeaderName};
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt as _, Empty};
use wasmtime_wasi_http::Error as HttpError;
use wharf_net::Body;
use wharf_oci::{Url, limit, retry};

use super::Peer;
use crate::error::{Error, Exchange};

/// Why a file did not come.
pub(super) enum Failed {
    /// It may come another time.
    Passing {
        error: Error,
        /// How long the peer asked to wait, in milliseconds.
        asked: Option<u64>,
    },
    /// Nobody was there. Where somebody was before, it may come another time.
    Unreached(Error),
    Final(Error),
}

/// The rest of a file, of which some came before.
pub(super) struct Rest {
    /// Its first byte's place.
    pub(super) from: u64,
    /// What tells whether it is still the same file: an entity tag, where there is one.
    pub(super) validator: Option<String>,
}

/// The answer of an address, or of where it redirects, and where that was. It is 200, or
/// 206 or 416 where the rest alone was asked for.
pub(super) async fn ask(
    peer: &Peer,
    url: &Url,
    rest: Option<&Rest>,
) -> Result<(Url, Response<Body>), Failed> {
    let mut at = url.clone();
    for _ in 0..=limit::REDIRECTS {
        let request = request(&at, rest)
            .map_err(|error| Failed::Final(Error::InvalidInput(error.to_string())))?;
        let answer = peer.hooks.send(request, peer.patience).await;
        let answer = answer.map_err(|error| unanswered(&at, &error))?;
        let status = answer.status();
        match status.as_u16() {
            200 => return Ok((at, answer)),
            206 | 416 if rest.is_some() => return Ok((at, answer)),
            301 | 302 | 303 | 307 | 308 => {}
            _ => return Err(refused(&at, &answer)),
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

/// The whole of a small document.
pub(super) async fn document(peer: &Peer, url: &Url, most: usize) -> Result<Vec<u8>, Failed> {
    let (at, answer) = ask(peer, url, None).await?;
    let mut body = answer.into_body();
    let mut document = Vec::new();
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|error| broken(&at, &error))?;
        let Ok(bytes) = frame.into_data() else {
            continue;
        };
        if document.len() + bytes.len() > most {
            return Err(Failed::Final(Error::LimitExceeded(format!(
                "{} has more than {most} bytes",
                at.redacted()
            ))));
        }
        document.extend_from_slice(&bytes);
    }
    Ok(document)
}

/// Whether it was answered that there is nothing.
pub(super) fn is_absent(failed: &Failed) -> bool {
    matches!(failed, Failed::Final(Error::NotFound(_)))
}

/// Whether it was answered that there is nothing, or nothing for everybody.
pub(super) fn is_for_nobody(failed: &Failed) -> bool {
    match failed {
        Failed::Final(Error::NotFound(_) | Error::Authentication(_)) => true,
        Failed::Final(Error::Network(answered)) => answered.status.is_some(),
        _ => false,
    }
}

fn request(url: &Url, rest: Option<&Rest>) -> Result<Request<Body>, http::Error> {
    let empty = Empty::new().map_err(|never| match never {});
    let mut request = Request::get(url.to_string())
        .header(header::ACCEPT_ENCODING, "identity")
        .header(
            header::USER_AGENT,
            concat!("wharf/", env!("CARGO_PKG_VERSION")),
        );
    if let Some(rest) = rest {
        request = request.header(header::RANGE, format!("bytes={}-", rest.from));
        if let Some(validator) = &rest.validator {
            request = request.header(header::IF_RANGE, validator);
        }
    }
    request.body(empty.boxed_unsync())
}

/// What a status means that is none of success.
fn refused(at: &Url, answer: &Response<Body>) -> Failed {
    let status = answer.status();
    let exchange = exchange(at, Some(status), "");
    match status.as_u16() {
        401 | 403 => Failed::Final(Error::Authentication(exchange)),
        404 | 410 => Failed::Final(Error::NotFound(exchange)),
        status if retry::is_transient(status) => {
            let text = |name: HeaderName| answer.headers().get(name)?.to_str().ok();
            let after = text(header::RETRY_AFTER);
            Failed::Passing {
                error: Error::Network(exchange),
                asked: after.and_then(|after| retry::retry_after(after, text(header::DATE))),
            }
        }
        _ => Failed::Final(Error::Network(exchange)),
    }
}

/// A request that got no answer.
pub(super) fn unanswered(url: &Url, error: &HttpError) -> Failed {
    let refused = |why: &str| Failed::Final(Error::Refused(format!("{} {why}", url.redacted())));
    match error {
        HttpError::HttpRequestDenied => refused("was not granted: it leads from TLS to plain HTTP"),
        HttpError::DestinationIpProhibited => {
            refused("leads to an address that may not be reached")
        }
        HttpError::ConnectionTerminated
        | HttpError::HttpResponseIncomplete
        | HttpError::HttpResponseTimeout
        | HttpError::ConnectionReadTimeout => broken(url, error),
        HttpError::ConnectionRefused
        | HttpError::ConnectionTimeout
        | HttpError::DnsError { .. }
        | HttpError::DnsTimeout => Failed::Unreached(network(url, None, &reason(error))),
        error => Failed::Final(network(url, None, &reason(error))),
    }
}

/// An answer that broke off.
pub(super) fn broken(url: &Url, error: &HttpError) -> Failed {
    Failed::Passing {
        error: network(url, None, &reason(error)),
        asked: None,
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

pub(super) fn network(url: &Url, status: Option<StatusCode>, why: &str) -> Error {
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

impl From<Failed> for Error {
    fn from(failed: Failed) -> Self {
        match failed {
            Failed::Passing { error, .. } | Failed::Unreached(error) | Failed::Final(error) => {
                error
            }
        }
    }
}

impl From<Error> for Failed {
    fn from(error: Error) -> Self {
        Self::Final(error)
    }
}
