//! A package of WIT, from its files as the host lends them.
//!
//! The layout is that of every tool: `*.wit` in one directory, and the packages that it
//! uses below `deps`, each a directory, a file of WIT or one of WebAssembly.

use wharf_app::files::{Kind, Tree as _};
use wharf_app::path::AppPath;
use wharf_interfaces::{Dependency, Package, Source, package};

use crate::bindings::{DescriptorType, Error, File};
use crate::directory::Directory;
use crate::failure;

/// Where the packages are that a package uses.
const DEPENDENCIES: &str = "deps";

/// How many files are read, and how many bytes they may have together. All are held in
/// memory.
const MOST_FILES: usize = 10_000;
const MOST_BYTES: usize = 16 * 1024 * 1024;

/// Reads the package in a directory, or that of a single file. `name` is what it has.
pub(crate) async fn read(sources: File, name: String) -> Result<Package, Error> {
    let stat = sources.stat().await;
    let stat = stat.map_err(|code| failure::unreadable(&name, &code))?;
    let mut room = Room::default();
    let (sources, dependencies) = match stat.type_ {
        DescriptorType::Directory => {
            let directory = Directory::of(sources);
            let found = read_sources(&directory, &AppPath::root(), &mut room).await?;
            let dependencies = read_dependencies(&directory, &mut room).await?;
            (found, dependencies)
        }
        _ => {
            let bytes = room.read(&sources, &name).await?;
            let text = text(bytes, &name)?;
            (
                vec![Source {
                    path: name.clone(),
                    text,
                }],
                Vec::new(),
            )
        }
    };
    if sources.is_empty() {
        return Err(failure::file(name, "has no file `*.wit`"));
    }
    package(sources, dependencies).map_err(failure::input)
}

/// What was read so far.
#[derive(Default)]
struct Room {
    files: usize,
    bytes: usize,
}

impl Room {
    /// All of a file.
    async fn read(&mut self, file: &File, path: &str) -> Result<Vec<u8>, Error> {
        let left = MOST_BYTES - self.bytes;
        let bytes = Directory::prefix(file, path, left + 1).await?;
        self.files += 1;
        if bytes.len() > left || self.files > MOST_FILES {
            return Err(failure::input(format!(
                "the package has more than {MOST_FILES} files, or more than {MOST_BYTES} bytes in \
                 them, and that is more than is read"
            )));
        }
        self.bytes += bytes.len();
        Ok(bytes)
    }
}

/// The files of WIT in a directory, and not below it.
async fn read_sources(
    directory: &Directory,
    path: &AppPath,
    room: &mut Room,
) -> Result<Vec<Source>, Error> {
    let mut sources = Vec::new();
    for name in names(directory, path).await? {
        let path = path.child(&name);
        if has_end(&name, "wit") && directory.look(&path).await? != Some(Kind::Directory) {
            sources.push(read_source(directory, &path, room).await?);
        }
    }
    Ok(sources)
}

async fn read_source(
    directory: &Directory,
    path: &AppPath,
    room: &mut Room,
) -> Result<Source, Error> {
    let file = directory.open(path).await?;
    let path = path.to_string();
    let text = text(room.read(&file, &path).await?, &path)?;
    Ok(Source { path, text })
}

async fn read_dependencies(
    directory: &Directory,
    room: &mut Room,
) -> Result<Vec<Dependency>, Error> {
    let path = AppPath::root().child(DEPENDENCIES);
    if directory.look(&path).await?.is_none() {
        return Ok(Vec::new());
    }
    let mut dependencies = Vec::new();
    for name in names(directory, &path).await? {
        let path = path.child(&name);
        if directory.look(&path).await? == Some(Kind::Directory) {
            let sources = read_sources(directory, &path, room).await?;
            // A directory for something else, with nothing of WIT in it.
            if !sources.is_empty() {
                dependencies.push(Dependency::Sources(sources));
            }
        } else if has_end(&name, "wit") {
            let source = read_source(directory, &path, room).await?;
            dependencies.push(Dependency::Sources(vec![source]));
        } else if has_end(&name, "wasm") {
            let file = directory.open(&path).await?;
            let path = path.to_string();
            dependencies.push(Dependency::Encoded {
                wasm: room.read(&file, &path).await?,
                path,
            });
        }
    }
    Ok(dependencies)
}

/// The names in a directory, in an order of their own.
async fn names(directory: &Directory, path: &AppPath) -> Result<Vec<String>, Error> {
    let entries = directory.list(path).await?;
    let mut names: Vec<_> = entries.into_iter().map(|entry| entry.name).collect();
    names.sort_unstable();
    Ok(names)
}

fn has_end(name: &str, end: &str) -> bool {
    matches!(name.rsplit_once('.'), Some((_, found)) if found == end)
}

fn text(bytes: Vec<u8>, path: &str) -> Result<String, Error> {
    String::from_utf8(bytes).map_err(|_| failure::file(path, "is not UTF-8, and has to be WIT"))
}
