use super::*;
use crate::artifact::Bundle;
use crate::locked::{Dependency, Inherit};

const APP: &str = r#"{"spin_lock_version":0,"metadata":{"authors":["Ada"],"name":"shop","origin":"file:///home/ada/spin.toml","version":"1.0.0"},"triggers":[],"components":[
    {"id":"one","source":{"content_type":"application/wasm"}},
    {"id":"two","source":{"content_type":"application/wasm"}}]}"#;

fn app() -> LockedApp {
    LockedApp::from_json(APP.as_bytes()).unwrap()
}

fn digest(seed: u8) -> Digest {
    Digest::from_sha256(&[seed; 32])
}

fn content(seed: u8) -> Content {
    Content {
        digest: digest(seed),
        size: 1_000,
        inline: None,
    }
}

fn file(path: &str, content: Content) -> PackedFile {
    PackedFile {
        path: path.parse().unwrap(),
        content,
    }
}

fn contents() -> Vec<PackedComponent> {
    let small = Content {
        digest: digest(9),
        size: 2,
        inline: Some(b"hi".to_vec()),
    };
    vec![
        PackedComponent {
            source: content(1),
            dependencies: BTreeMap::new(),
            trigger_dependencies: BTreeMap::new(),
            files: vec![
                file("b.txt", content(3)),
                file("a/z.txt", content(4)),
                file("small", small),
            ],
        },
        PackedComponent {
            source: content(2),
            dependencies: BTreeMap::new(),
            trigger_dependencies: BTreeMap::new(),
            files: vec![file("copy", content(3)), file("own.wasm", content(1))],
        },
    ]
}

