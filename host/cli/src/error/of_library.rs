//! What the failures of libraries are to a user.

use std::io;

use wharf_host::credentials::{CredentialError, LoginFileError};
use wharf_host::trust::{Distrust, RefreshError, Untrusted};
use wharf_host::{ArchiveError, Error as HostError, StoreError};

use super::{CommandError, Kind};

impl From<HostError> for CommandError {
    fn from(error: HostError) -> Self {
        if let HostError::Untrusted(untrusted) = &error {
            return Self::untrusted(untrusted);
        }
        let kind = match &error {
            HostError::InvalidInput(_) => Kind::Usage,
            HostError::Authentication(_) => Kind::Authentication,
            HostError::NotFound(_) | HostError::Refresh(RefreshError::Missing(_)) => Kind::NotFound,
            HostError::Network(_) => Kind::Network,
            HostError::Integrity(_) | HostError::Refresh(_) => Kind::Integrity,
            HostError::Refused(_)
            | HostError::LimitExceeded(_)
            | HostError::Policy(_)
            | HostError::Withheld { .. } => Kind::Refused,
            _ => Kind::Other,
        };
        Self::new(kind, error.to_string())
    }
}

impl From<StoreError> for CommandError {
    fn from(error: StoreError) -> Self {
        let kind = match &error {
            StoreError::Mismatch { .. } => Kind::Integrity,
            StoreError::Name(_) | StoreError::Layout(_) => Kind::Usage,
            StoreError::ReadOnly(_) => Kind::Refused,
            _ => Kind::Other,
        };
        Self::new(kind, error.to_string())
    }
}

impl From<ArchiveError> for CommandError {
    fn from(error: ArchiveError) -> Self {
        let kind = match error {
            ArchiveError::Store(error) => return Self::from(error),
            ArchiveError::Mismatch { .. } | ArchiveError::Missing { .. } => Kind::Integrity,
            ArchiveError::Io { ref source, .. } if source.kind() == io::ErrorKind::NotFound => {
                Kind::Usage
            }
            ArchiveError::Io { .. } => Kind::Other,
            _ => Kind::Usage,
        };
        Self::new(kind, error.to_string())
    }
}

impl From<CredentialError> for CommandError {
    fn from(error: CredentialError) -> Self {
        Self::new(Kind::Other, error.to_string())
    }
}

impl From<LoginFileError> for CommandError {
    fn from(error: LoginFileError) -> Self {
        let kind = match &error {
            LoginFileError::Content { .. } => Kind::Usage,
            _ => Kind::Other,
        };
        Self::new(kind, error.to_string())
    }
}

impl From<io::Error> for CommandError {
    fn from(error: io::Error) -> Self {
        Self::new(Kind::Other, error.to_string())
    }
}

impl CommandError {
    /// Something that is not signed as it has to be.
    fn untrusted(untrusted: &Untrusted) -> Self {
        let kind = match untrusted.why {
            Distrust::Unsigned => Kind::Unsigned,
            Distrust::Wrong => Kind::WrongSignature,
            Distrust::Unknown => Kind::Unverified,
        };
        Self {
            kind,
            messages: untrusted.lines(),
            hints: Vec::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_library_decides_the_exit_code() {
        for (error, code) in [
            (HostError::InvalidInput("x".to_owned()), 2),
            (HostError::Refused("x".to_owned()), 7),
            (HostError::LimitExceeded("x".to_owned()), 7),
            (HostError::Storage("x".to_owned()), 1),
            (HostError::MissingContent("x".to_owned()), 1),
            (HostError::Other("x".to_owned()), 1),
        ] {
            assert_eq!(CommandError::from(error).kind.exit().code(), code);
        }
    }
}
