//! What a certificate says of its holder.

use sigstore_verify::crypto::parse_certificate_info;
use sigstore_verify::types::DerCertificate;
use x509_cert::Certificate;
use x509_cert::der::Decode;
use x509_cert::der::asn1::{ObjectIdentifier, Utf8StringRef};
use x509_cert::ext::pkix::name::GeneralName;
use x509_cert::ext::pkix::{BasicConstraints, KeyUsage, SubjectAltName};

use crate::Problem;
use crate::json::unusable;

/// A user name (Fulcio, "OID information").
const USERNAME: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.57264.1.7");

/// The holder of a certificate.
pub(crate) struct Holder {
    /// An email address, a URI or a user name.
    pub(crate) name: String,
    /// The issuer of the identity token.
    pub(crate) issuer: String,
}

/// Reads a certificate.
pub(crate) fn read(der: &DerCertificate) -> Result<Certificate, Problem> {
    Certificate::from_der(der.as_bytes())
        .map_err(|error| Problem::Unusable(format!("the certificate can't be read: {error}")))
}

/// Who holds a certificate, which must be one for signatures, and nobody's who makes
/// certificates.
pub(crate) fn holder(der: &DerCertificate) -> Result<Holder, Problem> {
    let certificate = &read(der)?.tbs_certificate;
    let constraints = certificate.get::<BasicConstraints>().map_err(unusable)?;
    if constraints.is_some_and(|(_, constraints)| constraints.ca) {
        return Err(wrong("is an authority's, and not for signatures"));
    }
    let usage = certificate.get::<KeyUsage>().map_err(unusable)?;
    if !usage.is_some_and(|(_, usage)| usage.digital_signature()) {
        return Err(wrong("is not for signatures (key usage)"));
    }
    let issuer = parse_certificate_info(der)
        .map_err(unusable)?
        .issuer
        .ok_or_else(|| wrong("names no issuer of an identity token"))?;
    let names = certificate.get::<SubjectAltName>().map_err(unusable)?;
    let names = names.map(|(_, names)| names.0).unwrap_or_default();
    let [name] = names.as_slice() else {
        return Err(wrong("does not name exactly one party"));
    };
    let name = match name {
        GeneralName::Rfc822Name(name) | GeneralName::UniformResourceIdentifier(name) => {
            name.to_string()
        }
        GeneralName::OtherName(name) if name.type_id == USERNAME => name
            .value
            .decode_as::<Utf8StringRef<'_>>()
            .map_err(unusable)?
            .to_string(),
        _ => return Err(wrong("names nobody by email address, URI or user name")),
    };
    Ok(Holder { name, issuer })
}

fn wrong(says: &str) -> Problem {
    Problem::Wrong(format!("the certificate {says}"))
}
