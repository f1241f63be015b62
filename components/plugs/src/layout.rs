//! The store's directory: what is where. The same OCI image layout as `host/store` has.

use std::fs::{self, File};
use std::io::{self, ErrorKind, Read as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use sha2::{Digest as _, Sha256};
use wharf_oci::Digest;

use crate::draft::Draft;
use crate::names;

/// The largest content that is handled as one list, in bytes.
pub(crate) const SMALL_BYTES: u64 = 4 * 1024 * 1024;

/// How many bytes are handled at a time.
pub(crate) const PIECE_BYTES: usize = 64 * 1024;

/// The only version of the layout that there is (image-spec v1.1.1, "image-layout.md").
const LAYOUT: &str = r#"{"imageLayoutVersion":"1.0.0"}"#;

/// What names of unfinished content begin with. The native store, which may have the same
/// directory, leaves them alone.
const DRAFT: &str = "plug-";

/// How long unfinished content is left alone: whoever writes it may still be at it.
const ABANDONED: Duration = Duration::from_hours(24);

/// The directory of a store.
#[derive(Debug, Clone)]
pub(crate) struct Layout {
    root: PathBuf,
}

/// What content under a digest turned out to be.
pub(crate) enum Found {
    /// It is what its digest says.
    Whole(Vec<u8>),
    /// It is not here, or was not what it should be and was set aside.
    Nothing,
    /// It has more bytes than are handled as one list.
    TooLarge(u64),
}

impl Layout {
    /// Opens the store in a directory that exists, and makes what is missing.
    ///
    /// An error is to be read after "the content store".
    pub(crate) fn open(root: &Path) -> Result<Self, String> {
        let layout = Self {
            root: root.to_owned(),
        };
        let file = root.join("oci-layout");
        match fs::read_to_string(&file) {
            Ok(text) => is_ours(&text)?,
            Err(error) if error.kind() == ErrorKind::NotFound => {
                let is_empty = fs::read_dir(root)
                    .map(|mut entries| entries.next().is_none())
                    .map_err(|error| format!("can't be read: {error}"))?;
                if !is_empty && !root.join("blobs").is_dir() {
                    return Err(
                        "is to be in a directory that has other things in it: give it a new one"
                            .to_owned(),
                    );
                }
            }
            Err(error) => return Err(format!("can't be read: {error}")),
        }
        let unmade = |error: io::Error| format!("could not be made: {error}");
        for part in ["blobs/sha256", "ingest", "damaged"] {
            fs::create_dir_all(root.join(part)).map_err(unmade)?;
        }
        if !file.exists() {
            layout
                .replace("oci-layout", LAYOUT.as_bytes())
                .map_err(unmade)?;
        }
        if !root.join(names::FILE).exists() {
            let empty = names::Table::empty().to_text();
            layout.replace(names::FILE, &empty).map_err(unmade)?;
        }
        layout.tidy();
        Ok(layout)
    }

    /// The size of whole content, or none when it is not here.
    pub(crate) fn stat(&self, digest: &Digest) -> io::Result<Option<u64>> {
        match fs::symlink_metadata(self.blob(digest)) {
            Ok(found) if found.is_file() => Ok(Some(found.len())),
            Ok(_) => Ok(None),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Opens content for reading, or none when it is not here.
    pub(crate) fn open_blob(&self, digest: &Digest) -> io::Result<Option<(File, u64)>> {
        match self.stat(digest)? {
            Some(size) => Ok(Some((File::open(self.blob(digest))?, size))),
            None => Ok(None),
        }
    }

    /// Small content, verified. What is not what it should be is set aside.
    pub(crate) fn get(&self, digest: &Digest) -> io::Result<Found> {
        let Some((file, size)) = self.open_blob(digest)? else {
            return Ok(Found::Nothing);
        };
        if size > SMALL_BYTES {
            return Ok(Found::TooLarge(size));
        }
        let mut content = Vec::new();
        file.take(SMALL_BYTES).read_to_end(&mut content)?;
        if hash(&content) == *digest {
            return Ok(Found::Whole(content));
        }
        self.set_aside(digest)?;
        Ok(Found::Nothing)
    }

    /// Whether content that is here is what its digest says.
    pub(crate) fn is_sound(&self, digest: &Digest) -> io::Result<bool> {
        let Some((mut file, _)) = self.open_blob(digest)? else {
            return Ok(false);
        };
        let mut hash = Sha256::new();
        let mut piece = vec![0; PIECE_BYTES];
        loop {
            match file.read(&mut piece)? {
                0 => return Ok(Digest::from_sha256(&hash.finalize().into()) == *digest),
                read => hash.update(piece.get(..read).unwrap_or_default()),
            }
        }
    }

    /// Stores small content, unless it is here.
    pub(crate) fn put(&self, content: &[u8]) -> io::Result<Digest> {
        let digest = hash(content);
        if self.stat(&digest)? != Some(content.len() as u64) {
            let mut draft = self.draft()?;
            draft.write(content)?;
            draft.publish(&self.blob(&digest))?;
        }
        Ok(digest)
    }

    /// Where content is written until it is whole.
    pub(crate) fn draft(&self) -> io::Result<Draft> {
        Draft::begin(&self.root.join("ingest"), DRAFT)
    }

    /// Where whole content is.
    pub(crate) fn blob(&self, digest: &Digest) -> PathBuf {
        self.root.join("blobs/sha256").join(digest.hex())
    }

    /// Moves away what is not what its digest says.
    pub(crate) fn set_aside(&self, digest: &Digest) -> io::Result<()> {
        let aside = self.root.join("damaged").join(digest.hex());
        match fs::rename(self.blob(digest), aside) {
            Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }

    /// A file of the root, or none when there is none.
    pub(crate) fn file(&self, name: &str, most: u64) -> io::Result<Option<Vec<u8>>> {
        let path = self.root.join(name);
        match fs::symlink_metadata(&path) {
            Ok(found) if found.is_file() => {
                let mut content = Vec::new();
                File::open(path)?.take(most).read_to_end(&mut content)?;
                Ok(Some(content))
            }
            Ok(_) => Ok(Some(Vec::new())),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Writes a file of the root whole or not at all.
    pub(crate) fn replace(&self, name: &str, content: &[u8]) -> io::Result<()> {
        let mut draft = self.draft()?;
        draft.write(content)?;
        draft.publish(&self.root.join(name))
    }

    /// Moves a file of the root away, under a name of its own.
    pub(crate) fn set_file_aside(&self, name: &str) -> io::Result<()> {
        let now = SystemTime::now()
            .duration_since(SystemTime::UNIX_EPOCH)
            .map_or(0, |since| since.as_nanos());
        let aside = self.root.join("damaged").join(format!("{name}.{now:x}"));
        fs::rename(self.root.join(name), aside)
    }

    /// Removes what those left behind who were killed. Not being able to is no reason not
    /// to use the store.
    fn tidy(&self) {
        let Ok(entries) = fs::read_dir(self.root.join("ingest")) else {
            return;
        };
        for entry in entries.flatten() {
            let is_draft = entry.file_name().to_string_lossy().starts_with(DRAFT);
            let changed = entry.metadata().and_then(|found| found.modified());
            let age = changed.ok().and_then(|then| then.elapsed().ok());
            if is_draft && age.is_some_and(|age| age > ABANDONED) {
                let _ = fs::remove_file(entry.path());
            }
        }
    }
}

fn is_ours(text: &str) -> Result<(), String> {
    let version = serde_json::from_str::<serde_json::Value>(text)
        .ok()
        .and_then(|layout| Some(layout.get("imageLayoutVersion")?.as_str()?.to_owned()));
    match version.as_deref() {
        Some("1.0.0") => Ok(()),
        _ => Err(
            "has an `oci-layout` that is not of version 1.0.0: give it a new directory".to_owned(),
        ),
    }
}

/// The digest of some bytes.
pub(crate) fn hash(content: &[u8]) -> Digest {
    Digest::from_sha256(&Sha256::digest(content).into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn layout() -> (tempfile::TempDir, Layout) {
        let temporary = tempfile::tempdir().unwrap();
        let layout = Layout::open(temporary.path()).unwrap();
        (temporary, layout)
    }

    #[test]
    fn a_new_store_is_an_oci_layout() {
        let (temporary, _) = layout();
        let read = |name: &str| fs::read_to_string(temporary.path().join(name)).unwrap();
        assert_eq!(read("oci-layout"), LAYOUT);
        assert!(read("index.json").contains("\"schemaVersion\": 2"));
        assert_eq!(
            fs::read_dir(temporary.path().join("ingest"))
                .unwrap()
                .count(),
            0
        );
        Layout::open(temporary.path()).unwrap();
    }

    #[test]
    fn a_foreign_directory_is_left_alone() {
        let temporary = tempfile::tempdir().unwrap();
        fs::write(temporary.path().join("thesis.tex"), "").unwrap();
        let error = Layout::open(temporary.path()).unwrap_err();
        assert!(error.contains("other things"), "{error}");
        assert_eq!(fs::read_dir(temporary.path()).unwrap().count(), 1);
        let temporary = tempfile::tempdir().unwrap();
        let newer = r#"{"imageLayoutVersion":"2.0.0"}"#;
        fs::write(temporary.path().join("oci-layout"), newer).unwrap();
        let error = Layout::open(temporary.path()).unwrap_err();
        assert!(error.contains("version 1.0.0"), "{error}");
    }

    #[test]
    fn content_is_found_by_its_digest_alone() {
        let (_temporary, layout) = layout();
        let digest = layout.put(b"content").unwrap();
        assert_eq!(digest, hash(b"content"));
        assert_eq!(layout.put(b"content").unwrap(), digest);
        assert_eq!(layout.stat(&digest).unwrap(), Some(7));
        assert!(matches!(layout.get(&digest).unwrap(), Found::Whole(it) if it == b"content"));
        assert_eq!(layout.stat(&hash(b"other")).unwrap(), None);
        assert!(matches!(
            layout.get(&hash(b"other")).unwrap(),
            Found::Nothing
        ));
    }

    #[test]
    fn what_is_damaged_is_set_aside() {
        let (temporary, layout) = layout();
        let digest = layout.put(b"content").unwrap();
        assert!(layout.is_sound(&digest).unwrap());
        fs::write(layout.blob(&digest), "contenT").unwrap();
        assert!(!layout.is_sound(&digest).unwrap());
        assert!(matches!(layout.get(&digest).unwrap(), Found::Nothing));
        assert_eq!(layout.stat(&digest).unwrap(), None);
        let aside = temporary.path().join("damaged").join(digest.hex());
        assert_eq!(fs::read(aside).unwrap(), b"contenT");
    }

    #[test]
    fn a_link_is_no_content() {
        let (temporary, layout) = layout();
        let outside = temporary.path().join("outside");
        fs::write(&outside, "content").unwrap();
        let digest = hash(b"content");
        std::os::unix::fs::symlink(&outside, layout.blob(&digest)).unwrap();
        assert_eq!(layout.stat(&digest).unwrap(), None);
        assert!(matches!(layout.get(&digest).unwrap(), Found::Nothing));
    }

    #[test]
    fn what_was_abandoned_is_removed_and_what_is_young_is_not() {
        let (temporary, _) = layout();
        let ingest = temporary.path().join("ingest");
        for (name, age) in [("plug-old", 25), ("plug-young", 1), ("other", 25)] {
            let file = File::create(ingest.join(name)).unwrap();
            let then = SystemTime::now() - Duration::from_hours(age);
            file.set_modified(then).unwrap();
        }
        Layout::open(temporary.path()).unwrap();
        let is_there = |name: &str| ingest.join(name).exists();
        assert!(!is_there("plug-old") && is_there("plug-young") && is_there("other"));
    }
}
