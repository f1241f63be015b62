//! The name of a registry as people write it on the command line.

use wharf_host::Registry;

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
