//! What the host itself puts into the content store: told to the audit, as it is of what a
//! guest puts there.

use wharf_oci::{Descriptor, Digest};
use wharf_store::StoreError;

use crate::blocking::blocking;
use crate::error::Error;
use crate::watch::Stored;
use crate::wharf::Wharf;

impl Wharf {
    /// Puts content into the store.
    pub(crate) async fn keep(&self, content: Vec<u8>) -> Result<Digest, Error> {
        let (store, bytes) = (self.store().clone(), content.len() as u64);
        let kept = blocking(move || store.put(&content, None)).await?;
        let digest = kept.as_ref().ok().cloned();
        let what = Stored {
            digest: digest.as_ref().map(Digest::as_str),
            bytes: Some(bytes),
            name: None,
        };
        self.kept("put", what, kept)
    }

    /// Has a name lead to a manifest of the store.
    pub(crate) async fn keep_name(&self, name: String, manifest: &Descriptor) -> Result<(), Error> {
        let (store, target) = (self.store().clone(), manifest.clone());
        let (named, name) = blocking(move || (store.set_name(&name, &target), name)).await?;
        let what = Stored {
            digest: Some(manifest.digest.as_str()),
            bytes: None,
            name: Some(&name),
        };
        self.kept("set-name", what, named)
    }

    fn kept<T>(
        &self,
        action: &'static str,
        what: Stored<'_>,
        outcome: Result<T, StoreError>,
    ) -> Result<T, Error> {
        let watch = self.overseer().watch(None);
        let told = match &outcome {
            Ok(_) => Ok(()),
            Err(error) => {
                let read_only = matches!(error, StoreError::ReadOnly(_));
                Err(watch.not_stored(read_only, error.to_string()))
            }
        };
        watch.stored(&told, action, what)?;
        Ok(outcome?)
    }
}
