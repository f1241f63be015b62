//! Taking in content in every order, and over several lives.

use proptest::prelude::*;

use super::{Place, bytes, describe, ingest, read_whole};
use crate::{Extent, Receive, StoreError};

const MIB: usize = 1024 * 1024;

#[test]
fn what_was_taken_in_is_visible_once_it_is_finished() {
    let place = Place::new();
    for size in [0, 1, 100_000, 9 * MIB] {
        let content = bytes(size, 1);
        let blob = describe(&content);
        let ingest = ingest(&place.store, &blob);
        let mut writer = ingest.writer(0).unwrap();
        for piece in content.chunks(100_003) {
            writer.write(piece).unwrap();
        }
        assert_eq!(writer.written(), blob.size);
        assert!(ingest.missing().is_empty());
        assert_eq!(place.store.stat(&blob.digest).unwrap(), None);
        ingest.finish().unwrap();
        assert_eq!(read_whole(&place.store, &blob), content);
        assert!(place.names("ingest").is_empty());
        assert!(matches!(writer.write(b"x"), Err(StoreError::Closed(_))));
        drop((writer, ingest));
        assert!(place.names("ingest").is_empty());
        assert!(matches!(
            place.another().receive(&blob).unwrap(),
            Receive::Whole
        ));
    }
}

#[test]
fn the_right_to_write_is_exclusive_until_the_last_writer_is_gone() {
    let place = Place::new();
    let blob = describe(b"content");
    let first = ingest(&place.store, &blob);
    let busy = |store: &crate::Store| matches!(store.receive(&blob).unwrap(), Receive::Busy);
    assert!(busy(&place.store) && busy(&place.another()));
    let mut writer = first.writer(0).unwrap();
    drop(first);
    assert!(busy(&place.another()));
    writer.write(b"con").unwrap();
    drop(writer);
    let second = ingest(&place.another(), &blob);
    assert_eq!(
        second.missing(),
        [Extent {
            offset: 3,
            length: 4
        }]
    );
    second.writer(3).unwrap().write(b"tent").unwrap();
    second.finish().unwrap();
    assert!(matches!(
        place.store.receive(&blob).unwrap(),
        Receive::Whole
    ));
}

#[test]
fn wrong_bytes_are_never_visible_and_all_gone() {
    let place = Place::new();
    let content = bytes(6 * MIB, 1);
    let blob = describe(&content);
    let mut wrong = content.clone();
    wrong[MIB] ^= 1;
    let ingest_ = ingest(&place.store, &blob);
    ingest_.writer(0).unwrap().write(&wrong).unwrap();
    let error = ingest_.finish().unwrap_err();
    assert!(matches!(error, StoreError::Mismatch { .. }), "{error}");
    assert_eq!(ingest_.missing()[0].length, blob.size);
    drop(ingest_);
    assert!(place.names("ingest").is_empty());
    assert!(place.names("blobs/sha256").is_empty());
    let ingest = ingest(&place.store, &blob);
    ingest.writer(0).unwrap().write(&content).unwrap();
    ingest.finish().unwrap();
}

#[test]
fn wrong_bytes_over_hashed_ones_are_noticed() {
    let place = Place::new();
    let blob = describe(b"content");
    let ingest = ingest(&place.store, &blob);
    ingest.writer(0).unwrap().write(b"content").unwrap();
    ingest.writer(3).unwrap().write(b"T").unwrap();
    assert!(matches!(ingest.finish(), Err(StoreError::Mismatch { .. })));
    ingest.writer(0).unwrap().write(b"cOntent").unwrap();
    ingest.writer(1).unwrap().write(b"o").unwrap();
    ingest.finish().unwrap();
}

#[test]
fn no_byte_is_taken_beyond_the_promised_size() {
    let place = Place::new();
    let blob = describe(b"content");
    let ingest = ingest(&place.store, &blob);
    let mut writer = ingest.writer(0).unwrap();
    writer.write(b"cont").unwrap();
    for wrong in [&b"ents"[..], &[0; 5000]] {
        let error = writer.write(wrong).unwrap_err();
        assert!(matches!(error, StoreError::Mismatch { .. }), "{error}");
    }
    writer.write(b"ent").unwrap();
    writer.write(b"").unwrap();
    assert!(writer.write(b"s").is_err());
    assert!(matches!(ingest.writer(8), Err(StoreError::Mismatch { .. })));
    ingest.finish().unwrap();
}

