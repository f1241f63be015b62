//! References: `[registry/]repository[:tag][@digest]`, with Docker's rules for
//! what is left out.

use alloc::borrow::ToOwned as _;
use alloc::format;
use alloc::string::String;
use core::fmt;
use core::str::FromStr;

use crate::digest::DigestError;
use crate::url::{is_loopback_host, split_port};
use crate::{Digest, Origin};

/// The name of content in a registry.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Reference {
    /// Where the content is.
    pub registry: Registry,
    /// Which collection of content there.
    pub repository: Repository,
    /// The tag that was written or, when there is neither tag nor digest, `latest`.
    pub tag: Option<Tag>,
    /// The digest that was written. It wins over the tag.
    pub digest: Option<Digest>,
}

/// A registry as references name it: a host, and a port where one is written.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Registry(String);

/// A repository's path within its registry (distribution-spec v1.1.1, "Pulling
/// manifests", `<name>`).
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Repository(String);

/// A tag (distribution-spec v1.1.1, "Pulling manifests", `<reference>`).
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Tag(String);

/// Why a text is not a reference.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ReferenceError {
    /// Nothing was written.
    #[error("the reference is empty: expected `[registry/]repository[:tag][@digest]`")]
    Empty,
    /// A scheme such as `https://` or `oci://` is in front.
    #[error(
        "the reference `{0}` begins with a scheme: write `registry/repository:tag`, without `://`"
    )]
    Scheme(String),
    /// The registry is not `host` or `host:port`.
    #[error("`{0}` is not a registry: expected `host` or `host:port`")]
    Registry(String),
    /// The repository breaks the grammar.
    #[error(
        "`{0}` is not a repository: expected lower-case letters and digits, \
         separated by `/`, `.`, `_`, `__` or `-`"
    )]
    Repository(String),
    /// The tag breaks the grammar.
    #[error(
        "`{0}` is not a tag: expected up to 128 letters, digits, `_`, `.` and `-`, \
         and neither `.` nor `-` in front"
    )]
    Tag(String),
    /// What follows `@` is not a digest.
    #[error(transparent)]
    Digest(#[from] DigestError),
}

impl Reference {
    /// The name of the manifest within its repository: the digest if there is one,
    /// else the tag.
    #[must_use]
    pub fn manifest_name(&self) -> &str {
        match (&self.digest, &self.tag) {
            (Some(digest), _) => digest.as_str(),
            (None, Some(tag)) => tag.as_str(),
            (None, None) => Tag::LATEST,
        }
    }

    /// The same repository, at a digest and under no tag.
    #[must_use]
    pub fn at_digest(&self, digest: Digest) -> Self {
        Self {
            registry: self.registry.clone(),
            repository: self.repository.clone(),
            tag: None,
            digest: Some(digest),
        }
    }
}

impl FromStr for Reference {
    type Err = ReferenceError;

    fn from_str(text: &str) -> Result<Self, ReferenceError> {
        if text.is_empty() {
            return Err(ReferenceError::Empty);
        }
        let after_colon = text.split_once(':').map(|(_, rest)| rest);
        if after_colon.is_some_and(|rest| rest.starts_with("//")) {
            return Err(ReferenceError::Scheme(shortened(text)));
        }
        let (rest, digest) = match text.split_once('@') {
            Some((rest, digest)) => (rest, Some(digest.parse()?)),
            None => (text, None),
        };
        let (registry, rest) = split_registry(rest);
        // A colon after the last slash begins a tag; one before it is a port's.
        let (path, tag) = match rest.rsplit_once(':') {
            Some((path, tag)) if !tag.contains('/') => (path, Some(tag.parse()?)),
            _ => (rest, None),
        };
        let registry: Registry = registry.parse()?;
        let path = if registry.is_docker_hub() && !path.contains('/') {
            format!("library/{path}")
        } else {
            path.to_owned()
        };
        let repository: Repository = path.parse()?;
        if registry.as_str().len() + 1 + repository.as_str().len() > 255 {
            return Err(ReferenceError::Repository(shortened(repository.as_str())));
        }
        let tag = tag.or_else(|| digest.is_none().then(|| Tag(Tag::LATEST.to_owned())));
        Ok(Self {
            registry,
            repository,
            tag,
            digest,
        })
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.registry, self.repository)?;
        if let Some(tag) = &self.tag {
            write!(f, ":{tag}")?;
        }
        if let Some(digest) = &self.digest {
            write!(f, "@{digest}")?;
        }
        Ok(())
    }
}

