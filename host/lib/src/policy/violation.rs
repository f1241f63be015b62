//! Why a policy refused something.

use std::fmt;

/// A policy refused something. Its text says what, by which rule, where that stands, and
/// the way out.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Violation {
    /// The rule, by its key in the file: `origins`, say.
    pub rule: &'static str,
    /// Where the rule stands.
    pub place: String,
    /// What was refused: "writing to r.example/a".
    pub refused: String,
    /// What the rule says about it.
    pub why: String,
    /// What to do for it to be allowed.
    pub way_out: String,
}

impl Violation {
    pub(crate) fn new(
        rule: &'static str,
        place: &str,
        refused: &str,
        why: &str,
        way_out: &str,
    ) -> Self {
        Self {
            rule,
            place: place.to_owned(),
            refused: refused.to_owned(),
            why: why.to_owned(),
            way_out: way_out.to_owned(),
        }
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            place,
            refused,
            why,
            way_out,
            ..
        } = self;
        write!(f, "{refused} is not allowed by {place}: {why}; {way_out}")
    }
}

impl std::error::Error for Violation {}
