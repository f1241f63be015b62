//! Finding the files that a component sees, in a tree of files that somebody else
//! can read.

use std::collections::BTreeMap;
use std::fmt::Display;

use super::{Destination, Glob, Ignore, Kind, Mount, Pattern, Tree};
use crate::path::{AppPath, GuestPath, PathError};

/// The files that were found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Selection {
    /// The files by where the component sees them, in that order.
    pub files: Vec<SelectedFile>,
    /// Things that the author should know, one sentence each.
    pub warnings: Vec<String>,
}

/// A file that a component sees.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SelectedFile {
    /// Where it is.
    pub source: AppPath,
    /// Where the component sees it.
    pub path: GuestPath,
}

/// Why the files of a component can't be published. To be read after its name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SelectError<E: Display> {
    /// The tree can't be looked at.
    #[error("{0}")]
    Tree(E),
    /// Nothing is there, and the entry is not a pattern.
    #[error("`{0}` in `files` does not exist, and it is not a pattern either: {remedy}", remedy = remedy(.0))]
    NotThere(String),
    /// Nothing is where something is to be taken from.
    #[error("`{0}`, a `source` in `files`, does not exist: {remedy}", remedy = remedy(.0))]
    NoSource(String),
    /// A pattern, where something is to be taken from.
    #[error(
        "`{0}`, a `source` in `files`, is a pattern, and has to be one file or one directory: name \
         the directory, and leave files of it out with `exclude_files`"
    )]
    PatternPlaced(String),
    /// The path is that of something without content.
    #[error(
        "`{path}` is {kind}, which can't be published: exclude it with `exclude_files`, or \
         remove it"
    )]
    Special {
        /// Where it is.
        path: AppPath,
        /// What it is.
        kind: &'static str,
    },
    /// A link leads out of the application's directory.
    #[error(
        "`{0}` leads out of the application's directory through a symbolic link, and only files \
         in it are published: put a copy in its place, or exclude it with `exclude_files`"
    )]
    Outside(AppPath),
    /// A link leads to a directory that it lies in.
    #[error(
        "`{0}` is a symbolic link to a directory that it lies in, so that there is no end: \
         exclude it with `exclude_files`"
    )]
    Endless(AppPath),
    /// The name of a file is one that components can't have everywhere.
    #[error("the path `{path}` {problem}")]
    Path {
        /// The path.
        path: String,
        /// What is wrong with it.
        problem: PathError,
    },
    /// A file is to be placed where only a directory can be.
    #[error(
        "the file `{0}` has a `destination` that is a directory: end it with the name that the \
         file shall have"
    )]
    DestinationDirectory(AppPath),
    /// Two files would be seen at the same path.
    #[error("both `{one}` and `{other}` would be at `{path}`: leave one of them out")]
    Conflict {
        /// Where the component would see both.
        path: GuestPath,
        /// The one.
        one: AppPath,
        /// The other.
        other: AppPath,
    },
    /// A file would be seen where another needs a directory.
    #[error("`{file}` would be a file, and `{below}` needs it to be a directory")]
    FileAndDirectory {
        /// The path of the file.
        file: GuestPath,
        /// The path of the file below.
        below: GuestPath,
    },
    /// More files than an artifact can have.
    #[error("it has more than {MOST_FILES} files: leave some out with `exclude_files`")]
    TooMany,
}

/// How many files are collected for a component. The locked app has to name each,
/// and would be too large with more.
const MOST_FILES: usize = 50_000;

/// Finds the files that `mounts` mean, but for those that `exclude` excludes and those
/// that `ignore` ignores. Files that are named as such are never excluded, and are left
/// out with a warning when they are ignored.
pub async fn select<T: Tree>(
    tree: &T,
    mounts: &[Mount],
    exclude: &[Glob],
    ignore: &Ignore,
) -> Result<Selection, SelectError<T::Error>>
where
    T::Error: Display,
{
    let mut search = Search {
        tree,
        exclude,
        ignore,
        found: BTreeMap::new(),
        warnings: Vec::new(),
    };
    for mount in mounts {
        match mount {
            Mount::Pattern(pattern) => search.pattern(pattern).await?,
            Mount::Placement {
                source,
                destination,
            } => search.placement(source, destination).await?,
        }
    }
    search.finish()
}

