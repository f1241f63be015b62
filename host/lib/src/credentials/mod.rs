//! Where credentials come from. They stay on this side: a guest gets stand-ins
//! (see the WIT interface `credentials`).

mod auth_file;
mod helper;
mod login_file;
mod places;
mod secret;
mod source_kind;
mod spin;

use std::sync::Arc;

use wharf_oci::{Registry, Repository};

pub use auth_file::{AuthFile, Owner};
pub use login_file::{LoginFile, LoginFileError};
pub use places::Places;
pub use secret::Secret;
pub use source_kind::SourceKind;
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

    /// What kind of source it is, for policies.
    fn kind(&self) -> SourceKind {
        SourceKind::Other
    }

    /// [`CredentialSource::find`] in sources of permitted kinds alone: others are not even
    /// asked. What is made of several sources asks each of them.
    fn look(
        &self,
        registry: &Registry,
        repository: Option<&Repository>,
        permits: &dyn Fn(SourceKind) -> bool,
    ) -> Result<Option<Found>, CredentialError> {
        let kind = self.kind();
        if !permits(kind) {
            return Ok(None);
        }
        let found = self.find(registry, repository)?;
        Ok(found.map(|credential| Found { credential, kind }))
    }
}

/// A credential, and what kind of source it is from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// The credential.
    pub credential: Credential,
    /// What kind of source it is from.
    pub kind: SourceKind,
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

    fn kind(&self) -> SourceKind {
        SourceKind::Given
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

    fn look(
        &self,
        registry: &Registry,
        repository: Option<&Repository>,
        permits: &dyn Fn(SourceKind) -> bool,
    ) -> Result<Option<Found>, CredentialError> {
        for source in &self.0 {
            let found = source.look(registry, repository, permits)?;
            if found.is_some() {
                return Ok(found);
            }
        }
        Ok(None)
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
        let look = |permitted| broken.look(&registry, None, &|kind| kind == permitted);
        // What is not permitted is not asked, and so does not fail.
        let given = look(SourceKind::Given).unwrap().unwrap();
        assert_eq!(given.kind, SourceKind::Given);
        assert!(look(SourceKind::Other).is_err());
        assert_eq!(look(SourceKind::Docker).unwrap(), None);
        assert_eq!(Chain::default().find(&registry, None), Ok(None));
    }
}
