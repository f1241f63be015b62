//! What is said of a single component of the store: by its config, and not by itself.

use wharf_app::artifact::{Artifact, ReadError, Single, WASM_CONFIG_BYTES, WasmConfig};
use wharf_oci::Digest;
use wharf_store::Store;

use crate::UpError;
use crate::inspect::read;

/// What is said of a single component, or a core module.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct SingleComponent {
    /// The name of its file.
    pub title: Option<String>,
    /// The digest of its code.
    pub digest: Digest,
    /// What its config says, or why that is not known.
    pub config: Result<Config, String>,
}

/// What the config of a single component says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Config {
    /// What it runs on: `wasip2` for components, `wasip1` for core modules.
    pub os: Option<String>,
    /// Who made it.
    pub author: Option<String>,
    /// When (RFC 3339).
    pub created: Option<String>,
    /// The world that it was written for.
    pub target: Option<String>,
    /// The names of what it imports.
    pub imports: Vec<String>,
    /// The names of what it exports.
    pub exports: Vec<String>,
}

/// Whether a manifest of the store is that of a single component.
#[must_use]
pub fn is_single(store: &Store, manifest: &Digest) -> bool {
    let bytes = store.get(manifest).ok().flatten();
    let parsed = bytes.map(|bytes| Artifact::parse(&bytes, None));
    matches!(parsed, Some(Err(ReadError::SingleComponent)))
}

/// Reads what the config says of a component.
pub(crate) fn describe(store: &Store, single: &Single) -> Result<SingleComponent, UpError> {
    let config = match single.config() {
        Some(config) if config.size > WASM_CONFIG_BYTES => Err(format!(
            "its config has {} bytes, and at most {WASM_CONFIG_BYTES} are read",
            config.size
        )),
        Some(config) => WasmConfig::from_json(&read(store, &config.digest)?),
        None => Err("its config is of another kind".to_owned()),
    };
    Ok(SingleComponent {
        title: single.title().map(str::to_owned),
        digest: single.layer().digest.clone(),
        config: config.map(Config::from),
    })
}

impl From<WasmConfig> for Config {
    fn from(config: WasmConfig) -> Self {
        let interfaces = config.component.unwrap_or_default();
        Self {
            os: config.os,
            author: config.author,
            created: config.created,
            target: interfaces.target,
            imports: interfaces.imports,
            exports: interfaces.exports,
        }
    }
}
