//! A repository that is named without a tag and a digest.

use std::fmt;
use std::str::FromStr;

use wharf_host::Reference;

/// A repository of a registry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::command) struct Named(Reference);

impl Named {
    /// The repository as a reference, whose tag means nothing.
    pub(in crate::command) fn reference(&self) -> &Reference {
        &self.0
    }
}

impl FromStr for Named {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let reference: Reference = text
            .parse()
            .map_err(|error: wharf_host::ReferenceError| error.to_string())?;
        let has_tag = text
            .rsplit('/')
            .next()
            .is_some_and(|name| name.contains(':'));
        if has_tag || reference.digest.is_some() {
            return Err(format!(
                "it names a tag or a digest, and the repository alone is meant: write `{}/{}`",
                reference.registry, reference.repository
            ));
        }
        Ok(Self(reference))
    }
}

impl fmt::Display for Named {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.0.registry, self.0.repository)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_or_digest_is_refused() {
        let named: Named = "localhost:5000/a/b".parse().unwrap();
        assert_eq!(named.to_string(), "localhost:5000/a/b");
        for text in ["r.example/a:latest", "r.example/a:v1", "", "r.example/A"] {
            assert!(text.parse::<Named>().is_err(), "{text}");
        }
    }
}
