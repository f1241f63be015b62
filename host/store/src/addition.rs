//! Storing content whose digest is not known before: bytes, streams and files.

use std::fs::File;
use std::io::{self, Write as _};
use std::os::unix::fs::FileExt as _;

use wharf_oci::Digest;

use crate::blob::{SMALL_BYTES, read_up_to};
use crate::hash::{self, BUFFER_BYTES, Hasher};
use crate::layout::Layout;
use crate::scratch::{Parked, Staged};
use crate::{Store, StoreError};

/// Up to this size, in bytes, a file is read once, into memory.
const SMALL_FILE_BYTES: u64 = 1024 * 1024;

/// Content that is being written from its beginning to its end. Dropping it
/// forgets what was written.
#[derive(Debug)]
pub struct Addition {
    store: Store,
    staged: Staged,
    hasher: Hasher,
    size: u64,
}

/// A file that was stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Added {
    /// Its digest.
    pub digest: Digest,
    /// Its size in bytes.
    pub size: u64,
    /// Whether the store did not have it.
    pub is_new: bool,
}

impl Store {
    /// Stores small content, at most [`SMALL_BYTES`], and tells its digest.
    ///
    /// Fails with [`StoreError::Mismatch`] when it is not the expected one; the
    /// content is not stored then.
    pub fn put(&self, content: &[u8], expected: Option<&Digest>) -> Result<Digest, StoreError> {
        if content.len() as u64 > SMALL_BYTES {
            return Err(StoreError::TooLarge {
                what: "content to be stored as a whole".to_owned(),
                bytes: content.len() as u64,
                most: SMALL_BYTES,
            });
        }
        let digest = hash::digest(content);
        if let Some(expected) = expected
            && digest != *expected
        {
            return Err(StoreError::mismatch(
                "content to be stored",
                expected,
                &digest,
            ));
        }
        self.put_hashed(content, &digest)?;
        Ok(digest)
    }

    /// Begins to write content of any size whose digest is not known before.
    pub fn add(&self) -> Result<Addition, StoreError> {
        self.writable()?;
        Ok(Addition {
            store: self.clone(),
            staged: self.stage()?,
            hasher: Hasher::default(),
            size: 0,
        })
    }

    /// Stores the whole of a file that is open for reading, wherever its cursor is.
    ///
    /// A large file is cloned where the file system can do that, and the clone is
    /// what is hashed. Elsewhere it is hashed while it is copied, in one go, unless
    /// content of its very size is here: then it may be that, which hashing it tells
    /// without writing anything. A file that changes while it is read gives the digest
    /// of what was read last, and never a mixture under a wrong one.
    #[expect(
        clippy::needless_pass_by_value,
        reason = "the caller is done with the file"
    )]
    pub fn add_file(&self, file: File) -> Result<Added, StoreError> {
        let failed = |error| StoreError::io("reading a file to be stored in", self.path(), error);
        let metadata = file.metadata().map_err(failed)?;
        if !metadata.is_file() {
            return Err(failed(io::Error::new(
                io::ErrorKind::InvalidInput,
                "it is not a regular file",
            )));
        }
        if let Some(content) = read_up_to(&file, SMALL_FILE_BYTES).map_err(failed)? {
            let digest = hash::digest(&content);
            return Ok(Added {
                is_new: self.put_hashed(&content, &digest)?,
                size: content.len() as u64,
                digest,
            });
        }
        let mut addition = self.add()?;
        if clone(addition.staged.file(), &file) {
            addition.hash_file()?;
            return addition.complete();
        }
        if self.may_have(metadata.len())? {
            let mut hasher = Hasher::default();
            let size = each_piece(&file, failed, |piece| {
                hasher.update(piece);
                Ok(())
            })?;
            let digest = hasher.finish();
            if self.stat(&digest)? == Some(size) {
                return Ok(Added {
                    digest,
                    size,
                    is_new: false,
                });
            }
        }
        each_piece(&file, failed, |piece| addition.write(piece))?;
        addition.complete()
    }

    /// Whether there is content of this size, in bytes, as far as this instance saw
    /// when it first asked.
    fn may_have(&self, size: u64) -> Result<bool, StoreError> {
        let Layout { blobs, sizes, .. } = self.layout();
        if let Some(sizes) = sizes.get() {
            return Ok(sizes.contains(&size));
        }
        let failed = |error| StoreError::io("looking for content in", blobs.path(), error);
        let names = blobs.names().map_err(failed)?;
        // What can't be looked at is not what is looked for.
        let seen = names.iter().filter_map(|name| blobs.size(name).ok()?);
        Ok(sizes.get_or_init(|| seen.collect()).contains(&size))
    }

    /// Stores content that hashes to `digest`, unless it is here. Whether it was not.
    fn put_hashed(&self, content: &[u8], digest: &Digest) -> Result<bool, StoreError> {
        if self.is_here(digest, content)? {
            return Ok(false);
        }
        self.writable()?;
        let mut staged = self.stage()?;
        staged
            .file()
            .write_all(content)
            .map_err(|error| StoreError::io("writing content to", staged.path(), error))?;
        let location = staged.location();
        self.publish(staged.complete(), location, digest)?;
        Ok(true)
    }
}

