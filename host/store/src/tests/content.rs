//! Storing and reading whole content.

use std::fs::File;
use std::io::{Seek as _, SeekFrom, Write as _};
use std::os::unix::fs::PermissionsExt as _;

use super::{Place, bytes, describe, read_whole};
use crate::{Added, Extent, SMALL_BYTES, Store, StoreError};

#[test]
fn what_was_put_is_read() {
    let place = Place::new();
    for content in [&b""[..], b"content", &bytes(100_000, 1)] {
        let expected = describe(content);
        assert_eq!(place.store.stat(&expected.digest).unwrap(), None);
        assert_eq!(place.store.get(&expected.digest).unwrap(), None);
        let digest = place.store.put(content, Some(&expected.digest)).unwrap();
        assert_eq!(digest, expected.digest);
        assert_eq!(place.store.stat(&digest).unwrap(), Some(expected.size));
        assert_eq!(place.store.get(&digest).unwrap().unwrap(), content);
        assert_eq!(place.store.verify(&digest).unwrap(), expected.size);
        assert_eq!(read_whole(&place.another(), &expected), content);
        let mode = std::fs::metadata(place.path_of(&expected)).unwrap();
        assert_eq!(mode.permissions().mode() & 0o777, 0o444);
        assert_eq!(place.store.put(content, None).unwrap(), digest);
    }
}

#[test]
fn what_is_not_here_is_missing() {
    let place = Place::new();
    let digest = describe(b"x").digest;
    assert!(matches!(
        place.store.read(&digest, None).unwrap_err(),
        StoreError::Missing(missing) if missing == digest
    ));
    assert!(matches!(
        place.store.verify(&digest).unwrap_err(),
        StoreError::Missing(_)
    ));
}

#[test]
fn content_of_another_digest_is_not_put() {
    let place = Place::new();
    let error = place
        .store
        .put(b"content", Some(&describe(b"other").digest));
    assert!(matches!(error, Err(StoreError::Mismatch { .. })));
    assert!(place.names("blobs/sha256").is_empty());
}

#[test]
fn only_small_content_is_handed_over_whole() {
    let place = Place::new();
    let most = usize::try_from(SMALL_BYTES).unwrap();
    let content = bytes(most + 1, 1);
    let error = place.store.put(&content, None).unwrap_err();
    assert!(matches!(error, StoreError::TooLarge { .. }), "{error}");
    let digest = place.store.put(&content[..most], None).unwrap();
    assert_eq!(place.store.get(&digest).unwrap().unwrap().len(), most);
    let mut addition = place.store.add().unwrap();
    addition.write(&content).unwrap();
    let (digest, _) = addition.finish().unwrap();
    let error = place.store.get(&digest).unwrap_err();
    assert!(matches!(error, StoreError::TooLarge { .. }), "{error}");
}

#[test]
fn damaged_content_is_noticed_set_aside_and_stored_again() {
    let place = Place::new();
    let content = bytes(10_000, 1);
    let blob = describe(&content);
    let mut wrong = content.clone();
    wrong[9_999] ^= 1;
    for (round, damaged) in [&wrong[..], &content[..5_000], b""].into_iter().enumerate() {
        for way in 0..4 {
            place.store.put(&content, None).unwrap();
            place.damage(&blob, damaged);
            match way {
                0 => assert_eq!(place.store.get(&blob.digest).unwrap(), None),
                1 => {
                    let error = place.store.verify(&blob.digest).unwrap_err();
                    assert!(matches!(error, StoreError::Mismatch { .. }), "{error}");
                }
                2 => {
                    let mut reader = place.store.read(&blob.digest, None).unwrap();
                    let mut buffer = vec![0; 20_000];
                    for _ in 0..2 {
                        let error = reader.read(&mut buffer).unwrap_err();
                        assert!(matches!(error, StoreError::Mismatch { .. }), "{error}");
                    }
                }
                _ => {
                    place.store.put(&content, None).unwrap();
                    assert_eq!(place.store.get(&blob.digest).unwrap().unwrap(), content);
                    continue;
                }
            }
            assert_eq!(
                place.store.stat(&blob.digest).unwrap(),
                None,
                "{round} {way}"
            );
            assert_eq!(place.names("damaged"), [blob.digest.hex()]);
        }
    }
}

#[test]
fn bad_bytes_are_never_handed_over_to_the_last() {
    let place = Place::new();
    let content = bytes(10_000, 1);
    let blob = describe(&content);
    place.store.put(&content, None).unwrap();
    let mut wrong = content;
    wrong[0] ^= 1;
    place.damage(&blob, &wrong);
    let mut reader = place.store.read(&blob.digest, None).unwrap();
    let mut buffer = [0; 1000];
    let mut read = 0;
    let error = loop {
        match reader.read(&mut buffer) {
            Ok(bytes) => read += bytes,
            Err(error) => break error,
        }
    };
    assert_eq!(read, 9_000);
    assert!(matches!(error, StoreError::Mismatch { .. }), "{error}");
}

#[test]
fn a_file_that_shrinks_while_it_is_read_is_a_mismatch() {
    let place = Place::new();
    let content = bytes(10_000, 1);
    let blob = describe(&content);
    place.store.put(&content, None).unwrap();
    place.damage(&blob, &content);
    let mut reader = place.store.read(&blob.digest, None).unwrap();
    let mut buffer = [0; 1000];
    assert_eq!(reader.read(&mut buffer).unwrap(), 1000);
    let file = File::options()
        .write(true)
        .open(place.path_of(&blob))
        .unwrap();
    file.set_len(1500).unwrap();
    let error = reader.read(&mut buffer).unwrap_err();
    assert!(matches!(error, StoreError::Mismatch { .. }), "{error}");
}

