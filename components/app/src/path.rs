//! The kinds of path in an application: where a file is for its author, in the
//! application's directory or anywhere, and where a component sees it.

use std::fmt;
use std::str::FromStr;

/// The longest path, in bytes, and the longest name in one: the usual bounds of
/// operating systems.
const PATH_BYTES: usize = 4_096;
const NAME_BYTES: usize = 255;

/// A path within the application's directory: relative to it, with `/`, and
/// without `.` and `..`. It may still lead out through a symbolic link.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AppPath(String);

/// A path of a file, as its author wrote it: relative to the application's directory,
/// which it may lead out of, or absolute.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FilePath(String);

/// A path at which a component sees a file: relative to its root, with `/`, of
/// normal names alone, and safe to create on any system.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct GuestPath(String);

/// Why a text is not such a path. To be read after the path.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PathError {
    /// There is nothing in it.
    #[error("is empty")]
    Empty,
    /// It begins with a `/`, a `\` or a drive.
    #[error("is absolute: paths are relative to the directory of the application")]
    Absolute,
    /// It leads above where it begins.
    #[error("leads out of the application's directory, and only files in it are published")]
    Outside,
    /// It has a name that is `.`, `..`, empty or not the same on every system.
    #[error("has `{0}` in it, which is no name that files can have everywhere")]
    Name(String),
    /// It is longer than operating systems take.
    #[error("is too long: a path has at most {PATH_BYTES} bytes and a name {NAME_BYTES}")]
    Length,
}

impl AppPath {
    /// The path; empty for the application's directory itself.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether it is the application's directory itself.
    #[must_use]
    pub fn is_root(&self) -> bool {
        self.0.is_empty()
    }

    /// The application's directory itself.
    #[must_use]
    pub fn root() -> Self {
        Self(String::new())
    }

    /// An entry of this directory, by its name.
    #[must_use]
    pub fn child(&self, name: &str) -> Self {
        Self(joined(&self.0, name))
    }

    /// The rest of it below a directory; none when it is not below.
    #[must_use]
    pub fn below(&self, directory: &Self) -> Option<&str> {
        if directory.is_root() {
            return Some(&self.0);
        }
        let rest = self.0.strip_prefix(&directory.0)?;
        if rest.is_empty() {
            return Some(rest);
        }
        rest.strip_prefix('/')
    }
}

impl FromStr for AppPath {
    type Err = PathError;

    /// Takes a path as an author writes it: `.` and `..` are worked out, as if no
    /// link were on the way.
    fn from_str(text: &str) -> Result<Self, PathError> {
        if text.is_empty() {
            return Err(PathError::Empty);
        }
        if is_absolute(text) {
            return Err(PathError::Absolute);
        }
        let mut names: Vec<&str> = Vec::new();
        for name in text.split('/') {
            match name {
                "" | "." => {}
                ".." => {
                    names.pop().ok_or(PathError::Outside)?;
                }
                name if name.contains('\0') => return Err(PathError::Name(shown(name))),
                name if name.len() > NAME_BYTES => return Err(PathError::Length),
                name => names.push(name),
            }
        }
        let path = names.join("/");
        if path.len() > PATH_BYTES {
            return Err(PathError::Length);
        }
        Ok(Self(path))
    }
}

impl FilePath {
    /// The path as it is written, never empty.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for FilePath {
    type Err = PathError;

    fn from_str(text: &str) -> Result<Self, PathError> {
        let too_long = |name: &str| name.len() > NAME_BYTES;
        if text.is_empty() {
            return Err(PathError::Empty);
        }
        if text.len() > PATH_BYTES || text.split('/').any(too_long) {
            return Err(PathError::Length);
        }
        if let Some(name) = text.split('/').find(|name| name.contains('\0')) {
            return Err(PathError::Name(shown(name)));
        }
        Ok(Self(text.to_owned()))
    }
}

impl fmt::Display for FilePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl GuestPath {
    /// The path, never empty.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The directories that it lies in, the nearest first, the root not.
    pub fn ancestors(&self) -> impl Iterator<Item = Self> {
        let ends = self.0.rmatch_indices('/');
        ends.filter_map(|(end, _)| self.0.get(..end))
            .map(|above| Self(above.to_owned()))
    }
}

impl FromStr for GuestPath {
    type Err = PathError;

    fn from_str(text: &str) -> Result<Self, PathError> {
        if text.is_empty() {
            return Err(PathError::Empty);
        }
        if is_absolute(text) {
            return Err(PathError::Absolute);
        }
        if text.len() > PATH_BYTES || text.split('/').any(|name| name.len() > NAME_BYTES) {
            return Err(PathError::Length);
        }
        match text.split('/').find(|name| !is_normal(name)) {
            Some(name) => Err(PathError::Name(shown(name))),
            None => Ok(Self(text.to_owned())),
        }
    }
}

