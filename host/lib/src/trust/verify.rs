//! Verification of one manifest: the evidence is gathered, and the trust component judges.

use std::fmt;
use std::time::{SystemTime, UNIX_EPOCH};

use wharf_oci::manifest::Manifest;
use wharf_oci::{Descriptor, Digest, Reference, media_type};

use super::evidence::{Gathered, Kind};
use super::search::Search;
use super::{Finding, Requirement, Worth};
use crate::bindings::types;
use crate::bindings::verification::{Evidence, Verdict};
use crate::call::unexpected;
use crate::error::Error;
use crate::session::registry::Asked;
use crate::session::trust::{Answer, Question, ask};
use crate::wharf::Wharf;

/// Where signatures are looked for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Look {
    /// In the store, and at the registry when what is there is not enough.
    #[default]
    Missing,
    /// At the registry.
    Registry,
    /// In the store alone.
    Here,
}

/// What was verified.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Verified {
    /// The manifest.
    pub subject: Descriptor,
    /// Each signature, also those that did not count.
    pub findings: Vec<Finding>,
}

/// Why something is not trusted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Distrust {
    /// It is not signed by those who must have.
    Unsigned,
    /// A signature is wrong, and no other is enough.
    Wrong,
    /// It is not known: not all that may be a signature could be looked at.
    Unknown,
}

/// Something that is not trusted, and all that is known of it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Untrusted {
    /// What it is, with its digest.
    pub reference: String,
    /// Why it is not.
    pub why: Distrust,
    /// Whose word would have counted, and how many of them.
    pub wanted: String,
    /// Each signature that was found.
    pub findings: Vec<Finding>,
    /// What could not be looked at.
    pub missed: Vec<Error>,
}

impl Untrusted {
    /// What there is to say, a line each: what is missing, and then what was found and what
    /// could not be looked at.
    #[must_use]
    pub fn lines(&self) -> Vec<String> {
        let Self {
            reference, wanted, ..
        } = self;
        let mut lines = vec![match self.why {
            Distrust::Unsigned => format!("{reference} is not signed by {wanted}"),
            Distrust::Wrong => format!("{reference} has a signature that is wrong"),
            Distrust::Unknown => {
                format!("whether {reference} is signed by {wanted} could not be found out")
            }
        }];
        lines.extend(self.missed.iter().map(ToString::to_string));
        if self.why == Distrust::Unsigned && self.findings.is_empty() {
            lines.push("it has no signature".to_owned());
        }
        for finding in &self.findings {
            let at = at(finding);
            lines.push(match (&finding.by, &finding.outcome) {
                (_, Worth::Accepted(names)) => {
                    format!("{at} is by {}, and more is asked for", names.join(", "))
                }
                (Some(by), Worth::Foreign(why)) => format!("{at} is by {by}: {why}"),
                (_, Worth::Foreign(why) | Worth::Wrong(why) | Worth::Unusable(why)) => {
                    format!("{at}: {why}")
                }
            });
        }
        lines
    }
}

impl fmt::Display for Untrusted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.lines().join("; "))
    }
}

/// Where a signature stands.
fn at(finding: &Finding) -> String {
    match finding.layer.as_ref().or(finding.manifest.as_ref()) {
        Some(digest) => format!("the signature {digest}"),
        None => "the signature of the file".to_owned(),
    }
}

impl Wharf {
    /// Fails when a requirement can't be used: a key that is none, a wrong regular
    /// expression, an identity without a trusted root.
    pub async fn check_requirement(&self, requirement: &Requirement) -> Result<(), Error> {
        let state = self.state_without_files();
        let question = Question::Check(requirement.clone());
        match self.overseer().in_time(ask(state, question)).await? {
            Answer::Nothing => Ok(()),
            _ => Err(unexpected()),
        }
    }

    /// Verifies that a manifest, the one of the reference's digest or the one that its tag
    /// leads to now, has the signatures that are required. What is not trusted is
    /// [`Error::Untrusted`].
    pub async fn verify(
        &self,
        reference: &Reference,
        requirement: &Requirement,
        look: Look,
    ) -> Result<Verified, Error> {
        let _work = self.at_work().await?;
        let subject = self.to_verify(reference, look).await?;
        let mut search = Search::new(self, reference, &subject, look);
        self.verify_manifest(&mut search, requirement).await
    }

