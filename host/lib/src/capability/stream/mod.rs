//! The two ends of the data plane: bytes go from the socket to the store and back
//! without entering a guest.
//!
//! A store's streams are moved by one task, so neither end does disk I/O or hashing
//! there: each has a thread that may block, and chunks wait between the two, so that
//! neither has to wake the other for each. Content that is small is read and written at
//! once: to wake a thread takes longer.

mod fountain;
mod inflow;
mod sink;

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use wharf_oci::Digest;

use crate::progress::{Event, Observer};

pub(crate) use fountain::Fountain;
pub(crate) use inflow::{Inflow, add_to_linker};
pub(crate) use sink::{Inlet, Sink};

/// How many bytes move at a time. Each transfer holds three such chunks at most, and
/// those that wait.
const CHUNK: usize = 256 * 1024;

/// Content up to this size, in bytes, is read, written and made visible where that is asked
/// for.
pub(super) const AT_ONCE: usize = 64 * 1024;

/// How many more chunks may wait in a transfer.
const DEEP: u32 = 8;

/// Chunks that may wait in the transfers of one call, so that many large ones at a time
/// take no more memory than few.
#[derive(Clone)]
pub(crate) struct Depths(Arc<Semaphore>);

impl Default for Depths {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(4 * DEEP as usize)))
    }
}

impl Depths {
    /// How many chunks may wait in a transfer that begins, and the right to them.
    fn take(&self) -> (usize, Option<OwnedSemaphorePermit>) {
        match self.0.clone().try_acquire_many_owned(DEEP) {
            Ok(right) => (1 + DEEP as usize, Some(right)),
            Err(_) => (1, None),
        }
    }
}

/// Tells an observer of the bytes of one piece of content.
#[derive(Clone)]
pub(crate) struct Meter {
    pub(crate) digest: Digest,
    pub(crate) observer: Arc<dyn Observer>,
}

impl Meter {
    fn advance(&self, bytes: usize) {
        self.observer.event(Event::Advanced {
            digest: self.digest.clone(),
            bytes: bytes as u64,
        });
    }
}
