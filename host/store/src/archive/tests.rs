//! Layouts out and in, and layouts that lie.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use tar::{Builder, EntryType, Header};
use wharf_oci::{Descriptor, Reference, media_type};

use super::{ArchiveError, Wanted};
use crate::hash;
use crate::tests::{Place, bytes, image, index, read_whole};

fn reference(text: &str) -> Reference {
    text.parse().unwrap()
}

fn wanted(name: Option<&str>, target: &Descriptor) -> Wanted {
    Wanted {
        name: name.map(reference),
        digest: target.digest.clone(),
    }
}

/// A store with an application, a signature of it, and a signature of that.
fn signed() -> (Place, Descriptor, Descriptor, Descriptor) {
    let place = Place::new();
    let app = image(&place.store, &[b"one", &bytes(500_000, 1)], None);
    let signature = image(&place.store, &[b"signature"], Some(&app));
    let counter = image(&place.store, &[b"counter"], Some(&signature));
    let name = reference("r.example/app:1").to_string();
    place.store.set_name(&name, &app).unwrap();
    place.store.set_seen(&counter).unwrap();
    place.store.set_seen(&signature).unwrap();
    (place, app, signature, counter)
}

#[test]
fn what_was_saved_is_loaded_with_what_refers_to_it() {
    let (place, app, signature, counter) = signed();
    let directory = tempfile::tempdir().unwrap();
    for name in ["layout.tar", "layout"] {
        let path = directory.path().join(name);
        let wanted = [wanted(Some("r.example/app:1"), &app)];
        let saved = place.store.save(&wanted, true, &path).unwrap();
        assert_eq!(saved.manifests.len(), 3);
        assert_eq!(saved.manifests[0].name.as_deref(), Some("r.example/app:1"));
        assert_eq!(saved.content.pieces, 8);

        let other = Place::new();
        let loaded = other.store.load(&path, None).unwrap();
        assert_eq!(loaded.content, saved.content);
        assert_eq!(loaded.manifests[0].name.as_deref(), Some("r.example/app:1"));
        let found = other.store.find_name("r.example/app:1").unwrap();
        assert_eq!(found, Some(app.clone()));
        let referrers = other.store.referrers(&app.digest).unwrap();
        assert_eq!(referrers, std::slice::from_ref(&signature));
        let referrers = other.store.referrers(&signature.digest).unwrap();
        assert_eq!(referrers, std::slice::from_ref(&counter));
        assert!(other.store.verify_all().unwrap().damaged.is_empty());
        let again = other.store.load(&path, None).unwrap();
        assert_eq!((again.content.pieces, again.present), (0, saved.content));

        // What was loaded is saved as the same bytes.
        let second = directory.path().join(format!("second-{name}"));
        other.store.save(&wanted, true, &second).unwrap();
        if second.is_file() {
            assert_eq!(fs::read(&path).unwrap(), fs::read(&second).unwrap());
        }
    }
}

#[test]
fn referrers_can_be_left_out() {
    let (place, app, ..) = signed();
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("layout.tar");
    let saved = place.store.save(&[wanted(None, &app)], false, &path);
    assert_eq!(saved.unwrap().manifests.len(), 1);
    let other = Place::new();
    other.store.load(&path, None).unwrap();
    assert!(other.store.referrers(&app.digest).unwrap().is_empty());
    assert_eq!(other.store.names().unwrap()[0].name, None);
}

#[test]
fn tags_are_names_within_the_layout_unless_two_are_the_same() {
    let place = Place::new();
    let one = image(&place.store, &[b"one"], None);
    let two = image(&place.store, &[b"two"], None);
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("layout");
    let all = [
        wanted(Some("r.example/one:1"), &one),
        wanted(Some("r.example/two:1"), &two),
        wanted(Some("r.example/two:2"), &two),
    ];
    place.store.save(&all, true, &path).unwrap();
    let text = fs::read_to_string(path.join("index.json")).unwrap();
    let index: Value = serde_json::from_str(&text).unwrap();
    let names: Vec<_> = (0..3)
        .map(|at| index["manifests"][at]["annotations"][super::REF_NAME].clone())
        .collect();
    assert_eq!(names, ["r.example/one:1", "r.example/two:1", "2"]);
    let other = Place::new();
    let loaded = other.store.load(&path, None).unwrap();
    assert_eq!(loaded.manifests.len(), 3);
    let found = other.store.find_name("r.example/two:2").unwrap();
    assert_eq!(found, Some(two));
}

