//! From files to the bytes of an archive.

use std::io::Write as _;

use flate2::write::GzEncoder;
use flate2::{Compression, GzBuilder};
use tar::{EntryType, Header};

use super::BLOCK;

/// How hard it is compressed, of 9: the usual, beyond which little is gained.
const LEVEL: u32 = 6;

/// The system that a gzip header names: none (RFC 1952, "OS").
const NO_SYSTEM: u8 = 255;

/// What GNU tar calls an entry that holds the name of the next one.
const LONG_NAME: &[u8] = b"././@LongLink";

/// Packs files into an archive, whose bytes are [taken](Packer::take) as they are
/// made. The same files give the same bytes: nothing but names and content is in it.
#[derive(Debug)]
pub struct Packer {
    gzip: GzEncoder<Vec<u8>>,
    /// How many bytes of the file that was begun are to come.
    left: u64,
    /// How many zeros stand behind it.
    padding: usize,
}

/// A file got more bytes, or fewer, than it was said to have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a file of the archive got more bytes, or fewer, than it was said to have")]
pub struct SizeError;

impl Packer {
    /// An archive without files.
    #[must_use]
    pub fn new() -> Self {
        let gzip = GzBuilder::new().mtime(0).operating_system(NO_SYSTEM);
        Self {
            gzip: gzip.write(Vec::new(), Compression::new(LEVEL)),
            left: 0,
            padding: 0,
        }
    }

    /// Begins a file of `size` bytes, which are to [come](Self::data) next. The one
    /// before must be whole. Names are relative, with `/`.
    pub fn file(&mut self, name: &str, size: u64) -> Result<(), SizeError> {
        self.end_file()?;
        // As tools that pack a directory write it, and so as readers know it.
        let name = [b"./", name.as_bytes()].concat();
        let mut header = header(EntryType::Regular, size);
        if !set_name(&mut header, &name) {
            let mut long = self::header(EntryType::GNULongName, name.len() as u64 + 1);
            set_name(&mut long, LONG_NAME);
            long.set_cksum();
            self.write(long.as_bytes());
            self.write(&name);
            self.write(&vec![0; padding(name.len() as u64 + 1) + 1]);
        }
        header.set_cksum();
        self.write(header.as_bytes());
        self.left = size;
        self.padding = padding(size);
        Ok(())
    }

    /// Adds the next bytes of the file.
    pub fn data(&mut self, bytes: &[u8]) -> Result<(), SizeError> {
        self.left = self.left.checked_sub(bytes.len() as u64).ok_or(SizeError)?;
        self.write(bytes);
        Ok(())
    }

    /// The next bytes of the archive, as many as there are.
    pub fn take(&mut self) -> Vec<u8> {
        std::mem::take(self.gzip.get_mut())
    }

    /// The last bytes of the archive. The last file must be whole.
    pub fn finish(mut self) -> Result<Vec<u8>, SizeError> {
        self.end_file()?;
        self.write(&[0; 2 * BLOCK]);
        // Writing to memory can't fail.
        Ok(self.gzip.finish().unwrap_or_default())
    }

    fn end_file(&mut self) -> Result<(), SizeError> {
        if self.left > 0 {
            return Err(SizeError);
        }
        let zeros = vec![0; std::mem::take(&mut self.padding)];
        self.write(&zeros);
        Ok(())
    }

    fn write(&mut self, bytes: &[u8]) {
        // Writing to memory can't fail.
        let _ = self.gzip.write_all(bytes);
    }
}

impl Default for Packer {
    fn default() -> Self {
        Self::new()
    }
}

/// A header without a name, of nobody's and of no time.
fn header(kind: EntryType, size: u64) -> Header {
    let mut header = Header::new_gnu();
    header.set_entry_type(kind);
    header.set_size(size);
    header.set_mode(0o644);
    header.set_uid(0);
    header.set_gid(0);
    header.set_mtime(0);
    header
}

/// Puts a name into a header, as much of it as has room. Whether that was all.
fn set_name(header: &mut Header, name: &[u8]) -> bool {
    let field = &mut header.as_old_mut().name;
    for (place, byte) in field.iter_mut().zip(name) {
        *place = *byte;
    }
    name.len() <= field.len()
}

/// How many zeros follow so many bytes.
fn padding(size: u64) -> usize {
    let over = usize::try_from(size % BLOCK as u64).unwrap_or_default();
    (BLOCK - over) % BLOCK
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use flate2::read::GzDecoder;

    use super::*;

    fn packed(files: &[(&str, &[u8])]) -> Vec<u8> {
        let mut packer = Packer::new();
        let mut bytes = Vec::new();
        for (name, content) in files {
            packer.file(name, content.len() as u64).unwrap();
            for piece in content.chunks(1_000) {
                packer.data(piece).unwrap();
                bytes.extend(packer.take());
            }
        }
        bytes.extend(packer.finish().unwrap());
        bytes
    }

    #[test]
    fn other_tools_read_it() {
        let long = "d/".repeat(100) + "name";
        let content: Vec<u8> = (0..100_000_u32).map(|n| (n % 251) as u8).collect();
        let files: [(&str, &[u8]); 4] = [
            ("a.txt", b"hello"),
            ("empty", b""),
            ("exact", &[7; 512]),
            (&long, &content),
        ];
        let bytes = packed(&files);
        assert_eq!(&bytes[..10], [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255]);
        let mut archive = tar::Archive::new(GzDecoder::new(bytes.as_slice()));
        let mut entries = archive.entries().unwrap();
        for (name, content) in files {
            let mut entry = entries.next().unwrap().unwrap();
            let path = entry.path_bytes().into_owned();
            assert_eq!(path, format!("./{name}").into_bytes());
            let header = entry.header();
            assert_eq!(header.mtime().unwrap(), 0);
            assert_eq!(header.uid().unwrap() + header.gid().unwrap(), 0);
            assert_eq!(header.mode().unwrap(), 0o644);
            let mut read = Vec::new();
            entry.read_to_end(&mut read).unwrap();
            assert!(read == content, "{name}");
        }
        assert!(entries.next().is_none());
    }

    /// Digests of published archives stand and fall with the compressor.
    #[test]
    fn the_same_files_give_the_bytes_that_they_gave_before() {
        use sha2::{Digest as _, Sha256};
        let text = "A line of a file, as it may be.\n".repeat(5_000);
        let noise: Vec<u8> = (0..50_000_u32)
            .map(|n| (n.wrapping_mul(2_654_435_761) >> 13).to_le_bytes()[0])
            .collect();
        let bytes = packed(&[("noise", &noise), ("text", text.as_bytes())]);
        let digest = wharf_oci::Digest::from_sha256(&Sha256::digest(&bytes).into());
        assert_eq!(
            digest.as_str(),
            "sha256:66bb28e93f7326ad354a0c79fb32a2a451023d38a0e0efadb4b9eab5f0ab0148"
        );
    }

    #[test]
    fn a_file_has_the_size_that_was_said() {
        let mut packer = Packer::new();
        packer.file("a", 3).unwrap();
        assert_eq!(packer.data(b"four"), Err(SizeError));
        assert_eq!(packer.file("b", 1), Err(SizeError));
        packer.data(b"thr").unwrap();
        packer.file("b", 1).unwrap();
        assert_eq!(packer.finish(), Err(SizeError));
    }
}
