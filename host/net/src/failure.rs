//! What went wrong with an exchange, as `wasi:http` names it.

use std::error::Error as StdError;
use std::io;

use wasmtime_wasi_http::Error;

/// Every address of the name was one that may not be reached.
#[derive(Debug, thiserror::Error)]
#[error("the address may not be reached")]
pub(crate) struct NotReachable;

/// The name has no address.
#[derive(Debug, thiserror::Error)]
#[error("the name can't be resolved: {0}")]
pub(crate) struct Unresolved(#[source] pub(crate) io::Error);

/// The proxy on the way did not do its part. It has no source, since the caller is to be
/// told of the proxy and not of what it failed at.
#[derive(Debug, thiserror::Error)]
#[error("the proxy {proxy} {why}")]
pub(crate) struct ProxyFailed {
    /// Its address, without user and password.
    pub(crate) proxy: String,
    /// To be read after that.
    pub(crate) why: String,
}

/// The error of the pool or of a body, by what caused it. The causes are asked
/// from the outside in, and each for what it knows best.
pub(crate) fn translate(error: &(dyn StdError + 'static)) -> Error {
    let mut next = Some(error);
    let mut found = None;
    while let Some(cause) = next {
        found = known(cause).or(found);
        next = inside(cause).or_else(|| cause.source());
    }
    found.unwrap_or(Error::HttpProtocolError)
}

/// An `io::Error` that wraps another gives away by `get_ref` what `source` skips.
fn inside<'a>(cause: &'a (dyn StdError + 'static)) -> Option<&'a (dyn StdError + 'static)> {
    let inner = cause.downcast_ref::<io::Error>()?.get_ref()?;
    Some(inner as &(dyn StdError + 'static))
}

fn known(cause: &(dyn StdError + 'static)) -> Option<Error> {
    if cause.is::<NotReachable>() {
        return Some(Error::DestinationIpProhibited);
    }
    if cause.is::<Unresolved>() {
        return Some(Error::DnsError {
            rcode: None,
            info_code: None,
        });
    }
    if let Some(proxy) = cause.downcast_ref::<ProxyFailed>() {
        return Some(Error::InternalError(Some(proxy.to_string())));
    }
    if let Some(tls) = cause.downcast_ref::<rustls::Error>() {
        return Some(match tls {
            rustls::Error::InvalidCertificate(_) | rustls::Error::NoCertificatesPresented => {
                Error::TlsCertificateError
            }
            rustls::Error::AlertReceived(alert) => Error::TlsAlertReceived {
                alert_id: Some(u8::from(*alert)),
                alert_message: Some(format!("{alert:?}")),
            },
            _ => Error::TlsProtocolError,
        });
    }
    if let Some(http) = cause.downcast_ref::<hyper::Error>() {
        return Some(if http.is_parse_too_large() {
            Error::HttpResponseHeaderSectionSize(None)
        } else if http.is_incomplete_message() || http.is_closed() || http.is_canceled() {
            Error::ConnectionTerminated
        } else {
            Error::HttpProtocolError
        });
    }
    if let Some(error) = cause.downcast_ref::<io::Error>() {
        return of_kind(error.kind());
    }
    // What a body that we wrapped ended with, on its way back out of hyper.
    cause.downcast_ref::<Error>().and_then(again)
}

fn of_kind(kind: io::ErrorKind) -> Option<Error> {
    Some(match kind {
        io::ErrorKind::ConnectionRefused => Error::ConnectionRefused,
        io::ErrorKind::TimedOut => Error::ConnectionTimeout,
        io::ErrorKind::NetworkUnreachable | io::ErrorKind::HostUnreachable => {
            Error::DestinationUnavailable
        }
        io::ErrorKind::ConnectionReset
        | io::ErrorKind::ConnectionAborted
        | io::ErrorKind::BrokenPipe
        | io::ErrorKind::UnexpectedEof
        | io::ErrorKind::NotConnected => Error::ConnectionTerminated,
        _ => return None,
    })
}

/// The errors of our own bodies once more, since the type can't be cloned.
fn again(error: &Error) -> Option<Error> {
    match error {
        Error::ConnectionWriteTimeout => Some(Error::ConnectionWriteTimeout),
        Error::HttpRequestBodySize(size) => Some(Error::HttpRequestBodySize(*size)),
        Error::HttpRequestDenied => Some(Error::HttpRequestDenied),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_innermost_known_cause_counts() {
        let error = io::Error::other(NotReachable);
        assert!(matches!(translate(&error), Error::DestinationIpProhibited));
        let error = io::Error::other(Unresolved(io::Error::other("no such host")));
        assert!(matches!(translate(&error), Error::DnsError { .. }));
        let error = io::Error::new(
            io::ErrorKind::InvalidData,
            rustls::Error::InvalidCertificate(rustls::CertificateError::UnknownIssuer),
        );
        assert!(matches!(translate(&error), Error::TlsCertificateError));
        let error = io::Error::from(io::ErrorKind::ConnectionRefused);
        assert!(matches!(translate(&error), Error::ConnectionRefused));
        let error = io::Error::other("something else");
        assert!(matches!(translate(&error), Error::HttpProtocolError));
    }
}
