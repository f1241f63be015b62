//! The locked application: what `spin.toml` became once every file in it was
//! found and named by digest. It is the document that a runtime reads.
//!
//! The schema is Spin's, `spin_lock_version` 0 and 1 alike. Members that are not
//! known are skipped, as Spin skips them, but for what the document itself says
//! must be understood: `must_understand` and the host requirements, which are
//! refused by name.

mod component;
mod content;
mod trigger;

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::Value;
use wharf_oci::problem::clean;

pub use component::{
    ComponentSource, ContentPath, Dependency, Inherit, LockedComponent, WASM_CONTENT_TYPE,
};
pub use content::ContentRef;
pub use trigger::{
    HttpExecutor, HttpRoute, HttpTarget, HttpTrigger, LockedTrigger, StaticResponse,
};

/// The host requirement of components that call each other through
/// `*.spin.internal`.
pub const LOCAL_SERVICE_CHAINING: &str = "local_service_chaining";

/// The host requirement of components that have middleware.
pub const MIDDLEWARE: &str = "middleware";

/// The property of a component whose middleware its trigger is to compose, by the
/// trigger's type.
pub(crate) const RESOLVED_BY_TRIGGER: &str = "resolve-trigger-dependencies-using";

/// The value of a host requirement that has to be met.
pub const REQUIRED: &str = "required";

/// The value of a host requirement that may be ignored.
const OPTIONAL: &str = "optional";

/// A whole application, resolved.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[non_exhaustive]
pub struct LockedApp {
    /// Which members a reader may not skip. Kept in step with the requirements
    /// by whoever fills them in.
    #[serde(default)]
    pub must_understand: Vec<MustUnderstand>,
    /// Properties by name: `name`, `version`, `description`, `authors`, `trigger`,
    /// `triggers`, `origin` and whatever else there is.
    #[serde(default)]
    pub metadata: BTreeMap<String, Value>,
    /// What the whole application requires of its host.
    #[serde(default)]
    pub host_requirements: BTreeMap<String, Value>,
    /// The application's variables.
    #[serde(default)]
    pub variables: BTreeMap<String, Variable>,
    /// What makes components run.
    pub triggers: Vec<LockedTrigger>,
    /// The components, in the order of the author.
    pub components: Vec<LockedComponent>,
}

/// A member that a reader may not skip.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MustUnderstand {
    /// The application's `host_requirements`.
    HostRequirements,
    /// The components' `host_requirements`.
    ComponentHostRequirements,
}

/// A variable of the application.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Variable {
    /// What it is for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Its value where none is given. Without it a value is required.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default: Option<String>,
    /// Whether its value must not be shown.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub secret: bool,
}

/// Why bytes are not a locked application that can be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LockedError {
    /// Not JSON, or a member has another shape than it must have.
    #[error("the locked application can't be read: {0}")]
    Json(String),
    /// JSON without `spin_lock_version`, which is what tells an application.
    #[error("this is not a Spin application: it has no `spin_lock_version`")]
    NotAnApplication,
    /// A version of the schema that is not understood.
    #[error(
        "the locked application has `spin_lock_version` {0}, and 0 and 1 are understood: \
         use a newer Wharf"
    )]
    Version(String),
    /// An entry of `must_understand` that is not understood.
    #[error(
        "the application says that `{0}` must be understood, and this version does not: \
         use a newer Wharf"
    )]
    MustUnderstand(String),
    /// A host requirement that is not known.
    #[error("{place} requires the host feature `{feature}`, which this version does not have")]
    HostRequirement {
        /// Who requires it: the application, or a component by name.
        place: String,
        /// The feature.
        feature: String,
    },
    /// Two components have the same id.
    #[error("the application has two components with the id `{0}`")]
    DuplicateComponent(String),
    /// A trigger of a type that can't be served.
    #[error(
        "the trigger `{id}` has the type `{trigger_type}`, and only `http` triggers can be served"
    )]
    TriggerType {
        /// The trigger's id.
        id: String,
        /// Its type.
        trigger_type: String,
    },
    /// A trigger's settings can't be used.
    #[error("the trigger `{id}` {problem}")]
    Trigger {
        /// The trigger's id.
        id: String,
        /// What is wrong, to be read after the id.
        problem: String,
    },
    /// A property in `metadata` has another shape than it must have.
    #[error("the property `{key}` of {place} is not {expected}")]
    Metadata {
        /// Whose property it is: the application's, or a component's by name.
        place: String,
        /// The property.
        key: &'static str,
        /// What it must be.
        expected: &'static str,
    },
}