    /// The same with a bundle that lay in a file, in place of what the registry has.
    pub async fn verify_bundle(
        &self,
        reference: &Reference,
        requirement: &Requirement,
        bundle: Vec<u8>,
        look: Look,
    ) -> Result<Verified, Error> {
        let _work = self.at_work().await?;
        let subject = self.to_verify(reference, look).await?;
        let evidence = [Evidence::Bundle(bundle)];
        let verdict = self
            .judge(reference, &subject, requirement, &evidence)
            .await?;
        verdict_of(reference, &subject, requirement, verdict, &[])
    }

    /// What is to be verified. Of a digest nothing more has to be known: it is what is signed.
    async fn to_verify(&self, reference: &Reference, look: Look) -> Result<Descriptor, Error> {
        let Some(digest) = &reference.digest else {
            return self.subject(reference, look).await;
        };
        match self.described(digest).await {
            Err(Error::MissingContent(_)) => {
                let kind = media_type::IMAGE_MANIFEST;
                Ok(Descriptor::new(kind, digest.clone(), 0))
            }
            described => described,
        }
    }

    /// What a reference leads to: an index too, since it is what its author signed. A digest
    /// is looked up in the store first, whatever the look.
    pub(super) async fn subject(
        &self,
        reference: &Reference,
        look: Look,
    ) -> Result<Descriptor, Error> {
        self.subject_of(reference, look, true).await
    }

    /// The same, by mirrors too or by the registry alone.
    pub(super) async fn subject_of(
        &self,
        reference: &Reference,
        look: Look,
        at_mirrors: bool,
    ) -> Result<Descriptor, Error> {
        let known = match (&reference.digest, look) {
            (Some(digest), _) => Some(digest.clone()),
            (None, Look::Here) => self.last_seen(reference).await?,
            (None, Look::Missing | Look::Registry) => None,
        };
        let absent = || Error::MissingContent(reference.to_string());
        let here = match known {
            Some(digest) => self.described(&digest).await,
            None => Err(absent()),
        };
        match here {
            Err(Error::MissingContent(_)) if look == Look::Here => Err(absent()),
            Err(Error::MissingContent(_)) => {
                let asked = Asked::whole();
                self.resolve_asked(reference, asked, at_mirrors).await
            }
            here => here,
        }
    }

    /// A manifest of the store, as a descriptor.
    pub async fn described(&self, digest: &Digest) -> Result<Descriptor, Error> {
        let content = self.stored(digest).await?;
        let content = content.ok_or_else(|| Error::MissingContent(digest.to_string()))?;
        let kind = match Manifest::parse(&content, None) {
            Ok(manifest) => manifest.media_type(None),
            Err(_) => media_type::IMAGE_MANIFEST.to_owned(),
        };
        Ok(Descriptor::new(&kind, digest.clone(), content.len() as u64))
    }

    /// Verifies the manifest that a search is about.
    pub(super) async fn verify_manifest(
        &self,
        search: &mut Search<'_>,
        requirement: &Requirement,
    ) -> Result<Verified, Error> {
        let (reference, subject, look) = (search.reference, search.subject, search.look);
        let kind = match requirement.predicate {
            None => Kind::Signature,
            Some(_) => Kind::Attestation,
        };
        if look != Look::Registry {
            let gathered = search.here(kind).await?;
            let (verdict, missed) = self
                .judge_all(reference, subject, requirement, gathered)
                .await?;
            if verdict.satisfied || look == Look::Here {
                return verdict_of(reference, subject, requirement, verdict, &missed);
            }
        }
        let gathered = search.there(kind).await?;
        let (verdict, missed) = self
            .judge_all(reference, subject, requirement, gathered)
            .await?;
        verdict_of(reference, subject, requirement, verdict, &missed)
    }

