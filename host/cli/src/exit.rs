//! The exit codes: what a script may rely on.

use std::fmt::Write as _;
use std::process::ExitCode;

/// How a command ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exit {
    /// Everything that was asked for was done.
    Success,
    /// Anything that has no code of its own.
    Failure,
    /// The command line, or a file of the user's, is wrong.
    Usage,
    /// The registry wants another credential, or refuses the one it got.
    Authentication,
    /// The registry does not have what was asked for.
    NotFound,
    /// The registry could not be reached, or answered what the protocol does not allow.
    Network,
    /// Content is not what its digest or size promises.
    Integrity,
    /// A policy or the sandbox does not allow it.
    Refused,
    /// It is not signed by those who must have.
    Unsigned,
    /// A signature of it is wrong.
    WrongSignature,
    /// Whether it is signed could not be found out.
    Unverified,
}

impl Exit {
    /// Every code, in order, with what it means.
    pub(crate) const TABLE: [(Self, &str); 11] = [
        (Self::Success, "everything that was asked for was done"),
        (Self::Failure, "anything else went wrong"),
        (
            Self::Usage,
            "the command line, or a file of yours, is wrong",
        ),
        (
            Self::Authentication,
            "the registry refuses the credential, or wants one",
        ),
        (
            Self::NotFound,
            "the registry does not have what was asked for",
        ),
        (
            Self::Network,
            "the registry can't be reached, or breaks the protocol",
        ),
        (
            Self::Integrity,
            "content is not what its digest or size promises",
        ),
        (
            Self::Refused,
            "refused by policy or by the sandbox, beyond a limit, or not offered",
        ),
        (
            Self::Unsigned,
            "it is not signed by anyone who is asked for",
        ),
        (Self::WrongSignature, "a signature of it is wrong"),
        (
            Self::Unverified,
            "whether it is signed could not be found out",
        ),
    ];

    /// The number that the process ends with.
    pub(crate) fn code(self) -> u8 {
        match self {
            Self::Success => 0,
            Self::Failure => 1,
            Self::Usage => 2,
            Self::Authentication => 3,
            Self::NotFound => 4,
            Self::Network => 5,
            Self::Integrity => 6,
            Self::Refused => 7,
            Self::Unsigned => 8,
            Self::WrongSignature => 9,
            Self::Unverified => 10,
        }
    }

    /// The table as text, for `wharf --help`.
    pub(crate) fn help() -> String {
        let mut text = String::from("Exit codes:\n");
        for (exit, meaning) in Self::TABLE {
            // Writing to a String can't fail.
            let _ = writeln!(text, "  {}  {meaning}", exit.code());
        }
        text
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_codes_count_up_from_zero() {
        for (number, (exit, _)) in Exit::TABLE.into_iter().enumerate() {
            assert_eq!(usize::from(exit.code()), number);
        }
    }
}
