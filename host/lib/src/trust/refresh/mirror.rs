//! Where trusted roots are fetched from.

use std::fmt;
use std::str::FromStr;

use sigstore_tuf::transport::FetchFuture;
use sigstore_tuf::{Error as Failed, Repository};
use wharf_oci::reference::ReferenceError;
use wharf_oci::{Registry, Url};

use crate::wharf::Wharf;

/// A mirror of a repository of trusted roots: an `http` or `https` address, below which its
/// files are. Nothing depends on who answers there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mirror(String);

/// Why a text is no address of a mirror.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum MirrorError {
    /// It is no address at all.
    #[error("{0}")]
    Address(String),
    /// There is a query in it, below which nothing can be.
    #[error("the address has a query")]
    Query,
}

impl Mirror {
    /// The address of the public Sigstore's.
    const PUBLIC: &str = "https://tuf-repo-cdn.sigstore.dev";

    /// The root of its repository to begin with, as of version 16, which the crate
    /// `sigstore-trust-root` 0.15.1 has from there.
    pub const PUBLIC_ROOT: &[u8] = include_bytes!("public_root.json");

    /// The one of the public Sigstore.
    #[must_use]
    pub fn public() -> Self {
        Self(Self::PUBLIC.to_owned())
    }

    /// Whether it is that one.
    #[must_use]
    pub fn is_public(&self) -> bool {
        self.0 == Self::PUBLIC
    }

    /// Its address, without a slash at the end.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whose settings count for how it is reached.
    pub fn registry(&self) -> Result<Registry, MirrorError> {
        let wrong = |why: String| MirrorError::Address(why);
        let url: Url = self.0.parse().map_err(|error| wrong(format!("{error}")))?;
        let authority = url.origin().authority().parse();
        authority.map_err(|error: ReferenceError| wrong(error.to_string()))
    }
}

impl FromStr for Mirror {
    type Err = MirrorError;

    fn from_str(text: &str) -> Result<Self, MirrorError> {
        let url: Url = text
            .parse()
            .map_err(|error: wharf_oci::url::UrlError| MirrorError::Address(error.to_string()))?;
        if url.query().is_some() {
            return Err(MirrorError::Query);
        }
        let mirror = Self(url.to_string().trim_end_matches('/').to_owned());
        mirror.registry()?;
        Ok(mirror)
    }
}

impl fmt::Display for Mirror {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A mirror as the framework asks it.
pub(super) struct Served {
    wharf: Wharf,
    mirror: Mirror,
}

impl Served {
    pub(super) fn new(wharf: Wharf, mirror: Mirror) -> Self {
        Self { wharf, mirror }
    }

    fn file(&self, path: String, most: u64) -> FetchFuture<'_> {
        Box::pin(async move {
            let url = format!("{}/{path}", self.mirror).parse::<Url>();
            let url = url.map_err(|error| Failed::transport(format!("`{path}`: {error}")))?;
            let most = usize::try_from(most).unwrap_or(usize::MAX);
            let file = self.wharf.fetch_of_mirror(&url, most).await;
            file.map_err(|error| Failed::transport_with_source(path, error))
        })
    }
}

impl Repository for Served {
    fn fetch_metadata<'a>(&'a self, name: &'a str, max_length: u64) -> FetchFuture<'a> {
        self.file(name.to_owned(), max_length)
    }

    fn fetch_target<'a>(&'a self, path: &'a str, max_length: u64) -> FetchFuture<'a> {
        self.file(format!("targets/{path}"), max_length)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mirror_is_an_address_without_a_query() {
        let read = |text: &str| text.parse::<Mirror>().map(|mirror| mirror.to_string());
        for (text, address) in [
            ("https://m.example", "https://m.example"),
            ("https://M.example/", "https://m.example"),
            ("http://127.0.0.1:80/a/b/", "http://127.0.0.1/a/b"),
        ] {
            assert_eq!(read(text).as_deref(), Ok(address));
        }
        assert_eq!(read("https://m.example/?a=b"), Err(MirrorError::Query));
        for text in ["", "m.example", "ftp://m.example", "https://a:b@m.example"] {
            assert!(read(text).is_err(), "{text}");
        }
        assert!(Mirror::public().is_public());
        assert_eq!(read(Mirror::PUBLIC).as_deref(), Ok(Mirror::PUBLIC));
    }
}
