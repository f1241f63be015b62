//! From an application whose content is in the store to the artifact.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use wharf_oci::{Descriptor, Digest};

use super::{
    ARCHIVE_LAYER, Annotations, Archives, Artifact, DATA_LAYER, IMAGE_CONFIG, LAYERS, LOCKED_APP,
    LOCKED_APP_BYTES, WASM_LAYER,
};
use crate::locked::{
    ComponentSource, ContentPath, ContentRef, LockedApp, LockedComponent, WASM_CONTENT_TYPE,
};
use crate::path::GuestPath;

/// A piece of content that is in the store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Content {
    /// Its digest.
    pub digest: Digest,
    /// Its exact length in bytes.
    pub size: u64,
    /// The bytes, where it has at most [`INLINE_BYTES`](super::INLINE_BYTES).
    pub inline: Option<Vec<u8>>,
}

/// A component's content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PackedComponent {
    /// Its WebAssembly.
    pub source: Content,
    /// The WebAssembly of its dependencies, by the imports that they satisfy.
    pub dependencies: BTreeMap<String, Content>,
    /// The WebAssembly of what its trigger puts in front of it, by role.
    pub trigger_dependencies: BTreeMap<String, Vec<Content>>,
    /// The files that it sees, in any order, no two on one path.
    pub files: Vec<PackedFile>,
}

/// A file that a component sees.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PackedFile {
    /// Where it sees it.
    pub path: GuestPath,
    /// What is in it.
    pub content: Content,
}

/// An artifact in the making: all of it but the digests of the locked app and the
/// config, which are known once these are in the store.
#[derive(Debug, Clone)]
pub struct Draft {
    locked_app: Vec<u8>,
    layers: Vec<Descriptor>,
    annotations: Annotations,
}

/// Why an application can't be published.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PackError {
    /// More layers than registries take.
    #[error(
        "the application needs {0} layers for its components and archives, and at most {most} can \
         be published: leave components out",
        most = LAYERS - 1
    )]
    TooManyLayers(usize),
    /// A locked app larger than [`LOCKED_APP_BYTES`].
    #[error(
        "the locked application has {0} bytes, and at most {LOCKED_APP_BYTES} can be published: \
         leave files out with `exclude_files`"
    )]
    LockedAppTooLarge(usize),
    /// A component depends on something that has no content, or the other way round.
    #[error("the component `{component}` and the content for its dependency `{name}` do not match")]
    Dependency {
        /// The component.
        component: String,
        /// The import that the dependency satisfies, or its role in a trigger.
        name: String,
    },
    /// The content does not belong to the application.
    #[error("the application has {components} components, and content was given for {contents}")]
    Mismatch {
        /// How many components it has.
        components: usize,
        /// For how many there is content.
        contents: usize,
    },
}

impl Draft {
    /// Puts content into an application, of which `contents` has the components'
    /// in their order. The same input gives the same bytes.
    pub fn new(app: LockedApp, contents: Vec<PackedComponent>) -> Result<Self, PackError> {
        Self::with_archives(app, contents, Archives::default())
    }

    /// The same with archives, of which no file becomes a layer of its own.
    pub fn with_archives(
        mut app: LockedApp,
        contents: Vec<PackedComponent>,
        archives: Archives,
    ) -> Result<Self, PackError> {
        if app.components.len() != contents.len() {
            return Err(PackError::Mismatch {
                components: app.components.len(),
                contents: contents.len(),
            });
        }
        let mut layers = Layers::default();
        for (component, mut content) in app.components.iter_mut().zip(contents) {
            // WebAssembly is a layer however small it is, as in Spin.
            layers.add(WASM_LAYER, &content.source);
            component.source = content.source.into();
            depend(component, content.dependencies, &mut layers)?;
            depend_by_trigger(component, content.trigger_dependencies, &mut layers)?;
            content
                .files
                .sort_by(|one, other| one.path.cmp(&other.path));
            for file in &content.files {
                let is_elsewhere =
                    file.content.inline.is_some() || archives.has(&file.content.digest);
                if !is_elsewhere {
                    layers.add(DATA_LAYER, &file.content);
                }
            }
            let path_of = |file: PackedFile| ContentPath {
                content: file.content.into(),
                path: file.path.into(),
            };
            component.files = content.files.into_iter().map(path_of).collect();
        }
        for archive in archives.into_layers() {
            layers.push(ARCHIVE_LAYER, archive);
        }
        // Where the application lay before is nobody's business.
        app.metadata.remove("origin");
        if layers.list.len() >= LAYERS {
            return Err(PackError::TooManyLayers(layers.list.len()));
        }
        Self::of(&app, layers.list)
    }

