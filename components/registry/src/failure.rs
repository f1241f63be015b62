//! How what goes wrong below becomes the errors of the contract.

use alloc::borrow::ToOwned as _;
use alloc::boxed::Box;
use alloc::format;
use alloc::string::{String, ToString as _};
use alloc::vec::Vec;

use wharf_oci::manifest::ManifestError;
use wharf_oci::problem::Problem;
use wharf_oci::reference::ReferenceError;
use wharf_oci::{Url, limit};

use crate::bindings::{
    Descriptor, Error, ErrorCode, Exchange, Mismatch, content_store, credentials,
};
use crate::http::{Incoming, Tried};

/// An error of the contract behind a pointer: errors pass through many hands, and all of
/// those would copy a hundred bytes.
pub(crate) struct Fault(Box<Error>);

impl Fault {
    /// The error.
    pub(crate) fn error(&self) -> &Error {
        &self.0
    }
}

impl From<Error> for Fault {
    fn from(error: Error) -> Self {
        Self(Box::new(error))
    }
}

impl From<Fault> for Error {
    fn from(fault: Fault) -> Self {
        *fault.0
    }
}

/// An exchange that got no answer, or none that was whole.
pub(crate) fn transport(method: &'static str, url: &Url, code: &ErrorCode, tried: Tried) -> Fault {
    let reason = match code {
        ErrorCode::HttpRequestDenied => {
            return Error::Refused(format!(
                "{method} {} was not granted to the registry component",
                url.redacted()
            ))
            .into();
        }
        ErrorCode::DestinationIpProhibited => {
            return Error::Refused(format!(
                "{method} {} leads to an address that may not be reached (--allow opens private ones)",
                url.redacted()
            ))
            .into();
        }
        ErrorCode::DnsError(_) | ErrorCode::DnsTimeout | ErrorCode::DestinationNotFound => {
            "its name can't be resolved to an address"
        }
        ErrorCode::ConnectionRefused => "nothing listens there (connection refused)",
        ErrorCode::ConnectionTimeout => "no connection came about in time",
        ErrorCode::ConnectionTerminated | ErrorCode::HttpResponseIncomplete => {
            "the connection broke off"
        }
        ErrorCode::ConnectionReadTimeout | ErrorCode::HttpResponseTimeout => {
            "it was silent for too long"
        }
        ErrorCode::ConnectionWriteTimeout => "it did not take more bytes for too long",
        ErrorCode::TlsCertificateError => {
            "its certificate is not trusted (a private authority is given with --ca-file)"
        }
        ErrorCode::TlsProtocolError | ErrorCode::TlsAlertReceived(_) => {
            "it does not speak TLS as expected"
        }
        ErrorCode::HttpProtocolError => "it does not speak HTTP as expected",
        ErrorCode::HttpResponseHeaderSectionSize(_) => "its answer's headers are too large",
        ErrorCode::InternalError(Some(text)) => text,
        _ => "no whole answer came",
    };
    again(network(method, url, None, reason), tried)
}

/// The same error, with how often and for how long it was tried.
pub(crate) fn again(fault: Fault, tried: Tried) -> Fault {
    let told = |exchange| Exchange {
        attempts: tried.attempts,
        elapsed: tried.elapsed(),
        ..exchange
    };
    let error = match Error::from(fault) {
        Error::Network(exchange) => Error::Network(told(exchange)),
        Error::Authentication(exchange) => Error::Authentication(told(exchange)),
        Error::NotFound(exchange) => Error::NotFound(told(exchange)),
        other => other,
    };
    error.into()
}

/// An exchange whose answer the protocol does not allow.
pub(crate) fn network(method: &'static str, url: &Url, status: Option<u16>, why: &str) -> Fault {
    Error::Network(Exchange {
        method: method.to_owned(),
        url: url.redacted(),
        status,
        codes: Vec::new(),
        message: why.to_owned(),
        attempts: 1,
        elapsed: 0,
    })
    .into()
}

/// An exchange whose answer is an error, with what its body says.
pub(crate) async fn answered(incoming: Incoming) -> Fault {
    let (method, url, status) = (incoming.method, incoming.url.redacted(), incoming.status);
    let tried = incoming.tried;
    let body = incoming.prefix(limit::PROBLEM_BYTES).await;
    let Problem { codes, message } = Problem::parse(&body);
    let exchange = Exchange {
        method: method.to_owned(),
        url,
        status: Some(status),
        codes,
        message,
        attempts: tried.attempts,
        elapsed: tried.elapsed(),
    };
    let error = match status {
        401 | 403 => Error::Authentication(exchange),
        404 => Error::NotFound(exchange),
        _ => Error::Network(exchange),
    };
    error.into()
}

/// Content that is not what was promised.
pub(crate) fn mismatch(subject: String, expected: &str, found: &str) -> Fault {
    Error::Integrity(Mismatch {
        subject,
        expected: expected.to_owned(),
        found: found.to_owned(),
    })
    .into()
}

/// A manifest that can't be used.
pub(crate) fn manifest(descriptor: &str, error: &ManifestError) -> Fault {
    Error::Other(format!("the manifest {descriptor} can't be used: {error}")).into()
}

impl From<ReferenceError> for Error {
    fn from(error: ReferenceError) -> Self {
        Error::InvalidInput(error.to_string())
    }
}

impl From<ReferenceError> for Fault {
    fn from(error: ReferenceError) -> Self {
        Error::from(error).into()
    }
}

impl From<content_store::Error> for Fault {
    fn from(error: content_store::Error) -> Self {
        let error = match error {
            content_store::Error::Missing(digest) => Error::MissingContent(digest),
            content_store::Error::Mismatch(mismatch) => Error::Integrity(mismatch),
            content_store::Error::Failed(text) => Error::Storage(text),
        };
        error.into()
    }
}

impl From<credentials::Error> for Fault {
    fn from(error: credentials::Error) -> Self {
        let error = match error {
            credentials::Error::Refused(text) => Error::Refused(text),
            credentials::Error::Failed(text) => Error::Other(text),
        };
        error.into()
    }
}

/// The contract's descriptor of the library's.
pub(crate) fn describe(descriptor: &wharf_oci::Descriptor) -> Descriptor {
    Descriptor {
        media_type: descriptor.media_type.clone(),
        digest: descriptor.digest.to_string(),
        size: descriptor.size,
    }
}

/// The library's descriptor of the contract's, which the host gave.
pub(crate) fn descriptor(described: Descriptor) -> Result<wharf_oci::Descriptor, Fault> {
    let digest: Result<_, wharf_oci::digest::DigestError> = described.digest.parse();
    let digest = digest.map_err(|error| Error::Storage(error.to_string()))?;
    Ok(wharf_oci::Descriptor::new(
        described.media_type,
        digest,
        described.size,
    ))
}
