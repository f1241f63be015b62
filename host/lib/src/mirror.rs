//! Mirrors: other registries that have what a registry has, and are asked first.
//!
//! What a mirror answers is checked by digest like everything else; what a tag leads to
//! is the mirror's word. It is stored under the name that was asked for, not under the
//! mirror's. Nothing is ever sent to a mirror or deleted there.

use std::fmt;
use std::str::FromStr;

use wharf_oci::reference::ReferenceError;
use wharf_oci::{Reference, Registry, Repository};

use crate::capability::grant::Access;
use crate::error::Error;
use crate::operation::{Answer, Operation};
use crate::progress::Event;
use crate::session::Asked;
use crate::wharf::{Subject, Wharf};

/// A mirror: a registry, and what stands before the names of repositories there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mirror {
    registry: Registry,
    prefix: Option<Repository>,
}

impl Mirror {
    /// Where it is.
    #[must_use]
    pub fn registry(&self) -> &Registry {
        &self.registry
    }

    /// What a reference to its registry is called here.
    fn reference(&self, original: &Reference) -> Result<Reference, ReferenceError> {
        let repository = match &self.prefix {
            Some(prefix) => format!("{prefix}/{}", original.repository).parse()?,
            None => original.repository.clone(),
        };
        Ok(Reference {
            registry: self.registry.clone(),
            repository,
            ..original.clone()
        })
    }
}

impl FromStr for Mirror {
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

impl fmt::Display for Mirror {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.registry)?;
        match &self.prefix {
            Some(prefix) => write!(f, "/{prefix}"),
            None => Ok(()),
        }
    }
}

impl Wharf {
    /// An operation that reads the repository of a reference: at the mirrors of its
    /// registry, in their order, and at the registry when none of them can do it.
    pub(crate) async fn read(
        &self,
        reference: &Reference,
        operation: impl Fn(String) -> Operation,
        asked: Asked,
    ) -> Result<Answer, Error> {
        for mirror in self.mirrors(&reference.registry) {
            match self.read_at(mirror, reference, &operation, &asked).await {
                // The next one would fare no better.
                Err(error @ Error::Storage(_)) => return Err(error),
                Err(error) => self.tell(Event::Note(format!(
                    "the mirror {mirror} does not help with {reference}: {error}"
                ))),
                answered => return answered,
            }
        }
        let operation = operation(reference.to_string());
        self.about(reference, Access::Read, operation, asked).await
    }

    async fn read_at(
        &self,
        mirror: &Mirror,
        original: &Reference,
        operation: impl Fn(String) -> Operation,
        asked: &Asked,
    ) -> Result<Answer, Error> {
        let reference = mirror
            .reference(original)
            .map_err(|error| Error::InvalidInput(error.to_string()))?;
        let subject = Subject {
            registry: &reference.registry,
            repository: Some(reference.repository.clone()),
            stands_for: Some(original),
            sources: Vec::new(),
            asked: asked.clone(),
        };
        let operation = operation(reference.to_string());
        self.call(subject, Access::Read, operation).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mirror_names_what_its_registry_has() {
        for (mirror, reference, there) in [
            ("m.example", "r.example/a:1", "m.example/a:1"),
            (
                "m.example:5000/hub",
                "hello",
                "m.example:5000/hub/library/hello:latest",
            ),
            ("localhost/x/y", "r.example/a/b:1", "localhost/x/y/a/b:1"),
        ] {
            let parsed: Mirror = mirror.parse().unwrap();
            assert_eq!(parsed.to_string(), mirror);
            let named = parsed.reference(&reference.parse().unwrap()).unwrap();
            assert_eq!(named.to_string(), there);
        }
        for text in [
            "",
            "/a",
            "m.example/",
            "https://m.example",
            "m.example/A",
            "m.example/a:1",
        ] {
            assert!(text.parse::<Mirror>().is_err(), "{text}");
        }
    }
}
