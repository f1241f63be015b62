//! Why nothing could be said of signatures at all, or none be made.

/// Why a question could not be answered, or an artifact not be made. What is wrong with
/// one signature is no error: it is the [`Outcome`](crate::Outcome) of its finding.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The caller's input can't be used. Says what was found and what is expected.
    #[error("{0}")]
    InvalidInput(String),
    /// A bound that protects this side was reached. Says which.
    #[error("{0}")]
    LimitExceeded(String),
    /// Anything else.
    #[error("{0}")]
    Other(String),
}
