//! Bundles, read from JSON that can be read in one way only.

use std::collections::BTreeSet;
use std::fmt;

use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use sigstore_verify::types::{Bundle, VerificationMaterialContent};

use crate::Problem;

/// How many log entries and how many timestamps a signature may have. sigstore-go has the
/// same bound.
const MAX_EVIDENCE: usize = 32;
/// How many certificates a chain may have.
const MAX_CERTIFICATES: usize = 10;

/// Reads a bundle.
pub(crate) fn bundle(bytes: &[u8]) -> Result<Bundle, Problem> {
    let text = std::str::from_utf8(bytes).map_err(unusable)?;
    unambiguous(text).map_err(Problem::Unusable)?;
    let choices: Choices = serde_json::from_str(text).map_err(unusable)?;
    choices.check()?;
    let bundle = Bundle::from_json(text).map_err(unusable)?;
    bounded(&bundle)?;
    Ok(bundle)
}

/// Refuses what would take long to verify.
pub(crate) fn bounded(bundle: &Bundle) -> Result<(), Problem> {
    let material = &bundle.verification_material;
    let certificates = match &material.content {
        VerificationMaterialContent::X509CertificateChain { certificates } => certificates.len(),
        _ => 1,
    };
    let timestamps = &material.timestamp_verification_data.rfc3161_timestamps;
    for (what, count, most) in [
        ("certificates", certificates, MAX_CERTIFICATES),
        ("log entries", material.tlog_entries.len(), MAX_EVIDENCE),
        ("timestamps", timestamps.len(), MAX_EVIDENCE),
    ] {
        if count > most {
            return Err(Problem::Unusable(format!(
                "there are {count} {what}, and at most {most} are looked at"
            )));
        }
    }
    Ok(())
}

/// Where the format has a choice, of which one may be made.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Choices {
    message_signature: Option<IgnoredAny>,
    dsse_envelope: Option<IgnoredAny>,
    verification_material: Material,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Material {
    certificate: Option<IgnoredAny>,
    x509_certificate_chain: Option<IgnoredAny>,
    public_key: Option<IgnoredAny>,
}

impl Choices {
    fn check(&self) -> Result<(), Problem> {
        let Material {
            certificate,
            x509_certificate_chain,
            public_key,
        } = &self.verification_material;
        let one = |choices: &[&Option<IgnoredAny>]| {
            choices.iter().filter(|choice| choice.is_some()).count() == 1
        };
        if !one(&[&self.message_signature, &self.dsse_envelope]) {
            return Err(Problem::Unusable(
                "a bundle has one signature: `messageSignature` or `dsseEnvelope`".into(),
            ));
        }
        if !one(&[certificate, x509_certificate_chain, public_key]) {
            return Err(Problem::Unusable(
                "a bundle has one of `certificate`, `x509CertificateChain` and `publicKey`".into(),
            ));
        }
        Ok(())
    }
}

/// Refuses JSON that gives a name twice, of which readers take the first or the last.
pub(crate) fn unambiguous(text: &str) -> Result<(), String> {
    let mut reader = serde_json::Deserializer::from_str(text);
    Unambiguous
        .deserialize(&mut reader)
        .and_then(|()| reader.end())
        .map_err(|error| error.to_string())
}

struct Unambiguous;

impl<'de> DeserializeSeed<'de> for Unambiguous {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Unambiguous {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("JSON")
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E>(self, _: &str) -> Result<(), E> {
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        while items.next_element_seed(Unambiguous)?.is_some() {}
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<(), A::Error> {
        let mut names = BTreeSet::new();
        while let Some(name) = members.next_key::<String>()? {
            members.next_value_seed(Unambiguous)?;
            if let Some(name) = names.replace(name) {
                return Err(A::Error::custom(format_args!("`{name}` is given twice")));
            }
        }
        Ok(())
    }
}

pub(crate) fn unusable(error: impl fmt::Display) -> Problem {
    Problem::Unusable(error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_is_given_twice_is_refused_at_any_depth() {
        assert!(unambiguous(r#"{"a":[{"b":1,"c":"b"},{"b":null}],"b":-1.5e3}"#).is_ok());
        let error = unambiguous(r#"{"a":[{"b":1,"b":2}]}"#).unwrap_err();
        assert!(error.starts_with("`b` is given twice"), "{error}");
        assert!(unambiguous("{} {}").is_err());
    }

    #[test]
    fn json_that_is_nested_without_end_is_refused() {
        assert!(unambiguous(&"[".repeat(100_000)).is_err());
    }
}
