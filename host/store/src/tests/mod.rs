//! Tests of the store as a whole.

mod content;
mod full_disk;
mod ingesting;
mod processes;
mod pruning;
mod read_only;
mod untrusted;

use std::path::PathBuf;
use std::time::{Duration, Instant};

use serde_json::json;
use wharf_oci::{Descriptor, media_type};

use crate::{Ingest, Receive, Store, hash};

/// A store in a directory that goes with it.
pub(crate) struct Place {
    pub(crate) store: Store,
    pub(crate) directory: tempfile::TempDir,
}

impl Place {
    pub(crate) fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        Self {
            store: Store::open(directory.path()).unwrap(),
            directory,
        }
    }

    /// The store as another process would have it.
    pub(crate) fn another(&self) -> Store {
        Store::open(self.directory.path()).unwrap()
    }

    pub(crate) fn path_of(&self, descriptor: &Descriptor) -> PathBuf {
        self.store.blob_path(descriptor.digest.hex())
    }

    /// Replaces a blob's bytes, as a broken disk would.
    pub(crate) fn damage(&self, descriptor: &Descriptor, content: &[u8]) {
        let path = self.path_of(descriptor);
        std::fs::remove_file(&path).unwrap();
        std::fs::write(path, content).unwrap();
    }

    /// The names in one of the store's directories.
    pub(crate) fn names(&self, folder: &str) -> Vec<String> {
        let entries = std::fs::read_dir(self.directory.path().join(folder)).unwrap();
        entries
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect()
    }
}

pub(crate) fn describe(content: &[u8]) -> Descriptor {
    Descriptor::new("a/b", hash::digest(content), content.len() as u64)
}

/// Stores an image manifest with these layers and all that it names.
pub(crate) fn image(store: &Store, layers: &[&[u8]], subject: Option<&Descriptor>) -> Descriptor {
    let blob = |kind: &str, content: &[u8]| {
        let digest = store.put(content, None).unwrap();
        Descriptor::new(kind, digest, content.len() as u64)
    };
    let layers: Vec<_> = layers.iter().map(|layer| blob("a/layer", layer)).collect();
    let mut manifest = json!({
        "schemaVersion": 2,
        "mediaType": media_type::IMAGE_MANIFEST,
        "config": blob("a/config", b"{}"),
        "layers": layers,
    });
    if let Some(subject) = subject {
        manifest["subject"] = json!(subject);
    }
    blob(media_type::IMAGE_MANIFEST, manifest.to_string().as_bytes())
}

/// Stores an index of these manifests.
pub(crate) fn index(store: &Store, manifests: &[&Descriptor]) -> Descriptor {
    let text = json!({"schemaVersion": 2, "manifests": manifests}).to_string();
    let digest = store.put(text.as_bytes(), None).unwrap();
    Descriptor::new(media_type::IMAGE_INDEX, digest, text.len() as u64)
}

/// Bytes without a pattern that a mistake in offsets could hide in.
pub(crate) fn bytes(length: usize, seed: u64) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut bytes = Vec::with_capacity(length + 8);
    while bytes.len() < length {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        bytes.extend_from_slice(&state.to_le_bytes());
    }
    bytes.truncate(length);
    bytes
}

/// The right to write, which must be had in the end. A program that another test
/// starts has this one's open files, and so its locks, for a moment: from the fork on,
/// until it becomes that program.
pub(crate) fn ingest(store: &Store, expected: &Descriptor) -> Ingest {
    let limit = Instant::now() + Duration::from_secs(20);
    loop {
        match store.receive(expected).unwrap() {
            Receive::Ingest(ingest) => return ingest,
            Receive::Busy if Instant::now() < limit => std::thread::yield_now(),
            other => panic!("{other:?}"),
        }
    }
}

pub(crate) fn read_whole(store: &Store, descriptor: &Descriptor) -> Vec<u8> {
    let mut reader = store.read(&descriptor.digest, None).unwrap();
    let mut content = Vec::new();
    let mut buffer = [0; 1000];
    loop {
        match reader.read(&mut buffer).unwrap() {
            0 => return content,
            read => content.extend_from_slice(&buffer[..read]),
        }
    }
}
