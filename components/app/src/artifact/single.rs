//! The artifact that is a single component, or a core module, as package tools publish
//! it (Wasm OCI artifact layout, version 0, of the CNCF's runtime group).

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;
use wharf_oci::problem::clean;
use wharf_oci::{Descriptor, media_type};

use super::read::{image, single_layer};
use super::{Annotations, ReadError, TITLE, WASM_CONFIG};
use crate::locked::LockedApp;
use crate::manifest::{Manifest, ManifestError, Publishing};

/// The application that a single component is when it runs: Spin's. Where the component
/// lies is said by whoever packs it.
const APPLICATION: &str = r#"
spin_manifest_version = 2
[application]
name = "component"
[[trigger.http]]
route = "/..."
component = { source = "component.wasm" }
"#;

/// The longest name that an application gets from a component, in characters.
const NAME_CHARACTERS: usize = 100;

/// The manifest of a single component.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Single {
    config: Descriptor,
    layer: Descriptor,
    title: Option<String>,
}

impl Single {
    /// Reads a manifest that was served, or described, as `served_as`; none when that
    /// is not known. The bytes may come from anybody.
    ///
    /// Any config will do where the one layer is WebAssembly. An application is no
    /// single component: see [`Artifact::parse`](super::Artifact::parse).
    pub fn parse(manifest: &[u8], served_as: Option<&str>) -> Result<Self, ReadError> {
        let image = image(manifest, served_as)?;
        let layer = single_layer(&image)?.clone();
        Ok(Self {
            config: image.config,
            layer,
            title: title(manifest),
        })
    }

    /// The component.
    #[must_use]
    pub fn layer(&self) -> &Descriptor {
        &self.layer
    }

    /// The config, where it is of the kind that says what the component needs and
    /// offers: read it with [`WasmConfig::from_json`](super::WasmConfig::from_json).
    #[must_use]
    pub fn config(&self) -> Option<&Descriptor> {
        let kind = media_type::essence(&self.config.media_type);
        (kind == WASM_CONFIG).then_some(&self.config)
    }

    /// The name of the component's file, as its publisher wrote it. It may be any text.
    #[must_use]
    pub fn title(&self) -> Option<&str> {
        self.title.as_deref()
    }

    /// The application that it is when it runs: all requests lead to it. Its name is
    /// that of the component's file without the end, or else the component's digest.
    pub fn application(&self) -> Result<LockedApp, ManifestError> {
        let mut app = Manifest::parse(APPLICATION, &Publishing::default())?.app;
        let title = self.title.as_deref().unwrap_or_default();
        let file = title.rsplit(['/', '\\']).next().unwrap_or_default();
        let stem = file.rsplit_once('.').map_or(file, |(stem, _)| stem);
        let name = match clean(stem, NAME_CHARACTERS) {
            empty if empty.is_empty() => self.layer.digest.to_string(),
            name => name,
        };
        app.metadata.insert("name".to_owned(), Value::from(name));
        Ok(app)
    }
}

/// The title of the only layer, of bytes that were found to be a manifest.
fn title(manifest: &[u8]) -> Option<String> {
    let document: Value = serde_json::from_slice(manifest).ok()?;
    let layer = document.get("layers")?.get(0)?;
    let title = layer.get("annotations")?.get(TITLE)?;
    title.as_str().map(str::to_owned)
}

