//! Stores in which other things lie where content should.

use std::os::unix::fs::{MetadataExt as _, symlink};
use std::path::Path;
use std::process::Command;

use super::{Place, describe, ingest, read_whole};
use crate::StoreError;

/// Puts something that is no content at a path.
type Plant = fn(&Path);

const PLANTS: [(&str, Plant); 5] = [
    ("a link out of the store", |path| {
        symlink("/etc/passwd", path).unwrap();
    }),
    ("a link within the store", |path| {
        symlink("../../index.json", path).unwrap();
    }),
    ("a link to nothing", |path| {
        symlink("nothing", path).unwrap();
    }),
    ("a directory with something in it", |path| {
        std::fs::create_dir(path).unwrap();
        std::fs::write(path.join("file"), "").unwrap();
    }),
    ("a pipe", |path| {
        assert!(Command::new("mkfifo").arg(path).status().unwrap().success());
    }),
];

#[test]
fn what_is_not_a_file_is_no_content() {
    let place = Place::new();
    let blob = describe(b"content");
    let path = place.path_of(&blob);
    for (what, plant) in PLANTS {
        plant(&path);
        assert_eq!(place.store.stat(&blob.digest).unwrap(), None, "{what}");
        let error = place.store.read(&blob.digest, None).unwrap_err();
        assert!(matches!(error, StoreError::Missing(_)), "{what}: {error}");
        assert!(std::fs::symlink_metadata(&path).is_err(), "{what} was left");
        plant(&path);
        assert_eq!(place.store.get(&blob.digest).unwrap(), None, "{what}");
    }
    assert!(Path::new("/etc/passwd").exists());
}

#[test]
fn content_replaces_what_is_not_a_file() {
    let place = Place::new();
    let blob = describe(b"content");
    let path = place.path_of(&blob);
    for (what, plant) in PLANTS {
        for way in 0..3 {
            plant(&path);
            match way {
                0 => drop(place.store.put(b"content", None).unwrap()),
                1 => {
                    let mut addition = place.store.add().unwrap();
                    addition.write(b"content").unwrap();
                    addition.finish().unwrap();
                }
                _ => {
                    let ingest = ingest(&place.store, &blob);
                    ingest.writer(0).unwrap().write(b"content").unwrap();
                    ingest.finish().unwrap();
                }
            }
            let metadata = std::fs::symlink_metadata(&path).unwrap();
            assert!(metadata.is_file(), "{what} {way}");
            assert_eq!(read_whole(&place.store, &blob), b"content");
            std::fs::remove_file(&path).unwrap();
        }
    }
}

#[test]
fn nothing_outside_is_written_to_through_a_partial_file() {
    let outside = tempfile::tempdir().unwrap();
    let victim = outside.path().join("victim");
    std::fs::write(&victim, "untouched").unwrap();
    let place = Place::new();
    let blob = describe(b"content");
    let folder = place.directory.path().join("ingest");
    let at = |end: &str| folder.join(format!("{}.{end}", blob.digest.hex()));
    for plant in [
        |victim: &Path, path: &Path| symlink(victim, path).unwrap(),
        |victim: &Path, path: &Path| std::fs::hard_link(victim, path).unwrap(),
    ] {
        plant(&victim, &at("data"));
        plant(&victim, &at("extents"));
        plant(&victim, &at("extents.new"));
        let first = ingest(&place.store, &blob);
        first.writer(0).unwrap().write(b"con").unwrap();
        drop(first);
        let second = ingest(&place.store, &blob);
        assert_eq!(second.missing()[0].offset, 3);
        second.writer(3).unwrap().write(b"tent").unwrap();
        second.finish().unwrap();
        assert_eq!(std::fs::read_to_string(&victim).unwrap(), "untouched");
        assert_eq!(std::fs::metadata(&victim).unwrap().nlink(), 1);
        std::fs::remove_file(place.path_of(&blob)).unwrap();
    }
    symlink(&victim, at("lock")).unwrap();
    assert!(place.store.receive(&blob).is_err());
}

#[test]
fn a_pipe_among_the_partial_files_is_not_waited_for() {
    let place = Place::new();
    let blob = describe(b"content");
    let folder = place.directory.path().join("ingest");
    for end in ["data", "extents"] {
        let path = folder.join(format!("{}.{end}", blob.digest.hex()));
        assert!(Command::new("mkfifo").arg(path).status().unwrap().success());
    }
    let ingest = ingest(&place.store, &blob);
    ingest.writer(0).unwrap().write(b"content").unwrap();
    ingest.finish().unwrap();
    assert_eq!(read_whole(&place.store, &blob), b"content");
}
