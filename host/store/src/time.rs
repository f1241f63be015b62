//! Times as text.

use std::time::{SystemTime, UNIX_EPOCH};

use wharf_oci::time::to_rfc3339;

/// A time in UTC, in whole seconds, as in RFC 3339.
pub(crate) fn rfc3339(time: SystemTime) -> String {
    let since = time.duration_since(UNIX_EPOCH);
    to_rfc3339(since.map_or(0, |since| since.as_secs()))
}
