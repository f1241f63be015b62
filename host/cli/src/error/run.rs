//! Failures to run an artifact of the store, or to write it as files.

use std::error::Error as _;

use wharf_host::Error as HostError;
use wharf_up::{UnpackError, UpError};

use super::{CommandError, Kind};
use crate::env;

/// Why an artifact of the store can't be run, or be written as files.
#[derive(Debug)]
pub(crate) enum RunError {
    /// It can't be made ready.
    Preparing(HostError),
    /// It can't be started.
    Starting(UpError),
    /// Its files can't be written.
    Writing(UnpackError),
}

impl RunError {
    /// Whether it helps to fetch the application again.
    pub(crate) fn is_about_content(&self) -> bool {
        match self {
            Self::Preparing(error) => {
                matches!(
                    error,
                    HostError::MissingContent(_) | HostError::Integrity(_)
                )
            }
            Self::Starting(error) | Self::Writing(UnpackError::Artifact(error)) => {
                is_about_content(error)
            }
            Self::Writing(_) => false,
        }
    }
}

impl From<HostError> for RunError {
    fn from(error: HostError) -> Self {
        Self::Preparing(error)
    }
}

impl From<UpError> for RunError {
    fn from(error: UpError) -> Self {
        Self::Starting(error)
    }
}

impl From<UnpackError> for RunError {
    fn from(error: UnpackError) -> Self {
        Self::Writing(error)
    }
}

impl From<RunError> for CommandError {
    fn from(error: RunError) -> Self {
        match error {
            RunError::Starting(error) => Self::from(error),
            RunError::Writing(error) => Self::from(error),
            // It is not a file of the user's that is wrong.
            RunError::Preparing(HostError::InvalidInput(text)) => Self::new(Kind::Other, text),
            RunError::Preparing(HostError::LimitExceeded(text)) => Self::new(Kind::Refused, text)
                .hint(
                    "when you trust where it comes from, --max-unpacked-size, --max-files and \
                     --max-layers raise what it may have",
                ),
            RunError::Preparing(error) => Self::from(error),
        }
    }
}

impl From<UpError> for CommandError {
    fn from(error: UpError) -> Self {
        if is_about_content(&error) {
            return Self::new(Kind::Integrity, error.to_string());
        }
        match error {
            UpError::Unsupported(text) => Self::new(Kind::Refused, text),
            UpError::PortInUse(address) => {
                Self::new(Kind::Other, format!("{address} is already in use"))
                    .hint("to have Wharf search for a free port, use the --find-free-port option")
            }
            UpError::Variable(error) => Self::usage(error.to_string()).hint(format!(
                "values are given with --variable KEY=VALUE, or as {}KEY in the environment",
                env::VARIABLE_PREFIX
            )),
            other => Self::new(Kind::Other, other.to_string()),
        }
    }
}

impl From<UnpackError> for CommandError {
    fn from(error: UnpackError) -> Self {
        let text = error.to_string();
        match error {
            UnpackError::Artifact(error) => Self::from(error),
            UnpackError::Name { .. } | UnpackError::NoTitle { .. } => {
                Self::new(Kind::Refused, text).hint(
                    "`wharf registry save` keeps any artifact, as an OCI image layout without \
                     names of its own",
                )
            }
            UnpackError::SeveralFiles(_) => Self::usage(text)
                .hint("name a directory, which does not end with `.wasm` or `.wat`"),
            UnpackError::Target { replaceable, .. } if replaceable => {
                Self::usage(text).hint("name another, or replace it with --force")
            }
            UnpackError::Target { .. } => Self::usage(text),
            _ => Self::new(Kind::Other, text),
        }
    }
}

/// Whether the store works, and what it holds of an application is incomplete or
/// damaged: then it helps to fetch the application again. What the system refuses (a
/// full disk, say) has the system's error as its source.
fn is_about_content(error: &UpError) -> bool {
    matches!(error, UpError::Store(error) if error.source().is_none())
}
