//! What is read and written, and what is refused by name.

use proptest::collection::{btree_map, vec};
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::json;

use super::*;

/// Every member of the schema, in its order, as it is written.
const FULL: &str = concat!(
    r#"{"spin_lock_version":1,"must_understand":["host_requirements","component_host_requirements"],"#,
    r#""metadata":{"authors":["Ada <ada@example.com>"],"description":"All of it","name":"full","trigger":{"type":"http"},"triggers":{},"version":"1.2.3"},"#,
    r#""host_requirements":{"local_service_chaining":"required"},"#,
    r#""variables":{"colour":{"description":"of the sky","default":"blue"},"token":{"secret":true}},"#,
    r#""triggers":[{"id":"front-http-trigger","trigger_type":"http","trigger_config":{"component":"front","route":"/..."},"trigger_dependencies":{"middleware":[{"source":{"content_type":"application/wasm","source":"file:///m.wasm"},"export":null}]}}],"#,
    r#""components":[{"id":"front","metadata":{"allowed_outbound_hosts":["https://example.com"],"databases":["default"]},"#,
    r#""source":{"content_type":"application/wasm","digest":"sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"},"#,
    r#""env":{"A":"1"},"files":[{"inline":"aGk=","digest":"sha256:8f434346648f6b96df89dda901c5176b10a6d83961dd3c1ac88b59b2dc327aa4","path":"hi.txt"}],"#,
    r#""config":{"colour":"{{ colour }}"},"#,
    r#""dependencies":{"a:b/c":{"source":{"content_type":"application/wasm","source":"file:///a.wasm"},"export":null},"d":{"source":{"content_type":"application/wasm","source":"file:///d.wasm"},"export":"e","inherit":"All"},"f":{"source":{"content_type":"application/wasm","source":"file:///f.wasm"},"export":null,"inherit":{"Some":["variables"]}}},"#,
    r#""trigger_dependencies":{"middleware":[{"source":{"content_type":"application/wasm","digest":"sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"},"export":"x","inherit":"All"}]},"#,
    r#""host_requirements":{"middleware":"required"}}]}"#,
);

#[test]
fn what_was_composed_is_forgotten() {
    let text = concat!(
        r#"{"spin_lock_version":1,"must_understand":["component_host_requirements"],"triggers":[],"components":["#,
        r#"{"id":"a","metadata":{"resolve-trigger-dependencies-using":"http"},"source":{"content_type":"application/wasm"},"host_requirements":{"middleware":"required"}},"#,
        r#"{"id":"b","source":{"content_type":"application/wasm"}}]}"#
    );
    let app = LockedApp::from_json(text.as_bytes()).unwrap();
    assert!(app.is_uncomposed());
    let mut composed = app.clone();
    assert!(composed.forget_what_was_composed());
    assert_eq!(
        String::from_utf8(composed.to_json()).unwrap(),
        r#"{"spin_lock_version":0,"triggers":[],"components":[{"id":"a","source":{"content_type":"application/wasm"}},{"id":"b","source":{"content_type":"application/wasm"}}]}"#
    );
    assert!(!composed.is_uncomposed());

    // Other requirements stay, and so does what is still to be composed.
    let mut kept = app.clone();
    kept.components[1]
        .host_requirements
        .insert(LOCAL_SERVICE_CHAINING.into(), REQUIRED.into());
    assert!(kept.forget_what_was_composed());
    assert_eq!(
        kept.must_understand,
        [MustUnderstand::ComponentHostRequirements]
    );
    let dependency = Dependency {
        source: app.components[1].source.clone(),
        export: None,
        inherit: Inherit::default(),
    };
    let mut middleware = app.clone();
    middleware.components[0]
        .trigger_dependencies
        .insert(MIDDLEWARE.into(), vec![dependency.clone()]);
    assert!(!middleware.forget_what_was_composed());
    assert!(middleware.is_uncomposed());
    // What a trigger of another type puts in front of it is not ours to compose.
    let mut foreign = middleware.clone();
    let by = &mut foreign.components[0].metadata;
    by.insert(RESOLVED_BY_TRIGGER.into(), "queue".into());
    assert!(!foreign.is_uncomposed());
    foreign.components[0].forget_dependencies();
    assert!(!foreign.components[0].trigger_dependencies.is_empty());
    middleware.components[0].forget_dependencies();
    assert!(middleware.forget_what_was_composed());
    assert_eq!(middleware, composed);
    composed.components[0]
        .dependencies
        .insert("a:b/c".into(), dependency);
    assert!(composed.is_uncomposed());
}

