//! The files of a component, laid out in a directory of the store's scratch space
//! so that the component sees them at its root.
//!
//! Nothing is copied: the files are hard links to the store's content, which is
//! verified when it is linked for the first time. Components can't write to them.

use std::collections::{BTreeSet, HashMap};
use std::path::{Path, PathBuf};

use cap_std::fs::Dir;
use wharf_app::artifact::Artifact;
use wharf_app::locked::LockedComponent;
use wharf_app::path::GuestPath;
use wharf_oci::Digest;
use wharf_oci::problem::clean;
use wharf_store::{Scratch, Store};

use crate::UpError;
use crate::content::Content;

/// How many files and how many directories an application may have.
pub(crate) const MOST_ENTRIES: usize = 20_000;

/// Lays out the files of components in one scratch directory.
pub(crate) struct Layout<'a> {
    store: &'a Store,
    artifact: &'a Artifact,
    scratch: &'a Scratch,
    /// Content that lies somewhere in the scratch directory already: it is not
    /// verified again, however often it is named.
    placed: HashMap<Digest, PathBuf>,
    files: usize,
    directories: usize,
}

/// The files of one component, checked and not yet there.
#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) files: Vec<(GuestPath, Content)>,
    /// Every directory after the one that it is in.
    directories: BTreeSet<GuestPath>,
}

impl<'a> Layout<'a> {
    pub(crate) fn new(store: &'a Store, artifact: &'a Artifact, scratch: &'a Scratch) -> Self {
        Self {
            store,
            artifact,
            scratch,
            placed: HashMap::new(),
            files: 0,
            directories: 0,
        }
    }

    /// Lays out the files of a component and returns the directory that is its
    /// root; none when it has no files.
    pub(crate) fn add(
        &mut self,
        component: &LockedComponent,
        number: usize,
    ) -> Result<Option<PathBuf>, UpError> {
        if component.files.is_empty() {
            return Ok(None);
        }
        let plan = plan(component, self.artifact)?;
        self.files += plan.files.len();
        self.directories += plan.directories.len();
        if self.files > MOST_ENTRIES || self.directories > MOST_ENTRIES {
            return Err(UpError::Invalid(format!(
                "the application has more than {MOST_ENTRIES} files or directories"
            )));
        }
        // The component's id is somebody else's text, and no name for a directory.
        let root = PathBuf::from(format!("component-{number}"));
        let failed = |source| UpError::Files {
            component: clean(&component.id, 100),
            source,
        };
        let scratch = self.scratch.directory();
        scratch.create_dir(&root).map_err(failed)?;
        let directory = scratch.open_dir(&root).map_err(failed)?;
        for path in &plan.directories {
            directory.create_dir(path.as_str()).map_err(failed)?;
        }
        for (path, content) in plan.files {
            let name = Path::new(path.as_str());
            match content {
                Content::Inline(_, bytes) => directory.write(name, bytes).map_err(failed)?,
                Content::Layer(layer) => {
                    self.link(&layer.digest, &directory, name)?;
                    let placed = || root.join(name);
                    self.placed.entry(layer.digest).or_insert_with(placed);
                }
            }
        }
        Ok(Some(self.scratch.path().join(root)))
    }

    fn link(&self, digest: &Digest, directory: &Dir, name: &Path) -> Result<(), UpError> {
        if let Some(placed) = self.placed.get(digest) {
            let scratch = self.scratch.directory();
            // It fails where files have few links or none at all.
            if scratch.hard_link(placed, directory, name).is_ok() {
                return Ok(());
            }
        }
        Ok(self.store.link(digest, directory, name)?)
    }
}