    /// What all that was found is worth, and what could not be looked at. Where some of it
    /// stops the component, the rest is judged without it.
    async fn judge_all(
        &self,
        reference: &Reference,
        subject: &Descriptor,
        requirement: &Requirement,
        gathered: &Gathered,
    ) -> Result<(Verdict, Vec<Error>), Error> {
        let Gathered { evidence, missed } = gathered;
        let mut missed = missed.clone();
        let judging = self.judge(reference, subject, requirement, evidence);
        match judging.await {
            Err(error) if is_stopped(&error) => {}
            verdict => return Ok((verdict?, missed)),
        }
        let mut sound = Vec::new();
        for one in evidence {
            let alone = std::slice::from_ref(one);
            match self.judge(reference, subject, requirement, alone).await {
                Ok(_) => sound.push(one.clone()),
                Err(error) if !is_stopped(&error) => return Err(error),
                Err(error) if missed.contains(&error) => {}
                Err(error) => missed.push(error),
            }
        }
        let judging = self.judge(reference, subject, requirement, &sound);
        match judging.await {
            Err(error) if is_stopped(&error) => {
                missed.push(error);
                let verdict = Verdict {
                    satisfied: false,
                    findings: Vec::new(),
                };
                Ok((verdict, missed))
            }
            verdict => Ok((verdict?, missed)),
        }
    }

    async fn judge(
        &self,
        reference: &Reference,
        subject: &Descriptor,
        requirement: &Requirement,
        evidence: &[Evidence],
    ) -> Result<Verdict, Error> {
        let state = self.state_without_files();
        state
            .watch
            .begins(("verify", subject.digest.as_str()), None, Ok(()))?;
        let question = Question::Verify {
            subject: given(subject),
            repository: Some(format!("{}/{}", reference.registry, reference.repository)),
            evidence: evidence.to_vec(),
            requirement: requirement.clone(),
            now: now(),
        };
        match self.overseer().in_time(ask(state, question)).await? {
            Answer::Verdict(verdict) => Ok(verdict),
            _ => Err(unexpected()),
        }
    }
}

/// Whether it was what is judged that stopped the component.
fn is_stopped(error: &Error) -> bool {
    matches!(error, Error::LimitExceeded(_) | Error::Other(_))
}

fn verdict_of(
    reference: &Reference,
    subject: &Descriptor,
    requirement: &Requirement,
    verdict: Verdict,
    missed: &[Error],
) -> Result<Verified, Error> {
    let Verdict {
        satisfied,
        findings,
    } = verdict;
    if satisfied {
        let subject = subject.clone();
        return Ok(Verified { subject, findings });
    }
    let is_wrong = |finding: &Finding| matches!(finding.outcome, Worth::Wrong(_));
    let why = if findings.iter().any(is_wrong) {
        Distrust::Wrong
    } else if missed.is_empty() {
        Distrust::Unsigned
    } else {
        Distrust::Unknown
    };
    Err(Error::Untrusted(Box::new(Untrusted {
        reference: reference.at_digest(subject.digest.clone()).to_string(),
        why,
        wanted: wanted(requirement),
        findings,
        missed: missed.to_vec(),
    })))
}

/// Whose word counts, in words.
#[must_use]
pub fn wanted(requirement: &Requirement) -> String {
    let names: Vec<_> = requirement
        .signers
        .iter()
        .map(|signer| signer.name.as_str())
        .collect();
    match (names.as_slice(), requirement.threshold) {
        ([], _) => "anyone whose word counts: nobody is named".to_owned(),
        ([name], _) => (*name).to_owned(),
        (_, 1) => format!("any of {}", names.join(", ")),
        (_, threshold) => format!("{threshold} of {}", names.join(", ")),
    }
}

/// A descriptor as the contract has it.
pub(super) fn given(descriptor: &Descriptor) -> types::Descriptor {
    types::Descriptor {
        media_type: descriptor.media_type.clone(),
        digest: descriptor.digest.to_string(),
        size: descriptor.size,
    }
}

/// The time, in seconds since 1970-01-01T00:00:00Z.
#[must_use]
pub fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map(|time| time.as_secs()).unwrap_or_default()
}
