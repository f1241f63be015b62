//! Patterns of a policy: which origins, which repositories.

use std::fmt;
use std::str::FromStr;

use wharf_oci::{Origin, Reference, Registry, Repository, Url};

/// Origins: one, `https://ghcr.io` or `http://localhost:5000`, or those of all names below
/// one, `https://*.example.com`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OriginPattern {
    /// The origin or, where names below it are meant, the one that they are below.
    origin: Origin,
    below: bool,
}

/// Repositories: one, `ghcr.io/user/app`, or all below a name, `ghcr.io/user/*` or
/// `ghcr.io/*`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RepositoryPattern {
    registry: Registry,
    path: Path,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Path {
    Exactly(Repository),
    /// What begins with this and a slash.
    Below(Repository),
    All,
}

/// Why a text is no such pattern.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PatternError {
    /// It is not of the form of origins.
    #[error(
        "expected an origin, `https://HOST`, `https://HOST:PORT` or `https://*.HOST`, and not `{0}`"
    )]
    Origin(String),
    /// It is not of the form of repositories.
    #[error(
        "expected a repository, `HOST/PATH`, or all below a name, `HOST/PATH/*` or `HOST/*`, and \
         not `{0}`"
    )]
    Repository(String),
}

/// What stands in front of a name to mean all names below it.
const BELOW: &str = "*.";

/// What stands behind a name to mean all repositories below it.
const ALL_BELOW: &str = "/*";

impl OriginPattern {
    /// Whether it means this origin.
    #[must_use]
    pub fn covers(&self, origin: &Origin) -> bool {
        if !self.below {
            return self.origin == *origin;
        }
        let is_below = origin
            .host()
            .strip_suffix(self.origin.host())
            .is_some_and(|front| front.len() > 1 && front.ends_with('.'));
        is_below
            && origin.is_secure() == self.origin.is_secure()
            && origin.port() == self.origin.port()
    }
}

impl FromStr for OriginPattern {
    type Err = PatternError;

    fn from_str(text: &str) -> Result<Self, PatternError> {
        let wrong = || PatternError::Origin(text.to_owned());
        let (scheme, rest) = text.split_once("://").ok_or_else(wrong)?;
        let below = rest.starts_with(BELOW);
        let rest = rest.strip_prefix(BELOW).unwrap_or(rest);
        let url: Url = format!("{scheme}://{rest}").parse().map_err(|_| wrong())?;
        let is_bare = !rest.contains(['/', '?', '#']);
        // An address in numbers has no names below it.
        let is_name = url.origin().host().parse::<std::net::Ipv4Addr>().is_err()
            && !url.origin().host().starts_with('[');
        if !is_bare || (below && !is_name) || url.origin().host().contains('*') {
            return Err(wrong());
        }
        Ok(Self {
            origin: url.origin().clone(),
            below,
        })
    }
}

impl fmt::Display for OriginPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let below = if self.below { BELOW } else { "" };
        let (scheme, authority) = (self.origin.scheme(), self.origin.authority());
        write!(f, "{scheme}://{below}{authority}")
    }
}

impl RepositoryPattern {
    /// Whether it means this repository.
    #[must_use]
    pub fn covers(&self, registry: &Registry, repository: &Repository) -> bool {
        self.registry == *registry
            && match &self.path {
                Path::Exactly(own) => own == repository,
                Path::Below(front) => repository
                    .as_str()
                    .strip_prefix(front.as_str())
                    .is_some_and(|rest| rest.starts_with('/')),
                Path::All => true,
            }
    }
}

impl FromStr for RepositoryPattern {
    type Err = PatternError;

    fn from_str(text: &str) -> Result<Self, PatternError> {
        let wrong = || PatternError::Repository(text.to_owned());
        let (name, below) = match text.strip_suffix(ALL_BELOW) {
            Some(name) => (name, true),
            None => (text, false),
        };
        // The registry is always written: what a policy means is not left to be filled in.
        let (registry, path) = match name.split_once('/') {
            Some((registry, path)) => (registry, Some(path)),
            None => (name, None),
        };
        let is_host = registry == "localhost" || registry.contains(['.', ':']);
        let registry: Registry = registry.parse().map_err(|_| wrong())?;
        if !is_host {
            return Err(wrong());
        }
        let path = match (path, below) {
            (None, true) => Path::All,
            (None, false) => return Err(wrong()),
            (Some(path), true) => Path::Below(path.parse().map_err(|_| wrong())?),
            (Some(_), false) => {
                // As in references, Docker Hub's own repositories have short names.
                let reference: Reference = name.parse().map_err(|_| wrong())?;
                let last = name.rsplit('/').next().unwrap_or_default();
                if last.contains([':', '@']) {
                    return Err(wrong());
                }
                Path::Exactly(reference.repository)
            }
        };
        Ok(Self { registry, path })
    }
}

