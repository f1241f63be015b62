//! Docker's config file and the credential helpers that it names.

use std::io::ErrorKind;
use std::path::PathBuf;
use std::{env, fs};

use docker_credential::{CredentialRetrievalError, DockerCredential, get_credential_from_reader};
use wharf_oci::Registry;

use super::{Credential, CredentialError, CredentialSource, Secret};

/// The name under which Docker keeps the credential of its own registry.
const DOCKER_HUB_KEY: &str = "https://index.docker.io/v1/";

/// What helpers answer when they have nothing: the text that Docker's own ones
/// share.
const HELPER_HAS_NONE: &str = "credentials not found";

/// Docker's config file: `$DOCKER_CONFIG/config.json`, or `.docker/config.json`
/// in the home directory.
#[derive(Debug, Clone)]
pub struct DockerConfig {
    path: PathBuf,
}

impl DockerConfig {
    /// The file where Docker itself would look for it. None when there is neither
    /// `$DOCKER_CONFIG` nor a home directory.
    #[must_use]
    pub fn usual() -> Option<Self> {
        let set = |name| env::var_os(name).filter(|value| !value.is_empty());
        let directory = match set("DOCKER_CONFIG") {
            Some(directory) => PathBuf::from(directory),
            None => PathBuf::from(set("HOME")?).join(".docker"),
        };
        Some(Self::at(directory.join("config.json")))
    }

    /// A file of Docker's format.
    #[must_use]
    pub fn at(path: PathBuf) -> Self {
        Self { path }
    }

    fn failed(&self, why: &str) -> CredentialError {
        CredentialError(format!(
            "Docker's config `{}` {why}: mend it, or point $DOCKER_CONFIG elsewhere",
            self.path.display()
        ))
    }
}

impl CredentialSource for DockerConfig {
    fn find(&self, registry: &Registry) -> Result<Option<Credential>, CredentialError> {
        let config = match fs::read(&self.path) {
            Ok(config) => config,
            Err(error)
                if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) =>
            {
                return Ok(None);
            }
            Err(error) => return Err(self.failed(&format!("can't be read ({error})"))),
        };
        let key = if registry.is_docker_hub() {
            DOCKER_HUB_KEY
        } else {
            registry.as_str()
        };
        match get_credential_from_reader(config.as_slice(), key) {
            Ok(DockerCredential::UsernamePassword(username, password)) => {
                Ok(Some(Credential::UserPassword {
                    username,
                    password: Secret::new(password),
                }))
            }
            Ok(DockerCredential::IdentityToken(token)) => {
                Ok(Some(Credential::IdentityToken(Secret::new(token))))
            }
            Err(error) => self.none_or_failed(registry, error),
        }
    }

    fn name(&self) -> String {
        format!("Docker's config `{}`", self.path.display())
    }
}

impl DockerConfig {
    /// Helpers' own words are left out of the error: they may repeat a secret.
    fn none_or_failed(
        &self,
        registry: &Registry,
        error: CredentialRetrievalError,
    ) -> Result<Option<Credential>, CredentialError> {
        use CredentialRetrievalError as E;
        let why = match error {
            E::NoCredentialConfigured => return Ok(None),
            E::HelperFailure { stdout, stderr, .. }
                if stdout.contains(HELPER_HAS_NONE) || stderr.contains(HELPER_HAS_NONE) =>
            {
                return Ok(None);
            }
            E::HelperFailure { helper, .. } => {
                format!("names the credential helper `{helper}`, which failed for {registry}")
            }
            E::HelperCommunicationError => {
                format!("names a credential helper for {registry} that can't be run")
            }
            E::MalformedHelperResponse => {
                format!("names a credential helper for {registry} whose answer can't be understood")
            }
            E::CredentialDecodingError => {
                format!("has an entry for {registry} that can't be decoded")
            }
            E::CredentialMismatchError => {
                format!("has an entry for {registry} that contradicts itself")
            }
            _ => "is not what Docker writes".to_owned(),
        };
        Err(self.failed(&why))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn find(config: &str, registry: &str) -> Result<Option<Credential>, CredentialError> {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("config.json");
        fs::write(&path, config).unwrap();
        DockerConfig::at(path).find(&registry.parse().unwrap())
    }

    fn user(name: &str, password: &str) -> Credential {
        Credential::UserPassword {
            username: name.into(),
            password: Secret::new(password.into()),
        }
    }

    #[test]
    fn entries_by_registry() {
        // ada:pw
        let config = r#"{"auths":{"r.example:5000":{"auth":"YWRhOnB3"},"https://index.docker.io/v1/":{"auth":"YWRhOnB3"},"t.example":{"identitytoken":"refresh"}}}"#;
        assert_eq!(find(config, "r.example:5000"), Ok(Some(user("ada", "pw"))));
        assert_eq!(find(config, "docker.io"), Ok(Some(user("ada", "pw"))));
        assert_eq!(
            find(config, "t.example"),
            Ok(Some(Credential::IdentityToken(Secret::new(
                "refresh".into()
            ))))
        );
        assert_eq!(find(config, "other.example"), Ok(None));
        assert_eq!(find("{}", "r.example"), Ok(None));
    }

    #[test]
    fn a_file_that_can_not_be_used_is_no_empty_file() {
        for config in ["", "[", r#"{"auths":{"r.example":{"auth":"%%%"}}}"#] {
            let error = find(config, "r.example").unwrap_err().to_string();
            assert!(error.contains("Docker's config"), "{config}: {error}");
        }
        let helper = r#"{"credHelpers":{"r.example":"there-is-no-such-helper"}}"#;
        assert!(find(helper, "r.example").is_err());
        let gone = DockerConfig::at("/nowhere/config.json".into());
        assert_eq!(gone.find(&"r.example".parse().unwrap()), Ok(None));
    }
}
