use super::*;
use crate::manifest::{Manifest, Publishing};

const DIGEST: &str = "sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a";

fn app(source: &str) -> String {
    format!(
        "spin_manifest_version = 2
[application]
name = \"shop\"
[[trigger.http]]
route = \"/...\"
component = \"front\"
[component.front]
source = {source}
"
    )
}

fn read(source: &str) -> Source {
    let manifest = Manifest::parse(&app(source), &Publishing::default());
    let manifest = manifest.unwrap_or_else(|error| panic!("{error}\n{source}"));
    manifest.contents[0].source.clone()
}

#[test]
fn a_path_may_lead_anywhere() {
    for path in ["front.wasm", "../target/front.wasm", "/opt/front.wasm"] {
        let source = read(&format!("\"{path}\""));
        assert_eq!(source, Source::Path(path.parse().unwrap()));
        assert_eq!(source.to_string(), path);
    }
}

#[test]
fn an_address_has_a_digest() {
    let Source::Url(download) = read(&format!(
        r#"{{ url = "https://e.example/a.wasm?sig=s", digest = "{DIGEST}" }}"#
    )) else {
        panic!("no address");
    };
    assert_eq!(download.url.to_string(), "https://e.example/a.wasm?sig=s");
    assert_eq!(download.digest.as_str(), DIGEST);
    let shown = Source::Url(download).to_string();
    assert_eq!(shown, "https://e.example/a.wasm");
    let here = format!(r#"{{ url = "http://127.0.0.1:8000/a", digest = "{DIGEST}" }}"#);
    assert!(matches!(read(&here), Source::Url(_)));
}

#[test]
fn a_package_has_one_version() {
    let source = read(r#"{ package = "a:b", version = "1.0.0-rc.1" }"#);
    assert_eq!(source.to_string(), "a:b@1.0.0-rc.1");
    let Source::Package(package) =
        read(r#"{ registry = "r.example:5000", package = "a:b", version = "1.0.0" }"#)
    else {
        panic!("no package");
    };
    assert_eq!(package.registry.unwrap().as_str(), "r.example:5000");
    assert_eq!(package.name, "a:b".parse().unwrap());
    assert_eq!(package.version, Wanted::Exactly(Version::new(1, 0, 0)));
}

#[test]
fn what_is_no_source_is_said_where() {
    let front = "in `source` in `[component.front]`";
    for (source, at, message) in [
        (
            "1".to_owned(),
            "1",
            "`source` in `[component.front]` is a whole number, and has to be the path of a \
             WebAssembly file, `{ url = \"…\", digest = \"…\" }` or `{ package = \"…\", version = \
             \"…\" }`"
                .to_owned(),
        ),
        (
            r#""https://e.example/a.wasm""#.to_owned(),
            r#""https://e"#,
            "`source` in `[component.front]` is an address, and has to be a path: an address is \
             written as `{ url = \"https://…\", digest = \"sha256:…\" }`"
                .to_owned(),
        ),
        (
            "\"\"".to_owned(),
            "\"\"",
            "`source` in `[component.front]`: the path `` is empty".to_owned(),
        ),
        (
            r#"{ urll = "https://e.example/a" }"#.to_owned(),
            "urll",
            format!("the key `urll` is not known {front}: did you mean `url`?"),
        ),
        (
            "{ version = \"1.0.0\" }".to_owned(),
            "{",
            format!(
                "there is no `package` {front}: write `package = \"namespace:name\"`, or a `url`"
            ),
        ),
        (
            "{ package = \"a:b\" }".to_owned(),
            "{",
            format!("there is no `version` {front}: write `version = \"1.0.0\"`"),
        ),
        (
            "{ package = \"a:b\", version = \"^1.0\" }".to_owned(),
            "\"^1.0",
            format!(
                "`version` {front} is `^1.0`, and has to be one version such as `1.0.0` \
                 (unexpected character '^' while parsing major version number)"
            ),
        ),
        (
            "{ package = \"a\", version = \"1.0.0\" }".to_owned(),
            "\"a\"",
            format!("`package` {front} is `a`, which is no name of a package, such as `wasi:http`"),
        ),
        (
            "{ package = \"a:b\", version = \"1.0.0\", registry = \"a b\" }".to_owned(),
            "\"a b\"",
            format!("`registry` {front} can't be asked: "),
        ),
        (
            r#"{ url = "https://e.example/a" }"#.to_owned(),
            "{",
            format!(
                "there is no `digest` {front}: write `digest = \"sha256:…\"`, which it is checked \
                 by"
            ),
        ),
        (
            format!(r#"{{ url = "http://e.example/a", digest = "{DIGEST}" }}"#),
            "\"http:",
            format!(
                "`url` {front} can't be fetched: it has to begin with `https://`, except on this \
                 machine"
            ),
        ),
        (
            format!(r#"{{ url = "https://u:p@e.example/a", digest = "{DIGEST}" }}"#),
            "\"https:",
            format!("`url` {front} can't be fetched: the address has user information"),
        ),
        (
            r#"{ url = "https://e.example/a", digest = "abc" }"#.to_owned(),
            "\"abc",
            format!("`digest` {front} can't be checked by: "),
        ),
        (
            format!(r#"{{ url = "https://e.example/a", digest = "{DIGEST}", package = "a:b" }}"#),
            "\"a:b",
            format!(
                "`package` {front} stands beside `url`, which it does not go with: leave one of \
                 them out"
            ),
        ),
    ] {
        let error = Manifest::parse(&app(&source), &Publishing::default()).unwrap_err();
        let error = error.to_string();
        let column = "source = ".len() + source.find(at).unwrap() + 1;
        let expected = format!("line 8, column {column}: {message}");
        assert!(error.starts_with(&expected), "{error}\n{expected}");
    }
}
