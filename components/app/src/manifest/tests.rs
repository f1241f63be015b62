//! Manifests as far as the applications of `tests/examples` do not show what they become
//! and what is wrong with them.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;

fn locked(text: &str) -> Value {
    locked_as(text, &published())
}

/// Everything is published.
fn published() -> Publishing {
    Publishing {
        secret_defaults: true,
        ..Publishing::default()
    }
}

fn locked_as(text: &str, publishing: &Publishing) -> Value {
    let manifest = Manifest::parse(text, publishing);
    let manifest = manifest.unwrap_or_else(|error| panic!("{error}\n{text}"));
    assert_eq!(manifest.app.components.len(), manifest.contents.len());
    let bytes = manifest.app.to_json();
    // What we write we can read.
    assert_eq!(LockedApp::from_json(&bytes).unwrap(), manifest.app);
    serde_json::from_slice(&bytes).unwrap()
}

fn refused(text: &str) -> String {
    Manifest::parse(text, &Publishing::default())
        .unwrap_err()
        .to_string()
}

/// A small application with something more in one of its parts.
fn app(component: &str, rest: &str) -> String {
    format!(
        "spin_manifest_version = 2
[application]
name = \"shop\"
[[trigger.http]]
route = \"/...\"
component = \"front\"
[component.front]
source = \"front.wasm\"
{component}
{rest}"
    )
}

/// All that a manifest can say, at once.
const FULL: &str = include_str!("../../../../tests/examples/maximal/spin.toml");

#[test]
fn where_the_content_is() {
    let manifest = Manifest::parse(FULL, &published()).unwrap();
    let sources: Vec<_> = manifest
        .contents
        .iter()
        .map(|c| c.source.to_string())
        .collect();
    assert_eq!(
        sources,
        [
            "worker.wasm",
            "front/dist/front.wasm",
            "./inline.wasm",
            "fallback.wasm"
        ]
    );
    let front = &manifest.contents[1];
    assert_eq!(front.id, "shop-front");
    let build = front.build.as_ref().map(ToString::to_string);
    assert_eq!(build.as_deref(), Some("npm install && npm run build"));
    assert_eq!(front.files.len(), 3);
    assert_eq!(front.exclude[0].as_str(), "assets/secret/*");
    assert_eq!(
        manifest.warnings,
        ["`base` of the HTTP triggers means nothing: leave it out",]
    );
}

#[test]
fn what_is_not_toml_is_said_where() {
    assert_eq!(
        refused("spin_manifest_version = 2\n[application\nname = \"x\""),
        "line 2, column 13: this is not TOML: unclosed table, expected `]`"
    );
    assert_eq!(
        refused("a = 1\nä = 2\n"),
        "line 2, column 1: this is not TOML: invalid unquoted key, expected letters, numbers, \
         `-`, `_`"
    );
    let deep = format!("x = 1\n[{}a]", "a.".repeat(200_000));
    assert_eq!(
        refused(&deep),
        "line 2, column 201: this is not TOML: it is nested too deeply"
    );
}

#[test]
fn versions() {
    let missing = "line 1, column 1: there is no `spin_manifest_version` at the top level: write \
                   `spin_manifest_version = 2`";
    assert_eq!(refused(""), missing);
    assert_eq!(refused("name = \"x\""), missing);
    assert_eq!(
        refused("\nspin_manifest_version = 3"),
        "line 2, column 25: `spin_manifest_version` at the top level is not a version that is \
         known: write `spin_manifest_version = 2`"
    );
}

proptest! {
    #[test]
    fn never_panics(text in "\\PC{0,200}") {
        let _ = Manifest::parse(&text, &published());
    }

    /// A manifest in which one piece was exchanged is read or refused in good order.
    #[test]
    fn a_changed_manifest_never_panics(
        at in 0..FULL.len(),
        length in 0..20usize,
        piece in "(\"|\\{|\\}|\\[|\\]|=|\\.|\n|[a-z]{1,3}|1|'|#|,){0,4}",
    ) {
        let end = (at + length).min(FULL.len());
        if let (Some(before), Some(after)) = (FULL.get(..at), FULL.get(end..)) {
            match Manifest::parse(&format!("{before}{piece}{after}"), &published()) {
                Ok(manifest) => {
                    prop_assert_eq!(manifest.app.components.len(), manifest.contents.len());
                    prop_assert!(LockedApp::from_json(&manifest.app.to_json()).is_ok());
                }
                Err(error) => prop_assert!(error.line > 0 && error.column > 0),
            }
        }
    }

    /// Values of any type at any place of the schema.
    #[test]
    fn any_value_anywhere(
        key in "(source|files|exclude_files|environment|variables|build|allowed_outbound_hosts|key_value_stores|description|tool|targets)",
        value in "(1|true|\"\"|\"\\*\"|\\[\\]|\\[1\\]|\\[\"a\"\\]|\\[\\[\\]\\]|\\[\\{\\}\\]|\\{\\}|\\{a=1\\}|\\{a=\"\\{\\{\"\\}|1\\.5|inf|2026-01-01)",
    ) {
        let _ = Manifest::parse(&app("", &format!("[component.b]\n{key} = {value}")), &published());
        let _ = Manifest::parse(&format!("spin_manifest_version = 2\n{key} = {value}"), &published());
    }
}

