//! Moments in time, as the protocol writes them, in seconds since
//! 1970-01-01T00:00:00Z.

use alloc::format;
use alloc::string::String;

/// A time as `Sun, 06 Nov 1994 08:49:37 GMT`, the one form that may be sent in a
/// header (RFC 9110 §5.6.7).
#[must_use]
pub fn http(text: &str) -> Option<u64> {
    const MONTHS: &str = "JanFebMarAprMayJunJulAugSepOctNovDec";
    let mut parts = text.trim().split(' ').skip(1);
    let day = number(parts.next()?)?;
    let name = parts.next().filter(|name| name.len() == 3)?;
    let mut months = MONTHS.as_bytes().chunks(3);
    let month = months.position(|month| month == name.as_bytes())? as u64 + 1;
    let year = number(parts.next()?)?;
    let clock = clock(parts.next()?)?;
    (parts.next()? == "GMT").then_some(())?;
    days(year, month, day)?.checked_add(clock)
}

/// A time as `1994-11-06T08:49:37.25+01:00` (RFC 3339); fractions are left out.
#[must_use]
pub fn rfc3339(text: &str) -> Option<u64> {
    let (date, rest) = text.split_once(['T', 't'])?;
    let mut date = date.split('-');
    let (year, month, day) = (
        number(date.next()?)?,
        number(date.next()?)?,
        number(date.next()?)?,
    );
    let zone = rest.find(['Z', 'z', '+', '-'])?;
    let (time, zone) = rest.split_at(zone);
    let time = time.split_once('.').map_or(time, |(time, _)| time);
    let here = days(year, month, day)?.checked_add(clock(time)?)?;
    let (sign, offset) = zone.split_at_checked(1)?;
    match (sign, offset) {
        ("Z" | "z", "") => Some(here),
        ("+", offset) => here.checked_sub(clock(offset)?),
        ("-", offset) => here.checked_add(clock(offset)?),
        _ => None,
    }
}

/// The same time as `1994-11-06T07:49:37Z`, in UTC.
#[must_use]
pub fn to_rfc3339(seconds: u64) -> String {
    let (days, second) = (seconds / 86_400, seconds % 86_400);
    // The civil calendar from a count of days, with years that begin in March, so
    // that the day that leap years add is the last one (H. Hinnant,
    // "chrono-Compatible Low-Level Date Algorithms", civil_from_days).
    let shifted = days + 719_468;
    let (era, day_of_era) = (shifted / 146_097, shifted % 146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month + 2) / 5 + 1;
    let (month, next) = if month < 10 {
        (month + 3, 0)
    } else {
        (month - 9, 1)
    };
    let year = era * 400 + year_of_era + next;
    format!(
        "{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}Z",
        second / 3_600,
        second / 60 % 60,
        second % 60
    )
}

/// The seconds of `hour:minute` or `hour:minute:second`.
fn clock(text: &str) -> Option<u64> {
    let mut parts = text.split(':');
    let (hour, minute) = (number(parts.next()?)?, number(parts.next()?)?);
    let second = parts.next().map_or(Some(0), number)?;
    let fits = hour < 24 && minute < 60 && second <= 60 && parts.next().is_none();
    fits.then(|| (hour * 60 + minute) * 60 + second)
}

/// The seconds from 1970 to a day, its month counted from 1.
fn days(year: u64, month: u64, day: u64) -> Option<u64> {
    let fits =
        (1970..=9999).contains(&year) && (1..=12).contains(&month) && (1..=31).contains(&day);
    if !fits {
        return None;
    }
    // Years that begin in March, so that the leap day is their last one.
    let (year, month) = if month < 3 {
        (year - 1, month + 9)
    } else {
        (year, month - 3)
    };
    let days = 365 * year + year / 4 - year / 100 + year / 400 + (month * 306 + 5) / 10 + day - 1;
    // The 1st of March of year 0 was 719,468 days before 1970.
    days.checked_sub(719_468)?.checked_mul(24 * 60 * 60)
}