impl Addition {
    /// Writes these bytes after those written before.
    pub fn write(&mut self, bytes: &[u8]) -> Result<(), StoreError> {
        let written = self.staged.file().write_all(bytes);
        written.map_err(|error| StoreError::io("writing content to", self.staged.path(), error))?;
        self.hasher.update(bytes);
        self.size += bytes.len() as u64;
        Ok(())
    }

    /// Makes the content visible, and tells its digest and its size in bytes.
    pub fn finish(self) -> Result<(Digest, u64), StoreError> {
        let Added { digest, size, .. } = self.complete()?;
        Ok((digest, size))
    }

    fn complete(self) -> Result<Added, StoreError> {
        let (digest, size) = (self.hasher.finish(), self.size);
        let is_new = self.store.stat(&digest)? != Some(size);
        if is_new {
            self.store
                .publish(self.staged.complete(), self.staged.location(), &digest)?;
        }
        Ok(Added {
            digest,
            size,
            is_new,
        })
    }

    /// Makes the content visible when it is what was promised, and tells its size in
    /// bytes. With [`StoreError::Mismatch`] it is not stored.
    pub fn finish_as(self, expected: &Digest) -> Result<u64, StoreError> {
        let digest = self.hasher.finish();
        if digest != *expected {
            return Err(StoreError::mismatch(
                "content to be stored",
                expected,
                &digest,
            ));
        }
        if self.store.stat(&digest)? != Some(self.size) {
            self.store
                .publish(self.staged.complete(), self.staged.location(), &digest)?;
        }
        Ok(self.size)
    }

    /// Closes the content without making it visible, and tells its digest and its size
    /// in bytes: for content that is to appear together with other content.
    pub(crate) fn park(self) -> Result<(Parked, Digest, u64), StoreError> {
        let path = self.staged.path();
        let parked = self.staged.park();
        let parked = parked.map_err(|error| StoreError::io("writing content to", path, error))?;
        Ok((parked, self.hasher.finish(), self.size))
    }

    /// Hashes what the file holds without having been written here.
    fn hash_file(&mut self) -> Result<(), StoreError> {
        let failed = |error| StoreError::io("reading back", self.staged.path(), error);
        let hasher = &mut self.hasher;
        self.size = each_piece(self.staged.complete(), failed, |piece| {
            hasher.update(piece);
            Ok(())
        })?;
        Ok(())
    }
}

/// Reads a file from its beginning to its end, and tells how many bytes it had.
fn each_piece(
    file: &File,
    failed: impl Fn(io::Error) -> StoreError,
    mut take: impl FnMut(&[u8]) -> Result<(), StoreError>,
) -> Result<u64, StoreError> {
    let mut buffer = vec![0; BUFFER_BYTES];
    let mut offset = 0;
    loop {
        match file.read_at(&mut buffer, offset) {
            Ok(0) => return Ok(offset),
            Ok(read) => {
                take(buffer.get(..read).unwrap_or_default())?;
                offset += read as u64;
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(failed(error)),
        }
    }
}

/// Makes an empty file share all of another one's blocks, where the file system
/// can do that.
#[cfg(target_os = "linux")]
fn clone(to: &File, from: &File) -> bool {
    rustix::fs::ioctl_ficlone(to, from).is_ok()
}

#[cfg(not(target_os = "linux"))]
fn clone(_: &File, _: &File) -> bool {
    false
}
