use serde_json::{Value, json};

use crate::manifest::{Manifest, Publishing};

const DIGEST: &str = "sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a";

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

fn read_as(text: &str, publishing: &Publishing) -> (Manifest, Value) {
    let manifest = Manifest::parse(text, publishing);
    let manifest = manifest.unwrap_or_else(|error| panic!("{error}\n{text}"));
    let locked: Value = serde_json::from_slice(&manifest.app.to_json()).unwrap();
    (manifest, locked)
}

fn read(component: &str, rest: &str) -> (Manifest, Value) {
    read_as(&app(component, rest), &Publishing::default())
}

fn refused(component: &str, rest: &str) -> String {
    Manifest::parse(&app(component, rest), &Publishing::default())
        .unwrap_err()
        .to_string()
}

/// Where the first component's dependencies come from, by name.
fn sources(manifest: &Manifest) -> Vec<(&str, String)> {
    let dependencies = manifest.contents[0].dependencies.iter();
    dependencies
        .map(|it| (it.name.as_str(), it.source.to_string()))
        .collect()
}

#[test]
fn every_form() {
    let (manifest, locked) = read(
        &format!(
            "[component.front.dependencies]
\"z:plain/version\" = \">=1.0\"
\"a:b/c@1.0.0\" = {{ version = \"1.2\", registry = \"r.example\", package = \"x:y\", export = \"e\" }}
\"a:b/c@2.0.0\" = {{ path = \"../b.wasm\", export = \"my:own/export\" }}
\"c:d\" = {{ url = \"https://e.example/d.wasm\", digest = \"{DIGEST}\" }}
mine = {{ component = \"other\", export = \"it\" }}
plain = {{ version = \"*\", package = \"x:plain\" }}"
        ),
        "[component.other]\nsource = \"other.wasm\"",
    );
    assert_eq!(
        sources(&manifest),
        [
            ("a:b/c@1.0.0", "x:y@^1.2".to_owned()),
            ("a:b/c@2.0.0", "../b.wasm".to_owned()),
            ("c:d", "https://e.example/d.wasm".to_owned()),
            ("mine", "other.wasm".to_owned()),
            ("plain", "x:plain@*".to_owned()),
            ("z:plain/version", "z:plain@>=1.0".to_owned()),
        ]
    );
    let source = json!({ "content_type": "application/wasm" });
    assert_eq!(
        locked["components"][0]["dependencies"],
        json!({
            "a:b/c@1.0.0": { "source": source, "export": "e" },
            "a:b/c@2.0.0": { "source": source, "export": "my:own/export" },
            "c:d": { "source": source, "export": null },
            "mine": { "source": source, "export": "it" },
            "plain": { "source": source, "export": null },
            "z:plain/version": { "source": source, "export": null },
        })
    );
    let all: Vec<_> = manifest.sources().map(ToString::to_string).collect();
    assert_eq!(all[0], "front.wasm");
    assert_eq!((all.len(), all[7].as_str()), (8, "other.wasm"));
}

#[test]
fn what_is_inherited() {
    let inherited = |text: &str| {
        let (_, locked) = read(text, "");
        locked["components"][0]["dependencies"]["a:b"]["inherit"].clone()
    };
    let with = |inherit: &str| {
        inherited(&format!(
            "dependencies = {{ \"a:b\" = {{ path = \"b.wasm\", inherit_configuration = {inherit} }} }}"
        ))
    };
    assert_eq!(with("true"), json!("All"));
    assert_eq!(with("false"), Value::Null);
    assert_eq!(with("[]"), Value::Null);
    assert_eq!(
        with("[\"variables\", \"ai_models\"]"),
        json!({ "Some": ["variables", "ai_models"] })
    );
    let of_all = |all: &str| {
        inherited(&format!(
            "dependencies_inherit_configuration = {all}\ndependencies = {{ \"a:b\" = \"1\" }}"
        ))
    };
    assert_eq!(of_all("true"), json!("All"));
    assert_eq!(of_all("false"), Value::Null);
}

#[test]
fn a_profiles_dependencies_take_the_place_of_others() {
    let text = app(
        "dependencies = { \"a:b\" = \"1\", \"c:d\" = \"2\" }",
        "[component.front.profile.debug.dependencies]\n\"a:b\" = { path = \"b.wasm\" }\n\
         \"e:f\" = { component = \"other\" }\n\
         [component.other]\nsource = \"other.wasm\"\n\
         profile.debug.source = { url = \"https://e.example/o\", digest = \"DIGEST\" }"
            .replace("DIGEST", DIGEST)
            .as_str(),
    );
    let publishing = Publishing {
        profile: Some("debug".into()),
        ..Publishing::default()
    };
    let (manifest, _) = read_as(&text, &publishing);
    assert_eq!(
        sources(&manifest),
        [
            ("a:b", "b.wasm".to_owned()),
            ("c:d", "c:d@^2".to_owned()),
            ("e:f", "https://e.example/o".to_owned()),
        ]
    );
    let (manifest, _) = read_as(&text, &Publishing::default());
    assert_eq!(sources(&manifest).len(), 2);
}

#[test]
fn an_inline_component_has_dependencies_too() {
    let text = "spin_manifest_version = 2
application.name = \"x\"
[[trigger.http]]
route = \"/\"
component = { source = \"x.wasm\", dependencies = { \"a:b\" = { component = \"other\" } } }
[component.other]
source = \"other.wasm\"";
    let (manifest, _) = read_as(text, &Publishing::default());
    assert_eq!(manifest.contents[1].dependencies[0].name, "a:b");
    assert_eq!(
        manifest.contents[1].dependencies[0].source.to_string(),
        "other.wasm"
    );
}

#[test]
fn what_is_no_dependency_is_said_where() {
    let inner = "in `dependencies` in `[component.front]`";
    for (dependencies, at, message) in [
        (
            "\"a b\" = \"1\"",
            "\"1",
            "`a b` can't be depended on: it is no name of an import, such as \
             `wasi:http`, `wasi:http/types@0.2.0` or `my-import`"
                .to_owned(),
        ),
        (
            "plain = \"1\"",
            "\"1",
            format!(
                "`plain` {inner} is not the name of a package: write `package = \
                 \"namespace:name\"` beside the `version`"
            ),
        ),
        (
            "plain = { version = \"1\" }",
            "{",
            format!("`plain` {inner} is not the name of a package"),
        ),
        (
            "\"a:b\" = \"one\"",
            "\"one",
            format!(
                "`a:b` {inner} is `one`, and has to be a requirement such as \
                 `^1.2` or `>=0.1.0, <0.3.0` (unexpected character 'o' while parsing major version \
                 number)"
            ),
        ),
        (
            "\"a:b\" = 1",
            "1",
            format!(
                "`a:b` {inner} is a whole number, and has to be a version \
                 requirement or a table with a `version`, `path`, `url` or `component`"
            ),
        ),
        (
            "\"a:b\" = { package = \"c:d\" }",
            "{",
            format!(
                "`a:b` {inner} does not say where it is: write a `version`, \
                 `path`, `url` or `component`"
            ),
        ),
        (
            "\"a:b\" = { pth = \"x\" }",
            "pth",
            format!("the key `pth` is not known in `a:b` {inner}: did you mean `path`?"),
        ),
        (
            "\"a:b\" = { path = \"x\", version = \"1\" }",
            "\"1\"",
            format!(
                "`version` in `a:b` {inner} stands beside `path`, which it does \
                 not go with: leave one of them out"
            ),
        ),
        (
            "\"a:b\" = { path = \"x\", export = \"y\" }",
            "\"y",
            format!(
                "`export` in `a:b` {inner} can't satisfy a whole package: name \
                 one interface of it, such as `namespace:name/interface`"
            ),
        ),
        (
            "\"a:b\" = { url = \"https://e.example\" }",
            "{",
            format!("there is no `digest` in `a:b` {inner}"),
        ),
        (
            "\"a:b\" = \"1\", \"a:b/c\" = \"1\"",
            "\"1",
            format!(
                "`a:b/c` {inner} overlaps with `a:b`: give each a version or an \
                 interface of its own"
            ),
        ),
        (
            "\"a:b\" = { component = \"fornt\" }",
            "\"fornt",
            format!(
                "`component` in `a:b` {inner} names the component `fornt`, \
                 which is not there: did you mean `front`?"
            ),
        ),
        (
            "\"a:b\" = { component = \"front\" }",
            "\"front",
            format!(
                "`component` in `a:b` {inner} names the component `front`, \
                 which has `dependencies` of its own: a dependency has what it inherits and \
                 nothing else"
            ),
        ),
        (
            "\"a:b\" = { path = \"x\", inherit_configuration = [\"file\"] }",
            "\"file",
            format!(
                "an entry of `inherit_configuration` in `a:b` {inner} names the \
                 setting `file`, which is not there: did you mean `files`?"
            ),
        ),
        (
            "\"a:b\" = { path = \"x\", inherit_configuration = [\"x\"] }",
            "\"x\"]",
            "an entry of `inherit_configuration` in `a:b` in `dependencies` in \
             `[component.front]` names the setting `x`, which is not there: known are `ai_models`"
                .to_owned(),
        ),
        (
            "\"a:b\" = { path = \"x\", inherit_configuration = 1 }",
            "1 }",
            format!(
                "`inherit_configuration` in `a:b` {inner} is a whole number, \
                 and has to be `true`, `false` or a list of settings"
            ),
        ),
    ] {
        let error = refused(&format!("dependencies = {{ {dependencies} }}"), "");
        let place = "dependencies = { ".len() + dependencies.rfind(at).unwrap() + 1;
        let expected = format!("line 9, column {place}: {message}");
        assert!(error.starts_with(&expected), "{error}\n{expected}");
    }
    let twice = refused(
        "dependencies_inherit_configuration = true\n\
         dependencies = { \"a:b\" = { path = \"x\", inherit_configuration = false } }",
        "",
    );
    assert!(
        twice
            .ends_with("stands beside `dependencies_inherit_configuration`: leave one of them out"),
        "{twice}"
    );
    let unused = refused(
        "",
        "[component.front.profile.debug]\ndependencies = { plain = \"1\" }",
    );
    assert!(unused.contains("is not the name of a package"), "{unused}");
}

#[test]
fn a_component_that_others_depend_on_has_nothing_of_its_own() {
    for (settings, named) in [
        ("files = [\"a\"]", "files"),
        ("environment = { A = \"b\" }", "environment"),
        ("variables = { a = \"b\" }", "variables"),
        ("key_value_stores = [\"default\"]", "key_value_stores"),
        ("sqlite_databases = [\"default\"]", "sqlite_databases"),
        ("ai_models = [\"llama2-chat\"]", "ai_models"),
        (
            "allowed_outbound_hosts = [\"https://e.example\"]",
            "allowed_outbound_hosts",
        ),
        (
            "allowed_http_hosts = [\"e.example\"]",
            "allowed_outbound_hosts",
        ),
        ("dependencies = { \"c:d\" = \"1\" }", "dependencies"),
    ] {
        let error = refused(
            "dependencies = { \"a:b\" = { component = \"other\" } }",
            &format!("[component.other]\nsource = \"other.wasm\"\n{settings}"),
        );
        assert!(
            error.contains(&format!("which has `{named}` of its own")),
            "{error}"
        );
    }
}
