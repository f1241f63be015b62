//! A single component as one file. It appears when it is whole.

use std::ffi::OsString;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use cap_std::fs::{Dir, OpenOptions};
use wharf_app::artifact::{Artifact, Single};
use wharf_oci::Digest;
use wharf_store::Store;

use super::place::{beside, parent_of};
use super::tree::copy;
use super::{UnpackError, Unpacked, small};
use crate::UpError;
use crate::content::Content;

/// Writes the artifact of `manifest` in the store, which is a single component, as the
/// file `to`, which is not there yet; with `replace`, one that is there is replaced. The
/// directory that it is in must exist.
pub fn unpack_file(
    store: &Store,
    manifest: &Digest,
    to: &Path,
    replace: bool,
) -> Result<Unpacked, UnpackError> {
    let bytes = small(store, manifest)?;
    if Artifact::parse(&bytes, None).is_ok() {
        return Err(UnpackError::SeveralFiles(to.to_owned()));
    }
    let single = Single::parse(&bytes, None).map_err(UpError::from)?;
    let place = Place::find(to, replace)?;
    let size = single.layer().size;
    place.write(store, &Content::Layer(single.layer().clone()))?;
    Ok(Unpacked {
        files: 1,
        bytes: size,
    })
}

/// A place for a file, at which nothing stands in the way.
struct Place {
    path: PathBuf,
    parent: Dir,
    name: OsString,
}

impl Place {
    fn find(path: &Path, replace: bool) -> Result<Self, UnpackError> {
        let wrong = |problem, replaceable| UnpackError::Target {
            path: path.to_owned(),
            problem,
            replaceable,
        };
        let (parent, name) = parent_of(path)?;
        match parent.symlink_metadata(&name) {
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(source) => {
                return Err(UnpackError::Io {
                    path: path.to_owned(),
                    source,
                });
            }
            Ok(found) if found.is_dir() => {
                return Err(wrong("is a directory, and a file is to be there", false));
            }
            Ok(_) if replace => {}
            Ok(_) => return Err(wrong("is there already", true)),
        }
        Ok(Self {
            path: path.to_owned(),
            parent,
            name,
        })
    }

    fn write(self, store: &Store, content: &Content) -> Result<(), UnpackError> {
        let draft = beside(&self.name, "new");
        let failed = |source: io::Error| UnpackError::Io {
            path: self.path.clone(),
            source,
        };
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        let mut file = self.parent.open_with(&draft, &options).map_err(failed)?;
        let written = copy(content, store, &mut file, &failed);
        drop(file);
        let placed = written.and_then(|()| {
            let renamed = self.parent.rename(&draft, &self.parent, &self.name);
            renamed.map_err(failed)
        });
        if placed.is_err() {
            // The error that matters is the one that led here.
            let _ = self.parent.remove_file(&draft);
        }
        placed
    }
}
