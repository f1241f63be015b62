//! The export `verification`.

use wharf_signature as signature;

use crate::bindings::verification as contract;
use crate::bindings::{Component, Descriptor, Error};
use crate::given;

impl contract::Guest for Component {
    fn check(requirement: contract::Requirement) -> Result<(), Error> {
        Ok(signature::check(&required(requirement))?)
    }

    fn verify(
        subject: Descriptor,
        repository: Option<String>,
        evidence: Vec<contract::Evidence>,
        requirement: contract::Requirement,
        now: u64,
    ) -> Result<contract::Verdict, Error> {
        let subject = given::descriptor(subject)?;
        let evidence = evidence
            .into_iter()
            .map(shown)
            .collect::<Result<Vec<_>, Error>>()?;
        let requirement = required(requirement);
        let verdict = signature::verify(
            &subject,
            repository.as_deref(),
            &evidence,
            &requirement,
            now,
        )?;
        Ok(contract::Verdict {
            satisfied: verdict.satisfied,
            findings: verdict.findings.into_iter().map(found).collect(),
        })
    }
}

fn required(requirement: contract::Requirement) -> signature::Requirement {
    let signers = requirement.signers.into_iter();
    signature::Requirement {
        signers: signers
            .map(|signer| signature::Signer {
                name: signer.name,
                authority: match signer.authority {
                    contract::Authority::Key(pem) => signature::Authority::Key(pem),
                    contract::Authority::Identity(identity) => signature::Authority::Identity {
                        name: matcher(identity.name),
                        issuer: matcher(identity.issuer),
                    },
                },
            })
            .collect(),
        threshold: requirement.threshold,
        predicate: requirement.predicate,
        annotations: requirement.annotations,
        match_repository: requirement.match_repository,
        key_in_log: requirement.key_in_log,
        ignore_sct: requirement.ignore_sct,
        ignore_log: requirement.ignore_log,
        trusted_root: requirement.trusted_root,
    }
}

fn matcher(matcher: contract::Matcher) -> signature::Matcher {
    match matcher {
        contract::Matcher::Exact(text) => signature::Matcher::Exact(text),
        contract::Matcher::Pattern(text) => signature::Matcher::Pattern(text),
    }
}

fn shown(evidence: contract::Evidence) -> Result<signature::Evidence, Error> {
    let digest = |text: String| {
        text.parse::<wharf_oci::Digest>()
            .map_err(|error| Error::InvalidInput(format!("`{text}` is no digest: {error}")))
    };
    Ok(match evidence {
        contract::Evidence::Bundle(bytes) => signature::Evidence::Bundle(bytes),
        contract::Evidence::Manifest(manifest) => signature::Evidence::Manifest {
            digest: digest(manifest.digest)?,
            content: manifest.content,
            layers: manifest
                .layers
                .into_iter()
                .map(|(name, bytes)| Ok((digest(name)?, bytes)))
                .collect::<Result<_, Error>>()?,
        },
    })
}

fn found(finding: signature::Finding) -> contract::Finding {
    contract::Finding {
        manifest: finding.manifest.map(|digest| digest.to_string()),
        layer: finding.layer.map(|digest| digest.to_string()),
        format: match finding.format {
            signature::Format::Bundle => contract::Format::Bundle,
            signature::Format::Legacy => contract::Format::Legacy,
        },
        by: finding.by,
        time: finding.time,
        repository: finding.repository,
        predicate: finding.predicate,
        annotations: finding.annotations,
        payload: finding.payload,
        checked: finding.checked,
        unchecked: finding.unchecked,
        outcome: match finding.outcome {
            signature::Outcome::Accepted(names) => contract::Outcome::Accepted(names),
            signature::Outcome::Foreign(why) => contract::Outcome::Foreign(why),
            signature::Outcome::Wrong(why) => contract::Outcome::Wrong(why),
            signature::Outcome::Unusable(why) => contract::Outcome::Unusable(why),
        },
    }
}
