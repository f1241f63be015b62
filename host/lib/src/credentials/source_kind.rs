//! Kinds of sources, as policies name them.

use std::fmt;
use std::str::FromStr;

/// A kind of source of credentials.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum SourceKind {
    /// Given for one run: on the command line, by standard input, by a prompt.
    Given,
    /// What `wharf registry login` keeps.
    Wharf,
    /// What Spin keeps.
    Spin,
    /// Podman's file, and the helpers that it names.
    Podman,
    /// Docker's file, and the helpers that it names.
    Docker,
    /// The file of `$REGISTRY_AUTH_FILE`, and the helpers that it names.
    AuthFile,
    /// An embedding program's own.
    Other,
}

/// Not the name of a kind of source.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is no source of credentials: there are `given`, `wharf`, `spin`, `podman`, `docker`, `auth-file` and `other`"
)]
pub struct SourceKindError(String);

impl SourceKind {
    /// Every kind.
    pub const ALL: [Self; 7] = [
        Self::Given,
        Self::Wharf,
        Self::Spin,
        Self::Podman,
        Self::Docker,
        Self::AuthFile,
        Self::Other,
    ];

    /// Its name in a policy.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Given => "given",
            Self::Wharf => "wharf",
            Self::Spin => "spin",
            Self::Podman => "podman",
            Self::Docker => "docker",
            Self::AuthFile => "auth-file",
            Self::Other => "other",
        }
    }

    /// Its credentials, in words.
    #[must_use]
    pub fn description(self) -> &'static str {
        match self {
            Self::Given => "a credential that is given for this run",
            Self::Wharf => "a credential of `wharf registry login`",
            Self::Spin => "a credential of Spin's",
            Self::Podman => "a credential of Podman's",
            Self::Docker => "a credential of Docker's",
            Self::AuthFile => "a credential of $REGISTRY_AUTH_FILE",
            Self::Other => "a credential of the embedding program's",
        }
    }
}

impl FromStr for SourceKind {
    type Err = SourceKindError;

    fn from_str(text: &str) -> Result<Self, SourceKindError> {
        let mut all = Self::ALL.into_iter();
        let kind = all.find(|kind| kind.as_str() == text);
        kind.ok_or_else(|| SourceKindError(text.to_owned()))
    }
}

impl fmt::Display for SourceKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_found_again() {
        for kind in SourceKind::ALL {
            assert_eq!(kind.as_str().parse(), Ok(kind));
        }
        let error = "Docker".parse::<SourceKind>().unwrap_err();
        for kind in SourceKind::ALL {
            assert!(error.to_string().contains(&format!("`{kind}`")), "{error}");
        }
    }
}
