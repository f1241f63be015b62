//! Tests of the store as a whole.

mod content;
mod full_disk;
mod ingesting;
mod processes;
mod untrusted;

use std::path::PathBuf;

use wharf_oci::Descriptor;

use crate::{Ingest, Receive, Store, hash};

/// A store in a directory that goes with it.
struct Place {
    store: Store,
    directory: tempfile::TempDir,
}

impl Place {
    fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        Self {
            store: Store::open(directory.path()).unwrap(),
            directory,
        }
    }

    /// The store as another process would have it.
    fn another(&self) -> Store {
        Store::open(self.directory.path()).unwrap()
    }

    fn path_of(&self, descriptor: &Descriptor) -> PathBuf {
        self.store.blob_path(descriptor.digest.hex())
    }

    /// Replaces a blob's bytes, as a broken disk would.
    fn damage(&self, descriptor: &Descriptor, content: &[u8]) {
        let path = self.path_of(descriptor);
        std::fs::remove_file(&path).unwrap();
        std::fs::write(path, content).unwrap();
    }

    /// The names in one of the store's directories.
    fn names(&self, folder: &str) -> Vec<String> {
        let entries = std::fs::read_dir(self.directory.path().join(folder)).unwrap();
        entries
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect()
    }
}

fn describe(content: &[u8]) -> Descriptor {
    Descriptor::new("a/b", hash::digest(content), content.len() as u64)
}

/// Bytes without a pattern that a mistake in offsets could hide in.
fn bytes(length: usize, seed: u64) -> Vec<u8> {
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

fn ingest(store: &Store, expected: &Descriptor) -> Ingest {
    match store.receive(expected).unwrap() {
        Receive::Ingest(ingest) => ingest,
        other => panic!("{other:?}"),
    }
}

fn read_whole(store: &Store, descriptor: &Descriptor) -> Vec<u8> {
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
