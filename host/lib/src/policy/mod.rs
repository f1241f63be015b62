//! Policies: what publishing and fetching may do, less than the user's configuration
//! grants and never more.
//!
//! Several hold together, and each of them can refuse. They are enforced where things
//! leave this program and where they are stored, whatever a guest does: see
//! `watch::Watch`.

mod pattern;
mod violation;

use std::fmt::Display;
use std::time::Duration;

use wharf_oci::{Origin, Reference, Registry, Repository};

use crate::credentials::SourceKind;
use crate::trust::{self, Rules};

pub use pattern::{OriginPattern, PatternError, RepositoryPattern};
pub use violation::Violation;

/// What may be done. What has no rule is left to the user's configuration.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Policy {
    /// What to call it in messages: the file it stands in.
    pub name: String,
    /// Where requests may go: to no other origins than these, however they were led there.
    pub origins: Option<Rule<Vec<OriginPattern>>>,
    /// The repositories that may be written to and deleted from. They may be asked what
    /// they have, as far as that is part of writing.
    pub push: Option<Rule<Vec<RepositoryPattern>>>,
    /// The repositories that may be read.
    pub pull: Option<Rule<Vec<RepositoryPattern>>>,
    /// The sources whose credentials may be used. Others are not even asked.
    pub credentials: Option<Rule<Vec<SourceKind>>>,
    /// Whether the content store takes nothing new.
    pub read_only_store: Option<Rule<bool>>,
    /// Whether manifests are read and written by digest alone, never by tag.
    pub digests_only: Option<Rule<bool>>,
    /// How many bytes the bodies of all requests may have.
    pub max_bytes_out: Option<Rule<u64>>,
    /// How many bytes the bodies of all answers may have.
    pub max_bytes_in: Option<Rule<u64>>,
    /// How many requests may be sent.
    pub max_requests: Option<Rule<u64>>,
    /// How long all calls may take, from when the [`Wharf`](crate::Wharf) was made.
    pub max_time: Option<Rule<Duration>>,
    /// What has to be signed before it is used, and by whom. Nothing sets it aside.
    pub require_signature: Option<Rule<Rules>>,
}

/// What a rule says, and where that stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule<T> {
    /// What it says.
    pub value: T,
    /// Where that stands, to be read in a sentence: "`push` in `ci.toml`, line 3".
    pub place: String,
}

/// The names of the rules, as they stand in a file.
pub mod key {
    /// [`Policy::origins`](super::Policy::origins).
    pub const ORIGINS: &str = "origins";
    /// [`Policy::push`](super::Policy::push).
    pub const PUSH: &str = "push";
    /// [`Policy::pull`](super::Policy::pull).
    pub const PULL: &str = "pull";
    /// [`Policy::credentials`](super::Policy::credentials).
    pub const CREDENTIALS: &str = "credentials";
    /// [`Policy::read_only_store`](super::Policy::read_only_store).
    pub const READ_ONLY_STORE: &str = "read-only-store";
    /// [`Policy::digests_only`](super::Policy::digests_only).
    pub const DIGESTS_ONLY: &str = "digests-only";
    /// [`Policy::max_bytes_out`](super::Policy::max_bytes_out).
    pub const MAX_BYTES_OUT: &str = "max-bytes-out";
    /// [`Policy::max_bytes_in`](super::Policy::max_bytes_in).
    pub const MAX_BYTES_IN: &str = "max-bytes-in";
    /// [`Policy::max_requests`](super::Policy::max_requests).
    pub const MAX_REQUESTS: &str = "max-requests";
    /// [`Policy::max_time`](super::Policy::max_time).
    pub const MAX_TIME: &str = "max-time";
    /// [`Policy::require_signature`](super::Policy::require_signature).
    pub const REQUIRE_SIGNATURE: &str = "require-signature";
    /// Every rule, in the order in which they are explained.
    pub const ALL: [&str; 11] = [
        ORIGINS,
        PUSH,
        PULL,
        CREDENTIALS,
        READ_ONLY_STORE,
        DIGESTS_ONLY,
        MAX_BYTES_OUT,
        MAX_BYTES_IN,
        MAX_REQUESTS,
        MAX_TIME,
        REQUIRE_SIGNATURE,
    ];
}

/// What is done with a repository.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Right {
    /// It is written to or deleted from.
    Push,
    /// It is read.
    Pull,
}

/// Policies that hold together. None of them allows what another refuses.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Policies(Vec<Policy>);

type Checked = Result<(), Violation>;

impl Policies {
    /// These, all of them.
    #[must_use]
    pub fn new(policies: Vec<Policy>) -> Self {
        Self(policies)
    }

    /// One more.
    pub fn push(&mut self, policy: Policy) {
        self.0.push(policy);
    }

