//! What can be wrong with a `spin.toml`, and where.

use crate::files::MountError;
use crate::outbound::AllowedHostError;
use crate::path::PathError;

/// Why a text is not a manifest that can be packed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}, column {column}: {problem}")]
#[non_exhaustive]
pub struct ManifestError {
    /// The line of what is wrong, the first is 1.
    pub line: usize,
    /// The character in the line, the first is 1.
    pub column: usize,
    /// What is wrong.
    pub problem: Problem,
}

/// What is wrong at one place of a manifest.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Problem {
    /// The text is not TOML.
    #[error("this is not TOML: {0}")]
    Syntax(String),
    /// A key that means nothing.
    #[error("the key `{key}` is not known {place}{hint}")]
    UnknownKey {
        /// The key.
        key: String,
        /// Where it stands, for example "in `[application]`".
        place: String,
        /// What may be meant, to be read after the place.
        hint: String,
    },
    /// Something is not there that has to be.
    #[error("there is no {what}: {remedy}")]
    Missing {
        /// What is missing.
        what: String,
        /// What to write.
        remedy: String,
    },
    /// A value of the wrong type.
    #[error("{what} is {found}, and has to be {expected}")]
    Type {
        /// Which value.
        what: String,
        /// The type that it has.
        found: &'static str,
        /// What it has to be.
        expected: String,
    },
    /// The name of a component, variable or store has another form than it must.
    #[error("`{id}` can't be the {what}: {expected}")]
    Name {
        /// The name.
        id: String,
        /// Whose name it is.
        what: &'static str,
        /// The form that it must have.
        expected: &'static str,
    },
    /// Something is named that is not there.
    #[error("{what} names the {kind} `{id}`, which is not there{hint}")]
    NotThere {
        /// Who names it.
        what: String,
        /// What kind of thing it is.
        kind: &'static str,
        /// The name.
        id: String,
        /// What may be meant, to be read after the rest.
        hint: String,
    },
    /// Two components have the same id.
    #[error("two components have the id `{0}`: give one of them another")]
    DuplicateComponent(String),
    /// Two triggers have the same id.
    #[error("two triggers have the id `{0}`: give one of them another")]
    DuplicateTrigger(String),
    /// A variable that is neither required nor has a default, or both.
    #[error("the variable `{0}` has to have either `required = true` or a `default`, and not both")]
    RequiredOrDefault(String),
    /// A secret variable whose default would be published.
    #[error(
        "the default of the secret variable `{0}` would be published: write `required = true` in \
         its place, or have it published by --include-secret-defaults"
    )]
    SecretDefault(String),
    /// No component has the wanted profile.
    #[error("no component has the profile `{name}`{hint}")]
    NoProfile {
        /// The profile.
        name: String,
        /// What may be meant, to be read after the rest.
        hint: String,
    },
    /// A file's path can't be used.
    #[error("{what}: the path `{path}` {problem}")]
    Path {
        /// Where it is given.
        what: String,
        /// The path.
        path: String,
        /// What is wrong with it.
        problem: PathError,
    },
    /// A pattern of files can't be used.
    #[error("{what}: the pattern `{pattern}` {problem}")]
    Pattern {
        /// Where it is given.
        what: String,
        /// The pattern.
        pattern: String,
        /// What is wrong with it.
        problem: MountError,
    },
    /// An entry of `allowed_outbound_hosts` can't be used.
    #[error("{what}: `{entry}` can't be used: {problem}")]
    Host {
        /// Where it is given.
        what: String,
        /// The entry.
        entry: String,
        /// What is wrong with it.
        problem: AllowedHostError,
    },
    /// A value that has the right type and still can't be used.
    #[error("{what} {problem}")]
    Value {
        /// Which value.
        what: String,
        /// What is wrong with it, to be read after the rest.
        problem: String,
    },
}

/// A problem and the byte of the text where it is.
#[derive(Debug)]
pub(super) struct Fault {
    pub(super) at: usize,
    pub(super) problem: Problem,
}

impl Fault {
    pub(super) fn new(at: usize, problem: Problem) -> Self {
        Self { at, problem }
    }

    /// The error that a person can use, given the text it is about.
    pub(super) fn locate(self, text: &str) -> ManifestError {
        let before = text.get(..self.at).unwrap_or(text);
        let line_start = before.rfind('\n').map_or(0, |end| end + 1);
        ManifestError {
            line: before.matches('\n').count() + 1,
            column: before
                .get(line_start..)
                .map_or(0, |line| line.chars().count())
                + 1,
            problem: self.problem,
        }
    }
}
