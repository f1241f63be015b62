//! Files of credentials in the format that Docker began with and others took over
//! (containers-auth.json(5)):
//!
//! ```text
//!   auths        entries by key, each with a credential or empty
//!   credHelpers  helpers by key
//!   credsStore   the helper for everything else
//! ```
//!
//! What counts for a registry is said here; who reads the file, and runs helpers, is
//! whoever may. Nothing here is to be shown, and no error repeats anything of a file.

mod key;

use alloc::borrow::ToOwned as _;
use alloc::collections::BTreeMap;
use alloc::string::{String, ToString as _};
use alloc::vec::Vec;

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use serde::Deserialize;

use crate::{Registry, Repository};

pub use key::Key;

/// A file's content, as far as it is about credentials.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AuthFile {
    auths: Option<BTreeMap<String, Entry>>,
    cred_helpers: Option<BTreeMap<String, String>>,
    creds_store: Option<String>,
}

/// One of the `auths`. Programs write an empty one for what their helper keeps.
#[derive(Deserialize)]
pub struct Entry {
    auth: Option<String>,
    username: Option<String>,
    password: Option<String>,
    #[serde(alias = "identityToken")]
    identitytoken: Option<String>,
    #[serde(alias = "registryToken")]
    registrytoken: Option<String>,
}

/// What an entry holds.
#[derive(PartialEq, Eq)]
#[cfg_attr(test, derive(Debug))]
pub enum Credential {
    /// For `Authorization: Basic`, with the registry or its token server.
    UserPassword {
        /// The user name.
        username: String,
        /// The password, or what stands in its place.
        password: String,
    },
    /// A refresh token, for the token server alone.
    IdentityToken(String),
    /// A token that is ready for `Authorization: Bearer`.
    RegistryToken(String),
}

/// Something that fits.
pub enum Candidate<'a> {
    /// The helper `docker-credential-…` of this name. Without a name: none, not even the
    /// one for everything else.
    Helper(&'a str),
    /// An entry, which may be empty.
    Entry(&'a Entry),
}

/// A file is not in this format. It says where, in no word of the file's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("is not in Docker's format (line {line}, column {column})")]
pub struct FormatError {
    line: usize,
    column: usize,
}

impl AuthFile {
    /// Reads a file's content.
    pub fn parse(text: &[u8]) -> Result<Self, FormatError> {
        serde_json::from_slice(text).map_err(|error| FormatError {
            line: error.line(),
            column: error.column(),
        })
    }

    /// What fits, the closest first. Among equals a helper comes before an entry, and
    /// a key in its shortest form before others.
    #[must_use]
    pub fn candidates(
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
    #[must_use]
    pub fn store_for(&self, registry: &Registry, repository: Option<&Repository>) -> Option<&str> {
        let has_own = self.cred_helpers.iter().flatten().any(|(text, _)| {
            Key::parse(text).is_some_and(|key| key.fits(registry, repository).is_some())
        });
        let store = self.creds_store.as_deref().filter(|name| !name.is_empty());
        store.filter(|_| !has_own)
    }
}

impl Entry {
    /// What it holds; none when it is empty. An error continues "an entry that".
    pub fn credential(&self) -> Result<Option<Credential>, &'static str> {
        let some = |text: &Option<String>| text.clone().filter(|text| !text.is_empty());
        if let Some(token) = some(&self.registrytoken) {
            return Ok(Some(Credential::RegistryToken(token)));
        }
        if let Some(token) = some(&self.identitytoken) {
            return Ok(Some(Credential::IdentityToken(token)));
        }
        match (some(&self.auth), &self.username, &self.password) {
            (Some(auth), ..) => Credential::decode(&auth)
                .map(Some)
                .ok_or("can't be decoded"),
            (None, Some(username), Some(password)) => Ok(Some(Credential::UserPassword {
                username: username.clone(),
                password: password.clone(),
            })),
            (None, None, None) => Ok(None),
            _ => Err("has a user name without a password, or the reverse"),
        }
    }
}

impl Credential {
    /// A user name and a password from the Base64 of `user:password`. Docker ends some
    /// passwords with zeros and leaves them out when it reads.
    #[must_use]
    pub fn decode(auth: &str) -> Option<Self> {
        const ENGINE: GeneralPurpose = GeneralPurpose::new(
            &alphabet::STANDARD,
            GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
        );
        let decoded = String::from_utf8(ENGINE.decode(auth).ok()?).ok()?;
        let (username, password) = decoded.split_once(':')?;
        Some(Self::UserPassword {
            username: username.to_owned(),
            password: password.trim_matches('\0').to_owned(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn any_file_is_taken_or_not(text in ".{0,200}", auth in ".{0,40}") {
            let _ = AuthFile::parse(text.as_bytes());
            let file = json_of(&auth);
            let file = AuthFile::parse(file.as_bytes()).unwrap();
            for (_, candidate) in file.candidates(&"r.example".parse().unwrap(), None) {
                if let Candidate::Entry(entry) = candidate {
                    prop_assert_eq!(entry.credential().ok().flatten(), Credential::decode(&auth));
                }
            }
        }
    }

    fn json_of(auth: &str) -> String {
        serde_json::json!({"auths": {"r.example": {"auth": auth}}}).to_string()
    }

    #[test]
    fn errors_repeat_nothing_of_a_file() {
        let error = AuthFile::parse(br#"{"auths": "hunter2"}"#).err().unwrap();
        let text = error.to_string();
        assert!(
            text.contains("line 1") && !text.contains("hunter2"),
            "{text}"
        );
    }
}
