//! Docker's config, as far as it is about credentials:
//!
//! ```text
//!   auths        entries by key, each with a credential or empty
//!   credHelpers  helpers by key
//!   credsStore   the helper for everything else
//! ```
//!
//! Helpers are programs, which WASI can't run: where one is to be asked, that is an error
//! and not the lack of a credential.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use serde::Deserialize;
use wharf_oci::{Registry, Repository};

use crate::key::Key;

/// The document. Not to be shown.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Document {
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

/// What is found. Not to be shown.
#[derive(PartialEq, Eq)]
#[cfg_attr(test, derive(Debug))]
pub(crate) enum Credential {
    /// For `Authorization: Basic`, with the registry or its token server.
    UserPassword { username: String, password: String },
    /// A refresh token, for the token server alone.
    IdentityToken(String),
    /// A token that is ready for `Authorization: Bearer`.
    RegistryToken(String),
}

/// Something that fits.
enum Candidate<'a> {
    Helper(&'a str),
    Entry(&'a Entry),
}

impl Document {
    /// Reads a document. Errors here and below are to be read after what it is called,
    /// and repeat nothing of it.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        serde_json::from_str(text).map_err(|error| {
            format!(
                "is not in Docker's format (line {}, column {}): mend it",
                error.line(),
                error.column()
            )
        })
    }

    /// The credential for a repository, by the key that fits most closely.
    pub(crate) fn find(
        &self,
        registry: &Registry,
        repository: Option<&Repository>,
    ) -> Result<Option<Credential>, String> {
        let helpers = self.cred_helpers.iter().flatten();
        let helpers = helpers.map(|(text, name)| (text, Candidate::Helper(name)));
        let entries = self.auths.iter().flatten();
        let entries = entries.map(|(text, entry)| (text, Candidate::Entry(entry)));
        let mut fitting: Vec<_> = helpers
            .chain(entries)
            .filter_map(|(text, candidate)| {
                let closeness = Key::parse(text)?.fits(registry, repository)?;
                let is_entry = matches!(candidate, Candidate::Entry(_));
                Some(((usize::MAX - closeness, is_entry), text, candidate))
            })
            .collect();
        fitting.sort_by_key(|(rank, ..)| *rank);
        let has_helper = fitting
            .iter()
            .any(|(.., candidate)| matches!(candidate, Candidate::Helper(_)));
        for (_, key, candidate) in fitting {
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
        match self.creds_store.as_deref() {
            Some(name) if !name.is_empty() && !has_helper => Err(helper(name, registry)),
            _ => Ok(None),
        }
    }
}

fn helper(name: &str, registry: &Registry) -> String {
    format!(
        "names the credential helper `docker-credential-{}` for {registry}, and programs can't \
         be run here: set $DOCKER_AUTH_CONFIG to a document with the credential",
        name.escape_debug()
    )
}

impl Entry {
    /// What it holds; none when it is empty. An error continues "an entry that".
    fn credential(&self) -> Result<Option<Credential>, &'static str> {
        let some = |text: &Option<String>| text.clone().filter(|text| !text.is_empty());
        if let Some(token) = some(&self.registrytoken) {
            return Ok(Some(Credential::RegistryToken(token)));
        }
        if let Some(token) = some(&self.identitytoken) {
            return Ok(Some(Credential::IdentityToken(token)));
        }
        match (some(&self.auth), &self.username, &self.password) {
            (Some(auth), ..) => decode(&auth).map(Some).ok_or("can't be decoded"),
            (None, Some(username), Some(password)) => Ok(Some(Credential::UserPassword {
                username: username.clone(),
                password: password.clone(),
            })),
            (None, None, None) => Ok(None),
            _ => Err("has a user name without a password, or the reverse"),
        }
    }
}

/// A user name and a password from the Base64 of `user:password`. Docker ends some
/// passwords with zeros and leaves them out when it reads.
fn decode(auth: &str) -> Option<Credential> {
    const ENGINE: GeneralPurpose = GeneralPurpose::new(
        &alphabet::STANDARD,
        GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
    );
    let decoded = String::from_utf8(ENGINE.decode(auth).ok()?).ok()?;
    let (username, password) = decoded.split_once(':')?;
    Some(Credential::UserPassword {
        username: username.to_owned(),
        password: password.trim_matches('\0').to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn find(document: &str, reference: &str) -> Result<Option<Credential>, String> {
        let (registry, repository) = reference.split_once('/').unwrap();
        let repository = repository.parse().unwrap();
        Document::parse(document)?.find(&registry.parse().unwrap(), Some(&repository))
    }

    fn user(username: &str, password: &str) -> Credential {
        Credential::UserPassword {
            username: username.to_owned(),
            password: password.to_owned(),
        }
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
        let token = Credential::IdentityToken("t".to_owned());
        assert_eq!(found("other.example/app"), Some(token));
        let token = Credential::RegistryToken("r".to_owned());
        assert_eq!(found("ready.example/app"), Some(token));
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