/// The bytes of the manifest of a single component whose file has the name `title`.
#[must_use]
pub fn single_manifest(
    config: Descriptor,
    layer: Descriptor,
    title: &str,
    annotations: Annotations,
) -> Vec<u8> {
    let manifest = Document {
        schema_version: 2,
        media_type: media_type::IMAGE_MANIFEST,
        config,
        layers: [Layer {
            content: layer,
            annotations: BTreeMap::from([(TITLE, title)]),
        }],
        annotations: annotations.into_map(),
    };
    // Maps with string keys and no foreign serializer: it can't fail.
    serde_json::to_vec(&manifest).unwrap_or_default()
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Document<'a> {
    schema_version: u32,
    media_type: &'a str,
    config: Descriptor,
    layers: [Layer<'a>; 1],
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    annotations: BTreeMap<String, String>,
}

#[derive(Serialize)]
struct Layer<'a> {
    #[serde(flatten)]
    content: Descriptor,
    annotations: BTreeMap<&'a str, &'a str>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::artifact::{WASM_LAYER, WASM_LAYER_MODULE, WASM_LAYER_PACKAGE};
    use proptest::prelude::*;
    use wharf_oci::Digest;

    fn descriptor(kind: &str, seed: u8) -> Descriptor {
        Descriptor::new(kind, Digest::from_sha256(&[seed; 32]), 100)
    }

    fn manifest(config: &str, layer: &str, title: &str) -> Vec<u8> {
        let (config, layer) = (descriptor(config, 1), descriptor(layer, 2));
        single_manifest(config, layer, title, Annotations::default())
    }

    #[test]
    fn what_is_written_is_read() {
        let bytes = manifest(WASM_CONFIG, WASM_LAYER_PACKAGE, "shop.wasm");
        let single = Single::parse(&bytes, Some(media_type::IMAGE_MANIFEST)).unwrap();
        assert_eq!(*single.layer(), descriptor(WASM_LAYER_PACKAGE, 2));
        assert_eq!(single.config(), Some(&descriptor(WASM_CONFIG, 1)));
        assert_eq!(single.title(), Some("shop.wasm"));
        let text = String::from_utf8(bytes).unwrap();
        assert!(text.starts_with(r#"{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","config":{"#), "{text}");
        assert!(
            text.ends_with(
                r#""size":100,"annotations":{"org.opencontainers.image.title":"shop.wasm"}}]}"#
            ),
            "{text}"
        );
    }

    #[test]
    fn any_config_will_do_and_any_of_the_types_that_webassembly_had() {
        for layer in [WASM_LAYER_PACKAGE, WASM_LAYER, WASM_LAYER_MODULE] {
            let bytes = manifest("application/vnd.oci.image.config.v1+json", layer, "a");
            let single = Single::parse(&bytes, None).unwrap();
            assert_eq!(single.layer().media_type, layer);
            assert_eq!(single.config(), None);
        }
        let other = manifest("x/y", "text/plain", "a");
        assert!(matches!(
            Single::parse(&other, None),
            Err(ReadError::NotAnApplication(_))
        ));
    }

    #[test]
    fn the_application_has_the_files_name_and_answers_everything() {
        let digest = Digest::from_sha256(&[2; 32]).to_string();
        for (title, name) in [
            ("shop.wasm", "shop"),
            ("a/b\\shop.v1.wasm", "shop.v1"),
            ("shop", "shop"),
            ("..", "."),
            (".wasm", &digest),
            ("", &digest),
        ] {
            let bytes = manifest(WASM_CONFIG, WASM_LAYER_PACKAGE, title);
            let app = Single::parse(&bytes, None).unwrap().application().unwrap();
            assert_eq!(app.name(), name, "{title}");
            let triggers = app.http_triggers().unwrap();
            assert_eq!(triggers.len(), 1);
            assert_eq!(app.components.len(), 1);
        }
    }

    proptest! {
        #[test]
        fn any_title_gives_an_application(title in ".{0,200}") {
            let bytes = manifest(WASM_CONFIG, WASM_LAYER_PACKAGE, &title);
            let single = Single::parse(&bytes, None).unwrap();
            prop_assert_eq!(single.title(), Some(title.as_str()));
            let app = single.application().unwrap();
            prop_assert_eq!(LockedApp::from_json(&app.to_json()).is_ok(), true);
        }

        #[test]
        fn never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            let _ = Single::parse(&bytes, None);
        }
    }
}
