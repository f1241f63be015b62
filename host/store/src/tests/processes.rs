//! Several processes in one store, killed at any moment.
//!
//! The other processes are this test program again, told by the environment what
//! to do; see [`role`].

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use super::{Place, bytes, describe, image, ingest, read_whole};
use crate::{Receive, Store};

const MIB: usize = 1024 * 1024;
const ROLE: &str = "WHARF_STORE_TEST_ROLE";
const STORE: &str = "WHARF_STORE_TEST_STORE";

/// What a child says after each step, to be killed after some of them.
const STEP: &str = "step";

/// Not a test, but what the children run. Without the environment of one it does
/// nothing.
#[test]
fn role() {
    let (Ok(role), Ok(path)) = (std::env::var(ROLE), std::env::var(STORE)) else {
        return;
    };
    let store = Store::open(Path::new(&path)).unwrap();
    match role.as_str() {
        "take-in" => take_in(&store, step),
        "take-in-at-once" => {
            let content = large();
            let expected = describe(&content);
            if let Receive::Ingest(ingest) = store.receive(&expected).unwrap() {
                std::thread::scope(|scope| {
                    for (number, part) in content.chunks(6 * MIB).enumerate() {
                        let mut writer = ingest.writer((number * 6 * MIB) as u64).unwrap();
                        scope.spawn(move || {
                            for piece in part.chunks(MIB / 2) {
                                writer.write(piece).unwrap();
                                step();
                            }
                        });
                    }
                });
            }
        }
        "put" => loop {
            for seed in 0..20 {
                store.put(&bytes(50_000, seed), None).unwrap();
                step();
                let path = store.blob_path(describe(&bytes(50_000, seed)).digest.hex());
                let _ = std::fs::remove_file(path);
            }
        },
        "name" => {
            for number in 0_u64.. {
                store
                    .set_name("name", &describe(&number.to_le_bytes()))
                    .unwrap();
                step();
            }
        }
        "prune" => loop {
            for number in 0_u64..3 {
                let layers: Vec<_> = (0..40)
                    .map(|layer| bytes(1000, layer + number * 20))
                    .collect();
                let layers: Vec<_> = layers.iter().map(Vec::as_slice).collect();
                let app = image(&store, &layers, None);
                store.set_name(&number.to_string(), &app).unwrap();
            }
            step();
            store.prune(Some(0), false).unwrap();
        },
        "add" => loop {
            let mut addition = store.add().unwrap();
            for piece in large().chunks(MIB) {
                addition.write(piece).unwrap();
                step();
            }
        },
        other => panic!("no such role: {other}"),
    }
}

fn step() {
    println!("\n{STEP}");
    std::io::stdout().flush().unwrap();
}

fn large() -> Vec<u8> {
    bytes(18 * MIB, 1)
}

/// Takes in the large content, waiting for others that do, as callers do.
fn take_in(store: &Store, mut step: impl FnMut()) {
    let content = large();
    let expected = describe(&content);
    let ingest = loop {
        match store.receive(&expected).unwrap() {
            Receive::Whole => return,
            Receive::Ingest(ingest) => break ingest,
            Receive::Busy => std::thread::yield_now(),
        }
    };
    for extent in ingest.missing() {
        let start = usize::try_from(extent.offset).unwrap();
        let end = start + usize::try_from(extent.length).unwrap();
        let mut writer = ingest.writer(extent.offset).unwrap();
        for piece in content[start..end].chunks(MIB / 2) {
            writer.write(piece).unwrap();
            step();
        }
    }
    ingest.finish().unwrap();
}

fn child(place: &Place, role: &str) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "tests::processes::role", "--nocapture"])
        .env(ROLE, role)
        .env(STORE, place.directory.path())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

/// Kills a child (SIGKILL) once it has made so many steps, and tells how many it
/// made in all.
fn kill_after(mut child: Child, steps: usize) -> usize {
    let output = BufReader::new(child.stdout.take().unwrap());
    let mut lines = output
        .lines()
        .map_while(Result::ok)
        .filter(|line| line == STEP);
    let before = lines.by_ref().take(steps).count();
    child.kill().unwrap();
    let after = lines.count();
    child.wait().unwrap();
    before + after
}

