//! The directory: what is where, and opening it.

use std::collections::HashSet;
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock};

use cap_std::ambient_authority;
use cap_std::fs::Dir;
use serde::Deserialize;

use crate::folder::{Folder, Found};
use crate::{Scratch, StoreError};

/// The content store in one directory. Cheap to clone; clones, tasks and
/// processes may use one directory at the same time.
#[derive(Clone, Debug)]
pub struct Store {
    layout: Arc<Layout>,
    /// Why nothing may be written by this handle; none when it may.
    read_only: Option<Arc<str>>,
}

/// The store's directories. See the crate's documentation for what is in them.
#[derive(Debug)]
pub(crate) struct Layout {
    pub(crate) root: Folder,
    pub(crate) blobs: Folder,
    pub(crate) ingest: Folder,
    pub(crate) damaged: Folder,
    pub(crate) scratch: Folder,
    pub(crate) locks: Folder,
    pub(crate) notes: Folder,
    /// Where this instance writes content whose digest is not known yet; made
    /// when first needed.
    pub(crate) staging: Mutex<Option<Arc<Scratch>>>,
    /// The sizes of the content that there was when somebody first asked.
    pub(crate) sizes: OnceLock<HashSet<u64>>,
}

/// The only version of the layout that there is (image-spec v1.1.1,
/// "image-layout.md").
pub(crate) const LAYOUT: &str = r#"{"imageLayoutVersion":"1.0.0"}"#;

const LAYOUT_FILE: &str = "oci-layout";

/// The largest `oci-layout` that is read, in bytes: it has one short member.
const LAYOUT_BYTES: u64 = 4096;

/// What may be in a directory that a process was killed in while it made a store
/// of it: directories come first, `oci-layout` next, the table of names last. Or of a
/// store after a loss of power, which leaves an empty `oci-layout`.
const OURS: [&str; 8] = [
    LAYOUT_FILE,
    "blobs",
    "damaged",
    "ingest",
    "locks",
    "notes",
    "scratch",
    "index.json",
];

impl Store {
    /// Opens the store in a directory, and creates what is missing, for this user
    /// alone. An OCI image layout that another tool made becomes a store, and
    /// stays an OCI image layout.
    ///
    /// Removes what processes left behind that no longer run. The path is used
    /// here once; from then on nothing outside the directory can be reached.
    ///
    /// Fails with [`StoreError::Layout`] when the directory has other things in
    /// it or is of a newer layout.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        let failed = |error| StoreError::io("opening the store", path, error);
        let path = std::path::absolute(path).map_err(failed)?;
        let mut builder = std::fs::DirBuilder::new();
        let created = builder.recursive(true).mode(0o700).create(&path);
        if path.exists() && !path.is_dir() {
            return Err(StoreError::Layout(format!(
                "{} is not a directory, which a store needs; choose another place for the store",
                path.display()
            )));
        }
        created.map_err(|error| StoreError::io("creating the store", &path, error))?;
        let dir = Dir::open_ambient_dir(&path, ambient_authority()).map_err(failed)?;
        let root = Folder::new(dir, &path);
        let new = !is_layout(&root)?;
        let part = |folder: &Folder, name: &str| {
            folder.subfolder(name).map_err(|error| {
                StoreError::io(
                    "opening or creating a directory of the store",
                    folder.path_of(name),
                    error,
                )
            })
        };
        let layout = Layout {
            blobs: part(&part(&root, "blobs")?, "sha256")?,
            ingest: part(&root, "ingest")?,
            damaged: part(&root, "damaged")?,
            scratch: part(&root, "scratch")?,
            locks: part(&root, "locks")?,
            notes: part(&root, "notes")?,
            staging: Mutex::new(None),
            sizes: OnceLock::new(),
            root,
        };
        let store = Self {
            layout: Arc::new(layout),
            read_only: None,
        };
        if new {
            store.replace_file(LAYOUT_FILE, LAYOUT.as_bytes())?;
        }
        store.create_names()?;
        store.tidy_scratch();
        store.tidy_ingest();
        store.tidy_notes();
        Ok(store)
    }

    /// Where the store is, as an absolute path.
    pub fn path(&self) -> &Path {
        self.layout.root.path()
    }

    /// The same store through a handle that takes no content: what is not here is refused
    /// with [`StoreError::ReadOnly`] and this reason, and pruning is too. Content that is
    /// here may be stored again, which changes nothing; names and notes are left as they
    /// are, without an error.
    #[must_use]
    pub fn read_only(self, why: &str) -> Self {
        Self {
            read_only: Some(why.into()),
            ..self
        }
    }

    /// Fails when this handle takes no content.
    pub(crate) fn writable(&self) -> Result<(), StoreError> {
        match &self.read_only {
            Some(why) => Err(StoreError::ReadOnly(why.to_string())),
            None => Ok(()),
        }
    }

    /// Whether this handle takes no content.
    pub(crate) fn is_read_only(&self) -> bool {
        self.read_only.is_some()
    }

    pub(crate) fn layout(&self) -> &Layout {
        &self.layout
    }

    /// Where the content of a digest is, for messages.
    pub(crate) fn blob_path(&self, hex: &str) -> PathBuf {
        self.layout.blobs.path_of(hex)
    }

    /// Writes a file of the root whole or not at all. It is not forced to the disk: that
    /// waits for all content that was written before. After a loss of power either file
    /// may be empty, and is begun anew.
    pub(crate) fn replace_file(&self, name: &str, content: &[u8]) -> Result<(), StoreError> {
        let root = &self.layout().root;
        let mut staged = self.stage()?;
        staged
            .file()
            .write_all(content)
            .and_then(|()| staged.move_to(root, name))
            .map_err(|error| StoreError::io("writing", root.path_of(name), error))
    }
}

