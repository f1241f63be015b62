//! Taking in content that is described but not here: in any order, by several
//! writers at once, and over several processes' lives.

use std::fs::{File, Permissions};
use std::io;
use std::os::unix::fs::{FileExt as _, MetadataExt as _, PermissionsExt as _};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

use wharf_oci::{Descriptor, Digest};

use crate::extents::{Extents, Log};
use crate::folder::{Folder, Found};
use crate::hash::{BUFFER_BYTES, Hasher};
use crate::lock::Lock;
use crate::{Extent, Store, StoreError, Writer};

/// How many separate runs of one piece of content are kept track of. A transfer
/// has a few; this bounds what a hostile guest can make this process remember.
pub(crate) const MOST_RUNS: usize = 65_536;

/// Content up to this size, in bytes, is not noted in a log once it is complete:
/// it is less than what may be lost anyway, and most content is small.
pub(crate) const UNLOGGED_BYTES: u64 = 4 * 1024 * 1024;

/// What became of the wish to take in content.
#[derive(Debug)]
pub enum Receive {
    /// It is whole already.
    Whole,
    /// Another task or process takes it in. Try again later.
    Busy,
    /// The right to write it.
    Ingest(Ingest),
}

/// The right to write one piece of content, exclusive between tasks and
/// processes. Dropping it keeps what was written, for a later
/// [`Store::receive`], and gives the right back once its writers are dropped too.
#[derive(Debug)]
pub struct Ingest(Arc<Shared>);

impl Store {
    /// Begins, or continues, to take in content that is described but not here.
    /// Never waits for another's lock.
    ///
    /// Fails with [`StoreError::Mismatch`] when the content is here, and has
    /// another size than described.
    pub fn receive(&self, expected: &Descriptor) -> Result<Receive, StoreError> {
        if self.is_whole(expected)? {
            return Ok(Receive::Whole);
        }
        self.writable()?;
        let folder = &self.layout().ingest;
        let name = Name::Lock.of(&expected.digest);
        let lock = Lock::try_acquire(folder, &name)
            .map_err(|error| StoreError::io("locking", folder.path_of(&name), error))?;
        let Some(lock) = lock else {
            return Ok(Receive::Busy);
        };
        // Whoever held the lock before may have completed it.
        if self.is_whole(expected)? {
            lock.retire();
            return Ok(Receive::Whole);
        }
        Ok(Receive::Ingest(Ingest(Arc::new(Shared::begin(
            self, expected, lock,
        )?))))
    }
}

impl Ingest {
    /// What is still to be written, in ascending order. Empty when
    /// [`Ingest::finish`] may be called.
    pub fn missing(&self) -> Vec<Extent> {
        self.0.state().written.missing(self.0.expected.size)
    }

    /// A writer of bytes from `offset` on. Several may write at once; the bytes
    /// of runs that overlap are those of either.
    ///
    /// Fails with [`StoreError::Mismatch`] when `offset` is beyond the promised
    /// size.
    pub fn writer(&self, offset: u64) -> Result<Writer, StoreError> {
        Writer::new(&self.0, offset)
    }

    /// Makes the content visible under its digest, once all of it was written
    /// and hashes to it. Waits for writers that are just writing.
    ///
    /// With [`StoreError::Mismatch`] all that was written is gone, and it may be
    /// written anew. Fails with [`StoreError::Incomplete`] when bytes are missing.
    pub fn finish(&self) -> Result<(), StoreError> {
        self.0.finish()
    }

    /// Forgets what was written. It may be written anew, by new writers.
    pub fn discard(&self) -> Result<(), StoreError> {
        let shared = &self.0;
        let mut phase = shared.phase.write().unwrap_or_else(PoisonError::into_inner);
        if phase.finished {
            return Ok(());
        }
        shared.forget(&mut phase, &mut shared.state())
    }
}

