//! The export: what a host may call.

use crate::bindings::exports::wharf::oci::packaging::{self, Guest};
use crate::bindings::{Component, Descriptor, Error, Packed};
use crate::settings::Options;
use crate::{pack, prepare};

impl Guest for Component {
    type Options = Options;

    async fn pack(path: String, options: packaging::Options) -> Result<Packed, Error> {
        let settings = options.get::<Options>().settings();
        pack::pack(&path, settings).await
    }

    async fn prepare(manifest: String, options: packaging::Options) -> Result<Descriptor, Error> {
        let settings = options.get::<Options>().settings();
        prepare::prepare(manifest, &settings).await
    }
}
