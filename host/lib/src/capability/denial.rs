//! What a guest did not get of the content store, and the telling of it: in the contract's
//! words to the guest, and in the audit with the rule that refused it.

use wharf_oci::problem::clean;
use wharf_store::StoreError;

use crate::bindings::content_store::Error;
use crate::watch::{Stored, Watch};

/// What the contract answers.
pub(super) type Answer<T> = wasmtime::Result<Result<T, Error>>;

/// Why a guest did not get what it asked the store for.
pub(super) enum Denial {
    /// Nothing may be written, in the store's own words.
    ReadOnly(String),
    /// Anything else.
    Other(Error),
}

impl Denial {
    /// Something went wrong that has no case of its own.
    pub(super) fn failed(why: impl Into<String>) -> Self {
        Self::Other(Error::Failed(why.into()))
    }

    fn reason(&self) -> String {
        match self {
            Self::ReadOnly(text) | Self::Other(Error::Failed(text)) => clean(text, 300),
            Self::Other(Error::Missing(digest)) => {
                format!("{} is not in the store", clean(digest, 100))
            }
            Self::Other(Error::Mismatch(_)) => {
                "it is not what its digest or size promises".to_owned()
            }
        }
    }
}

/// What a guest may not have is told of, and so is what it wrote.
pub(super) fn told<T>(
    watch: &Watch,
    action: &'static str,
    what: Stored<'_>,
    outcome: Result<T, Denial>,
) -> Answer<T> {
    if watch.is_audited() || !watch.policies().is_empty() {
        let checked = match &outcome {
            Ok(_) => Ok(()),
            Err(denial) => {
                let read_only = matches!(denial, Denial::ReadOnly(_));
                Err(watch.not_stored(read_only, denial.reason()))
            }
        };
        watch.stored(&checked, action, what)?;
    }
    Ok(outcome.map_err(Error::from))
}

/// The same for what is only asked for: nothing is told of what it may have, nor of what
/// is not there.
pub(super) fn asked<T>(watch: &Watch, outcome: Result<T, Denial>) -> Answer<T> {
    match outcome {
        Err(Denial::Other(error @ (Error::Missing(_) | Error::Mismatch(_)))) => Ok(Err(error)),
        Err(denial) => told(watch, "read", Stored::default(), Err(denial)),
        Ok(found) => Ok(Ok(found)),
    }
}

impl From<StoreError> for Denial {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::ReadOnly(_) => Self::ReadOnly(error.to_string()),
            other => Self::Other(other.into()),
        }
    }
}

impl From<Error> for Denial {
    fn from(error: Error) -> Self {
        Self::Other(error)
    }
}

impl From<Denial> for Error {
    fn from(denial: Denial) -> Self {
        match denial {
            Denial::ReadOnly(text) => Self::Failed(text),
            Denial::Other(error) => error,
        }
    }
}