impl fmt::Display for RepositoryPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.path {
            Path::Exactly(path) => write!(f, "{}/{path}", self.registry),
            Path::Below(path) => write!(f, "{}/{path}{ALL_BELOW}", self.registry),
            Path::All => write!(f, "{}{ALL_BELOW}", self.registry),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_is_meant_exactly_or_by_the_name_it_is_below() {
        let covers = |pattern: &str, url: &str| {
            let pattern: OriginPattern = pattern.parse().unwrap();
            pattern.covers(url.parse::<Url>().unwrap().origin())
        };
        for (pattern, url, expected) in [
            ("https://ghcr.io", "https://ghcr.io/v", true),
            ("https://ghcr.io", "https://GHCR.io:443/v", true),
            ("https://ghcr.io", "http://ghcr.io/v", false),
            ("https://ghcr.io", "https://ghcr.io:8443/v", false),
            ("https://ghcr.io", "https://a.ghcr.io/v", false),
            ("https://ghcr.io", "https://ghcr.io.evil.example/v", false),
            ("https://*.ghcr.io", "https://a.ghcr.io/v", true),
            ("https://*.ghcr.io", "https://a.b.ghcr.io/v", true),
            ("https://*.ghcr.io", "https://ghcr.io/v", false),
            ("https://*.ghcr.io", "https://evilghcr.io/v", false),
            ("https://*.ghcr.io", "http://a.ghcr.io/v", false),
            ("https://*.ghcr.io", "https://a.ghcr.io:8443/v", false),
            ("http://localhost:5000", "http://localhost:5000/", true),
            ("http://[::1]:5000", "http://[::1]:5000/", true),
        ] {
            assert_eq!(covers(pattern, url), expected, "{pattern} {url}");
            let again: OriginPattern = pattern.parse().unwrap();
            assert_eq!(again.to_string(), pattern);
        }
        for text in [
            "",
            "ghcr.io",
            "*",
            "https://*",
            "https://ghcr.io/",
            "https://ghcr.io/a",
            "https://a.*.io",
            "https://**.io",
            "https://*.127.0.0.1",
            "https://*.[::1]",
            "ftp://ghcr.io",
            "https://u@ghcr.io",
        ] {
            assert!(text.parse::<OriginPattern>().is_err(), "{text}");
        }
    }

    #[test]
    fn repositories_are_meant_exactly_or_all_below_a_name() {
        let covers = |pattern: &str, reference: &str| {
            let pattern: RepositoryPattern = pattern.parse().unwrap();
            let reference: Reference = reference.parse().unwrap();
            pattern.covers(&reference.registry, &reference.repository)
        };
        for (pattern, reference, expected) in [
            ("ghcr.io/u/app", "ghcr.io/u/app:1", true),
            ("ghcr.io/u/app", "ghcr.io/u/app/more", false),
            ("ghcr.io/u/app", "ghcr.io/u/apps", false),
            ("ghcr.io/u/*", "ghcr.io/u/app:1", true),
            ("ghcr.io/u/*", "ghcr.io/u/a/b", true),
            ("ghcr.io/u/*", "ghcr.io/u", false),
            ("ghcr.io/u/*", "ghcr.io/us/app", false),
            ("ghcr.io/u/*", "r.example/u/app", false),
            ("ghcr.io/*", "ghcr.io/x", true),
            ("docker.io/*", "hello", true),
            ("docker.io/hello", "docker.io/library/hello", true),
            ("localhost:5000/*", "localhost:5000/x", true),
            ("localhost:5000/*", "localhost:5001/x", false),
        ] {
            assert_eq!(
                covers(pattern, reference),
                expected,
                "{pattern} {reference}"
            );
        }
        for text in [
            "",
            "*",
            "ghcr.io",
            "/*",
            "u/app",
            "ghcr.io/u/app:1",
            "ghcr.io/*/app",
            "ghcr.io/a*",
            "ghcr.io/U/*",
            "ghcr.io/u/**",
            "https://ghcr.io/u",
            "ghcr.io/u@sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a",
        ] {
            assert!(text.parse::<RepositoryPattern>().is_err(), "{text}");
        }
        for text in ["ghcr.io/u/app", "ghcr.io/u/*", "ghcr.io/*"] {
            let pattern: RepositoryPattern = text.parse().unwrap();
            assert_eq!(pattern.to_string(), text);
        }
    }
}
