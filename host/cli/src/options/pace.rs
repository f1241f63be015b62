//! How often, and after how long, what failed is tried again.

use std::time::Duration;

use clap::Args;
use wharf_host::Pace;

/// How often, and after how long, what failed is tried again.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Args)]
#[command(next_help_heading = "Connection")]
pub(crate) struct PaceArgs {
    /// Send a request that failed for a passing reason again, at most so many times
    ///
    /// Passing are connections that break off, and answers that say that there are too
    /// many requests or that the server is in trouble. The default is 5.
    #[arg(long, value_name = "COUNT", hide_short_help = true)]
    pub(crate) retries: Option<u32>,

    /// Wait at most so long before the first of these times, and at most so long before
    /// any of them
    ///
    /// The wait is random, up to a bound that doubles each time. A registry that asks for
    /// a longer wait than the longest is not waited for. The default is `250ms,30s`.
    #[arg(long, value_name = "FIRST,LONGEST", value_parser = waits, hide_short_help = true)]
    pub(crate) retry_wait: Option<(Duration, Duration)>,
}

impl PaceArgs {
    /// As the host library takes it.
    pub(crate) fn pace(self) -> Pace {
        Pace {
            retries: self.retries,
            first_wait: self.retry_wait.map(|(first, _)| first),
            longest_wait: self.retry_wait.map(|(_, longest)| longest),
            ..Pace::default()
        }
    }
}

/// Parses two durations, the first no longer than the second.
fn waits(text: &str) -> Result<(Duration, Duration), String> {
    let pair = text
        .split_once(',')
        .and_then(|(first, longest)| Some((duration(first)?, duration(longest)?)));
    match pair {
        Some((first, longest)) if first <= longest => Ok((first, longest)),
        Some(_) => Err("the first wait is longer than the longest".to_owned()),
        None => Err("expected two durations such as 250ms,30s".to_owned()),
    }
}

/// Parses a whole number of milliseconds (`ms`) or seconds (`s`).
fn duration(text: &str) -> Option<Duration> {
    let (digits, unit): (_, fn(u64) -> Duration) = match text.strip_suffix("ms") {
        Some(digits) => (digits, Duration::from_millis),
        None => (text.strip_suffix('s')?, Duration::from_secs),
    };
    // `parse` would take a sign.
    let only_digits = digits.bytes().all(|byte| byte.is_ascii_digit());
    Some(unit(digits.parse().ok().filter(|_| only_digits)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_are_two_durations_in_order() {
        let pair =
            |first, longest| Ok((Duration::from_millis(first), Duration::from_millis(longest)));
        assert_eq!(waits("250ms,30s"), pair(250, 30_000));
        assert_eq!(waits("0ms,0s"), pair(0, 0));
        for wrong in ["", "1s", "1,2", "-1s,2s", "+1s,2s", "2s,1s", "1s,2s,3s", "ms,s"] {
            assert!(waits(wrong).is_err(), "{wrong}");
        }
    }
}
