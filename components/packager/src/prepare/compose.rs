//! From an application whose components were published beside their dependencies to
//! one whose components are composed with them.

use std::collections::BTreeMap;

use wharf_app::artifact::{Artifact, Content, Draft, PackedComponent};
use wharf_app::locked::{ComponentSource, ContentRef, LockedApp, LockedComponent, MIDDLEWARE};
use wharf_oci::problem::clean;

use crate::bindings::{Descriptor, Error};
use crate::settings::Settings;
use crate::{compose, failure, pack, store};

/// What can be run in place of an artifact, or none when its components are composed
/// already.
pub(super) async fn prepare(artifact: &Artifact) -> Result<Option<Descriptor>, Error> {
    let app = store::document(artifact.locked_app().digest.as_str())?;
    let mut app = LockedApp::from_json(&app).map_err(failure::input)?;
    let mut added = Vec::new();
    for component in &mut app.components {
        let packed = packed(artifact, component)
            .map_err(|error| failure::of_component(&clean(&component.id, 100), error))?;
        if let Some(composed) = compose::composed(component, &packed).await? {
            component.source = ComponentSource::from(composed.clone());
            component.forget_dependencies();
            added.push(composed);
        }
    }
    if !app.forget_what_was_composed() && added.is_empty() {
        return Ok(None);
    }
    let draft = Draft::revised(&app, artifact, &added).map_err(failure::input)?;
    pack::finish(draft, Settings::default()).await.map(Some)
}

/// The WebAssembly that a component is made of.
fn packed(artifact: &Artifact, component: &LockedComponent) -> Result<PackedComponent, Error> {
    let content = |source: &ComponentSource| content(artifact, &source.content);
    let mut dependencies = BTreeMap::new();
    for (name, dependency) in &component.dependencies {
        dependencies.insert(name.clone(), content(&dependency.source)?);
    }
    let middleware = component.middleware().iter();
    let middleware: Vec<_> = middleware
        .map(|it| content(&it.source))
        .collect::<Result<_, _>>()?;
    Ok(PackedComponent {
        source: content(&component.source)?,
        dependencies,
        trigger_dependencies: BTreeMap::from([(MIDDLEWARE.to_owned(), middleware)]),
        files: Vec::new(),
    })
}

/// WebAssembly that a locked application names. Only what belongs to its artifact is
/// read: the store has other people's content too.
fn content(artifact: &Artifact, reference: &ContentRef) -> Result<Content, Error> {
    if let Some(bytes) = &reference.inline {
        return store::of_bytes(bytes, reference.digest.as_ref());
    }
    let Some(digest) = &reference.digest else {
        return Err(failure::input(
            "its WebAssembly is named by no digest: the application was never published",
        ));
    };
    let Some(layer) = artifact.layer(digest) else {
        return Err(failure::input(format!(
            "its WebAssembly is {digest}, which is no layer of the artifact"
        )));
    };
    store::find(layer)
}