/// Whether the directory is an OCI image layout already. Not one, and with other
/// things in it, it is an error: a store takes over no foreign directory.
fn is_layout(root: &Folder) -> Result<bool, StoreError> {
    #[derive(Deserialize)]
    struct Shape {
        #[serde(rename = "imageLayoutVersion")]
        version: String,
    }
    let path = root.path_of(LAYOUT_FILE);
    let failed = |error| StoreError::io("reading", &path, error);
    let file = match root.look(LAYOUT_FILE).map_err(failed)? {
        Found::File(file, _) => file,
        Found::Other => return Err(unreadable(&path, "it is not a regular file")),
        Found::Nothing => return refuse_foreign(root).map(|()| false),
    };
    let mut text = Vec::new();
    io::Read::take(file, LAYOUT_BYTES)
        .read_to_end(&mut text)
        .map_err(failed)?;
    if text.is_empty() {
        // What a loss of power leaves of a file that was not on the disk yet.
        return refuse_foreign(root).map(|()| false);
    }
    let shape: Shape =
        serde_json::from_slice(&text).map_err(|error| unreadable(&path, &error.to_string()))?;
    if shape.version == "1.0.0" {
        Ok(true)
    } else {
        Err(StoreError::Layout(format!(
            "{} is an OCI image layout of version {}, and only 1.0.0 is understood; use a newer \
             release of this program, or choose another directory for the store",
            root.path().display(),
            shape.version.escape_debug()
        )))
    }
}

/// Fails when there is something in the directory that no store has.
fn refuse_foreign(root: &Folder) -> Result<(), StoreError> {
    let names = root
        .names()
        .map_err(|error| StoreError::io("reading", root.path(), error))?;
    match names.iter().find(|name| !OURS.contains(&name.as_str())) {
        None => Ok(()),
        Some(other) => Err(StoreError::Layout(format!(
            "{} is not a store: it has no `oci-layout`, and other things in it, `{}` for \
             example; choose an empty or a new directory for the store",
            root.path().display(),
            other.escape_debug()
        ))),
    }
}

