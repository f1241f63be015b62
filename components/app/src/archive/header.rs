//! One header of a tar archive.

use tar::{EntryType, Header};
use wharf_oci::problem::clean;

use super::{ArchiveError, BLOCK};

/// What an entry is, and how many bytes follow its header.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) kind: Kind,
    pub(super) size: u64,
    pub(super) name: Vec<u8>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    File,
    Directory,
    /// The name of the next entry, which is too long for its header.
    LongName,
    /// Where the next entry, a link, leads.
    LongLink,
    /// More about the next entry.
    Extended,
    /// More about all that follow.
    Global,
    /// What is not unpacked, in words.
    Refused(&'static str),
}

impl Entry {
    /// Reads a header.
    pub(super) fn read(block: &[u8; BLOCK]) -> Result<Self, ArchiveError> {
        let header = Header::from_byte_slice(block);
        let damaged =
            ArchiveError::Header("has a header with a wrong checksum: is it a tar archive?");
        if header.cksum().ok() != Some(checksum(block)) {
            return Err(damaged);
        }
        let size = header.entry_size().ok().filter(|_| has_one_size(header));
        let kind = match header.entry_type() {
            EntryType::Regular | EntryType::Continuous => Kind::File,
            EntryType::Directory => Kind::Directory,
            EntryType::GNULongName => Kind::LongName,
            EntryType::GNULongLink => Kind::LongLink,
            EntryType::XHeader => Kind::Extended,
            EntryType::XGlobalHeader => Kind::Global,
            EntryType::Link => Kind::Refused("a hard link"),
            EntryType::Symlink => Kind::Refused("a symbolic link"),
            EntryType::Char | EntryType::Block => Kind::Refused("a device"),
            EntryType::Fifo => Kind::Refused("a named pipe"),
            EntryType::GNUSparse => Kind::Refused("a sparse file"),
            _ => Kind::Refused("of a kind that is not known"),
        };
        Ok(Self {
            kind,
            size: size.ok_or(ArchiveError::Header("has a size that is no number"))?,
            name: header.path_bytes().into_owned(),
        })
    }
}

/// The sum of a header's bytes, its own field taken for spaces.
fn checksum(block: &[u8; BLOCK]) -> u32 {
    const FIELD: std::ops::Range<usize> = 148..156;
    let bytes = block.iter().enumerate();
    bytes
        .map(|(at, byte)| if FIELD.contains(&at) { b' ' } else { *byte })
        .map(u32::from)
        .sum()
}

/// A size in binary must have room in 64 bits: of a larger one, readers differ in what
/// they take.
fn has_one_size(header: &Header) -> bool {
    match header.as_old().size {
        [first, ..] if first & 0x80 == 0 => true,
        [0x80, 0, 0, 0, first, ..] => first & 0x80 == 0,
        _ => false,
    }
}

/// Refuses a name that leads out of where it is unpacked, on any system.
pub(super) fn check_name(name: &[u8]) -> Result<(), ArchiveError> {
    let is_separator = |byte: &u8| matches!(byte, b'/' | b'\\');
    let is_absolute = name.first().is_some_and(is_separator)
        || matches!(name, [drive, b':', ..] if drive.is_ascii_alphabetic());
    let leads_up = name.split(is_separator).any(|part| part == b"..");
    if is_absolute || leads_up || name.contains(&0) {
        return Err(ArchiveError::Name(shown(name)));
    }
    Ok(())
}

/// A name on one line.
pub(super) fn shown(name: &[u8]) -> String {
    clean(&String::from_utf8_lossy(name), 200)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_lead_out_are_refused_and_odd_ones_are_not() {
        for name in [
            &b"/etc/passwd"[..],
            b"..",
            b"a/../b",
            b"a/..",
            b"..\\a",
            b"\\\\server\\share",
            b"C:\\x",
            b"c:x",
            b"a\0b",
        ] {
            assert!(check_name(name).is_err(), "{}", shown(name));
        }
        for name in [
            &b"./a"[..],
            b"",
            b".",
            b"...",
            b"a..b/..c",
            b"nul",
            b"\xff",
            b"ab:c",
        ] {
            assert_eq!(check_name(name), Ok(()), "{}", shown(name));
        }
    }

    #[test]
    fn a_size_of_more_than_63_bits_is_none() {
        let mut header = Header::new_gnu();
        let mut read = |size: [u8; 12]| {
            header.as_old_mut().size = size;
            header.set_cksum();
            Entry::read(header.as_bytes()).map(|entry| entry.size).ok()
        };
        assert_eq!(read(*b"00000000017\0"), Some(15));
        assert_eq!(read([0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0]), Some(256));
        assert_eq!(read([0x80, 1, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0]), None);
        assert_eq!(read([0xff; 12]), None);
        assert_eq!(read(*b"-0000000017\0"), None);
        assert_eq!(read(*b"9999999999\0\0"), None);
        let mut block = *header.as_bytes();
        block[0] ^= 1;
        assert!(matches!(Entry::read(&block), Err(ArchiveError::Header(_))));
    }
}