impl LockedApp {
    /// Reads a locked application. The bytes may come from anybody.
    pub fn from_json(bytes: &[u8]) -> Result<Self, LockedError> {
        check_version(bytes)?;
        let mut app: Self = serde_json::from_slice(bytes).map_err(|error| json(&error))?;
        accept_requirements(&mut app.host_requirements, || "the application".to_owned())?;
        let mut ids = BTreeSet::new();
        for component in &mut app.components {
            accept_requirements(&mut component.host_requirements, || {
                place(component.id.as_str())
            })?;
            if !ids.insert(component.id.as_str()) {
                return Err(LockedError::DuplicateComponent(clean(&component.id, 100)));
            }
        }
        Ok(app)
    }

    /// The document, compact, with the members in the order of the schema and
    /// every map sorted: the same application gives the same bytes.
    #[must_use]
    pub fn to_json(&self) -> Vec<u8> {
        #[derive(Serialize)]
        struct Document<'a> {
            spin_lock_version: u8,
            #[serde(skip_serializing_if = "<[_]>::is_empty")]
            must_understand: &'a [MustUnderstand],
            #[serde(skip_serializing_if = "BTreeMap::is_empty")]
            metadata: &'a BTreeMap<String, Value>,
            #[serde(skip_serializing_if = "BTreeMap::is_empty")]
            host_requirements: &'a BTreeMap<String, Value>,
            #[serde(skip_serializing_if = "BTreeMap::is_empty")]
            variables: &'a BTreeMap<String, Variable>,
            triggers: &'a [LockedTrigger],
            components: &'a [LockedComponent],
        }
        // Readers of version 0 know nothing of requirements, so it says 1 only
        // where there are some.
        let plain = self.must_understand.is_empty() && self.host_requirements.is_empty();
        let document = Document {
            spin_lock_version: u8::from(!plain),
            must_understand: &self.must_understand,
            metadata: &self.metadata,
            host_requirements: &self.host_requirements,
            variables: &self.variables,
            triggers: &self.triggers,
            components: &self.components,
        };
        // Maps with string keys and no foreign serializer: it can't fail.
        serde_json::to_vec(&document).unwrap_or_default()
    }

    /// The application's name; empty when it has none.
    #[must_use]
    pub fn name(&self) -> &str {
        self.text("name").unwrap_or_default()
    }

    /// The application's version, where it has one.
    #[must_use]
    pub fn version(&self) -> Option<&str> {
        self.text("version")
    }

    /// What the application is for, where it says so.
    #[must_use]
    pub fn description(&self) -> Option<&str> {
        self.text("description")
    }

    /// The authors, none where there are none or they are not a list of texts.
    #[must_use]
    pub fn authors(&self) -> Vec<&str> {
        let list = self.metadata.get("authors").and_then(Value::as_array);
        list.into_iter()
            .flatten()
            .filter_map(Value::as_str)
            .collect()
    }

    /// The component with an id.
    #[must_use]
    pub fn component(&self, id: &str) -> Option<&LockedComponent> {
        self.components.iter().find(|component| component.id == id)
    }

    /// All triggers, which must be HTTP triggers that can be served, in the order
    /// of the author. Each names a component that is there.
    pub fn http_triggers(&self) -> Result<Vec<HttpTrigger>, LockedError> {
        trigger::http_triggers(self)
    }

    /// Every feature that the application or one of its components requires of
    /// the host, [`LOCAL_SERVICE_CHAINING`] or [`MIDDLEWARE`], with who requires
    /// it. Whoever runs the application refuses those that it does not offer.
    pub fn required_features(&self) -> impl Iterator<Item = (String, &str)> {
        let own = self.host_requirements.keys();
        let components = self.components.iter().flat_map(|component| {
            let features = component.host_requirements.keys();
            features.map(|feature| (place(&component.id), feature.as_str()))
        });
        own.map(|feature| ("the application".to_owned(), feature.as_str()))
            .chain(components)
    }

    /// Whether it can't be run as it stands: a component is still to be composed with
    /// its dependencies or its middleware, or is said to need a composing host and does
    /// not.
    #[must_use]
    pub fn is_uncomposed(&self) -> bool {
        let mut components = self.components.iter();
        components.any(|it| !it.dependencies.is_empty() || !it.middleware().is_empty())
            || self.says_too_much()
    }

    /// Drops what tells a host to compose where nothing is left to be composed: it
    /// would keep hosts that can't from running what they can. Tells whether there was
    /// something of the kind.
    pub fn forget_what_was_composed(&mut self) -> bool {
        if !self.says_too_much() {
            return false;
        }
        for component in &mut self.components {
            if component.trigger_dependencies.is_empty() {
                component.host_requirements.remove(MIDDLEWARE);
                component.metadata.remove(RESOLVED_BY_TRIGGER);
            }
        }
        if !self.has_trigger_dependencies() {
            self.host_requirements.remove(MIDDLEWARE);
        }
        let none = self.host_requirements.is_empty();
        let mut components = self.components.iter();
        let none_of_components = components.all(|c| c.host_requirements.is_empty());
        self.must_understand.retain(|member| match member {
            MustUnderstand::HostRequirements => !none,
            MustUnderstand::ComponentHostRequirements => !none_of_components,
        });
        true
    }

    fn says_too_much(&self) -> bool {
        let mut components = self.components.iter();
        let of_components = components.any(|component| {
            component.trigger_dependencies.is_empty()
                && (component.host_requirements.contains_key(MIDDLEWARE)
                    || component.metadata.contains_key(RESOLVED_BY_TRIGGER))
        });
        let own = self.host_requirements.contains_key(MIDDLEWARE);
        of_components || (own && !self.has_trigger_dependencies())
    }

    fn has_trigger_dependencies(&self) -> bool {
        let of_triggers = self.triggers.iter().map(|t| &t.trigger_dependencies);
        let of_components = self.components.iter().map(|c| &c.trigger_dependencies);
        of_triggers
            .chain(of_components)
            .any(|roles| !roles.is_empty())
    }

    fn text(&self, key: &str) -> Option<&str> {
        let text = self.metadata.get(key).and_then(Value::as_str)?;
        (!text.is_empty()).then_some(text)
    }
}

