//! A disk without space.
//!
//! The test runs itself again in a mount namespace of its own, with a file
//! system of one mebibyte in memory, which is gone with the process.

#![cfg(target_os = "linux")]

use std::path::{Path, PathBuf};
use std::process::Command;

use super::{bytes, describe, ingest};
use crate::{Extent, Receive, Store, StoreError};

const SMALL_DISK: &str = "WHARF_STORE_TEST_SMALL_DISK";

#[test]
fn a_full_disk_is_said_and_the_store_stays_whole() {
    if let Ok(path) = std::env::var(SMALL_DISK) {
        return fill(&PathBuf::from(path));
    }
    let temporary = tempfile::tempdir().unwrap();
    let output = Command::new("unshare")
        .args(["--user", "--map-root-user", "--mount", "sh", "-c"])
        .arg(
            "mount -t tmpfs -o size=1m none \"$0\" && exec \"$1\" --exact \
             tests::full_disk::a_full_disk_is_said_and_the_store_stays_whole --nocapture",
        )
        .arg(temporary.path())
        .arg(std::env::current_exe().unwrap())
        .env(SMALL_DISK, temporary.path())
        .output()
        .expect("this test needs `unshare` (util-linux)");
    let ran = String::from_utf8_lossy(&output.stdout).contains("1 passed");
    assert!(
        output.status.success() && ran,
        "this test needs to mount a file system in a namespace of its own (as root, or with \
         unprivileged user namespaces allowed):\n{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
}

fn fill(path: &Path) {
    let store = Store::open(path).unwrap();
    let kept = bytes(100_000, 1);
    let kept_digest = store.put(&kept, None).unwrap();
    store.set_name("kept", &describe(&kept)).unwrap();

    let full = |error: StoreError| {
        let text = error.to_string();
        assert!(matches!(error, StoreError::Io { .. }), "{text}");
        assert!(text.contains("No space left on device"), "{text}");
        assert!(text.contains("free some space"), "{text}");
        assert!(text.contains(path.to_str().unwrap()), "{text}");
    };
    let large = bytes(3_000_000, 2);
    full(store.put(&large, None).unwrap_err());
    let mut addition = store.add().unwrap();
    full(addition.write(&large).unwrap_err());
    drop(addition);
    let file = path.with_extension("source");
    std::fs::write(&file, &large).unwrap();
    let added = store.add_file(std::fs::File::open(&file).unwrap());
    std::fs::remove_file(&file).unwrap();
    full(added.unwrap_err());

    // What fits stays, for a time when there is space again.
    let blob = describe(&large);
    let first = ingest(&store, &blob);
    let mut writer = first.writer(0).unwrap();
    let error = large
        .chunks(50_000)
        .find_map(|piece| writer.write(piece).err());
    full(error.unwrap());
    let written = writer.written();
    assert!(written > 100_000);
    drop((writer, first));
    let second = ingest(&store, &blob);
    assert!(
        second.missing().contains(&Extent {
            offset: written,
            length: blob.size - written
        }) || second.missing()[0].offset == 0
    );

    // Nothing of it is to be seen, and what was there is.
    assert_eq!(store.stat(&blob.digest).unwrap(), None);
    assert_eq!(store.get(&kept_digest).unwrap().unwrap(), kept);
    assert_eq!(store.find_name("kept").unwrap(), Some(describe(&kept)));
    second.discard().unwrap();
    drop(second);
    store.put(&bytes(200_000, 3), None).unwrap();
    store.set_name("again", &describe(&kept)).unwrap();
    assert!(matches!(
        store.receive(&describe(&kept)).unwrap(),
        Receive::Whole
    ));
    let blobs = std::fs::read_dir(path.join("blobs/sha256")).unwrap();
    assert_eq!(blobs.count(), 2);
}
