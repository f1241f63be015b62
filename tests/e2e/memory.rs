//! Large content does not pass through memory.

use std::fs::File;
use std::time::Duration;

use wharf_tests::Registry;

use crate::{environment, greeting, json};

/// 1 GiB.
const SIZE: u64 = 1 << 30;

/// 100 MiB.
const MOST_MEMORY: u64 = 100 << 20;

#[test]
fn a_file_of_1_gib_is_pushed_and_pulled_in_under_100_mib_of_memory() {
    let registry = Registry::start();
    let env = environment();
    let app = greeting("app").write(&env.work());
    // Sparse here; whole in the store and in the registry, for as long as this runs.
    let large = File::create(app.join("assets/hello/large.bin")).unwrap();
    large.set_len(SIZE).unwrap();
    drop(large);

    let reference = format!("{}/app:1", registry.address());
    let limit = Duration::from_mins(10);
    let push = [
        "registry", "push", &reference, "-f", "app", "--format", "json",
    ];
    let pushed = env.command(push).limit(limit).run().success();
    assert!(pushed.peak_memory < MOST_MEMORY, "{}", pushed.peak_memory);
    let transfers = &json(&pushed.stdout)["transfers"];
    let sizes = transfers.as_array().unwrap().iter();
    assert!(sizes.map(|one| &one["size"]).any(|size| *size == SIZE));

    env.empty_store();
    let pull = ["registry", "pull", &reference];
    let pulled = env.command(pull).limit(limit).run().success();
    assert!(pulled.peak_memory < MOST_MEMORY, "{}", pulled.peak_memory);
    assert_eq!(pulled.digest(), pushed.digest());
    let blobs = env.blobs();
    let lengths = blobs
        .iter()
        .filter_map(|blob| Some(blob.metadata().ok()?.len()));
    assert_eq!(lengths.max(), Some(SIZE));
}
