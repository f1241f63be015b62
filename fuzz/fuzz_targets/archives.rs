//! Archives: one that is taken is read as another reader reads it, however it comes.
#![no_main]

use std::io::{Read as _, Write as _};

use flate2::Compression;
use flate2::write::GzEncoder;
use libfuzzer_sys::fuzz_target;
use wharf_app::archive::{ArchiveError, Budget, Limits, Step, Unpacker};

const LIMITS: Limits = Limits {
    bytes: Some(1 << 20),
    entries: Some(100),
};

/// The files of an archive that comes in pieces of a size.
fn unpacked(bytes: &[u8], step: usize) -> Result<Vec<Vec<u8>>, ArchiveError> {
    let mut budget = Budget::new(LIMITS, bytes.len() as u64);
    let mut unpacker = Unpacker::new();
    let mut pieces = bytes.chunks(step);
    let mut files: Vec<Vec<u8>> = Vec::new();
    let mut size = 0;
    loop {
        match unpacker.step(&mut budget)? {
            Step::File(said) => {
                size = said;
                files.push(Vec::new());
            }
            Step::Data(piece) => files.last_mut().expect("one began").extend_from_slice(piece),
            Step::Complete => assert_eq!(files.last().map(|file| file.len() as u64), Some(size)),
            Step::Hungry => match pieces.next() {
                Some(piece) => unpacker.feed(piece),
                None => unpacker.feed_end(),
            },
            Step::End => return Ok(files),
        }
    }
}

// How it comes in the first byte, then an archive as it is, or not yet compressed.
fuzz_target!(|input: &[u8]| {
    let Some((how, bytes)) = input.split_first() else {
        return;
    };
    let step = 1 + usize::from(how >> 1);
    if how & 1 == 0 {
        // What is wrong is told as it is met, and that depends on how much came.
        let whole = unpacked(bytes, bytes.len().max(1)).ok();
        assert_eq!(unpacked(bytes, step).ok(), whole);
        return;
    }
    let mut gzip = GzEncoder::new(Vec::new(), Compression::none());
    gzip.write_all(bytes).expect("it goes to memory");
    let packed = gzip.finish().expect("it goes to memory");
    let Ok(files) = unpacked(&packed, step) else {
        return;
    };
    let mut archive = tar::Archive::new(bytes);
    let entries = archive.entries().expect("it is an archive");
    let theirs = entries.filter_map(|entry| {
        let mut entry = entry.expect("it is an archive");
        let mut content = Vec::new();
        entry.read_to_end(&mut content).expect("it is an archive");
        entry.header().entry_type().is_file().then_some(content)
    });
    assert_eq!(files, theirs.collect::<Vec<_>>());
});
