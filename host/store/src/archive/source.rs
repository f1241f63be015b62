//! A layout to be read: where its files are, and nothing else of the file system.
//!
//! A tar file is never unpacked. Its headers are read once, to know where in it each
//! file begins; content is then read from there.

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::os::unix::fs::FileExt as _;
use std::path::Path;
use std::sync::Arc;

use cap_std::ambient_authority;
use cap_std::fs::Dir;
use tar::EntryType;

use super::ArchiveError;
use crate::folder::{Folder, Found};

/// How many files a tar file may have.
const MOST_FILES: usize = 100_000;

/// How many bytes of headers a tar file may have: more than that many files need. It
/// bounds what the names in it can take of the memory.
const MOST_HEADER_BYTES: u64 = 64 * 1024 * 1024;

/// The longest name that a file of a layout may have, in bytes.
const MOST_NAME_BYTES: usize = 4096;

/// The files of a layout.
pub(super) enum Source {
    Folder(Folder),
    Tar {
        file: Arc<File>,
        /// Where each file begins, and how many bytes it has.
        files: HashMap<String, (u64, u64)>,
    },
}

/// One file of a layout, open for reading.
pub(super) struct Part {
    file: Arc<File>,
    offset: u64,
    /// In bytes.
    pub(super) size: u64,
}

impl Source {
    pub(super) fn open(path: &Path) -> Result<Self, ArchiveError> {
        let metadata = path.metadata().map_err(ArchiveError::io("opening", path))?;
        if metadata.is_dir() {
            let dir = Dir::open_ambient_dir(path, ambient_authority())
                .map_err(ArchiveError::io("opening", path))?;
            return Ok(Self::Folder(Folder::new(dir, path)));
        }
        if !metadata.is_file() {
            return Err(ArchiveError::Place {
                path: path.to_owned(),
                why: "is neither a directory nor a tar file",
            });
        }
        let file = File::open(path).map_err(ArchiveError::io("opening", path))?;
        let files = files_of(&file, metadata.len(), path)?;
        Ok(Self::Tar {
            file: Arc::new(file),
            files,
        })
    }

    /// A file by its name in the layout; none when it is not there. What is there and
    /// is no regular file is refused.
    pub(super) fn part(&self, name: &str) -> Result<Option<Part>, ArchiveError> {
        match self {
            Self::Tar { file, files } => Ok(files.get(name).map(|(offset, size)| Part {
                file: Arc::clone(file),
                offset: *offset,
                size: *size,
            })),
            Self::Folder(root) => part_of(root, name)
                .map_err(ArchiveError::io("reading", root.path_of(name)))?
                .ok_or_else(|| ArchiveError::refused(name, "is not a regular file"))
                .map(|found| {
                    found.map(|(file, size)| Part {
                        file: Arc::new(file),
                        offset: 0,
                        size,
                    })
                }),
        }
    }
}

impl Part {
    /// Reads from `position` on; 0 at the end.
    pub(super) fn read_at(&self, buffer: &mut [u8], position: u64) -> io::Result<usize> {
        let left = usize::try_from(self.size.saturating_sub(position)).unwrap_or(usize::MAX);
        let most = left.min(buffer.len());
        let buffer = buffer.get_mut(..most).unwrap_or_default();
        loop {
            match self.file.read_at(buffer, self.offset + position) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                other => return other,
            }
        }
    }

    /// All of it, which has been found to be small.
    pub(super) fn bytes(&self) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        let mut buffer = vec![0; 64 * 1024];
        loop {
            match self.read_at(&mut buffer, bytes.len() as u64)? {
                0 => return Ok(bytes),
                read => bytes.extend_from_slice(buffer.get(..read).unwrap_or_default()),
            }
        }
    }
}

/// A file below a folder, through no link. `None` within says that it is not there,
/// `None` around it that it is no file.
#[expect(clippy::option_option, reason = "the two are different answers")]
fn part_of(root: &Folder, name: &str) -> io::Result<Option<Option<(File, u64)>>> {
    let mut folder = root.clone();
    let mut parts = name.split('/').peekable();
    while let Some(part) = parts.next() {
        if parts.peek().is_some() {
            match folder.existing(part) {
                Ok(next) => folder = next,
                Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Some(None)),
                Err(error) => match folder.look(part) {
                    Ok(Found::Other | Found::File(..)) => return Ok(None),
                    _ => return Err(error),
                },
            }
        } else {
            return Ok(match folder.look(part)? {
                Found::File(file, metadata) => Some(Some((file, metadata.len()))),
                Found::Nothing => Some(None),
                Found::Other => None,
            });
        }
    }
    Ok(Some(None))
}

