//! Preparing: what has to be made of an artifact before it can be run.

use wharf_app::artifact::{Artifact, ReadError};
use wharf_app::locked::LockedApp;
use wharf_oci::Digest;
use wharf_store::{Extent, Store, StoreError};

use crate::blocking::blocking;
use crate::error::Error;
use crate::report;
use crate::session::packager;
use crate::wharf::Wharf;

/// How a core module begins, and a component does not (core specification, "Modules").
const MODULE: &[u8] = b"\0asm\x01\0\0\0";

/// How an artifact is made one that can be run as it stands.
#[derive(Debug, Clone, Default)]
pub struct PrepareOptions {
    /// How many bytes its archives may have unpacked, all together. Default: 2 GiB, and
    /// at most a hundred times what they have packed when that is more than 64 MiB.
    pub max_unpacked_size: Option<u64>,
    /// How many entries its archives may have, all together. Default: 10,000.
    pub max_files: Option<u64>,
    /// How many layers it may have. Default: 5,000, which is ten times what is published
    /// today. More than 20,000 are not read at all.
    pub max_layers: Option<u64>,
}

impl Wharf {
    /// Makes of an artifact in the store, all of which must be there, one that can be
    /// run as it stands: files that travelled in archives are layers of their own there.
    /// One that is of this kind is answered as it is; what is made depends on the artifact
    /// alone.
    pub async fn prepare(&self, manifest: &Digest) -> Result<Digest, Error> {
        self.prepare_with(manifest, &PrepareOptions::default())
            .await
    }

    /// [`Wharf::prepare`] with options.
    pub async fn prepare_with(
        &self,
        manifest: &Digest,
        options: &PrepareOptions,
    ) -> Result<Digest, Error> {
        let _work = self.at_work().await?;
        let (store, looked_at) = (self.store().clone(), manifest.clone());
        let layers = options.max_layers;
        let ready = blocking(move || is_ready(&store, &looked_at, layers)).await?;
        if ready? {
            return Ok(manifest.clone());
        }
        let state = self.state_without_files();
        let told = ("prepare", manifest.as_str());
        state.watch.begins(told, None, Ok(()))?;
        let preparing = packager::prepare(state, manifest.to_string(), options.clone());
        let prepared = self.overseer().in_time(preparing).await?;
        Ok(report::descriptor(prepared)?.digest)
    }
}

/// Whether an artifact can be run as it stands, as far as a look tells: nothing of it is
/// in archives, and all of it is composed. What can't be read is of that kind too, since
/// whoever runs it says best what is wrong. With more layers than `most_layers` says, or
/// than is usual, it is refused.
fn is_ready(store: &Store, manifest: &Digest, most_layers: Option<u64>) -> Result<bool, Error> {
    let Some(bytes) = store.get(manifest)? else {
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
    Ok(is_composed(store, &artifact)?)
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