impl Registry {
    const DOCKER_HUB: &str = "docker.io";
    const DOCKER_HUB_API: &str = "registry-1.docker.io";

    /// Host and port as written, in lower case, `docker.io` for all of its names.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether it is Docker Hub, whose API has a host of its own.
    #[must_use]
    pub fn is_docker_hub(&self) -> bool {
        self.0 == Self::DOCKER_HUB
    }

    /// Whether it is on this machine, by its name or number.
    #[must_use]
    pub fn is_loopback(&self) -> bool {
        is_loopback_host(split_port(&self.0).map_or("", |(host, _)| host))
    }

    /// Where its API is, over TLS (`secure`) or plain HTTP.
    #[must_use]
    pub fn origin(&self, secure: bool) -> Origin {
        let api = if self.is_docker_hub() {
            Self::DOCKER_HUB_API
        } else {
            &self.0
        };
        let default = if secure { 443 } else { 80 };
        split_port(api)
            .and_then(|(host, port)| Origin::new(secure, host, port.unwrap_or(default)))
            .unwrap_or_else(|_| {
                unreachable!("a registry's host and port were checked when it was parsed")
            })
    }
}

impl FromStr for Registry {
    type Err = ReferenceError;

    fn from_str(text: &str) -> Result<Self, ReferenceError> {
        let refused = || ReferenceError::Registry(shortened(text));
        let (host, port) = split_port(text).map_err(|_| refused())?;
        let origin = Origin::new(true, host, port.unwrap_or(443)).map_err(|_| refused())?;
        let host = match origin.host() {
            "index.docker.io" | Self::DOCKER_HUB_API => Self::DOCKER_HUB,
            host => host,
        };
        Ok(Self(match port {
            Some(port) => format!("{host}:{port}"),
            None => host.to_owned(),
        }))
    }
}

impl Repository {
    /// The path, for example `library/hello`.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Repository {
    type Err = ReferenceError;

    fn from_str(text: &str) -> Result<Self, ReferenceError> {
        if text.len() <= 255 && text.split('/').all(is_path_component) {
            Ok(Self(text.to_owned()))
        } else {
            Err(ReferenceError::Repository(shortened(text)))
        }
    }
}

impl Tag {
    /// The tag that is meant when none is written.
    pub const LATEST: &str = "latest";

    /// The tag as written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Tag {
    type Err = ReferenceError;

    fn from_str(text: &str) -> Result<Self, ReferenceError> {
        let word = |b: u8| b.is_ascii_alphanumeric() || b == b'_';
        let fits = match text.as_bytes() {
            [first, rest @ ..] => {
                word(*first)
                    && rest.len() < 128
                    && rest.iter().all(|b| word(*b) || *b == b'.' || *b == b'-')
            }
            [] => false,
        };
        if fits {
            Ok(Self(text.to_owned()))
        } else {
            Err(ReferenceError::Tag(shortened(text)))
        }
    }
}

macro_rules! display_as_str {
    ($($name:ident),*) => {$(
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.as_str())
            }
        }
    )*};
}
display_as_str!(Registry, Repository, Tag);

/// The registry in front of a reference's path, and the rest. Docker's rule: the
/// first part is a registry when it could not be a repository's, that is, when it
/// has a dot or a colon in it or is `localhost`. (Docker also takes a part with a
/// capital letter for a registry. In lower case, which is how registries are compared,
/// it would then be a repository's; so such a part is refused as one.)
fn split_registry(text: &str) -> (&str, &str) {
    match text.split_once('/') {
        Some((first, rest))
            if first.contains(['.', ':']) || first.eq_ignore_ascii_case("localhost") =>
        {
            (first, rest)
        }
        _ => (Registry::DOCKER_HUB, text),
    }
}

/// `[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*`
fn is_path_component(part: &str) -> bool {
    let alphanumeric = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
    let mut separator = String::new();
    let mut after_word = false;
    for byte in part.bytes() {
        if alphanumeric(byte) {
            let joins = match separator.as_str() {
                "" => true,
                "." | "_" | "__" => after_word,
                dashes => after_word && dashes.bytes().all(|b| b == b'-'),
            };
            if !joins {
                return false;
            }
            separator.clear();
            after_word = true;
        } else {
            separator.push(char::from(byte));
        }
    }
    after_word && separator.is_empty()
}

