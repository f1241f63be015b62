//! One signature, whatever its format, and what it is worth.

use wharf_keyless::{Options, Problem};
use wharf_oci::Digest;

use super::proofs::{Proofs, Signature};
use super::{Judged, Place, Question};
use crate::encoding::from_hex;
use crate::json::{Json, quoted};
use crate::key::{Key, named};
use crate::payload::Payload;
use crate::policy::Policy;
use crate::quorum::Maker;
use crate::statement::{self, Statement};
use crate::{Finding, Format, Outcome, limit};

/// A signature that could be read.
pub(super) struct Candidate<'a> {
    pub(super) place: Place,
    pub(super) format: Format,
    /// What the signature is over.
    pub(super) message: Vec<u8>,
    pub(super) signature: Vec<u8>,
    /// What was signed, as JSON.
    pub(super) content: Vec<u8>,
    pub(super) meaning: Meaning,
    /// The fingerprint of the key that it says it is by.
    pub(super) hint: Option<[u8; 32]>,
    pub(super) proofs: Proofs<'a>,
}

/// What was signed.
pub(super) enum Meaning {
    Statement(Statement),
    Payload(Payload),
}

impl Candidate<'_> {
    /// What the signature is worth.
    pub(super) fn judge(self, question: &Question<'_>) -> Judged {
        let mut judged = self
            .place
            .clone()
            .found(self.format, Outcome::Accepted(Vec::new()));
        judged.finding.predicate = self.meaning.predicate().map(str::to_owned);
        judged.finding.outcome = match self.is_asked_for(question) {
            Err(outcome) => outcome,
            Ok(()) => match self.key(question.policy) {
                Some((key, names)) => self.by_key(key, names, question, &mut judged),
                None if self.proofs.has_certificate() => self.by_certificate(question, &mut judged),
                None => self.by_nobody(question),
            },
        };
        if matches!(judged.finding.outcome, Outcome::Accepted(_)) {
            judged.finding.payload = Some(self.content);
        }
        judged
    }

    /// The key that it is by, of those that are asked for. Who says that it is by another
    /// one is believed, which costs no time.
    fn key<'p>(&self, policy: &'p Policy<'_>) -> Option<(&'p Key, &'p [&'p str])> {
        match &self.hint {
            Some(hint) if !policy.has_key(hint) => None,
            _ => policy.key_of(&self.message, &self.signature),
        }
    }

    /// Whether it says what is asked for, whoever says it.
    fn is_asked_for(&self, question: &Question<'_>) -> Result<(), Outcome> {
        let wanted = question.policy.requirement.predicate.as_deref();
        let found = match &self.meaning {
            Meaning::Statement(statement) if statement.predicate != statement::SIGNATURE => {
                Some(statement.predicate.as_str())
            }
            Meaning::Statement(statement) if statement.old => {
                return Err(Outcome::Foreign(
                    "it is a signature in a statement of v0.1, and signatures are in v1".to_owned(),
                ));
            }
            Meaning::Statement(_) | Meaning::Payload(_) => None,
        };
        let said = |kind: Option<&str>| match kind {
            Some(kind) => format!("an attestation of {}", quoted(kind)),
            None => "a signature".to_owned(),
        };
        if found == wanted {
            return Ok(());
        }
        Err(Outcome::Foreign(format!(
            "it is {}, and {} is asked for",
            said(found),
            said(wanted)
        )))
    }

    /// By none of the keys that are asked for, and without a certificate.
    fn by_nobody(&self, question: &Question<'_>) -> Outcome {
        match &self.hint {
            Some(hint) if question.policy.has_key(hint) => Outcome::Wrong(format!(
                "it says it is by {}, and that key did not sign this: it was altered, or made with another key",
                named(hint)
            )),
            Some(hint) => Outcome::Foreign(format!(
                "it says it is by {}, which is not asked for",
                named(hint)
            )),
            None => {
                Outcome::Foreign("it is by a key that is not asked for, or was altered".to_owned())
            }
        }
    }

    fn by_certificate(&self, question: &Question<'_>, judged: &mut Judged) -> Outcome {
        let only_keys = "it was made with a certificate, and only keys are asked for";
        let Some(root) = question.policy.root() else {
            return Outcome::Foreign(only_keys.to_owned());
        };
        // Whether it is about the manifest is judged when it is known who says it: a good
        // signature of somebody else's about something else is merely somebody else's.
        let subject = self.meaning.sha256(question.subject);
        let subject = subject.unwrap_or_default();
        let certified =
            match self
                .proofs
                .certified(root, self.signature(), &subject, &question.options())
            {
                Ok(certified) => certified,
                Err(problem) if !question.policy.asks_for_identities() => {
                    return Outcome::Foreign(format!(
                        "{only_keys}; nor can it be told by whom it is: {problem}"
                    ));
                }
                Err(Problem::Unusable(reason)) => return Outcome::Unusable(reason),
                Err(Problem::Wrong(reason)) => return Outcome::Wrong(reason),
                Err(Problem::Foreign(reason)) => return Outcome::Foreign(reason),
            };
        let finding = &mut judged.finding;
        let identity = format!("{} (issuer {})", certified.name, certified.issuer);
        finding.by = Some(wharf_oci::problem::clean(&identity, limit::IDENTITY_CHARS));
        finding.time = certified.time;
        finding.checked.extend(certified.checked);
        finding.unchecked.extend(certified.unchecked);
        let names = question.policy.signers(&certified.name, &certified.issuer);
        if names.is_empty() {
            return Outcome::Foreign("it is by an identity that is not asked for".to_owned());
        }
        if let Err(outcome) = self.about(question, judged) {
            return outcome;
        }
        judged.maker = Some(Maker::Identity {
            name: certified.name,
            issuer: certified.issuer,
        });
        accepted(&names)
    }

    fn by_key(
        &self,
        key: &Key,
        names: &[&str],
        question: &Question<'_>,
        judged: &mut Judged,
    ) -> Outcome {
        let finding = &mut judged.finding;
        let fingerprint = key.fingerprint();
        finding.by = Some(named(&fingerprint));
        finding.checked.push("the signature, by the key".to_owned());
        if let Err(outcome) = self.about(question, judged) {
            return outcome;
        }
        if let Err(outcome) = self.logged(key, question, &mut judged.finding) {
            return outcome;
        }
        judged.maker = Some(Maker::Key(fingerprint));
        accepted(names)
    }

    /// What log entries and timestamps say of a signature by a key. What is there has to
    /// be right where it can be judged; that it is there has to be asked for.
    fn logged(
        &self,
        key: &Key,
        question: &Question<'_>,
        finding: &mut Finding,
    ) -> Result<(), Outcome> {
        let needed = question.policy.requirement.key_in_log;
        let Some(root) = question.policy.root().filter(|_| self.proofs.has_time()) else {
            if needed {
                return Err(Outcome::Foreign(
                    "it is in no transparency log, as is asked for".to_owned(),
                ));
            }
            finding.unchecked.push(if self.proofs.has_time() {
                "its log entries and timestamps: there is no trusted root to judge them by"
                    .to_owned()
            } else {
                "when it was made, and that a transparency log has it: neither was asked for"
                    .to_owned()
            });
            return Ok(());
        };
        let options = Options {
            ignore_log: question.policy.requirement.ignore_log && !needed,
            ..question.options()
        };
        match self
            .proofs
            .beside_key(root, self.signature(), key.spki(), &options)
        {
            Ok(Some(certified)) => {
                finding.time = certified.time;
                finding.checked.extend(certified.checked);
                finding.unchecked.extend(certified.unchecked);
                if needed && !certified.logged {
                    return Err(Outcome::Foreign(
                        "it is in no transparency log, as is asked for".to_owned(),
                    ));
                }
                Ok(())
            }
            Err(Problem::Wrong(reason)) => Err(Outcome::Wrong(reason)),
            Err(Problem::Foreign(reason)) if needed => Err(Outcome::Foreign(reason)),
            Err(Problem::Unusable(reason)) if needed => Err(Outcome::Unusable(reason)),
            Err(Problem::Foreign(reason) | Problem::Unusable(reason)) => {
                finding
                    .unchecked
                    .push(format!("its log entries and timestamps: {reason}"));
                Ok(())
            }
            Ok(None) if needed => Err(Outcome::Foreign(
                "it is in no transparency log, as is asked for".to_owned(),
            )),
            Ok(None) => {
                finding
                    .unchecked
                    .push("its log entries and timestamps".to_owned());
                Ok(())
            }
        }
    }

    fn signature(&self) -> Signature<'_> {
        Signature {
            message: &self.message,
            bytes: &self.signature,
        }
    }

    /// Whether what was signed is about the manifest, and has what is asked for. Notes
    /// what it says: from here on it is known who says it.
    fn about(&self, question: &Question<'_>, judged: &mut Judged) -> Result<(), Outcome> {
        let finding = &mut judged.finding;
        let annotations = self.meaning.about(question.subject).map_err(|other| {
            Outcome::Wrong(format!(
                "it is a good signature of something else, {}, and does not fit the manifest that it was put beside",
                quoted(&other)
            ))
        })?;
        finding
            .checked
            .push("it is about this manifest, by its digest".to_owned());
        finding.annotations = annotations
            .iter()
            .map(|(name, value)| (name.clone(), value.shown()))
            .collect();
        let wanted = &question.policy.requirement.annotations;
        for (name, value) in wanted {
            if !annotations.contains(&(name.clone(), Json::Text(value.clone()))) {
                return Err(Outcome::Foreign(format!(
                    "it lacks the annotation {}",
                    quoted(&format!("{name}={value}"))
                )));
            }
        }
        if !wanted.is_empty() {
            finding
                .checked
                .push("it has the annotations that are asked for".to_owned());
        }
        let Meaning::Payload(payload) = &self.meaning else {
            return Ok(());
        };
        finding.repository.clone_from(&payload.reference);
        if !question.policy.requirement.match_repository {
            finding
                .unchecked
                .push("the repository that it names: another one is not refused".to_owned());
            return Ok(());
        }
        if question
            .repository
            .is_some_and(|repository| payload.names(repository))
        {
            finding.checked.push("it names this repository".to_owned());
            return Ok(());
        }
        let named = payload
            .reference
            .as_deref()
            .map_or_else(|| "no repository".to_owned(), quoted);
        let asked = question
            .repository
            .map_or_else(|| "one that is not known".to_owned(), quoted);
        Err(Outcome::Foreign(format!(
            "it names {named}, and the manifest was asked for in {asked}"
        )))
    }
}

