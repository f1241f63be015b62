//! What can go wrong before an application runs.

use std::io;
use std::net::SocketAddr;

use wharf_app::artifact::ReadError;
use wharf_app::locked::LockedError;
use wharf_app::variables::VariableError;
use wharf_net::TlsError;
use wharf_store::StoreError;

/// Why an application can't be run.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum UpError {
    /// Content is missing from the store, was damaged there, or the store can't be
    /// read. Content that is missing or was damaged may be fetched again.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The manifest is not that of an application.
    #[error(transparent)]
    Artifact(#[from] ReadError),
    /// The locked application can't be used.
    #[error(transparent)]
    Locked(LockedError),
    /// The application is in order and needs something that is not offered; the
    /// text names it, and who needs it.
    #[error("{0}")]
    Unsupported(String),
    /// The application contradicts itself or its content is not what it says.
    #[error("{0}")]
    Invalid(String),
    /// A variable has no value, or one that can't be used.
    #[error(transparent)]
    Variable(#[from] VariableError),
    /// Something else listens there.
    #[error("{0} is already in use: choose another address, or have a free port searched for")]
    PortInUse(SocketAddr),
    /// The address can't be listened on for another reason.
    #[error("can't listen on {address}: {source}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// What the system says.
        source: io::Error,
    },
    /// The directory with the files of a component can't be made.
    #[error("can't lay out the files of the component `{component}`: {source}")]
    Files {
        /// The component's id.
        component: String,
        /// What the system says.
        source: io::Error,
    },
    /// The certificates to trust for outbound requests can't be read.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// The engine can't be set up on this machine.
    #[error("the WebAssembly engine can't be set up: {0}")]
    Engine(String),
}

impl From<LockedError> for UpError {
    fn from(error: LockedError) -> Self {
        match error {
            // These are about what the host offers rather than about the document.
            LockedError::TriggerType { .. }
            | LockedError::HostRequirement { .. }
            | LockedError::MustUnderstand(_) => Self::Unsupported(error.to_string()),
            other => Self::Locked(other),
        }
    }
}

impl UpError {
    /// An error of the engine, on one line.
    pub(crate) fn engine(error: &wasmtime::Error) -> Self {
        Self::Engine(wharf_oci::problem::clean(&format!("{error:#}"), 300))
    }
}
