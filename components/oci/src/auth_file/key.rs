//! The keys under which files keep credentials, in all the ways they are written.

use alloc::borrow::ToOwned as _;
use alloc::string::{String, ToString as _};
use core::fmt;

use crate::{Registry, Repository};

/// The name under which Docker keeps the credential of its own registry.
const DOCKER_HUB: &str = "https://index.docker.io/v1/";

/// What a credential is for: a registry, or some of its repositories.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Key {
    registry: Registry,
    /// What the repository begins with, in whole parts; none for all of them.
    path: Option<Repository>,
}

impl Key {
    /// For all of a registry.
    #[must_use]
    pub fn of(registry: &Registry) -> Self {
        Self {
            registry: without_port(registry, ":443"),
            path: None,
        }
    }

    /// As somebody wrote it: with a scheme or without, with slashes behind, with the
    /// port that is meant anyway, with any of Docker Hub's names. None when it names
    /// no registry.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (scheme, rest) = match text.split_once("://") {
            Some((scheme, rest)) => (Some(scheme), rest),
            None => (None, text),
        };
        let port = match scheme.map(str::to_ascii_lowercase).as_deref() {
            None | Some("https") => ":443",
            Some("http") => ":80",
            Some(_) => return None,
        };
        let rest = rest.trim_end_matches('/');
        let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
        let registry = without_port(&host.parse().ok()?, port);
        // The addresses of old APIs, with which Docker's keys end.
        let is_api = matches!(path, "v1" | "v2") && (scheme.is_some() || registry.is_docker_hub());
        let path = match path {
            "" => None,
            _ if is_api => None,
            path => Some(path.parse().ok()?),
        };
        Some(Self { registry, path })
    }

    /// How closely it fits: the length of its path, or none when it is not for this
    /// repository. Without a repository only keys without a path fit.
    #[must_use]
    pub fn fits(&self, registry: &Registry, repository: Option<&Repository>) -> Option<usize> {
        if self.registry != without_port(registry, ":443") {
            return None;
        }
        let Some(path) = &self.path else {
            return Some(0);
        };
        let rest = repository?.as_str().strip_prefix(path.as_str())?;
        (rest.is_empty() || rest.starts_with('/')).then(|| path.as_str().len())
    }

    /// Whether it is for all of this registry.
    #[must_use]
    pub fn is_all_of(&self, registry: &Registry) -> bool {
        *self == Self::of(registry)
    }

    /// What a credential helper knows it as.
    #[must_use]
    pub fn for_helper(&self) -> String {
        match &self.path {
            None if self.registry.is_docker_hub() => DOCKER_HUB.to_owned(),
            _ => self.to_string(),
        }
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.path {
            Some(path) => write!(f, "{}/{path}", self.registry),
            None => write!(f, "{}", self.registry),
        }
    }
}

/// The registry without the port at its end that is meant when none is written.
fn without_port(registry: &Registry, port: &str) -> Registry {
    let short = registry.as_str().strip_suffix(port);
    short
        .and_then(|short| short.parse().ok())
        .unwrap_or_else(|| registry.clone())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn fits(key: &str, registry: &str, repository: Option<&str>) -> Option<usize> {
        let repository = repository.map(|text| text.parse().unwrap());
        Key::parse(key)?.fits(&registry.parse().unwrap(), repository.as_ref())
    }

    #[test]
    fn the_ways_to_write_a_registry() {
        for (key, registry) in [
            ("ghcr.io", "ghcr.io"),
            ("GHCR.io/", "ghcr.io"),
            ("https://ghcr.io", "ghcr.io"),
            ("HTTPS://ghcr.io/v2", "ghcr.io"),
            ("https://ghcr.io:443/v1/", "ghcr.io"),
            ("ghcr.io:443", "ghcr.io"),
            ("ghcr.io", "ghcr.io:443"),
            ("http://r.example:80", "r.example"),
            ("http://localhost:5000//", "localhost:5000"),
            ("[::1]:5000", "[::1]:5000"),
            ("docker.io", "docker.io"),
            ("index.docker.io", "docker.io"),
            ("index.docker.io/v1/", "docker.io"),
            ("https://index.docker.io/v1/", "docker.io"),
            ("https://registry-1.docker.io/v2", "docker.io"),
        ] {
            assert_eq!(fits(key, registry, None), Some(0), "{key}");
        }
    }

    #[test]
    fn another_registry_is_another_one() {
        for (key, registry) in [
            ("ghcr.io", "ghcr.io:5000"),
            ("r.example:80", "r.example"),
            ("https://r.example:80", "r.example"),
            ("ghcr.io", "evil-ghcr.io"),
            ("ghcr.io", "ghcr.io.example"),
            ("ftp://ghcr.io", "ghcr.io"),
            ("ghcr.io/v1", "ghcr.io"),
            ("user@ghcr.io", "ghcr.io"),
            ("", "docker.io"),
        ] {
            assert_eq!(fits(key, registry, None), None, "{key}");
        }
    }

    #[test]
    fn a_path_fits_whole_parts_and_the_longest_is_closest() {
        let repository = Some("org/repo/part");
        for (key, closeness) in [
            ("ghcr.io", Some(0)),
            ("ghcr.io/org", Some(3)),
            ("https://ghcr.io/org/", Some(3)),
            ("ghcr.io/org/repo", Some(8)),
            ("ghcr.io/org/repo/part", Some(13)),
            ("ghcr.io/or", None),
            ("ghcr.io/org/rep", None),
            ("ghcr.io/org/repo/part/more", None),
            ("ghcr.io/other", None),
        ] {
            assert_eq!(fits(key, "ghcr.io", repository), closeness, "{key}");
        }
        assert_eq!(fits("ghcr.io/org", "ghcr.io", None), None);
        let hub = fits("docker.io/library", "docker.io", Some("library/hello"));
        assert_eq!(hub, Some(7));
    }

    #[test]
    fn helpers_know_docker_hub_by_its_old_address() {
        let name = |key| Key::parse(key).unwrap().for_helper();
        assert_eq!(name("docker.io"), DOCKER_HUB);
        assert_eq!(name("docker.io/user"), "docker.io/user");
        assert_eq!(name("https://r.example:5000/"), "r.example:5000");
    }

    proptest! {
        #[test]
        fn any_text_is_taken_or_not_and_stays_the_same(
            text in "(https?://)?[a-zA-Z0-9.:\\[\\]-]{0,20}(/[a-z0-9._/-]{0,20})?|.*"
        ) {
            if let Some(key) = Key::parse(&text) {
                prop_assert_eq!(Key::parse(&key.to_string()), Some(key));
            }
        }
    }
}
