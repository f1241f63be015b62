//! Credentials: from the directory of a Docker config that was preopened as `/docker`, or
//! from the same document in `$DOCKER_AUTH_CONFIG`, which counts first.
//!
//! The secret itself is answered, since there is nobody who could put it in place of a
//! stand-in: the registry component sees it.

use std::io::ErrorKind;
use std::{env, fs};

use wharf_oci::{Registry, Repository};

use crate::auth_file::{self, Document};
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
            let document = Document::parse(&text).map_err(failed)?;
            let found = document.find(&registry, repository.as_ref());
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

impl From<auth_file::Credential> for Credential {
    fn from(credential: auth_file::Credential) -> Self {
        match credential {
            auth_file::Credential::UserPassword { username, password } => {
                Self::UserPassword(UserPassword { username, password })
            }
            auth_file::Credential::IdentityToken(token) => Self::IdentityToken(token),
            auth_file::Credential::RegistryToken(token) => Self::RegistryToken(token),
        }
    }
}
