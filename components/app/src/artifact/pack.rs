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
        /// The import that the dependency satisfies.
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
mod tests {
    use super::*;
    use crate::artifact::Bundle;
    use crate::locked::{Dependency, Inherit};

    const APP: &str = r#"{"spin_lock_version":0,"metadata":{"authors":["Ada"],"name":"shop","origin":"file:///home/ada/spin.toml","version":"1.0.0"},"triggers":[],"components":[
        {"id":"one","source":{"content_type":"application/wasm"}},
        {"id":"two","source":{"content_type":"application/wasm"}}]}"#;

    fn app() -> LockedApp {
        LockedApp::from_json(APP.as_bytes()).unwrap()
    }

    fn digest(seed: u8) -> Digest {
        Digest::from_sha256(&[seed; 32])
    }

    fn content(seed: u8) -> Content {
        Content {
            digest: digest(seed),
            size: 1_000,
            inline: None,
        }
    }

    fn file(path: &str, content: Content) -> PackedFile {
        PackedFile {
            path: path.parse().unwrap(),
            content,
        }
    }

    fn contents() -> Vec<PackedComponent> {
        let small = Content {
            digest: digest(9),
            size: 2,
            inline: Some(b"hi".to_vec()),
        };
        vec![
            PackedComponent {
                source: content(1),
                dependencies: BTreeMap::new(),
                files: vec![
                    file("b.txt", content(3)),
                    file("a/z.txt", content(4)),
                    file("small", small),
                ],
            },
            PackedComponent {
                source: content(2),
                dependencies: BTreeMap::new(),
                files: vec![file("copy", content(3)), file("own.wasm", content(1))],
            },
        ]
    }

    #[test]
    fn layers_come_in_order_each_once_and_the_locked_app_last() {
        let draft = Draft::new(app(), contents()).unwrap();
        let locked = LockedApp::from_json(draft.locked_app()).unwrap();
        assert!(!locked.metadata.contains_key("origin"));
        let paths: Vec<_> = locked.components[0].files.iter().map(|f| &f.path).collect();
        assert_eq!(paths, ["a/z.txt", "b.txt", "small"]);
        assert_eq!(
            locked.components[0].files[2].content.inline.as_deref(),
            Some(&b"hi"[..])
        );
        let size = draft.locked_app().len() as u64;
        let manifest = draft.into_manifest(digest(7), digest(8), 300);
        let blob = |media_type: &str, seed, size| {
            let digest = digest(seed);
            format!(r#"{{"mediaType":"{media_type}","digest":"{digest}","size":{size}}}"#)
        };
        let layers = [
            blob(WASM_LAYER, 1, 1_000),
            blob(DATA_LAYER, 4, 1_000),
            blob(DATA_LAYER, 3, 1_000),
            blob(WASM_LAYER, 2, 1_000),
            blob(DATA_LAYER, 1, 1_000),
            blob(LOCKED_APP, 7, size),
        ];
        let annotations = concat!(
            r#""org.opencontainers.image.authors":"Ada","#,
            r#""org.opencontainers.image.title":"shop","#,
            r#""org.opencontainers.image.version":"1.0.0""#,
        );
        assert_eq!(
            String::from_utf8(manifest).unwrap(),
            format!(
                r#"{{"schemaVersion":2,"config":{},"layers":[{}],"annotations":{{{annotations}}}}}"#,
                blob(IMAGE_CONFIG, 8, 300),
                layers.join(",")
            )
        );
    }

    #[test]
    fn a_revision_keeps_the_layers_and_has_more_webassembly() {
        let first = Draft::new(app(), contents()).unwrap();
        let manifest = first.clone().into_manifest(digest(7), digest(8), 300);
        let artifact = Artifact::parse(&manifest, None).unwrap();
        let mut revised = LockedApp::from_json(first.locked_app()).unwrap();
        revised.components[0].source = content(12).into();
        let added = [content(12), content(12)];
        let draft = Draft::revised(&revised, &artifact, &added).unwrap();
        assert_eq!(draft.locked_app(), revised.to_json());
        let mut layers = first.layers;
        layers.push(Descriptor::new(WASM_LAYER, digest(12), 1_000));
        assert_eq!(draft.layers, layers);
        assert_eq!(draft.annotations, Annotations::inferred(&revised));
    }

    #[test]
    fn dependencies_come_after_what_depends_on_them() {
        let mut app = app();
        for name in ["c:d", "a:b"] {
            let dependency = Dependency {
                source: content(0).into(),
                export: Some("it".into()),
                inherit: Inherit::All,
            };
            app.components[0]
                .dependencies
                .insert(name.into(), dependency);
        }
        let given = |name: &str, seed| (name.to_owned(), content(seed));
        let mut contents = contents();
        contents[0].dependencies = [given("c:d", 6), given("a:b", 5)].into();
        let draft = Draft::new(app.clone(), contents.clone()).unwrap();
        let locked = LockedApp::from_json(draft.locked_app()).unwrap();
        let dependency = &locked.components[0].dependencies["a:b"];
        assert_eq!(dependency.source.content.digest, Some(digest(5)));
        assert_eq!(dependency.export.as_deref(), Some("it"));
        assert_eq!(dependency.inherit, Inherit::All);
        let manifest = draft.into_manifest(digest(7), digest(8), 300);
        let manifest = String::from_utf8(manifest).unwrap();
        let at = |seed| manifest.find(digest(seed).as_str()).unwrap();
        assert!(
            at(1) < at(5) && at(5) < at(6) && at(6) < at(4),
            "{manifest}"
        );

        for wrong in [
            vec![given("a:b", 5)],
            vec![given("a:b", 5), given("c:d", 6), given("x", 7)],
        ] {
            contents[0].dependencies = wrong.into_iter().collect();
            let error = Draft::new(app.clone(), contents.clone()).unwrap_err();
            assert!(error.to_string().contains("do not match"), "{error}");
        }
        contents[0].dependencies.clear();
        contents[1].dependencies = [given("a:b", 5)].into();
        assert!(Draft::new(app, contents).is_err());
    }

    #[test]
    fn the_order_of_the_files_does_not_matter() {
        let bytes = |contents| {
            let draft = Draft::new(app(), contents).unwrap();
            let locked = draft.locked_app().to_vec();
            (locked, draft.into_manifest(digest(7), digest(8), 300))
        };
        let mut turned = contents();
        for component in &mut turned {
            component.files.reverse();
        }
        assert_eq!(bytes(contents()), bytes(turned));
    }

    #[test]
    fn small_webassembly_is_inline_and_a_layer() {
        let mut tiny = contents();
        tiny[0].source.inline = Some(b"\0asm".to_vec());
        let draft = Draft::new(app(), tiny).unwrap();
        let locked = LockedApp::from_json(draft.locked_app()).unwrap();
        assert!(locked.components[0].source.content.inline.is_some());
        let manifest = draft.into_manifest(digest(7), digest(8), 300);
        assert!(String::from_utf8(manifest).unwrap().contains(WASM_LAYER));
    }

    #[test]
    fn what_is_archived_is_no_layer_of_its_own_and_is_named_all_the_same() {
        let mut archives = Archives::default();
        let member = |path: &str, seed| (path.to_owned(), content(seed));
        let members = [member("a/z.txt", 4), member("small", 9)].into();
        archives.add(Bundle { members }, digest(11), 77);
        let members = [member("copy", 3)].into();
        archives.add(Bundle { members }, digest(11), 77);
        let plain = Draft::new(app(), contents()).unwrap();
        let draft = Draft::with_archives(app(), contents(), archives).unwrap();
        assert_eq!(draft.locked_app(), plain.locked_app());
        let layers: Vec<_> = draft
            .layers
            .iter()
            .map(|l| (&*l.media_type, &l.digest))
            .collect();
        assert_eq!(
            layers,
            [
                (WASM_LAYER, &digest(1)),
                (WASM_LAYER, &digest(2)),
                (DATA_LAYER, &digest(1)),
                (ARCHIVE_LAYER, &digest(11)),
            ]
        );
    }

    #[test]
    fn as_many_layers_as_registries_take() {
        let many = |count: usize| {
            let mut contents = contents();
            contents[0].files = (0..count)
                .map(|n| {
                    let mut output = [0; 32];
                    output[..8].copy_from_slice(&(n as u64).to_be_bytes());
                    let content = Content {
                        digest: Digest::from_sha256(&output),
                        ..content(0)
                    };
                    file(&format!("{n}"), content)
                })
                .collect();
            contents[1].files.clear();
            Draft::new(app(), contents)
        };
        assert!(many(497).is_ok());
        assert_eq!(
            many(498).unwrap_err().to_string(),
            "the application needs 500 layers for its components and archives, and at most 499 can \
             be published: leave components out"
        );
    }

    #[test]
    fn content_has_to_be_there_for_every_component() {
        assert_eq!(
            Draft::new(app(), Vec::new()).unwrap_err(),
            PackError::Mismatch {
                components: 2,
                contents: 0
            }
        );
    }
}
