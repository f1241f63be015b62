//! The judgement: `sigstore-verify`'s, and what it leaves open.

use jiff::Timestamp;
use sigstore_verify::trust_root::TrustedRoot;
use sigstore_verify::types::{
    Artifact, Bundle, DerCertificate, DerPublicKey, MediaType, VerificationMaterialContent,
};
use sigstore_verify::{
    Error, PublicKeyVerificationPolicy, VerificationPolicy, VerificationResult, Verifier,
};

use crate::json::unusable;
use crate::{Certified, Options, Problem, Root, authority, certificate, evidence};

/// Judges a signature with a certificate.
pub(crate) fn certified(
    root: &Root,
    bundle: &Bundle,
    artifact: &Artifact<'_>,
    options: &Options,
) -> Result<Certified, Problem> {
    let now = moment(options.now)?;
    let (root, verifier) = root.by(now)?;
    let chain = chain(&bundle.verification_material.content);
    let Some(leaf) = chain.first() else {
        return Err(Problem::Unusable("there is no certificate".into()));
    };
    let judge = Judge {
        root: &root,
        verifier: &verifier,
        now,
        ignore_sct: options.ignore_sct,
    };
    let judge = |bundle| judge.with_certificate(bundle, &chain, leaf, artifact);
    let judged = if bundle.verification_material.tlog_entries.is_empty() {
        Err(Problem::Wrong(
            "the signature has no entry in a transparency log".into(),
        ))
    } else {
        judge(bundle)
    };
    let judged = match judged {
        Err(problem) if options.ignore_log => match without_log(bundle) {
            Some(rest) => judge(&rest),
            None => Err(problem),
        },
        judged => judged,
    };
    // By whom it is comes first: of a stranger nothing else need be known.
    match judged {
        Err(problem) => Err(stranger(&root, &chain, leaf)?.unwrap_or(problem)),
        certified => certified,
    }
}

/// What is to be said of a certificate that no authority of the root made.
fn stranger(
    root: &TrustedRoot,
    chain: &[&DerCertificate],
    leaf: &DerCertificate,
) -> Result<Option<Problem>, Problem> {
    if authority::made(root, chain)? {
        return Ok(None);
    }
    let by = certificate::read(leaf)?.tbs_certificate.issuer;
    Ok(Some(if authority::named(root, leaf)? {
        Problem::Wrong(format!("the certificate is not as {by} made it"))
    } else {
        Problem::Foreign(format!(
            "the certificate is by {by}, which the trusted root does not have"
        ))
    }))
}

/// Judges what is beside a signature by key.
pub(crate) fn by_key(
    root: &Root,
    bundle: &Bundle,
    spki_der: &[u8],
    artifact: &Artifact<'_>,
    options: &Options,
) -> Result<Option<Certified>, Problem> {
    let now = moment(options.now)?;
    let (root, verifier) = root.by(now)?;
    let judge = Judge {
        root: &root,
        verifier: &verifier,
        now,
        ignore_sct: options.ignore_sct,
    };
    let without_log = || {
        without_log(bundle)
            .map(|rest| judge.with_key(&rest, spki_der, artifact))
            .transpose()
    };
    if bundle.verification_material.tlog_entries.is_empty() {
        return without_log();
    }
    match judge.with_key(bundle, spki_der, artifact) {
        Err(_) if options.ignore_log => without_log(),
        judged => judged.map(Some),
    }
}

struct Judge<'a> {
    root: &'a TrustedRoot,
    verifier: &'a Verifier,
    now: Timestamp,
    ignore_sct: bool,
}