#[test]
fn every_member_is_read_and_written_in_order() {
    let app = LockedApp::from_json(FULL.as_bytes()).unwrap();
    assert_eq!(String::from_utf8(app.to_json()).unwrap(), FULL);
    assert_eq!(app.name(), "full");
    assert_eq!(app.version(), Some("1.2.3"));
    assert_eq!(app.description(), Some("All of it"));
    assert_eq!(app.authors(), ["Ada <ada@example.com>"]);
    let front = app.component("front").unwrap();
    assert_eq!(
        front.allowed_outbound_hosts().unwrap(),
        ["https://example.com"]
    );
    assert_eq!(front.files[0].content.inline.as_deref(), Some(&b"hi"[..]));
    let required: Vec<_> = app.required_features().collect();
    assert_eq!(
        required,
        [
            ("the application".to_owned(), LOCAL_SERVICE_CHAINING),
            ("the component `front`".to_owned(), MIDDLEWARE),
        ]
    );
}

#[test]
fn empty_members_are_left_out_and_the_version_is_0() {
    let minimal = r#"{"spin_lock_version":0,"triggers":[],"components":[]}"#;
    let app = LockedApp::from_json(minimal.as_bytes()).unwrap();
    assert_eq!(app, LockedApp::default());
    assert_eq!(app.to_json(), minimal.as_bytes());
    assert_eq!(app.name(), "");
}

#[test]
fn members_that_are_not_known_are_skipped() {
    let text = r#"{"spin_lock_version":1,"triggers":[],"components":[],"later":{"x":1}}"#;
    assert!(LockedApp::from_json(text.as_bytes()).is_ok());
}

#[test]
fn an_optional_requirement_is_dropped() {
    let text = r#"{"spin_lock_version":1,"host_requirements":{"teleport":"optional"},"triggers":[],"components":[]}"#;
    let app = LockedApp::from_json(text.as_bytes()).unwrap();
    assert!(app.host_requirements.is_empty());
}

#[test]
fn what_is_not_understood_is_named() {
    let refused = |text: &str| LockedApp::from_json(text.as_bytes()).unwrap_err();
    assert_eq!(refused("{}"), LockedError::NotAnApplication);
    assert_eq!(
        refused(r#"{"spin_lock_version":2}"#).to_string(),
        "the locked application has `spin_lock_version` 2, and 0 and 1 are understood: \
         use a newer Wharf"
    );
    assert_eq!(
        refused(r#"{"spin_lock_version":1,"must_understand":["telepathy"]}"#),
        LockedError::MustUnderstand("telepathy".into())
    );
    assert_eq!(
        refused(
            r#"{"spin_lock_version":1,"host_requirements":{"teleport":"required"},"triggers":[],"components":[]}"#
        )
        .to_string(),
        "the application requires the host feature `teleport`, which this version does not have"
    );
    let component = r#"{"id":"a","source":{"content_type":"application/wasm"},"host_requirements":{"teleport":"required"}}"#;
    assert_eq!(
        refused(&format!(
            r#"{{"spin_lock_version":1,"triggers":[],"components":[{component}]}}"#
        ))
        .to_string(),
        "the component `a` requires the host feature `teleport`, which this version does not have"
    );
    let plain = r#"{"id":"a","source":{"content_type":"application/wasm"}}"#;
    assert_eq!(
        refused(&format!(
            r#"{{"spin_lock_version":0,"triggers":[],"components":[{plain},{plain}]}}"#
        )),
        LockedError::DuplicateComponent("a".into())
    );
}

#[test]
fn nonsense_is_refused() {
    let deep = format!(
        r#"{{"spin_lock_version":0,"metadata":{}"#,
        "[".repeat(100_000)
    );
    let digest = r#"{"spin_lock_version":0,"triggers":[],"components":[{"id":"a","source":{"content_type":"application/wasm","digest":"sha256:../../etc"}}]}"#;
    for text in ["", "<html>", "[]", "null", "1", deep.as_str(), digest] {
        assert!(
            matches!(
                LockedApp::from_json(text.as_bytes()),
                Err(LockedError::Json(_) | LockedError::NotAnApplication)
            ),
            "{text:.60}"
        );
    }
}

fn text() -> BoxedStrategy<String> {
    "[a-zA-Z0-9 {}\"\\\\\u{0}-\u{1f}\u{e4}\u{1f600}./:-]{0,12}".boxed()
}

/// Any JSON whose numbers are written as they are read.
fn value() -> BoxedStrategy<Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        text().prop_map(Value::from),
    ];
    let nested = leaf.prop_recursive(3, 12, 4, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..3).prop_map(Value::from),
            btree_map(text(), inner, 0..3)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    });
    nested.boxed()
}