struct Search<'a, T> {
    tree: &'a T,
    exclude: &'a [Glob],
    ignore: &'a Ignore,
    found: BTreeMap<GuestPath, AppPath>,
    warnings: Vec<String>,
}

impl<T: Tree> Search<'_, T>
where
    T::Error: Display,
{
    async fn pattern(&mut self, pattern: &Pattern) -> Result<(), SelectError<T::Error>> {
        let same = |file: &AppPath| guest(file.as_str());
        let found = self.look(pattern.path()).await?;
        let (start, start_kind) = match (found, pattern.glob()) {
            (None, Some(glob)) => (glob.base(), Some(Kind::Directory)),
            (kind, _) => (pattern.path(), kind),
        };
        if self.leaves_out(pattern.as_str(), start, start_kind) {
            return Ok(());
        }
        match (found, pattern.glob()) {
            (Some(Kind::File), _) => self.add(pattern.path(), same(pattern.path())?),
            (Some(Kind::Directory), _) => self.below(pattern.path(), None, same).await.map(|_| ()),
            (_, Some(glob)) => {
                let base = self.look(glob.base()).await?;
                let count = match base {
                    Some(Kind::Directory) => self.below(glob.base(), Some(glob), same).await?,
                    _ => 0,
                };
                if count == 0 {
                    let text = pattern.as_str();
                    self.warnings
                        .push(format!("`{text}` in `files` matches no file"));
                }
                Ok(())
            }
            _ => Err(SelectError::NotThere(pattern.as_str().to_owned())),
        }
    }

    async fn placement(
        &mut self,
        source: &AppPath,
        destination: &Destination,
    ) -> Result<(), SelectError<T::Error>> {
        let found = self.look(source).await?;
        if self.leaves_out(source.as_str(), source, found) {
            return Ok(());
        }
        match found {
            Some(Kind::File) => {
                let path = destination.of_file();
                let path = path.ok_or_else(|| SelectError::DestinationDirectory(source.clone()))?;
                self.add(source, path)
            }
            Some(Kind::Directory) => {
                let placed = |file: &AppPath| {
                    let below = file.below(source).unwrap_or(file.as_str());
                    let path = destination.of_file_below(below);
                    path.map_err(|problem| SelectError::Path {
                        path: shown(file.as_str()),
                        problem,
                    })
                };
                self.below(source, None, placed).await.map(|_| ())
            }
            _ if Glob::is_pattern(source.as_str()) => {
                Err(SelectError::PatternPlaced(source.to_string()))
            }
            _ => Err(SelectError::NoSource(source.to_string())),
        }
    }

    /// Adds the files below a directory that a pattern chooses, or all of them, and
    /// counts those that it chose, excluded ones too.
    async fn below(
        &mut self,
        directory: &AppPath,
        glob: Option<&Glob>,
        place: impl Fn(&AppPath) -> Result<GuestPath, SelectError<T::Error>>,
    ) -> Result<usize, SelectError<T::Error>> {
        let tree = self.tree;
        let mut count = 0;
        let mut open = vec![directory.clone()];
        while let Some(directory) = open.pop() {
            let entries = tree.list(&directory).await.map_err(SelectError::Tree)?;
            for entry in entries {
                let path = directory.child(&entry.name);
                let chosen = glob.is_none_or(|glob| glob.chooses(&path));
                let enter = glob.is_none_or(|glob| glob.chooses_below(&path));
                count += usize::from(chosen && entry.kind != Kind::Directory);
                let chosen = chosen && !self.excludes(&path);
                let enter = enter && !self.excludes_below(&path);
                let is_directory = entry.kind == Kind::Directory;
                if !chosen && !enter || self.ignore.ignores_entry(&path, is_directory).is_some() {
                    continue;
                }
                let kind = match entry.kind {
                    Kind::Link => tree.look(&path).await.map_err(SelectError::Tree)?,
                    kind => Some(kind),
                };
                match kind {
                    Some(Kind::Directory) if enter => {
                        if entry.kind == Kind::Link {
                            if self.ignore.ignores_entry(&path, true).is_some() {
                                continue;
                            }
                            self.refuse_endless(&path).await?;
                        }
                        open.push(path);
                    }
                    Some(Kind::File) if chosen => self.add(&path, place(&path)?)?,
                    Some(Kind::Special(kind)) if chosen => {
                        return Err(SelectError::Special { path, kind });
                    }
                    Some(Kind::Outside) if !self.excludes(&path) => {
                        return Err(SelectError::Outside(path));
                    }
                    None | Some(Kind::Link) if chosen => {
                        let path = shown(path.as_str());
                        self.warnings
                            .push(format!("`{path}` leads to nothing and is left out"));
                    }
                    _ => {}
                }
            }
        }
        Ok(count)
    }

    /// Whether what is at a path that the author named is ignored, which is told.
    fn leaves_out(&mut self, text: &str, path: &AppPath, kind: Option<Kind>) -> bool {
        let Some(kind) = kind else {
            return false;
        };
        let origin = self.ignore.ignores(path, kind == Kind::Directory);
        if let Some(origin) = origin {
            self.warnings.push(format!(
                "`{}` in `files` is left out: {origin} ignores it",
                shown(text)
            ));
        }
        origin.is_some()
    }

    /// What is at a path that the author named.
    async fn look(&self, path: &AppPath) -> Result<Option<Kind>, SelectError<T::Error>> {
        match self.tree.look(path).await.map_err(SelectError::Tree)? {
            Some(Kind::Special(kind)) => Err(SelectError::Special {
                path: path.clone(),
                kind,
            }),
            Some(Kind::Outside) => Err(SelectError::Outside(path.clone())),
            kind => Ok(kind),
        }
    }

    /// Every way without an end goes through a link to where it has been.
    async fn refuse_endless(&self, link: &AppPath) -> Result<(), SelectError<T::Error>> {
        let ends = link.as_str().rmatch_indices('/');
        let above = ends.filter_map(|(end, _)| link.as_str().get(..end)?.parse().ok());
        for directory in above.chain([AppPath::root()]) {
            let same = self.tree.is_same(link, &directory).await;
            if same.map_err(SelectError::Tree)? {
                return Err(SelectError::Endless(link.clone()));
            }
        }
        Ok(())
    }

    fn add(&mut self, source: &AppPath, path: GuestPath) -> Result<(), SelectError<T::Error>> {
        if self.found.len() == MOST_FILES {
            return Err(SelectError::TooMany);
        }
        match self.found.insert(path.clone(), source.clone()) {
            Some(other) if other != *source => {
                // The same two in the same order, however they were come upon.
                let (one, other) = if other < *source {
                    (other, source.clone())
                } else {
                    (source.clone(), other)
                };
                Err(SelectError::Conflict { path, one, other })
            }
            _ => Ok(()),
        }
    }

    fn excludes(&self, path: &AppPath) -> bool {
        self.exclude.iter().any(|glob| glob.excludes(path))
    }

    fn excludes_below(&self, path: &AppPath) -> bool {
        self.exclude.iter().any(|glob| glob.excludes_below(path))
    }

    fn finish(mut self) -> Result<Selection, SelectError<T::Error>> {
        for path in self.found.keys() {
            if let Some(file) = path
                .ancestors()
                .find(|above| self.found.contains_key(above))
            {
                return Err(SelectError::FileAndDirectory {
                    file,
                    below: path.clone(),
                });
            }
        }
        // Who writes `exclude_files = ["secrets"]` may well mean all that is in it.
        for glob in self.exclude {
            let directory = glob.as_str();
            let published = |file: &AppPath| {
                let below = directory.parse().ok().and_then(|d| file.below(&d));
                below.is_some_and(|rest| !rest.is_empty())
            };
            if !Glob::is_pattern(directory) && self.found.values().any(published) {
                self.warnings.push(format!(
                    "`{directory}` in `exclude_files` excludes no file in that directory: \
                     `{directory}/**` does"
                ));
            }
        }
        // Directories are listed in any order.
        self.warnings.sort();
        self.warnings.dedup();
        let files = self.found.into_iter();
        Ok(Selection {
            files: files
                .map(|(path, source)| SelectedFile { source, path })
                .collect(),
            warnings: self.warnings,
        })
    }
}

fn guest<E: Display>(path: &str) -> Result<GuestPath, SelectError<E>> {
    path.parse().map_err(|problem| SelectError::Path {
        path: shown(path),
        problem,
    })
}

/// What to do about a path where nothing is.
fn remedy(path: &str) -> &'static str {
    if path.contains('\\') {
        "names are separated by `/`, on Windows too"
    } else {
        "correct it, or leave it out"
    }
}

fn shown(path: &str) -> String {
    wharf_oci::problem::clean(path, 200)
}

#[cfg(test)]
mod tests;
