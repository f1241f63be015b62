//! Enforcement: nothing is used that does not meet what is required of it, and what is
//! used is what was verified, by its digest.

use wharf_oci::{Descriptor, Platform, Reference, media_type};

use super::search::Search;
use super::verify::{Look, Untrusted, Verified};
use super::{Mode, Rule};
use crate::audit::Standing;
use crate::capability::grant::Access;
use crate::error::Error;
use crate::progress::Event;
use crate::pull::Pull;
use crate::session::registry::Asked;
use crate::wharf::Wharf;

/// What may be used.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Trusted {
    /// What was verified, by its digest.
    pub reference: Reference,
    /// The same, as a descriptor.
    pub subject: Descriptor,
    /// What was found, for each rule that holds.
    pub verified: Vec<Verified>,
}

/// A rule that holds, and whether it is met.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Judged {
    /// The rule.
    pub rule: Rule,
    /// What meets it, or what is missing.
    pub outcome: Result<Verified, Box<Untrusted>>,
}

/// A rule that holds.
struct Holding<'a> {
    rule: &'a Rule,
    /// Whether the user can set it aside.
    may_be_set_aside: bool,
}

/// A manifest, and what each rule says of it, in the order of the rules.
struct Judgement {
    manifest: Descriptor,
    outcomes: Vec<Result<Verified, Box<Untrusted>>>,
}

impl Judgement {
    fn is_met(&self) -> bool {
        self.outcomes.iter().all(Result::is_ok)
    }
}

