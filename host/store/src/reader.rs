//! Reading content, hashed on the way.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt as _;

use wharf_oci::Digest;

use crate::hash::{BUFFER_BYTES, Hasher};
use crate::{Extent, Store, StoreError};

/// Reads whole content or a part of it, from first to last byte.
#[derive(Debug)]
pub struct Reader {
    store: Store,
    digest: Digest,
    file: File,
    length: u64,
    position: u64,
    end: u64,
    check: Check,
}

/// Whether what is read is what was asked for.
#[derive(Debug)]
enum Check {
    /// Only a part is read: it can't be told.
    None,
    /// So far this was read.
    Pending(Box<Hasher>),
    /// All of it was read, and it matches.
    Passed,
    /// All of it was read, and its digest is this one, or of another length.
    Failed(String),
}

impl Reader {
    pub(crate) fn new(
        store: &Store,
        digest: &Digest,
        file: File,
        size: u64,
        part: Option<Extent>,
    ) -> Result<Self, StoreError> {
        let part = part.unwrap_or(Extent {
            offset: 0,
            length: size,
        });
        let end = part
            .offset
            .checked_add(part.length)
            .filter(|end| *end <= size)
            .ok_or_else(|| StoreError::Range {
                digest: digest.clone(),
                part,
                size,
            })?;
        Ok(Self {
            store: store.clone(),
            digest: digest.clone(),
            file,
            length: part.length,
            position: part.offset,
            end,
            check: if part.length == size {
                Check::Pending(Box::default())
            } else {
                Check::None
            },
        })
    }

    /// How many bytes are read in total.
    pub fn length(&self) -> u64 {
        self.length
    }

    /// Reads some bytes, and tells how many; 0 at the end.
    ///
    /// When the content is read whole, its hash is checked before its last bytes
    /// are handed over: with [`StoreError::Mismatch`] they are not, and the
    /// content has been set aside.
    pub fn read(&mut self, buffer: &mut [u8]) -> Result<usize, StoreError> {
        if let Check::Failed(found) = &self.check {
            return Err(self.mismatch(found.clone()));
        }
        let remaining = usize::try_from(self.end - self.position).unwrap_or(usize::MAX);
        let most = buffer.len().min(remaining);
        let buffer = buffer.get_mut(..most).unwrap_or_default();
        if buffer.is_empty() && remaining > 0 {
            return Ok(0);
        }
        let read = self.fill(buffer)?;
        if read < buffer.len() {
            // The file was cut short after it was opened.
            return Err(self.fail(format!("{} bytes", self.position)));
        }
        if self.position == self.end
            && let Check::Pending(hasher) = &mut self.check
        {
            let found = std::mem::take(&mut **hasher).finish();
            if found != self.digest {
                return Err(self.fail(found.to_string()));
            }
            self.check = Check::Passed;
        }
        Ok(read)
    }

    /// Reads what is left, for the sake of the check.
    pub(crate) fn drain(&mut self) -> Result<(), StoreError> {
        let mut buffer = vec![0; BUFFER_BYTES];
        while self.read(&mut buffer)? > 0 {}
        Ok(())
    }

    pub(crate) fn file(&self) -> &File {
        &self.file
    }

    /// Fills the buffer as far as the file goes.
    fn fill(&mut self, buffer: &mut [u8]) -> Result<usize, StoreError> {
        let mut filled = 0;
        while let Some(rest) = buffer.get_mut(filled..).filter(|rest| !rest.is_empty()) {
            match self.file.read_at(rest, self.position) {
                Ok(0) => break,
                Ok(read) => {
                    if let Check::Pending(hasher) = &mut self.check {
                        hasher.update(rest.get(..read).unwrap_or_default());
                    }
                    filled += read;
                    self.position += read as u64;
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => {
                    let path = self.store.blob_path(self.digest.hex());
                    return Err(StoreError::io("reading content at", path, error));
                }
            }
        }
        Ok(filled)
    }

    /// Sets the content aside and says why. Not being able to is said instead.
    fn fail(&mut self, found: String) -> StoreError {
        self.check = Check::Failed(found.clone());
        match self.store.set_aside(&self.digest, Some(&self.file)) {
            Ok(()) => self.mismatch(found),
            Err(error) => StoreError::Mismatch {
                subject: format!("{} (damaged, and {error})", self.digest),
                expected: self.digest.to_string(),
                found,
            },
        }
    }

    fn mismatch(&self, found: String) -> StoreError {
        StoreError::Mismatch {
            subject: self.digest.to_string(),
            expected: self.digest.to_string(),
            found,
        }
    }
}
