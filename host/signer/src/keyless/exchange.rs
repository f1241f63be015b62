use std::{fmt, pin::Pin};

/// What a request is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Step {
    /// Where an issuer of identities has its endpoints.
    Discovery,
    /// A code to sign in with on another device.
    DeviceCode,
    /// An identity token.
    IdentityToken,
    /// A certificate for a key.
    Certificate,
    /// An entry in a transparency log.
    LogEntry,
    /// The time of a signature.
    Timestamp,
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Discovery => "the endpoints for signing in",
            Self::DeviceCode => "a code for signing in",
            Self::IdentityToken => "an identity token",
            Self::Certificate => "a certificate",
            Self::LogEntry => "a log entry",
            Self::Timestamp => "a timestamp",
        })
    }
}

/// A request to a service.
#[derive(Clone)]
pub struct Request {
    /// What it is for.
    pub step: Step,
    /// `GET` or `POST`.
    pub method: &'static str,
    /// The address. It may be `http` where a configuration says so.
    pub url: String,
    /// Headers, by lower-case name.
    pub headers: Vec<(String, String)>,
    /// The body; empty for none.
    pub body: Vec<u8>,
    /// Whether headers or body have something secret: a token, or a code for one. Such a
    /// request is not to be logged, nor sent where it is redirected to.
    pub secret: bool,
    /// How long the answer's body may be, in bytes. A longer one is an error.
    pub limit: usize,
}

impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Request")
            .field("step", &self.step)
            .field("method", &self.method)
            .field("url", &self.url)
            .finish_non_exhaustive()
    }
}

/// An answer of a service.
pub struct Response {
    /// Its status.
    pub status: u16,
    /// Its `location` header, if it has one.
    pub location: Option<String>,
    /// Its body, of at most [`Request::limit`] bytes.
    pub body: Vec<u8>,
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct ExchangeError(#[source] pub Box<dyn std::error::Error + Send + Sync>);

/// An answer to come.
pub type Answer<'a> = Pin<Box<dyn Future<Output = Result<Response, ExchangeError>> + Send + 'a>>;

/// What carries requests to services. It follows no redirects, and bounds time.
pub trait Exchange: Send + Sync {
    /// Sends a request. Every status is an answer.
    fn send(&self, request: Request) -> Answer<'_>;
}
