//! Files of credentials in the format that Docker began with and others took over:
//!
//! ```text
//!   auths        entries by key, each with a credential or empty
//!   credHelpers  helpers by key
//!   credsStore   the helper for everything else
//! ```
//!
//! Keys are registries and, as with Podman, parts of their repositories: the closest
//! one counts (containers-auth.json(5)).

use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::{fmt, fs};

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use serde::Deserialize;
use wharf_oci::{Registry, Repository};

use super::key::Key;
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

/// The file's content, as far as it is about credentials. Not to be shown.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Document {
    auths: Option<BTreeMap<String, Entry>>,
    cred_helpers: Option<BTreeMap<String, String>>,
    creds_store: Option<String>,
}

/// One of the `auths`. Programs write an empty one for what their helper keeps.
#[derive(Deserialize)]
struct Entry {
    auth: Option<String>,
    username: Option<String>,
    password: Option<String>,
    #[serde(alias = "identityToken")]
    identitytoken: Option<String>,
    #[serde(alias = "registryToken")]
    registrytoken: Option<String>,
}

/// Something that fits, and how closely.
enum Candidate<'a> {
    Helper(&'a str),
    Entry(&'a Entry),
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

    fn read(&self) -> Result<Option<Document>, CredentialError> {
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
        // Only the place: the parser's words may repeat a secret.
        serde_json::from_slice(&text).map(Some).map_err(|error| {
            self.failed(&format!(
                "is not in Docker's format (line {}, column {})",
                error.line(),
                error.column()
            ))
        })
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
                // A helper without a name: none, not even the one for everything else.
                Candidate::Helper("") => continue,
                Candidate::Helper(name) => self.ask(name, &key)?,
                Candidate::Entry(entry) => entry.credential().map_err(|problem| {
                    self.failed(&format!("has an entry for {key} that {problem}"))
                })?,
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

impl Document {
    /// What fits, the closest first. Among equals a helper comes before an entry, and
    /// a key in its shortest form before others.
    fn candidates(
        &self,
        registry: &Registry,
        repository: Option<&Repository>,
    ) -> Vec<(Key, Candidate<'_>)> {
        let helpers = self.cred_helpers.iter().flatten();
        let helpers = helpers.map(|(text, name)| (text, Candidate::Helper(name)));
        let entries = self.auths.iter().flatten();
        let entries = entries.map(|(text, entry)| (text, Candidate::Entry(entry)));
        let mut fitting: Vec<_> = helpers
            .chain(entries)
            .filter_map(|(text, candidate)| {
                let key = Key::parse(text)?;
                let closeness = key.fits(registry, repository)?;
                let is_entry = matches!(candidate, Candidate::Entry(_));
                let rank = (usize::MAX - closeness, is_entry, *text != key.to_string());
                Some((rank, key, candidate))
            })
            .collect();
        fitting.sort_by_key(|(rank, ..)| *rank);
        fitting
            .into_iter()
            .map(|(_, key, candidate)| (key, candidate))
            .collect()
    }

    /// The helper for what has none of its own.
    fn store_for(&self, registry: &Registry, repository: Option<&Repository>) -> Option<&str> {
        let has_own = self.cred_helpers.iter().flatten().any(|(text, _)| {
            Key::parse(text).is_some_and(|key| key.fits(registry, repository).is_some())
        });
        let store = self.creds_store.as_deref().filter(|name| !name.is_empty());
        store.filter(|_| !has_own)
    }
}

impl Entry {
    /// What it holds; none when it is empty. An error continues "an entry that".
    fn credential(&self) -> Result<Option<Credential>, &'static str> {
        let some = |text: &Option<String>| text.clone().filter(|text| !text.is_empty());
        if let Some(token) = some(&self.registrytoken) {
            return Ok(Some(Credential::RegistryToken(Secret::new(token))));
        }
        if let Some(token) = some(&self.identitytoken) {
            return Ok(Some(Credential::IdentityToken(Secret::new(token))));
        }
        let pair = match (some(&self.auth), &self.username, &self.password) {
            (Some(auth), ..) => decode(&auth).ok_or("can't be decoded")?,
            (None, Some(username), Some(password)) => Credential::UserPassword {
                username: username.clone(),
                password: Secret::new(password.clone()),
            },
            (None, None, None) => return Ok(None),
            _ => return Err("has a user name without a password, or the reverse"),
        };
        Ok(Some(pair))
    }
}

/// A user name and a password from the Base64 of `user:password`. Docker ends some
/// passwords with zeros and leaves them out when it reads.
pub(super) fn decode(auth: &str) -> Option<Credential> {
    const ENGINE: GeneralPurpose = GeneralPurpose::new(
        &alphabet::STANDARD,
        GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
    );
    let decoded = String::from_utf8(ENGINE.decode(auth).ok()?).ok()?;
    let (username, password) = decoded.split_once(':')?;
    Some(Credential::UserPassword {
        username: username.to_owned(),
        password: Secret::new(password.trim_matches('\0').to_owned()),
    })
}

#[cfg(test)]
mod tests;
