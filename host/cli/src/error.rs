//! What a user is told when something fails: the kind of failure, which decides the
//! exit code, the causes, and what to try. Every library error becomes one here.

use std::error::Error;
use std::io;
use std::path::Path;

use wharf_host::credentials::{CredentialError, LoginFileError};
use wharf_host::trust::{Distrust, RefreshError, Untrusted};
use wharf_host::{ArchiveError, Error as HostError, Registry, StoreError};
use wharf_up::{UnpackError, UpError};

use crate::env;
use crate::exit::Exit;

/// A failed command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct CommandError {
    /// What sort of failure it is.
    pub(crate) kind: Kind,
    /// What could not be done, then why, from the outside in. Never empty.
    pub(crate) messages: Vec<String>,
    /// What the user can do about it, each one a sentence.
    pub(crate) hints: Vec<String>,
}

/// The sorts of failure that a script can tell apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A credential is missing or was refused.
    Authentication,
    /// Content is not what was promised.
    Integrity,
    /// The registry can't be reached or breaks the protocol.
    Network,
    /// The registry does not have it.
    NotFound,
    /// None of the others.
    Other,
    /// A policy or the sandbox does not allow it.
    Refused,
    /// It is not signed by those who must have.
    Unsigned,
    /// Whether it is signed could not be found out.
    Unverified,
    /// The command line, or a file of the user's, is wrong.
    Usage,
    /// A signature of it is wrong.
    WrongSignature,
}

impl Kind {
    /// The word that `--format json` says.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Authentication => "authentication",
            Self::Integrity => "integrity",
            Self::Network => "network",
            Self::NotFound => "not-found",
            Self::Other => "other",
            Self::Refused => "refused",
            Self::Unsigned => "unsigned",
            Self::Unverified => "unverified",
            Self::Usage => "usage",
            Self::WrongSignature => "wrong-signature",
        }
    }

    /// The code that the process ends with.
    pub(crate) fn exit(self) -> Exit {
        match self {
            Self::Authentication => Exit::Authentication,
            Self::Integrity => Exit::Integrity,
            Self::Network => Exit::Network,
            Self::NotFound => Exit::NotFound,
            Self::Other => Exit::Failure,
            Self::Refused => Exit::Refused,
            Self::Unsigned => Exit::Unsigned,
            Self::Unverified => Exit::Unverified,
            Self::Usage => Exit::Usage,
            Self::WrongSignature => Exit::WrongSignature,
        }
    }
}

impl CommandError {
    /// A failure with one message.
    pub(crate) fn new(kind: Kind, message: impl Into<String>) -> Self {
        Self {
            kind,
            messages: vec![message.into()],
            hints: Vec::new(),
        }
    }

    /// A mistake in the command line or in a file of the user's.
    pub(crate) fn usage(message: impl Into<String>) -> Self {
        Self::new(Kind::Usage, message)
    }

    /// The same failure, with what was being done put in front of its causes.
    pub(crate) fn while_doing(mut self, what: impl Into<String>) -> Self {
        self.messages.insert(0, what.into());
        self
    }

