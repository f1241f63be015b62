use serde_json::json;

use super::*;

/// A store with an artifact whose layers have these titles.
fn titled_artifact(titles: &[Option<&str>]) -> (tempfile::TempDir, Store, Digest) {
    let temporary = tempfile::tempdir().unwrap();
    let store = Store::open(&temporary.path().join("store")).unwrap();
    let config = store.put(b"{}", None).unwrap();
    let layers: Vec<_> = titles
        .iter()
        .map(|title| {
            let digest = store.put(b"content", None).unwrap();
            let mut layer = json!({"mediaType": "text/plain", "digest": digest, "size": 7});
            if let Some(title) = title {
                layer["annotations"] = json!({ TITLE: title });
            }
            layer
        })
        .collect();
    let manifest = json!({
        "schemaVersion": 2,
        "config": {"mediaType": "application/vnd.oci.empty.v1+json", "digest": config, "size": 2},
        "layers": layers,
    });
    let manifest = store.put(manifest.to_string().as_bytes(), None).unwrap();
    (temporary, store, manifest)
}

/// A store with an application of these components and their files.
fn application_of(components: &[(&str, &[&str])]) -> (tempfile::TempDir, Store, Digest) {
    let temporary = tempfile::tempdir().unwrap();
    let store = Store::open(&temporary.path().join("store")).unwrap();
    let components: Vec<_> = components
        .iter()
        .map(|(id, paths)| {
            let files: Vec<_> = paths
                .iter()
                .map(|path| json!({"inline": "eA==", "path": path}))
                .collect();
            json!({
                "id": id, "files": files,
                "source": {"content_type": "application/wasm", "inline": "eA=="},
            })
        })
        .collect();
    let locked = json!({"spin_lock_version": 0, "triggers": [], "components": components});
    let locked = locked.to_string();
    let config = store.put(b"{}", None).unwrap();
    let digest = store.put(locked.as_bytes(), None).unwrap();
    let manifest = json!({
        "schemaVersion": 2,
        "config": {"mediaType": "application/vnd.oci.image.config.v1+json", "digest": config, "size": 2},
        "layers": [{
            "mediaType": "application/vnd.fermyon.spin.application.v1+config",
            "digest": digest, "size": locked.len(),
        }],
    });
    let manifest = store.put(manifest.to_string().as_bytes(), None).unwrap();
    (temporary, store, manifest)
}

/// What is in the directory that the store is in, besides the store.
fn beside_the_store(temporary: &tempfile::TempDir) -> Vec<String> {
    let entries = std::fs::read_dir(temporary.path()).unwrap();
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<_> = names.filter(|name| name != "store").collect();
    names.sort();
    names
}

#[test]
fn an_application_has_its_lock_and_its_components_with_their_files() {
    let (temporary, store, manifest) = application_of(&[("a", &["x/y", "z"]), ("b", &[])]);
    let to = temporary.path().join("out");
    let unpacked = unpack(&store, &manifest, &to, false).unwrap();
    assert_eq!(unpacked.files, 5);
    for (path, content) in [
        ("a.wasm", "x"),
        ("b.wasm", "x"),
        ("a/x/y", "x"),
        ("a/z", "x"),
    ] {
        assert_eq!(std::fs::read_to_string(to.join(path)).unwrap(), content);
    }
    assert!(!to.join("b").exists());
    let lock = std::fs::read(to.join("spin.lock")).unwrap();
    assert!(LockedApp::from_json(&lock).is_ok());
    assert_eq!(beside_the_store(&temporary), ["out"]);
}

#[test]
fn other_artifacts_have_their_titles_or_are_refused() {
    let (temporary, store, manifest) = titled_artifact(&[Some("a.txt"), Some("b/c.txt")]);
    let to = temporary.path().join("out");
    let unpacked = unpack(&store, &manifest, &to, false).unwrap();
    assert_eq!((unpacked.files, unpacked.bytes), (2, 14));
    assert_eq!(std::fs::read(to.join("b/c.txt")).unwrap(), b"content");
    // They are copies: the store's content is not theirs.
    std::fs::write(to.join("a.txt"), "changed").unwrap();
    assert_eq!(std::fs::read(to.join("b/c.txt")).unwrap(), b"content");

    let (temporary, store, manifest) = titled_artifact(&[Some("a.txt"), None]);
    let error = unpack(&store, &manifest, &temporary.path().join("out"), false).unwrap_err();
    assert!(matches!(error, UnpackError::NoTitle { .. }), "{error}");
    assert!(beside_the_store(&temporary).is_empty());
}

