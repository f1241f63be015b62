//! What evidence says of a manifest.
//!
//! Each piece of evidence is read by itself, and each signature in it is judged by itself:
//! nothing that one of them has can hide another.

mod bundle;
mod candidate;
mod legacy;
mod proofs;

use wharf_keyless::Options;
use wharf_oci::{Descriptor, Digest};

use crate::encoding::digest;
use crate::json::quoted;
use crate::layer::{Kind, Signatures};
use crate::policy::Policy;
use crate::quorum::{self, Maker};
use crate::{Error, Evidence, Finding, Format, Outcome, Requirement, Verdict, limit};

/// Fails with [`Error::InvalidInput`] when a requirement can't be used: a key that is
/// none, a regular expression that is wrong, identities without a trusted root.
pub fn check(requirement: &Requirement) -> Result<(), Error> {
    Policy::new(requirement).map(|_| ())
}

/// What the evidence says of a manifest, the `subject`. `repository` is the one in which
/// the manifest was asked for (`registry/repository`), and `now` is in seconds since
/// 1970-01-01T00:00:00Z. Fails when the requirement can't be used; see [`check`].
pub fn verify(
    subject: &Descriptor,
    repository: Option<&str>,
    evidence: &[Evidence],
    requirement: &Requirement,
    now: u64,
) -> Result<Verdict, Error> {
    let policy = Policy::new(requirement)?;
    let question = Question {
        subject: &subject.digest,
        repository,
        policy: &policy,
        now,
    };
    let mut judged = Vec::new();
    for (place, piece) in evidence.iter().enumerate() {
        if place >= limit::EVIDENCE {
            let most = limit::EVIDENCE;
            let outcome = Outcome::Unusable(format!(
                "it was not looked at: it is not among the first {most}"
            ));
            judged.push(Place::of(piece).found(Format::Bundle, outcome));
            continue;
        }
        judge(piece, &question, &mut judged);
    }
    let signed: Vec<(Maker, Vec<String>)> = judged
        .iter()
        .filter_map(|judged| match (&judged.maker, &judged.finding.outcome) {
            (Some(maker), Outcome::Accepted(names)) => Some((maker.clone(), names.clone())),
            _ => None,
        })
        .collect();
    Ok(Verdict {
        satisfied: quorum::is_reached(requirement.threshold as usize, &signed),
        findings: judged.into_iter().map(|judged| judged.finding).collect(),
    })
}

/// What is asked.
struct Question<'a> {
    subject: &'a Digest,
    repository: Option<&'a str>,
    policy: &'a Policy<'a>,
    now: u64,
}

impl Question<'_> {
    fn options(&self) -> Options {
        Options {
            now: self.now,
            ignore_sct: self.policy.requirement.ignore_sct,
            ignore_log: self.policy.requirement.ignore_log,
        }
    }
}

/// What was found, and who made it where that was proved.
struct Judged {
    finding: Finding,
    maker: Option<Maker>,
}

/// Where a signature stands.
#[derive(Clone, Default)]
struct Place {
    manifest: Option<Digest>,
    layer: Option<Digest>,
}

impl Place {
    fn of(evidence: &Evidence) -> Self {
        match evidence {
            Evidence::Manifest { digest, .. } => Self {
                manifest: Some(digest.clone()),
                layer: None,
            },
            Evidence::Bundle(_) => Self::default(),
        }
    }

    fn layer(&self, layer: &Digest) -> Self {
        Self {
            manifest: self.manifest.clone(),
            layer: Some(layer.clone()),
        }
    }

    /// A finding of which nothing else is known.
    fn found(self, format: Format, outcome: Outcome) -> Judged {
        let finding = Finding {
            manifest: self.manifest,
            layer: self.layer,
            format,
            by: None,
            time: None,
            repository: None,
            predicate: None,
            annotations: Vec::new(),
            payload: None,
            checked: Vec::new(),
            unchecked: Vec::new(),
            outcome,
        };
        Judged {
            finding,
            maker: None,
        }
    }
}

fn judge(evidence: &Evidence, question: &Question<'_>, judged: &mut Vec<Judged>) {
    let place = Place::of(evidence);
    let (named, content, layers) = match evidence {
        Evidence::Bundle(bytes) => {
            judged.push(bundle::judge(place, bytes, question));
            return;
        }
        Evidence::Manifest {
            digest,
            content,
            layers,
        } => (digest, content, layers),
    };
    let found = digest(content);
    if found != *named {
        let outcome = Outcome::Wrong(format!(
            "the manifest has the digest {found}, which is not the one that it was found by"
        ));
        judged.push(place.found(Format::Bundle, outcome));
        return;
    }
    let signatures = match Signatures::parse(content) {
        Ok(Some(signatures)) => signatures,
        Ok(None) => return,
        Err(reason) => {
            let outcome = Outcome::Unusable(format!("the manifest can't be read: {reason}"));
            judged.push(place.found(Format::Bundle, outcome));
            return;
        }
    };
    let at_hand = |wanted: &Digest| {
        let layer = layers.iter().find(|(digest, _)| digest == wanted);
        layer.map(|(_, content)| content.as_slice())
    };
    let refers = signatures
        .subject
        .as_ref()
        .filter(|other| *other != question.subject);
    let elsewhere = refers.map(|other| {
        Outcome::Wrong(format!(
            "its manifest refers to {}, not to the one that is asked about",
            quoted(other.as_str())
        ))
    });
    for (number, layer) in signatures.layers.iter().enumerate() {
        let Some(kind) = layer.kind() else {
            continue;
        };
        let is_bundle = kind == Kind::Bundle;
        let format = if is_bundle {
            Format::Bundle
        } else {
            Format::Legacy
        };
        let place = place.layer(&layer.descriptor.digest);
        let content = at_hand(&layer.descriptor.digest);
        let refused = if let Some(outcome) = &elsewhere {
            Some(outcome.clone())
        } else if number >= limit::LAYERS {
            let most = limit::LAYERS;
            Some(Outcome::Unusable(format!(
                "it was not looked at: it is not among the first {most} of its manifest"
            )))
        } else if is_bundle && signatures.layers.len() != 1 {
            Some(Outcome::Unusable(
                "it is not the only layer of its manifest".to_owned(),
            ))
        } else {
            match content {
                None => Some(Outcome::Unusable("its content is not at hand".to_owned())),
                Some(content) => layer.differs(content).map(Outcome::Wrong),
            }
        };
        judged.push(match (refused, content) {
            (Some(outcome), _) => place.found(format, outcome),
            (None, None) => place.found(
                format,
                Outcome::Unusable("its content is not at hand".to_owned()),
            ),
            (None, Some(content)) if is_bundle => bundle::judge(place, content, question),
            (None, Some(content)) => legacy::judge(place, layer, content, question),
        });
    }
}
