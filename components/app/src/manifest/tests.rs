//! Manifests and what they become, and the words for what is wrong.

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

/// The line of `app` at which `component` begins.
const LINE: &str = "line 9, column ";

const FULL: &str = r#"
spin_manifest_version = 2

[application]
name = "maximal"
version = "9.9.9"
description = "All of it"
authors = ["Ada <ada@example.com>", "Bob"]
targets = ["spin-up:3.3"]

[application.trigger.http]
base = "/"

[application.trigger.redis]
address = "redis://{{ host }}:6379"

[application.tool.lint]
level = "savage"

[variables]
host = { description = "Where the API is", default = "api.example.com" }
token = { required = true, secret = true }
password = { default = "hunter2", secret = true }

[[trigger.http]]
route = "/shop/:item/..."
component = "shop-front"

[[trigger.redis]]
channel = "orders"
component = "worker"
retries = 3
factors = [1.5, true, { since = 2026-01-02T03:04:05Z }]
components = { fallback = ["worker", { source = "fallback.wasm" }], audit = "shop-front" }

[[trigger.http]]
route = { private = true }
component = "shop-front"
executor = { type = "wagi", argv = "${SCRIPT_NAME}" }

[[trigger.http]]
id = "named"
route = "/named"
component = { source = "./target/../inline.wasm", description = "Inline" }

[component.worker]
source = "worker.wasm"

[component.shop-front.build]
command = ["npm install", "npm run build"]
workdir = "front"
watch = ["src/**/*.ts"]

[component.shop-front]
source = "front/dist/front.wasm"
description = "The front"
environment = { LEVEL = "debug", A = "1" }
files = ["assets/**/*", "robots.txt", { source = "public", destination = "/" }]
exclude_files = ["assets/secret/*"]
allowed_outbound_hosts = ["https://{{ host }}", "http://worker.spin.internal"]
key_value_stores = ["default", "my_store"]
sqlite_databases = ["default"]
ai_models = ["llama2-chat"]
variables = { api = "https://{{ host }}/v1/{{token}}", plain = "x" }
targets = ["spin-up:3.4"]

[component.shop-front.tool.clean]
command = "rm"
"#;