    /// The same failure, with a hint.
    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }

    /// Standard output took no more. That its reader went away is not an error, and
    /// the output layer does not report it.
    pub(crate) fn standard_output(error: io::Error) -> Self {
        Self::from(error).while_doing("cannot write to standard output")
    }

    /// The content store can't be opened: the system refuses it, or something else is
    /// there already.
    pub(crate) fn opening_store(error: &dyn Error) -> Self {
        let kind = match error.source() {
            Some(_) => Kind::Other,
            None => Kind::Usage,
        };
        Self::new(kind, error.to_string()).while_doing("cannot open the content store")
    }

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

    /// A failure to pack the application of this manifest.
    pub(crate) fn packing(error: HostError, manifest: &Path) -> Self {
        Self::from(error).while_doing(format!(
            "cannot pack the application of {}",
            manifest.display()
        ))
    }

    /// A failure to pack a component, or a package of WIT.
    pub(crate) fn packing_alone(error: HostError, path: &Path) -> Self {
        Self::from(error).while_doing(format!("cannot pack {}", path.display()))
    }

    /// A failure to check a credential that is to be stored.
    pub(crate) fn logging_in(error: HostError, registry: &Registry, username: &str) -> Self {
        let error = match &error {
            HostError::Authentication(_) => Self::from(error).hint(
                "check the user name and the password; many registries want an access token \
                 in the password's place",
            ),
            HostError::Network(_) => Self::at_registry(error, registry)
                .hint("to store the credential without asking the registry, pass --skip-check"),
            _ => Self::from(error),
        };
        error.while_doing(format!(
            "cannot log in as {username} to registry {registry}"
        ))
    }

    /// A failure of the host library while it talked to this registry.
    pub(crate) fn at_registry(error: HostError, registry: &Registry) -> Self {
        let hint = match &error {
            HostError::Authentication(exchange) if exchange.status == Some(403) => Some(format!(
                "the account that was used may not do this: ask for access, or log in as \
                 another with `wharf registry login {registry}`"
            )),
            HostError::Authentication(_) => Some(format!(
                "log in with `wharf registry login {registry}`, or check the credential \
                 that is stored"
            )),
            HostError::NotFound(_) => Some(format!(
                "check the reference; some registries also answer this for what is private, \
                 in which case `wharf registry login {registry}` helps"
            )),
            HostError::Network(exchange) if exchange.status.is_none() => {
                Some(unreachable_hint(&exchange.message, registry))
            }
            _ => None,
        };
        let error = Self::from(error);
        match hint {
            Some(hint) => error.hint(hint),
            None => error,
        }
    }
}

/// Whether there is nobody to ask: the name is not known, or nothing listens there. The
/// reason is the registry component's, in words.
pub(crate) fn is_unreachable(error: &HostError) -> bool {
    const REASONS: [&str; 3] = [
        "its name can't be resolved",
        "connection refused",
        "no connection came about",
    ];
    matches!(error, HostError::Network(exchange) if exchange.status.is_none()
        && REASONS.iter().any(|reason| exchange.message.contains(reason)))
}

/// What to try when no answer came. The transport's reason is text for people, so
/// it only chooses between hints.
fn unreachable_hint(reason: &str, registry: &Registry) -> String {
    let reason = reason.to_ascii_lowercase();
    if reason.starts_with("the proxy ") {
        return "check --proxy, `proxy` in your `wharf.toml`, or `https_proxy` and `http_proxy` \
                in the environment; `--proxy none` goes without one"
            .to_owned();
    }
    if reason.contains("certificate") {
        format!(
            "when {registry} has a certificate of a private authority, name that \
             authority's with `--ca-file FILE`"
        )
    } else if reason.contains("tls") || reason.contains("protocol") {
        format!("when {registry} speaks plain HTTP without TLS, say so with `--plain-http`")
    } else {
        format!(
            "check that {registry} is right and running; when it speaks plain HTTP \
             without TLS, say so with `--plain-http`"
        )
    }
}

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

impl From<UpError> for CommandError {
    fn from(error: UpError) -> Self {
        if is_about_content(&error) {
            return Self::new(Kind::Integrity, error.to_string());
        }
        match error {
            UpError::Unsupported(text) => Self::new(Kind::Refused, text),
            UpError::PortInUse(address) => {
                Self::new(Kind::Other, format!("{address} is already in use"))
                    .hint("to have Wharf search for a free port, use the --find-free-port option")
            }
            UpError::Variable(error) => Self::usage(error.to_string()).hint(format!(
                "values are given with --variable KEY=VALUE, or as {}KEY in the environment",
                env::VARIABLE_PREFIX
            )),
            other => Self::new(Kind::Other, other.to_string()),
        }
    }
}