#[test]
fn nothing_is_allocated_for_a_promise() {
    let place = Place::new();
    let mut blob = describe(b"content");
    blob.size = u64::MAX;
    let ingest = ingest(&place.store, &blob);
    ingest.writer(0).unwrap().write(b"content").unwrap();
    let error = ingest.finish().unwrap_err();
    assert!(matches!(error, StoreError::Incomplete { .. }), "{error}");
    let mut writer = ingest.writer(u64::MAX - 1).unwrap();
    assert!(writer.write(b"x").is_err() && writer.write(b"xxx").is_err());
    let file = place.directory.path().join("ingest");
    let file = file.join(format!("{}.data", blob.digest.hex()));
    assert_eq!(std::fs::metadata(file).unwrap().len(), 7);
}

#[test]
fn what_is_discarded_is_written_anew_by_new_writers_alone() {
    let place = Place::new();
    let blob = describe(b"content");
    let first = ingest(&place.store, &blob);
    let mut old = first.writer(0).unwrap();
    old.write(b"CON").unwrap();
    first.discard().unwrap();
    assert!(matches!(old.write(b"t"), Err(StoreError::Closed(_))));
    drop(old);
    assert_eq!(first.missing()[0].length, 7);
    first.writer(0).unwrap().write(b"conte").unwrap();
    drop(first);
    let second = ingest(&place.store, &blob);
    assert_eq!(second.missing()[0].offset, 5);
    second.discard().unwrap();
    drop(second);
    assert!(place.names("ingest").is_empty());
}

#[test]
fn a_descriptor_that_lies_about_the_size_of_whole_content_is_told() {
    let place = Place::new();
    let mut blob = describe(b"content");
    place.store.put(b"content", None).unwrap();
    blob.size = 8;
    assert!(matches!(
        place.store.receive(&blob),
        Err(StoreError::Mismatch { .. })
    ));
    assert_eq!(place.store.stat(&blob.digest).unwrap(), Some(7));
}

#[test]
fn content_that_was_cut_short_on_disk_is_taken_in_again() {
    let place = Place::new();
    let blob = describe(b"content");
    place.store.put(b"content", None).unwrap();
    place.damage(&blob, b"");
    let ingest = ingest(&place.store, &blob);
    ingest.writer(0).unwrap().write(b"content").unwrap();
    ingest.finish().unwrap();
    assert_eq!(read_whole(&place.store, &blob), b"content");
}

#[test]
fn content_that_became_whole_in_another_way_needs_no_ingest() {
    let place = Place::new();
    let content = bytes(5 * MIB, 1);
    let blob = describe(&content);
    let ingest = ingest(&place.store, &blob);
    ingest.writer(0).unwrap().write(&content[..MIB]).unwrap();
    let mut addition = place.store.add().unwrap();
    addition.write(&content).unwrap();
    addition.finish().unwrap();
    drop(ingest);
    assert!(matches!(
        place.store.receive(&blob).unwrap(),
        Receive::Whole
    ));
    assert!(!place.names("ingest").is_empty());
    drop(place.another());
    assert!(place.names("ingest").is_empty());
}

#[test]
fn a_log_that_says_too_much_does_no_harm() {
    let place = Place::new();
    let content = bytes(5 * MIB, 1);
    let blob = describe(&content);
    let ingest_ = ingest(&place.store, &blob);
    ingest_.writer(0).unwrap().write(&content[..MIB]).unwrap();
    ingest_
        .writer(blob.size - 1)
        .unwrap()
        .write(&content[5 * MIB - 1..])
        .unwrap();
    drop(ingest_);
    let log = place.directory.path().join("ingest");
    let log = log.join(format!("{}.extents", blob.digest.hex()));
    std::fs::write(&log, format!("wharf-extents 1 {0}\n0 {0}\n", blob.size)).unwrap();
    let ingest_ = ingest(&place.store, &blob);
    assert!(ingest_.missing().is_empty());
    assert!(matches!(ingest_.finish(), Err(StoreError::Mismatch { .. })));
    ingest_.writer(0).unwrap().write(&content).unwrap();
    ingest_.finish().unwrap();
    assert_eq!(read_whole(&place.store, &blob), content);
}

