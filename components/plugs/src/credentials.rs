//! Credentials: from the directory of a Docker config that was preopened as `/docker`, or
//! from the same document in `$DOCKER_AUTH_CONFIG`, which counts first.
//!
//! The secret itself is answered, since there is nobody who could put it in place of a
//! stand-in: the registry component sees it.

use std::io::ErrorKind;
use std::{env, fs};

use wharf_oci::auth_file::Credential as Found;
use wharf_oci::{Registry, Repository};

use crate::auth_file;
use crate::bindings::Component;
use crate::bindings::credentials::{Credential, Error, Guest, UserPassword};

/// Where the config is, as the guest sees it.
const FILE: &str = "/docker/config.json";

/// What has the document itself, as GitLab and others set it.
const VARIABLE: &str = "DOCKER_AUTH_CONFIG";

impl Guest for Component {
    async fn get(
        registry: String,
        repository: Option<String>,
        _actions: Vec<String>,
    ) -> Result<Option<Credential>, Error> {
        let named = |error: &dyn std::fmt::Display| Error::Failed(error.to_string());
        let registry: Registry = registry.parse().map_err(|error| named(&error))?;
        let repository = repository.map(|text| text.parse::<Repository>());
        let repository = repository.transpose().map_err(|error| named(&error))?;
        for (source, text) in documents()? {
            let failed = |problem: String| Error::Failed(format!("{source} {problem}"));
            let found = auth_file::find(&text, &registry, repository.as_ref());
            if let Some(found) = found.map_err(failed)? {
                return Ok(Some(found.into()));
            }
        }
        Ok(None)
    }
}

/// The documents that there are, with what each is called.
fn documents() -> Result<Vec<(String, String)>, Error> {
    let mut found = Vec::new();
    if let Some(text) = env::var(VARIABLE).ok().filter(|text| !text.is_empty()) {
        found.push((format!("${VARIABLE}"), text));
    }
    match fs::read_to_string(FILE) {
        Ok(text) => found.push((format!("Docker's config `{FILE}`"), text)),
        // Nothing is preopened there, or it has no such file.
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {}
        Err(_) if !fs::exists("/docker").unwrap_or(false) => {}
        Err(error) => {
            return Err(Error::Failed(format!(
                "Docker's config `{FILE}` can't be read: {error}"
            )));
        }
    }
    Ok(found)
}

impl From<Found> for Credential {
    fn from(credential: Found) -> Self {
        match credential {
            Found::UserPassword { username, password } => {
                Self::UserPassword(UserPassword { username, password })
            }
            Found::IdentityToken(token) => Self::IdentityToken(token),
            Found::RegistryToken(token) => Self::RegistryToken(token),
        }
    }
}
