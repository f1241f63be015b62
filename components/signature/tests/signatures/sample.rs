//! Keys that sign, and what they sign.

use p256::ecdsa::signature::Signer as _;
use p256::ecdsa::{DerSignature, SigningKey};
use p256::pkcs8::{EncodePublicKey as _, LineEnding};
use sha2::{Digest as _, Sha256};
use wharf_oci::{Descriptor, Digest, media_type};
use wharf_signature::making::{self, Artifact, Predicate, Proof, Signed, Statement};
use wharf_signature::{
    Authority, Evidence, Finding, Format, Outcome, Requirement, Signer, Verdict,
};

/// A time at which everything happens.
pub(crate) const NOW: u64 = 1_795_660_000;

/// The repository that everything is in.
pub(crate) const REPOSITORY: &str = "127.0.0.1:5997/a/b";

/// A private key.
pub(crate) struct Key(SigningKey);

impl Key {
    pub(crate) fn new(seed: u8) -> Self {
        Self(SigningKey::from_slice(&[seed; 32]).unwrap())
    }

    pub(crate) fn pem(&self) -> String {
        self.0
            .verifying_key()
            .to_public_key_pem(LineEnding::LF)
            .unwrap()
    }

    pub(crate) fn sign(&self, message: &[u8]) -> Vec<u8> {
        let signature: DerSignature = self.0.sign(message);
        signature.as_bytes().to_vec()
    }

    pub(crate) fn signed(&self, statement: &Statement, format: Format) -> Signed {
        let unsigned = making::message(statement, format).unwrap();
        Signed {
            format,
            signature: self.sign(&unsigned.message),
            payload: unsigned.payload,
            message: unsigned.message,
        }
    }

    pub(crate) fn proof(&self) -> Proof {
        Proof {
            public_key: Some(self.pem()),
            ..Proof::default()
        }
    }

    /// A bundle.
    pub(crate) fn bundle(&self, statement: &Statement) -> Vec<u8> {
        making::bundle(&self.signed(statement, Format::Bundle), &self.proof()).unwrap()
    }

    /// A bundle, as a registry has it.
    pub(crate) fn attached(&self, statement: &Statement) -> Artifact {
        making::bundle_artifact(&statement.subject, &self.bundle(statement), Some(NOW)).unwrap()
    }

    /// A signature in the legacy format, as a registry has it, beside those that are there.
    pub(crate) fn beside(&self, present: Option<&Artifact>, statement: &Statement) -> Artifact {
        let signed = self.signed(statement, Format::Legacy);
        let manifest = present.map(|artifact| artifact.manifest.as_slice());
        let mut artifact = making::legacy_artifact(manifest, &signed, &self.proof()).unwrap();
        artifact.blobs.extend(
            present
                .into_iter()
                .flat_map(|artifact| artifact.blobs.clone()),
        );
        artifact
    }
}

pub(crate) fn digest(content: &[u8]) -> Digest {
    Digest::from_sha256(&Sha256::digest(content).into())
}

/// What other tools made.
pub(crate) fn vector(name: &str) -> Vec<u8> {
    let path = format!("{}/tests/vectors/{name}", env!("CARGO_MANIFEST_DIR"));
    std::fs::read(&path).unwrap_or_else(|error| panic!("{path}: {error}"))
}

pub(crate) fn text(name: &str) -> String {
    String::from_utf8(vector(name)).unwrap()
}

/// The manifest that is asked about.
pub(crate) fn subject() -> Descriptor {
    let content = vector("manifest.json");
    Descriptor::new(
        media_type::IMAGE_MANIFEST,
        digest(&content),
        content.len() as u64,
    )
}

/// Another one.
pub(crate) fn other() -> Descriptor {
    Descriptor::new(media_type::IMAGE_MANIFEST, digest(b"other"), 5)
}