/// Digits alone: `parse` would take a sign too.
fn number(text: &str) -> Option<u64> {
    text.bytes()
        .all(|b| b.is_ascii_digit())
        .then(|| text.parse().ok())?
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn times_are_those_of_the_calendar() {
        for (header, json, seconds) in [
            ("Thu, 01 Jan 1970 00:00:00 GMT", "1970-01-01T00:00:00Z", 0),
            (
                "Sun, 06 Nov 1994 08:49:37 GMT",
                "1994-11-06T10:19:37.999+01:30",
                784_111_777,
            ),
            (
                "Tue, 29 Feb 2000 00:00:00 GMT",
                "2000-02-28T23:59:00-00:01",
                951_782_400,
            ),
            (
                "Wed, 01 Mar 2000 00:00:00 GMT",
                "2000-03-01t00:00:00z",
                951_868_800,
            ),
            (
                "Sun, 31 Dec 2023 23:59:59 GMT",
                "2023-12-31T23:59:59.000000000Z",
                1_704_067_199,
            ),
        ] {
            assert_eq!(http(header), Some(seconds), "{header}");
            assert_eq!(rfc3339(json), Some(seconds), "{json}");
        }
    }

    #[test]
    fn a_time_is_written_as_date_does() {
        for (seconds, text) in [
            (0, "1970-01-01T00:00:00Z"),
            (951_782_400, "2000-02-29T00:00:00Z"),
            (951_868_800, "2000-03-01T00:00:00Z"),
            (1_704_067_199, "2023-12-31T23:59:59Z"),
            (4_107_542_400, "2100-03-01T00:00:00Z"),
        ] {
            assert_eq!(to_rfc3339(seconds), text);
        }
    }

    #[test]
    fn what_is_no_time_is_none() {
        for wrong in [
            "",
            "Sun, 06 Nov 1994 08:49:37",
            "Sun, 06 Nov 1994 08:49:37 CET",
            "Sun, 06 anF 1994 08:49:37 GMT",
            "Sun, 00 Nov 1994 08:49:37 GMT",
            "Sun, 06 Nov 1994 24:49:37 GMT",
            "Sun, 06 Nov +994 08:49:37 GMT",
            "Sun, 06 Nov 99999999999 08:49:37 GMT",
            "Sun, 06 Nov 1994 9999999999999999999:49:37 GMT",
            "Sun, 06 Nov 1994 08:9999999999999999999:37 GMT",
        ] {
            assert_eq!(http(wrong), None, "{wrong}");
        }
        for wrong in [
            "",
            "1994-11-06",
            "1994-11-06T08:49:37",
            "1994-13-06T08:49:37Z",
            "1994-11-06T08:49:37Zulu",
            "1969-11-06T08:49:37Z",
        ] {
            assert_eq!(rfc3339(wrong), None, "{wrong}");
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(seconds in 0..253_402_300_800_u64) {
            prop_assert_eq!(rfc3339(&to_rfc3339(seconds)), Some(seconds));
        }

        #[test]
        fn any_second_can_be_written(seconds in any::<u64>()) {
            let _ = to_rfc3339(seconds);
        }

        #[test]
        fn never_panics(text in ".{0,60}") {
            let _ = (http(&text), rfc3339(&text));
        }

        #[test]
        fn almost_times_never_panic(
            header in "[A-Z][a-z]{2}, [0-9]{1,3} (Jan|Feb|Dec|xyz) [0-9]{1,6} [0-9]{1,20}:[0-9]{1,20}:[0-9]{1,20} GMT",
            json in "[0-9]{1,5}-[0-9]{1,3}-[0-9]{1,3}T[0-9:.]{0,24}[Z+-][0-9:]{0,24}",
        ) {
            let _ = (http(&header), rfc3339(&json));
        }
    }
}