/// What the holder of the right and its writers share.
#[derive(Debug)]
pub(crate) struct Shared {
    store: Store,
    pub(crate) expected: Descriptor,
    pub(crate) data: File,
    /// Held for reading while bytes are written, so that nothing is written to
    /// what is being, or was, checked.
    pub(crate) phase: RwLock<Phase>,
    state: Mutex<State>,
    lock: Mutex<Option<Lock>>,
}

#[derive(Debug, Default)]
pub(crate) struct Phase {
    /// How often what was written was forgotten; a writer from before then
    /// writes no more.
    pub(crate) round: u64,
    /// Whether the content is visible.
    pub(crate) finished: bool,
}

#[derive(Debug)]
pub(crate) struct State {
    pub(crate) written: Extents,
    pub(crate) log: Log,
    pub(crate) hash: InOrder,
}

/// The hash of the first bytes, as far as they were written in order. What was
/// not is read back at the end.
#[derive(Debug, Default)]
pub(crate) struct InOrder {
    hasher: Hasher,
    upto: u64,
    broken: bool,
}

/// The files of one piece of content that is being taken in.
pub(crate) enum Name {
    Data,
    Extents,
    Lock,
}

impl Name {
    pub(crate) fn of(&self, digest: &Digest) -> String {
        let end = match self {
            Self::Data => "data",
            Self::Extents => "extents",
            Self::Lock => "lock",
        };
        format!("{}.{end}", digest.hex())
    }
}

impl Shared {
    /// Opens what an earlier process wrote, or begins anew.
    fn begin(store: &Store, expected: &Descriptor, lock: Lock) -> Result<Self, StoreError> {
        let folder = &store.layout().ingest;
        let name = Name::Data.of(&expected.digest);
        let failed = |error| StoreError::io("opening", folder.path_of(&name), error);
        let (data, length) = open_data(folder, &name).map_err(failed)?;
        let log_name = Name::Extents.of(&expected.digest);
        // A log that can't be read says nothing.
        let mut written = Log::read(folder, &log_name, expected.size).unwrap_or_default();
        written.truncate(length);
        let mut log = Log::new(folder, log_name, expected.size);
        if written.is_empty() {
            log.remove().map_err(failed)?;
            // Cutting a file that is empty would have ext4 write all of it when it is closed.
            if length > 0 {
                data.set_len(0).map_err(failed)?;
            }
        } else if log.rewrite(&written).is_err() {
            // Perhaps the disk is full. The old log stays right as far as it goes.
            log.end();
        }
        Ok(Self {
            store: store.clone(),
            expected: expected.clone(),
            data,
            phase: RwLock::default(),
            state: Mutex::new(State {
                written,
                log,
                hash: InOrder::default(),
            }),
            lock: Mutex::new(Some(lock)),
        })
    }

    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn data_path(&self) -> PathBuf {
        let folder = &self.store.layout().ingest;
        folder.path_of(&Name::Data.of(&self.expected.digest))
    }

    /// More bytes than were promised.
    pub(crate) fn oversize(&self) -> StoreError {
        StoreError::Mismatch {
            subject: format!("the size of {}", self.expected.digest),
            expected: format!("{} bytes", self.expected.size),
            found: "more".to_owned(),
        }
    }

    fn finish(&self) -> Result<(), StoreError> {
        let mut phase = self.phase.write().unwrap_or_else(PoisonError::into_inner);
        if phase.finished {
            return Ok(());
        }
        let mut state = self.state();
        let missing = state.written.missing(self.expected.size);
        if !missing.is_empty() {
            return Err(StoreError::Incomplete {
                digest: self.expected.digest.clone(),
                bytes: missing.iter().map(|extent| extent.length).sum(),
            });
        }
        let found = self.hash(&mut state.hash)?;
        if found != Ok(self.expected.digest.clone()) {
            self.forget(&mut phase, &mut state)?;
            return Err(StoreError::Mismatch {
                subject: self.expected.digest.to_string(),
                expected: self.expected.digest.to_string(),
                found: found.map_or_else(|bytes| format!("{bytes} bytes"), |hash| hash.to_string()),
            });
        }
        let folder = &self.store.layout().ingest;
        let name = Name::Data.of(&self.expected.digest);
        self.store
            .publish(&self.data, (folder, &name), &self.expected.digest)?;
        phase.finished = true;
        self.clear(&mut state);
        Ok(())
    }

