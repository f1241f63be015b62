//! What `wharf registry push --dry-run` can tell without a registry.

use std::collections::BTreeSet;

use serde::Serialize;
use serde_json::Value;
use wharf_host::{Descriptor, Digest, Store, StoreError};

use crate::error::CommandError;

/// The documents of an artifact, as far as they are JSON objects.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Documents {
    manifest: Value,
    #[serde(skip_serializing_if = "Option::is_none")]
    config: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    locked_app: Option<Value>,
}

/// The largest document that is printed, in bytes: as large as one can be that is read
/// at once.
const MOST_BYTES: u64 = 4 * 1024 * 1024;

impl Documents {
    /// Those of a manifest of the store.
    pub(super) fn read(store: &Store, manifest: &Digest) -> Result<Self, CommandError> {
        let bytes = store.get(manifest)?;
        let bytes = bytes.ok_or_else(|| StoreError::Missing(manifest.clone()))?;
        let manifest: Value = serde_json::from_slice(&bytes).map_err(|error| {
            CommandError::usage(format!("the manifest {manifest} is not JSON: {error}"))
        })?;
        let layers = manifest["layers"].as_array();
        let mut layers = layers.into_iter().flatten().rev();
        let locked_app = layers.find(|layer| layer["mediaType"] == wharf_up::LOCKED_APP);
        Ok(Self {
            config: document(store, &manifest["config"])?,
            locked_app: match locked_app {
                Some(layer) => document(store, layer)?,
                None => None,
            },
            manifest,
        })
    }
}

/// The document that a descriptor leads to, if it is one.
fn document(store: &Store, descriptor: &Value) -> Result<Option<Value>, CommandError> {
    let digest = descriptor["digest"].as_str().map(str::parse::<Digest>);
    let is_small = descriptor["size"]
        .as_u64()
        .is_some_and(|size| size <= MOST_BYTES);
    let (Some(Ok(digest)), true) = (digest, is_small) else {
        return Ok(None);
    };
    let parsed = store
        .get(&digest)?
        .and_then(|bytes| serde_json::from_slice(&bytes).ok());
    Ok(parsed.filter(Value::is_object))
}

/// All that would be looked for and perhaps be sent, in the order of a push: what the
/// manifest names, the manifest, and what refers to it when that goes along.
pub(super) fn content(
    store: &Store,
    manifest: &Digest,
    with_referrers: bool,
) -> Result<Vec<Descriptor>, CommandError> {
    let mut seen = BTreeSet::from([manifest.clone()]);
    let mut left = vec![manifest.clone()];
    let mut all = Vec::new();
    while let Some(subject) = left.pop() {
        let mut content = store.closure(&subject)?.whole()?;
        // It is the first there, and is sent last.
        content.rotate_left(1);
        all.extend(content);
        if with_referrers {
            let referrers = store.referrers(&subject)?.into_iter();
            left.extend(
                referrers
                    .map(|referrer| referrer.digest)
                    .filter(|digest| seen.insert(digest.clone())),
            );
        }
    }
    Ok(all)
}
