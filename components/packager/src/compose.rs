//! Components, composed with their dependencies.

use std::collections::BTreeMap;

use wharf_app::artifact::Content;
use wharf_app::locked::LockedComponent;
use wharf_compose::{Dependency, Kind, compose, kind, make_component};

use crate::bindings::Error;
use crate::{failure, store};

/// How many bytes tell a module from a component.
const KIND_BYTES: u64 = 8;

/// What a component becomes: composed with its dependencies, whose content is given by
/// name, or made a component of a module. None when it is to stay as it is, also a
/// module of which nothing says what it exports.
pub(crate) async fn composed(
    component: &LockedComponent,
    source: &Content,
    contents: &BTreeMap<String, Content>,
) -> Result<Option<Content>, Error> {
    let failed = |error| failure::input(format!("the component `{}`: {error}", component.id));
    let made = if component.dependencies.is_empty() {
        if kind(&store::prefix(source, KIND_BYTES).await?) != Some(Kind::Module) {
            return Ok(None);
        }
        make_component(&store::whole(source).await?).map_err(failed)?
    } else {
        let mut dependencies = Vec::new();
        for (name, dependency) in &component.dependencies {
            let Some(content) = contents.get(name) else {
                return Err(Error::Other(format!(
                    "the component `{}`: its dependency `{name}` has no content",
                    component.id
                )));
            };
            dependencies.push(Dependency {
                name: name.clone(),
                wasm: store::whole(content).await?,
                export: dependency.export.clone(),
                inherit: dependency.inherit.clone(),
            });
        }
        let source = store::whole(source).await?;
        Some(compose(source, dependencies).map_err(failed)?)
    };
    match made {
        Some(bytes) => store::add_bytes(bytes).await.map(Some),
        None => Ok(None),
    }
}
