//! The bounds of a call, whatever a component does.

use std::time::Duration;

/// How much one call of a component may use. What a policy allows of all calls together
/// stands in [`Policy`](crate::policy::Policy).
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// How much processor time; waiting does not count. A push of 500 blobs uses some
    /// tenths of a second. Default: 60 s.
    pub processor_time: Duration,
    /// How many requests. Default: 200,000, several for each of the largest index's blobs.
    pub requests: u64,
    /// How many requests that are not answered to their end yet. Default: 4,096, four
    /// times as many as blobs may be set to move at once.
    pub open_requests: usize,
    /// How many fields the headers of one request may have. Default: 64.
    pub request_fields: usize,
    /// How many bytes the bodies of its requests may have. Default: no limit.
    pub bytes_out: Option<u64>,
    /// How many bytes the bodies of the answers to it may have. Default: no limit.
    pub bytes_in: Option<u64>,
    /// How many things it may hold at once of what the host has for it: requests, answers,
    /// files, content that is being written. Streams and futures, and the two ends of each,
    /// are counted apart, up to the same number. Default: 50,000.
    pub handles: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            processor_time: Duration::from_mins(1),
            requests: 200_000,
            open_requests: 4096,
            request_fields: 64,
            bytes_out: None,
            bytes_in: None,
            handles: 50_000,
        }
    }
}
