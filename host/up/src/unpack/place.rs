//! Where a directory is to appear, whole: it is written beside under another name, and
//! renamed.

use std::ffi::{OsStr, OsString};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use cap_std::ambient_authority;
use cap_std::fs::Dir;

use super::UnpackError;

/// A place for a directory, at which nothing stands in the way.
pub(super) struct Place {
    path: PathBuf,
    parent: Dir,
    name: OsString,
    /// Whether something is there to be replaced.
    replaces: bool,
}

/// A directory that is being written. Removed on drop, unless it was finished.
pub(super) struct Draft {
    place: Place,
    name: OsString,
    directory: Dir,
    finished: bool,
}

impl Place {
    /// The place of a path; with `replace`, also that of a directory with something in
    /// it.
    pub(super) fn find(path: &Path, replace: bool) -> Result<Self, UnpackError> {
        let wrong = |problem, replaceable| UnpackError::Target {
            path: path.to_owned(),
            problem,
            replaceable,
        };
        let failed = |source| UnpackError::Io {
            path: path.to_owned(),
            source,
        };
        let (parent, name) = parent_of(path)?;
        let replaces = match parent.symlink_metadata(&name) {
            Err(error) if error.kind() == ErrorKind::NotFound => false,
            Err(error) => return Err(failed(error)),
            Ok(found) if !found.is_dir() => {
                return Err(wrong("is there already, and is no directory", false));
            }
            Ok(_) => {
                let mut entries = parent.read_dir(&name).map_err(failed)?;
                let has_some = entries.next().is_some();
                if has_some && !replace {
                    return Err(wrong("is there already, and is not empty", true));
                }
                has_some
            }
        };
        if replaces && is_around_us(path).map_err(failed)? {
            return Err(wrong(
                "is the directory that this runs in, or above it, and is not replaced",
                false,
            ));
        }
        Ok(Self {
            path: path.to_owned(),
            name,
            parent,
            replaces,
        })
    }

    /// A new directory beside the place.
    pub(super) fn draft(self) -> Result<Draft, UnpackError> {
        let name = beside(&self.name, "new");
        let made = self
            .parent
            .create_dir(&name)
            .and_then(|()| self.parent.open_dir(&name));
        match made {
            Ok(directory) => Ok(Draft {
                name,
                directory,
                place: self,
                finished: false,
            }),
            Err(source) => Err(UnpackError::Io {
                path: self.path.with_file_name(name),
                source,
            }),
        }
    }
}

impl Draft {
    /// Where to write.
    pub(super) fn directory(&self) -> &Dir {
        &self.directory
    }

    /// Puts it in its place. What was there is back when that fails.
    pub(super) fn finish(mut self) -> Result<(), UnpackError> {
        let Place {
            path,
            parent,
            name,
            replaces,
        } = &self.place;
        let failed = |source| UnpackError::Io {
            path: path.clone(),
            source,
        };
        if !replaces {
            // An empty directory gives way, and one that was filled meanwhile does not.
            parent.rename(&self.name, parent, name).map_err(failed)?;
            self.finished = true;
            return Ok(());
        }
        let old = beside(name, "old");
        parent.rename(name, parent, &old).map_err(failed)?;
        if let Err(error) = parent.rename(&self.name, parent, name) {
            parent.rename(&old, parent, name).map_err(failed)?;
            return Err(failed(error));
        }
        let removed = parent
            .remove_dir_all(&old)
            .map_err(|source| UnpackError::Io {
                path: path.with_file_name(&old),
                source,
            });
        self.finished = true;
        removed
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        if !self.finished {
            // The error that matters is the one that led here.
            let _ = self.place.parent.remove_dir_all(&self.name);
        }
    }
}

/// The directory that a path lies in, and its name there.
pub(super) fn parent_of(path: &Path) -> Result<(Dir, OsString), UnpackError> {
    let wrong = |problem| UnpackError::Target {
        path: path.to_owned(),
        problem,
        replaceable: false,
    };
    let Some(name) = path.file_name() else {
        return Err(wrong("has no name of its own: name a new directory"));
    };
    let above = match path.parent() {
        Some(above) if above != Path::new("") => above,
        _ => Path::new("."),
    };
    match Dir::open_ambient_dir(above, ambient_authority()) {
        Ok(parent) => Ok((parent, name.to_owned())),
        Err(error) if error.kind() == ErrorKind::NotFound => {
            Err(wrong("is to be in a directory that does not exist"))
        }
        Err(source) => Err(UnpackError::Io {
            path: path.to_owned(),
            source,
        }),
    }
}

/// A name that is nobody's, beside another: `.app.1234-5f5e100.new`.
pub(super) fn beside(name: &OsStr, end: &str) -> OsString {
    let nanoseconds = SystemTime::now()
        .duration_since(SystemTime::UNIX_EPOCH)
        .map_or(0, |since| since.as_nanos());
    let mut made = OsString::from(".");
    made.push(name);
    made.push(format!(".{}-{nanoseconds:x}.{end}", std::process::id()));
    made
}

/// Whether a directory is the working one, or above it.
fn is_around_us(path: &Path) -> io::Result<bool> {
    let here = std::env::current_dir()?.canonicalize()?;
    Ok(here.starts_with(path.canonicalize()?))
}
