//! Why nothing is proved.

use sigstore_verify::bundle::Error as Structure;
use sigstore_verify::{CertificateError, Error, TransparencyLogError};

/// Why nothing is proved.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    /// It can't be read, or is of a kind that is not known. Says why.
    #[error("{0}")]
    Unusable(String),
    /// It does not fit what it is beside. Says why.
    #[error("{0}")]
    Wrong(String),
    /// It is by an authority that the trusted root does not have. Says by which.
    #[error("{0}")]
    Foreign(String),
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        let says = error.to_string();
        match error {
            Error::InvalidBundle(_)
            | Error::UnsupportedBundle(_)
            | Error::UnsupportedArtifact(_)
            | Error::InvalidTrustRoot(_)
            | Error::Types(_)
            | Error::Crypto(_)
            | Error::TrustRoot(_)
            | Error::TrustedCertificate(_)
            | Error::ArtifactRead(_)
            | Error::Certificate(CertificateError::Malformed(_))
            | Error::TransparencyLog(TransparencyLogError::MalformedEntry(_))
            | Error::Bundle(
                Structure::UnsupportedMediaType(_)
                | Structure::UnsupportedVerificationMaterial
                | Structure::CertificateChainNotAllowed(_),
            ) => Problem::Unusable(says),
            _ => Problem::Wrong(says),
        }
    }
}
