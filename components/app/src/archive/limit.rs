//! How much archives may hold.

use super::ArchiveError;

/// How many entries the archives of one artifact may have, directories included,
/// unless somebody says otherwise.
pub const MOST_ENTRIES: u64 = 10_000;

/// How many bytes the archives of one artifact may have unpacked, unless somebody says
/// otherwise.
pub const MOST_BYTES: u64 = 2 * 1024 * 1024 * 1024;

/// How many times its size an archive may have unpacked, unless somebody says how many
/// bytes there may be. Text shrinks to a tenth, a bomb to a thousandth.
pub const MOST_RATIO: u64 = 100;

/// Up to how many bytes the ratio does not matter: what compresses so well that it
/// does harm needs some room to do it in.
const SMALL_BYTES: u64 = 64 * 1024 * 1024;

/// The largest extension of one entry's header, in bytes: a name has at most 4 KiB,
/// and its owners and times need less.
pub const MOST_EXTENSION_BYTES: u64 = 64 * 1024;

/// What somebody says about how much archives may hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Limits {
    /// How many bytes they may have unpacked, all together; none for [`MOST_BYTES`]
    /// and [`MOST_RATIO`].
    pub bytes: Option<u64>,
    /// How many entries they may have, all together; none for [`MOST_ENTRIES`].
    pub entries: Option<u64>,
}

/// What is left of the limits, for all archives of one artifact.
#[derive(Debug, Clone)]
pub struct Budget {
    bytes: Bytes,
    bytes_left: u64,
    entries: u64,
    entries_left: u64,
}

/// Where the bound on bytes comes from.
#[derive(Debug, Clone, Copy)]
enum Bytes {
    Total(u64),
    Ratio,
}

impl Budget {
    /// All of the limits, for archives that have `packed` bytes together.
    #[must_use]
    pub fn new(limits: Limits, packed: u64) -> Self {
        let by_ratio = packed.saturating_mul(MOST_RATIO).max(SMALL_BYTES);
        let (bytes, bytes_left) = match limits.bytes {
            Some(most) => (Bytes::Total(most), most),
            None if by_ratio < MOST_BYTES => (Bytes::Ratio, by_ratio),
            None => (Bytes::Total(MOST_BYTES), MOST_BYTES),
        };
        let entries = limits.entries.unwrap_or(MOST_ENTRIES);
        Self {
            bytes,
            bytes_left,
            entries,
            entries_left: entries,
        }
    }

    /// Uses up bytes that came out of an archive.
    pub(super) fn unpacked(&mut self, bytes: usize) -> Result<(), ArchiveError> {
        match self.bytes_left.checked_sub(bytes as u64) {
            Some(left) => {
                self.bytes_left = left;
                Ok(())
            }
            None => Err(self.too_large()),
        }
    }

    /// Refuses an entry at once that is said to have more bytes than are left.
    pub(super) fn promised(&self, bytes: u64) -> Result<(), ArchiveError> {
        if bytes > self.bytes_left {
            return Err(self.too_large());
        }
        Ok(())
    }

    /// Uses up one entry.
    pub(super) fn entry(&mut self) -> Result<(), ArchiveError> {
        match self.entries_left.checked_sub(1) {
            Some(left) => {
                self.entries_left = left;
                Ok(())
            }
            None => Err(ArchiveError::TooMany(self.entries)),
        }
    }

    fn too_large(&self) -> ArchiveError {
        match self.bytes {
            Bytes::Total(most) => ArchiveError::TooLarge(most),
            Bytes::Ratio => ArchiveError::Ratio,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_asked_for_counts_and_else_the_ratio_and_the_total() {
        let limits = |bytes| Limits {
            bytes,
            entries: Some(1),
        };
        for (bytes, packed, most, error) in [
            (Some(10), u64::MAX, 10, ArchiveError::TooLarge(10)),
            (None, 1, SMALL_BYTES, ArchiveError::Ratio),
            (None, 1 << 20, 100 << 20, ArchiveError::Ratio),
            (
                None,
                u64::MAX,
                MOST_BYTES,
                ArchiveError::TooLarge(MOST_BYTES),
            ),
        ] {
            let mut budget = Budget::new(limits(bytes), packed);
            assert_eq!(budget.promised(most), Ok(()));
            assert_eq!(budget.promised(most + 1), Err(error.clone()));
            assert_eq!(budget.unpacked(usize::try_from(most).unwrap()), Ok(()));
            assert_eq!(budget.unpacked(1), Err(error));
            assert_eq!(budget.entry(), Ok(()));
            assert_eq!(budget.entry(), Err(ArchiveError::TooMany(1)));
        }
    }
}
