//! Where credentials come from. They stay on this side: a guest gets stand-ins
//! (see the WIT interface `credentials`).

mod docker;
mod login_file;
mod secret;

use std::sync::Arc;

use wharf_oci::Registry;

pub use docker::DockerConfig;
pub use login_file::{LoginFile, LoginFileError};
pub use secret::Secret;

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

/// A source of credentials could not be used. Says which and why, and nothing
/// secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct CredentialError(pub String);

/// A place that credentials are kept in.
pub trait CredentialSource: Send + Sync {
    /// The credential for a registry, or none. May block. A source that exists and
    /// can't be read is an error: going on as nobody would hide it.
    fn find(&self, registry: &Registry) -> Result<Option<Credential>, CredentialError>;

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
    fn find(&self, registry: &Registry) -> Result<Option<Credential>, CredentialError> {
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
}

impl CredentialSource for Chain {
    fn find(&self, registry: &Registry) -> Result<Option<Credential>, CredentialError> {
        for source in &self.0 {
            if let Some(credential) = source.find(registry)? {
                return Ok(Some(credential));
            }
        }
        Ok(None)
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
        fn find(&self, _: &Registry) -> Result<Option<Credential>, CredentialError> {
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
        assert!(found.find(&registry).unwrap().is_some());
        let broken = Chain::new(vec![
            fixed("other.example"),
            Arc::new(Broken),
            fixed("r.example"),
        ]);
        assert!(broken.find(&registry).is_err());
        assert_eq!(Chain::default().find(&registry), Ok(None));
    }
}
