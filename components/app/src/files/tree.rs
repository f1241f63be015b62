//! The tree of files in which those of a component are found.

use crate::path::AppPath;

/// The application's directory, as far as it can be looked at.
#[expect(
    async_fn_in_trait,
    reason = "looked at by one task, which needs no `Send`"
)]
pub trait Tree {
    /// Why it can't be looked at.
    type Error;

    /// What is at a path, where links lead to something; none when nothing is
    /// there. Never [`Kind::Link`].
    async fn look(&self, path: &AppPath) -> Result<Option<Kind>, Self::Error>;

    /// What a directory has, in any order.
    async fn list(&self, directory: &AppPath) -> Result<Vec<Entry>, Self::Error>;

    /// Whether two paths lead to the same directory.
    async fn is_same(&self, one: &AppPath, other: &AppPath) -> Result<bool, Self::Error>;
}

/// What is at a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A file.
    File,
    /// A directory.
    Directory,
    /// A symbolic link, to whatever.
    Link,
    /// Something outside of the application's directory, by way of a link.
    Outside,
    /// Something that has no content to publish, in words: "a named pipe".
    Special(&'static str),
}

/// One entry of a directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Its name in the directory.
    pub name: String,
    /// What it is.
    pub kind: Kind,
}