#[test]
fn http_hosts_of_old_are_understood() {
    let hosts = |entries: &str| {
        let text = app(&format!("allowed_http_hosts = {entries}"), "");
        locked(&text)["components"][0]["metadata"]["allowed_outbound_hosts"].clone()
    };
    assert_eq!(
        hosts("[\"insecure:allow-all\"]"),
        json!(["http://*:*", "https://*:*", "http://self"])
    );
    assert_eq!(
        hosts("[\"self\", \"a.example\", \"https://b.example:81/\"]"),
        json!([
            "http://self",
            "http://a.example",
            "https://a.example",
            "http://b.example:81",
            "https://b.example:81"
        ])
    );
    for wrong in ["ftp://a", "a/b", "", "a:0", "*.example"] {
        let error = refused(&app(&format!("allowed_http_hosts = [\"{wrong}\"]"), ""));
        assert!(error.contains("has to be a host"), "{wrong}: {error}");
    }
}

const VERSION_1: &str = r#"
spin_version = "1"
name = "older"
version = "0.1.0"
authors = ["Ada"]
description = ""
trigger = { type = "http", base = "/" }

[variables]
host = { default = "x" }

[[component]]
id = "Front_Part"
source = "front.wasm"
description = "The front"
files = ["assets/*", { source = "public", destination = "/" }]
allowed_http_hosts = ["api.example"]
key_value_stores = ["default"]
environment = { A = "1" }
[component.trigger]
route = "/..."
executor = { type = "wagi" }
[component.config]
where = "{{ host }}"
[component.build]
command = "make"

[[component]]
id = "back"
source = "back.wasm"
allowed_outbound_hosts = []
[component.trigger]
route = "/back"
"#;

#[test]
fn what_is_wrong_with_version_1_is_said() {
    for (from, to, message) in [
        (
            "name = \"older\"",
            "title = \"older\"",
            "the key `title` is not known at the top level",
        ),
        (
            "type = \"http\"",
            "kind = \"http\"",
            "there is no `type` in `[trigger]`",
        ),
        ("base = \"/\"", "base = \"/a\"", "is no longer supported"),
        (
            "\"back\"",
            "\"front-part\"",
            "two components have the id `front-part`",
        ),
        ("\"back\"", "\"1\"", "`1` can't be the id of a component"),
        (
            "route = \"/back\"",
            "",
            "there is no `route` in `[component.trigger]`",
        ),
        (
            "[component.config]",
            "[component.variables]",
            "the key `variables` is not known",
        ),
    ] {
        let error = refused(&VERSION_1.replacen(from, to, 1));
        assert!(error.contains(message), "{to}: {error}");
    }
}

#[test]
fn a_profile_takes_the_place_of_what_stands_outside() {
    let text = app(
        "environment = { A = \"1\", B = \"1\" }\nbuild = { command = \"make\", workdir = \"w\" }",
        "[component.front.profile.debug]\nsource = \"debug.wasm\"\nenvironment = { B = \"2\" }\n\
         build.command = [\"make debug\"]\n[component.other]\nsource = \"other.wasm\"",
    );
    let publishing = Publishing {
        profile: Some("debug".into()),
        build: true,
        ..Publishing::default()
    };
    let manifest = Manifest::parse(&text, &publishing).unwrap();
    assert_eq!(manifest.contents[0].source.to_string(), "debug.wasm");
    assert_eq!(manifest.contents[1].source.to_string(), "other.wasm");
    let locked = locked_as(&text, &publishing);
    assert_eq!(locked["metadata"]["profile"], "debug");
    let front = &locked["components"][0];
    assert_eq!(front["env"], json!({ "A": "1", "B": "2" }));
    assert_eq!(
        front["metadata"]["build"],
        json!({ "command": ["make debug"], "workdir": "w" })
    );

    let plain = locked_as(&text, &Publishing::default());
    assert_eq!(plain["components"][0]["env"], json!({ "A": "1", "B": "1" }));
    assert!(plain["metadata"].get("profile").is_none());
    assert!(plain["components"][0].get("metadata").is_none());
    let unknown = Publishing {
        profile: Some("debgu".into()),
        ..Publishing::default()
    };
    let error = Manifest::parse(&text, &unknown).unwrap_err().to_string();
    assert!(
        error.ends_with("no component has the profile `debgu`: did you mean `debug`?"),
        "{error}"
    );
    let wrong = app("", "[component.front.profile.debug]\nfiles = []");
    assert!(refused(&wrong).contains("the key `files` is not known"));
}
