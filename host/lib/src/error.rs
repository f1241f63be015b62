//! Why an operation failed, as far as a program can act on it.

use std::fmt;
use std::time::Duration;

use wharf_store::StoreError;

use crate::audit::AuditError;
use crate::bindings::types;
use crate::policy::Violation;
use crate::trust::{RefreshError, Untrusted};

/// Why an operation failed. Programs match on the variant; the text names what
/// happened and the way out.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The caller's input can't be used: a reference, a digest, a file of the
    /// application.
    #[error("{0}")]
    InvalidInput(String),
    /// Who the caller is was not accepted, or is not allowed to do this.
    #[error("{0}")]
    Authentication(Exchange),
    /// The registry is there and what was asked for is not.
    #[error("{0}")]
    NotFound(Exchange),
    /// The peer could not be reached, broke off, or answered what the protocol
    /// does not allow.
    #[error("{0}")]
    Network(Exchange),
    /// Content is not what its digest or size promises. It was not stored.
    #[error("{0}")]
    Integrity(Mismatch),
    /// The sandbox refused this.
    #[error("refused: {0}")]
    Refused(String),
    /// A policy refused this.
    #[error("{0}")]
    Policy(Violation),
    /// Who the caller is was not accepted, and a policy keeps credentials from being used.
    #[error("{error}; {withheld}")]
    Withheld {
        /// What the registry said.
        error: Box<Error>,
        /// Which credentials may not be used.
        withheld: Violation,
    },
    /// The audit could not be written, and so nothing more was done.
    #[error(transparent)]
    Audit(#[from] AuditError),
    /// The content store could not read or write.
    #[error("{0}")]
    Storage(String),
    /// This content is needed and is not in the store.
    #[error("{0} is needed and is not in the store; pull or push it again from where it came")]
    MissingContent(String),
    /// A bound that protects this side was reached.
    #[error("{0}")]
    LimitExceeded(String),
    /// It is not signed as it has to be.
    #[error("{0}")]
    Untrusted(Box<Untrusted>),
    /// What a mirror of trusted roots has does not hold, and is not used.
    #[error("{0}")]
    Refresh(RefreshError),
    /// Anything else.
    #[error("{0}")]
    Other(String),
}

/// One HTTP exchange that did not end well.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Exchange {
    /// The request's method.
    pub method: String,
    /// The request's address, without user information, query and fragment.
    pub url: String,
    /// The status that was answered; none when no answer came.
    pub status: Option<u16>,
    /// The registry's error codes (OCI distribution-spec v1.1.1, "Error Codes").
    pub codes: Vec<String>,
    /// The peer's words, or the transport's reason. Safe to print.
    pub message: String,
    /// How many times the request was sent.
    pub attempts: u32,
    /// For how long that was tried.
    pub elapsed: Duration,
}

/// Content that is not what it was said to be.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Mismatch {
    /// Which content, in words a user knows.
    pub subject: String,
    /// The digest or size that was promised.
    pub expected: String,
    /// The digest or size that was found.
    pub found: String,
}

impl fmt::Display for Exchange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.method, self.url)?;
        match self.status {
            Some(status) => write!(f, " answered {status}")?,
            None => write!(f, " failed")?,
        }
        if !self.codes.is_empty() {
            write!(f, " ({})", self.codes.join(", "))?;
        }
        if !self.message.is_empty() {
            write!(f, ": {}", self.message)?;
        }
        if self.attempts > 1 {
            let (times, seconds) = (self.attempts, self.elapsed.as_secs_f32());
            write!(f, " (tried {times} times in {seconds:.1} s)")?;
        }
        Ok(())
    }
}

impl fmt::Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} is not what was promised: expected {}, found {}",
            self.subject, self.expected, self.found
        )
    }
}

impl From<Violation> for Error {
    fn from(violation: Violation) -> Self {
        Self::Policy(violation)
    }
}

impl From<StoreError> for Error {
    fn from(error: StoreError) -> Self {
        Self::Storage(error.to_string())
    }
}

impl From<types::Error> for Error {
    fn from(error: types::Error) -> Self {
        match error {
            types::Error::InvalidInput(text) => Self::InvalidInput(text),
            types::Error::Authentication(exchange) => Self::Authentication(exchange.into()),
            types::Error::NotFound(exchange) => Self::NotFound(exchange.into()),
            types::Error::Network(exchange) => Self::Network(exchange.into()),
            types::Error::Integrity(mismatch) => Self::Integrity(mismatch.into()),
            types::Error::Refused(text) => Self::Refused(text),
            types::Error::Storage(text) => Self::Storage(text),
            types::Error::MissingContent(digest) => Self::MissingContent(digest),
            types::Error::LimitExceeded(text) => Self::LimitExceeded(text),
            types::Error::Other(text) => Self::Other(text),
        }
    }
}

impl From<types::Exchange> for Exchange {
    fn from(exchange: types::Exchange) -> Self {
        Self {
            method: exchange.method,
            url: exchange.url,
            status: exchange.status,
            codes: exchange.codes,
            message: exchange.message,
            attempts: exchange.attempts,
            elapsed: Duration::from_millis(exchange.elapsed),
        }
    }
}

impl From<types::Mismatch> for Mismatch {
    fn from(mismatch: types::Mismatch) -> Self {
        Self {
            subject: mismatch.subject,
            expected: mismatch.expected,
            found: mismatch.found,
        }
    }
}
