//! From the bytes of an archive to those of its files.

use std::io::{self, BufRead, ErrorKind, Read};

use flate2::bufread::MultiGzDecoder;
use wharf_oci::problem::clean;

use super::entries::{Entries, Event};
use super::{ArchiveError, Budget};

/// How many bytes are inflated at a time.
const BUFFER_BYTES: usize = 64 * 1024;

/// Unpacks one archive, whose bytes are [fed](Unpacker::feed) as they come.
#[derive(Debug)]
pub struct Unpacker {
    gzip: MultiGzDecoder<Feed>,
    entries: Entries,
    buffer: Vec<u8>,
    /// What of the buffer was not looked at yet.
    waiting: std::ops::Range<usize>,
}

/// What comes next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step<'a> {
    /// A file begins, of this many bytes.
    File(u64),
    /// These are the next of its bytes.
    Data(&'a [u8]),
    /// It was all of the file.
    Complete,
    /// More bytes of the archive are needed, or the word that there are none.
    Hungry,
    /// That was all of the archive, and all of it is right.
    End,
}

impl Unpacker {
    /// Of an archive from its beginning.
    #[must_use]
    pub fn new() -> Self {
        Self {
            gzip: MultiGzDecoder::new(Feed::default()),
            entries: Entries::new(),
            buffer: vec![0; BUFFER_BYTES],
            waiting: 0..0,
        }
    }

    /// Adds the next bytes of the archive.
    pub fn feed(&mut self, bytes: &[u8]) {
        let feed = self.gzip.get_mut();
        feed.bytes.drain(..feed.read);
        feed.read = 0;
        feed.bytes.extend_from_slice(bytes);
    }

    /// Says that there are no more.
    pub fn feed_end(&mut self) {
        self.gzip.get_mut().ended = true;
    }

    /// The next step. Uses up the budget.
    pub fn step(&mut self, budget: &mut Budget) -> Result<Step<'_>, ArchiveError> {
        loop {
            let mut input = self.buffer.get(self.waiting.clone()).unwrap_or_default();
            let before = input.len();
            let event = self.entries.next(&mut input, budget)?;
            let start = self.waiting.start;
            self.waiting.start += before - input.len();
            match event {
                Some(Event::File(size)) => return Ok(Step::File(size)),
                Some(Event::Complete) => return Ok(Step::Complete),
                Some(Event::Data(piece)) => {
                    let end = self.waiting.start;
                    let piece = end - piece.len()..end;
                    debug_assert!(piece.start >= start, "it was read just now");
                    return Ok(Step::Data(self.buffer.get(piece).unwrap_or_default()));
                }
                None => {}
            }
            match self.gzip.read(&mut self.buffer) {
                Ok(0) => {
                    self.entries.finish()?;
                    return Ok(Step::End);
                }
                Ok(read) => {
                    budget.unpacked(read)?;
                    self.waiting = 0..read;
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(Step::Hungry),
                Err(error) if error.kind() == ErrorKind::UnexpectedEof => {
                    return Err(ArchiveError::Truncated);
                }
                Err(error) => return Err(ArchiveError::Gzip(clean(&error.to_string(), 100))),
            }
        }
    }
}

impl Default for Unpacker {
    fn default() -> Self {
        Self::new()
    }
}

/// The bytes of an archive as far as they came.
#[derive(Debug, Default)]
struct Feed {
    bytes: Vec<u8>,
    read: usize,
    ended: bool,
}

impl BufRead for Feed {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        let left = self.bytes.get(self.read..).unwrap_or_default();
        if left.is_empty() && !self.ended {
            return Err(ErrorKind::WouldBlock.into());
        }
        Ok(left)
    }

    fn consume(&mut self, bytes: usize) {
        self.read = self.bytes.len().min(self.read + bytes);
    }
}

impl Read for Feed {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let mut left = self.fill_buf()?;
        let read = left.read(buffer)?;
        self.consume(read);
        Ok(read)
    }
}

#[cfg(test)]
mod tests;
