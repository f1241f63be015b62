//! `spin.toml`: what the author says of an application, and what of it is
//! published.
//!
//! A manifest is read as a whole and without looking at any file. What it becomes
//! is a locked application without content, and for each component the paths and
//! patterns that say where the content is ([`crate::files`] finds it).
//!
//! What is not known in a manifest is refused by name rather than skipped: an
//! application that was published without it would be another one.

mod application;
mod build;
mod component;
mod dependency;
mod depth;
mod document;
mod error;
mod http_hosts;
mod name;
mod reading;
mod source;
mod template;
mod trigger;
mod trigger_dependency;
mod version1;

use std::collections::BTreeMap;

use serde_json::Value;
use toml::de::DeTable;
use wharf_oci::problem::clean;

pub use build::Build;
pub use dependency::DependencyContent;
pub use error::{ManifestError, Problem};
pub(crate) use name::is_kebab;
pub use source::{Download, Package, Source, Wanted};

use crate::files::{Glob, Mount};
use crate::locked::{LockedApp, LockedTrigger, MustUnderstand, Variable};
use document::Table;
use error::Fault;
use reading::Reading;

/// The largest manifest that is read, in bytes.
pub const MANIFEST_BYTES: usize = 1024 * 1024;

/// A manifest, understood.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Manifest {
    /// The application, complete but for the content of its components.
    pub app: LockedApp,
    /// Where the components' content is, in their order in the application.
    pub contents: Vec<ComponentContent>,
    /// Things that the author should know, one sentence each.
    pub warnings: Vec<String>,
}

/// Where the content of a component is.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct ComponentContent {
    /// The component's id.
    pub id: String,
    /// Its WebAssembly.
    pub source: Source,
    /// What satisfies its imports, sorted by the import's name.
    pub dependencies: Vec<DependencyContent>,
    /// What its trigger puts in front of it, by role, the outermost first.
    pub trigger_dependencies: BTreeMap<String, Vec<Source>>,
    /// What makes the WebAssembly, where that is said.
    pub build: Option<Build>,
    /// The files that it sees.
    pub files: Vec<Mount>,
    /// Those that it does not see nevertheless.
    pub exclude: Vec<Glob>,
}

impl ComponentContent {
    /// Where its WebAssembly comes from, and that of its dependencies.
    pub fn sources(&self) -> impl Iterator<Item = &Source> {
        let dependencies = self.dependencies.iter().map(|it| &it.source);
        let of_trigger = self.trigger_dependencies.values().flatten();
        [&self.source]
            .into_iter()
            .chain(dependencies)
            .chain(of_trigger)
    }

    /// Whether it is to be composed with something.
    #[must_use]
    pub fn has_dependencies(&self) -> bool {
        !self.dependencies.is_empty() || !self.trigger_dependencies.is_empty()
    }
}

/// What of a manifest is published.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Publishing {
    /// The profile of the components that is meant; none for what stands outside of one.
    pub profile: Option<String>,
    /// Whether the commands that build the components are published. They tell how the
    /// author's machine is set up.
    pub build: bool,
    /// Whether the defaults of secret variables are published. Otherwise a manifest with
    /// one is refused.
    pub secret_defaults: bool,
}

impl Manifest {
    /// Where WebAssembly comes from: the components' and their dependencies', in order.
    pub fn sources(&self) -> impl Iterator<Item = &Source> {
        self.contents.iter().flat_map(ComponentContent::sources)
    }

    /// Reads a manifest of version 2 or 1. The text may come from anybody.
    pub fn parse(text: &str, publishing: &Publishing) -> Result<Self, ManifestError> {
        parse(text, publishing).map_err(|fault| fault.locate(text))
    }
}

fn parse(text: &str, publishing: &Publishing) -> Result<Manifest, Fault> {
    if let Some(at) = depth::too_deep(text) {
        let problem = Problem::Syntax("it is nested too deeply".into());
        return Err(Fault::new(at, problem));
    }
    let document = DeTable::parse(text).map_err(|error| {
        let at = error.span().map_or(0, |span| span.start);
        Fault::new(at, Problem::Syntax(clean(error.message(), 300)))
    })?;
    let manifest = Table::document(document.get_ref());
    let mut warnings = Vec::new();
    let parts = match version(&manifest)? {
        Version::One => version1::read(&manifest, publishing, &mut warnings)?,
        Version::Two => read(&manifest, publishing, &mut warnings)?,
    };
    let Published {
        mut metadata,
        variables,
        triggers,
    } = parts.published;
    if let Some(profile) = &publishing.profile {
        metadata.insert("profile".to_owned(), Value::from(profile.as_str()));
    }
    let (components, contents): (Vec<_>, Vec<_>) = parts
        .components
        .into_iter()
        .map(|component| (component.locked, component.content))
        .unzip();
    let required = components.iter().any(|c| !c.host_requirements.is_empty());
    let must_understand = required.then_some(MustUnderstand::ComponentHostRequirements);
    Ok(Manifest {
        app: LockedApp {
            must_understand: must_understand.into_iter().collect(),
            metadata,
            variables,
            triggers,
            components,
            ..LockedApp::default()
        },
        contents,
        warnings,
    })
}

/// What a manifest of any version says.
struct Parts {
    published: Published,
    components: Vec<component::Component>,
}

/// What of it is published as it is.
struct Published {
    metadata: BTreeMap<String, Value>,
    variables: BTreeMap<String, Variable>,
    triggers: Vec<LockedTrigger>,
}

/// Reads a manifest whose version is 2.
fn read(
    manifest: &Table<'_>,
    publishing: &Publishing,
    warnings: &mut Vec<String>,
) -> Result<Parts, Fault> {
    manifest.only(&[
        "application",
        "component",
        "spin_manifest_version",
        "trigger",
        "variables",
    ])?;
    let triggers = trigger::triggers(manifest)?;
    let types = trigger::types(&triggers);
    let metadata = application::metadata(manifest, &types, warnings)?;
    let variables = application::variables(manifest, publishing)?;
    let reading = Reading::new(publishing, &variables);
    let mut components = component::components(manifest, &reading, warnings)?;
    let triggers = trigger::locked(&triggers, &mut components, &reading, warnings)?;
    dependency::resolve(&mut components)?;
    let triggers = trigger_dependency::assign(triggers, &mut components)?;
    reading.finish(manifest)?;
    Ok(Parts {
        published: Published {
            metadata,
            variables,
            triggers,
        },
        components,
    })
}

enum Version {
    One,
    Two,
}

/// The version has to be known before any complaint about keys.
fn version(manifest: &Table<'_>) -> Result<Version, Fault> {
    const KEY: &str = "spin_manifest_version";
    let version = match manifest.find(KEY).or_else(|| manifest.find("spin_version")) {
        Some(version) => version,
        None => manifest.need(KEY, "write `spin_manifest_version = 2`")?,
    };
    match (version.integer(), version.text()) {
        (Some(2), _) => Ok(Version::Two),
        (Some(1), _) | (_, Ok("1")) => Ok(Version::One),
        _ => {
            Err(version.wrong("is not a version that is known: write `spin_manifest_version = 2`"))
        }
    }
}

#[cfg(test)]
mod tests;
