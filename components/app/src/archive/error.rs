//! Why an archive can't be used.

use super::{MOST_EXTENSION_BYTES, MOST_RATIO};

/// Why an archive can't be used. To be read after its name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ArchiveError {
    /// It is not compressed as it must be, or was damaged.
    #[error("is no gzip archive, or was damaged: {0}")]
    Gzip(String),
    /// It ends in the middle.
    #[error("ends before it is whole")]
    Truncated,
    /// Something follows its end.
    #[error("has something behind its end")]
    Trailing,
    /// The header of an entry can't be read, or can be read in two ways.
    #[error("has an entry that {0}")]
    Header(&'static str),
    /// An entry that is no file.
    #[error("has `{name}`, which is {kind}: only files and directories are unpacked")]
    Kind {
        /// Its name, on one line.
        name: String,
        /// What it is.
        kind: &'static str,
    },
    /// An entry whose name leads elsewhere.
    #[error("has an entry `{0}`, whose name leads out of it")]
    Name(String),
    /// An extension of a header that is larger than anybody needs.
    #[error("has an entry with an extended header of more than {MOST_EXTENSION_BYTES} bytes")]
    Extension,
    /// More entries than are unpacked.
    #[error("has more entries than `max-files` allows, which is {0} for all archives together")]
    TooMany(u64),
    /// More bytes than are unpacked.
    #[error(
        "unpacks to more than `max-unpacked-size` allows, which is {0} bytes for all archives \
         together"
    )]
    TooLarge(u64),
    /// Many more bytes than it has itself.
    #[error(
        "unpacks to more than {MOST_RATIO} times its size, as a bomb does, and `max-unpacked-size` \
         does not say that it may"
    )]
    Ratio,
}

impl ArchiveError {
    /// Whether a limit was reached that somebody can raise.
    #[must_use]
    pub fn is_limit(&self) -> bool {
        matches!(self, Self::TooMany(_) | Self::TooLarge(_) | Self::Ratio)
    }

    /// Whether it has what no honest archive has.
    #[must_use]
    pub fn is_hostile(&self) -> bool {
        matches!(self, Self::Kind { .. } | Self::Name(_) | Self::Extension)
    }
}