#[test]
fn layers_come_in_order_each_once_and_the_locked_app_last() {
    let draft = Draft::new(app(), contents()).unwrap();
    let locked = LockedApp::from_json(draft.locked_app()).unwrap();
    assert!(!locked.metadata.contains_key("origin"));
    let paths: Vec<_> = locked.components[0].files.iter().map(|f| &f.path).collect();
    assert_eq!(paths, ["a/z.txt", "b.txt", "small"]);
    assert_eq!(
        locked.components[0].files[2].content.inline.as_deref(),
        Some(&b"hi"[..])
    );
    let size = draft.locked_app().len() as u64;
    let manifest = draft.into_manifest(digest(7), digest(8), 300);
    let blob = |media_type: &str, seed, size| {
        let digest = digest(seed);
        format!(r#"{{"mediaType":"{media_type}","digest":"{digest}","size":{size}}}"#)
    };
    let layers = [
        blob(WASM_LAYER, 1, 1_000),
        blob(DATA_LAYER, 4, 1_000),
        blob(DATA_LAYER, 3, 1_000),
        blob(WASM_LAYER, 2, 1_000),
        blob(DATA_LAYER, 1, 1_000),
        blob(LOCKED_APP, 7, size),
    ];
    let annotations = concat!(
        r#""org.opencontainers.image.authors":"Ada","#,
        r#""org.opencontainers.image.title":"shop","#,
        r#""org.opencontainers.image.version":"1.0.0""#,
    );
    assert_eq!(
        String::from_utf8(manifest).unwrap(),
        format!(
            r#"{{"schemaVersion":2,"config":{},"layers":[{}],"annotations":{{{annotations}}}}}"#,
            blob(IMAGE_CONFIG, 8, 300),
            layers.join(",")
        )
    );
}

#[test]
fn a_revision_keeps_the_layers_and_has_more_webassembly() {
    let first = Draft::new(app(), contents()).unwrap();
    let manifest = first.clone().into_manifest(digest(7), digest(8), 300);
    let artifact = Artifact::parse(&manifest, None).unwrap();
    let mut revised = LockedApp::from_json(first.locked_app()).unwrap();
    revised.components[0].source = content(12).into();
    let added = [content(12), content(12)];
    let draft = Draft::revised(&revised, &artifact, &added).unwrap();
    assert_eq!(draft.locked_app(), revised.to_json());
    let mut layers = first.layers;
    layers.push(Descriptor::new(WASM_LAYER, digest(12), 1_000));
    assert_eq!(draft.layers, layers);
    assert_eq!(draft.annotations, Annotations::inferred(&revised));
}

#[test]
fn dependencies_come_after_what_depends_on_them() {
    let mut app = app();
    for name in ["c:d", "a:b"] {
        let dependency = Dependency {
            source: content(0).into(),
            export: Some("it".into()),
            inherit: Inherit::All,
        };
        app.components[0]
            .dependencies
            .insert(name.into(), dependency);
    }
    let given = |name: &str, seed| (name.to_owned(), content(seed));
    let mut contents = contents();
    contents[0].dependencies = [given("c:d", 6), given("a:b", 5)].into();
    let draft = Draft::new(app.clone(), contents.clone()).unwrap();
    let locked = LockedApp::from_json(draft.locked_app()).unwrap();
    let dependency = &locked.components[0].dependencies["a:b"];
    assert_eq!(dependency.source.content.digest, Some(digest(5)));
    assert_eq!(dependency.export.as_deref(), Some("it"));
    assert_eq!(dependency.inherit, Inherit::All);
    let manifest = draft.into_manifest(digest(7), digest(8), 300);
    let manifest = String::from_utf8(manifest).unwrap();
    let at = |seed| manifest.find(digest(seed).as_str()).unwrap();
    assert!(
        at(1) < at(5) && at(5) < at(6) && at(6) < at(4),
        "{manifest}"
    );

    for wrong in [
        vec![given("a:b", 5)],
        vec![given("a:b", 5), given("c:d", 6), given("x", 7)],
    ] {
        contents[0].dependencies = wrong.into_iter().collect();
        let error = Draft::new(app.clone(), contents.clone()).unwrap_err();
        assert!(error.to_string().contains("do not match"), "{error}");
    }
    contents[0].dependencies.clear();
    contents[1].dependencies = [given("a:b", 5)].into();
    assert!(Draft::new(app, contents).is_err());
}

#[test]
fn what_stands_in_front_is_published_in_its_order() {
    let mut app = app();
    let dependency = Dependency {
        source: content(0).into(),
        export: None,
        inherit: Inherit::default(),
    };
    let two = vec![dependency.clone(), dependency];
    app.components[0]
        .trigger_dependencies
        .insert("middleware".into(), two);
    let mut contents = contents();
    let with = |seeds: &[u8]| {
        let contents = seeds.iter().copied().map(content).collect();
        BTreeMap::from([("middleware".to_owned(), contents)])
    };
    contents[0].trigger_dependencies = with(&[6, 5]);
    let draft = Draft::new(app.clone(), contents.clone()).unwrap();
    let locked = LockedApp::from_json(draft.locked_app()).unwrap();
    let middleware = &locked.components[0].trigger_dependencies["middleware"];
    let digests = middleware.iter().map(|it| it.source.content.digest.clone());
    let digests: Vec<_> = digests.flatten().collect();
    assert_eq!(digests, [digest(6), digest(5)]);
    let layers: Vec<_> = draft.layers.iter().map(|layer| &layer.digest).collect();
    assert_eq!(layers[..3], [&digest(1), &digest(6), &digest(5)]);

    contents[0].trigger_dependencies = with(&[6]);
    let error = Draft::new(app.clone(), contents.clone()).unwrap_err();
    assert!(error.to_string().contains("do not match"), "{error}");
    contents[0].trigger_dependencies = with(&[6, 5]);
    contents[1].trigger_dependencies = with(&[7]);
    assert!(Draft::new(app, contents).is_err());
}

#[test]
fn the_order_of_the_files_does_not_matter() {
    let bytes = |contents| {
        let draft = Draft::new(app(), contents).unwrap();
        let locked = draft.locked_app().to_vec();
        (locked, draft.into_manifest(digest(7), digest(8), 300))
    };
    let mut turned = contents();
    for component in &mut turned {
        component.files.reverse();
    }
    assert_eq!(bytes(contents()), bytes(turned));
}

#[test]
fn small_webassembly_is_inline_and_a_layer() {
    let mut tiny = contents();
    tiny[0].source.inline = Some(b"\0asm".to_vec());
    let draft = Draft::new(app(), tiny).unwrap();
    let locked = LockedApp::from_json(draft.locked_app()).unwrap();
    assert!(locked.components[0].source.content.inline.is_some());
    let manifest = draft.into_manifest(digest(7), digest(8), 300);
    assert!(String::from_utf8(manifest).unwrap().contains(WASM_LAYER));
}

#[test]
fn what_is_archived_is_no_layer_of_its_own_and_is_named_all_the_same() {
    let mut archives = Archives::default();
    let member = |path: &str, seed| (path.to_owned(), content(seed));
    let members = [member("a/z.txt", 4), member("small", 9)].into();
    archives.add(Bundle { members }, digest(11), 77);
    let members = [member("copy", 3)].into();
    archives.add(Bundle { members }, digest(11), 77);
    let plain = Draft::new(app(), contents()).unwrap();
    let draft = Draft::with_archives(app(), contents(), archives).unwrap();
    assert_eq!(draft.locked_app(), plain.locked_app());
    let layers: Vec<_> = draft
        .layers
        .iter()
        .map(|l| (&*l.media_type, &l.digest))
        .collect();
    assert_eq!(
        layers,
        [
            (WASM_LAYER, &digest(1)),
            (WASM_LAYER, &digest(2)),
            (DATA_LAYER, &digest(1)),
            (ARCHIVE_LAYER, &digest(11)),
        ]
    );
}

#[test]
fn as_many_layers_as_registries_take() {
    let many = |count: usize| {
        let mut contents = contents();
        contents[0].files = (0..count)
            .map(|n| {
                let mut output = [0; 32];
                output[..8].copy_from_slice(&(n as u64).to_be_bytes());
                let content = Content {
                    digest: Digest::from_sha256(&output),
                    ..content(0)
                };
                file(&format!("{n}"), content)
            })
            .collect();
        contents[1].files.clear();
        Draft::new(app(), contents)
    };
    assert!(many(497).is_ok());
    assert_eq!(
        many(498).unwrap_err().to_string(),
        "the application needs 500 layers for its components and archives, and at most 499 can \
         be published: leave components out"
    );
}

#[test]
fn content_has_to_be_there_for_every_component() {
    assert_eq!(
        Draft::new(app(), Vec::new()).unwrap_err(),
        PackError::Mismatch {
            components: 2,
            contents: 0
        }
    );
}
