//! Why a layout could not be written or read.

use std::io;
use std::path::PathBuf;

use wharf_oci::Digest;

use crate::StoreError;

/// Why a layout could not be written or read. The text is for people.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ArchiveError {
    /// What is there is not what is expected in its place.
    #[error("{} {why}", path.display())]
    Place {
        /// The file or directory.
        path: PathBuf,
        /// What it is, and what to do about it.
        why: &'static str,
    },
    /// Reading or writing failed.
    #[error("{operation} {}: {source}", path.display())]
    Io {
        /// What was being done, to what.
        operation: &'static str,
        /// With which file or directory.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Something in the layout is not as the specification has it, or not such that
    /// it is safe to use. Nothing of the layout was stored.
    #[error("`{}` in the layout {why}", .name.escape_debug())]
    Refused {
        /// What, by its name in the layout.
        name: String,
        /// Why it is not used.
        why: String,
    },
    /// Something in the layout may not have its name. Its content is in the store without.
    #[error("{name} is not loaded: {why}")]
    NotAllowed {
        /// The name.
        name: String,
        /// Why not.
        why: String,
    },
    /// Content of the layout is not what its digest or size promises. Nothing of the
    /// layout was stored.
    #[error("{digest} in the layout is not what was promised: expected {expected}, found {found}")]
    Mismatch {
        /// Which content.
        digest: Digest,
        /// The digest or size that was promised.
        expected: String,
        /// The digest or size that was found.
        found: String,
    },
    /// What is needed is neither in the layout nor in the store. Nothing of the layout
    /// was stored.
    #[error("{digest} is named by {by} and is not in the layout")]
    Missing {
        /// Which content.
        digest: Digest,
        /// What names it.
        by: String,
    },
    /// A name was given for one manifest, and there are several, or none.
    #[error("the layout has {0} manifests to name, and a name is for one")]
    Unclear(usize),
    /// The store could not do its part.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl ArchiveError {
    pub(super) fn io(
        operation: &'static str,
        path: impl Into<PathBuf>,
    ) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| Self::Io {
            operation,
            path,
            source,
        }
    }

    pub(super) fn refused(name: impl Into<String>, why: impl Into<String>) -> Self {
        Self::Refused {
            name: name.into(),
            why: why.into(),
        }
    }
}
