//! Types of attestations, by the short names that cosign has for them.

use std::convert::Infallible;
use std::str::FromStr;

/// A predicate type (in-toto attestation framework, "Predicates").
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct PredicateType(String);

const SHORT: [(&str, &str); 8] = [
    ("custom", "https://cosign.sigstore.dev/attestation/v1"),
    ("cyclonedx", "https://cyclonedx.org/bom"),
    ("link", "https://in-toto.io/Link/v1"),
    ("openvex", "https://openvex.dev/ns"),
    ("slsaprovenance", "https://slsa.dev/provenance/v0.2"),
    ("slsaprovenance1", "https://slsa.dev/provenance/v1"),
    ("spdxjson", "https://spdx.dev/Document"),
    ("vuln", "https://cosign.sigstore.dev/attestation/vuln/v1"),
];

impl FromStr for PredicateType {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let name = match text {
            "slsaprovenance02" => "slsaprovenance",
            "spdx" => "spdxjson",
            other => other,
        };
        let known = SHORT.iter().find(|(short, _)| *short == name);
        Ok(Self(known.map_or(text, |(_, uri)| uri).to_owned()))
    }
}

impl PredicateType {
    /// The URI.
    pub(super) fn into_uri(self) -> String {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_names_are_cosigns_and_others_are_taken_as_they_are() {
        for (text, uri) in [
            ("slsaprovenance", "https://slsa.dev/provenance/v0.2"),
            ("spdx", "https://spdx.dev/Document"),
            ("https://r.example/x/v1", "https://r.example/x/v1"),
        ] {
            let Ok(kind) = text.parse::<PredicateType>();
            assert_eq!(kind.into_uri(), uri);
        }
    }
}
