//! What of a file in Docker's format counts.

use super::*;

fn look(config: &str, place: &str) -> Result<Option<Credential>, CredentialError> {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("config.json");
    fs::write(&path, config).unwrap();
    let (registry, repository) = match place.split_once('/') {
        Some((registry, repository)) => (registry, Some(repository.parse().unwrap())),
        None => (place, None),
    };
    let registry = registry.parse().unwrap();
    AuthFile::at(path, Owner::Docker).find(&registry, repository.as_ref())
}

/// The user name, or the secret of a token.
fn who(config: &str, place: &str) -> Option<String> {
    look(config, place).unwrap().map(|found| match found {
        Credential::UserPassword { username, .. } => username,
        Credential::IdentityToken(token) => format!("identity {}", token.reveal()),
        Credential::RegistryToken(token) => format!("ready {}", token.reveal()),
    })
}

#[test]
fn the_kinds_of_entries() {
    // "ada:p:w", without padding, and "ada:pw" with zeros behind it.
    let config = r#"{"auths": {
        "r.example:5000": {"auth": "YWRhOnA6dw", "email": "x"},
        "zeros.example": {"auth": "YWRhOnB3AAA="},
        "plain.example": {"username": "ada", "password": "pw"},
        "identity.example": {"auth": "MDAwOg==", "identitytoken": "refresh"},
        "ready.example": {"auth": "MDAwOg==", "registrytoken": "bearer", "identitytoken": ""},
        "empty.example": {}
    }, "HttpHeaders": {"User-Agent": "x"}}"#;
    let pair = |password: &str| {
        Ok(Some(Credential::UserPassword {
            username: "ada".into(),
            password: Secret::new(password.into()),
        }))
    };
    assert_eq!(look(config, "r.example:5000"), pair("p:w"));
    assert_eq!(look(config, "zeros.example"), pair("pw"));
    assert_eq!(look(config, "plain.example"), pair("pw"));
    assert_eq!(who(config, "identity.example").unwrap(), "identity refresh");
    assert_eq!(who(config, "ready.example").unwrap(), "ready bearer");
    assert_eq!(who(config, "empty.example"), None);
    assert_eq!(who(config, "other.example"), None);
    assert_eq!(who("{}", "r.example"), None);
    assert_eq!(who(r#"{"auths": null}"#, "r.example"), None);
}

#[test]
fn the_closest_entry_counts() {
    let entry = |name| format!(r#"{{"username": "{name}", "password": "pw"}}"#);
    let config = format!(
        r#"{{"auths": {{"ghcr.io": {}, "https://ghcr.io/org/": {}, "ghcr.io/org/repo": {},
            "ghcr.io/org/empty": {{}}}}}}"#,
        entry("all"),
        entry("org"),
        entry("repo")
    );
    for (place, name) in [
        ("ghcr.io", "all"),
        ("ghcr.io/other/repo", "all"),
        ("ghcr.io/organisation/repo", "all"),
        ("ghcr.io/org/other", "org"),
        ("ghcr.io/org/repo", "repo"),
        ("ghcr.io/org/repo/part", "repo"),
        ("ghcr.io/org/empty", "org"),
    ] {
        assert_eq!(who(&config, place).as_deref(), Some(name), "{place}");
    }
    let twice = format!(
        r#"{{"auths": {{"https://index.docker.io/v1/": {}, "docker.io": {}}}}}"#,
        entry("long"),
        entry("short")
    );
    assert_eq!(who(&twice, "docker.io/user/app").unwrap(), "short");
}

#[test]
fn an_entry_beats_the_store_and_a_helper_of_its_own_beats_both() {
    let config = r#"{"credsStore": "no-such-store", "credHelpers": {"h.example": "no-such-helper"},
        "auths": {"r.example": {"username": "ada", "password": "pw"},
                  "h.example": {"username": "ada", "password": "pw"}}}"#;
    assert_eq!(who(config, "r.example").unwrap(), "ada");
    let error = look(config, "h.example").unwrap_err().to_string();
    assert!(
        error.contains("docker-credential-no-such-helper"),
        "{error}"
    );
    let error = look(config, "other.example").unwrap_err().to_string();
    assert!(error.contains("docker-credential-no-such-store"), "{error}");
    let none = r#"{"credsStore": "no-such-store", "credHelpers": {"h.example": ""}}"#;
    assert_eq!(who(none, "h.example"), None);
}

#[test]
fn a_file_that_can_not_be_used_is_no_empty_file() {
    for config in [
        "",
        "[",
        r#"{"auths": "hunter2"}"#,
        r#"{"auths": {"r.example": {"auth": "%%%hunter2"}}}"#,
        r#"{"auths": {"r.example": {"auth": "aHVudGVyMg=="}}}"#,
        r#"{"auths": {"r.example": {"password": "hunter2"}}}"#,
    ] {
        let error = look(config, "r.example").unwrap_err().to_string();
        assert!(error.contains("Docker's config"), "{config}: {error}");
        assert!(!error.contains("hunter2"), "{config}: {error}");
    }
}

#[test]
fn only_a_file_that_was_named_must_exist() {
    let find = |owner| {
        let gone = AuthFile::at("/nowhere/auth.json".into(), owner);
        gone.find(&"r.example".parse().unwrap(), None)
    };
    assert_eq!(find(Owner::Podman), Ok(None));
    let error = find(Owner::Named).unwrap_err().to_string();
    assert!(error.contains("REGISTRY_AUTH_FILE"), "{error}");
}
