//! Writing one run of the bytes of content that is being taken in.

use std::io;
use std::os::unix::fs::FileExt as _;
use std::sync::{Arc, PoisonError};
use std::thread;

use crate::StoreError;
use crate::hash::Hasher;
use crate::ingest::{MOST_RUNS, Shared, UNLOGGED_BYTES};

/// After how many bytes of one writer it is noted that they were written. No
/// more than that is lost when the process is killed.
const RECORD_BYTES: u64 = 4 * 1024 * 1024;

/// From how many bytes on they are hashed by another thread while they are written.
/// Starting one takes as long as hashing some tens of KiB.
const ASIDE_BYTES: u64 = 512 * 1024;

/// Writes a run of bytes, in order. It keeps the right to write alive, and notes
/// on drop what it wrote.
#[derive(Debug)]
pub struct Writer {
    shared: Arc<Shared>,
    round: u64,
    start: u64,
    offset: u64,
    recorded: u64,
}

impl Writer {
    pub(crate) fn new(shared: &Arc<Shared>, offset: u64) -> Result<Self, StoreError> {
        if offset > shared.expected.size {
            return Err(shared.oversize());
        }
        let phase = shared.phase.read().unwrap_or_else(PoisonError::into_inner);
        Ok(Self {
            shared: Arc::clone(shared),
            round: phase.round,
            start: offset,
            offset,
            recorded: offset,
        })
    }

    /// Writes these bytes after those written before.
    ///
    /// Fails with [`StoreError::Mismatch`] when they go beyond the promised size;
    /// none of them is written then. Fails with [`StoreError::Closed`] once the
    /// content was finished or discarded.
    pub fn write(&mut self, bytes: &[u8]) -> Result<(), StoreError> {
        self.write_pieces(&[bytes])
    }

    /// Writes these pieces after the bytes written before, one after the other, as
    /// [`Writer::write`] does it: all of them or, if they would go too far, none.
    pub fn write_pieces(&mut self, pieces: &[impl AsRef<[u8]> + Sync]) -> Result<(), StoreError> {
        let shared = &self.shared;
        let length = pieces.iter().map(|piece| piece.as_ref().len() as u64).sum();
        let phase = shared.phase.read().unwrap_or_else(PoisonError::into_inner);
        if phase.finished || phase.round != self.round {
            return Err(StoreError::Closed(shared.expected.digest.clone()));
        }
        let end = self
            .offset
            .checked_add(length)
            .filter(|end| *end <= shared.expected.size)
            .ok_or_else(|| shared.oversize())?;
        if length == 0 {
            return Ok(());
        }
        let hasher = {
            let mut state = shared.state();
            if state.written.count() >= MOST_RUNS && !state.written.touches(self.offset) {
                return Err(StoreError::TooScattered {
                    digest: shared.expected.digest.clone(),
                    most: MOST_RUNS,
                });
            }
            state.hash.before(self.offset);
            state.hash.upto(self.offset)
        };
        let write = || self.write_at_offset(pieces);
        let (result, hasher) = match hasher {
            Some(hasher) if length >= ASIDE_BYTES => thread::scope(|scope| {
                let beside = hasher.clone();
                let hashing = move || hashed(beside, pieces);
                match thread::Builder::new().spawn_scoped(scope, hashing) {
                    Ok(hashing) => (write(), hashing.join().ok()),
                    // There may be no more threads.
                    Err(_) => (write(), Some(hashed(hasher, pieces))),
                }
            }),
            Some(hasher) => (write(), Some(hashed(hasher, pieces))),
            None => (write(), None),
        };
        let mut state = shared.state();
        if let Err(error) = result {
            state.hash.failed();
            let path = shared.data_path();
            return Err(StoreError::io("writing content to", path, error));
        }
        state.written.insert(self.offset, end);
        state.hash.after(self.offset, end, hasher);
        self.offset = end;
        if end - self.recorded >= RECORD_BYTES {
            state.log.append(self.recorded, end);
            self.recorded = end;
        }
        Ok(())
    }

    fn write_at_offset(&self, pieces: &[impl AsRef<[u8]>]) -> io::Result<()> {
        let mut offset = self.offset;
        for piece in pieces.iter().map(AsRef::as_ref) {
            self.shared.data.write_all_at(piece, offset)?;
            offset += piece.len() as u64;
        }
        Ok(())
    }

    /// How many bytes this writer has written.
    pub fn written(&self) -> u64 {
        self.offset - self.start
    }
}

/// What comes of a hash with these pieces too.
fn hashed(mut hasher: Hasher, pieces: &[impl AsRef<[u8]>]) -> Hasher {
    for piece in pieces {
        hasher.update(piece.as_ref());
    }
    hasher
}

impl Drop for Writer {
    fn drop(&mut self) {
        let shared = &self.shared;
        let phase = shared.phase.read().unwrap_or_else(PoisonError::into_inner);
        if phase.finished || phase.round != self.round {
            return;
        }
        let mut state = shared.state();
        let size = shared.expected.size;
        if size > UNLOGGED_BYTES || !state.written.missing(size).is_empty() {
            state.log.append(self.recorded, self.offset);
        }
    }
}
