//! What was last fetched, in a folder of the user's.
//!
//! ```text
//!   source.json           whose files count
//!   https%3A%2F%2F…/      named after the address of a mirror
//!     trusted_root.json
//!     signing_config.json   where the mirror has one
//!     root.json             the root of its repository, for the next time
//!     metadata/             what else was seen of it, so that it can't go back
//! ```
//!
//! Each file is whole at any time, and `source.json` is written last.

use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use tempfile::NamedTempFile;
use wharf_oci::percent;

use super::Mirror;

const SOURCE: &str = "source.json";
const TRUSTED_ROOT: &str = "trusted_root.json";
const SIGNING_CONFIG: &str = "signing_config.json";
const ROOT: &str = "root.json";

/// A folder with what was last fetched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    folder: PathBuf,
}

/// What counts of it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Current {
    /// Where it is from.
    pub mirror: Mirror,
    /// The file of the trusted root.
    pub trusted_root: PathBuf,
    /// The file that names the services to sign with, if there is one.
    pub signing_config: Option<PathBuf>,
}

/// A file that can't be read or written, or says what it can't.
#[derive(Debug, thiserror::Error)]
#[error("`{}` {problem}", .path.display())]
pub struct KeptError {
    /// The file.
    pub path: PathBuf,
    problem: String,
}

/// What a mirror had, verified.
pub(super) struct Found {
    pub(super) root: Vec<u8>,
    pub(super) trusted_root: Vec<u8>,
    pub(super) signing_config: Option<Vec<u8>>,
}

/// The content of `source.json`.
#[derive(Serialize, Deserialize)]
struct Source {
    mirror: String,
}

impl Kept {
    /// What is kept in a folder, which need not be there.
    pub fn at(folder: impl Into<PathBuf>) -> Self {
        Self {
            folder: folder.into(),
        }
    }

    /// The folder.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// What counts; none where nothing was ever fetched.
    pub fn current(&self) -> Result<Option<Current>, KeptError> {
        let path = self.folder.join(SOURCE);
        let Some(text) = read(&path)? else {
            return Ok(None);
        };
        let wrong = |why: String| KeptError {
            path: path.clone(),
            problem: format!("can't be read: {why}"),
        };
        let source: Source =
            serde_json::from_slice(&text).map_err(|error| wrong(error.to_string()))?;
        let mirror: Mirror = source
            .mirror
            .parse()
            .map_err(|error: super::MirrorError| wrong(error.to_string()))?;
        Ok(Some(self.of(mirror)))
    }

    /// The root of a mirror's repository, where it was asked before.
    pub fn root_of(&self, mirror: &Mirror) -> Result<Option<Vec<u8>>, KeptError> {
        read(&self.place(mirror).join(ROOT))
    }

    /// Where the files of a mirror are.
    pub(super) fn place(&self, mirror: &Mirror) -> PathBuf {
        self.folder.join(percent::encode(mirror.as_str()))
    }

    /// Has what a mirror had count from now on. Tells whether it did not before.
    pub(super) fn adopt(
        &self,
        mirror: &Mirror,
        found: &Found,
    ) -> Result<(Current, bool), KeptError> {
        let place = self.place(mirror);
        let was_current = matches!(self.current(), Ok(Some(current)) if current.mirror == *mirror);
        let mut is_new = !was_current;
        let config = place.join(SIGNING_CONFIG);
        match &found.signing_config {
            Some(content) => is_new |= changed(&config, content)?,
            None => is_new |= removed(&config)?,
        }
        let _ = changed(&place.join(ROOT), &found.root)?;
        is_new |= changed(&place.join(TRUSTED_ROOT), &found.trusted_root)?;
        let source = Source {
            mirror: mirror.to_string(),
        };
        let path = self.folder.join(SOURCE);
        let source = serde_json::to_vec(&source).map_err(|error| failed(&path, &error.into()))?;
        let _ = changed(&path, &source)?;
        Ok((self.of(mirror.clone()), is_new))
    }

    fn of(&self, mirror: Mirror) -> Current {
        let place = self.place(&mirror);
        let config = place.join(SIGNING_CONFIG);
        Current {
            mirror,
            trusted_root: place.join(TRUSTED_ROOT),
            signing_config: config.exists().then_some(config),
        }
    }
}

fn read(path: &Path) -> Result<Option<Vec<u8>>, KeptError> {
    match fs::read(path) {
        Ok(content) => Ok(Some(content)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(KeptError {
            path: path.to_owned(),
            problem: format!("can't be read: {error}"),
        }),
    }
}

/// Has a file say this. Tells whether it did not before.
fn changed(path: &Path, content: &[u8]) -> Result<bool, KeptError> {
    if matches!(read(path), Ok(Some(known)) if known == content) {
        return Ok(false);
    }
    write(path, content).map_err(|error| failed(path, &error))?;
    Ok(true)
}

fn removed(path: &Path) -> Result<bool, KeptError> {
    match fs::remove_file(path) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(failed(path, &error)),
    }
}

fn write(path: &Path, content: &[u8]) -> io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(folder)?;
    let mut file = NamedTempFile::new_in(folder)?;
    file.write_all(content)?;
    file.persist(path).map_err(|error| error.error)?;
    Ok(())
}

fn failed(path: &Path, error: &io::Error) -> KeptError {
    KeptError {
        path: path.to_owned(),
        problem: format!("can't be written: {error}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(trusted_root: &str, signing_config: Option<&str>) -> Found {
        Found {
            root: b"root".to_vec(),
            trusted_root: trusted_root.into(),
            signing_config: signing_config.map(Into::into),
        }
    }

    #[test]
    fn what_was_last_adopted_counts() {
        let folder = tempfile::tempdir().unwrap();
        let kept = Kept::at(folder.path().join("trust"));
        let one: Mirror = "https://one.example".parse().unwrap();
        let two: Mirror = "https://two.example/a".parse().unwrap();
        assert_eq!(kept.current().unwrap(), None);
        assert_eq!(kept.root_of(&one).unwrap(), None);
        let adopt = |mirror: &Mirror, trusted_root, config, expected| {
            let (current, is_new) = kept.adopt(mirror, &found(trusted_root, config)).unwrap();
            assert_eq!(is_new, expected, "{mirror} {trusted_root}");
            assert_eq!(kept.current().unwrap(), Some(current.clone()));
            assert_eq!(current.mirror, *mirror);
            assert_eq!(
                fs::read_to_string(&current.trusted_root).unwrap(),
                trusted_root
            );
            let kept_config = current
                .signing_config
                .map(|it| fs::read_to_string(it).unwrap());
            assert_eq!(kept_config.as_deref(), config);
        };
        adopt(&one, "a", None, true);
        adopt(&one, "a", None, false);
        adopt(&one, "a", Some("c"), true);
        adopt(&two, "b", Some("c"), true);
        adopt(&one, "a", Some("c"), true);
        adopt(&one, "d", Some("c"), true);
        adopt(&one, "d", None, true);
        assert_eq!(kept.root_of(&one).unwrap().as_deref(), Some(&b"root"[..]));
    }

    #[test]
    fn a_source_that_says_nothing_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        let kept = Kept::at(folder.path());
        for text in ["", "{}", r#"{"mirror":"x"}"#] {
            fs::write(folder.path().join(SOURCE), text).unwrap();
            let error = kept.current().unwrap_err();
            assert_eq!(error.path, folder.path().join(SOURCE), "{text}");
        }
    }
}
