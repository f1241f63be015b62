//! Mirrors: other registries that have what a registry has, and are asked first.
//!
//! What a mirror answers is checked by digest like everything else; what a tag leads to
//! is the mirror's word. It is stored under the name that was asked for, not under the
//! mirror's. Nothing is ever sent to a mirror or deleted there.

use wharf_oci::Reference;
use wharf_oci::reference::ReferenceError;

use crate::call::Subject;
use crate::capability::grant::Access;
use crate::error::Error;
use crate::location::Location;
use crate::operation::{Answer, Operation};
use crate::progress::Event;
use crate::session::registry::Asked;
use crate::wharf::Wharf;

/// What a reference to a registry is called at a mirror of it.
fn reference_at(mirror: &Location, original: &Reference) -> Result<Reference, ReferenceError> {
    Ok(Reference {
        registry: mirror.registry().clone(),
        repository: mirror.repository(&original.repository)?,
        ..original.clone()
    })
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
        mirror: &Location,
        original: &Reference,
        operation: impl Fn(String) -> Operation,
        asked: &Asked,
    ) -> Result<Answer, Error> {
        let reference = reference_at(mirror, original)
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
            let mirror = mirror.parse().unwrap();
            let named = reference_at(&mirror, &reference.parse().unwrap()).unwrap();
            assert_eq!(named.to_string(), there);
        }
    }
}