/// A signature of a manifest.
pub(crate) fn statement(subject: Descriptor) -> Statement {
    Statement {
        subject,
        repository: REPOSITORY.to_owned(),
        annotations: Vec::new(),
        predicate: None,
    }
}

/// An attestation of a manifest.
pub(crate) fn attestation(subject: Descriptor, kind: &str) -> Statement {
    Statement {
        predicate: Some(Predicate {
            kind: kind.to_owned(),
            content: br#"{"a": 1.50}"#.to_vec(),
        }),
        ..statement(subject)
    }
}

/// An artifact as a registry has it.
pub(crate) fn evidence(artifact: &Artifact) -> Evidence {
    let layers = artifact
        .blobs
        .iter()
        .map(|blob| (digest(blob), blob.clone()));
    Evidence::Manifest {
        digest: digest(&artifact.manifest),
        content: artifact.manifest.clone(),
        layers: layers.collect(),
    }
}

/// A manifest with other content, and its layers.
pub(crate) fn manifest(content: impl Into<Vec<u8>>, layers: &[&[u8]]) -> Evidence {
    let content = content.into();
    Evidence::Manifest {
        digest: digest(&content),
        content,
        layers: layers
            .iter()
            .map(|layer| (digest(layer), layer.to_vec()))
            .collect(),
    }
}

pub(crate) fn by_key(name: &str, pem: &str) -> Signer {
    Signer {
        name: name.to_owned(),
        authority: Authority::Key(pem.to_owned()),
    }
}

/// That any of these have signed.
pub(crate) fn any_of(signers: &[Signer]) -> Requirement {
    Requirement {
        signers: signers.to_vec(),
        threshold: 1,
        ..Requirement::default()
    }
}

/// That this key, called `us`, has signed.
pub(crate) fn us(key: &Key) -> Requirement {
    any_of(&[by_key("us", &key.pem())])
}

pub(crate) fn verdict(evidence: &[Evidence], requirement: &Requirement) -> Verdict {
    wharf_signature::verify(&subject(), Some(REPOSITORY), evidence, requirement, NOW).unwrap()
}

/// What the one signature of evidence is worth.
#[track_caller]
pub(crate) fn finding(evidence: Evidence, requirement: &Requirement) -> Finding {
    let verdict = verdict(&[evidence], requirement);
    let [finding] = verdict.findings.as_slice() else {
        panic!("not one finding: {verdict:#?}");
    };
    assert_eq!(verdict.satisfied, is_accepted(finding), "{verdict:#?}");
    finding.clone()
}

pub(crate) fn is_accepted(finding: &Finding) -> bool {
    matches!(finding.outcome, Outcome::Accepted(_))
}

#[track_caller]
pub(crate) fn is_foreign(finding: &Finding, why: &str) {
    match &finding.outcome {
        Outcome::Foreign(reason) if reason.contains(why) => {}
        _ => panic!("{why:?} expected: {finding:#?}"),
    }
    assert_eq!(finding.payload, None);
}

#[track_caller]
pub(crate) fn is_wrong(finding: &Finding, why: &str) {
    match &finding.outcome {
        Outcome::Wrong(reason) if reason.contains(why) => {}
        _ => panic!("{why:?} expected: {finding:#?}"),
    }
    assert_eq!(finding.payload, None);
}

#[track_caller]
pub(crate) fn is_unusable(finding: &Finding, why: &str) {
    match &finding.outcome {
        Outcome::Unusable(reason) if reason.contains(why) => {}
        _ => panic!("{why:?} expected: {finding:#?}"),
    }
    assert_eq!(
        (finding.payload.as_ref(), finding.by.as_ref()),
        (None, None)
    );
}

/// Text with a part replaced, which has to be there.
#[track_caller]
pub(crate) fn altered(content: &[u8], part: &str, other: &str) -> Vec<u8> {
    let text = std::str::from_utf8(content).unwrap();
    assert!(text.contains(part), "{part} is not in {text}");
    text.replace(part, other).into_bytes()
}