fn unreadable(path: &Path, why: &str) -> StoreError {
    StoreError::Layout(format!(
        "{} does not say which layout this directory has: {why}; if it is a store, remove that \
         file and everything that is not the store's, else choose another directory",
        path.display()
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt as _;

    #[test]
    fn a_new_store_is_an_oci_layout_of_this_user_alone() {
        let temporary = tempfile::tempdir().unwrap();
        let path = temporary.path().join("a/b/store");
        let store = Store::open(&path).unwrap();
        assert_eq!(store.path(), path);
        let read = |name: &str| std::fs::read_to_string(path.join(name)).unwrap();
        assert_eq!(read("oci-layout"), LAYOUT);
        assert!(read("index.json").contains("\"schemaVersion\": 2"));
        for name in ["", "blobs/sha256", "ingest", "scratch"] {
            let mode = std::fs::metadata(path.join(name)).unwrap().permissions();
            assert_eq!(mode.mode() & 0o777, 0o700, "{name}");
        }
        drop(store);
        assert_eq!(std::fs::read_dir(path.join("scratch")).unwrap().count(), 0);
        Store::open(&path).unwrap();
    }

    #[test]
    fn a_half_made_store_is_completed() {
        let temporary = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(temporary.path().join("blobs")).unwrap();
        std::fs::create_dir_all(temporary.path().join("scratch")).unwrap();
        Store::open(temporary.path()).unwrap();
        assert!(temporary.path().join("oci-layout").exists());
    }

    #[test]
    fn a_foreign_directory_is_left_alone() {
        let temporary = tempfile::tempdir().unwrap();
        std::fs::write(temporary.path().join("thesis.tex"), "").unwrap();
        let error = Store::open(temporary.path()).unwrap_err();
        assert!(matches!(error, StoreError::Layout(_)));
        assert!(error.to_string().contains("thesis.tex"), "{error}");
        assert_eq!(std::fs::read_dir(temporary.path()).unwrap().count(), 1);
        let file = temporary.path().join("thesis.tex");
        let error = Store::open(&file).unwrap_err();
        assert!(error.to_string().contains("is not a directory"), "{error}");
    }

    #[test]
    fn a_newer_layout_is_refused() {
        let temporary = tempfile::tempdir().unwrap();
        let file = temporary.path().join("oci-layout");
        std::fs::write(&file, r#"{"imageLayoutVersion":"2.0.0"}"#).unwrap();
        let error = Store::open(temporary.path()).unwrap_err();
        assert!(error.to_string().contains("version 2.0.0"), "{error}");
        std::fs::write(&file, "{").unwrap();
        let error = Store::open(temporary.path()).unwrap_err();
        assert!(matches!(error, StoreError::Layout(_)), "{error}");
    }

    #[test]
    fn a_store_that_lost_its_power_is_a_store_with_its_content() {
        let temporary = tempfile::tempdir().unwrap();
        let store = Store::open(temporary.path()).unwrap();
        let digest = store.put(b"content", None).unwrap();
        drop(store);
        for name in [LAYOUT_FILE, "index.json"] {
            std::fs::write(temporary.path().join(name), "").unwrap();
        }
        let store = Store::open(temporary.path()).unwrap();
        assert_eq!(
            store.get(&digest).unwrap().as_deref(),
            Some(&b"content"[..])
        );
        assert_eq!(store.names().unwrap(), []);
        let text = std::fs::read_to_string(temporary.path().join(LAYOUT_FILE)).unwrap();
        assert_eq!(text, LAYOUT);
        // With anything else beside it, it is no store of ours.
        std::fs::write(temporary.path().join(LAYOUT_FILE), "").unwrap();
        std::fs::write(temporary.path().join("thesis.tex"), "").unwrap();
        assert!(Store::open(temporary.path()).is_err());
    }

    #[test]
    fn a_directory_of_the_store_that_is_a_link_is_refused() {
        let temporary = tempfile::tempdir().unwrap();
        let outside = tempfile::tempdir().unwrap();
        std::fs::write(temporary.path().join("oci-layout"), LAYOUT).unwrap();
        std::os::unix::fs::symlink(outside.path(), temporary.path().join("blobs")).unwrap();
        assert!(matches!(
            Store::open(temporary.path()),
            Err(StoreError::Io { .. })
        ));
        assert_eq!(std::fs::read_dir(outside.path()).unwrap().count(), 0);
    }
}