#[test]
fn a_layout_without_names_is_named_by_the_caller() {
    let place = Place::new();
    let one = image(&place.store, &[b"one"], None);
    let list = index(&place.store, &[&one]);
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("layout.tar");
    place
        .store
        .save(&[wanted(None, &list)], true, &path)
        .unwrap();
    let other = Place::new();
    let name = reference("r.example/app:2");
    other.store.load(&path, Some(&name)).unwrap();
    let found = other.store.find_name("r.example/app:2").unwrap();
    assert_eq!(found, Some(list.clone()));

    let two = directory.path().join("two.tar");
    let both = [
        wanted(None, &list),
        wanted(None, &image(&place.store, &[b"x"], None)),
    ];
    place.store.save(&both, true, &two).unwrap();
    let error = other.store.load(&two, Some(&name)).unwrap_err();
    assert!(matches!(error, ArchiveError::Unclear(2)), "{error}");
    let wrong = reference(&format!("r.example/app@{}", one.digest));
    let error = other.store.load(&path, Some(&wrong)).unwrap_err();
    assert!(matches!(error, ArchiveError::Mismatch { .. }), "{error}");
}

#[test]
fn nothing_half_written_is_left_when_saving_fails() {
    let (place, app, ..) = signed();
    let directory = tempfile::tempdir().unwrap();
    let layer = Descriptor::new("a/b", hash::digest(b"one"), 3);
    place.damage(&layer, b"0ne");
    for name in ["layout.tar", "layout"] {
        place.store.put(b"one", None).unwrap();
        place.damage(&layer, b"0ne");
        let path = directory.path().join(name);
        let error = place.store.save(&[wanted(None, &app)], true, &path);
        assert!(matches!(error, Err(ArchiveError::Store(_))), "{error:?}");
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 0);
        // Now it is missing, and that is known before anything is written.
        let error = place.store.save(&[wanted(None, &app)], true, &path);
        assert!(matches!(error, Err(ArchiveError::Store(_))), "{error:?}");
    }
    place.store.put(b"one", None).unwrap();
    let taken = directory.path().join("taken");
    fs::create_dir(&taken).unwrap();
    place
        .store
        .save(&[wanted(None, &app)], true, &taken)
        .unwrap();
    let error = place.store.save(&[wanted(None, &app)], true, &taken);
    assert!(
        matches!(error, Err(ArchiveError::Place { .. })),
        "{error:?}"
    );
}

/// One file of a tar file: its name, kind, claimed size, and content.
type Entry = (String, EntryType, u64, Vec<u8>);

fn file(name: &str, content: impl AsRef<[u8]>) -> Entry {
    let content = content.as_ref().to_vec();
    let size = content.len() as u64;
    (name.to_owned(), EntryType::Regular, size, content)
}

fn blob(content: &[u8]) -> Entry {
    file(&super::blob_name(&hash::digest(content)), content)
}

/// Writes entries as they are, lies included.
fn tar(path: &Path, entries: &[Entry]) {
    let mut builder = Builder::new(File::create(path).unwrap());
    for (name, kind, size, content) in entries {
        let mut header = Header::new_ustar();
        // Not through `set_path`, which refuses what is to be shown here.
        header.as_old_mut().name[..name.len()].copy_from_slice(name.as_bytes());
        header.set_entry_type(*kind);
        if matches!(kind, EntryType::Link | EntryType::Symlink) {
            header.set_link_name("/etc/passwd").unwrap();
        }
        header.set_size(*size);
        header.set_mode(0o644);
        header.set_cksum();
        builder.append(&header, &content[..]).unwrap();
    }
    builder.into_inner().unwrap();
}

fn describe(kind: &str, content: &[u8]) -> Value {
    json!({"mediaType": kind, "digest": hash::digest(content), "size": content.len()})
}

