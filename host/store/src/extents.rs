//! Which runs of bytes of a piece of content were written, in memory and on disk.
//!
//! On disk it is a log of lines, `offset length`, below a first line that says
//! for which size. A process may be killed while it appends, and a machine may
//! lose what was appended: the first line that is not right ends the log. A log
//! that says too much does no harm, since the hash of the whole decides.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read as _, Write as _};

use crate::folder::{Folder, Found};

/// A run of bytes within a piece of content.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Extent {
    /// Where it begins, in bytes from the start of the content.
    pub offset: u64,
    /// How many bytes it has.
    pub length: u64,
}

/// A set of bytes, as runs that neither overlap nor touch.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Extents {
    /// The end of each run by its start.
    runs: BTreeMap<u64, u64>,
}

impl Extents {
    /// Adds the bytes from `start` up to `end`.
    pub(crate) fn insert(&mut self, mut start: u64, mut end: u64) {
        if start >= end {
            return;
        }
        // The last run that begins before `end` is the only one that can reach
        // beyond it; go down from there as long as they overlap or touch.
        while let Some((&first, &last)) = self.runs.range(..=end).next_back() {
            if last < start {
                break;
            }
            start = start.min(first);
            end = end.max(last);
            self.runs.remove(&first);
        }
        self.runs.insert(start, end);
    }

    /// Whether `offset` is in a run or at its end, so that bytes written there
    /// make no new run.
    pub(crate) fn touches(&self, offset: u64) -> bool {
        let before = self.runs.range(..=offset).next_back();
        before.is_some_and(|(_, &end)| end >= offset)
    }

    /// Forgets the bytes from `size` on.
    pub(crate) fn truncate(&mut self, size: u64) {
        self.runs.split_off(&size);
        if let Some(mut last) = self.runs.last_entry()
            && *last.get() > size
        {
            last.insert(size);
        }
    }

    /// The bytes before `size` that are not in the set, in ascending order.
    pub(crate) fn missing(&self, size: u64) -> Vec<Extent> {
        let mut missing = Vec::new();
        let mut offset = 0;
        for (&start, &end) in self
            .runs
            .range(..size)
            .chain(std::iter::once((&size, &size)))
        {
            if start > offset {
                missing.push(Extent {
                    offset,
                    length: start - offset,
                });
            }
            offset = end;
        }
        missing
    }

    /// How many runs there are.
    pub(crate) fn count(&self) -> usize {
        self.runs.len()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.runs.is_empty()
    }
}

/// The log of one piece of content.
#[derive(Debug)]
pub(crate) struct Log {
    folder: Folder,
    name: String,
    size: u64,
    file: Option<File>,
    bytes: u64,
}

/// The most that is read or written of a log, in bytes: enough for some TiB
/// written in runs of 4 MiB. What does not fit is only fetched again.
const LOG_BYTES: u64 = 16 * 1024 * 1024;

impl Log {
    /// What an earlier process noted for content of this size, up to the first
    /// line that is not right. Nothing when it noted another size.
    pub(crate) fn read(folder: &Folder, name: &str, size: u64) -> io::Result<Extents> {
        let mut text = Vec::new();
        if let Found::File(file, _) = folder.look(name)? {
            file.take(LOG_BYTES).read_to_end(&mut text)?;
        }
        Ok(parse(&text, size))
    }

    /// A log that is begun with the first [`Log::append`].
    pub(crate) fn new(folder: &Folder, name: String, size: u64) -> Self {
        Self {
            folder: folder.clone(),
            name,
            size,
            file: None,
            bytes: 0,
        }
    }

    /// Replaces the log by a short one of the same meaning, without what was not
    /// right in it.
    pub(crate) fn rewrite(&mut self, extents: &Extents) -> io::Result<()> {
        use std::fmt::Write as _;
        let new = format!("{}.new", self.name);
        self.folder.remove_any(&new)?;
        let mut file = self.folder.create_new(&new)?;
        let mut text = header(self.size);
        for (start, end) in &extents.runs {
            // Writing to a String can't fail.
            let _ = writeln!(text, "{start} {}", end - start);
        }
        file.write_all(text.as_bytes())?;
        if self.folder.rename(&new, &self.folder, &self.name).is_err() {
            // A directory can't be replaced.
            self.folder.remove_any(&self.name)?;
            self.folder.rename(&new, &self.folder, &self.name)?;
        }
        self.bytes = text.len() as u64;
        self.file = Some(file);
        Ok(())
    }

    /// Notes that the bytes from `start` up to `end` were written.
    pub(crate) fn append(&mut self, start: u64, end: u64) {
        if start >= end {
            return;
        }
        // Without a note, these bytes are fetched again after a kill, which is no
        // reason to fail now. After a failure nothing can follow, since the last
        // line may have been cut.
        if self.bytes == 0 && self.rewrite(&Extents::default()).is_err() {
            self.end();
        }
        let line = format!("{start} {}\n", end - start);
        if let Some(file) = &mut self.file
            && self.bytes < LOG_BYTES
        {
            self.bytes = match file.write(line.as_bytes()) {
                Ok(written) if written == line.len() => self.bytes + written as u64,
                _ => LOG_BYTES,
            };
        }
    }

