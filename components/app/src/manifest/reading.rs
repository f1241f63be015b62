//! What is known while the components of a manifest are read.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;

use wharf_oci::problem::clean;

use super::document::Table;
use super::error::{Fault, Problem};
use super::{Publishing, dependency, source};
use crate::locked::Variable;
use crate::nearest::hint;

/// What is known while the components of a manifest are read.
pub(super) struct Reading<'a> {
    publishing: &'a Publishing,
    /// The names of the application's variables.
    variables: Vec<String>,
    /// The names of the profiles that there are.
    profiles: RefCell<Vec<String>>,
    /// Whether a component has the wanted one.
    is_there: Cell<bool>,
}

impl<'a> Reading<'a> {
    pub(super) fn new(publishing: &'a Publishing, variables: &BTreeMap<String, Variable>) -> Self {
        Self {
            publishing,
            variables: variables.keys().cloned().collect(),
            profiles: RefCell::default(),
            is_there: Cell::new(false),
        }
    }

    /// What is to be published.
    pub(super) fn publishing(&self) -> &'a Publishing {
        self.publishing
    }

    /// The names of the application's variables.
    pub(super) fn variables(&self) -> Vec<&str> {
        self.variables.iter().map(String::as_str).collect()
    }

    /// The wanted profile of a component, if it has it.
    pub(super) fn profile<'t>(&self, component: &Table<'t>) -> Result<Option<Table<'t>>, Fault> {
        let Some(profiles) = component.find("profile") else {
            return Ok(None);
        };
        let mut wanted = None;
        for (name, item) in profiles.table("a table of profiles")?.items() {
            let profile = item.table("a table")?;
            // Of every profile, so that a mistake is found before it is used.
            profile.only(&["build", "dependencies", "environment", "source"])?;
            dependency::written(&profile)?;
            if profile.find("source").is_some() {
                source::source(&profile)?;
            }
            self.profiles.borrow_mut().push(name.to_owned());
            if self.publishing.profile.as_deref() == Some(name) {
                self.is_there.set(true);
                wanted = Some(profile);
            }
        }
        Ok(wanted)
    }

    /// Refuses a profile that no component has.
    pub(super) fn finish(&self, manifest: &Table<'_>) -> Result<(), Fault> {
        let Some(wanted) = &self.publishing.profile else {
            return Ok(());
        };
        if self.is_there.get() {
            return Ok(());
        }
        let profiles = self.profiles.borrow();
        let known: Vec<_> = profiles.iter().map(String::as_str).collect();
        Err(manifest.fault(Problem::NoProfile {
            name: clean(wanted, 100),
            hint: hint(wanted, &known),
        }))
    }
}