fn accepted(names: &[&str]) -> Outcome {
    Outcome::Accepted(names.iter().map(|name| (*name).to_owned()).collect())
}

impl Meaning {
    /// The SHA-256 of a manifest if a statement is about it, or else of what it is about.
    fn sha256(&self, manifest: &Digest) -> Option<[u8; 32]> {
        match self {
            Self::Statement(statement) if statement.about(manifest).is_none() => {
                from_hex(statement.first()?)
            }
            _ => from_hex(manifest.hex()),
        }
    }

    /// The predicate type of an attestation.
    fn predicate(&self) -> Option<&str> {
        match self {
            Self::Statement(statement) if statement.predicate != statement::SIGNATURE => {
                Some(&statement.predicate)
            }
            _ => None,
        }
    }

    /// The annotations that it gives a manifest; or what else it is about.
    fn about(&self, manifest: &Digest) -> Result<&[(String, Json)], String> {
        match self {
            Self::Statement(statement) => statement.about(manifest).ok_or_else(|| {
                statement.first().map_or_else(
                    || "without a digest".to_owned(),
                    |hex| format!("sha256:{hex}"),
                )
            }),
            Self::Payload(payload) if payload.digest == manifest.as_str() => {
                Ok(&payload.annotations)
            }
            Self::Payload(payload) => Err(payload.digest.clone()),
        }
    }
}