    /// An artifact for an application that was made of another's, whose layers stay,
    /// with more WebAssembly. It is for this machine, whatever registries take.
    pub fn revised(
        app: &LockedApp,
        artifact: &Artifact,
        wasm: &[Content],
    ) -> Result<Self, PackError> {
        let mut layers = Layers::default();
        for layer in artifact.layers() {
            if layer.digest != artifact.locked_app().digest {
                layers.list.push(layer.clone());
            }
        }
        for content in wasm {
            layers.add(WASM_LAYER, content);
        }
        Self::of(app, layers.list)
    }

    fn of(app: &LockedApp, layers: Vec<Descriptor>) -> Result<Self, PackError> {
        let locked_app = app.to_json();
        if locked_app.len() as u64 > LOCKED_APP_BYTES {
            return Err(PackError::LockedAppTooLarge(locked_app.len()));
        }
        Ok(Self {
            locked_app,
            layers,
            annotations: Annotations::inferred(app),
        })
    }

    /// The bytes of the locked app.
    #[must_use]
    pub fn locked_app(&self) -> &[u8] {
        &self.locked_app
    }

    /// The annotations, of which some were inferred.
    pub fn annotations_mut(&mut self) -> &mut Annotations {
        &mut self.annotations
    }

    /// The bytes of the manifest, given the digests of the locked app and of the
    /// [config](super::image_config), and the config's length in bytes.
    #[must_use]
    pub fn into_manifest(self, locked_app: Digest, config: Digest, config_size: u64) -> Vec<u8> {
        let mut layers = self.layers;
        let size = self.locked_app.len() as u64;
        layers.push(Descriptor::new(LOCKED_APP, locked_app, size));
        let config = Descriptor::new(IMAGE_CONFIG, config, config_size);
        Manifest::new(config, layers, self.annotations.into_map()).to_json()
    }
}

/// The manifest as Spin writes it: without a media type or an artifact type of its
/// own.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Manifest {
    schema_version: u32,
    config: Descriptor,
    layers: Vec<Descriptor>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    annotations: BTreeMap<String, String>,
}

impl Manifest {
    pub(super) fn new(
        config: Descriptor,
        layers: Vec<Descriptor>,
        annotations: BTreeMap<String, String>,
    ) -> Self {
        Self {
            schema_version: 2,
            config,
            layers,
            annotations,
        }
    }

    pub(super) fn to_json(&self) -> Vec<u8> {
        // Maps with string keys and no foreign serializer: it can't fail.
        serde_json::to_vec(self).unwrap_or_default()
    }
}

/// Puts content into a component's dependencies.
fn depend(
    component: &mut LockedComponent,
    mut contents: BTreeMap<String, Content>,
    layers: &mut Layers,
) -> Result<(), PackError> {
    let mismatch = |name: &str| PackError::Dependency {
        component: component.id.clone(),
        name: name.to_owned(),
    };
    for (name, dependency) in &mut component.dependencies {
        let content = contents.remove(name).ok_or_else(|| mismatch(name))?;
        layers.add(WASM_LAYER, &content);
        dependency.source = content.into();
    }
    match contents.keys().next() {
        None => Ok(()),
        Some(name) => Err(mismatch(name)),
    }
}

/// Puts content into what a component's trigger puts in front of it.
fn depend_by_trigger(
    component: &mut LockedComponent,
    mut contents: BTreeMap<String, Vec<Content>>,
    layers: &mut Layers,
) -> Result<(), PackError> {
    let mismatch = |name: &str| PackError::Dependency {
        component: component.id.clone(),
        name: name.to_owned(),
    };
    for (role, dependencies) in &mut component.trigger_dependencies {
        let contents = contents.remove(role).unwrap_or_default();
        if contents.len() != dependencies.len() {
            return Err(mismatch(role));
        }
        for (dependency, content) in dependencies.iter_mut().zip(contents) {
            layers.add(WASM_LAYER, &content);
            dependency.source = content.into();
        }
    }
    match contents.keys().next() {
        None => Ok(()),
        Some(role) => Err(mismatch(role)),
    }
}

impl From<Content> for ComponentSource {
    fn from(content: Content) -> Self {
        Self {
            content_type: WASM_CONTENT_TYPE.into(),
            content: content.into(),
        }
    }
}

impl From<Content> for ContentRef {
    fn from(content: Content) -> Self {
        Self {
            source: None,
            inline: content.inline,
            digest: Some(content.digest),
        }
    }
}

/// Layers in the order in which they came, each once. The same bytes as
/// WebAssembly and as a file are two layers, since readers keep them apart.
#[derive(Default)]
struct Layers {
    list: Vec<Descriptor>,
    seen: BTreeSet<(&'static str, Digest)>,
}

impl Layers {
    fn add(&mut self, media_type: &'static str, content: &Content) {
        let layer = Descriptor::new(media_type, content.digest.clone(), content.size);
        self.push(media_type, layer);
    }

    fn push(&mut self, media_type: &'static str, layer: Descriptor) {
        if self.seen.insert((media_type, layer.digest.clone())) {
            self.list.push(layer);
        }
    }
}

#[cfg(test)]
mod tests;
