//! What a call reports while it runs.

use wharf_oci::{Descriptor, Digest};

/// Sees what a call does, as it happens.
pub trait Observer: Send + Sync {
    /// Takes an event. Called from the thread that moves bytes: it should return at
    /// once.
    fn event(&self, event: Event);
}

/// One thing that happened.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Event {
    /// The reference leads to this manifest.
    Resolved(Descriptor),
    /// The call concerns all of this content, each once.
    Planned(Vec<Descriptor>),
    /// This content begins to move.
    Started(Descriptor),
    /// Bytes of this content moved.
    Advanced {
        /// Which content.
        digest: Digest,
        /// How many, since the last such event.
        bytes: u64,
    },
    /// This content arrived and was accepted.
    Finished(Descriptor),
    /// This content was there already; no byte of it moved.
    Skipped(Descriptor),
    /// Something that a person may want to know. One line, safe to print.
    Note(String),
}

/// Looks away.
#[derive(Debug, Clone, Copy, Default)]
pub struct Unobserved;

impl Observer for Unobserved {
    fn event(&self, _event: Event) {}
}
