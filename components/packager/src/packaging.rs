//! The export: what a host may call.

use crate::bindings::exports::wharf::oci::packaging::{self, Guest};
use crate::bindings::{Component, Descriptor, Error, File, Packed};
use crate::settings::Options;
use crate::{pack, prepare, single};

impl Guest for Component {
    type Options = Options;

    async fn pack(path: String, options: packaging::Options) -> Result<Packed, Error> {
        let settings = options.get::<Options>().settings();
        pack::pack(&path, settings).await
    }

    async fn pack_component(
        file: File,
        name: String,
        options: packaging::Options,
    ) -> Result<Packed, Error> {
        let settings = options.get::<Options>().settings();
        single::pack(file, &name, settings).await
    }

    async fn pack_wit(
        sources: File,
        name: String,
        options: packaging::Options,
    ) -> Result<Packed, Error> {
        let settings = options.get::<Options>().settings();
        single::pack_wit(sources, name, settings).await
    }

    async fn prepare(manifest: String, options: packaging::Options) -> Result<Descriptor, Error> {
        let settings = options.get::<Options>().settings();
        prepare::prepare(manifest, &settings).await
    }
}
