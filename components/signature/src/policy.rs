//! A requirement that was read: its keys and patterns are such.

use regex_lite::{Regex, RegexBuilder};

use wharf_keyless::Root;

use crate::key::Key;
use crate::{Authority, Error, Matcher, Requirement, limit};

/// A requirement that can be used.
pub(crate) struct Policy<'a> {
    pub(crate) requirement: &'a Requirement,
    /// Each key once, and the names of the signers that have it.
    keys: Vec<(Key, Vec<&'a str>)>,
    identities: Vec<Identity<'a>>,
    root: Option<Root>,
}

struct Identity<'a> {
    signer: &'a str,
    name: Wanted<'a>,
    issuer: Wanted<'a>,
}

enum Wanted<'a> {
    Exact(&'a str),
    Pattern(Regex),
}

impl<'a> Policy<'a> {
    /// Reads a requirement.
    pub(crate) fn new(requirement: &'a Requirement) -> Result<Self, Error> {
        if requirement.signers.len() > limit::SIGNERS {
            let most = limit::SIGNERS;
            return Err(Error::LimitExceeded(format!(
                "more than {most} signers are named"
            )));
        }
        let mut policy = Self {
            requirement,
            keys: Vec::new(),
            identities: Vec::new(),
            root: root(requirement)?,
        };
        for signer in &requirement.signers {
            let name = signer.name.as_str();
            match &signer.authority {
                Authority::Key(pem) => policy.add_key(name, pem)?,
                Authority::Identity {
                    name: subject,
                    issuer,
                } => policy.identities.push(Identity {
                    signer: name,
                    name: Wanted::new(subject, name, "name")?,
                    issuer: Wanted::new(issuer, name, "issuer")?,
                }),
            }
        }
        policy.check_threshold()?;
        policy.check_root()?;
        Ok(policy)
    }

    fn check_root(&self) -> Result<(), Error> {
        let needed_for = if self.root.is_some() {
            None
        } else if self.asks_for_identities() {
            Some("identities are recognised")
        } else {
            let asks_for_logs = self.requirement.key_in_log;
            asks_for_logs.then_some("entries of transparency logs are judged")
        };
        match needed_for {
            None => Ok(()),
            Some(what) => Err(Error::InvalidInput(format!(
                "there is no trusted root, by which {what}: give one"
            ))),
        }
    }

    fn add_key(&mut self, signer: &'a str, pem: &str) -> Result<(), Error> {
        let key = Key::parse(pem).map_err(|reason| {
            Error::InvalidInput(format!("the public key of `{signer}` {reason}"))
        })?;
        let mut keys = self.keys.iter_mut();
        match keys.find(|(known, _)| known.fingerprint() == key.fingerprint()) {
            Some((_, names)) => names.push(signer),
            None => self.keys.push((key, vec![signer])),
        }
        Ok(())
    }

    fn check_threshold(&self) -> Result<(), Error> {
        let mut names: Vec<&str> = self
            .requirement
            .signers
            .iter()
            .map(|signer| signer.name.as_str())
            .collect();
        names.sort_unstable();
        names.dedup();
        let threshold = self.requirement.threshold as usize;
        let most = names.len().min(self.keys.len() + self.identities.len());
        if self.requirement.signers.is_empty() {
            return Err(Error::InvalidInput(
                "nobody is named who must have signed: name a key or an identity".to_owned(),
            ));
        }
        if threshold == 0 || threshold > most {
            return Err(Error::InvalidInput(format!(
                "{threshold} of the signers must have signed, and {most} different ones are named: \
                 a number from 1 to {most} is expected"
            )));
        }
        Ok(())
    }

    /// The key that a signature over a message is by.
    pub(crate) fn key_of(&self, message: &[u8], signature: &[u8]) -> Option<(&Key, &[&'a str])> {
        let mut keys = self.keys.iter();
        let (key, names) = keys.find(|(key, _)| key.verifies(message, signature))?;
        Some((key, names))
    }

    /// Whether a key with this fingerprint is asked for.
    pub(crate) fn has_key(&self, fingerprint: &[u8; 32]) -> bool {
        self.keys
            .iter()
            .any(|(key, _)| key.fingerprint() == *fingerprint)
    }

    /// Whether anybody is to be recognised by a certificate.
    pub(crate) fn asks_for_identities(&self) -> bool {
        !self.identities.is_empty()
    }

    pub(crate) fn root(&self) -> Option<&Root> {
        self.root.as_ref()
    }

    /// The signers that an identity is.
    pub(crate) fn signers(&self, name: &str, issuer: &str) -> Vec<&'a str> {
        let identities = self.identities.iter();
        let fitting =
            identities.filter(|wanted| wanted.name.fits(name) && wanted.issuer.fits(issuer));
        fitting.map(|wanted| wanted.signer).collect()
    }
}

fn root(requirement: &Requirement) -> Result<Option<Root>, Error> {
    let root = requirement.trusted_root.as_deref().map(Root::parse);
    root.transpose().map_err(|reason| {
        let reason = wharf_oci::problem::clean(&reason, limit::SHOWN_CHARS);
        Error::InvalidInput(format!("the trusted root can't be used: {reason}"))
    })
}

