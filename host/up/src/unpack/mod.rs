//! An artifact of the store as files in a directory, for people to look at and keep.
//!
//! ```text
//!   application   spin.lock          the locked application, as it was published
//!                 COMPONENT.wasm     the code of each component
//!                 COMPONENT/…        its files, as it sees them at its root
//!   component     TITLE              the component, or `component.wasm` without a title
//!   other         …                  each layer under the title that it has
//! ```
//!
//! The artifact is untrusted. All names are checked before anything is written, all
//! content is verified while it is, and the directory appears when it is whole.

mod file;
mod name;
mod place;
mod tree;

use std::io;
use std::path::{Path, PathBuf};

use serde_json::Value;
use wharf_app::artifact::{Artifact, ReadError, Single, TITLE};
use wharf_app::locked::{LockedApp, LockedComponent};
use wharf_oci::manifest::{Manifest, ManifestError};
use wharf_oci::problem::clean;
use wharf_oci::{Descriptor, Digest};
use wharf_store::{Store, StoreError};

use crate::content::Content;
use crate::{UpError, check, files};
pub use file::unpack_file;
use place::Place;
use tree::Tree;

/// The locked application's file, as Spin calls it.
const LOCK_FILE: &str = "spin.lock";

/// The file of a single component that has no title.
const COMPONENT_FILE: &str = "component.wasm";

/// What was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Unpacked {
    /// How many files.
    pub files: usize,
    /// How many bytes they have together.
    pub bytes: u64,
}

/// Why an artifact can't be had as files.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum UnpackError {
    /// The artifact can't be read, or its content is missing or damaged.
    #[error(transparent)]
    Artifact(#[from] UpError),
    /// A file would have a name that is not safe to create everywhere.
    #[error("the file `{path}` of the artifact {problem}")]
    Name {
        /// The path that it would have, on one line.
        path: String,
        /// What is wrong, to be read after the path.
        problem: String,
    },
    /// It is no application, and a layer has no name.
    #[error(
        "this is no Spin application, and its layer {digest} ({media_type}) has no name: there \
         is no annotation `{TITLE}`"
    )]
    NoTitle {
        /// The layer's digest.
        digest: Digest,
        /// Its media type.
        media_type: String,
    },
    /// It is an application, and is to be one file.
    #[error("this is an application, which is several files, and {} is to be one", .0.display())]
    SeveralFiles(PathBuf),
    /// The directory, or the file, can't be this one.
    #[error("{} {problem}", path.display())]
    Target {
        /// The directory or the file.
        path: PathBuf,
        /// What is wrong, to be read after the path.
        problem: &'static str,
        /// Whether it would do to replace what is there.
        replaceable: bool,
    },
    /// The system refuses to write it.
    #[error("can't write {}: {source}", path.display())]
    Io {
        /// What was being written.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
}

impl From<StoreError> for UnpackError {
    fn from(error: StoreError) -> Self {
        Self::Artifact(error.into())
    }
}

/// Writes the artifact of `manifest` in the store, an application or another, as the
/// directory `to`, which is not there yet or is empty; with `replace`, one that is there
/// is replaced with all that is in it. The directory that it is in must exist.
///
/// The files are copies: they may be changed.
pub fn unpack(
    store: &Store,
    manifest: &Digest,
    to: &Path,
    replace: bool,
) -> Result<Unpacked, UnpackError> {
    let place = Place::find(to, replace)?;
    let tree = planned(store, manifest)?;
    let draft = place.draft()?;
    let bytes = tree.write(store, draft.directory(), to)?;
    draft.finish()?;
    Ok(Unpacked {
        files: tree.files(),
        bytes,
    })
}

/// What is to be written, every name of which is good.
fn planned(store: &Store, manifest: &Digest) -> Result<Tree, UnpackError> {
    let bytes = small(store, manifest)?;
    match Artifact::parse(&bytes, None) {
        Ok(artifact) => application(store, &artifact),
        Err(ReadError::SingleComponent) => component_alone(&bytes),
        Err(ReadError::NotAnApplication(_)) => titled(&bytes),
        Err(other) => Err(UpError::from(other).into()),
    }
}

fn application(store: &Store, artifact: &Artifact) -> Result<Tree, UnpackError> {
    check::unpacked(artifact)?;
    let locked = small(store, &artifact.locked_app().digest)?;
    let app = LockedApp::from_json(&locked).map_err(UpError::from)?;
    let mut tree = Tree::default();
    let lock = Content::Inline(artifact.locked_app().digest.clone(), locked);
    tree.add(LOCK_FILE, lock)?;
    for component in &app.components {
        add_component(&mut tree, component, artifact)?;
    }
    Ok(tree)
}

fn add_component(
    tree: &mut Tree,
    component: &LockedComponent,
    artifact: &Artifact,
) -> Result<(), UnpackError> {
    check::composed(component)?;
    let id = &component.id;
    if id.contains('/') {
        return Err(UnpackError::Name {
            path: clean(&format!("{id}.wasm"), 200),
            problem: "would be in a directory that the id of its component names".to_owned(),
        });
    }
    let what = || format!("the component `{}`", clean(id, 100));
    let wasm = Content::find(&component.source.content, artifact, what)?;
    tree.add(&format!("{id}.wasm"), wasm)?;
    for (path, content) in files::plan(component, artifact)?.files {
        tree.add(&format!("{id}/{}", path.as_str()), content)?;
    }
    Ok(())
}

/// A single component under its title.
fn component_alone(manifest: &[u8]) -> Result<Tree, UnpackError> {
    let single = Single::parse(manifest, None).map_err(UpError::from)?;
    let title = single.title().unwrap_or(COMPONENT_FILE);
    let mut tree = Tree::default();
    tree.add(title, Content::Layer(single.layer().clone()))?;
    Ok(tree)
}

/// The layers of what is no application, by the titles that they have.
fn titled(manifest: &[u8]) -> Result<Tree, UnpackError> {
    let unusable = |error| UpError::from(ReadError::Manifest(error));
    let Manifest::Image(image) = Manifest::parse(manifest, None).map_err(unusable)? else {
        return Err(UpError::Invalid("this is an index of several artifacts".to_owned()).into());
    };
    let document: Value = serde_json::from_slice(manifest)
        .map_err(|error| unusable(ManifestError::Json(error.to_string())))?;
    let mut tree = Tree::default();
    for (number, layer) in image.layers.into_iter().enumerate() {
        let title = document["layers"][number]["annotations"][TITLE].as_str();
        let Some(title) = title else {
            return Err(no_title(layer));
        };
        tree.add(title, Content::Layer(layer))?;
    }
    Ok(tree)
}

fn no_title(layer: Descriptor) -> UnpackError {
    UnpackError::NoTitle {
        digest: layer.digest,
        media_type: clean(&layer.media_type, 100),
    }
}

/// A document of the store, verified.
fn small(store: &Store, digest: &Digest) -> Result<Vec<u8>, UnpackError> {
    let content = store.get(digest)?;
    Ok(content.ok_or_else(|| StoreError::Missing(digest.clone()))?)
}

#[cfg(test)]
mod tests;