#[test]
fn several_writers_write_at_once() {
    let place = Place::new();
    let content = bytes(24 * MIB, 1);
    let blob = describe(&content);
    let ingest = ingest(&place.store, &blob);
    std::thread::scope(|scope| {
        for (number, part) in content.chunks(5 * MIB).enumerate() {
            let mut writer = ingest.writer((number * 5 * MIB) as u64).unwrap();
            scope.spawn(move || {
                for piece in part.chunks(64 * 1024) {
                    writer.write(piece).unwrap();
                }
            });
        }
    });
    ingest.finish().unwrap();
    assert_eq!(read_whole(&place.store, &blob), content);
}

#[test]
fn writers_of_the_same_bytes_never_make_wrong_ones_visible() {
    let place = Place::new();
    let content = bytes(300_000, 1);
    let wrong = bytes(300_000, 2);
    let blob = describe(&content);
    for _ in 0..30 {
        let ingest = ingest(&place.store, &blob);
        std::thread::scope(|scope| {
            for bytes in [&content, &wrong] {
                let mut writer = ingest.writer(0).unwrap();
                scope.spawn(move || {
                    for piece in bytes.chunks(10_000) {
                        // Closed, once the other one's were found wrong.
                        if writer.write(piece).is_err() {
                            return;
                        }
                    }
                });
            }
            let _ = ingest.finish();
        });
        let finished = ingest.finish();
        match place.store.stat(&blob.digest).unwrap() {
            Some(_) => assert_eq!(read_whole(&place.store, &blob), content),
            None => assert!(finished.is_err()),
        }
        drop(ingest);
        let path = place.path_of(&blob);
        let _ = std::fs::remove_file(path);
    }
}

/// One piece of a transfer: which bytes, and what happens after them.
#[derive(Debug, Clone)]
struct Step {
    start: usize,
    length: usize,
    after: After,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum After {
    Continue,
    /// The process ends, and another one continues.
    Restart,
    Discard,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let after = prop_oneof![
        8 => Just(After::Continue),
        2 => Just(After::Restart),
        1 => Just(After::Discard),
    ];
    let step = (0..1000_usize, 0..400_usize, after).prop_map(|(start, length, after)| Step {
        start,
        length,
        after,
    });
    prop::collection::vec(step, 0..15)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_order_gives_the_content_and_wrong_bytes_never_do(
        steps in steps(),
        wrong in prop::option::weighted(0.4, 0..1000_usize),
    ) {
        let place = Place::new();
        let content = bytes(1000, 7);
        let blob = describe(&content);
        let mut sent = content.clone();
        if let Some(wrong) = wrong {
            sent[wrong] ^= 0x80;
        }
        let mut right = ingest(&place.store, &blob);
        for step in steps {
            let end = (step.start + step.length).min(1000);
            let mut writer = right.writer(step.start as u64).unwrap();
            for piece in sent[step.start..end].chunks(150) {
                writer.write(piece).unwrap();
            }
            drop(writer);
            match step.after {
                After::Continue => {}
                After::Restart => {
                    let missing = right.missing();
                    drop(right);
                    right = ingest(&place.another(), &blob);
                    // Small content is not noted once it is complete.
                    prop_assert!(right.missing() == missing || missing.is_empty());
                }
                After::Discard => right.discard().unwrap(),
            }
        }
        for extent in right.missing() {
            let start = usize::try_from(extent.offset).unwrap();
            let end = start + usize::try_from(extent.length).unwrap();
            right.writer(extent.offset).unwrap().write(&sent[start..end]).unwrap();
        }
        let finished = right.finish();
        if wrong.is_some() {
            let mismatch = matches!(finished, Err(StoreError::Mismatch { .. }));
            prop_assert!(mismatch);
            prop_assert_eq!(place.store.stat(&blob.digest).unwrap(), None);
        } else {
            finished.unwrap();
            prop_assert_eq!(read_whole(&place.store, &blob), content);
        }
    }
}
