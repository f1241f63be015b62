//! How many bytes may move in a second, in both directions together.
//!
//! Each piece that moves books the time that it takes at the wanted rate, behind what was
//! booked before, and its body waits until that time is over. So bodies take turns, and
//! all of them together keep the rate. This side's waiting is no silence of the peer.

use std::num::NonZeroU64;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::time::{Instant, Sleep, sleep_until};

/// A rate that is kept by everyone who has a clone.
#[derive(Clone)]
pub(crate) struct Bandwidth {
    bytes_per_second: NonZeroU64,
    /// Until when the line is booked.
    booked: Arc<Mutex<Instant>>,
}

/// One body's turn.
pub(crate) struct Turn {
    bandwidth: Bandwidth,
    /// Runs until what moved last has had its time.
    waiting: Option<Pin<Box<Sleep>>>,
}

/// How many pieces are sent in a second at least, so that a server does not take the
/// time between them for silence.
const PIECES_PER_SECOND: u64 = 4;

impl Bandwidth {
    pub(crate) fn new(bytes_per_second: NonZeroU64) -> Self {
        Self {
            bytes_per_second,
            booked: Arc::new(Mutex::new(Instant::now())),
        }
    }

    /// The most bytes that are to be sent as one piece.
    fn piece(&self) -> usize {
        let bytes = self.bytes_per_second.get() / PIECES_PER_SECOND;
        usize::try_from(bytes.max(1)).unwrap_or(usize::MAX)
    }

    /// Books the time of bytes that move now. Tells when it is over.
    fn book(&self, now: Instant, bytes: usize) -> Instant {
        let nanoseconds = bytes as u128 * 1_000_000_000 / u128::from(self.bytes_per_second.get());
        let takes = Duration::from_nanos(u64::try_from(nanoseconds).unwrap_or(u64::MAX));
        let mut booked = self.booked.lock().unwrap_or_else(PoisonError::into_inner);
        *booked = (*booked).max(now) + takes;
        *booked
    }
}

impl Turn {
    pub(crate) fn new(bandwidth: Bandwidth) -> Self {
        Self {
            bandwidth,
            waiting: None,
        }
    }

    /// The most bytes that are to be sent as one piece.
    pub(crate) fn piece(&self) -> usize {
        self.bandwidth.piece()
    }

    /// Ready when the next piece may move.
    pub(crate) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if let Some(waiting) = &mut self.waiting {
            std::task::ready!(waiting.as_mut().poll(cx));
            self.waiting = None;
        }
        Poll::Ready(())
    }

    /// Bytes moved. Tells until when the next ones wait.
    pub(crate) fn moved(&mut self, bytes: usize) -> Instant {
        let over = self.bandwidth.book(Instant::now(), bytes);
        self.waiting = Some(Box::pin(sleep_until(over)));
        over
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bodies_take_turns_and_keep_the_rate_together() {
        let bandwidth = Bandwidth::new(NonZeroU64::new(1000).unwrap());
        let other = bandwidth.clone();
        let start = Instant::now() + Duration::from_mins(1);
        let after = |seconds| start + Duration::from_secs(seconds);
        assert_eq!(bandwidth.book(start, 2000), after(2));
        assert_eq!(other.book(start, 1000), after(3));
        assert_eq!(bandwidth.book(after(1), 1000), after(4));
        // What was not used is not saved up.
        assert_eq!(bandwidth.book(after(100), 1000), after(101));
        assert_eq!(bandwidth.piece(), 250);
        assert_eq!(bandwidth.book(after(200), 0), after(200));
    }
}
