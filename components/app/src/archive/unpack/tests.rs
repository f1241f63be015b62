use std::io::Write as _;

use flate2::Compression;
use flate2::write::GzEncoder;
use proptest::prelude::*;
use tar::{Builder, EntryType, Header};

use super::*;
use crate::archive::{BLOCK, Limits, MOST_EXTENSION_BYTES, Packer};

/// Everything in an archive that comes in pieces of a size, file by file.
fn unpacked_by(limits: Limits, bytes: &[u8], step: usize) -> Result<Vec<Vec<u8>>, ArchiveError> {
    let mut budget = Budget::new(limits, bytes.len() as u64);
    let mut unpacker = Unpacker::new();
    let mut pieces = bytes.chunks(step);
    let mut files: Vec<Vec<u8>> = Vec::new();
    let (mut expected, mut whole) = (0, 0);
    loop {
        match unpacker.step(&mut budget)? {
            Step::File(size) => {
                expected = size;
                files.push(Vec::new());
            }
            Step::Data(piece) => files.last_mut().unwrap().extend_from_slice(piece),
            Step::Complete => {
                whole += 1;
                assert_eq!(files.last().unwrap().len() as u64, expected);
            }
            Step::Hungry => match pieces.next() {
                Some(piece) => unpacker.feed(piece),
                None => unpacker.feed_end(),
            },
            Step::End => {
                assert_eq!(files.len(), whole);
                return Ok(files);
            }
        }
    }
}

fn unpacked(bytes: &[u8]) -> Result<Vec<Vec<u8>>, ArchiveError> {
    unpacked_by(Limits::default(), bytes, 10_000)
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut gzip = GzEncoder::new(Vec::new(), Compression::default());
    gzip.write_all(bytes).unwrap();
    gzip.finish().unwrap()
}

/// One entry, as it is said and without a check.
fn entry(kind: u8, name: &str, size: u64, data: &[u8]) -> Vec<u8> {
    let mut header = Header::new_ustar();
    header.as_old_mut().name[..name.len()].copy_from_slice(name.as_bytes());
    header.set_entry_type(EntryType::new(kind));
    header.set_size(size);
    header.set_mode(0o644);
    header.set_cksum();
    let mut bytes = header.as_bytes().to_vec();
    bytes.extend_from_slice(data);
    bytes.resize(bytes.len().next_multiple_of(BLOCK), 0);
    bytes
}

fn file(name: &str, data: &[u8]) -> Vec<u8> {
    entry(b'0', name, data.len() as u64, data)
}

/// An archive of these entries.
fn archive(entries: &[Vec<u8>]) -> Vec<u8> {
    let mut bytes = entries.concat();
    bytes.resize(bytes.len() + 2 * BLOCK, 0);
    gzip(&bytes)
}

fn record(key: &str, value: &str) -> Vec<u8> {
    let rest = format!(" {key}={value}\n");
    let length = (1..1_000).find(|n: &usize| n.to_string().len() + rest.len() == *n);
    format!("{}{rest}", length.unwrap()).into_bytes()
}

fn extended(records: &[u8]) -> Vec<u8> {
    entry(b'x', "PaxHeaders/x", records.len() as u64, records)
}

#[test]
fn what_other_tools_write_is_read() {
    for (gnu, long) in [(true, false), (true, true), (false, false)] {
        let name = if long {
            "n".repeat(300)
        } else {
            "a/b".to_owned()
        };
        let mut builder = Builder::new(Vec::new());
        let mut header = if gnu {
            Header::new_gnu()
        } else {
            Header::new_ustar()
        };
        header.set_mode(0o755);
        header.set_mtime(1_700_000_000);
        header.set_size(0);
        header.set_entry_type(EntryType::Directory);
        builder.append_data(&mut header, "./a/", &b""[..]).unwrap();
        header.set_entry_type(EntryType::Regular);
        for content in [&b"one"[..], &[5; 3_000], b""] {
            header.set_size(content.len() as u64);
            builder.append_data(&mut header, &name, content).unwrap();
        }
        let bytes = gzip(&builder.into_inner().unwrap());
        let files = [b"one".to_vec(), vec![5; 3_000], Vec::new()];
        assert_eq!(unpacked(&bytes).unwrap(), files);
    }
}

