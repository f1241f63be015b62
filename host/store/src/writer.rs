//! Writing one run of the bytes of content that is being taken in.

use std::os::unix::fs::FileExt as _;
use std::sync::{Arc, PoisonError};

use crate::StoreError;
use crate::ingest::{MOST_RUNS, Shared, UNLOGGED_BYTES};

/// After how many bytes of one writer it is noted that they were written. No
/// more than that is lost when the process is killed.
const RECORD_BYTES: u64 = 4 * 1024 * 1024;

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
        let shared = &self.shared;
        let phase = shared.phase.read().unwrap_or_else(PoisonError::into_inner);
        if phase.finished || phase.round != self.round {
            return Err(StoreError::Closed(shared.expected.digest.clone()));
        }
        let end = self
            .offset
            .checked_add(bytes.len() as u64)
            .filter(|end| *end <= shared.expected.size)
            .ok_or_else(|| shared.oversize())?;
        if bytes.is_empty() {
            return Ok(());
        }
        {
            let mut state = shared.state();
            if state.written.count() >= MOST_RUNS && !state.written.touches(self.offset) {
                return Err(StoreError::TooScattered {
                    digest: shared.expected.digest.clone(),
                    most: MOST_RUNS,
                });
            }
            state.hash.before(self.offset);
        }
        let result = shared.data.write_all_at(bytes, self.offset);
        let mut state = shared.state();
        if let Err(error) = result {
            state.hash.failed();
            let path = shared.data_path();
            return Err(StoreError::io("writing content to", path, error));
        }
        state.written.insert(self.offset, end);
        state.hash.after(self.offset, bytes);
        self.offset = end;
        if end - self.recorded >= RECORD_BYTES {
            state.log.append(self.recorded, end);
            self.recorded = end;
        }
        Ok(())
    }

    /// How many bytes this writer has written.
    pub fn written(&self) -> u64 {
        self.offset - self.start
    }
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