#[test]
fn hostile_names_are_refused_before_anything_is_written() {
    for titles in [
        &["../x"][..],
        &["/etc/x"],
        &[r"a\x"],
        &[r"C:\x"],
        &["a/../../x"],
        &[""],
        &["."],
        &["a\nb"],
        &["nul.txt"],
        &["a/COM1"],
        &["a:b"],
        &["a."],
        &["x", "x"],
        &["x", "X"],
        &["x", "x/y"],
        &["x/y", "X"],
        &["A/x", "a/y"],
    ] {
        let some: Vec<_> = titles.iter().map(|title| Some(*title)).collect();
        let (temporary, store, manifest) = titled_artifact(&some);
        let error = unpack(&store, &manifest, &temporary.path().join("out"), false).unwrap_err();
        assert!(
            matches!(error, UnpackError::Name { .. }),
            "{titles:?}: {error}"
        );
        assert!(!error.to_string().contains('\n'));
        assert!(beside_the_store(&temporary).is_empty(), "{titles:?}");
    }
}

#[test]
fn ids_of_components_are_names_of_files_and_may_be_hostile_too() {
    for components in [
        &[("../a", &[][..])][..],
        &[("a/b", &[])],
        &[("/a", &[])],
        &[("con", &[])],
        &[("a", &[]), ("A", &[])],
        &[("a", &["x"]), ("a.wasm", &["y"])],
        &[("spin.lock", &["y"])],
    ] {
        let (temporary, store, manifest) = application_of(components);
        let result = unpack(&store, &manifest, &temporary.path().join("out"), false);
        assert!(result.is_err(), "{components:?}");
        assert!(beside_the_store(&temporary).is_empty(), "{components:?}");
    }
}

#[test]
fn a_directory_with_something_in_it_is_replaced_only_when_asked() {
    let (temporary, store, manifest) = titled_artifact(&[Some("a.txt")]);
    let to = temporary.path().join("out");
    std::fs::create_dir(&to).unwrap();
    unpack(&store, &manifest, &to, false).unwrap();
    std::fs::write(to.join("mine"), "").unwrap();
    let error = unpack(&store, &manifest, &to, false).unwrap_err();
    assert!(
        matches!(
            error,
            UnpackError::Target {
                replaceable: true,
                ..
            }
        ),
        "{error}"
    );
    assert!(to.join("mine").exists());
    unpack(&store, &manifest, &to, true).unwrap();
    assert!(!to.join("mine").exists());
    assert!(to.join("a.txt").exists());
    assert_eq!(beside_the_store(&temporary), ["out"]);
}

#[test]
fn nothing_is_written_through_a_link_or_over_a_file() {
    let (temporary, store, manifest) = titled_artifact(&[Some("a.txt")]);
    let elsewhere = tempfile::tempdir().unwrap();
    let to = temporary.path().join("out");
    std::os::unix::fs::symlink(elsewhere.path(), &to).unwrap();
    for target in [
        to,
        temporary.path().join("store/oci-layout"),
        "/".into(),
        "..".into(),
    ] {
        let error = unpack(&store, &manifest, &target, true).unwrap_err();
        assert!(
            matches!(
                error,
                UnpackError::Target {
                    replaceable: false,
                    ..
                }
            ),
            "{error}"
        );
    }
    assert_eq!(std::fs::read_dir(elsewhere.path()).unwrap().count(), 0);
    let missing = temporary.path().join("no/out");
    assert!(unpack(&store, &manifest, &missing, false).is_err());
    // The working directory is not replaced under whoever works in it.
    let here = std::env::current_dir().unwrap();
    let error = unpack(&store, &manifest, &here, true).unwrap_err();
    assert!(matches!(error, UnpackError::Target { .. }), "{error}");
}

#[test]
fn damaged_content_leaves_nothing() {
    let (temporary, store, manifest) = titled_artifact(&[Some("a.txt")]);
    let blobs = temporary.path().join("store/blobs/sha256");
    let digest = store.put(b"content", None).unwrap();
    let blob = blobs.join(digest.hex());
    std::fs::remove_file(&blob).unwrap();
    std::fs::write(&blob, b"c0ntent").unwrap();
    let error = unpack(&store, &manifest, &temporary.path().join("out"), false).unwrap_err();
    assert!(
        matches!(
            error,
            UnpackError::Artifact(UpError::Store(StoreError::Mismatch { .. }))
        ),
        "{error}"
    );
    assert!(beside_the_store(&temporary).is_empty());
}
