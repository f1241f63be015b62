//! The keys under which Docker's config has credentials, in all the ways they are written.

use wharf_oci::{Registry, Repository};

/// What a credential is for: a registry, or some of its repositories.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Key {
    registry: Registry,
    /// What the repository begins with, in whole parts; none for all of them.
    path: Option<Repository>,
}

impl Key {
    /// As somebody wrote it: with a scheme or without, with slashes behind, with the port
    /// that is meant anyway, with any of Docker Hub's names. None when it names no
    /// registry.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (scheme, rest) = match text.split_once("://") {
            Some((scheme, rest)) => (Some(scheme), rest),
            None => (None, text),
        };
        let port = match scheme {
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
    pub(crate) fn fits(
        &self,
        registry: &Registry,
        repository: Option<&Repository>,
    ) -> Option<usize> {
        if self.registry != without_port(registry, ":443") {
            return None;
        }
        let Some(path) = &self.path else {
            return Some(0);
        };
        let rest = repository?.as_str().strip_prefix(path.as_str())?;
        (rest.is_empty() || rest.starts_with('/')).then(|| path.as_str().len())
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

    fn fits(key: &str, registry: &str, repository: Option<&str>) -> Option<usize> {
        let repository = repository.map(|text| text.parse().unwrap());
        Key::parse(key)?.fits(&registry.parse().unwrap(), repository.as_ref())
    }

    #[test]
    fn a_registry_is_written_in_many_ways() {
        for (key, registry) in [
            ("ghcr.io", "ghcr.io"),
            ("https://ghcr.io/", "ghcr.io"),
            ("https://ghcr.io/v2/", "ghcr.io"),
            ("ghcr.io:443", "ghcr.io"),
            ("http://localhost:5000", "localhost:5000"),
            ("https://index.docker.io/v1/", "docker.io"),
        ] {
            assert_eq!(fits(key, registry, None), Some(0), "{key}");
        }
        for (key, registry) in [
            ("ghcr.io", "ghcr.io:5000"),
            ("r.example:80", "r.example"),
            ("ghcr.io", "evil-ghcr.io"),
            ("ghcr.io", "ghcr.io.example"),
            ("ftp://ghcr.io", "ghcr.io"),
            ("user@ghcr.io", "ghcr.io"),
            ("", "docker.io"),
        ] {
            assert_eq!(fits(key, registry, None), None, "{key}");
        }
    }

    #[test]
    fn a_path_fits_whole_parts() {
        let repository = Some("org/repo");
        for (key, closeness) in [
            ("ghcr.io", Some(0)),
            ("ghcr.io/org", Some(3)),
            ("ghcr.io/org/repo", Some(8)),
            ("ghcr.io/org/rep", None),
            ("ghcr.io/org/repo/more", None),
        ] {
            assert_eq!(fits(key, "ghcr.io", repository), closeness, "{key}");
        }
        assert_eq!(fits("ghcr.io/org", "ghcr.io", None), None);
    }
}