impl<'a> Wanted<'a> {
    fn new(matcher: &'a Matcher, signer: &str, what: &str) -> Result<Self, Error> {
        let refused = |reason: String| {
            Error::InvalidInput(format!(
                "the {what} that `{signer}` is recognised by {reason}"
            ))
        };
        match matcher {
            Matcher::Exact(text) | Matcher::Pattern(text) if text.is_empty() => {
                Err(refused("is empty".to_owned()))
            }
            Matcher::Exact(text) => Ok(Self::Exact(text)),
            Matcher::Pattern(pattern) if pattern.len() > limit::PATTERN_BYTES => {
                Err(refused(format!(
                    "is a regular expression of more than {} bytes",
                    limit::PATTERN_BYTES
                )))
            }
            Matcher::Pattern(pattern) => {
                let wrong =
                    |error| refused(format!("is a regular expression that is wrong: {error}"));
                // By itself first, so that it can't close the group that it is put into.
                RegexBuilder::new(pattern).build().map_err(wrong)?;
                let whole = RegexBuilder::new(&format!(r"\A(?:{pattern})\z")).build();
                whole.map(Self::Pattern).map_err(wrong)
            }
        }
    }

    fn fits(&self, text: &str) -> bool {
        match self {
            Self::Exact(wanted) => *wanted == text,
            Self::Pattern(pattern) => pattern.is_match(text),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Signer;
    use proptest::prelude::*;

    fn wanted(name: Matcher, issuer: Matcher) -> Requirement {
        Requirement {
            signers: vec![Signer {
                name: "us".to_owned(),
                authority: Authority::Identity { name, issuer },
            }],
            threshold: 1,
            trusted_root: Some(wharf_keyless::PUBLIC_GOOD.into()),
            ..Requirement::default()
        }
    }

    fn pattern(text: &str) -> Matcher {
        Matcher::Pattern(text.to_owned())
    }

    fn exact(text: &str) -> Matcher {
        Matcher::Exact(text.to_owned())
    }

    #[test]
    fn a_pattern_fits_the_whole_or_nothing() {
        for (pattern, text, well) in [
            ("a@example.com", "a@example.com", true),
            (".*@example[.]com", "a@example.com", true),
            (".*@example[.]com", "a@example.com.evil.org", false),
            (".*@example[.]com", "a@example.com\n", false),
            (".*@example[.]com", "x\na@example.com", false),
            ("(?m)a@example[.]com", "a@example.com\nx", false),
            ("a|ab", "ab", true),
            (
                "a@example[.]com|b@example[.]com",
                "b@example.com.evil.org",
                false,
            ),
            (
                "a@example[.]com|b@example[.]com",
                "evil a@example.com",
                false,
            ),
            (
                "https://github[.]com/us/",
                "https://github.com/us/app",
                false,
            ),
            ("^a$", "a", true),
            ("", "", false),
        ] {
            let requirement = wanted(super::tests::pattern(pattern), exact("i"));
            let fits =
                Policy::new(&requirement).is_ok_and(|policy| !policy.signers(text, "i").is_empty());
            assert_eq!(fits, well, "{pattern} {text:?}");
        }
    }

    #[test]
    fn name_and_issuer_both_have_to_fit() {
        let requirement = wanted(exact("a@b"), exact("https://issuer"));
        let policy = Policy::new(&requirement).unwrap();
        assert_eq!(policy.signers("a@b", "https://issuer"), ["us"]);
        for (name, issuer) in [
            ("a@b", ""),
            ("", "https://issuer"),
            ("A@b", "https://issuer"),
            ("a@b", "https://issuer/"),
            ("", ""),
        ] {
            assert!(policy.signers(name, issuer).is_empty(), "{name} {issuer}");
        }
    }

    #[test]
    fn identities_that_can_not_be_used_are_refused() {
        let long = "a".repeat(limit::PATTERN_BYTES + 1);
        for (name, issuer, why) in [
            (
                exact(""),
                exact("i"),
                "the name that `us` is recognised by is empty",
            ),
            (
                exact("n"),
                exact(""),
                "the issuer that `us` is recognised by is empty",
            ),
            (pattern(""), exact("i"), "empty"),
            (pattern("("), exact("i"), "wrong"),
            (pattern("a)|(?:b"), exact("i"), "wrong"),
            (pattern(&long), exact("i"), "more than"),
            (pattern("((a{100}){100}){100}"), exact("i"), "wrong"),
        ] {
            let requirement = wanted(name, issuer);
            let Err(error) = Policy::new(&requirement) else {
                panic!("{why}");
            };
            assert!(error.to_string().contains(why), "{why}: {error}");
        }
        let mut requirement = wanted(exact("n"), exact("i"));
        requirement.trusted_root = None;
        assert!(Policy::new(&requirement).is_err());
    }

    proptest! {
        #[test]
        fn no_pattern_panics(text in ".{1,40}", name in ".{0,40}") {
            let requirement = wanted(pattern(&text), exact("i"));
            if let Ok(policy) = Policy::new(&requirement) {
                let _ = policy.signers(&name, "i");
            }
        }
    }
}
