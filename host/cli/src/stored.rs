//! What of the content store is meant: by a reference that was seen, or by its digest.

use std::fmt;
use std::str::FromStr;

use wharf_host::{Digest, Reference, Store, StoreError};

/// A manifest of the content store, as the user names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Stored {
    /// By what it was pushed, pulled or loaded as.
    Reference(Reference),
    /// By its digest alone.
    Digest(Digest),
}

impl Stored {
    /// The manifest that it leads to, if the store knows one and has all of it. A
    /// digest decides, where there is one.
    pub(crate) fn find(&self, store: &Store) -> Result<Option<Digest>, StoreError> {
        let digest = match self {
            Self::Digest(digest)
            | Self::Reference(Reference {
                digest: Some(digest),
                ..
            }) => Some(digest.clone()),
            Self::Reference(reference) => {
                let found = store.find_name(&reference.to_string())?;
                found.map(|target| target.digest)
            }
        };
        let Some(digest) = digest else {
            return Ok(None);
        };
        let whole = store.closure(&digest)?.problems.is_empty();
        Ok(whole.then_some(digest))
    }

    /// The reference, where it is one.
    pub(crate) fn reference(&self) -> Option<&Reference> {
        match self {
            Self::Reference(reference) => Some(reference),
            Self::Digest(_) => None,
        }
    }
}

impl FromStr for Stored {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text.starts_with("sha256:") {
            let digest = text.parse().map(Self::Digest);
            return digest.map_err(|error: wharf_host::DigestError| error.to_string());
        }
        let reference = text.parse().map(Self::Reference);
        reference.map_err(|error: wharf_host::ReferenceError| error.to_string())
    }
}

impl fmt::Display for Stored {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Reference(reference) => reference.fmt(f),
            Self::Digest(digest) => digest.fmt(f),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DIGEST: &str = "sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a";

    #[test]
    fn a_digest_alone_is_no_repository() {
        let stored: Stored = DIGEST.parse().unwrap();
        assert_eq!(stored, Stored::Digest(DIGEST.parse().unwrap()));
        assert_eq!(stored.reference(), None);
        let stored: Stored = "r.example/app:1".parse().unwrap();
        assert_eq!(stored.to_string(), "r.example/app:1");
        assert!("sha256:12".parse::<Stored>().is_err());
        assert!("https://r.example/app".parse::<Stored>().is_err());
    }
}
