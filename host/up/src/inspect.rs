//! What an artifact of the store is, for people: its manifest and the application in
//! it. Nothing is checked for whether it can be run.

use wharf_app::artifact::{Artifact, ReadError, Single};
use wharf_app::locked::{HttpRoute, HttpTarget, LockedApp};
use wharf_oci::manifest::{Details, Manifest, ManifestError};
use wharf_oci::{Descriptor, Digest};
use wharf_store::{Store, StoreError};

use crate::UpError;
use crate::single::{self, SingleComponent};

/// The media type of the layer that [`inspect`] reads besides the manifest.
pub const LOCKED_APP: &str = wharf_app::artifact::LOCKED_APP;

/// What is said of an artifact.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Inspection {
    /// What kind of artifact it is, where it says so.
    pub artifact_type: Option<String>,
    /// What it refers to.
    pub subject: Option<Descriptor>,
    /// Its config.
    pub config: Descriptor,
    /// Its layers, in their order.
    pub layers: Vec<Descriptor>,
    /// Its annotations by key.
    pub annotations: Vec<(String, String)>,
    /// The application in it, or why there is none.
    pub app: Result<Application, String>,
    /// The single component that it is instead.
    pub component: Option<SingleComponent>,
}

/// What is said of an application.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Application {
    /// Its name; empty when it has none.
    pub name: String,
    /// Its version.
    pub version: Option<String>,
    /// What it is for.
    pub description: Option<String>,
    /// Who made it.
    pub authors: Vec<String>,
    /// Its components.
    pub components: Vec<Component>,
}

/// What is said of a component.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Component {
    /// Its id.
    pub id: String,
    /// What it is for.
    pub description: Option<String>,
    /// The digest of its code, unless it stands in the application itself.
    pub digest: Option<Digest>,
    /// How many files it comes with.
    pub files: usize,
    /// The paths that lead to it, as its author wrote them.
    pub routes: Vec<String>,
}

/// Reads what the artifact of `manifest` in the store is. Config, manifest and locked
/// application must be there, the other layers need not.
pub fn inspect(store: &Store, manifest: &Digest) -> Result<Inspection, UpError> {
    let bytes = read(store, manifest)?;
    let unusable = |error: ManifestError| UpError::Invalid(format!("{manifest}: {error}"));
    let Manifest::Image(image) = Manifest::parse(&bytes, None).map_err(unusable)? else {
        return Err(UpError::Invalid(format!(
            "{manifest} is no manifest of one artifact"
        )));
    };
    let details = Details::parse(&bytes).map_err(unusable)?;
    let mut component = None;
    let app = match Artifact::parse(&bytes, None) {
        Ok(artifact) => Ok(read(store, &artifact.locked_app().digest)?),
        Err(error) => {
            if error == ReadError::SingleComponent {
                let single = Single::parse(&bytes, None)?;
                component = Some(single::describe(store, &single)?);
            }
            Err(error.to_string())
        }
    };
    Ok(Inspection {
        artifact_type: details.artifact_type,
        subject: details.subject,
        config: image.config,
        layers: image.layers,
        annotations: details.annotations,
        app: app.and_then(|locked| application(&locked)),
        component,
    })
}

fn application(locked: &[u8]) -> Result<Application, String> {
    let app = LockedApp::from_json(locked).map_err(|error| error.to_string())?;
    // What has triggers of another kind has no routes.
    let triggers = app.http_triggers().unwrap_or_default();
    let components = app.components.iter().map(|component| Component {
        id: component.id.clone(),
        description: component.description().map(str::to_owned),
        digest: component.source.content.digest.clone(),
        files: component.files.len(),
        routes: triggers
            .iter()
            .filter(|trigger| matches!(&trigger.target, HttpTarget::Component(id) if *id == component.id))
            .filter_map(|trigger| match &trigger.route {
                HttpRoute::Path(path) => Some(path.clone()),
                HttpRoute::Private => None,
            })
            .collect(),
    });
    Ok(Application {
        name: app.name().to_owned(),
        version: app.version().map(str::to_owned),
        description: app.description().map(str::to_owned),
        authors: app.authors().into_iter().map(str::to_owned).collect(),
        components: components.collect(),
    })
}

pub(crate) fn read(store: &Store, digest: &Digest) -> Result<Vec<u8>, UpError> {
    let content = store.get(digest)?;
    Ok(content.ok_or_else(|| StoreError::Missing(digest.clone()))?)
}
