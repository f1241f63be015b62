//! Byte ranges: of downloads (RFC 9110 §14), and of what an upload session holds.

use alloc::format;
use alloc::string::String;

/// The value of a `Range` header for `length` bytes from `offset` on. Closed, as
/// some registries refuse open ranges; none when `length` is 0.
#[must_use]
pub fn header(offset: u64, length: u64) -> Option<String> {
    let last = offset.checked_add(length.checked_sub(1)?)?;
    Some(format!("bytes={offset}-{last}"))
}

/// What a 206 answer holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ContentRange {
    /// The first byte's place.
    pub first: u64,
    /// The last byte's place.
    pub last: u64,
    /// The size of the whole, when told.
    pub total: Option<u64>,
}

impl ContentRange {
    /// Reads a `Content-Range` header; none when it is not `bytes first-last/total`
    /// or contradicts itself.
    #[must_use]
    pub fn parse(header: &str) -> Option<Self> {
        let (unit, rest) = header.trim().split_once(' ')?;
        if !unit.eq_ignore_ascii_case("bytes") {
            return None;
        }
        let (range, total) = rest.trim().split_once('/')?;
        let (first, last) = range.split_once('-')?;
        let range = Self {
            first: number(first)?,
            last: number(last)?,
            total: if total == "*" {
                None
            } else {
                Some(number(total)?)
            },
        };
        let consistent =
            range.first <= range.last && range.total.is_none_or(|total| range.last < total);
        consistent.then_some(range)
    }
}

/// How many bytes an upload session holds, by the `Range` of an answer about it:
/// `0-last`, without a unit in the specification and with one in some registries
/// (distribution-spec v1.1.1, end-5 and end-13). None when it says something else.
///
/// `0-0` may mean one byte or, in registries that can't say it otherwise, none: it
/// counts as none, and a byte is sent again.
#[must_use]
pub fn held(header: &str) -> Option<u64> {
    let header = header.trim();
    let range = header.strip_prefix("bytes=").unwrap_or(header);
    match range.split_once('-')? {
        ("0", "0") => Some(0),
        ("0", last) => number(last)?.checked_add(1),
        _ => None,
    }
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
    fn ranges_are_closed() {
        assert_eq!(header(0, 1).as_deref(), Some("bytes=0-0"));
        assert_eq!(header(10, 5).as_deref(), Some("bytes=10-14"));
        assert_eq!(header(10, 0), None);
        assert_eq!(header(u64::MAX, 2), None);
    }

    #[test]
    fn only_what_makes_sense_is_taken() {
        let range = ContentRange::parse("bytes 10-14/20").unwrap();
        assert_eq!((range.first, range.last, range.total), (10, 14, Some(20)));
        assert_eq!(ContentRange::parse("bytes 0-0/*").unwrap().total, None);
        for wrong in [
            "",
            "bytes",
            "bytes */20",
            "bytes 5-4/20",
            "bytes 0-20/20",
            "bytes +1-2/3",
            "items 0-1/2",
            "bytes 0-1",
        ] {
            assert_eq!(ContentRange::parse(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn what_a_session_holds() {
        assert_eq!(held("0-0"), Some(0));
        assert_eq!(held("0-9"), Some(10));
        assert_eq!(held("bytes=0-9"), Some(10));
        for wrong in [
            "",
            "9",
            "1-9",
            "0-",
            "0-+9",
            "0--1",
            "0-18446744073709551615",
        ] {
            assert_eq!(held(wrong), None, "{wrong}");
        }
    }

    proptest! {
        #[test]
        fn never_panics(text in ".{0,60}") {
            let _ = ContentRange::parse(&text);
            let _ = held(&text);
        }
    }
}
