//! What of Docker's config counts where no program can be run: where a credential helper is
//! to be asked, that is an error and not the lack of a credential.

use wharf_oci::auth_file::{AuthFile, Candidate, Credential};
use wharf_oci::{Registry, Repository};

/// The credential for a repository in a document, by the key that fits most closely.
/// Errors are to be read after what the document is called, and repeat nothing of it.
pub(crate) fn find(
    text: &str,
    registry: &Registry,
    repository: Option<&Repository>,
) -> Result<Option<Credential>, String> {
    let document = AuthFile::parse(text.as_bytes()).map_err(|error| format!("{error}: mend it"))?;
    for (key, candidate) in document.candidates(registry, repository) {
        match candidate {
            Candidate::Helper("") => {}
            Candidate::Helper(name) => return Err(helper(name, registry)),
            Candidate::Entry(entry) => {
                let found = entry
                    .credential()
                    .map_err(|problem| format!("has an entry for {key} that {problem}"))?;
                if found.is_some() {
                    return Ok(found);
                }
            }
        }
    }
    match document.store_for(registry, repository) {
        Some(name) => Err(helper(name, registry)),
        None => Ok(None),
    }
}

fn helper(name: &str, registry: &Registry) -> String {
    format!(
        "names the credential helper `docker-credential-{}` for {registry}, and programs can't \
         be run here: set $DOCKER_AUTH_CONFIG to a document with the credential",
        name.escape_debug()
    )
}

#[cfg(test)]
mod tests {
    use super::Credential;

    /// What is found, as text, since it is not to be shown.
    fn find(document: &str, reference: &str) -> Result<Option<String>, String> {
        let (registry, repository) = reference.split_once('/').unwrap();
        let repository = repository.parse().unwrap();
        let found = super::find(document, &registry.parse().unwrap(), Some(&repository))?;
        Ok(found.map(|found| match found {
            Credential::UserPassword { username, password } => user(&username, &password),
            Credential::IdentityToken(token) => format!("identity {token}"),
            Credential::RegistryToken(token) => format!("ready {token}"),
        }))
    }

    fn user(username: &str, password: &str) -> String {
        format!("{username} with {password}")
    }

    #[test]
    fn the_closest_entry_counts() {
        // ann:a:b, bob:b
        let document = r#"{"auths": {"r.example": {"auth": "YW5uOmE6Yg=="},
            "r.example/team": {"auth": "Ym9iOmI"}, "other.example": {"identitytoken": "t"},
            "ready.example": {"registrytoken": "r"}, "empty.example": {}}}"#;
        let found = |reference| find(document, reference).unwrap();
        assert_eq!(found("r.example/app"), Some(user("ann", "a:b")));
        assert_eq!(found("r.example/team/app"), Some(user("bob", "b")));
        assert_eq!(found("other.example/app").unwrap(), "identity t");
        assert_eq!(found("ready.example/app").unwrap(), "ready r");
        assert_eq!(found("empty.example/app"), None);
        assert_eq!(found("unknown.example/app"), None);
    }

    #[test]
    fn where_a_program_is_to_be_asked_that_is_said() {
        let document = r#"{"auths": {"a.example": {"username": "u", "password": "p"}},
            "credHelpers": {"b.example": "gcloud", "c.example": ""}, "credsStore": "desktop"}"#;
        assert_eq!(find(document, "a.example/app"), Ok(Some(user("u", "p"))));
        let error = find(document, "b.example/app").unwrap_err();
        assert!(error.contains("docker-credential-gcloud"), "{error}");
        assert_eq!(find(document, "c.example/app"), Ok(None));
        let error = find(document, "d.example/app").unwrap_err();
        assert!(error.contains("docker-credential-desktop"), "{error}");
    }

    #[test]
    fn errors_repeat_no_secret() {
        for document in [
            r#"{"auths": {"r.example": {"auth": "hunter2!"}}}"#,
            r#"{"auths": {"r.example": {"password": "hunter2"}}}"#,
            r#"{"auths": "hunter2"}"#,
        ] {
            let error = find(document, "r.example/app").unwrap_err();
            assert!(!error.contains("hunter2"), "{error}");
        }
    }
}
