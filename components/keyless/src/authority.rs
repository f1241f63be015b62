//! Whether a certificate is by an authority of the trusted root.
//!
//! `sigstore-verify` ends a path at any certificate that the root has, intermediates too,
//! whose own validity it then does not look at. Here a path ends at the last certificate of an
//! authority's chain, and each certificate of it must be valid.

use std::time::Duration;

use jiff::Timestamp;
use rustls_pki_types::{CertificateDer, UnixTime};
use sigstore_verify::crypto::WEBPKI_VERIFICATION_ALGS;
use sigstore_verify::trust_root::{CertificateAuthority, TrustedRoot};
use sigstore_verify::types::DerCertificate;
use webpki::{EndEntityCert, KeyUsage, anchor_from_trusted_cert};
use x509_cert::Certificate;
use x509_cert::der::Encode;
use x509_cert::ext::pkix::{AuthorityKeyIdentifier, SubjectKeyIdentifier};

use crate::json::unusable;
use crate::{Problem, certificate};

/// Code signing (RFC 5280, 4.2.1.12), 1.3.6.1.5.5.7.3.3, as it is written in a certificate.
const CODE_SIGNING: &[u8] = &[0x2b, 6, 1, 5, 5, 7, 3, 3];

/// Whether an authority of the root made the first certificate of a chain, or one of those
/// that the chain adds, whatever the time.
pub(crate) fn made(root: &TrustedRoot, chain: &[&DerCertificate]) -> Result<bool, Problem> {
    let authorities: Vec<_> = root
        .certificate_authorities
        .iter()
        .flat_map(|authority| &authority.cert_chain.certificates)
        .map(|entry| &entry.raw_bytes)
        .collect();
    for (place, &der) in chain.iter().enumerate() {
        if authorities.contains(&der) {
            // An authority's own is known. That a chain adds it says nothing of the others.
            if place == 0 {
                return Ok(true);
            }
            continue;
        }
        let made = certificate::read(der)?;
        let body = made.tbs_certificate.to_der().map_err(unusable)?;
        let algorithm = made.signature_algorithm.to_der().map_err(unusable)?;
        if authorities
            .iter()
            .any(|authority| signed(authority, &body, &algorithm, made.signature.raw_bytes()))
        {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Whether a certificate says that an authority of the root made it, by the name and the key
/// of that authority (RFC 5280, 4.2.1.1).
pub(crate) fn named(root: &TrustedRoot, der: &DerCertificate) -> Result<bool, Problem> {
    let made = certificate::read(der)?.tbs_certificate;
    let key = made.get::<AuthorityKeyIdentifier>().map_err(unusable)?;
    let Some(key) = key.and_then(|(_, key)| key.key_identifier) else {
        return Ok(false);
    };
    for entry in root
        .certificate_authorities
        .iter()
        .flat_map(|authority| &authority.cert_chain.certificates)
    {
        let authority = certificate::read(&entry.raw_bytes)?.tbs_certificate;
        let named = authority.get::<SubjectKeyIdentifier>().map_err(unusable)?;
        if authority.subject == made.issuer && named.is_some_and(|(_, named)| named.0 == key) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Whether the key of a certificate made a signature. `algorithm` is in DER.
fn signed(by: &DerCertificate, message: &[u8], algorithm: &[u8], signature: &[u8]) -> bool {
    let der = CertificateDer::from(by.as_bytes());
    let Ok(key) = EndEntityCert::try_from(&der) else {
        return false;
    };
    // Without its tag and length, one byte each.
    let algorithm = algorithm.get(2..).unwrap_or_default();
    WEBPKI_VERIFICATION_ALGS
        .iter()
        .filter(|known| known.signature_alg_id().as_ref() == algorithm)
        .any(|known| key.verify_signature(*known, message, signature).is_ok())
}

/// Checks that an authority of the root made a certificate, that all in between was valid at
/// a time, and that what the chain adds to the certificate has a part in that.
pub(crate) fn check(
    root: &TrustedRoot,
    chain: &[&DerCertificate],
    time: Timestamp,
) -> Result<(), Problem> {
    let mut problem = Problem::Wrong(format!(
        "no certificate authority of the trusted root was valid at {time}"
    ));
    for authority in &root.certificate_authorities {
        if authority.valid_for.is_none_or(|range| range.contains(time)) {
            match path(authority, chain, time) {
                Ok(()) => return Ok(()),
                Err(error) => problem = error,
            }
        }
    }
    Err(problem)
}

fn path(
    authority: &CertificateAuthority,
    chain: &[&DerCertificate],
    time: Timestamp,
) -> Result<(), Problem> {
    let wrong = |error: webpki::Error| {
        Problem::Wrong(format!(
            "the certificate does not lead to {} at {time}: {error}",
            authority.uri
        ))
    };
    let certificates = &authority.cert_chain.certificates;
    let (Some((end, between)), Some((leaf, added))) =
        (certificates.split_last(), chain.split_first())
    else {
        return Err(Problem::Unusable("there is no certificate".into()));
    };
    let end_certificate = certificate::read(&end.raw_bytes)?;
    if !valid(&end_certificate, time) {
        return Err(Problem::Wrong(format!(
            "the root certificate of {} is not valid at {time}",
            authority.uri
        )));
    }
    let der = CertificateDer::from(end.raw_bytes.as_bytes());
    let anchor = anchor_from_trusted_cert(&der).map_err(wrong)?;
    let between: Vec<_> = between
        .iter()
        .map(|entry| &entry.raw_bytes)
        .chain(added.iter().copied())
        .map(|der| CertificateDer::from(der.as_bytes()))
        .collect();
    let der = CertificateDer::from(leaf.as_bytes());
    let leaf = EndEntityCert::try_from(&der).map_err(wrong)?;
    let seconds = u64::try_from(time.as_second()).map_err(unusable)?;
    let anchors = [anchor];
    let path = leaf
        .verify_for_usage(
            WEBPKI_VERIFICATION_ALGS,
            &anchors,
            &between,
            UnixTime::since_unix_epoch(Duration::from_secs(seconds)),
            // Authorities need not say what their certificates are for. That the signature's
            // certificate does is looked at by `sigstore-verify`.
            KeyUsage::required_if_present(CODE_SIGNING),
            None,
            None,
        )
        .map_err(wrong)?;

    let mut used = vec![end_certificate];
    for der in path.intermediate_certificates().map(webpki::Cert::der) {
        used.push(certificate::read(&DerCertificate::from_bytes(&der))?);
    }
    for der in added {
        let added = certificate::read(der)?.tbs_certificate;
        let has_part = used.iter().map(|used| &used.tbs_certificate).any(|used| {
            used.subject == added.subject
                && used.subject_public_key_info == added.subject_public_key_info
        });
        if !has_part {
            return Err(Problem::Wrong(format!(
                "the chain has the certificate of {}, which has no part in it",
                added.subject
            )));
        }
    }
    Ok(())
}

fn valid(certificate: &Certificate, time: Timestamp) -> bool {
    let validity = &certificate.tbs_certificate.validity;
    let seconds = |time: &x509_cert::time::Time| time.to_unix_duration().as_secs();
    u64::try_from(time.as_second()).is_ok_and(|time| {
        (seconds(&validity.not_before)..=seconds(&validity.not_after)).contains(&time)
    })
}
