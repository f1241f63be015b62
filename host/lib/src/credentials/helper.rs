//! Credential helpers: programs that keep credentials, one question for each run
//! (docker-credential-helpers, "Development").

use docker_credential::{CredentialRetrievalError, DockerCredential, get_credential_from_reader};
use serde_json::json;

use super::{Credential, Secret};

/// What helpers answer when they have nothing: the text that Docker's own ones
/// share.
const HAS_NONE: &str = "credentials not found";

/// Asks the helper of this name, without `docker-credential-` in front, for what it
/// keeps under `key`. An error says what happened, to stand after the helper's name;
/// the helper's own words are in none, since they may repeat a secret.
pub(super) fn ask(name: &str, key: &str) -> Result<Option<Credential>, String> {
    use CredentialRetrievalError as E;
    if !is_program_name(name) {
        return Err("is not the name of a program".to_owned());
    }
    // A config that says nothing else: which helper to ask was decided before.
    let config = json!({ "credHelpers": { key: name } }).to_string();
    match get_credential_from_reader(config.as_bytes(), key) {
        Ok(DockerCredential::UsernamePassword(username, password))
            if username.is_empty() && password.is_empty() =>
        {
            Ok(None)
        }
        Ok(DockerCredential::UsernamePassword(username, password)) => {
            Ok(Some(Credential::UserPassword {
                username,
                password: Secret::new(password),
            }))
        }
        Ok(DockerCredential::IdentityToken(token)) => {
            Ok(Some(Credential::IdentityToken(Secret::new(token))))
        }
        Err(E::NoCredentialConfigured) => Ok(None),
        Err(E::HelperFailure { stdout, stderr, .. })
            if stdout.contains(HAS_NONE) || stderr.contains(HAS_NONE) =>
        {
            Ok(None)
        }
        Err(E::HelperFailure { .. }) => Err("failed".to_owned()),
        Err(E::HelperCommunicationError) => Err("can't be run".to_owned()),
        Err(E::MalformedHelperResponse) => {
            Err("gave an answer that can't be understood".to_owned())
        }
        Err(_) => Err("gave no credential".to_owned()),
    }
}

/// Whether it is no path to somewhere else.
fn is_program_name(name: &str) -> bool {
    !name.is_empty() && !name.contains(['/', '\\', '\0'])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_helper_that_is_no_program_is_named_as_that() {
        for name in ["", "../x", "a\\b", "a\0b"] {
            let error = ask(name, "r.example").unwrap_err();
            assert!(error.contains("name of a program"), "{name}: {error}");
        }
        let error = ask("there-is-no-such-helper", "r.example").unwrap_err();
        assert!(error.contains("can't be run"), "{error}");
    }
}