#[test]
fn everything_at_once() {
    assert_eq!(
        locked(FULL),
        json!({
            "spin_lock_version": 1,
            "must_understand": ["component_host_requirements"],
            "metadata": {
                "authors": ["Ada <ada@example.com>", "Bob"],
                "description": "All of it",
                "name": "maximal",
                "triggers": {
                    "http": { "base": "/" },
                    "redis": { "address": "redis://{{ host }}:6379" }
                },
                "version": "9.9.9"
            },
            "variables": {
                "host": { "description": "Where the API is", "default": "api.example.com" },
                "password": { "default": "hunter2", "secret": true },
                "token": { "secret": true }
            },
            "triggers": [
                {
                    "id": "shop-front-http-trigger",
                    "trigger_type": "http",
                    "trigger_config": { "component": "shop-front", "route": "/shop/:item/..." }
                },
                {
                    "id": "http-trigger1",
                    "trigger_type": "http",
                    "trigger_config": {
                        "component": "shop-front",
                        "executor": { "argv": "${SCRIPT_NAME}", "type": "wagi" },
                        "route": { "private": true }
                    }
                },
                {
                    "id": "named",
                    "trigger_type": "http",
                    "trigger_config": { "component": "named-component", "route": "/named" }
                },
                {
                    "id": "worker-redis-trigger",
                    "trigger_type": "redis",
                    "trigger_config": {
                        "channel": "orders",
                        "component": "worker",
                        "components": {
                            "audit": ["shop-front"],
                            "fallback": ["worker", "inline-component1"]
                        },
                        "factors": [1.5, true, { "since": "2026-01-02T03:04:05Z" }],
                        "retries": 3
                    }
                }
            ],
            "components": [
                { "id": "worker", "source": { "content_type": "application/wasm" } },
                {
                    "id": "shop-front",
                    "metadata": {
                        "ai_models": ["llama2-chat"],
                        "allowed_outbound_hosts": [
                            "https://{{ host }}",
                            "http://worker.spin.internal"
                        ],
                        "databases": ["default"],
                        "description": "The front",
                        "key_value_stores": ["default", "my_store"]
                    },
                    "source": { "content_type": "application/wasm" },
                    "env": { "A": "1", "LEVEL": "debug" },
                    "config": { "api": "https://{{ host }}/v1/{{token}}", "plain": "x" },
                    "host_requirements": { "local_service_chaining": "required" }
                },
                {
                    "id": "named-component",
                    "metadata": { "description": "Inline" },
                    "source": { "content_type": "application/wasm" }
                },
                { "id": "inline-component1", "source": { "content_type": "application/wasm" } }
            ]
        })
    );
}

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
            "./target/../inline.wasm",
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
fn the_least_there_can_be() {
    let text = "spin_manifest_version = 2
application.name = \"x\"
[[trigger.http]]
route = \"/\"
component = { source = \"x.wasm\" }";
    assert_eq!(
        locked(text),
        json!({
            "spin_lock_version": 0,
            "metadata": { "name": "x", "trigger": { "type": "http" }, "triggers": {} },
            "triggers": [{
                "id": "http-trigger1",
                "trigger_type": "http",
                "trigger_config": { "component": "http-trigger1-component", "route": "/" }
            }],
            "components": [{
                "id": "http-trigger1-component",
                "source": { "content_type": "application/wasm" }
            }]
        })
    );
}

#[test]
fn the_settings_of_the_only_type_of_trigger_are_there_twice() {
    let text = app("", "[application.trigger.http]\nbase = \"/\"");
    let metadata = &locked(&text)["metadata"];
    assert_eq!(metadata["trigger"], json!({ "base": "/", "type": "http" }));
    assert_eq!(metadata["triggers"], json!({ "http": { "base": "/" } }));
}

#[test]
fn ids_keep_clear_of_each_other() {
    let text = app(
        "",
        "[[trigger.http]]
id = \"front-http-trigger\"
route = \"/x\"
component = \"front\"
[[trigger.http]]
route = \"/y\"
id = \"Odd name\"
component = { source = \"a.wasm\" }
[[trigger.http]]
route = \"/z\"
id = \"taken\"
component = { source = \"b.wasm\" }
[component.taken-component]
source = \"c.wasm\"",
    );
    let locked = locked(&text);
    let ids = |list: &str| {
        let entries = locked[list].as_array().unwrap().iter();
        entries
            .map(|entry| entry["id"].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(
        ids("triggers"),
        ["http-trigger1", "front-http-trigger", "Odd name", "taken"]
    );
    assert_eq!(
        ids("components"),
        [
            "front",
            "taken-component",
            "inline-component1",
            "inline-component2"
        ]
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

#[test]
fn unknown_keys_name_the_nearest() {
    for (text, message) in [
        (
            app("sorce = \"x\"", ""),
            "line 9, column 1: the key `sorce` is not known in `[component.front]`: did you mean \
             `source`?",
        ),
        (
            app("", "[variable]\nx = { required = true }"),
            "line 10, column 2: the key `variable` is not known at the top level: did you mean \
             `variables`?",
        ),
        (
            app("zzz = 1", ""),
            "line 9, column 1: the key `zzz` is not known in `[component.front]`",
        ),
        (
            app("files = [{ source = \"a\", dest = \"/\" }]", ""),
            "line 9, column 26: the key `dest` is not known in an entry of `files` in \
             `[component.front]`: known are `destination`, `source`",
        ),
        (
            app("", "[[trigger.http]]\nrote = \"/\"\ncomponent = \"front\""),
            "line 11, column 1: the key `rote` is not known in `[[trigger.http]]`: did you mean \
             `route`?",
        ),
        (
            app("", "[variables]\nx = { defualt = \"\" }"),
            "line 11, column 7: the key `defualt` is not known in `[variables.x]`: did you mean \
             `default`?",
        ),
        (
            app("", "[application.trigger.http]\nbase = \"/x\""),
            "line 11, column 8: `base` in `[application.trigger.http]` is no longer supported: put \
             it into the routes",
        ),
    ] {
        assert_eq!(refused(&text), message);
    }
}

#[test]
fn what_is_missing_is_said() {
    for (text, message) in [
        (
            "spin_manifest_version = 2\n[[trigger.x]]\n",
            "line 1, column 1: there is no `application` at the top level: begin with \
             `[application]` and a `name`",
        ),
        (
            "spin_manifest_version = 2\n[[trigger.x]]\n[application]\n",
            "line 3, column 1: there is no `name` in `[application]`: write `name = \"my-app\"`",
        ),
        (
            "spin_manifest_version = 2\n[application]\nname = \"x\"",
            "line 1, column 1: there is no `trigger` at the top level: without a \
             `[[trigger.http]]` or another one nothing would run",
        ),
        (
            "spin_manifest_version = 2\n[[trigger.x]]\n[application]\nname = \"\"",
            "line 4, column 8: `name` in `[application]` is empty: write `name = \"my-app\"`",
        ),
        (
            &app("", "[component.b]\nfiles = []"),
            "line 10, column 1: there is no `source` in `[component.b]`: write \
             `source = \"path/to/component.wasm\"`",
        ),
        (
            &app("", "[[trigger.http]]\ncomponent = \"front\""),
            "line 10, column 1: there is no `route` in `[[trigger.http]]`: write \
             `route = \"/...\"` for all requests",
        ),
        (
            &app("", "[[trigger.http]]\nroute = \"/\""),
            "line 10, column 1: there is no `component` in `[[trigger.http]]`: write \
             `component = \"…\"` with its id",
        ),
        (
            &app("build = { workdir = \"x\" }", ""),
            "line 9, column 9: there is no `command` in `build` in `[component.front]`: write \
             `command = \"cargo build\"`",
        ),
    ] {
        assert_eq!(refused(text), message);
    }
}

#[test]
fn types_are_what_is_expected() {
    for (component, message) in [
        (
            "files = \"a\"",
            "9: `files` in `[component.front]` is a text, and has to be a list of paths, patterns \
             and `{ source = \"…\", destination = \"…\" }`",
        ),
        (
            "files = [1]",
            "10: an entry of `files` in `[component.front]` is a whole number, and has to be a \
             path, a pattern or `{ source = \"…\", destination = \"…\" }`",
        ),
        (
            "environment = { A = 1 }",
            "21: `A` in `environment` in `[component.front]` is a whole number, and has to be a text",
        ),
        (
            "ai_models = [true]",
            "14: an entry of `ai_models` in `[component.front]` is `true` or `false`, and has to be \
             a text",
        ),
        (
            "build = { command = 1.5 }",
            "21: `command` in `build` in `[component.front]` is a number, and has to be a text or a \
             list of texts",
        ),
        (
            "description = 2026-01-01",
            "15: `description` in `[component.front]` is a point in time, and has to be a text",
        ),
    ] {
        assert_eq!(refused(&app(component, "")), format!("{LINE}{message}"));
    }
    assert_eq!(
        refused("spin_manifest_version = 2\n[trigger.http]\nroute = \"/\""),
        "line 2, column 1: `http` in `[trigger]` is a table, and has to be a list of tables, \
         `[[trigger.http]]`"
    );
    assert_eq!(
        refused(&app("", "[[trigger.cron]]\nn = nan")),
        "line 11, column 5: `n` in `[[trigger.cron]]` is a number that JSON can't express"
    );
}

#[test]
fn what_can_not_be_packed_yet_is_named() {
    let middleware =
        "[[trigger.http]]\nroute = \"/\"\ncomponent = \"front\"\ndependencies.middleware = []";
    let error = refused(&app("", middleware));
    assert!(
        error.contains("in `[[trigger.http]]` can't be packed yet"),
        "{error}"
    );
}

#[test]
fn names_have_their_form() {
    for (rest, message) in [
        (
            "[component.My_part]\nsource = \"x\"",
            "line 10, column 1: `My_part` can't be the id of a component: it consists of words \
             joined by `-`, each of letters and digits, a letter first, and all in lower or all in \
             upper case",
        ),
        (
            "[variables]\nApi-Host = { required = true }",
            "line 11, column 12: `Api-Host` can't be the name of a variable: it consists of words \
             joined by `_`, each of lower-case letters and digits, a letter first",
        ),
        (
            "[component.b]\nsource = \"x\"\nkey_value_stores = [\"a b\"]",
            "line 12, column 21: `a b` can't be the label of a store: it consists of words joined \
             by `-` or by `_`, each of letters and digits, a letter first, and all in lower or all \
             in upper case",
        ),
        (
            "[component.b]\nsource = \"x\"\nvariables = { \"A\" = \"\" }",
            "line 12, column 21: `A` can't be the name of a variable: it consists of words joined \
             by `_`, each of lower-case letters and digits, a letter first",
        ),
    ] {
        assert_eq!(refused(&app("", rest)), message);
    }
}

#[test]
fn what_is_named_is_there() {
    for (rest, message) in [
        (
            "[[trigger.http]]\nroute = \"/\"\ncomponent = \"fornt\"",
            "line 12, column 13: `component` in `[[trigger.http]]` names the component `fornt`, \
             which is not there: did you mean `front`?",
        ),
        (
            "[component.b]\nsource = \"x\"\nvariables = { a = \"{{ host }}\" }",
            "line 12, column 19: `a` in `variables` in `[component.b]` names the variable `host`, \
             which is not there: add it to `[variables]`",
        ),
        (
            "[component.b]\nsource = \"x\"\nallowed_outbound_hosts = [\"http://{{ hots }}\"]\n\
             [variables]\nhost = { required = true }",
            "line 12, column 27: an entry of `allowed_outbound_hosts` in `[component.b]` names the \
             variable `hots`, which is not there: did you mean `host`?",
        ),
        (
            "[component.b]\nsource = \"x\"\nvariables = { a = \"{{ host\" }",
            "line 12, column 19: `a` in `variables` in `[component.b]` has `{{` without the `}}` \
             that ends it",
        ),
        (
            "[[trigger.http]]\nid = \"t\"\nroute = \"/\"\ncomponent = \"front\"\n\
             [[trigger.http]]\nid = \"t\"\nroute = \"/\"\ncomponent = \"front\"",
            "line 15, column 6: two triggers have the id `t`: give one of them another",
        ),
    ] {
        assert_eq!(refused(&app("", rest)), message);
    }
    assert_eq!(
        refused(
            "spin_manifest_version = 2\napplication.name = \"x\"\n[[trigger.x]]\ncomponent = \"a\""
        ),
        "line 4, column 13: `component` in `[[trigger.x]]` names the component `a`, which is not \
         there: add `[component.a]`"
    );
}

#[test]
fn values_that_can_not_be_used() {
    for (component, message) in [
        (
            "allowed_outbound_hosts = [\"https://a\", \"example.com\"]",
            "40: an entry of `allowed_outbound_hosts` in `[component.front]`: `example.com` can't \
             be used: it has no scheme: write `scheme://host:port`, for example \
             `https://example.com`",
        ),
        (
            "files = [\"../x\"]",
            "10: an entry of `files` in `[component.front]`: the pattern `../x` leads out of the \
             application's directory, and only files in it are published",
        ),
        (
            "files = [\".\"]",
            "10: an entry of `files` in `[component.front]`: the pattern `.` is the application's \
             directory as a whole: write `./**/*` if that is meant",
        ),
        (
            "files = [\"a**/b\"]",
            "10: an entry of `files` in `[component.front]`: the pattern `a**/b` has `**` as a part \
             of a name, and it can only stand for whole directories: `a/**/b`",
        ),
        (
            "exclude_files = [\"[a\"]",
            "18: an entry of `exclude_files` in `[component.front]`: the pattern `[a` has a `[` \
             without the `]` that ends it",
        ),
        (
            "files = [{ source = \"/etc\", destination = \"/\" }]",
            "21: `source` in an entry of `files` in `[component.front]`: the path `/etc` is \
             absolute: paths are relative to the directory of the application",
        ),
        (
            "files = [{ source = \"a\", destination = \"/a/../b\" }]",
            "40: `destination` in an entry of `files` in `[component.front]`: the path `/a/../b` \
             has `..` in it, which is no name that files can have everywhere",
        ),
    ] {
        assert_eq!(refused(&app(component, "")), format!("{LINE}{message}"));
    }
    for (rest, message) in [
        (
            "[variables]\nx = {}",
            "line 11, column 5: the variable `x` has to have either `required = true` or a \
             `default`, and not both",
        ),
        (
            "[variables]\nx = { required = true, default = \"\" }",
            "line 11, column 5: the variable `x` has to have either `required = true` or a \
             `default`, and not both",
        ),
        (
            "[[trigger.http]]\nroute = { private = false }\ncomponent = \"front\"",
            "line 11, column 9: `route` in `[[trigger.http]]` is not private and has no path \
             either: write `\"/...\"`",
        ),
        (
            "[[trigger.http]]\nroute = \"/\"\ncomponent = \"front\"\nexecutor = { type = \"x\" }",
            "line 13, column 21: `type` in `executor` in `[[trigger.http]]` is `x`, and has to be \
             `http` or `wagi`",
        ),
    ] {
        assert_eq!(refused(&app("", rest)), message);
    }
}

#[test]
fn publishing_everything_is_told_of() {
    let manifest = Manifest::parse(&app("files = [\"*\", \"./**/*\"]", ""), &published()).unwrap();
    assert_eq!(
        manifest.warnings,
        [
            "an entry of `files` in `[component.front]` is `*`, which publishes all that lies in \
             the application's directory; write `./*` if that is meant"
        ]
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
fn a_static_response_stands_in_place_of_a_component() {
    let fixed = "[[trigger.http]]\nroute = \"/robots.txt\"\nstatic_response = { status_code = 404, \
                 headers = { a = \"b\" }, body = \"none\" }";
    let locked = locked(&app("", fixed));
    assert_eq!(
        locked["triggers"][1],
        json!({
            "id": "http-trigger1",
            "trigger_type": "http",
            "trigger_config": {
                "route": "/robots.txt",
                "static_response": { "status_code": 404, "headers": { "a": "b" }, "body": "none" },
            },
        })
    );
    let wrong = |rest: &str| {
        let text = format!("[[trigger.http]]\nroute = \"/\"\n{rest}");
        refused(&app("", &text))
    };
    for (rest, message) in [
        (
            "static_response = {}\ncomponent = \"front\"",
            "line 13, column 13: `component` in `[[trigger.http]]` stands beside \
             `static_response`: leave one of them out",
        ),
        (
            "static_response = { status_code = 600 }",
            "line 12, column 35: `status_code` in `static_response` in `[[trigger.http]]` is no \
             status of HTTP: write a number from 100 to 599",
        ),
        (
            "static_response = { status = 200 }",
            "line 12, column 21: the key `status` is not known in `static_response` in \
             `[[trigger.http]]`: known are `body`, `headers`, `status_code`",
        ),
    ] {
        assert_eq!(wrong(rest), message);
    }
    assert!(wrong("static_response = { headers = { \"a b\" = \"\" } }").contains("header `a b`"));
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
fn version_1_becomes_what_spin_makes_of_it() {
    assert_eq!(
        locked(VERSION_1),
        json!({
            "spin_lock_version": 0,
            "metadata": {
                "authors": ["Ada"],
                "name": "older",
                "trigger": { "base": "/", "type": "http" },
                "triggers": { "http": { "base": "/" } },
                "version": "0.1.0",
            },
            "variables": { "host": { "default": "x" } },
            "triggers": [
                {
                    "id": "trigger-front-part",
                    "trigger_type": "http",
                    "trigger_config": {
                        "component": "front-part",
                        "executor": { "type": "wagi" },
                        "route": "/...",
                    },
                },
                {
                    "id": "trigger-back",
                    "trigger_type": "http",
                    "trigger_config": { "component": "back", "route": "/back" },
                },
            ],
            "components": [
                {
                    "id": "front-part",
                    "metadata": {
                        "allowed_outbound_hosts": [
                            "http://api.example",
                            "https://api.example",
                            "redis://*:*",
                            "mysql://*:*",
                            "postgres://*:*",
                        ],
                        "description": "The front",
                        "key_value_stores": ["default"],
                    },
                    "source": { "content_type": "application/wasm" },
                    "env": { "A": "1" },
                    "config": { "where": "{{ host }}" },
                },
                {
                    "id": "back",
                    "source": { "content_type": "application/wasm" },
                },
            ],
        })
    );
}

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

#[test]
fn a_secret_with_a_default_is_refused_by_name() {
    let error = refused(&app(
        "",
        "[variables]\npassword = { default = \"x\", secret = true }",
    ));
    assert!(error.starts_with("line 11, column 12: the default of the secret variable `password`"));
    let empty = app(
        "",
        "[variables]\npassword = { default = \"\", secret = true }",
    );
    assert!(Manifest::parse(&empty, &Publishing::default()).is_ok());
}
