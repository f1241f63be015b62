//! Where repositories are: a registry, or a part of one.

use std::fmt;
use std::str::FromStr;

use wharf_oci::reference::ReferenceError;
use wharf_oci::{Registry, Repository};

/// A registry, and what stands before the names of repositories there: `registry` or
/// `registry/prefix`. So mirrors are named, and places of packages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Location {
    registry: Registry,
    prefix: Option<Repository>,
}

impl Location {
    /// The registry.
    #[must_use]
    pub fn registry(&self) -> &Registry {
        &self.registry
    }

    /// The repository that has this name there.
    pub(crate) fn repository(&self, name: impl fmt::Display) -> Result<Repository, ReferenceError> {
        match &self.prefix {
            Some(prefix) => format!("{prefix}/{name}").parse(),
            None => name.to_string().parse(),
        }
    }
}

impl From<Registry> for Location {
    fn from(registry: Registry) -> Self {
        Self {
            registry,
            prefix: None,
        }
    }
}

impl FromStr for Location {
    type Err = ReferenceError;

    fn from_str(text: &str) -> Result<Self, ReferenceError> {
        let (registry, prefix) = match text.split_once('/') {
            Some((registry, prefix)) => (registry, Some(prefix.parse()?)),
            None => (text, None),
        };
        Ok(Self {
            registry: registry.parse()?,
            prefix,
        })
    }
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.registry)?;
        match &self.prefix {
            Some(prefix) => write!(f, "/{prefix}"),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_registry_and_what_stands_before_names() {
        for (text, repository) in [
            ("m.example", "a/b"),
            ("m.example:5000/hub", "hub/a/b"),
            ("localhost/x/y", "x/y/a/b"),
        ] {
            let location: Location = text.parse().unwrap();
            assert_eq!(location.to_string(), text);
            let found = location.repository("a/b").unwrap();
            assert_eq!(found.to_string(), repository);
        }
        for text in [
            "",
            "/a",
            "m.example/",
            "https://m.example",
            "m.example/A",
            "m.example/a:1",
        ] {
            assert!(text.parse::<Location>().is_err(), "{text}");
        }
    }
}
