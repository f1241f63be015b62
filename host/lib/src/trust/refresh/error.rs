//! Why what a mirror has is not taken.

use sigstore_tuf::Error as Said;

use crate::error::Error;

/// Why what a mirror has is not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RefreshError {
    /// Those who may have not signed it.
    #[error(
        "its `{role}` is not signed by those who may: {found} of the {wanted} signatures that it \
         needs are right"
    )]
    Signature {
        /// What is signed: `root`, `timestamp`, `snapshot` or `targets`.
        role: String,
        /// How many signatures are right.
        found: usize,
        /// How many have to be.
        wanted: usize,
    },
    /// It is older than what was seen before.
    #[error(
        "its `{role}` goes back from version {known} to {found}: the mirror is out of date, or \
         somebody shows an old state of it"
    )]
    Rollback {
        /// What is older.
        role: String,
        /// The version that was seen before.
        known: u64,
        /// The version that is shown.
        found: u64,
    },
    /// It is too old.
    #[error(
        "its `{role}` expired at {at}: the mirror is out of date, or the clock of this machine \
         is wrong"
    )]
    Expired {
        /// What is too old.
        role: String,
        /// When it expired, as in RFC 3339.
        at: String,
    },
    /// Something is not there.
    #[error("it does not have what such a mirror has: {0}")]
    Missing(String),
    /// What was verified is of no use here.
    #[error("its `{name}` can't be used: {why}")]
    Unusable {
        /// What it is named.
        name: String,
        /// What is wrong with it.
        why: String,
    },
    /// It is not what was signed, or is written in another way than it has to be.
    #[error("what it has does not hold: {0}")]
    Unsound(String),
}

impl From<RefreshError> for Error {
    fn from(error: RefreshError) -> Self {
        Self::Refresh(error)
    }
}

/// What the framework says, in our words; what a request of ours came to, as it was.
pub(super) fn told(error: Said) -> Error {
    let why = match error {
        Said::Transport {
            source: Some(source),
            message,
        } => match source.downcast::<Error>() {
            Ok(ours) => return *ours,
            Err(source) => RefreshError::Unsound(format!("{message}: {source}")),
        },
        Said::Io { .. } => return Error::Storage(chain(&error)),
        Said::ThresholdNotMet {
            role,
            found,
            threshold,
        } => RefreshError::Signature {
            role,
            found,
            wanted: threshold,
        },
        Said::Rollback { role, trusted, new } => RefreshError::Rollback {
            role,
            known: trusted,
            found: new,
        },
        Said::Expired { role, expires } => RefreshError::Expired {
            role,
            at: expires.to_string(),
        },
        Said::Transport {
            source: None,
            message,
        } => RefreshError::Missing(message),
        Said::TargetNotFound(name) => RefreshError::Missing(format!("`{name}` is not listed")),
        other => RefreshError::Unsound(chain(&other)),
    };
    why.into()
}

/// An error with its causes.
pub(super) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(next) = cause {
        text.push_str(": ");
        text.push_str(&next.to_string());
        cause = next.source();
    }
    text
}
