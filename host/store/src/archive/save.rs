//! Writing a layout: the same content gives the same bytes.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io::{self, BufWriter, Read, Write as _};
use std::path::{Path, PathBuf};

use serde_json::{Map, Value, json};
use tar::{EntryType, Header};
use wharf_oci::{Digest, Reference, media_type};

use super::{ArchiveError, IMAGE_NAME, INDEX_FILE, LAYOUT_FILE, Member, REF_NAME, blob_name};
use crate::layout::LAYOUT;
use crate::scratch::unique;
use crate::survey::Count;
use crate::{Reader, Store, StoreError};

/// How much is gathered before it is written, in bytes.
const BUFFER_BYTES: usize = 256 * 1024;

/// A manifest to be saved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    /// The name that it is to have; none to be known by its digest alone.
    pub name: Option<Reference>,
    /// Its digest.
    pub digest: Digest,
}

/// What was saved.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Saved {
    /// The manifests, those that were wanted first, then what refers to them.
    pub manifests: Vec<Member>,
    /// All content, each piece once.
    pub content: Count,
}

impl Store {
    /// Writes manifests and all that belongs to them as an OCI image layout: a tar
    /// file where the name ends with `.tar`, else a new directory. With `referrers`,
    /// also what refers to them in the store, and to that, and so on.
    ///
    /// A tar file that is there is replaced; a directory must be empty. What is
    /// written appears whole or not at all. Everything is verified on the way.
    ///
    /// Each manifest has its tag as its name within the layout, or its whole name
    /// where two have the same tag.
    pub fn save(
        &self,
        wanted: &[Wanted],
        referrers: bool,
        to: &Path,
    ) -> Result<Saved, ArchiveError> {
        let _work = self.work()?;
        let mut content = BTreeMap::new();
        let mut members = Vec::new();
        for one in wanted {
            let name = one.name.as_ref();
            members.push((name, self.member(&one.digest, &mut content)?));
        }
        if referrers {
            self.add_referrers(&mut members, &mut content)?;
        }
        let index = index(&members);
        let mut target = Target::create(to)?;
        // In the order of their names, as the layout is a function of its content.
        let mut count = Count::default();
        for digest in content.keys() {
            let reader = self.read(digest, None)?;
            count.add(reader.length());
            target.add(&blob_name(digest), reader.length(), Blob::new(reader))?;
        }
        for (name, text) in [
            (INDEX_FILE, index.as_slice()),
            (LAYOUT_FILE, LAYOUT.as_bytes()),
        ] {
            target.add(name, text.len() as u64, text)?;
        }
        target.finish()?;
        Ok(Saved {
            manifests: members
                .into_iter()
                .map(|(name, member)| Member {
                    name: name.map(ToString::to_string),
                    ..member
                })
                .collect(),
            content: count,
        })
    }

    /// A manifest that is whole, all of whose content is added.
    fn member(
        &self,
        digest: &Digest,
        content: &mut BTreeMap<Digest, u64>,
    ) -> Result<Member, ArchiveError> {
        let whole = self.closure(digest)?.whole()?;
        let target = whole
            .first()
            .cloned()
            .ok_or_else(|| StoreError::Missing(digest.clone()))?;
        content.extend(whole.into_iter().map(|one| (one.digest, one.size)));
        Ok(Member {
            name: None,
            subject: self.subject_of(&target)?,
            target,
        })
    }

    fn add_referrers(
        &self,
        members: &mut Vec<(Option<&Reference>, Member)>,
        content: &mut BTreeMap<Digest, u64>,
    ) -> Result<(), ArchiveError> {
        let digests = members
            .iter()
            .map(|(_, member)| member.target.digest.clone());
        let mut known: BTreeSet<Digest> = digests.collect();
        // What refers to a manifest within an index belongs to it as well.
        let mut subjects: Vec<Digest> = content.keys().cloned().collect();
        let table = self.names()?;
        let referred: BTreeSet<&Digest> = table
            .iter()
            .filter_map(|name| name.subject.as_ref())
            .collect();
        while let Some(subject) = subjects.pop() {
            if !referred.contains(&subject) {
                continue;
            }
            for referrer in self.referrers(&subject)? {
                if known.insert(referrer.digest.clone()) {
                    let member = self.member(&referrer.digest, content)?;
                    members.push((None, member));
                    subjects.push(referrer.digest);
                }
            }
        }
        Ok(())
    }
}

