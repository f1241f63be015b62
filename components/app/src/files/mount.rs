//! The entries of `files` in a manifest.

use super::{Glob, GlobError};
use crate::path::{AppPath, GuestPath, PathError};

/// One entry of `files`.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Mount {
    /// A text: a file, a directory or a pattern. The component sees what it means
    /// under the paths that it has in the application's directory.
    Pattern(Pattern),
    /// `{ source, destination }`: a file, or all that a directory has, under
    /// another path.
    Placement {
        /// The file or directory.
        source: AppPath,
        /// Where the component sees it.
        destination: Destination,
    },
}

/// A path or a pattern: what exists under exactly this name is meant, and only
/// where nothing does is it a pattern.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pattern {
    text: String,
    path: AppPath,
    glob: Option<Glob>,
}

/// Where a component sees a file or directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Destination {
    path: Option<GuestPath>,
    directory: bool,
}

/// Why a text can't be an entry of `files`. To be read after the text.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum MountError {
    /// It is not a path.
    #[error(transparent)]
    Path(#[from] PathError),
    /// It is not a pattern.
    #[error(transparent)]
    Glob(#[from] GlobError),
    /// It is the application's directory itself.
    #[error("is the application's directory as a whole: write `./**/*` if that is meant")]
    Whole,
}

impl Mount {
    /// An entry that is a text.
    pub fn pattern(text: &str) -> Result<Self, MountError> {
        let glob = if Glob::is_pattern(text) {
            Some(text.parse()?)
        } else {
            None
        };
        let path: AppPath = text.parse()?;
        if text.split('/').any(|name| name == "..") {
            return Err(GlobError::Outside.into());
        }
        if path.is_root() {
            return Err(MountError::Whole);
        }
        Ok(Self::Pattern(Pattern {
            text: text.to_owned(),
            path,
            glob,
        }))
    }

    /// An entry that names a destination, `/` being the component's root.
    pub fn placement(source: AppPath, destination: &str) -> Result<Self, PathError> {
        let path = destination.trim_matches('/');
        let destination = Destination {
            path: match path {
                "" => None,
                path => Some(path.parse()?),
            },
            directory: path.is_empty() || destination.ends_with('/'),
        };
        Ok(Self::Placement {
            source,
            destination,
        })
    }
}

impl Pattern {
    /// The entry as its author wrote it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The path that it is, where something exists there.
    #[must_use]
    pub fn path(&self) -> &AppPath {
        &self.path
    }

    /// The pattern that it is otherwise; none when it has nothing of one.
    #[must_use]
    pub fn glob(&self) -> Option<&Glob> {
        self.glob.as_ref()
    }
}

impl Destination {
    /// Where a file is seen that is the source itself; none when the destination
    /// can only be a directory.
    #[must_use]
    pub fn of_file(&self) -> Option<GuestPath> {
        self.path.clone().filter(|_| !self.directory)
    }

    /// Where a file is seen that lies at `path` below the source.
    pub fn of_file_below(&self, path: &str) -> Result<GuestPath, PathError> {
        match &self.path {
            None => path.parse(),
            Some(directory) => format!("{directory}/{path}").parse(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts() {
        let Mount::Pattern(pattern) = Mount::pattern("./a//*.png").unwrap() else {
            panic!("a text is a pattern");
        };
        assert_eq!(pattern.as_str(), "./a//*.png");
        assert_eq!(pattern.path().as_str(), "a/*.png");
        assert_eq!(pattern.glob().unwrap().as_str(), "a/*.png");
        for (text, message) in [
            ("", "is empty"),
            (
                ".",
                "is the application's directory as a whole: write `./**/*` if that is meant",
            ),
            (
                "a/../b",
                "has `..` in it, and only files in the application's directory are published",
            ),
            (
                "../*",
                "has `..` in it, and only files in the application's directory are published",
            ),
            (
                "/etc",
                "is absolute: paths are relative to the directory of the application",
            ),
        ] {
            assert_eq!(Mount::pattern(text).unwrap_err().to_string(), message);
        }
    }

    #[test]
    fn destinations() {
        let to = |text: &str| match Mount::placement(AppPath::root(), text) {
            Ok(Mount::Placement { destination, .. }) => destination,
            other => panic!("{other:?}"),
        };
        let below = |text: &str| String::from(to(text).of_file_below("x/y").unwrap());
        let file = |text: &str| to(text).of_file().map(String::from);
        assert_eq!(below("/"), "x/y");
        assert_eq!(below(""), "x/y");
        assert_eq!(below("/static/"), "static/x/y");
        assert_eq!(file("/a/b.txt"), Some("a/b.txt".into()));
        assert_eq!(file("b.txt"), Some("b.txt".into()));
        assert_eq!(file("/a/"), None);
        assert_eq!(file("/"), None);
        assert!(Mount::placement(AppPath::root(), "/a/../b").is_err());
    }
}
