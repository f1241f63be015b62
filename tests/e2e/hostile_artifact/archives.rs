//! Archives of files.

use wharf_tests::Artifact;
use wharf_tests::archive::{entry, extended, file, gzip, tar};
use wharf_tests::artifact::ARCHIVE;

use super::{Case, fetched, loaded};

/// What is in the one file that each application here names, and each archive has.
fn content() -> Vec<u8> {
    b"In the archive, under whatever name. ".repeat(10)
}

/// Nothing is wrong with this one.
pub(super) fn good() -> Vec<u8> {
    gzip(&tar(&[file("x.txt", &content())]))
}

/// An application with an archive of these bytes.
fn with(archive: Vec<u8>) -> Artifact {
    Artifact::new()
        .names("x.txt", &wharf_tests::digest(&content()))
        .layer(ARCHIVE, archive)
}

/// With an archive of these entries, after the one that is right.
fn of(entries: &[Vec<u8>]) -> Artifact {
    let entries: Vec<_> = [file("x.txt", &content())]
        .into_iter()
        .chain(entries.iter().cloned())
        .collect();
    with(gzip(&tar(&entries)))
}

fn link(kind: u8, name: &str, target: &str) -> Vec<u8> {
    let mut bytes = entry(kind, name, 0, b"");
    bytes[157..157 + target.len()].copy_from_slice(target.as_bytes());
    bytes[148..156].copy_from_slice(b"        ");
    let sum: u32 = bytes.iter().map(|byte| u32::from(*byte)).sum();
    bytes[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    bytes
}

fn entries_that_lead_elsewhere() -> Vec<Case> {
    let long = [b"a/../../../".repeat(20), b"escape\0".to_vec()].concat();
    let long = entry(b'L', "././@LongLink", long.len() as u64, &long);
    vec![
        Case::refused(
            "a name that leads up",
            of(&[file("../escape", b"x")]),
            7,
            "`../escape`",
        ),
        Case::refused(
            "an absolute name",
            of(&[file("/etc/escape", b"x")]),
            7,
            "`/etc/escape`",
        ),
        Case::refused(
            "a name of Windows",
            of(&[file(r"..\escape", b"x")]),
            7,
            r"`..\escape`",
        ),
        Case::refused(
            "a drive",
            of(&[file(r"C:\escape", b"x")]),
            7,
            r"`C:\escape`",
        ),
        Case::refused(
            "a long name that leads up",
            of(&[long, file("x", b"x")]),
            7,
            "leads out",
        ),
        Case::refused(
            "an extended name that leads up",
            of(&[extended("path", "../escape"), file("x", b"x")]),
            7,
            "`../escape`",
        ),
        Case::refused(
            "a directory above",
            of(&[entry(b'5', "../", 0, b"")]),
            7,
            "`../`",
        ),
        Case::refused(
            "a symbolic link",
            of(&[link(b'2', "l", "/etc")]),
            7,
            "`l`, which is a symbolic link",
        ),
        Case::refused(
            "a file through a symbolic link",
            of(&[link(b'2', "l", ".."), file("l/escape", b"x")]),
            7,
            "`l`, which is a symbolic link",
        ),
        Case::refused(
            "a hard link",
            of(&[link(b'1', "l", "../../x")]),
            7,
            "`l`, which is a hard link",
        ),
        Case::refused(
            "a device",
            of(&[entry(b'3', "null", 0, b"")]),
            7,
            "`null`, which is a device",
        ),
        Case::refused(
            "a block device",
            of(&[entry(b'4', "sda", 0, b"")]),
            7,
            "`sda`, which is a device",
        ),
        Case::refused(
            "a named pipe",
            of(&[entry(b'6', "pipe", 0, b"")]),
            7,
            "`pipe`, which is a named pipe",
        ),
        Case::refused(
            "a kind of no tool",
            of(&[entry(b'W', "w", 0, b"")]),
            7,
            "`w`, which is of a kind",
        ),
        Case::refused(
            "a name that acts on the terminal",
            of(&[link(b'2', "a\u{1b}[2J\nb", "/")]),
            7,
            "which is a symbolic link",
        ),
    ]
}

#[test]
fn entries_that_are_no_files_or_lead_elsewhere() {
    fetched(entries_that_lead_elsewhere());
}

#[test]
fn what_was_loaded_is_trusted_no_more() {
    loaded(entries_that_lead_elsewhere());
}

#[test]
fn bombs() {
    let zeros = vec![0; 100 << 20];
    let sparse = [
        extended("GNU.sparse.major", "1"),
        entry(b'0', "holes", 512, &[b'1'; 512]),
    ];
    // Compressed once, and repeated: gzip takes one member behind the other.
    let directories = gzip(&entry(b'5', "d/", 0, b"").repeat(10_000));
    let million = [directories.repeat(100), good()].concat();
    let long_name = vec![b'n'; 1 << 20];
    let layers = of(&[]).layer(ARCHIVE, gzip(&tar(&[file("zeros", &zeros)])));
    fetched(vec![
        Case::refused("a gzip bomb", with(gzip(&zeros)), 7, "as a bomb does"),
        Case::refused(
            "a bomb of zeros",
            of(&[file("zeros", &zeros)]),
            7,
            "as a bomb does",
        ),
        Case::refused("a bomb in the second archive", layers, 7, "as a bomb does"),
        Case::refused(
            "a size beyond all disks",
            of(&[entry(b'0', "x", 1 << 60, b"")]),
            7,
            "max-unpacked-size",
        ),
        Case::refused(
            "a sparse file",
            of(&sparse),
            7,
            "`holes`, which is a sparse file",
        ),
        Case::refused(
            "a sparse file of GNU",
            of(&[entry(b'S', "holes", 0, b"")]),
            7,
            "`holes`, which is a sparse file",
        ),
        Case::refused("1,000,000 entries", with(million), 7, "max-files"),
        Case::refused(
            "a name of 1 MiB",
            of(&[entry(b'L', "l", 1 << 20, &long_name), file("x", b"")]),
            7,
            "extended header of more than 65536 bytes",
        ),
    ]);
}

/// CVE-2025-62518: what one reader takes for the bytes of a file is an entry to another.
#[test]
fn archives_that_can_be_read_in_two_ways() {
    let inner = file("smuggled", b"x");
    let outer = |size: &str| of(&[extended("size", size), file("outer", &inner)]);
    let unsized_field = {
        let mut bytes = file("outer", b"x");
        bytes[124..136].copy_from_slice(&[0x80, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 1]);
        bytes[148..156].copy_from_slice(b"        ");
        let sum: u32 = bytes[..512].iter().map(|byte| u32::from(*byte)).sum();
        bytes[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
        bytes
    };
    fetched(vec![
        Case::refused(
            "a size of zero in the extension",
            outer("0"),
            1,
            "one size in its header",
        ),
        Case::refused(
            "a larger size in the extension",
            outer("4096"),
            1,
            "one size in its header",
        ),
        Case::refused(
            "a size that is no number",
            outer("-1"),
            1,
            "a size that is no number",
        ),
        Case::refused(
            "a size of 96 bits",
            of(&[unsized_field]),
            1,
            "a size that is no number",
        ),
        Case::refused(
            "a directory with bytes",
            of(&[entry(b'5', "d/", 512, &inner)]),
            1,
            "a directory and has bytes",
        ),
        Case::refused(
            "two extensions",
            of(&[
                extended("path", "a"),
                extended("size", "1"),
                file("b", b"x"),
            ]),
            1,
            "extended twice",
        ),
    ]);
}

#[test]
fn archives_that_are_damaged() {
    let cut = |bytes: usize| {
        let mut archive = good();
        archive.truncate(archive.len() - bytes);
        with(archive)
    };
    let more = |bytes: &[u8]| with([good(), bytes.to_vec()].concat());
    let changed = {
        let mut entries = file("x.txt", &content());
        entries[0] = b'y';
        with(gzip(&tar(&[entries])))
    };
    fetched(vec![
        Case::refused(
            "an archive without its checksum",
            cut(8),
            1,
            "ends before it is whole",
        ),
        Case::refused("half an archive", cut(40), 1, "ends before it is whole"),
        Case::refused(
            "an archive without an end",
            with(gzip(&file("x.txt", &content()))),
            1,
            "ends before",
        ),
        Case::refused(
            "an empty archive",
            with(Vec::new()),
            1,
            "ends before it is whole",
        ),
        Case::refused(
            "garbage behind an archive",
            more(b"garbage behind it"),
            1,
            "no gzip archive",
        ),
        Case::refused(
            "another archive behind the end",
            more(&good()),
            1,
            "something behind its end",
        ),
        Case::refused(
            "no gzip",
            with(b"PK\x03\x04, a zip file?".to_vec()),
            1,
            "no gzip archive",
        ),
        Case::refused(
            "no tar",
            with(gzip(&b"text ".repeat(200))),
            1,
            "is it a tar archive?",
        ),
        Case::refused("a changed header", changed, 1, "wrong checksum"),
        Case::refused(
            "an archive without the file",
            with(gzip(&tar(&[file("x.txt", b"other content")]))),
            1,
            "the file `x.txt` of the component `hello`",
        ),
    ]);
}