impl Wharf {
    /// The rules that hold for a reference.
    fn holding(&self, reference: &Reference) -> Vec<Holding<'_>> {
        let trust = self.trust().of(reference).map(|rule| (rule, true));
        let policies = self.overseer().policies().signatures(reference);
        let all = trust.chain(policies.map(|rule| (rule, false)));
        let holding = |(rule, may_be_set_aside)| Holding {
            rule,
            may_be_set_aside,
        };
        all.map(holding).collect()
    }

    /// What each rule says that holds for a reference, by the configuration or a policy:
    /// whether what it leads to may be used. Nothing is enforced.
    pub async fn judged(
        &self,
        reference: &Reference,
        policy: Pull,
        platform: Option<&Platform>,
    ) -> Result<Vec<Judged>, Error> {
        let Some((rules, judgement)) = self.judged_rules(reference, policy, platform).await? else {
            return Ok(Vec::new());
        };
        let judged = rules.iter().zip(judgement.outcomes);
        let judged = judged.map(|(holding, outcome)| Judged {
            rule: holding.rule.clone(),
            outcome,
        });
        Ok(judged.collect())
    }

    /// Finds out what a reference leads to and verifies that, as the rules require: its tag
    /// is resolved once. None when nothing is required of it.
    ///
    /// Of an index, either it or the manifest of the platform has to be signed.
    pub async fn trusted(
        &self,
        reference: &Reference,
        policy: Pull,
        platform: Option<&Platform>,
    ) -> Result<Option<Trusted>, Error> {
        match self.judged_rules(reference, policy, platform).await? {
            Some((rules, judgement)) => self.enforced(reference, &rules, judgement).map(Some),
            None => Ok(None),
        }
    }

    /// The rules that hold for a reference, and what they say; none when nothing is required
    /// of it.
    async fn judged_rules(
        &self,
        reference: &Reference,
        policy: Pull,
        platform: Option<&Platform>,
    ) -> Result<Option<(Vec<Holding<'_>>, Judgement)>, Error> {
        let rules = self.holding(reference);
        if rules.is_empty() {
            return Ok(None);
        }
        let _work = self.at_work().await?;
        // What it takes is large, and is seldom wanted.
        let judging = self.judgement(reference, policy, platform, &rules);
        let judgement = Box::pin(judging).await?;
        Ok(Some((rules, judgement)))
    }

    /// Verifies a manifest of the store, as the rules for the name require that it has.
    pub async fn trusted_here(
        &self,
        reference: &Reference,
        subject: &Descriptor,
    ) -> Result<Option<Trusted>, Error> {
        let rules = self.holding(reference);
        if rules.is_empty() {
            return Ok(None);
        }
        let search = Search::of_layout(self, reference, subject);
        let judgement = self.judged_by(&rules, search).await?;
        self.enforced(reference, &rules, judgement).map(Some)
    }

    /// What the rules say of what a reference leads to or, where that is an index which does
    /// not meet them, of the manifest in it that would be used.
    async fn judgement(
        &self,
        reference: &Reference,
        policy: Pull,
        platform: Option<&Platform>,
        rules: &[Holding<'_>],
    ) -> Result<Judgement, Error> {
        let look = match policy {
            Pull::Never => Look::Here,
            Pull::Always | Pull::Missing => Look::Missing,
        };
        let subject = match policy {
            Pull::Missing => match self.subject(reference, Look::Here).await {
                Err(Error::MissingContent(_)) => self.subject(reference, Look::Registry).await?,
                subject => subject?,
            },
            Pull::Always | Pull::Never => self.subject(reference, look).await?,
        };
        let search = Search::new(self, reference, &subject, look);
        let whole = self.judged_by(rules, search).await?;
        if whole.is_met() {
            return Ok(whole);
        }
        let Some(member) = self.member(reference, &subject, look, platform).await? else {
            return Ok(whole);
        };
        let search = Search::new(self, reference, &member, look);
        let member = self.judged_by(rules, search).await?;
        let is_better = member.is_met() || self.is_refused(rules, &whole);
        Ok(if is_better { member } else { whole })
    }

    /// The manifest of an index that would be used; none when it is no index, or when that
    /// can't be told.
    async fn member(
        &self,
        reference: &Reference,
        subject: &Descriptor,
        look: Look,
        platform: Option<&Platform>,
    ) -> Result<Option<Descriptor>, Error> {
        if !media_type::is_index(&subject.media_type) {
            return Ok(None);
        }
        let at = reference.at_digest(subject.digest.clone());
        let asked = Asked {
            platform: platform.map(ToString::to_string),
            ..Asked::default()
        };
        let found = if look == Look::Here {
            let asked = Asked {
                layers: Some(Vec::new()),
                is_aside: true,
                ..asked
            };
            let here = self.pull_asked(&at, Access::None, asked).await;
            here.map(|report| report.manifest)
        } else {
            self.resolve_asked(&at, asked, true).await
        };
        match found {
            Ok(member) => Ok((member.digest != subject.digest).then_some(member)),
            // It has none for the platform.
            Err(Error::InvalidInput(_)) => Ok(None),
            Err(Error::Refused(_) | Error::MissingContent(_)) if look == Look::Here => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// What the rules say of the manifest that a search is about.
    async fn judged_by(
        &self,
        rules: &[Holding<'_>],
        mut search: Search<'_>,
    ) -> Result<Judgement, Error> {
        let mut outcomes = Vec::new();
        for holding in rules {
            let requirement = &holding.rule.requirement;
            outcomes.push(match self.verify_manifest(&mut search, requirement).await {
                Ok(verified) => Ok(verified),
                Err(Error::Untrusted(untrusted)) => Err(untrusted),
                Err(error) => return Err(error),
            });
        }
        Ok(Judgement {
            manifest: search.subject.clone(),
            outcomes,
        })
    }

    /// Whether what does not meet a rule is used all the same, since the user said so.
    fn is_set_aside(&self, holding: &Holding<'_>) -> bool {
        holding.may_be_set_aside && self.trust().unverified
    }

    fn is_refused(&self, rules: &[Holding<'_>], judgement: &Judgement) -> bool {
        let mut all = rules.iter().zip(&judgement.outcomes);
        all.any(|(holding, outcome)| {
            outcome.is_err() && holding.rule.mode != Mode::Warn && !self.is_set_aside(holding)
        })
    }

    /// Has what the rules say come true, and tells it.
    fn enforced(
        &self,
        reference: &Reference,
        rules: &[Holding<'_>],
        judgement: Judgement,
    ) -> Result<Trusted, Error> {
        let at = reference.at_digest(judgement.manifest.digest.clone());
        let mut verified = Vec::new();
        for (holding, outcome) in rules.iter().zip(judgement.outcomes) {
            let Rule { mode, place, .. } = holding.rule;
            let tell = |standing| self.overseer().trust(&at, place, standing);
            let untrusted = match outcome {
                Ok(one) => {
                    tell(Standing::Trusted)?;
                    verified.push(one);
                    continue;
                }
                Err(untrusted) => untrusted,
            };
            let reason = untrusted.to_string();
            let set_aside = self.is_set_aside(holding);
            if set_aside {
                tell(Standing::SetAside(&reason))?;
            } else if *mode == Mode::Warn {
                tell(Standing::Warned(&reason))?;
            } else {
                tell(Standing::Refused(&reason))?;
                return Err(Error::Untrusted(untrusted));
            }
            self.tell(Event::Unverified {
                reason: if set_aside {
                    format!(
                        "UNVERIFIED, and used because you said so: {reason}; required by {place}"
                    )
                } else {
                    format!("{reason}; {place} warns of it")
                },
                set_aside,
            });
        }
        Ok(Trusted {
            reference: at,
            subject: judgement.manifest,
            verified,
        })
    }
}
