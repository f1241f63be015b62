//! What a user is told when something fails: the kind of failure, which decides the
//! exit code, the causes, and what to try. Every library error becomes one here.

mod at_registry;
mod of_library;
mod run;

use std::error::Error;
use std::io;
use std::path::Path;

use wharf_host::Error as HostError;

use crate::exit::Exit;

pub(crate) use at_registry::is_unreachable;
pub(crate) use run::RunError;

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
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_being_done_stands_before_the_causes() {
        let error = CommandError::usage("inner")
            .while_doing("outer")
            .hint("try");
        assert_eq!(error.messages, ["outer", "inner"]);
        assert_eq!(error.hints, ["try"]);
    }
}
