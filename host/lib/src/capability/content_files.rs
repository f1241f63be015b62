//! Files become content without passing through the packager.

use wasmtime::component::{Accessor, HasSelf, Resource};
use wasmtime_wasi::filesystem::Descriptor as File;
use wharf_store::Added;

use super::denial::{Denial, told};
use crate::ahead::AHEAD_BYTES;
use crate::bindings::content_files;
use crate::bindings::content_store::Error;
use crate::bindings::types::Descriptor;
use crate::blocking::blocking;
use crate::state::State;
use crate::watch::Stored;

impl content_files::Host for State {}

impl<T: Send> content_files::HostWithStore<T> for HasSelf<State> {
    async fn add_file(
        accessor: &Accessor<T, Self>,
        file: Resource<File>,
        media_type: String,
    ) -> wasmtime::Result<Result<Descriptor, Error>> {
        // The guest could open it, so its directory was lent and it lies within.
        let (file, store, ahead, watch) = accessor.with(|mut access| {
            let state = access.get();
            let file = match state.table.get(&file)? {
                File::File(file) => Some(file.file.clone()),
                File::Dir(_) => None,
            };
            let (store, ahead) = (state.store.clone(), state.ahead.clone());
            wasmtime::error::Ok((file, store, ahead, state.watch.clone()))
        })?;
        let Some(file) = file else {
            return Ok(Err(Error::Failed("a directory has no content".to_owned())));
        };
        let added = blocking(move || {
            let own = file
                .try_clone()
                .map_err(|error| Denial::failed(error.to_string()))?;
            store.add_file(own).map_err(Denial::from)
        })
        .await?;
        let Added {
            digest,
            size,
            is_new,
        } = match added {
            Ok(added) => added,
            Err(denial) => {
                return told(&watch, "add-file", Stored::default(), Err(denial));
            }
        };
        if is_new {
            let what = Stored {
                digest: Some(digest.as_str()),
                bytes: Some(size),
                name: None,
            };
            watch.stored(&Ok(()), "add-file", what)?;
        }
        let added = wharf_oci::Descriptor::new(&media_type, digest, size);
        if let Some(ahead) = ahead
            && is_new
            && size >= AHEAD_BYTES
        {
            // Nobody waits any more where sending failed: the push will say why.
            let _ = ahead.send(added.clone());
        }
        Ok(Ok(added.into()))
    }
}
