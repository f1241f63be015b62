//! Why the store did not do what it was asked.

use std::io;
use std::path::PathBuf;

use wharf_oci::Digest;
use wharf_oci::manifest::ManifestError;

use crate::Extent;

/// Why the store did not do what it was asked. The text is for people: it names
/// the operation, the object, the cause and, where there is one, the way out.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// This content is needed and is not here.
    #[error("{0} is not in the store")]
    Missing(Digest),
    /// Content is not what its digest or size promises. It was not stored, or no
    /// longer is.
    #[error("{subject} is not what was promised: expected {expected}, found {found}")]
    Mismatch {
        /// Which content.
        subject: String,
        /// The digest or size that was promised.
        expected: String,
        /// The digest or size that was found.
        found: String,
    },
    /// A bound of this store was reached.
    #[error("{what} has {bytes} bytes, and at most {most} are taken here")]
    TooLarge {
        /// What is too large.
        what: String,
        /// How large it is, as far as it was looked at, in bytes.
        bytes: u64,
        /// The bound, in bytes.
        most: u64,
    },
    /// More of something than is dealt with here.
    #[error("more than {most} {what} are not dealt with here")]
    TooMany {
        /// Of what there are too many.
        what: String,
        /// The bound.
        most: usize,
    },
    /// Content that should be a manifest is none that can be used.
    #[error("{digest} can't be used: {source}")]
    Manifest {
        /// Which content.
        digest: Digest,
        /// Why.
        source: Box<ManifestError>,
    },
    /// More separate runs of one piece of content were written than are kept
    /// track of.
    #[error("{digest} was written in more than {most} separate runs; write longer ones")]
    TooScattered {
        /// Which content.
        digest: Digest,
        /// The bound, in runs.
        most: usize,
    },
    /// A part was asked for that the content does not have.
    #[error(
        "{digest} has {size} bytes and so has no {} bytes from {} on",
        part.length,
        part.offset
    )]
    Range {
        /// Which content.
        digest: Digest,
        /// What was asked for.
        part: Extent,
        /// How many bytes the content has.
        size: u64,
    },
    /// Content was to be finished before all of it was written.
    #[error("{digest} can't be finished: {bytes} bytes of it were not written yet")]
    Incomplete {
        /// Which content.
        digest: Digest,
        /// How many bytes are missing.
        bytes: u64,
    },
    /// Bytes came for content that was finished, or discarded after the writer
    /// had begun.
    #[error("{0} was finished or discarded, and takes no more bytes from this writer")]
    Closed(Digest),
    /// A text that can't be a name of content.
    #[error(
        "`{0}` can't name content: a name has 1 to 1024 bytes, no spaces and no control characters"
    )]
    Name(String),
    /// A path for a link that could lead out of the directory it is meant for.
    #[error("`{}` is not a plain path below the directory to link into", .0.display())]
    Target(PathBuf),
    /// Nothing may be written through this handle.
    #[error("nothing may be written to the store: {0}")]
    ReadOnly(String),
    /// The directory is not a store, or a store of a newer layout.
    #[error("{0}")]
    Layout(String),
    /// Reading or writing failed.
    #[error("{operation} {}: {source}{}", path.display(), way_out(source))]
    Io {
        /// What was being done, to what.
        operation: String,
        /// With which file or directory.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

impl StoreError {
    pub(crate) fn io(operation: &str, path: impl Into<PathBuf>, source: io::Error) -> Self {
        Self::Io {
            operation: operation.to_owned(),
            path: path.into(),
            source,
        }
    }

    pub(crate) fn manifest(digest: &Digest, source: ManifestError) -> Self {
        Self::Manifest {
            digest: digest.clone(),
            source: Box::new(source),
        }
    }

    /// Content whose hash is another one than its name.
    pub(crate) fn mismatch(subject: impl Into<String>, expected: &Digest, found: &Digest) -> Self {
        Self::Mismatch {
            subject: subject.into(),
            expected: expected.to_string(),
            found: found.to_string(),
        }
    }
}

fn way_out(error: &io::Error) -> &'static str {
    match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
            "; free some space, or choose another directory for the store"
        }
        io::ErrorKind::FileTooLarge => {
            "; raise the limit on the size of files (`ulimit -f`), or choose another file system \
             for the store"
        }
        io::ErrorKind::PermissionDenied => {
            "; check who owns it and who may write to it, or choose another directory for the store"
        }
        io::ErrorKind::ReadOnlyFilesystem => {
            "; choose another directory for the store, on a file system that can be written to"
        }
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_disk_is_named_with_the_way_out() {
        let error = StoreError::io(
            "writing content to",
            "/store/ingest/x",
            io::Error::from(io::ErrorKind::StorageFull),
        );
        let text = error.to_string();
        assert!(
            text.starts_with("writing content to /store/ingest/x: "),
            "{text}"
        );
        assert!(text.ends_with("; free some space, or choose another directory for the store"));
    }
}