/// A layout of one manifest with one layer, to be spoilt.
fn plain() -> (Vec<Entry>, Vec<u8>) {
    let manifest = json!({
        "schemaVersion": 2,
        "config": describe("a/config", b"{}"),
        "layers": [describe("a/layer", b"layer")],
    });
    let manifest = manifest.to_string().into_bytes();
    let described = describe(media_type::IMAGE_MANIFEST, &manifest);
    let entries = vec![
        file("oci-layout", r#"{"imageLayoutVersion":"1.0.0"}"#),
        file("index.json", index_of(&[described])),
        blob(&manifest),
        blob(b"{}"),
        blob(b"layer"),
    ];
    (entries, manifest)
}

fn index_of(manifests: &[Value]) -> String {
    json!({"schemaVersion": 2, "manifests": manifests}).to_string()
}

/// Loads what must be refused, and gives the text of the error.
fn refused(place: &Place, path: &Path) -> String {
    let error = place.store.load(path, None).unwrap_err();
    let refusal = !matches!(error, ArchiveError::Store(_) | ArchiveError::Io { .. });
    assert!(refusal, "{error:?}");
    assert!(place.names("blobs/sha256").is_empty(), "{error}");
    assert!(place.store.names().unwrap().is_empty(), "{error}");
    error.to_string()
}

#[test]
fn a_plain_layout_is_loaded_whatever_the_order_and_whatever_else_is_in_it() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("layout.tar");
    let (mut entries, _) = plain();
    entries.push(file("manifest.json", "[]"));
    entries.push(("blobs/".to_owned(), EntryType::Directory, 0, Vec::new()));
    entries.push(blob(b"nobody's"));
    entries.reverse();
    tar(&path, &entries);
    let place = Place::new();
    let loaded = place.store.load(&path, None).unwrap();
    assert_eq!((loaded.content.pieces, loaded.manifests.len()), (3, 1));
    assert_eq!(place.names("blobs/sha256").len(), 3);
}

#[test]
fn a_tar_file_that_is_up_to_something_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("layout.tar");
    let place = Place::new();
    let kind = |kind| ("x".to_owned(), kind, 0, Vec::new());
    for (extra, word) in [
        (file("../escape", "x"), "plain path"),
        (file("/etc/cron.d/x", "x"), "plain path"),
        (file("blobs/../../x", "x"), "plain path"),
        (file("blobs\\x", "x"), "plain path"),
        (kind(EntryType::Symlink), "link"),
        (kind(EntryType::Link), "link"),
        (kind(EntryType::Fifo), "regular file"),
        (kind(EntryType::Char), "regular file"),
        (blob(b"layer"), "twice"),
        (file("./index.json", "{}"), "twice"),
        (
            ("x".to_owned(), EntryType::Regular, 1 << 40, b"x".to_vec()),
            "claims",
        ),
    ] {
        let (mut entries, _) = plain();
        entries.push(extra);
        tar(&path, &entries);
        let text = refused(&place, &path);
        assert!(text.contains(word), "{text}");
    }
    fs::write(&path, bytes(10_000, 1)).unwrap();
    refused(&place, &path);
    fs::write(&path, "").unwrap();
    assert!(refused(&place, &path).contains("oci-layout"));
    let long = "n".repeat(80 * 1024 * 1024);
    let long = (
        "././@LongLink".to_owned(),
        EntryType::GNULongName,
        long.len() as u64,
        long.into(),
    );
    tar(&path, &[long]);
    assert!(refused(&place, &path).contains("headers are too long"));
}

/// Replaces the entry at a place.
fn with(at: usize, entry: Entry) -> Vec<Entry> {
    let (mut entries, _) = plain();
    entries[at] = entry;
    entries
}

