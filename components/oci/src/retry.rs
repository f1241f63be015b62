//! When a request that failed is sent again, and how long to wait before.

use crate::time;

/// How often, and after how long, what may be sent again is sent again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Backoff {
    /// How many times a request is sent again before it is given up.
    pub retries: u32,
    /// The longest wait before the first of them, in milliseconds.
    pub first: u64,
    /// The longest wait before any of them, in milliseconds. A peer that asks for
    /// a longer one with `Retry-After` is not waited for.
    pub longest: u64,
}

impl Backoff {
    /// How long to wait before retry number `retry`, counted from 0, in
    /// milliseconds: anything up to a bound that doubles each time ("full jitter"),
    /// so that clients that failed together do not come back together. `random` is
    /// any number.
    #[must_use]
    pub fn wait(&self, retry: u32, random: u64) -> u64 {
        let doubled = self.first.saturating_mul(1 << retry.min(32));
        let most = doubled.min(self.longest);
        random % most.saturating_add(1)
    }
}

/// Whether a request that was answered with this status may well succeed when it
/// is sent again: the peer was busy, or something on the way was broken.
#[must_use]
pub fn is_transient(status: u16) -> bool {
    // 522 and 524 are what a well-known proxy answers for a server that is silent.
    matches!(status, 408 | 429 | 500 | 502 | 503 | 504 | 522 | 524)
}

/// Whether a status says that there are too many requests at a time.
#[must_use]
pub fn is_overload(status: u16) -> bool {
    matches!(status, 429 | 503)
}

/// How long a `Retry-After` header asks to wait, in milliseconds (RFC 9110
/// §10.2.3). One that names a time is read against the `Date` of the same answer,
/// so that no clock here matters. None when it can't be understood.
#[must_use]
pub fn retry_after(header: &str, date: Option<&str>) -> Option<u64> {
    let header = header.trim();
    let seconds = if header.bytes().all(|b| b.is_ascii_digit()) {
        header.parse().ok()?
    } else {
        time::http(header)?.saturating_sub(time::http(date?)?)
    };
    seconds.checked_mul(1000)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const BACKOFF: Backoff = Backoff {
        retries: 5,
        first: 250,
        longest: 10_000,
    };

    #[test]
    fn the_bound_doubles_up_to_the_longest() {
        for (retry, most) in [(0, 250), (1, 500), (2, 1000), (6, 10_000), (1000, 10_000)] {
            assert_eq!(BACKOFF.wait(retry, most), most);
            assert_eq!(BACKOFF.wait(retry, most + 1), 0);
        }
    }

    #[test]
    fn a_wait_is_asked_for_in_seconds_or_until_a_time() {
        let now = Some("Sun, 06 Nov 1994 08:49:37 GMT");
        assert_eq!(retry_after("3", None), Some(3000));
        assert_eq!(
            retry_after("Sun, 06 Nov 1994 08:49:41 GMT", now),
            Some(4000)
        );
        assert_eq!(retry_after("Sun, 06 Nov 1994 08:49:30 GMT", now), Some(0));
        assert_eq!(retry_after("Sun, 06 Nov 1994 08:49:41 GMT", None), None);
        assert_eq!(retry_after("-1", now), None);
        assert_eq!(retry_after("99999999999999999999", now), None);
    }

    proptest! {
        #[test]
        fn never_panics(header in ".{0,60}", date in ".{0,60}") {
            let _ = retry_after(&header, Some(&date));
        }

        #[test]
        fn waits_are_bounded(retry in any::<u32>(), random in any::<u64>()) {
            prop_assert!(BACKOFF.wait(retry, random) <= BACKOFF.longest);
        }
    }
}