    /// The digest of all that is in the file, or its length where that is not the
    /// promised one. Only what did not come in order is read.
    fn hash(&self, hash: &mut InOrder) -> Result<Result<Digest, u64>, StoreError> {
        let failed = |error| StoreError::io("reading back", self.data_path(), error);
        let size = self.expected.size;
        // What is taken here is not there if this fails and is tried again.
        let InOrder {
            mut hasher,
            mut upto,
            broken,
        } = std::mem::take(hash);
        hash.broken = true;
        if broken {
            (hasher, upto) = (Hasher::default(), 0);
        }
        let mut buffer = if upto < size {
            vec![0; BUFFER_BYTES]
        } else {
            Vec::new()
        };
        while upto < size {
            let most = usize::try_from(size - upto).unwrap_or(usize::MAX);
            let most = most.min(buffer.len());
            let part = buffer.get_mut(..most).unwrap_or_default();
            match self.data.read_at(part, upto) {
                Ok(0) => return Ok(Err(upto)),
                Ok(read) => {
                    hasher.update(part.get(..read).unwrap_or_default());
                    upto += read as u64;
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(failed(error)),
            }
        }
        let length = self.data.metadata().map_err(failed)?.len();
        Ok(if length == size {
            Ok(hasher.finish())
        } else {
            Err(length)
        })
    }

    /// Back to the beginning. Writers from before write no more.
    fn forget(&self, phase: &mut Phase, state: &mut State) -> Result<(), StoreError> {
        phase.round += 1;
        state.written = Extents::default();
        state.hash = InOrder::default();
        state
            .log
            .remove()
            .and_then(|()| self.data.set_len(0))
            .map_err(|error| StoreError::io("discarding", self.data_path(), error))
    }

    /// Removes what only served taking it in. What can't be removed is not looked
    /// at again, since the content is whole.
    fn clear(&self, state: &mut State) {
        let _ = state.log.remove();
        let lock = self
            .lock
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        if let Some(lock) = lock {
            lock.retire();
        }
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        let finished = self
            .phase
            .get_mut()
            .unwrap_or_else(PoisonError::into_inner)
            .finished;
        let mut state = self.state();
        if !finished && state.written.is_empty() {
            let folder = &self.store.layout().ingest;
            let _ = folder.remove_file(&Name::Data.of(&self.expected.digest));
            self.clear(&mut state);
        }
    }
}

impl InOrder {
    /// Before bytes are written at `offset`: whether that overwrites what was
    /// hashed.
    pub(crate) fn before(&mut self, offset: u64) {
        self.broken |= offset < self.upto;
    }

    /// After bytes were written at `offset`.
    pub(crate) fn after(&mut self, offset: u64, bytes: &[u8]) {
        // Another writer may have come first to the same place meanwhile.
        self.before(offset);
        if !self.broken && offset == self.upto {
            self.hasher.update(bytes);
            self.upto += bytes.len() as u64;
        }
    }

    /// After writing failed somewhere: something may have been overwritten.
    pub(crate) fn failed(&mut self) {
        self.broken = true;
    }
}

/// The file that is written to, and its length. A file that is not the store's
/// alone, as a link to another one would be, is replaced rather than written to.
fn open_data(folder: &Folder, name: &str) -> io::Result<(File, u64)> {
    match folder.look(name)? {
        Found::File(file, metadata) if metadata.nlink() == 1 => {
            // It is sealed when its writer was killed while it made it visible.
            file.set_permissions(Permissions::from_mode(0o600))?;
        }
        Found::File(..) | Found::Other => folder.remove_any(name)?,
        Found::Nothing => {}
    }
    let (file, metadata) = folder.open_or_create(name)?;
    Ok((file, metadata.len()))
}
