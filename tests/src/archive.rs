//! Archives made by hand, byte by byte, and by GNU tar and gzip.

use std::io::{Read as _, Write as _};
use std::path::Path;
use std::process::{Command, Stdio};

/// The unit of a tar archive, in bytes.
pub const BLOCK: usize = 512;

/// One entry of a tar archive (POSIX.1-2017, pax, "ustar Interchange Format"): its type,
/// its name, the size that its header says, and the bytes that follow.
#[must_use]
pub fn entry(kind: u8, name: &str, size: u64, data: &[u8]) -> Vec<u8> {
    let size = if size < 1 << 33 {
        format!("{size:011o}\0").into_bytes()
    } else {
        // What does not fit is written in binary, as GNU tar does.
        [vec![0x80, 0, 0, 0], size.to_be_bytes().to_vec()].concat()
    };
    let mut header = [0; BLOCK];
    let mut put = |at: usize, text: &[u8]| header[at..at + text.len()].copy_from_slice(text);
    put(0, &name.as_bytes()[..name.len().min(100)]);
    put(100, b"0000644\0");
    put(108, b"0001750\0");
    put(116, b"0001750\0");
    put(124, &size);
    put(136, b"14537210000\0");
    put(148, b"        ");
    put(156, &[kind]);
    put(257, b"ustar\x0000");
    let sum: u32 = header.iter().map(|byte| u32::from(*byte)).sum();
    header[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    let mut bytes = header.to_vec();
    bytes.extend_from_slice(data);
    bytes.resize(bytes.len().next_multiple_of(BLOCK), 0);
    bytes
}

/// A file.
#[must_use]
pub fn file(name: &str, data: &[u8]) -> Vec<u8> {
    entry(b'0', name, data.len() as u64, data)
}

/// An extended header with one record (POSIX.1-2017, pax, "pax Extended Header").
#[must_use]
pub fn extended(key: &str, value: &str) -> Vec<u8> {
    let rest = format!(" {key}={value}\n");
    let length = (rest.len()..rest.len() + 10).find(|n| n.to_string().len() + rest.len() == *n);
    let record = format!("{}{rest}", length.expect("there is one"));
    entry(b'x', "PaxHeaders/x", record.len() as u64, record.as_bytes())
}

/// Entries with the end that an archive has, not compressed.
#[must_use]
pub fn tar(entries: &[Vec<u8>]) -> Vec<u8> {
    let mut bytes = entries.concat();
    bytes.resize(bytes.len() + 2 * BLOCK, 0);
    bytes
}

/// What `gzip` makes of some bytes.
#[must_use]
pub fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut gzip = Command::new("gzip")
        .args(["-c", "-6"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("every system has gzip");
    let mut input = gzip.stdin.take().expect("it is piped");
    let mut output = gzip.stdout.take().expect("it is piped");
    let mut compressed = Vec::new();
    std::thread::scope(|scope| {
        scope.spawn(move || input.write_all(bytes).expect("gzip reads all of it"));
        output.read_to_end(&mut compressed).expect("gzip writes it");
    });
    assert!(gzip.wait().expect("it was started").success());
    compressed
}

/// What GNU tar makes of all that is in a directory, with more arguments.
#[must_use]
pub fn of_directory(directory: &Path, arguments: &[&str]) -> Vec<u8> {
    let output = Command::new("tar")
        .args(arguments)
        .arg("-C")
        .arg(directory)
        .args(["-czf", "-", "."])
        .output()
        .expect("every system has tar");
    let problem = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{problem}");
    output.stdout
}

/// The names in an archive, as GNU tar lists them.
#[must_use]
pub fn names(archive: &[u8]) -> Vec<String> {
    let directory = tempfile::tempdir().expect("a temporary directory can be made");
    let file = directory.path().join("archive");
    std::fs::write(&file, archive).expect("it can be written");
    let output = Command::new("tar")
        .arg("-tzf")
        .arg(&file)
        .output()
        .expect("every system has tar");
    let problem = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{problem}");
    let names = String::from_utf8_lossy(&output.stdout);
    names.lines().map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gnu_tar_reads_what_is_made_by_hand() {
        let entries = [
            file("a", b"x"),
            extended("path", "b"),
            file("c", &[1; 700]),
            entry(b'5', "d/", 0, b""),
        ];
        assert_eq!(names(&gzip(&tar(&entries))), ["a", "b", "d/"]);
    }
}