fn shortened(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(100).collect()
}

#[cfg(test)]
mod tests {
    use alloc::string::ToString as _;

    use super::*;
    use proptest::prelude::*;

    const DIGEST: &str = "sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a";

    #[test]
    fn dockers_rules() {
        for (text, full) in [
            ("hello", "docker.io/library/hello:latest"),
            ("user/app", "docker.io/user/app:latest"),
            ("user/app:v1", "docker.io/user/app:v1"),
            ("localhost/app", "localhost/app:latest"),
            ("LocalHost/app", "localhost/app:latest"),
            (
                "localhost:5000/a/b_c/d--e:1.0",
                "localhost:5000/a/b_c/d--e:1.0",
            ),
            ("test.com:5000", "docker.io/library/test.com:5000"),
            ("GHCR.io/a/b", "ghcr.io/a/b:latest"),
            ("index.docker.io/hello", "docker.io/library/hello:latest"),
            (
                "registry-1.docker.io/hello",
                "docker.io/library/hello:latest",
            ),
            ("[::1]:5000/a", "[::1]:5000/a:latest"),
        ] {
            assert_eq!(
                text.parse::<Reference>().unwrap().to_string(),
                full,
                "{text}"
            );
        }
        let both: Reference = format!("r.example/a:v1@{DIGEST}").parse().unwrap();
        assert_eq!(both.manifest_name(), DIGEST);
        let digest: Reference = format!("r.example/a@{DIGEST}").parse().unwrap();
        assert_eq!(digest.tag, None);
    }

    #[test]
    fn refuses_and_says_which_part() {
        for (text, part) in [
            ("", "empty"),
            ("https://r.example/a", "scheme"),
            ("oci://r.example/a", "scheme"),
            ("r.example/A", "repository"),
            ("UPPER/case", "repository"),
            ("r.example/", "repository"),
            ("r.example//a", "repository"),
            ("r.example/../a", "repository"),
            ("r.example/a___b", "repository"),
            ("r.example/a_-b", "repository"),
            ("r.example/a%2fb", "repository"),
            ("r.example/a:", "tag"),
            ("r.example/a:-x", "tag"),
            ("r.example:x/a", "registry"),
            ("user@r.example/a", "digest"),
            ("r.example/a@sha256:12", "digest"),
            ("r.example/a@md5:12", "digest"),
        ] {
            let error = text.parse::<Reference>().unwrap_err().to_string();
            assert!(error.contains(part), "{text}: {error}");
        }
        assert!(
            format!("r.example/{}", "a".repeat(255))
                .parse::<Reference>()
                .is_err()
        );
        assert!(
            format!("r.example/a:{}", "a".repeat(129))
                .parse::<Reference>()
                .is_err()
        );
    }

    #[test]
    fn docker_hub_has_an_api_of_its_own() {
        let hub: Registry = "docker.io".parse().unwrap();
        assert_eq!(hub.origin(true).to_string(), "https://registry-1.docker.io");
        let local: Registry = "localhost:5000".parse().unwrap();
        assert!(local.is_loopback());
        assert_eq!(local.origin(false).to_string(), "http://localhost:5000");
    }

    proptest! {
        #[test]
        fn never_panics_and_keeps_what_it_takes(text in "[a-zA-Z0-9./:@_\\[\\]-]{0,60}") {
            if let Ok(reference) = text.parse::<Reference>() {
                let again = reference.to_string().parse::<Reference>();
                prop_assert_eq!(again, Ok(reference));
            }
        }

        #[test]
        fn short_parts_too(text in "[a-zA-Z0-9.:@_\\[\\]-]{1,8}(/[a-zA-Z0-9._-]{1,8}){1,3}(:[a-z0-9]{1,4})?") {
            if let Ok(reference) = text.parse::<Reference>() {
                let again = reference.to_string().parse::<Reference>();
                prop_assert_eq!(again, Ok(reference));
            }
        }

        #[test]
        fn any_text(text in ".*") {
            let _ = text.parse::<Reference>();
        }
    }
}
