//! The name of a registry as people write it on the command line.

use wharf_host::{Registry, Repository};

/// The registry of `SERVER`: a host and, where there is one, its port. A scheme in
/// front and a slash behind are left out, since both are often copied along from a
/// browser; so is the path of Docker Hub's old API, which is how Docker writes that
/// registry's name. Whether TLS is spoken is not decided by the scheme.
pub(super) fn server(text: &str) -> Result<Registry, String> {
    let name = without_scheme(text.trim()).trim_end_matches('/');
    let (host, path) = name.split_once('/').unwrap_or((name, ""));
    let registry = host
        .parse::<Registry>()
        .map_err(|error| error.to_string())?;
    if path.is_empty() || (registry.is_docker_hub() && matches!(path, "v1" | "v2")) {
        Ok(registry)
    } else {
        Err(format!(
            "a registry is a host without a path: write `{registry}`"
        ))
    }
}

/// The registry of `SERVER`, or the registry and the repository of `SERVER/REPO`.
pub(super) fn place(text: &str) -> Result<(Registry, Option<Repository>), String> {
    let refused = match server(text) {
        Ok(registry) => return Ok((registry, None)),
        Err(refused) => refused,
    };
    let name = without_scheme(text.trim()).trim_end_matches('/');
    let Some((host, path)) = name.split_once('/') else {
        return Err(refused);
    };
    let registry: Registry = host.parse().map_err(|_| refused)?;
    // As in references, Docker Hub's own repositories have short names.
    let path = if registry.is_docker_hub() && !path.contains('/') {
        format!("library/{path}")
    } else {
        path.to_owned()
    };
    match path.parse::<Repository>() {
        Ok(repository) => Ok((registry, Some(repository))),
        Err(error) => Err(error.to_string()),
    }
}

fn without_scheme(text: &str) -> &str {
    for scheme in ["https://", "http://"] {
        if let Some((start, rest)) = text.split_at_checked(scheme.len())
            && start.eq_ignore_ascii_case(scheme)
        {
            return rest;
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ways_to_write_a_registry() {
        for (text, registry) in [
            ("ghcr.io", "ghcr.io"),
            ("GHCR.io", "ghcr.io"),
            ("https://ghcr.io/", "ghcr.io"),
            ("HTTP://localhost:5000", "localhost:5000"),
            ("r.example:5000/", "r.example:5000"),
            ("[::1]:5000", "[::1]:5000"),
            ("docker.io", "docker.io"),
            ("index.docker.io", "docker.io"),
            ("registry-1.docker.io", "docker.io"),
            ("https://index.docker.io/v1/", "docker.io"),
        ] {
            assert_eq!(server(text).unwrap().as_str(), registry, "{text}");
        }
    }

    #[test]
    fn a_repository_may_follow() {
        for (text, registry, repository) in [
            ("ghcr.io", "ghcr.io", None),
            ("https://ghcr.io/user/app/", "ghcr.io", Some("user/app")),
            ("localhost:5000/app", "localhost:5000", Some("app")),
            ("docker.io/hello", "docker.io", Some("library/hello")),
            ("docker.io/user/app", "docker.io", Some("user/app")),
        ] {
            let (found, path) = place(text).unwrap();
            assert_eq!(found.as_str(), registry, "{text}");
            assert_eq!(path.as_ref().map(Repository::as_str), repository, "{text}");
        }
        for (text, part) in [
            ("", "not a registry"),
            ("a b/app", "not a registry"),
            ("ghcr.io/User", "not a repository"),
            ("ghcr.io/app:v1", "not a repository"),
        ] {
            let error = place(text).unwrap_err();
            assert!(error.contains(part), "{text}: {error}");
        }
    }

    #[test]
    fn what_is_no_registry_is_refused_with_the_right_one() {
        for (text, part) in [
            ("", "not a registry"),
            ("https://", "not a registry"),
            ("ghcr.io/user/app", "write `ghcr.io`"),
            ("https://r.example/v1/", "write `r.example`"),
            ("user:secret@r.example", "not a registry"),
            ("r.example:port", "not a registry"),
        ] {
            let error = server(text).unwrap_err();
            assert!(error.contains(part), "{text}: {error}");
        }
    }
}