/// A component in words, with what a terminal could stumble over taken out.
fn place(component: &str) -> String {
    format!("the component `{}`", clean(component, 100))
}

fn json(error: &serde_json::Error) -> LockedError {
    LockedError::Json(clean(&error.to_string(), 300))
}

/// Reads, before anything else, what tells whether the rest can be understood.
fn check_version(bytes: &[u8]) -> Result<(), LockedError> {
    #[derive(Deserialize)]
    struct Head {
        spin_lock_version: Option<Value>,
        #[serde(default)]
        must_understand: Vec<String>,
    }
    let head: Head = serde_json::from_slice(bytes).map_err(|error| json(&error))?;
    let Some(version) = head.spin_lock_version else {
        return Err(LockedError::NotAnApplication);
    };
    if !matches!(version.as_u64(), Some(0 | 1)) {
        return Err(LockedError::Version(clean(&version.to_string(), 50)));
    }
    for name in head.must_understand {
        if serde_json::from_value::<MustUnderstand>(Value::from(name.as_str())).is_err() {
            return Err(LockedError::MustUnderstand(clean(&name, 100)));
        }
    }
    Ok(())
}

/// Drops what is optional and refuses what is unknown.
fn accept_requirements(
    requirements: &mut BTreeMap<String, Value>,
    place: impl Fn() -> String,
) -> Result<(), LockedError> {
    requirements.retain(|_, value| value.as_str() != Some(OPTIONAL));
    let unknown =
        |feature: &&String| ![LOCAL_SERVICE_CHAINING, MIDDLEWARE].contains(&feature.as_str());
    match requirements.keys().find(unknown) {
        None => Ok(()),
        Some(feature) => Err(LockedError::HostRequirement {
            place: place(),
            feature: clean(feature, 100),
        }),
    }
}

#[cfg(test)]
mod tests;
