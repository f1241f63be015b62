//! Whole content under its digest.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt as _;

use wharf_oci::{Descriptor, Digest};

use crate::folder::{Folder, Found};
use crate::hash;
use crate::{Extent, Reader, Store, StoreError, scratch};

/// The largest content that is handed over as a whole, in bytes. Nothing that
/// has to be understood, as a manifest has to be, is larger
/// (distribution-spec v1.1.1, "Pushing Manifests").
pub const SMALL_BYTES: u64 = wharf_oci::limit::MANIFEST_BYTES;

/// How much room is made at once, in bytes, for a small file that grows while it is read.
const GROWTH_BYTES: usize = 64 * 1024;

impl Store {
    /// The size of whole content in bytes, or none when it is not here. Presence
    /// and size only: the content is not hashed.
    pub fn stat(&self, digest: &Digest) -> Result<Option<u64>, StoreError> {
        let blobs = &self.layout().blobs;
        blobs.size(digest.hex()).map_err(|error| {
            StoreError::io("looking for content at", blobs.path_of(digest.hex()), error)
        })
    }

    /// Begins to read whole content, or a part of it.
    ///
    /// What is read from first to last byte is hashed on the way, and the last
    /// bytes are handed over only when it matches. A part alone can't be.
    ///
    /// Fails with [`StoreError::Missing`] when the content is not here, and
    /// [`StoreError::Range`] when the part is not in it.
    pub fn read(&self, digest: &Digest, part: Option<Extent>) -> Result<Reader, StoreError> {
        let (file, size) = self
            .blob(digest)?
            .ok_or_else(|| StoreError::Missing(digest.clone()))?;
        Reader::new(self, digest, file, size, part)
    }

    /// Small content, at most [`SMALL_BYTES`], always verified; none when it is
    /// not here, or was damaged and so has been set aside.
    pub fn get(&self, digest: &Digest) -> Result<Option<Vec<u8>>, StoreError> {
        let Some((file, size)) = self.blob(digest)? else {
            return Ok(None);
        };
        // The size is of a file that is not trusted yet; but a file that is too large
        // was not damaged by growing, as a rule, and hashing it could take long.
        let bytes = self.read_small(digest, &file, size)?;
        if hash::digest(&bytes) == *digest {
            Ok(Some(bytes))
        } else {
            self.set_aside(digest, Some(&file))?;
            Ok(None)
        }
    }

    /// Hashes whole content and tells its size in bytes. Damaged content is set
    /// aside, with [`StoreError::Mismatch`].
    pub fn verify(&self, digest: &Digest) -> Result<u64, StoreError> {
        let mut reader = self.read(digest, None)?;
        reader.drain()?;
        Ok(reader.length())
    }

    /// Whether the described content is whole. A file of another size is hashed,
    /// to tell a descriptor that lies from content that was cut short.
    pub(crate) fn is_whole(&self, expected: &Descriptor) -> Result<bool, StoreError> {
        match self.stat(&expected.digest)? {
            None => return Ok(false),
            Some(size) if size == expected.size => return Ok(true),
            Some(_) => {}
        }
        match self.verify(&expected.digest) {
            Ok(size) if size == expected.size => Ok(true),
            Ok(size) => Err(StoreError::Mismatch {
                subject: format!("the size of {}", expected.digest),
                expected: format!("{} bytes", expected.size),
                found: format!("{size} bytes"),
            }),
            Err(StoreError::Missing(_) | StoreError::Mismatch { .. }) => Ok(false),
            Err(other) => Err(other),
        }
    }

    /// Whether exactly this content is whole; damaged content is set aside.
    pub(crate) fn is_here(&self, digest: &Digest, content: &[u8]) -> Result<bool, StoreError> {
        let Some((file, size)) = self.blob(digest)? else {
            return Ok(false);
        };
        if size == content.len() as u64 && self.read_small(digest, &file, size)? == content {
            return Ok(true);
        }
        self.set_aside(digest, Some(&file))?;
        Ok(false)
    }

    /// Makes a complete file that hashes to `digest` visible under it.
    pub(crate) fn publish(
        &self,
        file: &File,
        location: (&Folder, &str),
        digest: &Digest,
    ) -> Result<(), StoreError> {
        scratch::seal(file).map_err(|error| {
            StoreError::io("storing content as", self.blob_path(digest.hex()), error)
        })?;
        self.publish_sealed(location, digest)
    }

