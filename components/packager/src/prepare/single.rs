//! From a single component to the application that it is when it runs.

use std::collections::BTreeMap;

use wharf_app::artifact::{Content, Draft, INLINE_BYTES, PackedComponent, Single};

use crate::bindings::{Descriptor, Error};
use crate::settings::Settings;
use crate::{failure, pack, store};

/// What can be run in place of a single component, of which this is the manifest. The
/// component itself is not touched.
pub(super) async fn prepare(manifest: &[u8]) -> Result<Descriptor, Error> {
    let single = Single::parse(manifest, None).map_err(failure::input)?;
    let app = single.application().map_err(failure::input)?;
    let layer = single.layer();
    let inline = match layer.size {
        0..=INLINE_BYTES => Some(store::document(layer.digest.as_str())?),
        _ => None,
    };
    let component = PackedComponent {
        source: Content {
            digest: layer.digest.clone(),
            size: layer.size,
            inline,
        },
        dependencies: BTreeMap::new(),
        trigger_dependencies: BTreeMap::new(),
        files: Vec::new(),
    };
    let draft = Draft::new(app, vec![component]).map_err(failure::input)?;
    pack::finish(draft, Settings::default()).await
}
