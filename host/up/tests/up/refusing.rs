//! Applications that can't be run are refused by name, before anything listens.

use crate::support::{Trial, locked};
use serde_json::{Value, json};
use wharf_store::StoreError;
use wharf_up::UpError;

use crate::guest;

async fn refused(document: &Value, components: &[(&str, Vec<u8>)]) -> UpError {
    let trial = Trial::new();
    let app = trial.app(document, components);
    match trial.prepare(&app).await {
        Ok(_) => panic!("it was accepted"),
        Err(error) => error,
    }
}

async fn unsupported(document: &Value) -> String {
    match refused(document, &[("a", guest::answering())]).await {
        UpError::Unsupported(text) => text,
        other => panic!("{other:?}"),
    }
}

/// The plain application with one thing changed.
fn changed(change: impl FnOnce(&mut Value)) -> Value {
    let mut document = locked(&[("a", "/a")]);
    change(&mut document);
    document
}

#[tokio::test]
async fn an_interface_that_is_not_offered() {
    let text =
        r#"(component (import "fermyon:spin/key-value@2.0.0" (instance (export "open" (func)))))"#;
    let wasm = wat::parse_str(text).unwrap();
    let error = refused(&locked(&[("a", "/a")]), &[("a", wasm)]).await;
    assert_eq!(
        error.to_string(),
        "the component `a` imports `fermyon:spin/key-value@2.0.0`, which `wharf up` does not offer yet"
    );
}

#[tokio::test]
async fn a_function_that_an_offered_interface_does_not_have() {
    let text = format!(
        r#"(component (import "wasi:random/random@0.2.0" (instance (export "dice" (func (result u8)))))
             (core module $m (func (export "f")))
             (core instance $i (instantiate $m))
             (func $f (canon lift (core func $i "f")))
             (instance $e (export "handle" (func $f)))
             (export "{}" (instance $e)))"#,
        "wasi:http/incoming-handler@0.2.0"
    );
    let wasm = wat::parse_str(text).unwrap();
    let error = refused(&locked(&[("a", "/a")]), &[("a", wasm)]).await;
    assert!(matches!(error, UpError::Unsupported(_)), "{error:?}");
    let text = error.to_string();
    assert!(
        text.contains("`a`") && text.contains("wasi:random/random@0.2.0"),
        "{text}"
    );
}

#[tokio::test]
async fn triggers_executors_and_requirements() {
    for (document, text) in [
        (
            changed(|app| app["triggers"][0]["trigger_type"] = "redis".into()),
            "the trigger `t0` has the type `redis`, and only `http` triggers can be served",
        ),
        (
            changed(|app| {
                app["triggers"][0]["trigger_config"]["executor"] = json!({"type": "wagi"});
            }),
            "the trigger `t0` has the executor `wagi`, which `wharf up` does not offer",
        ),
        (
            changed(|app| app["triggers"][0]["trigger_config"]["route"] = json!({"private": true})),
            "the application has no route that can be reached over HTTP",
        ),
        (
            changed(|app| {
                app["components"][0]["host_requirements"] =
                    json!({"local_service_chaining": "required"});
            }),
            "the component `a` requires the host feature `local_service_chaining`, which `wharf up` does not offer yet",
        ),
    ] {
        assert_eq!(unsupported(&document).await, text);
    }
}

#[tokio::test]
async fn a_variable_that_is_not_there() {
    let document = changed(|app| {
        app["components"][0]["metadata"] =
            json!({"allowed_outbound_hosts": ["https://{{ host }}"]});
    });
    let error = refused(&document, &[("a", guest::answering())]).await;
    assert!(matches!(error, UpError::Variable(_)));
    assert_eq!(
        error.to_string(),
        "`https://{{ host }}` in `allowed_outbound_hosts` of the component `a` refers to the \
         variable `host`, which the application does not have"
    );
}

#[tokio::test]
async fn dependencies_that_were_not_composed() {
    let document = changed(|app| {
        let source = json!({"content_type": "application/wasm", "inline": ""});
        app["components"][0]["dependencies"] = json!({"x:y/z": {"source": source, "export": null}});
    });
    let text = unsupported(&document).await;
    assert!(text.contains("`a` has the dependency `x:y/z`"), "{text}");
}

#[tokio::test]
async fn what_is_no_component() {
    let document = locked(&[("a", "/a")]);
    let module = wat::parse_str("(module)").unwrap();
    let error = refused(&document, &[("a", module)]).await;
    assert!(matches!(error, UpError::Unsupported(_)), "{error:?}");
    let error = refused(&document, &[("a", b"(component)".to_vec())]).await;
    assert_eq!(error.to_string(), "the component `a` is not WebAssembly");
    let mut broken = guest::answering();
    broken.truncate(broken.len() / 2);
    let error = refused(&document, &[("a", broken)]).await;
    assert!(
        error
            .to_string()
            .starts_with("the component `a` can't be compiled: "),
        "{error}"
    );
}

#[tokio::test]
async fn content_that_is_no_layer_of_the_artifact() {
    let trial = Trial::new();
    let foreign = trial
        .store
        .put(b"somebody else's secret, long enough to be a blob", None)
        .unwrap();
    let document = changed(|app| {
        app["components"][0]["files"] = json!([{"digest": foreign.as_str(), "path": "stolen"}]);
    });
    let app = trial.app(&document, &[("a", guest::answering())]);
    let Err(UpError::Invalid(text)) = trial.prepare(&app).await else {
        panic!("it was accepted");
    };
    assert_eq!(
        text,
        format!(
            "the file `stolen` of the component `a` is {foreign}, which is no layer of the artifact"
        )
    );
}

#[tokio::test]
async fn content_that_is_missing_is_named() {
    let trial = Trial::new();
    let missing = wharf_oci::Digest::from_sha256(&[7; 32]);
    match trial.prepare(&missing).await {
        Err(UpError::Store(StoreError::Missing(digest))) => assert_eq!(digest, missing),
        other => panic!("{:?}", other.err()),
    }
}

#[tokio::test]
async fn a_file_with_a_path_that_leads_out() {
    let document = changed(|app| {
        app["components"][0]["files"] = json!([{"inline": "eA==", "path": "../../x"}]);
    });
    let error = refused(&document, &[("a", guest::answering())]).await;
    assert!(
        error
            .to_string()
            .starts_with("the file `../../x` of the component `a` has `..`")
    );
}