impl Judge<'_> {
    fn with_certificate(
        &self,
        bundle: &Bundle,
        chain: &[&DerCertificate],
        leaf: &DerCertificate,
        artifact: &Artifact<'_>,
    ) -> Result<Certified, Problem> {
        let holder = certificate::holder(leaf)?;
        let logged = !bundle.verification_material.tlog_entries.is_empty();
        // Beside a certificate that is known, a log that is not is out of place.
        evidence::check(self.root, bundle).map_err(|problem| match problem {
            Problem::Foreign(says) => Problem::Wrong(says),
            other => other,
        })?;
        let mut policy = VerificationPolicy::any_identity();
        if !logged {
            policy = policy.skip_tlog_unsafe();
        }
        let verify = |policy| self.verifier.verify(artifact.clone(), bundle, policy);
        let result = match verify(&policy) {
            Err(_) if self.ignore_sct => verify(&policy.clone().skip_sct()),
            judged => judged,
        }?;
        let mut times = result.verified_timestamps().to_vec();
        times.sort();
        times.dedup();
        for time in times {
            authority::check(self.root, chain, time)?;
        }
        Ok(Certified {
            name: holder.name,
            issuer: holder.issuer,
            ..self.finish(bundle, &result)?
        })
    }

    fn with_key(
        &self,
        bundle: &Bundle,
        spki_der: &[u8],
        artifact: &Artifact<'_>,
    ) -> Result<Certified, Problem> {
        evidence::check(self.root, bundle)?;
        let mut policy = PublicKeyVerificationPolicy::new(DerPublicKey::from_bytes(spki_der));
        if bundle.verification_material.tlog_entries.is_empty() {
            policy = policy.skip_tlog_unsafe();
        }
        let result = self
            .verifier
            .verify(artifact.clone(), bundle, &policy)
            .map_err(|error| match error {
                // The caller knows it for a good one.
                Error::SignatureInvalid(says) => Problem::Unusable(format!(
                    "what is beside a signature of this kind can't be verified: {says}"
                )),
                other => other.into(),
            })?;
        self.finish(bundle, &result)
    }

    fn finish(&self, bundle: &Bundle, result: &VerificationResult) -> Result<Certified, Problem> {
        let times = result.verified_timestamps();
        if let Some(time) = times
            .iter()
            .find(|time| time.as_second() > self.now.as_second())
        {
            return Err(Problem::Wrong(format!(
                "the signature is of {time}, which lies in the future"
            )));
        }
        evidence::check_windows(self.root, bundle, times)?;
        let (checked, unchecked) = report(bundle, result);
        Ok(Certified {
            name: String::new(),
            issuer: String::new(),
            time: times
                .iter()
                .min()
                .and_then(|time| u64::try_from(time.as_second()).ok()),
            logged: !bundle.verification_material.tlog_entries.is_empty(),
            checked,
            unchecked,
        })
    }
}

/// What was checked and what was not, in words.
fn report(bundle: &Bundle, result: &VerificationResult) -> (Vec<String>, Vec<String>) {
    let mut checked = Vec::new();
    let mut unchecked = Vec::new();
    let mut say = |done: bool, yes: &str, no: &str| {
        if done {
            checked.push(yes.to_owned());
        } else {
            unchecked.push(no.to_owned());
        }
    };
    if result.certificate().is_some() {
        say(
            result.certificate_verified(),
            "the signature, by the key of a certificate of the trusted root's authority",
            "the certificate",
        );
        say(
            result.sct_verified(),
            "the certificate's entry in a certificate transparency log",
            "whether a certificate transparency log has the certificate",
        );
    }
    let entries = &bundle.verification_material.tlog_entries;
    let logged = !entries.is_empty();
    say(
        logged,
        "the signature's entry in a transparency log",
        "whether a transparency log has the signature",
    );
    if logged {
        say(
            entries.iter().all(|entry| entry.inclusion_proof.is_some()),
            "the proof that the log has the entry",
            "whether the log has the entry that it promised",
        );
    }
    if has_timestamp(bundle) {
        say(true, "the timestamp of an authority", "");
    }
    if result.verified_timestamps().is_empty() {
        say(false, "", "when the signature was made");
    }
    (checked, unchecked)
}

fn chain(material: &VerificationMaterialContent) -> Vec<&DerCertificate> {
    match material {
        VerificationMaterialContent::Certificate(certificate) => vec![&certificate.raw_bytes],
        VerificationMaterialContent::X509CertificateChain { certificates } => certificates
            .iter()
            .map(|certificate| &certificate.raw_bytes)
            .collect(),
        _ => Vec::new(),
    }
}

fn has_timestamp(bundle: &Bundle) -> bool {
    let timestamps = &bundle.verification_material.timestamp_verification_data;
    !timestamps.rfc3161_timestamps.is_empty()
}

/// The bundle as if there were no log, where a timestamp is left to prove the time.
fn without_log(bundle: &Bundle) -> Option<Bundle> {
    if !has_timestamp(bundle) {
        return None;
    }
    let mut rest = bundle.clone();
    rest.verification_material.tlog_entries.clear();
    if rest.media_type == MediaType::Bundle0_1 {
        // The first version of the format has no signatures without a log entry.
        rest.media_type = MediaType::Bundle0_2;
    }
    Some(rest)
}

fn moment(seconds: u64) -> Result<Timestamp, Problem> {
    let seconds = i64::try_from(seconds).map_err(unusable)?;
    Timestamp::from_second(seconds).map_err(unusable)
}