#[test]
fn what_replaced_damaged_content_meanwhile_is_not_set_aside() {
    let place = Place::new();
    let content = bytes(1000, 1);
    let blob = describe(&content);
    place.store.put(&content, None).unwrap();
    place.damage(&blob, b"damaged");
    let mut reader = place.store.read(&blob.digest, None).unwrap();
    place.another().put(&content, None).unwrap();
    assert!(reader.read(&mut [0; 1000]).is_err());
    assert_eq!(place.store.get(&blob.digest).unwrap().unwrap(), content);
}

#[test]
fn parts_are_read_within_the_content_alone() {
    let place = Place::new();
    let digest = place.store.put(b"0123456789", None).unwrap();
    let part = |offset, length| place.store.read(&digest, Some(Extent { offset, length }));
    let mut buffer = [0; 20];
    let mut reader = part(3, 4).unwrap();
    assert_eq!(reader.length(), 4);
    assert_eq!(reader.read(&mut buffer[..0]).unwrap(), 0);
    assert_eq!(reader.read(&mut buffer).unwrap(), 4);
    assert_eq!(&buffer[..4], b"3456");
    assert_eq!(reader.read(&mut buffer).unwrap(), 0);
    assert_eq!(part(10, 0).unwrap().read(&mut buffer).unwrap(), 0);
    for (offset, length) in [(0, 11), (11, 0), (10, 1), (u64::MAX, 2)] {
        let error = part(offset, length).unwrap_err();
        assert!(matches!(error, StoreError::Range { .. }), "{error}");
    }
}

#[test]
fn what_was_added_piece_by_piece_is_there_once_it_is_finished() {
    let place = Place::new();
    let content = bytes(3_000_000, 1);
    let blob = describe(&content);
    let mut addition = place.store.add().unwrap();
    for piece in content.chunks(70_001) {
        addition.write(piece).unwrap();
    }
    assert!(place.names("blobs/sha256").is_empty());
    assert_eq!(addition.finish().unwrap(), (blob.digest.clone(), blob.size));
    assert_eq!(read_whole(&place.store, &blob), content);
    let mut addition = place.store.add().unwrap();
    addition.write(b"forgotten").unwrap();
    drop(addition);
    assert_eq!(place.names("blobs/sha256").len(), 1);
}

#[test]
fn files_of_every_size_become_content() {
    let place = Place::new();
    for size in [0, 1, 1_048_575, 1_048_576, 1_048_577, 5_000_000] {
        let content = bytes(size, size as u64 + 1);
        let blob = describe(&content);
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(&content).unwrap();
        for is_new in [true, false] {
            file.seek(SeekFrom::End(0)).unwrap();
            let added = place.store.add_file(file.try_clone().unwrap()).unwrap();
            let expected = Added {
                digest: blob.digest.clone(),
                size: blob.size,
                is_new,
            };
            assert_eq!(added, expected);
            assert_eq!(read_whole(&place.store, &blob), content);
            let mode = std::fs::metadata(place.path_of(&blob)).unwrap();
            assert_eq!(mode.permissions().mode() & 0o777, 0o444);
        }
    }
    let directory = File::open(place.directory.path()).unwrap();
    assert!(place.store.add_file(directory).is_err());
}

#[test]
fn a_large_file_is_told_from_others_of_its_size() {
    let place = Place::new();
    let file = |content: &[u8]| {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(content).unwrap();
        file
    };
    let (one, other) = (bytes(2_000_000, 1), bytes(2_000_000, 2));
    place.store.add_file(file(&one)).unwrap();
    // Another instance sees what is there when it is asked first.
    let store = Store::open(place.directory.path()).unwrap();
    for (content, is_new) in [(&one, false), (&other, true), (&other, false)] {
        let added = store.add_file(file(content)).unwrap();
        assert_eq!(added.digest, describe(content).digest);
        assert_eq!(added.is_new, is_new);
        assert_eq!(read_whole(&store, &describe(content)), *content);
    }
}

#[test]
fn a_file_that_changes_while_it_is_added_is_stored_as_what_was_read() {
    let place = Place::new();
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(&bytes(4_000_000, 1)).unwrap();
    let path = file.path();
    let stop = std::sync::atomic::AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let mut seed = 2;
            while !stop.load(std::sync::atomic::Ordering::Relaxed) {
                let mut file = File::options().write(true).open(path).unwrap();
                let size = 3_000_000 + usize::try_from(seed % 7).unwrap() * 200_000;
                file.write_all(&bytes(size, seed)).unwrap();
                file.set_len(size as u64).unwrap();
                seed += 1;
            }
        });
        for _ in 0..10 {
            let added = place.store.add_file(File::open(path).unwrap()).unwrap();
            assert_eq!(place.store.verify(&added.digest).unwrap(), added.size);
        }
        stop.store(true, std::sync::atomic::Ordering::Relaxed);
    });
    for name in place.names("blobs/sha256") {
        let digest = format!("sha256:{name}").parse().unwrap();
        place.store.verify(&digest).unwrap();
    }
}