#[test]
fn extensions_and_padding_and_several_members_are_read() {
    let records = [
        record("mtime", "1.5"),
        record("path", &"p".repeat(200)),
        record("size", "3"),
    ];
    let entries = [
        entry(b'g', "pax_global_header", 13, &record("comment", "x")),
        extended(&records.concat()),
        file("short", b"one"),
        entry(b'L', "././@LongLink", 5, b"long\0"),
        file("lon", b"two"),
    ];
    let mut bytes = entries.concat();
    bytes.resize(bytes.len().next_multiple_of(10_240), 0);
    let (one, two) = bytes.split_at(700);
    let members = [gzip(one), gzip(b""), gzip(two)].concat();
    assert_eq!(unpacked(&members).unwrap(), [b"one", b"two"]);
}

#[test]
fn links_devices_and_names_that_lead_out_are_refused_by_name() {
    for (kind, word) in [
        (b'1', "a hard link"),
        (b'2', "a symbolic link"),
        (b'3', "a device"),
        (b'4', "a device"),
        (b'6', "a named pipe"),
        (b'S', "a sparse file"),
        (b'Z', "of a kind that is not known"),
    ] {
        let bytes = archive(&[file("good", b"x"), entry(kind, "bad", 0, b"")]);
        let error = unpacked(&bytes).unwrap_err();
        assert!(error.is_hostile());
        assert!(
            error
                .to_string()
                .contains(&format!("`bad`, which is {word}")),
            "{error}"
        );
    }
    let name = ArchiveError::Name("../x".to_owned());
    let long = "y".repeat(150);
    for entries in [
        vec![file("../x", b"")],
        vec![entry(b'5', "../x", 0, b"")],
        vec![entry(b'L', "l", 5, b"../x\0"), file("good", b"")],
        vec![extended(&record("path", "../x")), file("good", b"")],
        vec![extended(&record("path", "good")), file("../x", b"")],
        vec![
            extended(&record("path", &long)),
            entry(b'L', "l", 4, b"../x"),
            file("good", b""),
        ],
    ] {
        assert_eq!(unpacked(&archive(&entries)).unwrap_err(), name);
    }
    let bytes = archive(&[
        extended(&record("GNU.sparse.major", "1")),
        file("holes", b""),
    ]);
    assert!(
        unpacked(&bytes)
            .unwrap_err()
            .to_string()
            .contains("`holes`, which is a sparse")
    );
}

/// What one reader takes for bytes of a file is an entry to another.
#[test]
fn two_sizes_of_one_entry_are_refused() {
    let inner = file("smuggled", b"x");
    for entries in [
        vec![extended(&record("size", "0")), file("outer", &inner)],
        vec![
            extended(&record("size", "1024")),
            entry(b'0', "outer", 0, &inner),
        ],
        vec![
            extended(&record("size", "1024")),
            extended(&record("mtime", "1")),
            file("outer", &inner),
        ],
        vec![
            entry(b'g', "g", 11, &record("size", "10")),
            file("outer", &inner),
        ],
        vec![entry(b'5', "directory/", 512, &inner)],
        vec![extended(b"\n10 size=1\n"), file("outer", b"")],
    ] {
        let error = unpacked(&archive(&entries)).unwrap_err();
        assert!(matches!(error, ArchiveError::Header(_)), "{error}");
    }
}

#[test]
fn what_is_not_whole_or_has_more_is_refused() {
    let good = archive(&[file("a", &[9; 5_000])]);
    for cut in [0, 5, 15, good.len() / 2, good.len() - 8, good.len() - 1] {
        assert_eq!(
            unpacked(&good[..cut]).unwrap_err(),
            ArchiveError::Truncated,
            "{cut}"
        );
    }
    let no_end = gzip(&file("a", b"x"));
    assert_eq!(unpacked(&no_end).unwrap_err(), ArchiveError::Truncated);
    let short = gzip(&entry(b'0', "a", 5_000, b"x"));
    assert_eq!(unpacked(&short).unwrap_err(), ArchiveError::Truncated);
    let behind = [good.clone(), b"more".to_vec()].concat();
    let error = unpacked(&behind).unwrap_err();
    assert!(
        matches!(error, ArchiveError::Gzip(_) | ArchiveError::Truncated),
        "{error}"
    );
    let behind = [good.clone(), gzip(b"more")].concat();
    assert_eq!(unpacked(&behind).unwrap_err(), ArchiveError::Trailing);
    let mut wrong = good.clone();
    let crc = wrong.len() - 6;
    wrong[crc] ^= 1;
    assert!(matches!(unpacked(&wrong), Err(ArchiveError::Gzip(_))));
    assert!(matches!(
        unpacked(b"PK\x03\x04 is no gzip"),
        Err(ArchiveError::Gzip(_))
    ));
    assert!(matches!(
        unpacked(&gzip(&[b'x'; 600])),
        Err(ArchiveError::Header(_))
    ));
    let announced = archive(&[extended(&record("path", "a"))]);
    assert!(matches!(unpacked(&announced), Err(ArchiveError::Header(_))));
}

