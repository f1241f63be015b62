//! The time of a line.

use std::time::{SystemTime, UNIX_EPOCH};

use wharf_oci::time::to_rfc3339;

/// A time in UTC, in milliseconds, as in RFC 3339.
pub(super) fn rfc3339(time: SystemTime) -> String {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    let (seconds, milliseconds) = (since.as_secs(), since.subsec_millis());
    let whole = to_rfc3339(seconds);
    format!("{}.{milliseconds:03}Z", whole.trim_end_matches('Z'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn milliseconds_stand_behind_the_seconds() {
        let time = UNIX_EPOCH + Duration::from_millis(951_782_400_042);
        assert_eq!(rfc3339(time), "2000-02-29T00:00:00.042Z");
    }
}
