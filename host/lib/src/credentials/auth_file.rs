//! Files of credentials in the format that Docker began with and others took over, and
//! the helpers that they name. What of a file counts is said in `wharf_oci::auth_file`.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::{fmt, fs};

use wharf_oci::auth_file::{self, Candidate, Key};
use wharf_oci::{Registry, Repository};

use super::{Credential, CredentialError, CredentialSource, Secret, SourceKind, helper};

/// A file of Docker's format.
#[derive(Debug, Clone)]
pub struct AuthFile {
    path: PathBuf,
    owner: Owner,
}

/// Whose file it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Owner {
    /// What `wharf registry login` writes.
    Login,
    /// Podman's, Buildah's and Skopeo's.
    Podman,
    /// Docker's config file.
    Docker,
    /// Nobody's in particular: somebody named the file. It must exist.
    Named,
}

impl AuthFile {
    /// The file at a path. Unless somebody named it, it need not exist.
    #[must_use]
    pub fn at(path: PathBuf, owner: Owner) -> Self {
        Self { path, owner }
    }

    /// The path.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    fn read(&self) -> Result<Option<auth_file::AuthFile>, CredentialError> {
        let text = match fs::read(&self.path) {
            Ok(text) => text,
            Err(error)
                if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory)
                    && self.owner != Owner::Named =>
            {
                return Ok(None);
            }
            Err(error) => return Err(self.failed(&format!("can't be read ({error})"))),
        };
        let content = auth_file::AuthFile::parse(&text);
        content
            .map(Some)
            .map_err(|problem| self.failed(&problem.to_string()))
    }

    fn ask(&self, name: &str, key: &Key) -> Result<Option<Credential>, CredentialError> {
        helper::ask(name, &key.for_helper()).map_err(|problem| {
            self.failed(&format!(
                "names the credential helper `docker-credential-{name}` for {key}, which {problem}"
            ))
        })
    }

    fn failed(&self, problem: &str) -> CredentialError {
        let way_out = match self.owner {
            Owner::Login => "mend the file or move it away",
            Owner::Podman => "mend the file, or log in with Podman again",
            Owner::Docker => "mend the file, or point $DOCKER_CONFIG elsewhere",
            Owner::Named => "mend the file, or point $REGISTRY_AUTH_FILE elsewhere",
        };
        CredentialError(format!("{self} {problem}: {way_out}"))
    }
}

impl CredentialSource for AuthFile {
    fn find(
        &self,
        registry: &Registry,
        repository: Option<&Repository>,
    ) -> Result<Option<Credential>, CredentialError> {
        let Some(document) = self.read()? else {
            return Ok(None);
        };
        for (key, candidate) in document.candidates(registry, repository) {
            let found = match candidate {
                Candidate::Helper("") => continue,
                Candidate::Helper(name) => self.ask(name, &key)?,
                Candidate::Entry(entry) => {
                    let found = entry.credential().map_err(|problem| {
                        self.failed(&format!("has an entry for {key} that {problem}"))
                    })?;
                    found.map(Credential::from)
                }
            };
            if found.is_some() {
                return Ok(found);
            }
        }
        match document.store_for(registry, repository) {
            Some(name) => self.ask(name, &Key::of(registry)),
            None => Ok(None),
        }
    }

    fn name(&self) -> String {
        self.to_string()
    }

    fn kind(&self) -> SourceKind {
        match self.owner {
            Owner::Login => SourceKind::Wharf,
            Owner::Podman => SourceKind::Podman,
            Owner::Docker => SourceKind::Docker,
            Owner::Named => SourceKind::AuthFile,
        }
    }
}

impl fmt::Display for AuthFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let title = match self.owner {
            Owner::Login => "the login file",
            Owner::Podman => "Podman's auth file",
            Owner::Docker => "Docker's config",
            Owner::Named => "the file of $REGISTRY_AUTH_FILE",
        };
        write!(f, "{title} `{}`", self.path.display())
    }
}

impl From<auth_file::Credential> for Credential {
    fn from(credential: auth_file::Credential) -> Self {
        use auth_file::Credential as Found;
        match credential {
            Found::UserPassword { username, password } => Self::UserPassword {
                username,
                password: Secret::new(password),
            },
            Found::IdentityToken(token) => Self::IdentityToken(Secret::new(token)),
            Found::RegistryToken(token) => Self::RegistryToken(Secret::new(token)),
        }
    }
}

#[cfg(test)]
mod tests;