/// The layout's index.
fn index(members: &[(Option<&Reference>, Member)]) -> Vec<u8> {
    let mut tags: BTreeMap<&str, BTreeSet<&Digest>> = BTreeMap::new();
    for (name, member) in members {
        if let Some(tag) = name.and_then(|name| name.tag.as_ref()) {
            let digests = tags.entry(tag.as_str()).or_default();
            digests.insert(&member.target.digest);
        }
    }
    let entries = members.iter().map(|(name, member)| {
        let mut entry = json!(member.target);
        let mut annotations = Map::new();
        if let Some(name) = name {
            annotations.insert(IMAGE_NAME.to_owned(), json!(name.to_string()));
            if let Some(tag) = &name.tag {
                let alone = tags
                    .get(tag.as_str())
                    .is_none_or(|digests| digests.len() == 1);
                let within = if alone {
                    tag.to_string()
                } else {
                    name.to_string()
                };
                annotations.insert(REF_NAME.to_owned(), json!(within));
            }
        }
        if let (Value::Object(entry), false) = (&mut entry, annotations.is_empty()) {
            entry.insert("annotations".to_owned(), Value::Object(annotations));
        }
        entry
    });
    let index = json!({
        "schemaVersion": 2,
        "mediaType": media_type::IMAGE_INDEX,
        "manifests": entries.collect::<Vec<_>>(),
    });
    index.to_string().into_bytes()
}

/// A layout that is being written, under another name until it is whole.
struct Target {
    path: PathBuf,
    part: Unfinished,
    kind: Kind,
}

enum Kind {
    Tar(tar::Builder<BufWriter<File>>),
    Directory,
}

/// Removed on drop, whatever of it is there.
struct Unfinished(PathBuf);

impl Target {
    fn create(path: &Path) -> Result<Self, ArchiveError> {
        let place = |why| ArchiveError::Place {
            path: path.to_owned(),
            why,
        };
        let absolute = std::path::absolute(path).map_err(ArchiveError::io("writing", path))?;
        let name = absolute
            .file_name()
            .ok_or_else(|| place("is no name for a file; name a file or a directory"))?;
        let mut part = std::ffi::OsString::from(".");
        part.push(name);
        part.push(format!(".{}.part", unique()));
        let part = absolute.with_file_name(part);
        let tar = path.extension().is_some_and(|end| end == "tar");
        let there = absolute.symlink_metadata().ok();
        let kind = match there {
            Some(there) if tar && !there.is_file() => {
                return Err(place("is there and is not a file; choose another name"));
            }
            Some(there) if !tar && !there.is_dir() => {
                return Err(place(
                    "is there and is not a directory; choose another name, or one that ends with \
                     `.tar` for a file",
                ));
            }
            Some(_) if !tar && !is_empty(&absolute)? => {
                return Err(place("is not empty; choose another directory"));
            }
            _ if tar => {
                let file = File::create_new(&part).map_err(ArchiveError::io("creating", &part))?;
                let buffered = BufWriter::with_capacity(BUFFER_BYTES, file);
                Kind::Tar(tar::Builder::new(buffered))
            }
            _ => {
                let blobs = part.join("blobs/sha256");
                fs::create_dir_all(&blobs).map_err(ArchiveError::io("creating", &blobs))?;
                Kind::Directory
            }
        };
        Ok(Self {
            path: absolute,
            part: Unfinished(part),
            kind,
        })
    }

    /// Adds a file of so many bytes.
    fn add(&mut self, name: &str, size: u64, content: impl Read) -> Result<(), ArchiveError> {
        let path = &self.part.0;
        let written = match &mut self.kind {
            Kind::Tar(tar) => {
                let mut header = Header::new_ustar();
                header.set_entry_type(EntryType::Regular);
                header.set_size(size);
                header.set_mode(0o644);
                header.set_mtime(0);
                header.set_uid(0);
                header.set_gid(0);
                tar.append_data(&mut header, name, content)
            }
            Kind::Directory => write_file(&path.join(name), content),
        };
        // An error of the store in the reader stays what it is.
        written.map_err(|error| match error.downcast::<StoreError>() {
            Ok(error) => ArchiveError::Store(error),
            Err(error) => ArchiveError::io("writing", path)(error),
        })
    }

    /// Gives it its name.
    fn finish(self) -> Result<(), ArchiveError> {
        if let Kind::Tar(tar) = self.kind {
            tar.into_inner()
                .and_then(|buffered| buffered.into_inner().map_err(io::Error::from))
                .and_then(|file| file.sync_all())
                .map_err(ArchiveError::io("writing", &self.path))?;
        }
        fs::rename(&self.part.0, &self.path).map_err(ArchiveError::io("writing", &self.path))
    }
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        // Gone when it was given its name.
        let _ = match self.0.symlink_metadata() {
            Ok(there) if there.is_dir() => fs::remove_dir_all(&self.0),
            Ok(_) => fs::remove_file(&self.0),
            Err(_) => Ok(()),
        };
    }
}

fn is_empty(directory: &Path) -> Result<bool, ArchiveError> {
    let mut entries = fs::read_dir(directory).map_err(ArchiveError::io("reading", directory))?;
    Ok(entries.next().is_none())
}

fn write_file(path: &Path, mut content: impl Read) -> io::Result<()> {
    let mut file = BufWriter::with_capacity(BUFFER_BYTES, File::create_new(path)?);
    io::copy(&mut content, &mut file)?;
    file.flush()
}

/// Content of the store as a file is read, verified at its end.
struct Blob(Reader);

impl Blob {
    fn new(reader: Reader) -> Self {
        Self(reader)
    }
}

impl Read for Blob {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.read(buffer).map_err(io::Error::other)
    }
}
