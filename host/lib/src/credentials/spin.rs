//! Spin's file of logins: `auths` with the Base64 of `user:password` under each key,
//! where Docker's format has an object.

use std::collections::BTreeMap;
use std::fs;
use std::io::ErrorKind;
use std::path::PathBuf;

use serde::Deserialize;
use wharf_oci::auth_file::{self, Key};
use wharf_oci::{Registry, Repository};

use super::{Credential, CredentialError, CredentialSource, SourceKind};

/// What `spin registry login` wrote.
#[derive(Debug, Clone)]
pub struct SpinLogins {
    path: PathBuf,
}

/// The file's content. Not to be shown.
#[derive(Deserialize)]
struct Document {
    auths: BTreeMap<String, String>,
}

impl SpinLogins {
    /// The file at a path, which need not exist. Spin's own is
    /// `fermyon/registry-auth.json` in the user's configuration folder.
    #[must_use]
    pub fn at(path: PathBuf) -> Self {
        Self { path }
    }

    fn failed(&self, problem: &str) -> CredentialError {
        CredentialError(format!(
            "{} {problem}: log in with Spin again, or move the file away",
            self.name()
        ))
    }
}

impl CredentialSource for SpinLogins {
    fn find(
        &self,
        registry: &Registry,
        repository: Option<&Repository>,
    ) -> Result<Option<Credential>, CredentialError> {
        let text = match fs::read(&self.path) {
            Ok(text) => text,
            Err(error)
                if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) =>
            {
                return Ok(None);
            }
            Err(error) => return Err(self.failed(&format!("can't be read ({error})"))),
        };
        // Only the place: the parser's words may repeat a secret.
        let document: Document = serde_json::from_slice(&text).map_err(|error| {
            let (line, column) = (error.line(), error.column());
            self.failed(&format!(
                "is not what Spin writes (line {line}, column {column})"
            ))
        })?;
        let closest = document
            .auths
            .iter()
            .filter_map(|(text, auth)| {
                let key = Key::parse(text)?;
                Some((key.fits(registry, repository)?, key, auth))
            })
            .max_by_key(|(closeness, ..)| *closeness);
        let Some((_, key, auth)) = closest else {
            return Ok(None);
        };
        match auth_file::Credential::decode(auth) {
            Some(credential) => Ok(Some(credential.into())),
            None => Err(self.failed(&format!("has an entry for {key} that can't be decoded"))),
        }
    }

    fn name(&self) -> String {
        format!("Spin's login file `{}`", self.path.display())
    }

    fn kind(&self) -> SourceKind {
        SourceKind::Spin
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn find(text: &str, registry: &str) -> Result<Option<Credential>, CredentialError> {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("registry-auth.json");
        fs::write(&path, text).unwrap();
        SpinLogins::at(path).find(&registry.parse().unwrap(), None)
    }

    #[test]
    fn what_spin_wrote_is_found() {
        // ada:pw
        let text = r#"{"auths": {"index.docker.io": "YWRhOnB3", "r.example": "YWRhOnB3"}}"#;
        for registry in ["docker.io", "r.example"] {
            let found = find(text, registry).unwrap().unwrap();
            assert_eq!(found.username(), Some("ada"));
        }
        assert_eq!(find(text, "r.example:5000"), Ok(None));
        let gone = SpinLogins::at("/nowhere/registry-auth.json".into());
        assert_eq!(gone.find(&"r.example".parse().unwrap(), None), Ok(None));
    }

    #[test]
    fn a_file_that_can_not_be_used_is_an_error_without_its_content() {
        for text in [
            "",
            "{}",
            r#"{"auths": {"r.example": {"auth": "hunter2"}}}"#,
            r#"{"auths": {"r.example": "hunter2"}}"#,
        ] {
            let error = find(text, "r.example").unwrap_err().to_string();
            assert!(error.contains("Spin's login file"), "{text}: {error}");
            assert!(!error.contains("hunter2"), "{text}: {error}");
        }
    }
}