#[test]
fn bombs_are_refused_before_they_do_harm() {
    let limits = |bytes, entries| Limits { bytes, entries };
    let zeros = archive(&[file("zeros", &vec![0; 70 << 20])]);
    assert!(zeros.len() < 100_000);
    assert_eq!(unpacked(&zeros).unwrap_err(), ArchiveError::Ratio);
    let said = unpacked_by(limits(Some(80 << 20), None), &zeros, 1_000).unwrap();
    assert_eq!(said[0].len(), 70 << 20);
    // Refused for what it says, with nothing of it there.
    let huge = gzip(&entry(b'0', "huge", 1 << 60, b""));
    let error = unpacked_by(limits(Some(1 << 30), None), &huge, 1_000).unwrap_err();
    assert_eq!(error, ArchiveError::TooLarge(1 << 30));
    let many = archive(&vec![entry(b'5', "d", 0, b""); 101]);
    let error = unpacked_by(limits(None, Some(100)), &many, 1_000).unwrap_err();
    assert_eq!(error, ArchiveError::TooMany(100));
    let global = archive(&vec![entry(b'g', "g", 0, b""); 101]);
    let error = unpacked_by(limits(None, Some(100)), &global, 1_000).unwrap_err();
    assert_eq!(error, ArchiveError::TooMany(100));
    let name = vec![b'n'; usize::try_from(MOST_EXTENSION_BYTES).unwrap() + 1];
    for kind in [b'L', b'K', b'x', b'g'] {
        let bytes = archive(&[entry(kind, "l", name.len() as u64, &name), file("a", b"")]);
        assert_eq!(unpacked(&bytes).unwrap_err(), ArchiveError::Extension);
    }
}

fn names() -> impl Strategy<Value = String> {
    proptest::string::string_regex("[a-z]{1,9}(/[a-z]{1,60}){0,4}").expect("it is one")
}

proptest! {
    #[test]
    fn what_was_packed_comes_back(
        files in proptest::collection::vec((names(), proptest::collection::vec(any::<u8>(), 0..2_000)), 0..8),
        step in 1..3_000_usize,
    ) {
        let mut packer = Packer::new();
        for (name, content) in &files {
            packer.file(name, content.len() as u64).unwrap();
            packer.data(content).unwrap();
        }
        let bytes = packer.finish().unwrap();
        let contents: Vec<_> = files.into_iter().map(|(_, content)| content).collect();
        prop_assert_eq!(unpacked_by(Limits::default(), &bytes, step).unwrap(), contents);
    }

    /// What is taken is what another reader takes it for.
    #[test]
    fn a_damaged_archive_is_read_as_others_read_it(
        place in 0..4_096_usize,
        byte in any::<u8>(),
        step in 1..600_usize,
    ) {
        let mut bytes = [
            file("one", b"the first"),
            extended(&record("path", "two")),
            file("two", &[3; 700]),
            vec![0; 2 * BLOCK],
        ].concat();
        let place = place % bytes.len();
        bytes[place] = byte;
        if let Ok(files) = unpacked_by(Limits::default(), &gzip(&bytes), step) {
            let mut archive = tar::Archive::new(bytes.as_slice());
            let theirs: Vec<_> = archive
                .entries()
                .unwrap()
                .map(|entry| {
                    let mut content = Vec::new();
                    entry.unwrap().read_to_end(&mut content).unwrap();
                    content
                })
                .collect();
            prop_assert_eq!(files, theirs);
        }
    }

    #[test]
    fn never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..2_000), step in 1..100_usize) {
        let _ = unpacked_by(Limits::default(), &bytes, step);
        let _ = unpacked_by(Limits::default(), &gzip(&bytes), step);
    }
}
