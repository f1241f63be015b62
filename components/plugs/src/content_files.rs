//! Files become content.

use crate::bindings::content_files::Guest;
use crate::bindings::{Component, Descriptor, Error, File};
use crate::content_store::layout;
use crate::ingest;

impl Guest for Component {
    async fn add_file(file: &File, media_type: String) -> Result<Descriptor, Error> {
        let (data, end) = file.read_via_stream(0);
        let (digest, size) = ingest::add(&layout()?, data).await?;
        // Only this says whether that was all.
        end.await
            .map_err(|code| Error::Failed(format!("the file can't be read: {code:?}")))?;
        Ok(Descriptor {
            media_type,
            digest: digest.to_string(),
            size,
        })
    }
}
