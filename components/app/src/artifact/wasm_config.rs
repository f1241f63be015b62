//! The config of an artifact that is a single component (Wasm OCI artifact layout,
//! version 0, of the CNCF's runtime group).

use serde::{Deserialize, Deserializer, Serialize};
use wharf_oci::Digest;

/// The largest config that is read, in bytes: what the content store takes as small
/// content. A config has names in it, and nothing else.
pub const WASM_CONFIG_BYTES: u64 = 4 * 1024 * 1024;

/// What the layout calls WebAssembly.
const ARCHITECTURE: &str = "wasm";

/// Components, whatever version of WASI they use: the layout knows no other name.
const COMPONENTS: &str = "wasip2";

/// Core modules.
const MODULES: &str = "wasip1";

/// When content was made that does not say: the member can't be left out, since the
/// tools that read it (`oci-wasm`) refuse a config without.
const NO_TIME: &str = "1970-01-01T00:00:00Z";

/// The config. What a foreign one leaves out, or says to be `null`, is none.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[non_exhaustive]
pub struct WasmConfig {
    /// When the artifact was made (RFC 3339).
    pub created: Option<String>,
    /// Who made it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub author: Option<String>,
    /// `wasm`.
    pub architecture: Option<String>,
    /// `wasip2` for components, `wasip1` for core modules.
    pub os: Option<String>,
    /// The digests of the layers, in their order.
    #[serde(deserialize_with = "or_default")]
    pub layer_digests: Vec<String>,
    /// What a component needs and offers. Modules have none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub component: Option<Interfaces>,
}

/// What a component needs and offers.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct Interfaces {
    /// The names of its exports, for example `wasi:http/incoming-handler@0.2.0`.
    #[serde(deserialize_with = "or_default")]
    pub exports: Vec<String>,
    /// The names of its imports.
    #[serde(deserialize_with = "or_default")]
    pub imports: Vec<String>,
    /// The world that it was written for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target: Option<String>,
}

impl Interfaces {
    /// What a component needs and offers, by name. No target is known.
    #[must_use]
    pub fn new(imports: Vec<String>, exports: Vec<String>) -> Self {
        Self {
            exports,
            imports,
            target: None,
        }
    }
}

impl WasmConfig {
    /// The config of the component with these interfaces, or of a module when there
    /// are none. `created` is when it was made, as RFC 3339 has it.
    #[must_use]
    pub fn new(layer: &Digest, component: Option<Interfaces>, created: Option<String>) -> Self {
        let os = match component {
            Some(_) => COMPONENTS,
            None => MODULES,
        };
        Self {
            created: Some(created.unwrap_or_else(|| NO_TIME.to_owned())),
            author: None,
            architecture: Some(ARCHITECTURE.to_owned()),
            os: Some(os.to_owned()),
            layer_digests: vec![layer.to_string()],
            component,
        }
    }

    /// Reads a config. The bytes may come from anybody. An error is for people.
    pub fn from_json(bytes: &[u8]) -> Result<Self, String> {
        serde_json::from_slice(bytes).map_err(|error| format!("its config can't be read: {error}"))
    }

    /// The document. The same config gives the same bytes.
    #[must_use]
    pub fn to_json(&self) -> Vec<u8> {
        // Texts only: it can't fail.
        serde_json::to_vec(self).unwrap_or_default()
    }
}

/// `null` is as good as nothing: the tools of the field write it.
fn or_default<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Default + Deserialize<'de>,
{
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn digest() -> Digest {
        Digest::from_sha256(&[7; 32])
    }

    fn text(config: &WasmConfig) -> String {
        String::from_utf8(config.to_json()).unwrap()
    }

    #[test]
    fn the_whole_of_it() {
        let interfaces = Interfaces::new(vec!["a:b/c".into()], vec!["d:e/f@0.1.0".into()]);
        let component = WasmConfig::new(&digest(), Some(interfaces), None);
        assert_eq!(
            text(&component),
            format!(
                r#"{{"created":"1970-01-01T00:00:00Z","architecture":"wasm","os":"wasip2","layerDigests":["{}"],"component":{{"exports":["d:e/f@0.1.0"],"imports":["a:b/c"]}}}}"#,
                digest()
            )
        );
        let created = Some("2026-01-01T00:00:00Z".to_owned());
        let module = WasmConfig::new(&digest(), None, created);
        assert_eq!(
            text(&module),
            format!(
                r#"{{"created":"2026-01-01T00:00:00Z","architecture":"wasm","os":"wasip1","layerDigests":["{}"]}}"#,
                digest()
            )
        );
    }

    #[test]
    fn null_is_nothing_and_what_is_not_known_is_skipped() {
        let foreign = r#"{"created":null,"author":null,"architecture":"wasm","os":null,
            "layerDigests":null,"component":{"exports":null,"imports":["a"],"target":null},
            "other":{}}"#;
        let config = WasmConfig::from_json(foreign.as_bytes()).unwrap();
        assert_eq!(config.created, None);
        let interfaces = Interfaces::new(vec!["a".into()], Vec::new());
        assert_eq!(config.component, Some(interfaces));
        assert_eq!(WasmConfig::from_json(b"{}"), Ok(WasmConfig::default()));
        for wrong in ["", "[", r#"{"os":1}"#, r#"{"component":1}"#] {
            assert!(WasmConfig::from_json(wrong.as_bytes()).is_err(), "{wrong}");
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(
            imports in proptest::collection::vec(".{0,20}", 0..4),
            exports in proptest::collection::vec(".{0,20}", 0..4),
        ) {
            let config = WasmConfig::new(&digest(), Some(Interfaces::new(imports, exports)), None);
            prop_assert_eq!(WasmConfig::from_json(&config.to_json()), Ok(config));
        }

        #[test]
        fn never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = WasmConfig::from_json(&bytes);
        }
    }
}
