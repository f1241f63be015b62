//! What a call reports while it runs.

use std::sync::Arc;
use std::time::Duration;

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
    /// A request was sent, and answered or not.
    Requested {
        /// Its method.
        method: String,
        /// Its address without query, so that nothing secret is in it.
        url: String,
        /// The status of the answer; none when no answer came.
        status: Option<u16>,
        /// How long the answer's head took to come.
        took: Duration,
    },
    /// Something is used that was not verified as it should be.
    Unverified {
        /// Why it was not, and what required it. One line, safe to print.
        reason: String,
        /// Whether it would not be used, had the user not said so.
        set_aside: bool,
    },
    /// Something that a person may want to know. One line, safe to print.
    Note(String),
}

/// Tells another observer of requests and of what a person may want to know, and not of
/// progress.
pub(crate) struct Aside(pub(crate) Arc<dyn Observer>);

impl Observer for Aside {
    fn event(&self, event: Event) {
        if matches!(
            event,
            Event::Requested { .. } | Event::Unverified { .. } | Event::Note(_)
        ) {
            self.0.event(event);
        }
    }
}

/// Looks away.
#[derive(Debug, Clone, Copy, Default)]
pub struct Unobserved;

impl Observer for Unobserved {
    fn event(&self, _event: Event) {}
}
