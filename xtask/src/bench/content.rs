//! What is moved: an application with much content, as a directory, as an OCI layout and in
//! a store of Wharf's. Random, and the same in each run of the bench.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use serde::Deserialize;

/// How an application's content is cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    /// One large file.
    Big,
    /// Many small ones.
    Many,
}

/// How much content there is.
#[derive(Clone, Copy)]
pub(super) struct Files {
    pub(super) number: u64,
    /// Of each, in bytes.
    pub(super) size: u64,
}

/// An application in all the forms that the programs start from.
pub(super) struct Content {
    pub(super) files: Files,
    /// Its directory, with a `spin.toml`.
    pub(super) directory: PathBuf,
    /// The OCI layout that has it under [`TAG`].
    pub(super) layout: PathBuf,
    /// The store of Wharf's that has it.
    pub(super) store: PathBuf,
    /// The repository at the registry that has it under [`TAG`].
    pub(super) repository: String,
    /// Its manifest's.
    pub(super) digest: String,
    /// What the manifest names, as digests.
    pub(super) blobs: Vec<String>,
}

pub(super) const TAG: &str = "v1";

impl Shape {
    /// `quick` is for working on the bench itself.
    pub(super) fn files(self, quick: bool) -> Files {
        const KIB: u64 = 1024;
        let (number, size) = match (self, quick) {
            (Self::Big, false) => (1, KIB * KIB * KIB),
            (Self::Big, true) => (1, 16 * KIB * KIB),
            (Self::Many, false) => (400, 16 * KIB),
            (Self::Many, true) => (40, 16 * KIB),
        };
        Files { number, size }
    }

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Big => "big",
            Self::Many => "many",
        }
    }
}

impl Files {
    /// In all, in bytes.
    pub(super) fn bytes(self) -> u64 {
        self.number * self.size
    }

    /// In words: `400 × 16 KiB`.
    pub(super) fn words(self) -> String {
        let units = [(1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB")];
        let (unit, name) = units
            .into_iter()
            .find(|(unit, _)| self.size.is_multiple_of(*unit))
            .unwrap_or((1, "B"));
        format!("{} × {} {name}", self.number, self.size / unit)
    }
}

/// Writes the application's directory: `component` serves, and `files` lie beside it.
pub(super) fn write_application(directory: &Path, component: &Path, files: Files) -> Result<()> {
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

/// The digests of what the manifest `digest` names, from the layout that has it; each once.
pub(super) fn blobs(layout: &Path, digest: &str) -> Result<Vec<String>> {
    #[derive(Deserialize)]
    struct Manifest {
        config: Descriptor,
        layers: Vec<Descriptor>,
    }
    #[derive(Deserialize)]
    struct Descriptor {
        digest: String,
    }
    let (_, hash) = digest.split_once(':').context("a digest has a colon")?;
    let path = layout.join("blobs/sha256").join(hash);
    let manifest =
        fs::read(&path).with_context(|| format!("{} could not be read", path.display()))?;
    let manifest: Manifest = serde_json::from_slice(&manifest)?;
    let mut blobs: Vec<String> = Vec::new();
    for blob in manifest.layers.into_iter().chain([manifest.config]) {
        if !blobs.contains(&blob.digest) {
            blobs.push(blob.digest);
        }
    }
    Ok(blobs)
}

/// A tree like `from`, whose files are the same files: a store that can be changed by one
/// program without the next one seeing it, since stores replace files and never change them.
pub(super) fn link_tree(from: &Path, to: &Path) -> io::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            link_tree(&entry.path(), &target)?;
        } else {
            fs::hard_link(entry.path(), target)?;
        }
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
    fn sizes_in_words() {
        assert_eq!(Shape::Big.files(false).words(), "1 × 1 GiB");
        assert_eq!(Shape::Many.files(false).words(), "400 × 16 KiB");
        assert_eq!(Shape::Many.files(false).bytes(), 6_553_600);
    }

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

    #[test]
    fn an_application_has_its_files_and_a_linked_tree_too() {
        let folder = tempfile::tempdir().unwrap();
        let component = folder.path().join("x.wasm");
        fs::write(&component, "wasm").unwrap();
        let (app, copy) = (folder.path().join("app"), folder.path().join("copy"));
        let files = Files {
            number: 3,
            size: 64,
        };
        write_application(&app, &component, files).unwrap();
        link_tree(&app, &copy).unwrap();
        let names = ["static/0000.bin", "static/0001.bin", "static/0002.bin"];
        let contents = names.map(|name| fs::read(copy.join(name)).unwrap());
        assert!(contents.iter().all(|content| content.len() == 64));
        assert_ne!(contents[0], contents[1]);
        fs::remove_dir_all(&copy).unwrap();
        assert!(app.join("spin.toml").is_file());
    }
}
