//! What is moved: an application with much content, as a directory, as an OCI layout and in
//! a store of Wharf's.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use serde::Deserialize;

use crate::application::Files;

/// How an application's content is cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    /// One large file.
    Big,
    /// Many small ones.
    Many,
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
    /// The public key of who signed it.
    pub(super) key: PathBuf,
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::application::write_application;

    #[test]
    fn sizes_in_words() {
        assert_eq!(Shape::Big.files(false).words(), "1 × 1 GiB");
        assert_eq!(Shape::Many.files(false).words(), "400 × 16 KiB");
        assert_eq!(Shape::Many.files(false).bytes(), 6_553_600);
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
