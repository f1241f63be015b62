//! How the command ends: the words of an error, and the exit code.

use crate::bindings::{Error, content_store, exit_with_code};

/// The command line, or a file of the user's, is wrong.
pub(crate) const USAGE: u8 = 2;

/// What could not be done, and why.
pub(crate) struct Failure {
    /// Begins with "cannot".
    pub(crate) doing: String,
    pub(crate) error: Error,
}

/// Ends with a code. The contract of `run` has only success and failure.
pub(crate) fn with(code: u8) -> Result<(), ()> {
    if code == 0 {
        return Ok(());
    }
    exit_with_code(code);
    Err(())
}

/// The exit code, as `host/cli` has it.
pub(crate) fn code(error: &Error) -> u8 {
    match error {
        Error::InvalidInput(_) => USAGE,
        Error::Authentication(_) => 3,
        Error::NotFound(_) => 4,
        Error::Network(_) => 5,
        Error::Integrity(_) => 6,
        Error::Refused(_) | Error::LimitExceeded(_) => 7,
        Error::Storage(_) | Error::MissingContent(_) | Error::Other(_) => 1,
    }
}

/// An error for people.
pub(crate) fn words(error: &Error) -> String {
    match error {
        Error::InvalidInput(text)
        | Error::Refused(text)
        | Error::Storage(text)
        | Error::LimitExceeded(text)
        | Error::Other(text) => text.clone(),
        Error::Authentication(exchange) | Error::NotFound(exchange) | Error::Network(exchange) => {
            let mut text = format!("{} {}", exchange.method, exchange.url);
            if let Some(status) = exchange.status {
                text += &format!(" answered {status}");
            }
            if !exchange.codes.is_empty() {
                text += &format!(" ({})", exchange.codes.join(", "));
            }
            if !exchange.message.is_empty() {
                text += &format!(": {}", exchange.message);
            }
            text
        }
        Error::Integrity(mismatch) => format!(
            "{} is {}, and not {} as was promised",
            mismatch.subject, mismatch.found, mismatch.expected
        ),
        Error::MissingContent(digest) => format!("{digest} is not in the content store"),
    }
}

impl From<content_store::Error> for Error {
    fn from(error: content_store::Error) -> Self {
        match error {
            content_store::Error::Missing(digest) => Self::MissingContent(digest),
            content_store::Error::Mismatch(mismatch) => Self::Integrity(mismatch),
            content_store::Error::Failed(text) => Self::Storage(text),
        }
    }
}