    /// Each of them.
    pub fn iter(&self) -> impl Iterator<Item = &Policy> {
        self.0.iter()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// What has to be signed of a reference.
    pub fn signatures(&self, reference: &Reference) -> impl Iterator<Item = &trust::Rule> {
        let required = self.0.iter().filter_map(|it| it.require_signature.as_ref());
        let rules = required.filter_map(|rules| rules.value.of(reference));
        rules.filter(|rule| rule.mode != trust::Mode::Off)
    }

    /// Whether requests may go to an origin.
    pub fn origin(&self, origin: &Origin) -> Checked {
        self.listed(
            key::ORIGINS,
            |policy| policy.origins.as_ref(),
            |pattern| pattern.covers(origin),
            &format!("a request to {origin}"),
            &origin.to_string(),
        )
    }

    /// Whether a repository may be read or written to.
    pub fn repository(
        &self,
        right: Right,
        registry: &Registry,
        repository: &Repository,
    ) -> Checked {
        let name = format!("{registry}/{repository}");
        let covers = |pattern: &RepositoryPattern| pattern.covers(registry, repository);
        match right {
            Right::Push => self.listed(
                key::PUSH,
                |policy| policy.push.as_ref(),
                covers,
                &format!("writing to {name}"),
                &name,
            ),
            Right::Pull => self.listed(
                key::PULL,
                |policy| policy.pull.as_ref(),
                covers,
                &format!("reading {name}"),
                &name,
            ),
        }
    }

    /// Whether what a reference names may be read, or written under that name.
    pub fn reference(&self, right: Right, reference: &Reference) -> Checked {
        self.repository(right, &reference.registry, &reference.repository)?;
        match (&reference.digest, &reference.tag) {
            (None, Some(tag)) => self.tag(&format!(
                "{}/{}:{tag}",
                reference.registry, reference.repository
            )),
            _ => Ok(()),
        }
    }

    /// Whether a manifest may be named by a tag. `name` is for messages.
    pub fn tag(&self, name: &str) -> Checked {
        let mut rules = self
            .0
            .iter()
            .filter_map(|policy| policy.digests_only.as_ref().filter(|rule| rule.value));
        match rules.next() {
            None => Ok(()),
            Some(rule) => Err(Violation::new(
                key::DIGESTS_ONLY,
                &rule.place,
                &format!("naming {name} by its tag"),
                "manifests are read and written by digest alone",
                "write `@sha256:…` in place of the tag (`wharf registry resolve` tells it where tags may be used)",
            )),
        }
    }

    /// Whether credentials of a source may be used.
    pub fn credential(&self, kind: SourceKind) -> Checked {
        self.listed(
            key::CREDENTIALS,
            |policy| policy.credentials.as_ref(),
            |allowed| *allowed == kind,
            &format!("using {}", kind.description()),
            kind.as_str(),
        )
    }

    /// The first rule about credentials that allows not all sources.
    pub(crate) fn withheld(&self) -> Option<Violation> {
        let mut all = SourceKind::ALL.into_iter();
        all.find_map(|kind| self.credential(kind).err())
    }

    /// Whether the content store may take content.
    pub fn store(&self) -> Checked {
        let mut rules = self
            .0
            .iter()
            .filter_map(|policy| policy.read_only_store.as_ref().filter(|rule| rule.value));
        match rules.next() {
            None => Ok(()),
            Some(rule) => Err(Violation::new(
                key::READ_ONLY_STORE,
                &rule.place,
                "storing content",
                "the content store is only read",
                "fetch or load what is needed before, without that policy",
            )),
        }
    }

    /// The least of what the policies allow of something that is counted.
    pub(crate) fn least<T: Ord + Copy>(
        &self,
        rule: impl Fn(&Policy) -> Option<&Rule<T>>,
    ) -> Option<Rule<T>> {
        let rules = self.0.iter().filter_map(rule);
        rules.min_by_key(|rule| rule.value).cloned()
    }

    /// Whether what a list rule is about is in every such list.
    fn listed<T: Display>(
        &self,
        rule: &'static str,
        of: impl Fn(&Policy) -> Option<&Rule<Vec<T>>>,
        covers: impl Fn(&T) -> bool,
        refused: &str,
        wanted: &str,
    ) -> Checked {
        for policy in &self.0 {
            let Some(list) = of(policy) else { continue };
            if list.value.iter().any(&covers) {
                continue;
            }
            let names: Vec<_> = list.value.iter().map(|one| format!("`{one}`")).collect();
            let why = if names.is_empty() {
                "it allows none".to_owned()
            } else {
                format!("it allows {}", names.join(", "))
            };
            let way_out = format!("to allow it, add \"{wanted}\" there");
            return Err(Violation::new(rule, &list.place, refused, &why, &way_out));
        }
        Ok(())
    }
}

impl Policy {
    /// A policy without rules, by this name.
    #[must_use]
    pub fn named(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            ..Self::default()
        }
    }

    /// Its rules, each by its key, with its value as text and its place.
    #[must_use]
    pub fn rules(&self) -> Vec<(&'static str, String, &str)> {
        fn list<T: Display>(rule: &Rule<Vec<T>>) -> (String, &str) {
            let all: Vec<_> = rule.value.iter().map(ToString::to_string).collect();
            let text = if all.is_empty() {
                "none".to_owned()
            } else {
                all.join(", ")
            };
            (text, &rule.place)
        }
        fn one<T: Display>(rule: &Rule<T>) -> (String, &str) {
            (rule.value.to_string(), &rule.place)
        }
        let time = self.max_time.as_ref();
        let time = time.map(|rule| (format!("{:?}", rule.value), rule.place.as_str()));
        let all = [
            (key::ORIGINS, self.origins.as_ref().map(list)),
            (key::PUSH, self.push.as_ref().map(list)),
            (key::PULL, self.pull.as_ref().map(list)),
            (key::CREDENTIALS, self.credentials.as_ref().map(list)),
            (key::READ_ONLY_STORE, self.read_only_store.as_ref().map(one)),
            (key::DIGESTS_ONLY, self.digests_only.as_ref().map(one)),
            (key::MAX_BYTES_OUT, self.max_bytes_out.as_ref().map(one)),
            (key::MAX_BYTES_IN, self.max_bytes_in.as_ref().map(one)),
            (key::MAX_REQUESTS, self.max_requests.as_ref().map(one)),
            (key::MAX_TIME, time),
            (
                key::REQUIRE_SIGNATURE,
                self.require_signature.as_ref().map(one),
            ),
        ];
        all.into_iter()
            .filter_map(|(key, rule)| rule.map(|(value, place)| (key, value, place)))
            .collect()
    }
}

#[cfg(test)]
mod tests;