    /// Appends no more, since nothing can follow what the log ends with.
    pub(crate) fn end(&mut self) {
        self.bytes = LOG_BYTES;
    }

    /// Removes the log; the next [`Log::append`] begins a new one.
    pub(crate) fn remove(&mut self) -> io::Result<()> {
        self.file = None;
        self.bytes = 0;
        self.folder.remove_any(&self.name)
    }
}

fn header(size: u64) -> String {
    format!("wharf-extents 1 {size}\n")
}

fn parse(text: &[u8], size: u64) -> Extents {
    let mut extents = Extents::default();
    let Some(records) = text.strip_prefix(header(size).as_bytes()) else {
        return extents;
    };
    for line in records.split_inclusive(|byte| *byte == b'\n') {
        let Some((start, end)) = record(line, size) else {
            break;
        };
        extents.insert(start, end);
    }
    extents
}

/// The start and the end that a line states; none when it is cut or nonsensical.
fn record(line: &[u8], size: u64) -> Option<(u64, u64)> {
    let line = std::str::from_utf8(line.strip_suffix(b"\n")?).ok()?;
    let (offset, length) = line.split_once(' ')?;
    let (offset, length): (u64, u64) = (offset.parse().ok()?, length.parse().ok()?);
    let end = offset.checked_add(length)?;
    (length > 0 && end <= size).then_some((offset, end))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_log_ends_where_it_is_not_right() {
        let good = "wharf-extents 1 100\n0 10\n20 10\n";
        let expected = parse(good.as_bytes(), 100);
        assert_eq!(expected.runs, BTreeMap::from([(0, 10), (20, 30)]));
        for rest in [
            "50 10",
            "50\n60 10\n",
            "50 1 0\n60 10\n",
            "95 10\n60 10\n",
            "18446744073709551615 2\n60 10\n",
            "60 0\n60 10\n",
            "\0\0\0\0\n60 10\n",
            "\n60 10\n",
        ] {
            assert_eq!(parse(format!("{good}{rest}").as_bytes(), 100), expected);
        }
        assert!(parse(good.as_bytes(), 1000).is_empty());
        assert!(parse(b"something else", 100).is_empty());
    }

    #[test]
    fn a_log_is_read_as_it_was_written() {
        let temporary = tempfile::tempdir().unwrap();
        let dir =
            cap_std::fs::Dir::open_ambient_dir(temporary.path(), cap_std::ambient_authority());
        let folder = Folder::new(dir.unwrap(), temporary.path());
        let mut log = Log::new(&folder, "log".into(), 100);
        assert!(Log::read(&folder, "log", 100).unwrap().is_empty());
        log.append(0, 10);
        log.append(30, 40);
        log.append(10, 20);
        let read = Log::read(&folder, "log", 100).unwrap();
        assert_eq!(read.runs, BTreeMap::from([(0, 20), (30, 40)]));
        let mut log = Log::new(&folder, "log".into(), 100);
        log.rewrite(&read).unwrap();
        log.append(40, 50);
        let read = Log::read(&folder, "log", 100).unwrap();
        assert_eq!(read.runs, BTreeMap::from([(0, 20), (30, 50)]));
        log.remove().unwrap();
        assert!(Log::read(&folder, "log", 100).unwrap().is_empty());
    }

    proptest! {
        #[test]
        fn a_set_of_extents_is_a_set_of_bytes(
            runs in prop::collection::vec((0_u64..60, 0_u64..60), 0..12),
            size in 0_u64..60,
        ) {
            let mut extents = Extents::default();
            let mut bytes = [false; 60];
            for (start, end) in runs {
                extents.insert(start, end);
                for byte in start..end {
                    bytes[usize::try_from(byte).unwrap()] = true;
                }
            }
            for offset in 0..60 {
                let within = |at: Option<u64>| at.is_some_and(|at| bytes[usize::try_from(at).unwrap()]);
                prop_assert_eq!(
                    extents.touches(offset),
                    within(Some(offset)) || within(offset.checked_sub(1))
                );
            }
            extents.truncate(size);
            let mut missing = bytes.map(|written| !written);
            for extent in extents.missing(size) {
                prop_assert!(extent.length > 0);
                for byte in extent.offset..extent.offset + extent.length {
                    prop_assert!(std::mem::take(&mut missing[usize::try_from(byte).unwrap()]));
                }
            }
            prop_assert!(missing.iter().take(usize::try_from(size).unwrap()).all(|missing| !missing));
            for (start, end) in &extents.runs {
                prop_assert!(start < end && *end <= size);
            }
        }

        #[test]
        fn no_log_makes_it_panic(text in prop::collection::vec(any::<u8>(), 0..200), size: u64) {
            parse(&text, size);
            let mut log = header(size).into_bytes();
            log.extend(text);
            parse(&log, size);
        }
    }
}
