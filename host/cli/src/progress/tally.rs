//! What of a transfer is done, counted from its events.

use std::collections::HashMap;

use wharf_host::{Digest, Event};

/// Bytes planned, done, and moving.
#[derive(Debug, Default)]
pub(super) struct Tally {
    planned: u64,
    settled: u64,
    /// Bytes that moved of each piece of content that is on its way.
    moving: HashMap<Digest, u64>,
}

impl Tally {
    /// Takes an event into account. Content that starts again counts anew: what
    /// moved of it before was for nothing.
    pub(super) fn event(&mut self, event: &Event) {
        match event {
            Event::Planned(parts) => {
                *self = Self::default();
                self.planned = parts
                    .iter()
                    .fold(0, |sum, part| u64::saturating_add(sum, part.size));
            }
            Event::Started(content) => {
                self.moving.insert(content.digest.clone(), 0);
            }
            Event::Advanced { digest, bytes } => {
                if let Some(moved) = self.moving.get_mut(digest) {
                    *moved = moved.saturating_add(*bytes);
                }
            }
            Event::Finished(content) | Event::Skipped(content) => {
                self.moving.remove(&content.digest);
                self.settled = self.settled.saturating_add(content.size);
            }
            _ => {}
        }
    }

    /// Bytes of everything that the operation concerns.
    pub(super) fn planned(&self) -> u64 {
        self.planned
    }

    /// Bytes that are where they belong or on their way there, never more than planned.
    pub(super) fn done(&self) -> u64 {
        self.moving
            .values()
            .fold(self.settled, |sum, moved| sum.saturating_add(*moved))
            .min(self.planned)
    }

    /// Bytes that moved of this content since it last started.
    pub(super) fn moved(&self, digest: &Digest) -> Option<u64> {
        self.moving.get(digest).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use wharf_host::Descriptor;

    fn part(letter: char, size: u64) -> Descriptor {
        let digest = format!("sha256:{}", letter.to_string().repeat(64));
        Descriptor::new("application/octet-stream", digest.parse().unwrap(), size)
    }

    fn advanced(part: &Descriptor, bytes: u64) -> Event {
        Event::Advanced {
            digest: part.digest.clone(),
            bytes,
        }
    }

    #[test]
    fn what_is_skipped_and_what_moves_add_up_to_the_plan() {
        let (a, b) = (part('a', 10), part('b', 5));
        let mut tally = Tally::default();
        tally.event(&Event::Planned(vec![a.clone(), b.clone()]));
        tally.event(&Event::Skipped(b));
        tally.event(&Event::Started(a.clone()));
        tally.event(&advanced(&a, 4));
        assert_eq!((tally.done(), tally.planned()), (9, 15));
        assert_eq!(tally.moved(&a.digest), Some(4));
        tally.event(&Event::Finished(a.clone()));
        assert_eq!(tally.done(), 15);
        assert_eq!(tally.moved(&a.digest), None);
    }

    #[test]
    fn a_blob_that_starts_again_is_not_counted_twice() {
        let a = part('a', 10);
        let mut tally = Tally::default();
        tally.event(&Event::Planned(vec![a.clone()]));
        tally.event(&Event::Started(a.clone()));
        tally.event(&advanced(&a, 8));
        tally.event(&Event::Started(a.clone()));
        assert_eq!(tally.done(), 0);
        tally.event(&advanced(&a, 80));
        assert_eq!(tally.done(), 10, "more than was promised is not shown");
    }
}
