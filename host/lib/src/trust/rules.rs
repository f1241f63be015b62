//! What is required of content before it is used, by where it comes from.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use wharf_oci::Reference;

use super::{Requirement, wanted};

/// How a rule is meant.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Mode {
    /// What does not meet it is not used.
    #[default]
    Require,
    /// What does not meet it is used, and that is said.
    Warn,
    /// Nothing is looked at.
    Off,
}

/// What is required of some references.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    /// How it is meant.
    pub mode: Mode,
    /// What has to be found.
    pub requirement: Requirement,
    /// Where it stands, to be read in a sentence: "`trust.default` in `wharf.toml`".
    pub place: String,
}

/// The beginning of references: a registry, or some of its repositories, in whole parts.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Prefix(String);

/// What a [`Prefix`] looks like, for messages.
pub const PREFIX_EXPECTED: &str =
    "expected a registry and the beginning of its repositories, such as `ghcr.io/team`";

impl FromStr for Prefix {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let text = text.strip_suffix('/').unwrap_or(text);
        let registry = text.split('/').next().unwrap_or_default();
        // A bare name would be a repository of Docker Hub in a reference, and is a
        // registry here: what is meant is said in full.
        let parsed: Result<Reference, _> = match text.split_once('/') {
            Some(_) => text.parse(),
            None => format!("{text}/any").parse(),
        };
        match parsed {
            Ok(reference)
                if reference.digest.is_none()
                    && reference.registry.as_str() == registry
                    && text.len() <= 512
                    && !text
                        .rsplit('/')
                        .next()
                        .is_some_and(|last| last != registry && last.contains(':')) =>
            {
                let rest = &text[registry.len()..];
                Ok(Self(format!("{}{rest}", plain(registry))))
            }
            _ => Err(PREFIX_EXPECTED),
        }
    }
}

/// A registry without the port that is meant where none is named: it is the same one.
fn plain(registry: &str) -> &str {
    registry.strip_suffix(":443").unwrap_or(registry)
}

impl fmt::Display for Prefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Prefix {
    /// Whether a repository, `registry/repository`, begins with it.
    fn covers(&self, repository: &str) -> bool {
        repository
            .strip_prefix(&self.0)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    }
}

/// Rules that were written down together, in one file: of those that fit a reference, the
/// one that fits most closely counts.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Rules {
    /// By the beginnings of references.
    pub prefixes: BTreeMap<Prefix, Rule>,
    /// For all others.
    pub default: Option<Rule>,
}

/// What they require, in words.
impl fmt::Display for Rules {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let others = self.default.iter();
        let others = others.map(|rule| ("everything else".to_owned(), rule));
        let named = self.prefixes.iter();
        let named = named.map(|(prefix, rule)| (prefix.to_string(), rule));
        let all = named.chain(others);
        let all = all.map(|(what, rule)| format!("{what} by {}", wanted(&rule.requirement)));
        let all: Vec<_> = all.collect();
        f.write_str(if all.is_empty() { "nothing" } else { "" })?;
        f.write_str(&all.join("; "))
    }
}

impl Rules {
    /// The rule for a reference.
    #[must_use]
    pub fn of(&self, reference: &Reference) -> Option<&Rule> {
        let registry = plain(reference.registry.as_str());
        let repository = format!("{registry}/{}", reference.repository);
        let fitting = self.prefixes.iter();
        let fitting = fitting.filter(|(prefix, _)| prefix.covers(&repository));
        let closest = fitting.max_by_key(|(prefix, _)| prefix.0.len());
        closest.map(|(_, rule)| rule).or(self.default.as_ref())
    }
}

/// All that is required. Each part holds besides the others: what one of them asks for, no
/// other takes back.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Trust {
    /// What files say, each for itself.
    pub rules: Vec<Rules>,
    /// What is asked for in every case.
    pub always: Vec<Rule>,
    /// Whether what is required by these is only looked for, and what does not meet it is
    /// used all the same. What policies require is not concerned.
    pub unverified: bool,
}

impl Trust {
    /// What is required of a reference, as far as it is looked at.
    pub fn of(&self, reference: &Reference) -> impl Iterator<Item = &Rule> {
        let of_files = self.rules.iter().filter_map(|rules| rules.of(reference));
        let all = of_files.chain(&self.always);
        all.filter(|rule| rule.mode != Mode::Off)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(place: &str) -> Rule {
        Rule {
            mode: Mode::Require,
            requirement: Requirement::default(),
            place: place.to_owned(),
        }
    }

    #[test]
    fn the_closest_beginning_counts_in_whole_parts() {
        let rules = Rules {
            prefixes: [
                ("r.example", "all"),
                ("r.example/team", "team"),
                ("r.example/team/app", "app"),
                ("localhost:5000", "local"),
                ("s.example:443/team", "with port"),
            ]
            .into_iter()
            .map(|(prefix, place)| (prefix.parse().unwrap(), rule(place)))
            .collect(),
            default: Some(rule("default")),
        };
        for (reference, place) in [
            ("r.example/team/app:1", "app"),
            ("r.example/team/apple:1", "team"),
            ("r.example/team/app/more:1", "app"),
            ("r.example/teammate:1", "all"),
            ("r.example.org/team/app:1", "default"),
            ("localhost:5000/x:1", "local"),
            ("localhost:50001/x:1", "default"),
            ("r.example:443/team/app:1", "app"),
            ("s.example/team/app:1", "with port"),
            ("s.example:443/team/app:1", "with port"),
            ("r.example:4430/team/app:1", "default"),
            ("hello", "default"),
        ] {
            let found = rules.of(&reference.parse().unwrap()).unwrap();
            assert_eq!(found.place, place, "{reference}");
        }
    }

    #[test]
    fn a_beginning_is_no_tag_no_digest_and_no_short_name() {
        for good in [
            "ghcr.io",
            "ghcr.io/team/",
            "localhost:5000",
            "localhost:5000/a/b",
            "docker.io/library",
        ] {
            assert!(good.parse::<Prefix>().is_ok(), "{good}");
        }
        for bad in [
            "",
            "/",
            "team",
            "team/app",
            "ghcr.io/app:1",
            "ghcr.io//a",
            "ghcr.io/A",
            "*",
            "ghcr.io/*",
        ] {
            assert!(bad.parse::<Prefix>().is_err(), "{bad}");
        }
    }

    #[test]
    fn what_is_off_is_not_looked_at_and_nothing_takes_back_what_another_requires() {
        let of_file = |mode| Rules {
            prefixes: BTreeMap::new(),
            default: Some(Rule {
                mode,
                ..rule("file")
            }),
        };
        let trust = Trust {
            rules: vec![of_file(Mode::Off), of_file(Mode::Require)],
            always: vec![rule("command line")],
            unverified: false,
        };
        let reference = "r.example/a".parse().unwrap();
        let places: Vec<_> = trust
            .of(&reference)
            .map(|rule| rule.place.as_str())
            .collect();
        assert_eq!(places, ["file", "command line"]);
    }
}