fn all_content_verifies(store: &Store, place: &Place) {
    for name in place.names("blobs/sha256") {
        let digest = format!("sha256:{name}").parse().unwrap();
        store.verify(&digest).unwrap();
    }
}

#[test]
fn a_killed_process_loses_at_most_its_last_few_mebibytes() {
    for steps in [1, 9, 20, 35] {
        let place = Place::new();
        let blob = describe(&large());
        let made = kill_after(child(&place, "take-in"), steps);
        assert!(made >= steps);
        all_content_verifies(&place.store, &place);
        match place.store.receive(&blob).unwrap() {
            // It was faster than the kill.
            Receive::Whole => continue,
            Receive::Ingest(ingest) => {
                let kept = ingest
                    .missing()
                    .first()
                    .map_or(blob.size, |first| first.offset);
                assert!(
                    kept + 4 * MIB as u64 >= (made * MIB / 2) as u64,
                    "{made} {kept}"
                );
            }
            Receive::Busy => panic!("the dead hold the lock"),
        }
        take_in(&place.another(), || {});
        assert_eq!(read_whole(&place.store, &blob), large());
        assert!(place.names("ingest").is_empty());
    }
}

#[test]
fn a_process_with_several_writers_is_killed_and_another_completes() {
    let place = Place::new();
    let blob = describe(&large());
    let steps = 30;
    let made = kill_after(child(&place, "take-in-at-once"), steps);
    let missing: u64 = {
        let ingest = ingest(&place.store, &blob);
        ingest.missing().iter().map(|extent| extent.length).sum()
    };
    let lost = (made * MIB / 2) as u64 - (blob.size - missing).min((made * MIB / 2) as u64);
    assert!(lost <= 3 * 4 * MIB as u64, "{lost}");
    assert!(missing < blob.size);
    take_in(&place.store, || {});
    assert_eq!(read_whole(&place.store, &blob), large());
}

#[test]
fn two_processes_at_once_one_killed_and_the_other_completes() {
    for steps in [1, 15, 30] {
        let place = Place::new();
        let (first, second) = (child(&place, "take-in"), child(&place, "take-in"));
        kill_after(first, steps);
        let mut second = second;
        // Its output is not read; it is short enough for the pipe.
        assert!(second.wait().unwrap().success());
        assert_eq!(read_whole(&place.store, &describe(&large())), large());
        all_content_verifies(&place.store, &place);
    }
}

#[test]
fn processes_killed_while_they_store_leave_nothing_wrong() {
    let place = Place::new();
    for round in 1..8 {
        let (first, second) = (child(&place, "put"), child(&place, "add"));
        kill_after(first, round * 7);
        kill_after(second, round);
        for name in place.names("blobs/sha256") {
            let digest = format!("sha256:{name}").parse().unwrap();
            place.store.verify(&digest).unwrap();
        }
    }
    assert!(place.names("damaged").is_empty());
    let _tidy = place.another();
    assert!(
        place.names("scratch").len() <= 2,
        "{:?}",
        place.names("scratch")
    );
}

#[test]
fn a_process_killed_while_it_names_leaves_a_table() {
    let place = Place::new();
    place.store.set_name("other", &describe(b"other")).unwrap();
    for round in 1..8 {
        let (first, second) = (child(&place, "name"), child(&place, "name"));
        kill_after(first, round);
        kill_after(second, round);
        assert!(place.store.find_name("name").unwrap().is_some());
        let other = place.store.find_name("other").unwrap();
        assert_eq!(other, Some(describe(b"other")));
    }
    assert!(place.names("damaged").is_empty());
}

#[test]
fn what_has_a_name_is_whole_when_a_pruning_was_killed() {
    let place = Place::new();
    for round in 1..12 {
        kill_after(child(&place, "prune"), 1 + round % 3);
        for name in place.store.names().unwrap() {
            let closure = place.store.closure(&name.target.digest).unwrap();
            assert!(closure.problems.is_empty(), "{name:?}: {closure:?}");
        }
        let verified = place.store.verify_all().unwrap();
        assert!(verified.damaged.is_empty(), "{verified:?}");
    }
    assert_eq!(place.store.prune(Some(0), false).unwrap().left, 0);
}
