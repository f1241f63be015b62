//! `spin.toml`: what the author says of an application, and what of it is
//! published.
//!
//! A manifest is read as a whole and without looking at any file. What it becomes
//! is a locked application without content, and for each component the paths and
//! patterns that say where the content is ([`crate::files`] finds it).
//!
//! What is right in a manifest and not handled yet is refused by name rather than
//! skipped: an application that was published without it would be another one.

mod application;
mod component;
mod depth;
mod document;
mod error;
mod name;
mod nearest;
mod template;
mod trigger;

use toml::de::DeTable;
use wharf_oci::problem::clean;

pub use error::{ManifestError, Problem};

use crate::files::{Glob, Mount};
use crate::locked::{LockedApp, MustUnderstand};
use crate::path::AppPath;
use document::Table;
use error::Fault;

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
    pub source: AppPath,
    /// The command that makes the WebAssembly, where there is one. Not published:
    /// it tells how the author's machine is set up.
    pub build: Option<String>,
    /// The files that it sees.
    pub files: Vec<Mount>,
    /// Those that it does not see nevertheless.
    pub exclude: Vec<Glob>,
}

impl Manifest {
    /// Reads a manifest of version 2. The text may come from anybody.
    pub fn parse(text: &str) -> Result<Self, ManifestError> {
        parse(text).map_err(|fault| fault.locate(text))
    }
}

fn parse(text: &str) -> Result<Manifest, Fault> {
    if let Some(at) = depth::too_deep(text) {
        let problem = Problem::Syntax("it is nested too deeply".into());
        return Err(Fault::new(at, problem));
    }
    let document = DeTable::parse(text).map_err(|error| {
        let at = error.span().map_or(0, |span| span.start);
        Fault::new(at, Problem::Syntax(clean(error.message(), 300)))
    })?;
    let manifest = Table::document(document.get_ref());
    check_version(&manifest)?;
    manifest.only(&[
        "application",
        "component",
        "spin_manifest_version",
        "trigger",
        "variables",
    ])?;
    let mut warnings = Vec::new();
    let triggers = trigger::triggers(&manifest)?;
    let types = trigger::types(&triggers);
    let metadata = application::metadata(&manifest, &types, &mut warnings)?;
    let variables = application::variables(&manifest, &mut warnings)?;
    let known: Vec<_> = variables.keys().map(String::as_str).collect();
    let mut components = component::components(&manifest, &known, &mut warnings)?;
    let triggers = trigger::locked(&triggers, &mut components, &known, &mut warnings)?;
    let (components, contents): (Vec<_>, Vec<_>) = components
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

/// Version 1 has other keys, so its name comes before any complaint about them.
fn check_version(manifest: &Table<'_>) -> Result<(), Fault> {
    const KEY: &str = "spin_manifest_version";
    let first = manifest.find(KEY).or_else(|| manifest.find("spin_version"));
    let Some(version) = first else {
        manifest.need(KEY, "write `spin_manifest_version = 2`")?;
        return Ok(());
    };
    if version.integer() == Some(2) {
        return Ok(());
    }
    let is_one = version.integer() == Some(1) || matches!(version.text(), Ok("1"));
    if is_one {
        return Err(version.fault(Problem::NotSupported {
            what: "a manifest of version 1".into(),
            instead: ": `spin doctor` turns it into version 2".into(),
        }));
    }
    Err(version.wrong("is not a version that is known: write `spin_manifest_version = 2`"))
}

#[cfg(test)]
mod tests;
