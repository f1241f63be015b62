//! An application with much content: random, and the same each time.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::Path;

use anyhow::{Context as _, Result};

/// How much content there is.
#[derive(Clone, Copy)]
pub(crate) struct Files {
    pub(crate) number: u64,
    /// Of each, in bytes.
    pub(crate) size: u64,
}

impl Files {
    /// In all, in bytes.
    pub(crate) fn bytes(self) -> u64 {
        self.number * self.size
    }

    /// In words: `400 × 16 KiB`.
    pub(crate) fn words(self) -> String {
        let units = [(1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB")];
        let (unit, name) = units
            .into_iter()
            .find(|(unit, _)| self.size.is_multiple_of(*unit))
            .unwrap_or((1, "B"));
        format!("{} × {} {name}", self.number, self.size / unit)
    }
}

/// Writes the application's directory: `component` serves, and `files` lie beside it.
pub(crate) fn write_application(directory: &Path, component: &Path, files: Files) -> Result<()> {
    let content = directory.join("static");
    fs::create_dir_all(&content)
        .with_context(|| format!("{} could not be made", content.display()))?;
    fs::copy(component, directory.join("app.wasm"))
        .with_context(|| format!("{} could not be copied", component.display()))?;
    fs::write(
        directory.join("spin.toml"),
        "spin_manifest_version = 2\n\
         \n\
         [application]\n\
         name = \"bench\"\n\
         version = \"1.0.0\"\n\
         \n\
         [[trigger.http]]\n\
         route = \"/...\"\n\
         component = \"app\"\n\
         \n\
         [component.app]\n\
         source = \"app.wasm\"\n\
         files = [{ source = \"static\", destination = \"/\" }]\n",
    )?;
    let mut random = Random(files.bytes());
    for number in 0..files.number {
        let path = content.join(format!("{number:04}.bin"));
        File::create(&path)
            .and_then(|file| random.write(file, files.size))
            .with_context(|| format!("{} could not be written", path.display()))?;
    }
    Ok(())
}

/// Steele, Lea and Flood's `SplitMix64`: fast, and what no compression makes smaller.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut word = self.0;
        word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        word ^ (word >> 31)
    }

    /// Writes `size` bytes, a multiple of eight.
    fn write(&mut self, to: impl Write, size: u64) -> io::Result<()> {
        let mut to = BufWriter::with_capacity(1 << 20, to);
        for _ in 0..size / 8 {
            to.write_all(&self.next().to_le_bytes())?;
        }
        to.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn content_is_random_and_repeats() {
        let written = || {
            let mut bytes = Vec::new();
            Random(1).write(&mut bytes, 4096).unwrap();
            bytes
        };
        assert_eq!(written().len(), 4096);
        assert_eq!(written(), written());
        assert_ne!(written()[..2048], written()[2048..]);
    }
}