/// The files of a component, whose paths and content are good.
pub(crate) fn plan(component: &LockedComponent, artifact: &Artifact) -> Result<Plan, UpError> {
    let id = || clean(&component.id, 100);
    let wrong = |path: &str, problem: &str| {
        let (path, id) = (clean(path, 200), id());
        UpError::Invalid(format!(
            "the file `{path}` of the component `{id}` {problem}"
        ))
    };
    if component.files.len() > MOST_ENTRIES {
        return Err(UpError::Invalid(format!(
            "the component `{}` has {} files, and at most {MOST_ENTRIES} are laid out",
            id(),
            component.files.len()
        )));
    }
    let mut paths = BTreeSet::new();
    let mut directories = BTreeSet::new();
    let mut files = Vec::new();
    for file in &component.files {
        let path: GuestPath = file
            .path
            .parse()
            .map_err(|error| wrong(&file.path, &format!("{error}")))?;
        directories.extend(path.ancestors());
        if directories.len() > MOST_ENTRIES {
            return Err(wrong(&file.path, "is in one directory too many"));
        }
        if !paths.insert(path.clone()) {
            return Err(wrong(path.as_str(), "is there twice"));
        }
        let what = || {
            let path = clean(path.as_str(), 200);
            format!("the file `{path}` of the component `{}`", id())
        };
        let content = Content::find(&file.content, artifact, what)?;
        files.push((path, content));
    }
    match paths.intersection(&directories).next() {
        None => Ok(Plan { files, directories }),
        Some(path) => Err(wrong(path.as_str(), "is a directory as well")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use wharf_app::locked::LockedApp;

    fn planned(paths: &[&str]) -> Result<Plan, UpError> {
        let files: Vec<_> = paths
            .iter()
            .map(|path| serde_json::json!({"inline": "eA==", "path": path}))
            .collect();
        let app = serde_json::json!({
            "spin_lock_version": 0, "triggers": [],
            "components": [{"id": "a", "source": {"content_type": "application/wasm"}, "files": files}],
        });
        let app = LockedApp::from_json(app.to_string().as_bytes()).unwrap();
        let descriptor = |media_type: &str| serde_json::json!({"mediaType": media_type, "digest": Digest::from_sha256(&[1; 32]), "size": 1});
        let manifest = serde_json::json!({
            "schemaVersion": 2,
            "config": descriptor("application/vnd.oci.image.config.v1+json"),
            "layers": [descriptor("application/vnd.fermyon.spin.application.v1+config")],
        });
        let artifact = Artifact::parse(manifest.to_string().as_bytes(), None).unwrap();
        plan(&app.components[0], &artifact)
    }

    #[test]
    fn directories_come_before_what_is_in_them() {
        let plan = planned(&["a/b/c", "a/d", "e", "a/b/f"]).unwrap();
        let directories: Vec<_> = plan.directories.iter().map(GuestPath::as_str).collect();
        assert_eq!(directories, ["a", "a/b"]);
        assert_eq!(plan.files.len(), 4);
    }

    #[test]
    fn paths_that_lead_out_or_clash_are_refused_by_name() {
        for (paths, message) in [
            (
                &["../x"][..],
                "the file `../x` of the component `a` has `..` in it, which is no name that files can have everywhere",
            ),
            (
                &["/etc/passwd"],
                "the file `/etc/passwd` of the component `a` is absolute: paths are relative to the directory of the application",
            ),
            (
                &["x", "x"],
                "the file `x` of the component `a` is there twice",
            ),
            (
                &["x/y", "x"],
                "the file `x` of the component `a` is a directory as well",
            ),
        ] {
            assert_eq!(planned(paths).unwrap_err().to_string(), message);
        }
    }

    #[test]
    fn directories_are_bounded_too() {
        let deep: Vec<_> = (0..20)
            .map(|number| format!("{number}/{}x", "a/".repeat(1_900)))
            .collect();
        let deep: Vec<_> = deep.iter().map(String::as_str).collect();
        let refused = planned(&deep).unwrap_err().to_string();
        assert!(
            refused.ends_with("is in one directory too many"),
            "{refused:.50}"
        );
    }
}
