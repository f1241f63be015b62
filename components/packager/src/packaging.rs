//! The export: what a host may call.

use crate::bindings::exports::wharf::oci::packaging::{self, Guest};
use crate::bindings::{Component, Error, Packed};
use crate::pack;
use crate::settings::Options;

impl Guest for Component {
    type Options = Options;

    async fn pack(path: String, options: packaging::Options) -> Result<Packed, Error> {
        let settings = options.get::<Options>().settings();
        pack::pack(&path, settings).await
    }
}
