//! `wharf registry inspect`

use std::collections::BTreeMap;

use indicatif::DecimalBytes;
use serde::Serialize;
use wharf_host::{Descriptor, Platform, Reference};

use super::single::Single;
use crate::client;
use crate::error::CommandError;
use crate::options::{ConnectionArgs, OutputArgs, StoreArgs};
use crate::output::{Answer, Output};

/// Show what a reference leads to: its manifest and the application in it
///
/// Fetches the manifest, the config and the description of the application, and nothing
/// else of it. Of a component that was published alone, its config says what it imports
/// and exports. When the reference leads to an index of several manifests, the one for
/// WebAssembly is shown, or the one for --platform.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Examples:
  $ wharf registry inspect ghcr.io/user/app:v1

  Print the paths that an application answers:
  $ wharf registry inspect --format json ghcr.io/user/app:v1 | \\
      jq -r '.app.components[].routes[]'")]
pub(in crate::command) struct Args {
    /// What to show: `[registry/]repository[:tag][@digest]`
    #[arg(value_name = "REFERENCE")]
    pub(in crate::command) reference: Reference,

    /// Of an index, show the manifest for this platform and not the one for WebAssembly
    #[arg(long, value_name = "OS/ARCH[/VARIANT]")]
    platform: Option<Platform>,

    #[command(flatten)]
    pub(in crate::command) connection: ConnectionArgs,

    #[command(flatten)]
    store: StoreArgs,

    #[command(flatten)]
    pub(super) output: OutputArgs,
}

/// What is printed.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Inspected {
    reference: String,
    /// The index that led to the manifest.
    #[serde(skip_serializing_if = "Option::is_none")]
    index: Option<Content>,
    manifest: Content,
    #[serde(skip_serializing_if = "Option::is_none")]
    artifact_type: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    subject: Option<Content>,
    config: Content,
    layers: Vec<Content>,
    annotations: BTreeMap<String, String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    app: Option<App>,
    #[serde(skip_serializing_if = "Option::is_none")]
    component: Option<Single>,
    /// Why there is no application in it.
    #[serde(skip_serializing_if = "Option::is_none")]
    no_app: Option<String>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Content {
    digest: String,
    media_type: String,
    /// In bytes.
    size: u64,
}

#[derive(Debug, Serialize)]
struct App {
    name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    version: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    authors: Vec<String>,
    components: Vec<Component>,
}

#[derive(Debug, Serialize)]
struct Component {
    id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    digest: Option<String>,
    /// How many files it comes with.
    files: usize,
    routes: Vec<String>,
}

impl Args {
    /// Shows it.
    pub(super) async fn run(self, output: Output) -> Result<(), CommandError> {
        let registry = &self.reference.registry;
        let (wharf, progress) =
            client::of_registry(registry, &self.store, &self.connection, output)?;
        // What was fetched is not to be pruned before it was read.
        let _work = wharf.at_work().await?;
        let layers = [wharf_up::LOCKED_APP];
        let platform = self.platform.as_ref();
        let fetched = wharf.inspect(&self.reference, platform, &layers).await;
        progress.clear();
        let doing = || format!("cannot inspect {}", self.reference);
        let report = fetched.map_err(|error| {
            CommandError::at_registry(error, &self.reference.registry).while_doing(doing())
        })?;
        let manifest = report.manifest;
        let mut contents = report.transfers.into_iter().map(|one| one.content);
        let index = contents.rfind(|content| wharf_host::is_index(&content.media_type));
        let found = wharf_up::inspect(wharf.store(), &manifest.digest)
            .map_err(|error| CommandError::from(error).while_doing(doing()))?;
        let (app, no_app) = match found.app {
            Ok(app) => (Some(App::from(app)), None),
            // What it is instead is said.
            Err(_) if found.component.is_some() => (None, None),
            Err(why) => (None, Some(why)),
        };
        output.answer(&Inspected {
            reference: self.reference.to_string(),
            index: index.map(Content::from),
            manifest: manifest.into(),
            artifact_type: found.artifact_type,
            subject: found.subject.map(Content::from),
            config: found.config.into(),
            layers: found.layers.into_iter().map(Content::from).collect(),
            annotations: found.annotations.into_iter().collect(),
            app,
            component: found.component.map(Single::from),
            no_app,
        })
    }
}

impl From<Descriptor> for Content {
    fn from(descriptor: Descriptor) -> Self {
        Self {
            digest: descriptor.digest.to_string(),
            media_type: descriptor.media_type,
            size: descriptor.size,
        }
    }
}

impl From<wharf_up::Application> for App {
    fn from(app: wharf_up::Application) -> Self {
        let components = app.components.into_iter().map(|component| Component {
            id: component.id,
            description: component.description,
            digest: component.digest.map(|digest| digest.to_string()),
            files: component.files,
            routes: component.routes,
        });
        Self {
            name: app.name,
            version: app.version,
            description: app.description,
            authors: app.authors,
            components: components.collect(),
        }
    }
}

impl Answer for Inspected {
    fn lines(&self) -> Vec<String> {
        let mut lines = vec![format!("Reference: {}", self.reference)];
        if let Some(index) = &self.index {
            lines.push(format!("Index: {}", index.line()));
        }
        lines.push(format!("Digest: {}", self.manifest.digest));
        lines.push(format!("Media type: {}", self.manifest.media_type));
        if let Some(kind) = &self.artifact_type {
            lines.push(format!("Artifact type: {kind}"));
        }
        if let Some(subject) = &self.subject {
            lines.push(format!("Refers to: {}", subject.line()));
        }
        lines.push(format!("Config: {}", self.config.line()));
        let total = self
            .layers
            .iter()
            .map(|layer| layer.size)
            .fold(0, u64::saturating_add);
        lines.push(format!(
            "Layers: {} ({})",
            self.layers.len(),
            DecimalBytes(total)
        ));
        lines.extend(
            self.layers
                .iter()
                .map(|layer| format!("  {}", layer.line())),
        );
        if !self.annotations.is_empty() {
            lines.push("Annotations:".to_owned());
            let pairs = self.annotations.iter();
            lines.extend(pairs.map(|(key, value)| format!("  {key}: {value}")));
        }
        if let Some(why) = &self.no_app {
            lines.push(format!("Application: none ({why})"));
        }
        if let Some(app) = &self.app {
            app.draw(&mut lines);
        }
        if let Some(component) = &self.component {
            component.draw(&mut lines);
        }
        lines
    }
}

impl Content {
    fn line(&self) -> String {
        let size = DecimalBytes(self.size);
        format!("{} {} ({size})", self.digest, self.media_type)
    }
}

impl App {
    fn draw(&self, lines: &mut Vec<String>) {
        let version = self.version.as_deref().unwrap_or_default();
        lines.push(format!("Application: {} {version}", self.name));
        if let Some(description) = &self.description {
            lines.push(format!("  {description}"));
        }
        for component in &self.components {
            let routes = component.routes.join(", ");
            let files = match component.files {
                0 => String::new(),
                1 => ", 1 file".to_owned(),
                many => format!(", {many} files"),
            };
            lines.push(format!("  Component {}: {routes}{files}", component.id));
        }
    }
}