#[test]
fn a_layout_that_lies_is_refused_as_a_tar_file_and_as_a_directory() {
    let (entries, manifest) = plain();
    let name_of = |at: usize| entries[at].0.clone();
    let described = describe(media_type::IMAGE_MANIFEST, &manifest);
    let changed = |member: &str, value: Value| {
        let mut described = described.clone();
        described[member] = value;
        file("index.json", index_of(&[described]))
    };
    let named = |name: &str| {
        let mut described = described.clone();
        described["annotations"] = json!({ super::IMAGE_NAME: name });
        described
    };
    let nested = json!({"schemaVersion": 2, "manifests": [{
        "mediaType": media_type::IMAGE_MANIFEST, "digest": hash::digest(b"layer"), "size": 5}]});
    let nested = nested.to_string().into_bytes();
    let other = Value::from(hash::digest(b"other").as_str());
    let mut two_sizes = with(
        1,
        file(
            "index.json",
            index_of(&[described.clone(), described_as(&described, 7)]),
        ),
    );
    two_sizes.reverse();
    for (lie, word) in [
        (with(4, file(&name_of(4), "loyer")), "promised"),
        (with(4, file(&name_of(4), "layer, and more")), "15 bytes"),
        (with(4, file(&name_of(4), "")), "0 bytes"),
        (with(4, file("x", "")), "is not in the layout"),
        (
            with(2, file(&name_of(2), "x".repeat(manifest.len()))),
            "promised",
        ),
        (with(2, file("x", "")), "is not in the layout"),
        (with(1, changed("size", json!(5 << 20))), "5242880 bytes"),
        (with(1, changed("size", json!(-1))), "can't be read"),
        (with(1, changed("digest", other)), "is not in the layout"),
        (
            with(1, changed("digest", json!("sha256:../../x"))),
            "can't be read",
        ),
        (two_sizes, "two sizes"),
        (
            with(
                1,
                file(
                    "index.json",
                    index_of(&[
                        named("r.example/a:1"),
                        json!({"mediaType": "a/b", "digest": hash::digest(b"layer"), "size": 5,
                    "annotations": {super::IMAGE_NAME: "r.example/a:1"}}),
                    ]),
                ),
            ),
            "two manifests",
        ),
        (
            with(
                1,
                file(
                    "index.json",
                    index_of(&[named(&format!("r.example/a@{}", hash::digest(b"x")))]),
                ),
            ),
            "calls",
        ),
        (with(1, file("index.json", "{")), "can't be read"),
        (
            with(1, file("index.json", "[".repeat(100_000))),
            "can't be read",
        ),
        (
            with(1, file("index.json", " ".repeat(5 << 20))),
            "more than",
        ),
        (
            with(
                1,
                file("index.json", index_of(&vec![described.clone(); 20_000])),
            ),
            "more than",
        ),
        (
            with(0, file("oci-layout", r#"{"imageLayoutVersion":"2"}"#)),
            "version 2",
        ),
        (with(0, file("x", "")), "is missing"),
        (
            {
                let mut entries = with(
                    1,
                    file(
                        "index.json",
                        index_of(&[describe(media_type::IMAGE_INDEX, &nested)]),
                    ),
                );
                entries.push(blob(&nested));
                entries
            },
            "can't be used",
        ),
    ] {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("layout.tar");
        tar(&path, &lie);
        let place = Place::new();
        let text = refused(&place, &path);
        assert!(text.contains(word), "{word}: {text}");
        let text = refused(&place, &unpacked(directory.path(), &lie));
        assert!(text.contains(word), "{word}: {text}");
    }
}

fn described_as(described: &Value, size: u64) -> Value {
    let mut described = described.clone();
    described["size"] = size.into();
    described
}

fn unpacked(parent: &Path, entries: &[Entry]) -> PathBuf {
    let root = parent.join("layout");
    for (name, _, _, content) in entries {
        let path = root.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }
    root
}

#[test]
fn links_in_a_directory_are_not_followed() {
    use std::os::unix::fs::symlink;
    let (entries, _) = plain();
    let outside = tempfile::tempdir().unwrap();
    let original = unpacked(outside.path(), &entries);
    for at in ["index.json", "blobs/sha256", "blobs", entries[4].0.as_str()] {
        let directory = tempfile::tempdir().unwrap();
        let root = unpacked(directory.path(), &entries);
        let link = root.join(at);
        if link.is_dir() {
            fs::remove_dir_all(&link).unwrap();
        } else {
            fs::remove_file(&link).unwrap();
        }
        symlink(original.join(at), &link).unwrap();
        let text = refused(&Place::new(), &root);
        assert!(text.contains("not a regular file"), "{at}: {text}");
    }
}

#[test]
fn what_is_here_need_not_be_in_the_layout() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("layout.tar");
    let (entries, manifest) = plain();
    tar(&path, &entries[..3]);
    let place = Place::new();
    assert!(place.store.load(&path, None).is_err());
    place.store.put(b"layer", None).unwrap();
    place.store.put(b"{}", None).unwrap();
    let loaded = place.store.load(&path, None).unwrap();
    assert_eq!((loaded.content.pieces, loaded.present.pieces), (1, 2));
    let described = &loaded.manifests[0].target;
    assert_eq!(read_whole(&place.store, described), manifest);
}
