//! How what goes wrong below becomes the errors of the contract.

use std::fmt;

use wharf_app::archive::{ArchiveError, SizeError};
use wharf_oci::Descriptor as Layer;
use wharf_oci::problem::clean;

use crate::bindings::{Error, ErrorCode, content_store};

/// Something of the author's that can't be used.
pub(crate) fn input(message: impl fmt::Display) -> Error {
    Error::InvalidInput(message.to_string())
}

/// A file of the author's that can't be used, with the reason to be read after
/// its path.
pub(crate) fn file(path: impl fmt::Display, problem: impl fmt::Display) -> Error {
    input(format!("`{}` {problem}", clean(&path.to_string(), 200)))
}

/// The same error with the component that it concerns.
pub(crate) fn of_component(id: &str, error: Error) -> Error {
    match error {
        Error::InvalidInput(text) => input(format!("the component `{id}`: {text}")),
        error => error,
    }
}

/// A file that the host can't open or read.
pub(crate) fn unreadable(path: impl fmt::Display, code: &ErrorCode) -> Error {
    file(path, reason(code))
}

/// Whether the host says so of what leads out of a preopened directory.
pub(crate) fn is_outside(code: &ErrorCode) -> bool {
    matches!(code, ErrorCode::NotPermitted)
}

/// What the host says of a file, to be read after its path.
fn reason(code: &ErrorCode) -> String {
    let reason = match code {
        ErrorCode::Access => "can't be read: permission denied",
        ErrorCode::NotPermitted => {
            "leads out of the application's directory, and only files in it are published"
        }
        ErrorCode::NoEntry => "does not exist, or no longer does",
        ErrorCode::NotDirectory => "is not a directory, or something on the way to it is not",
        ErrorCode::IsDirectory => "is a directory, and has to be a file",
        ErrorCode::Loop => "is a symbolic link that leads back to itself",
        ErrorCode::NameTooLong => "has a name that is too long",
        ErrorCode::IllegalByteSequence => {
            "has a name in it that is not UTF-8, which can't be published: rename it"
        }
        ErrorCode::Io => "can't be read: the disk reports an error",
        ErrorCode::Other(Some(text)) => {
            return format!("can't be read: {}", clean(text, 200));
        }
        code => return format!("can't be read: {code:?}"),
    };
    reason.to_owned()
}

/// A file that is not what the store said of it.
#[expect(clippy::needless_pass_by_value, reason = "to be mapped with")]
pub(crate) fn packing(error: SizeError) -> Error {
    Error::Storage(error.to_string())
}

/// An archive of an artifact, which may come from anybody, that can't be used.
pub(crate) fn archive(layer: &Layer, error: &ArchiveError) -> Error {
    let text = format!("the archive {} {error}", layer.digest);
    if error.is_limit() {
        Error::LimitExceeded(text)
    } else if error.is_hostile() {
        Error::Refused(text)
    } else {
        Error::Other(text)
    }
}

impl From<content_store::Error> for Error {
    fn from(error: content_store::Error) -> Self {
        match error {
            content_store::Error::Missing(digest) => Error::MissingContent(digest),
            content_store::Error::Mismatch(mismatch) => Error::Integrity(mismatch),
            content_store::Error::Failed(text) => Error::Storage(text),
        }
    }
}