fn content() -> BoxedStrategy<ContentRef> {
    let inline = proptest::option::of(vec(any::<u8>(), 0..20));
    let digest = proptest::option::of(any::<[u8; 32]>());
    let parts = (proptest::option::of(text()), inline, digest);
    let content = parts.prop_map(|(source, inline, digest)| ContentRef {
        source,
        inline,
        digest: digest.map(|bytes| wharf_oci::Digest::from_sha256(&bytes)),
    });
    content.boxed()
}

fn source() -> BoxedStrategy<ComponentSource> {
    let source = content().prop_map(|content| ComponentSource {
        content_type: WASM_CONTENT_TYPE.to_owned(),
        content,
    });
    source.boxed()
}

fn dependency() -> BoxedStrategy<Dependency> {
    let inherit = prop_oneof![
        Just(Inherit::All),
        vec(text(), 0..3).prop_map(Inherit::Some),
    ];
    let parts = (source(), proptest::option::of(text()), inherit);
    let dependency = parts.prop_map(|(source, export, inherit)| Dependency {
        source,
        export,
        inherit,
    });
    dependency.boxed()
}

fn requirements() -> BoxedStrategy<BTreeMap<String, Value>> {
    let feature = select(vec![LOCAL_SERVICE_CHAINING, MIDDLEWARE]).prop_map(str::to_owned);
    // Of the values that are none, one that is known is dropped.
    btree_map(feature, Just(Value::from(REQUIRED)), 0..3).boxed()
}

fn by_role() -> BoxedStrategy<BTreeMap<String, Vec<Dependency>>> {
    btree_map(text(), vec(dependency(), 0..2), 0..2).boxed()
}

fn component() -> BoxedStrategy<LockedComponent> {
    let files = (content(), text()).prop_map(|(content, path)| ContentPath { content, path });
    let parts = (
        btree_map(text(), value(), 0..3),
        source(),
        btree_map(text(), text(), 0..3),
        vec(files, 0..3),
        btree_map(text(), text(), 0..3),
        btree_map(text(), dependency(), 0..3),
        by_role(),
        requirements(),
    );
    let component = parts.prop_map(
        |(metadata, source, env, files, config, dependencies, trigger_dependencies, required)| {
            LockedComponent {
                id: String::new(),
                metadata,
                source,
                env,
                files,
                config,
                dependencies,
                trigger_dependencies,
                host_requirements: required,
            }
        },
    );
    component.boxed()
}

fn trigger() -> BoxedStrategy<LockedTrigger> {
    let parts = (text(), text(), value(), by_role());
    let trigger =
        parts.prop_map(
            |(id, trigger_type, trigger_config, trigger_dependencies)| LockedTrigger {
                id,
                trigger_type,
                trigger_config,
                trigger_dependencies,
            },
        );
    trigger.boxed()
}

fn variable() -> BoxedStrategy<Variable> {
    let optional = || proptest::option::of(text());
    let parts = (optional(), optional(), any::<bool>());
    let variable = parts.prop_map(|(description, default, secret)| Variable {
        description,
        default,
        secret,
    });
    variable.boxed()
}

fn app() -> BoxedStrategy<LockedApp> {
    let must_understand = select(vec![
        vec![],
        vec![MustUnderstand::HostRequirements],
        vec![
            MustUnderstand::HostRequirements,
            MustUnderstand::ComponentHostRequirements,
        ],
    ]);
    let parts = (
        must_understand,
        btree_map(text(), value(), 0..3),
        requirements(),
        btree_map(text(), variable(), 0..3),
        vec(trigger(), 0..3),
        vec(component(), 0..3),
    );
    let app = parts.prop_map(
        |(must_understand, metadata, required, variables, triggers, mut components)| {
            for (index, component) in components.iter_mut().enumerate() {
                component.id = format!("c{index}");
            }
            LockedApp {
                must_understand,
                metadata,
                host_requirements: required,
                variables,
                triggers,
                components,
            }
        },
    );
    app.boxed()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn what_is_written_is_read(app in app()) {
        let written = app.to_json();
        let read = LockedApp::from_json(&written).unwrap();
        prop_assert_eq!(&read, &app);
        prop_assert_eq!(&read.to_json(), &written);
        let version = serde_json::from_slice::<Value>(&written).unwrap()["spin_lock_version"].clone();
        let plain = app.must_understand.is_empty() && app.host_requirements.is_empty();
        prop_assert_eq!(version, json!(u8::from(!plain)));
    }

    #[test]
    fn never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        let _ = LockedApp::from_json(&bytes);
    }

    #[test]
    fn a_cut_document_is_refused(length in 0..FULL.len()) {
        prop_assert!(LockedApp::from_json(&FULL.as_bytes()[..length]).is_err());
    }
}
