//! How often something is tried, and what is waited in between: as the registry component
//! does it.

use std::hash::{BuildHasher as _, Hasher as _, RandomState};
use std::time::{Duration, Instant};

use wharf_oci::limit::RETRY_BUDGET;
use wharf_oci::retry::Backoff;

use crate::error::{Error, Exchange};

/// How often, and since when, something is being tried.
pub(super) struct Tries {
    backoff: Backoff,
    sent: u32,
    /// Since it last got further.
    retries: u32,
    /// All of them together.
    budget: u32,
    since: Instant,
}

impl Tries {
    pub(super) fn begin(backoff: Backoff) -> Self {
        Self {
            backoff,
            sent: 0,
            retries: 0,
            budget: RETRY_BUDGET,
            since: Instant::now(),
        }
    }

    /// It was tried.
    pub(super) fn count(&mut self) {
        self.sent += 1;
    }

    /// It got further than before: a new series of retries may follow.
    pub(super) fn progressed(&mut self) {
        self.retries = 0;
    }

    /// Waits before it is tried again, for as long as the peer asked for in milliseconds
    /// or else for some time. False, at once, when it is not to be tried again.
    pub(super) async fn pause(&mut self, asked: Option<u64>) -> bool {
        let Backoff {
            retries, longest, ..
        } = self.backoff;
        let too_long = asked.is_some_and(|asked| asked > longest);
        if self.retries >= retries || self.budget == 0 || too_long {
            return false;
        }
        let random = RandomState::new().build_hasher().finish();
        let jitter = self.backoff.wait(self.retries, random);
        self.budget -= 1;
        self.retries += 1;
        let wait = asked.unwrap_or_default().max(jitter);
        tokio::time::sleep(Duration::from_millis(wait)).await;
        true
    }

    /// The same error, with how often and for how long it was tried.
    pub(super) fn told(&self, error: Error) -> Error {
        match error {
            Error::Network(exchange) => Error::Network(Exchange {
                attempts: self.sent,
                elapsed: self.since.elapsed(),
                ..exchange
            }),
            other => other,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_gets_further_is_tried_for_longer_and_not_for_ever() {
        let backoff = Backoff {
            retries: 2,
            first: 0,
            longest: 0,
        };
        let mut tries = Tries::begin(backoff);
        for expected in [true, true, false] {
            assert_eq!(tries.pause(None).await, expected);
        }
        tries.progressed();
        assert!(
            !tries.pause(Some(1)).await,
            "that is longer than the longest"
        );
        let mut paused = 2;
        while tries.pause(None).await {
            tries.progressed();
            paused += 1;
        }
        assert_eq!(paused, RETRY_BUDGET);
    }
}