    /// Makes a complete and sealed file that hashes to `digest` visible under it.
    pub(crate) fn publish_sealed(
        &self,
        (folder, name): (&Folder, &str),
        digest: &Digest,
    ) -> Result<(), StoreError> {
        let blobs = &self.layout().blobs;
        let failed =
            |error| StoreError::io("storing content as", blobs.path_of(digest.hex()), error);
        match folder.rename(name, blobs, digest.hex()) {
            // A directory can't be replaced, anything else can.
            Err(_) if matches!(blobs.look(digest.hex()), Ok(Found::Other)) => {
                self.set_aside(digest, None)?;
                folder.rename(name, blobs, digest.hex()).map_err(failed)
            }
            other => other.map_err(failed),
        }
    }

    /// Moves what is under a digest, and is not its content, out of the way; kept
    /// for whoever looks into what happened. With `seen`, only while that is the
    /// file under the digest: another process may have replaced it by now.
    pub(crate) fn set_aside(&self, digest: &Digest, seen: Option<&File>) -> Result<(), StoreError> {
        let (blobs, damaged) = (&self.layout().blobs, &self.layout().damaged);
        let hex = digest.hex();
        let attempt = || -> io::Result<()> {
            if let Some(file) = seen
                && !blobs.holds(hex, file)?
            {
                return Ok(());
            }
            if let Err(error) = blobs.rename(hex, damaged, hex) {
                if error.kind() == io::ErrorKind::NotFound {
                    return Ok(());
                }
                // A directory and a file do not replace one another.
                damaged.remove_any(hex)?;
                blobs.rename(hex, damaged, hex)?;
            }
            if let Some(file) = seen
                && !damaged.holds(hex, file)?
            {
                // It was replaced between the look and the move.
                damaged.rename(hex, blobs, hex)?;
            }
            Ok(())
        };
        attempt().map_err(|error| {
            StoreError::io("setting aside damaged content", blobs.path_of(hex), error)
        })
    }

    /// The file under a digest and its size. What is not a file is set aside.
    pub(crate) fn blob(&self, digest: &Digest) -> Result<Option<(File, u64)>, StoreError> {
        let blobs = &self.layout().blobs;
        match blobs.look(digest.hex()) {
            Ok(Found::File(file, metadata)) => Ok(Some((file, metadata.len()))),
            Ok(Found::Nothing) => Ok(None),
            Ok(Found::Other) => {
                self.set_aside(digest, None)?;
                Ok(None)
            }
            Err(error) => Err(StoreError::io(
                "opening content at",
                blobs.path_of(digest.hex()),
                error,
            )),
        }
    }

    /// What a small file holds, bounded by what is read and not by its metadata.
    fn read_small(&self, digest: &Digest, file: &File, size: u64) -> Result<Vec<u8>, StoreError> {
        let too_large = |bytes| StoreError::TooLarge {
            what: digest.to_string(),
            bytes,
            most: SMALL_BYTES,
        };
        if size > SMALL_BYTES {
            return Err(too_large(size));
        }
        let path = || self.blob_path(digest.hex());
        let bytes = read_up_to(file, SMALL_BYTES)
            .map_err(|error| StoreError::io("reading content at", path(), error))?;
        bytes.ok_or_else(|| too_large(SMALL_BYTES + 1))
    }
}

/// All of a file, or none when it has more bytes than `most`.
pub(crate) fn read_up_to(file: &File, most: u64) -> io::Result<Option<Vec<u8>>> {
    let length = file.metadata()?.len();
    if length > most {
        return Ok(None);
    }
    // One more, so that its end is seen. It may have grown meanwhile.
    let room = usize::try_from(length).unwrap_or(usize::MAX);
    let mut bytes = vec![0; room.saturating_add(1)];
    let mut filled = 0;
    loop {
        match file.read_at(bytes.get_mut(filled..).unwrap_or_default(), filled as u64) {
            Ok(0) => {
                bytes.truncate(filled);
                return Ok(Some(bytes));
            }
            Ok(read) => filled += read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
        if filled as u64 > most {
            return Ok(None);
        }
        if filled == bytes.len() {
            bytes.resize(filled + GROWTH_BYTES, 0);
        }
    }
}
