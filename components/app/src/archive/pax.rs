//! Extended headers of the `pax` format (POSIX.1-2017, pax, "pax Extended Header").

use super::ArchiveError;

/// What of an extended header matters here.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Extended {
    /// The name of the file.
    pub(super) path: Option<Vec<u8>>,
    /// The size of the file, in bytes.
    pub(super) size: Option<u64>,
    /// Whether the file has holes that are not in the archive.
    pub(super) sparse: bool,
}

impl Extended {
    /// Reads the records of a header, `LENGTH KEY=VALUE\n` each, with nothing between
    /// them and nothing behind them.
    pub(super) fn parse(mut records: &[u8]) -> Result<Self, ArchiveError> {
        let mut extended = Self::default();
        while !records.is_empty() {
            let (key, value, rest) = record(records).ok_or(ArchiveError::Header(
                "has an extended header that can't be read",
            ))?;
            match key {
                b"path" => extended.path = Some(value.to_vec()),
                b"size" => {
                    let size = std::str::from_utf8(value).ok().and_then(|v| v.parse().ok());
                    extended.size = Some(size.ok_or(ArchiveError::Header(
                        "has an extended header with a size that is no number",
                    ))?);
                }
                key => extended.sparse |= key.starts_with(b"GNU.sparse"),
            }
            records = rest;
        }
        Ok(extended)
    }
}

/// Key, value, and what follows.
fn record(records: &[u8]) -> Option<(&[u8], &[u8], &[u8])> {
    let space = records.iter().position(|byte| *byte == b' ')?;
    let digits = records.get(..space)?;
    if digits.len() > 6 || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let length: usize = std::str::from_utf8(digits).ok()?.parse().ok()?;
    let (record, rest) = records.split_at_checked(length)?;
    let record = record.get(space + 1..)?.strip_suffix(b"\n")?;
    let equals = record.iter().position(|byte| *byte == b'=')?;
    Some((record.get(..equals)?, record.get(equals + 1..)?, rest))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn records_follow_one_another() {
        let text = b"12 path=a\nb\n13 mtime=1.5\n11 size=12\n22 GNU.sparse.major=1\n";
        assert_eq!(
            Extended::parse(text).unwrap(),
            Extended {
                path: Some(b"a\nb".to_vec()),
                size: Some(12),
                sparse: true,
            }
        );
    }

    #[test]
    fn what_could_be_read_in_two_ways_is_refused() {
        for text in [
            "x",
            "\n11 size=12\n",
            "11 size=12",
            "12 size=12\n",
            "+11 size=12\n",
            "0 ",
            "3 \n",
            "11 size=-2\n",
            "9999999999999999999999 a=b\n",
            "11 size=12\n\n",
            "8 path\n",
        ] {
            assert!(Extended::parse(text.as_bytes()).is_err(), "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn never_panics(bytes in "[0-9 a=\n]{0,60}") {
            let _ = Extended::parse(bytes.as_bytes());
        }
    }
}
