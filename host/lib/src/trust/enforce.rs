//! Enforcement: nothing is used that does not meet what is required of it, and what is
//! used is what was verified, by its digest.

use wharf_oci::{Descriptor, Platform, Reference, media_type};

use super::verify::{Look, Verified};
use super::{Mode, Rule};
use crate::audit::Standing;
use crate::error::Error;
use crate::progress::Event;
use crate::pull::Pull;
use crate::session::Asked;
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

impl Wharf {
    /// The rules that hold for a reference, with whether each can be set aside by the user.
    fn requirements(&self, reference: &Reference) -> Vec<(&Rule, bool)> {
        let trust = self.trust().of(reference).map(|rule| (rule, true));
        let policies = self.overseer().policies().signatures(reference);
        trust.chain(policies.map(|rule| (rule, false))).collect()
    }

    /// What is required of a reference: by the configuration, and by policies.
    pub fn required(&self, reference: &Reference) -> impl Iterator<Item = &Rule> {
        let all = self.requirements(reference).into_iter();
        all.map(|(rule, _)| rule)
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
        let rules = self.requirements(reference);
        if rules.is_empty() {
            return Ok(None);
        }
        let _work = self.at_work().await?;
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
        match self.enforced(reference, &subject, &rules, look).await {
            Err(Error::Untrusted(untrusted)) => {
                let member = self.member(reference, &subject, look, platform).await?;
                let Some(member) = member else {
                    return Err(Error::Untrusted(untrusted));
                };
                let trusted = self.enforced(reference, &member, &rules, look).await?;
                Ok(Some(trusted))
            }
            outcome => Ok(Some(outcome?)),
        }
    }

    /// Verifies a manifest of the store, as the rules for the name require that it has.
    pub async fn trusted_here(
        &self,
        reference: &Reference,
        subject: &Descriptor,
    ) -> Result<Option<Trusted>, Error> {
        let rules = self.requirements(reference);
        if rules.is_empty() {
            return Ok(None);
        }
        let trusted = self.enforced(reference, subject, &rules, Look::Brought);
        Ok(Some(trusted.await?))
    }

    /// The manifest of an index that would be used; none when it is no index.
    async fn member(
        &self,
        reference: &Reference,
        subject: &Descriptor,
        look: Look,
        platform: Option<&Platform>,
    ) -> Result<Option<Descriptor>, Error> {
        if look == Look::Here || !media_type::is_index(&subject.media_type) {
            return Ok(None);
        }
        let at = reference.at_digest(subject.digest.clone());
        let asked = Asked {
            platform: platform.map(ToString::to_string),
            ..Asked::default()
        };
        let member = self.resolve_asked(&at, asked, true).await?;
        Ok((member.digest != subject.digest).then_some(member))
    }

    async fn enforced(
        &self,
        reference: &Reference,
        subject: &Descriptor,
        rules: &[(&Rule, bool)],
        look: Look,
    ) -> Result<Trusted, Error> {
        let at = reference.at_digest(subject.digest.clone());
        let mut verified = Vec::new();
        for (rule, may_be_set_aside) in rules {
            let checked = self.verify_manifest(reference, subject, &rule.requirement, look);
            let (error, is_loud) = match checked.await {
                Ok(one) => {
                    let told = Standing::Trusted;
                    self.overseer().trust(&at, &rule.place, told)?;
                    verified.push(one);
                    continue;
                }
                Err(error @ Error::Untrusted(_)) => {
                    let set_aside = *may_be_set_aside && self.trust().unverified;
                    (error, set_aside)
                }
                Err(error) => return Err(error),
            };
            let reason = error.to_string();
            if rule.mode == Mode::Warn || is_loud {
                let standing = if is_loud {
                    Standing::SetAside(&reason)
                } else {
                    Standing::Warned(&reason)
                };
                self.overseer().trust(&at, &rule.place, standing)?;
                let place = &rule.place;
                self.tell(Event::Unverified {
                    reason: if is_loud {
                        format!("UNVERIFIED, and used because you said so: {reason}; required by {place}")
                    } else {
                        format!("{reason}; {place} warns of it")
                    },
                    set_aside: is_loud,
                });
                continue;
            }
            self.overseer()
                .trust(&at, &rule.place, Standing::Refused(&reason))?;
            return Err(error);
        }
        Ok(Trusted {
            reference: at,
            subject: subject.clone(),
            verified,
        })
    }
}
