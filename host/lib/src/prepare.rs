//! What has to be made of an artifact before it can be run.

use wharf_app::artifact::{Artifact, ReadError};
use wharf_app::locked::LockedApp;
use wharf_oci::Digest;
use wharf_store::{Extent, Store, StoreError};

use crate::Error;

/// How a core module begins, and a component does not (core specification, "Modules").
const MODULE: &[u8] = b"\0asm\x01\0\0\0";

/// Whether an artifact can be run as it stands, as far as a look tells: nothing of it is
/// in archives, and all of it is composed. What can't be read is of that kind too, since
/// whoever runs it says best what is wrong. With more layers than `most_layers` says, or
/// than is usual, it is refused.
pub(crate) fn is_ready(
    store: &Store,
    manifest: &Digest,
    most_layers: Option<u64>,
) -> Result<bool, Error> {
    let stored = |error: StoreError| Error::Storage(error.to_string());
    let Some(bytes) = store.get(manifest).map_err(stored)? else {
        return Ok(true);
    };
    let artifact = match Artifact::parse(&bytes, None) {
        Ok(artifact) => artifact,
        Err(error) => return Ok(error != ReadError::SingleComponent),
    };
    artifact
        .has_at_most(most_layers)
        .map_err(|error| Error::LimitExceeded(error.to_string()))?;
    if artifact.archives().next().is_some() {
        return Ok(false);
    }
    is_composed(store, &artifact).map_err(stored)
}

/// Whether all components of an application are composed, and none is a core module.
fn is_composed(store: &Store, artifact: &Artifact) -> Result<bool, StoreError> {
    let Some(bytes) = store.get(&artifact.locked_app().digest)? else {
        return Ok(true);
    };
    let Ok(app) = LockedApp::from_json(&bytes) else {
        return Ok(true);
    };
    if app.is_uncomposed() {
        return Ok(false);
    }
    for component in &app.components {
        let source = &component.source.content;
        let is_module = match (&source.inline, &source.digest) {
            (Some(bytes), _) => bytes.starts_with(MODULE),
            (None, Some(digest)) if artifact.layer(digest).is_some() => begins(store, digest)?,
            (None, _) => false,
        };
        if is_module {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Whether content begins as a module does. What is not here does not.
fn begins(store: &Store, digest: &Digest) -> Result<bool, StoreError> {
    let length = MODULE.len() as u64;
    if store.stat(digest)?.is_none_or(|size| size < length) {
        return Ok(false);
    }
    let mut reader = store.read(digest, Some(Extent { offset: 0, length }))?;
    let mut head = [0; MODULE.len()];
    let mut filled = 0;
    while let Some(rest) = head.get_mut(filled..).filter(|rest| !rest.is_empty()) {
        match reader.read(rest)? {
            0 => break,
            read => filled += read,
        }
    }
    Ok(head == *MODULE)
}