impl From<GuestPath> for String {
    fn from(path: GuestPath) -> Self {
        path.0
    }
}

impl fmt::Display for AppPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_empty() { "." } else { &self.0 })
    }
}

impl fmt::Display for GuestPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Two relative paths in one; either may be empty.
pub(crate) fn joined(directory: &str, rest: &str) -> String {
    match (directory, rest) {
        ("", rest) => rest.to_owned(),
        (directory, "") => directory.to_owned(),
        (directory, rest) => format!("{directory}/{rest}"),
    }
}

fn is_absolute(text: &str) -> bool {
    let mut characters = text.chars();
    match (characters.next(), characters.next(), characters.next()) {
        (Some('/' | '\\'), ..) => true,
        (Some(drive), Some(':'), Some('/' | '\\')) => drive.is_ascii_alphabetic(),
        _ => false,
    }
}

/// A backslash separates names on some systems, and control characters are
/// forbidden on some and a nuisance on all.
fn is_normal(name: &str) -> bool {
    !matches!(name, "" | "." | "..") && !name.contains(|c: char| c == '\\' || c.is_control())
}

fn shown(name: &str) -> String {
    name.escape_default().take(100).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn an_authors_path_is_worked_out() {
        for (text, path) in [
            ("a.wasm", "a.wasm"),
            ("./target//a.wasm", "target/a.wasm"),
            ("a/../b/./c/", "b/c"),
            (".", ""),
            ("a/..", ""),
        ] {
            assert_eq!(text.parse::<AppPath>().unwrap().as_str(), path);
        }
        for (text, error) in [
            ("", PathError::Empty),
            ("..", PathError::Outside),
            ("a/../../b", PathError::Outside),
            ("/etc/passwd", PathError::Absolute),
            (r"C:\x", PathError::Absolute),
            (r"\\server\x", PathError::Absolute),
            ("a\0b", PathError::Name("a\\u{0}b".into())),
            (&"a/".repeat(5_000), PathError::Length),
        ] {
            assert_eq!(text.parse::<AppPath>(), Err(error), "{text:.20}");
        }
    }

    #[test]
    fn a_files_path_is_taken_as_it_is_written() {
        for text in ["a.wasm", "./a//b.wasm", "../target/a.wasm", "/opt/a.wasm"] {
            assert_eq!(text.parse::<FilePath>().unwrap().as_str(), text);
        }
        for (text, error) in [
            ("", PathError::Empty),
            ("../a\0b", PathError::Name("a\\u{0}b".into())),
            (&"a/".repeat(5_000), PathError::Length),
            (&"x".repeat(256), PathError::Length),
        ] {
            assert_eq!(text.parse::<FilePath>(), Err(error), "{text:.20}");
        }
    }

    #[test]
    fn a_guests_path_is_normal_already() {
        assert_eq!("a/b".parse::<GuestPath>().unwrap().as_str(), "a/b");
        for (text, error) in [
            ("", PathError::Empty),
            ("/a", PathError::Absolute),
            ("../a", PathError::Name("..".into())),
            ("a/./b", PathError::Name(".".into())),
            ("a//b", PathError::Name(String::new())),
            ("a/", PathError::Name(String::new())),
            (r"a\b", PathError::Name(r"a\\b".into())),
            ("a\nb", PathError::Name("a\\nb".into())),
            (&"x".repeat(256), PathError::Length),
        ] {
            assert_eq!(text.parse::<GuestPath>(), Err(error), "{text:.20}");
        }
    }

    #[test]
    fn families() {
        let path: GuestPath = "a/b/c".parse().unwrap();
        let above: Vec<_> = path.ancestors().map(String::from).collect();
        assert_eq!(above, ["a/b", "a"]);
        let path: AppPath = "a/b/c".parse().unwrap();
        let below = |directory: &str| path.below(&directory.parse().unwrap());
        assert_eq!(below("a"), Some("b/c"));
        assert_eq!(below("."), Some("a/b/c"));
        assert_eq!(below("a/b/c"), Some(""));
        assert_eq!(below("a/bb"), None);
        assert_eq!(below("a/b/cc"), None);
        assert_eq!(AppPath::root().child("x").child("y").as_str(), "x/y");
        assert_eq!(AppPath::root().to_string(), ".");
    }

    proptest! {
        #[test]
        fn an_app_path_never_leads_up(text in "[a./\\\\:C]{0,20}") {
            if let Ok(path) = text.parse::<AppPath>() {
                prop_assert!(!path.as_str().starts_with('/'));
                prop_assert!(path.as_str().split('/').all(|name| name != ".." && name != "."));
            }
        }

        #[test]
        fn a_guest_path_is_kept_or_refused(text in ".{0,40}") {
            if let Ok(path) = text.parse::<GuestPath>() {
                prop_assert_eq!(path.as_str(), &text);
                prop_assert!(text.split('/').all(|name| !matches!(name, "" | "." | "..")));
            }
        }
    }
}
