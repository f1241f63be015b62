//! Where credentials come from. They stay on this side: a guest gets stand-ins
//! (see the WIT interface `credentials`).

mod auth_file;
mod helper;
mod key;
mod login_file;
mod places;
mod secret;
mod spin;

use std::sync::Arc;

use wharf_oci::{Registry, Repository};

pub use auth_file::{AuthFile, Owner};
pub use login_file::{LoginFile, LoginFileError};
pub use places::Places;
pub use secret::Secret;
pub use spin::SpinLogins;

/// Something to prove oneself with to a registry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Credential {
    /// For `Authorization: Basic`, with the registry or its token server.
    UserPassword {
        /// The user name.
        username: String,
        /// The password, or what stands in its place (an access token, say).
        password: Secret,
    },
    /// A refresh token, for the token server alone.
    IdentityToken(Secret),
    /// A token that is ready for `Authorization: Bearer`.
    RegistryToken(Secret),
}

impl Credential {
    /// The user name, where there is one.
    #[must_use]
    pub fn username(&self) -> Option<&str> {
        match self {
            Self::UserPassword { username, .. } => Some(username),
            Self::IdentityToken(_) | Self::RegistryToken(_) => None,
        }
    }
}

/// A source of credentials could not be used. Says which and why, and nothing
/// secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct CredentialError(pub String);

/// A place that credentials are kept in.
pub trait CredentialSource: Send + Sync {
    /// The credential for a repository of a registry, or for the registry as such, or
    /// none. May block. A source that exists and can't be read is an error: going on
    /// as nobody would hide it.
    fn find(
        &self,
        registry: &Registry,
        repository: Option<&Repository>,
    ) -> Result<Option<Credential>, CredentialError>;

    /// What to call the source in messages.
    fn name(&self) -> String;
}

/// One credential for one registry, for example from the command line.
#[derive(Debug, Clone)]
pub struct Fixed {
    registry: Registry,
    credential: Credential,
}

impl Fixed {
    /// A source that has this credential and no other.
    #[must_use]
    pub fn new(registry: Registry, credential: Credential) -> Self {
        Self {
            registry,
            credential,
        }
    }
}

impl CredentialSource for Fixed {
    fn find(
        &self,
        registry: &Registry,
        _repository: Option<&Repository>,
    ) -> Result<Option<Credential>, CredentialError> {
        Ok((*registry == self.registry).then(|| self.credential.clone()))
    }

    fn name(&self) -> String {
        "the given credential".to_owned()
    }
}

/// Several sources. The first that has a credential wins; one that fails ends the
/// search.
#[derive(Clone, Default)]
pub struct Chain(Vec<Arc<dyn CredentialSource>>);

impl Chain {
    /// These sources, in this order.
    #[must_use]
    pub fn new(sources: Vec<Arc<dyn CredentialSource>>) -> Self {
        Self(sources)
    }

    /// The same, with another source in front.
    #[must_use]
    pub fn after(mut self, source: Arc<dyn CredentialSource>) -> Self {
        self.0.insert(0, source);
        self
    }

    /// The credential, and the name of the source that it is from.
    pub fn locate(
        &self,
        registry: &Registry,
        repository: Option<&Repository>,
    ) -> Result<Option<(Credential, String)>, CredentialError> {
        for source in &self.0 {
            if let Some(credential) = source.find(registry, repository)? {
                return Ok(Some((credential, source.name())));
            }
        }
        Ok(None)
    }
}

impl CredentialSource for Chain {
    fn find(
        &self,
        registry: &Registry,
        repository: Option<&Repository>,
    ) -> Result<Option<Credential>, CredentialError> {
        let located = self.locate(registry, repository)?;
        Ok(located.map(|(credential, _)| credential))
    }

    fn name(&self) -> String {
        let names: Vec<_> = self.0.iter().map(|source| source.name()).collect();
        names.join(", then ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Broken;

    impl CredentialSource for Broken {
        fn find(
            &self,
            _: &Registry,
            _: Option<&Repository>,
        ) -> Result<Option<Credential>, CredentialError> {
            Err(CredentialError("it is broken".into()))
        }

        fn name(&self) -> String {
            "the broken one".into()
        }
    }

    fn fixed(registry: &str) -> Arc<dyn CredentialSource> {
        Arc::new(Fixed::new(
            registry.parse().unwrap(),
            Credential::RegistryToken(Secret::new("t".into())),
        ))
    }

    #[test]
    fn the_first_match_wins_and_a_broken_source_is_no_match() {
        let registry = "r.example".parse().unwrap();
        let found = Chain::new(vec![
            fixed("other.example"),
            fixed("r.example"),
            Arc::new(Broken),
        ]);
        let (_, source) = found.locate(&registry, None).unwrap().unwrap();
        assert_eq!(source, "the given credential");
        let broken = Chain::new(vec![
            fixed("other.example"),
            Arc::new(Broken),
            fixed("r.example"),
        ]);
        assert!(broken.find(&registry, None).is_err());
        assert_eq!(Chain::default().find(&registry, None), Ok(None));
    }
}