/// Where the files of a tar file are. Anything in it that is no plain file below its
/// root makes the whole of it suspect.
fn files_of(
    file: &File,
    length: u64,
    path: &Path,
) -> Result<HashMap<String, (u64, u64)>, ArchiveError> {
    let failed = |source: io::Error| match source.kind() {
        io::ErrorKind::Other | io::ErrorKind::InvalidData | io::ErrorKind::UnexpectedEof => {
            ArchiveError::refused(
                path.display().to_string(),
                format!("can't be read: {source}"),
            )
        }
        _ => ArchiveError::io("reading", path)(source),
    };
    let bounded = Bounded {
        file,
        left: MOST_HEADER_BYTES,
    };
    let mut archive = tar::Archive::new(bounded);
    let mut files = HashMap::new();
    let mut count = 0;
    for entry in archive.entries_with_seek().map_err(failed)? {
        let entry = entry.map_err(failed)?;
        let path = entry.path_bytes();
        let name = String::from_utf8_lossy(&path);
        count += 1;
        if count > MOST_FILES {
            return Err(ArchiveError::refused(
                name,
                format!("is one too many: a layout has at most {MOST_FILES} files"),
            ));
        }
        match entry.header().entry_type() {
            EntryType::Regular | EntryType::Directory => {}
            EntryType::XGlobalHeader => continue,
            EntryType::Link | EntryType::Symlink => {
                return Err(ArchiveError::refused(
                    name,
                    "is a link, which no layout needs",
                ));
            }
            _ => return Err(ArchiveError::refused(name, "is not a regular file")),
        }
        let plain = plain_name(&name).ok_or_else(|| {
            ArchiveError::refused(name.clone(), "is not a plain path below the layout")
        })?;
        if entry.header().entry_type() == EntryType::Directory {
            continue;
        }
        let (offset, size) = (entry.raw_file_position(), entry.size());
        if offset.checked_add(size).is_none_or(|end| end > length) {
            return Err(ArchiveError::refused(
                name,
                format!("claims {size} bytes, and the file ends before that"),
            ));
        }
        if files.insert(plain, (offset, size)).is_some() {
            return Err(ArchiveError::refused(name, "is there twice"));
        }
    }
    Ok(files)
}

/// The name of a file as a path from the root of the layout, if it is one: without
/// the `./` that some tools begin with, and without anything that leads elsewhere.
fn plain_name(name: &str) -> Option<String> {
    let name = name.strip_prefix("./").unwrap_or(name);
    let name = name.strip_suffix('/').unwrap_or(name);
    if name.is_empty() || name == "." {
        return Some(String::new());
    }
    let plain = |part: &str| !matches!(part, "" | "." | "..");
    let printable = |c: char| !c.is_control() && c != '\\' && c != char::REPLACEMENT_CHARACTER;
    (name.len() <= MOST_NAME_BYTES && name.split('/').all(plain) && name.chars().all(printable))
        .then(|| name.to_owned())
}

/// A file of which only so much may be read, wherever in it.
struct Bounded<'a> {
    file: &'a File,
    left: u64,
}

impl Read for Bounded<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.file.read(buffer)?;
        self.left = self.left.checked_sub(read as u64).ok_or_else(|| {
            io::Error::new(io::ErrorKind::InvalidData, "its headers are too long")
        })?;
        Ok(read)
    }
}

impl Seek for Bounded<'_> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.file.seek(to)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::io::Write as _;

    #[test]
    fn a_name_stays_below_the_layout() {
        for (name, plain) in [
            ("index.json", "index.json"),
            ("./index.json", "index.json"),
            ("blobs/sha256/", "blobs/sha256"),
            ("./", ""),
            (".", ""),
        ] {
            assert_eq!(plain_name(name).as_deref(), Some(plain), "{name}");
        }
        for name in [
            "/index.json",
            "../index.json",
            "blobs/../../x",
            "blobs//x",
            "./../x",
            "a/./b",
            "a\\b",
            "a\nb",
        ] {
            assert_eq!(plain_name(name), None, "{name}");
        }
    }

    proptest! {
        #[test]
        fn whatever_a_tar_file_has_in_it_is_no_panic(
            start in proptest::collection::vec(any::<u8>(), 0..600),
            kind in any::<u8>(),
            size in any::<u64>(),
        ) {
            let mut header = tar::Header::new_ustar();
            header.set_path("blobs/x").unwrap();
            header.set_size(size);
            header.set_entry_type(EntryType::new(kind));
            header.set_cksum();
            for head in [&start[..], header.as_bytes()] {
                let mut file = tempfile::NamedTempFile::new().unwrap();
                file.write_all(head).unwrap();
                file.write_all(&start).unwrap();
                let _ = Source::open(file.path());
            }
        }
    }
}
