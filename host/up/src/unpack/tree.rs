//! The files that are to be written, and writing them.

use std::collections::BTreeMap;
use std::io::{self, Write as _};
use std::path::Path;

use cap_std::fs::{Dir, File, OpenOptions};
use wharf_app::path::GuestPath;
use wharf_oci::problem::clean;
use wharf_store::Store;

use super::UnpackError;
use super::name::{folded, objection};
use crate::content::Content;
use crate::files::MOST_ENTRIES;

/// How much is copied at once, in bytes.
const BUFFER_BYTES: usize = 256 * 1024;

/// Files by their paths, of which each is safe to create and no two can be taken for
/// one.
#[derive(Debug, Default)]
pub(super) struct Tree {
    /// By folded path, so that a directory stands before what is in it.
    entries: BTreeMap<String, Entry>,
}

#[derive(Debug)]
struct Entry {
    path: GuestPath,
    /// None for a directory.
    content: Option<Content>,
}

impl Tree {
    /// Adds a file, if it can be one beside those that are there.
    pub(super) fn add(&mut self, path: &str, content: Content) -> Result<(), UnpackError> {
        let wrong = |problem: String| UnpackError::Name {
            path: clean(path, 200),
            problem,
        };
        let checked: GuestPath = path
            .parse()
            .map_err(|error| wrong(format!("can't be written: its path {error}")))?;
        if let Some(problem) = path.split('/').find_map(objection) {
            return Err(wrong(problem.to_owned()));
        }
        let directories = checked.ancestors().map(|path| Entry {
            path,
            content: None,
        });
        let file = Entry {
            path: checked.clone(),
            content: Some(content),
        };
        for entry in directories.chain([file]) {
            self.claim(entry).map_err(|known| {
                wrong(format!(
                    "can't be written beside `{}`: where upper and lower case are the same, so \
                     are they",
                    clean(known.as_str(), 200)
                ))
            })?;
            if self.entries.len() > MOST_ENTRIES {
                return Err(wrong(format!(
                    "is one too many: at most {MOST_ENTRIES} files and directories are written"
                )));
            }
        }
        Ok(())
    }

    /// How many files there are.
    pub(super) fn files(&self) -> usize {
        let entries = self.entries.values();
        entries.filter(|entry| entry.content.is_some()).count()
    }

    /// Writes them all into an empty directory and says how many bytes they have.
    /// `shown` is what to call that directory.
    pub(super) fn write(
        &self,
        store: &Store,
        directory: &Dir,
        shown: &Path,
    ) -> Result<u64, UnpackError> {
        let mut bytes = 0;
        for entry in self.entries.values() {
            let path = entry.path.as_str();
            let failed = |source| UnpackError::Io {
                path: shown.join(path),
                source,
            };
            match &entry.content {
                None => directory.create_dir(path).map_err(failed)?,
                Some(content) => {
                    let mut options = OpenOptions::new();
                    options.write(true).create_new(true);
                    let mut file = directory.open_with(path, &options).map_err(failed)?;
                    copy(content, store, &mut file, &failed)?;
                    bytes += content.size();
                }
            }
        }
        Ok(bytes)
    }

    /// Takes a path for an entry, or says what has it.
    fn claim(&mut self, entry: Entry) -> Result<(), GuestPath> {
        let key = folded(entry.path.as_str());
        match self.entries.get(&key) {
            None => {
                self.entries.insert(key, entry);
                Ok(())
            }
            Some(known)
                if known.path == entry.path
                    && known.content.is_none()
                    && entry.content.is_none() =>
            {
                Ok(())
            }
            Some(known) => Err(known.path.clone()),
        }
    }
}

/// Copies content, which is verified by its last byte at the latest.
pub(super) fn copy(
    content: &Content,
    store: &Store,
    file: &mut File,
    failed: &impl Fn(io::Error) -> UnpackError,
) -> Result<(), UnpackError> {
    let layer = match content {
        Content::Inline(_, bytes) => return file.write_all(bytes).map_err(failed),
        Content::Layer(layer) => layer,
    };
    let mut reader = crate::content::open_layer(store, layer)?;
    let mut buffer = vec![0; BUFFER_BYTES];
    loop {
        match reader.read(&mut buffer)? {
            0 => return Ok(()),
            read => file
                .write_all(buffer.get(..read).unwrap_or_default())
                .map_err(failed)?,
        }
    }
}
