//! The application's directory, as the host lends it.

use std::fmt;

use wharf_app::files::{Entry, Kind, Tree};
use wharf_app::path::AppPath;
use wharf_oci::problem::clean;
use wit_bindgen::rt::async_support::StreamResult;

use crate::bindings::{
    DescriptorFlags, DescriptorStat, DescriptorType, Error, ErrorCode, File, OpenFlags, PathFlags,
    preopens,
};
use crate::failure;

/// A directory. Nothing above it can be reached, through links neither.
pub(crate) struct Directory(File);

impl Directory {
    /// A directory that was lent open.
    pub(crate) fn of(directory: File) -> Self {
        Self(directory)
    }

    /// The directory of the file at `path`, a path of the preopened directories,
    /// and the file's name in it.
    pub(crate) async fn of_file(path: &str) -> Result<(Self, String), Error> {
        let (above, name) = match path.rsplit_once('/') {
            Some(("", name)) => ("/", name),
            Some((above, name)) => (above, name),
            None => (".", path),
        };
        if matches!(name, "" | "." | "..") {
            return Err(failure::file(path, "does not name a file"));
        }
        // The nearest one, where one is preopened within another.
        let nearest = preopens::get_directories()
            .into_iter()
            .filter_map(|(directory, root)| {
                let rest = below(above, &root)?.to_owned();
                Some((directory, rest))
            })
            .min_by_key(|(_, rest)| rest.len());
        let Some((directory, rest)) = nearest else {
            return Err(failure::file(
                path,
                "lies in no directory that the packager may read",
            ));
        };
        let directory = match rest.as_str() {
            "" => Self(directory),
            rest => {
                let opened = directory.open_at(
                    PathFlags::SYMLINK_FOLLOW,
                    rest.to_owned(),
                    OpenFlags::DIRECTORY,
                    DescriptorFlags::READ,
                );
                let opened = opened.await;
                Self(opened.map_err(|code| failure::unreadable(above, &code))?)
            }
        };
        Ok((directory, name.to_owned()))
    }

    /// Opens a file for reading. What is no file is never opened: opening can
    /// wait for ever, or do something.
    pub(crate) async fn open(&self, path: &AppPath) -> Result<File, Error> {
        match self.look(path).await? {
            Some(Kind::File) => {}
            None | Some(Kind::Link) => {
                return Err(failure::unreadable(path, &ErrorCode::NoEntry));
            }
            Some(Kind::Outside) => {
                return Err(failure::unreadable(path, &ErrorCode::NotPermitted));
            }
            Some(Kind::Directory) => {
                return Err(failure::unreadable(path, &ErrorCode::IsDirectory));
            }
            Some(Kind::Special(kind)) => {
                let problem = format!("is {kind}, and has to be a file");
                return Err(failure::file(path, problem));
            }
        }
        let opened = self.0.open_at(
            PathFlags::SYMLINK_FOLLOW,
            place(path),
            OpenFlags::empty(),
            DescriptorFlags::READ,
        );
        opened
            .await
            .map_err(|code| failure::unreadable(path, &code))
    }

    /// The first `most` bytes of a file, or all when it has fewer.
    pub(crate) async fn prefix(
        file: &File,
        path: impl fmt::Display,
        most: usize,
    ) -> Result<Vec<u8>, Error> {
        let (mut stream, end) = file.read_via_stream(0);
        let mut bytes = Vec::new();
        while bytes.len() < most {
            let room = Vec::with_capacity(most - bytes.len());
            let (result, chunk) = stream.read(room).await;
            bytes.extend(chunk);
            if !matches!(result, StreamResult::Complete(_)) {
                // Only now the host says whether that was all.
                let ended = end.await;
                return match ended {
                    Ok(()) => Ok(bytes),
                    Err(code) => Err(failure::unreadable(path, &code)),
                };
            }
        }
        Ok(bytes)
    }

    async fn directory(&self, path: &AppPath) -> Result<File, Error> {
        let opened = self.0.open_at(
            PathFlags::SYMLINK_FOLLOW,
            place(path),
            OpenFlags::DIRECTORY,
            DescriptorFlags::READ,
        );
        opened
            .await
            .map_err(|code| failure::unreadable(path, &code))
    }
}

impl Tree for Directory {
    type Error = Error;

    async fn look(&self, path: &AppPath) -> Result<Option<Kind>, Error> {
        let stat = self.0.stat_at(PathFlags::SYMLINK_FOLLOW, place(path)).await;
        match stat {
            Ok(DescriptorStat { type_, .. }) => Ok(Some(kind(&type_))),
            Err(ErrorCode::NoEntry | ErrorCode::NotDirectory) => Ok(None),
            Err(code) if failure::is_outside(&code) => Ok(Some(Kind::Outside)),
            Err(code) => Err(failure::unreadable(path, &code)),
        }
    }

    async fn list(&self, directory: &AppPath) -> Result<Vec<Entry>, Error> {
        let opened = self.directory(directory).await?;
        let (mut stream, end) = opened.read_directory();
        let mut entries = Vec::new();
        while let Some(entry) = stream.next().await {
            entries.push(Entry {
                kind: kind(&entry.type_),
                name: entry.name,
            });
        }
        end.await
            .map_err(|code| failure::unreadable(directory, &code))?;
        // A host may list these two.
        entries.retain(|entry| !matches!(entry.name.as_str(), "." | ".."));
        if let Some(entry) = entries.iter().find(|entry| entry.name.contains('/')) {
            let name = clean(&entry.name, 100);
            return Err(failure::file(directory, format!("has an entry `{name}`")));
        }
        Ok(entries)
    }

    async fn is_same(&self, one: &AppPath, other: &AppPath) -> Result<bool, Error> {
        let (one, other) = (self.directory(one).await?, self.directory(other).await?);
        Ok(one.is_same_object(&other).await)
    }
}

/// The rest of a path below a preopened directory, both as their host has them.
fn below<'a>(path: &'a str, directory: &str) -> Option<&'a str> {
    let directory = match directory {
        "/" => "",
        "" | "." if !path.starts_with('/') => return Some(if path == "." { "" } else { path }),
        directory => directory.trim_end_matches('/'),
    };
    let rest = path.strip_prefix(directory)?;
    match rest.strip_prefix('/') {
        Some(rest) => Some(rest),
        None => rest.is_empty().then_some(rest),
    }
}

/// A path as the host takes it, which knows no empty ones.
fn place(path: &AppPath) -> String {
    path.to_string()
}

fn kind(kind: &DescriptorType) -> Kind {
    match kind {
        DescriptorType::RegularFile => Kind::File,
        DescriptorType::Directory => Kind::Directory,
        DescriptorType::SymbolicLink => Kind::Link,
        DescriptorType::BlockDevice | DescriptorType::CharacterDevice => Kind::Special("a device"),
        DescriptorType::Fifo => Kind::Special("a named pipe"),
        DescriptorType::Socket => Kind::Special("a socket"),
        DescriptorType::Other(_) => {
            Kind::Special("neither a file nor a directory, but a pipe or the like")
        }
    }
}