/// Why an artifact of the store can't be run, or be written as files.
#[derive(Debug)]
pub(crate) enum RunError {
    /// It can't be made ready.
    Preparing(HostError),
    /// It can't be started.
    Starting(UpError),
    /// Its files can't be written.
    Writing(UnpackError),
}

impl RunError {
    /// Whether it helps to fetch the application again.
    pub(crate) fn is_about_content(&self) -> bool {
        match self {
            Self::Preparing(error) => {
                matches!(
                    error,
                    HostError::MissingContent(_) | HostError::Integrity(_)
                )
            }
            Self::Starting(error) | Self::Writing(UnpackError::Artifact(error)) => {
                is_about_content(error)
            }
            Self::Writing(_) => false,
        }
    }
}

impl From<HostError> for RunError {
    fn from(error: HostError) -> Self {
        Self::Preparing(error)
    }
}

impl From<UpError> for RunError {
    fn from(error: UpError) -> Self {
        Self::Starting(error)
    }
}

impl From<UnpackError> for RunError {
    fn from(error: UnpackError) -> Self {
        Self::Writing(error)
    }
}

impl From<RunError> for CommandError {
    fn from(error: RunError) -> Self {
        match error {
            RunError::Starting(error) => Self::from(error),
            RunError::Writing(error) => Self::from(error),
            // It is not a file of the user's that is wrong.
            RunError::Preparing(HostError::InvalidInput(text)) => Self::new(Kind::Other, text),
            RunError::Preparing(HostError::LimitExceeded(text)) => Self::new(Kind::Refused, text)
                .hint(
                    "when you trust where it comes from, --max-unpacked-size, --max-files and \
                     --max-layers raise what it may have",
                ),
            RunError::Preparing(error) => Self::from(error),
        }
    }
}

impl From<UnpackError> for CommandError {
    fn from(error: UnpackError) -> Self {
        let text = error.to_string();
        match error {
            UnpackError::Artifact(error) => Self::from(error),
            UnpackError::Name { .. } | UnpackError::NoTitle { .. } => {
                Self::new(Kind::Refused, text).hint(
                    "`wharf registry save` keeps any artifact, as an OCI image layout without \
                     names of its own",
                )
            }
            UnpackError::SeveralFiles(_) => Self::usage(text)
                .hint("name a directory, which does not end with `.wasm` or `.wat`"),
            UnpackError::Target { replaceable, .. } if replaceable => {
                Self::usage(text).hint("name another, or replace it with --force")
            }
            UnpackError::Target { .. } => Self::usage(text),
            _ => Self::new(Kind::Other, text),
        }
    }
}

impl From<io::Error> for CommandError {
    fn from(error: io::Error) -> Self {
        Self::new(Kind::Other, error.to_string())
    }
}

/// Whether the store works, and what it holds of an application is incomplete or
/// damaged: then it helps to fetch the application again. What the system refuses (a
/// full disk, say) has the system's error as its source.
fn is_about_content(error: &UpError) -> bool {
    matches!(error, UpError::Store(error) if error.source().is_none())
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

    #[test]
    fn what_was_being_done_stands_before_the_causes() {
        let error = CommandError::usage("inner")
            .while_doing("outer")
            .hint("try");
        assert_eq!(error.messages, ["outer", "inner"]);
        assert_eq!(error.hints, ["try"]);
    }

    #[test]
    fn a_hint_fits_the_transports_reason() {
        let registry: Registry = "r.example:5000".parse().unwrap();
        for (reason, flag) in [
            ("invalid peer certificate: UnknownIssuer", "--ca-file"),
            ("TLS: corrupt message", "--plain-http"),
            ("connection refused", "running"),
        ] {
            let hint = unreachable_hint(reason, &registry);
            assert!(hint.contains(flag), "{reason}: {hint}");
            assert!(hint.contains("r.example:5000"), "{hint}");
        }
    }
}
