//! The components of a locked application.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{ContentRef, LockedError, MIDDLEWARE, RESOLVED_BY_TRIGGER};

/// The content type of every component's source.
pub const WASM_CONTENT_TYPE: &str = "application/wasm";

/// One component.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LockedComponent {
    /// Its name, unique in the application.
    pub id: String,
    /// Properties by name: `description`, `allowed_outbound_hosts`,
    /// `key_value_stores`, `databases`, `ai_models` and whatever else there is.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub metadata: BTreeMap<String, Value>,
    /// Its WebAssembly.
    pub source: ComponentSource,
    /// Its environment variables.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub env: BTreeMap<String, String>,
    /// The files that it sees.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub files: Vec<ContentPath>,
    /// Its variables, with the application's in double braces.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub config: BTreeMap<String, String>,
    /// What satisfies its imports, by the import's name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub dependencies: BTreeMap<String, Dependency>,
    /// What the trigger composes with it, by role.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub trigger_dependencies: BTreeMap<String, Vec<Dependency>>,
    /// What it requires of its host.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub host_requirements: BTreeMap<String, Value>,
}

/// The WebAssembly of a component.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ComponentSource {
    /// Always [`WASM_CONTENT_TYPE`].
    pub content_type: String,
    /// Where it is.
    #[serde(flatten)]
    pub content: ContentRef,
}

/// A file and where the component sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ContentPath {
    /// Where the content is.
    #[serde(flatten)]
    pub content: ContentRef,
    /// The path in the guest, as written: in a published application it is
    /// relative and normal, which a reader has to check.
    pub path: String,
}

/// A component that satisfies another's import.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dependency {
    /// Its WebAssembly.
    pub source: ComponentSource,
    /// Which of its exports is meant, where it is not the import's name.
    pub export: Option<String>,
    /// What it may use of the component that depends on it.
    #[serde(default, skip_serializing_if = "Inherit::is_nothing")]
    pub inherit: Inherit,
}

/// What a dependency may use of the component that depends on it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Inherit {
    /// Everything.
    All,
    /// These settings, for example `allowed_outbound_hosts`.
    Some(Vec<String>),
}

impl Inherit {
    fn is_nothing(&self) -> bool {
        matches!(self, Self::Some(settings) if settings.is_empty())
    }
}

impl Default for Inherit {
    fn default() -> Self {
        Self::Some(Vec::new())
    }
}

impl LockedComponent {
    /// What the component is for, where it says so.
    #[must_use]
    pub fn description(&self) -> Option<&str> {
        let text = self.metadata.get("description").and_then(Value::as_str)?;
        (!text.is_empty()).then_some(text)
    }

    /// The network destinations that the component may reach, as written:
    /// see [`crate::outbound`] for what they mean.
    pub fn allowed_outbound_hosts(&self) -> Result<Vec<&str>, LockedError> {
        self.list("allowed_outbound_hosts")
    }

    /// The labels of the key-value stores that the component may use.
    pub fn key_value_stores(&self) -> Result<Vec<&str>, LockedError> {
        self.list("key_value_stores")
    }

    /// The labels of the `SQLite` databases that the component may use.
    pub fn sqlite_databases(&self) -> Result<Vec<&str>, LockedError> {
        self.list("databases")
    }

    /// The names of the AI models that the component may use.
    pub fn ai_models(&self) -> Result<Vec<&str>, LockedError> {
        self.list("ai_models")
    }

    /// What stands in front of the component and gets each request of an HTTP trigger
    /// first: the outermost comes first. What triggers of other types put there is theirs
    /// to know, and not meant.
    #[must_use]
    pub fn middleware(&self) -> &[Dependency] {
        let by = self.metadata.get(RESOLVED_BY_TRIGGER);
        match by.and_then(Value::as_str) {
            Some("http") => {
                let middleware = self.trigger_dependencies.get(MIDDLEWARE);
                middleware.map(Vec::as_slice).unwrap_or_default()
            }
            _ => &[],
        }
    }

    /// Drops its dependencies and its middleware, which were composed into it.
    pub fn forget_dependencies(&mut self) {
        self.dependencies.clear();
        if !self.middleware().is_empty() {
            self.trigger_dependencies.remove(MIDDLEWARE);
        }
    }

    /// A list of texts: an entry of another shape is an error, since skipping it
    /// could change what the component may do.
    fn list(&self, key: &'static str) -> Result<Vec<&str>, LockedError> {
        let wrong = || LockedError::Metadata {
            place: super::place(&self.id),
            key,
            expected: "a list of texts",
        };
        match self.metadata.get(key) {
            None | Some(Value::Null) => Ok(Vec::new()),
            Some(Value::Array(entries)) => entries
                .iter()
                .map(|entry| entry.as_str().ok_or_else(wrong))
                .collect(),
            Some(_) => Err(wrong()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn component(metadata: &str) -> LockedComponent {
        serde_json::from_str(&format!(
            r#"{{"id":"a","metadata":{metadata},"source":{{"content_type":"application/wasm"}}}}"#
        ))
        .unwrap()
    }

    #[test]
    fn lists_are_there_or_not_or_wrong() {
        let given = component(r#"{"databases":["default","x"],"description":""}"#);
        assert_eq!(given.sqlite_databases().unwrap(), ["default", "x"]);
        assert_eq!(given.key_value_stores().unwrap(), Vec::<&str>::new());
        assert_eq!(given.description(), None);
        for wrong in [r#"{"ai_models":"llama"}"#, r#"{"ai_models":["llama",1]}"#] {
            assert_eq!(
                component(wrong).ai_models().unwrap_err().to_string(),
                "the property `ai_models` of the component `a` is not a list of texts"
            );
        }
    }
}
