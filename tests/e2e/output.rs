//! `--format json`: what every command answers, against the tables of `docs/output.md`.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use wharf_tests::{Json, Registry, Server, Shelf, Sigstore, json as value};

use crate::trust::update::Mirror;
use crate::{environment, greeting, json, push, up};

/// The tables of the document, by the command that they are about.
struct Tables(BTreeMap<String, Members>);

/// What stands at some place of an answer.
#[derive(Debug, Default)]
struct Members(BTreeMap<String, Member>);

#[derive(Debug, Default)]
struct Member {
    may_be_absent: bool,
    is_list: bool,
    /// None for an object whose members are the next.
    kind: Option<String>,
    members: Members,
}

impl Tables {
    fn read() -> Self {
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/output.md");
        let text = fs::read_to_string(file).expect("it is there");
        let mut tables: BTreeMap<String, Members> = BTreeMap::new();
        let mut title = String::new();
        for line in text.lines() {
            if let Some(heading) = line.strip_prefix("## `") {
                heading.trim_end_matches('`').clone_into(&mut title);
            } else if let Some(row) = line.strip_prefix("| `") {
                let (path, rest) = row.split_once("` | ").expect("a path, then a type");
                let (kind, _) = rest.split_once(" | ").expect("a type, then a meaning");
                tables.entry(title.clone()).or_default().add(path, kind);
            }
        }
        Self(tables)
    }

    /// Checks a document. Everything in it is documented, and everything that is
    /// documented is in it.
    fn check(&self, table: &str, document: &Json) {
        let members = self.0.get(table);
        let members = members.unwrap_or_else(|| panic!("{table} is not documented"));
        if let Err(problem) = members.check(document) {
            panic!("{table}: {problem} in {document:#}");
        }
    }
}

impl Members {
    fn add(&mut self, path: &str, kind: &str) {
        let (first, rest) = match path.split_once('.') {
            Some((first, rest)) => (first, Some(rest)),
            None => (path, None),
        };
        let name = first.trim_end_matches("[]");
        let member = self.0.entry(name.trim_end_matches('?').to_owned());
        let member = member.or_default();
        member.is_list = first.ends_with("[]");
        member.may_be_absent = name.ends_with('?');
        match rest {
            Some(rest) => member.members.add(rest, kind),
            None => member.kind = Some(kind.to_owned()),
        }
    }

    fn check(&self, found: &Json) -> Result<(), String> {
        let object = found.as_object().ok_or("there is no object")?;
        if let Some(any) = self.0.get("*") {
            return object.values().try_for_each(|value| any.check_one(value));
        }
        for (name, member) in &self.0 {
            let inside = match object.get(name) {
                None | Some(Json::Null) if member.may_be_absent => Ok(()),
                None => Err("it is missing".to_owned()),
                Some(found) => member.check(found),
            };
            inside.map_err(|problem| format!("{name}: {problem}"))?;
        }
        match object.keys().find(|name| !self.0.contains_key(*name)) {
            None => Ok(()),
            Some(unknown) => Err(format!("{unknown} is not documented")),
        }
    }
}

impl Member {
    fn check(&self, found: &Json) -> Result<(), String> {
        if !self.is_list {
            return self.check_one(found);
        }
        let list = found.as_array().ok_or("there is no list")?;
        list.iter().try_for_each(|one| self.check_one(one))
    }

    fn check_one(&self, found: &Json) -> Result<(), String> {
        let is_right = match self.kind.as_deref() {
            None => return self.members.check(found),
            Some("text") => found.is_string(),
            Some("number") => found.is_u64(),
            Some("boolean") => found.is_boolean(),
            Some("object") => found.is_object(),
            Some(other) => return Err(format!("{other} is no type")),
        };
        is_right.then_some(()).ok_or("it has another type".into())
    }
}

#[test]
fn what_is_not_as_documented_is_noticed() {
    let mut members = Members::default();
    for (path, kind) in [("a?.b[].c", "text"), ("d", "number"), ("e.*", "text")] {
        members.add(path, kind);
    }
    for (document, is_right) in [
        (value!({"d": 1, "e": {}}), true),
        (
            value!({"a": {"b": [{"c": "x"}]}, "d": 1, "e": {"f": "g"}}),
            true,
        ),
        (value!({"a": null, "d": 1, "e": {}}), true),
        (value!({"e": {}}), false),
        (value!({"d": "1", "e": {}}), false),
        (value!({"d": 1, "e": {"f": 1}}), false),
        (value!({"a": {"b": [{}]}, "d": 1, "e": {}}), false),
        (value!({"d": 1, "e": {}, "f": 1}), false),
    ] {
        let checked = members.check(&document);
        assert_eq!(checked.is_ok(), is_right, "{document}: {checked:?}");
    }
}

#[test]
fn every_command_answers_as_documented() {
    let tables = Tables::read();
    let registry = Registry::settings().user("ann", "secret").start();
    let server = registry.address();
    let env = environment().variable("COSIGN_PASSWORD", "");
    let app = greeting("app").write(&env.work());
    fs::write(env.work().join("p.json"), "{}").unwrap();
    let mirror = Mirror::start(&env, &Sigstore::start(), "later");
    let login = format!("registry login {server} -u ann --password-stdin --format json");
    let login = env.command(login.split(' ')).input("secret\n").run();
    tables.check("wharf registry login", &json(&login.success().stdout));
    let digest = push(&env, &app, &format!("{server}/app:1")).digest();
    let mut seen = vec!["wharf registry login".to_owned(), "wharf up".to_owned()];
    for line in [
        "registry whoami SERVER/app",
        "registry push SERVER/app:1 -f app",
        "registry push SERVER/app:1 -f app --tag 2 --dry-run --offline",
        "registry pull SERVER/app:1",
        "registry pull SERVER/app:1 -o out",
        "registry push SERVER/hello:1 app/hello.wasm",
        "registry pull SERVER/hello:1 -o hello.wasm",
        "registry inspect SERVER/hello:1",
        "registry copy SERVER/app:1 SERVER/other:1",
        "registry save SERVER/app:1 -o app.tar",
        "registry load app.tar",
        "registry resolve SERVER/app:1",
        "registry inspect SERVER/app:1",
        "registry tag SERVER/app:1 2",
        "registry tags SERVER/app",
        "registry referrers SERVER/app:1",
        "policy check registry pull SERVER/app:1",
        "trust generate-key-pair",
        "trust public-key --key cosign.key",
        "registry sign SERVER/app:1 --key cosign.key -a stage=test --bundle app.json",
        "registry attest SERVER/app:1 --key cosign.key --type custom --predicate p.json",
        "registry verify SERVER/app:1 --key cosign.pub",
        "registry verify-attestation SERVER/app:1 --key cosign.pub --type custom",
        "registry attach SERVER/app:1 --bundle app.json",
        "trust check SERVER/app:1",
        "trust update --mirror MIRROR --root tuf/root.json",
        "cache info",
        "cache list",
        "cache verify",
        "cache prune --max-size 0 --dry-run",
        "man pages",
        "registry logout SERVER",
    ] {
        let run = line
            .replace("SERVER", server)
            .replace("MIRROR", &mirror.url());
        let run = format!("{run} --format json");
        let answer = json(&env.run(&run).success().stdout);
        let (name, _) = line.split_once(" SERVER").unwrap_or((line, ""));
        let words = if name.starts_with("man") { 1 } else { 2 };
        let name: Vec<_> = name.split(' ').take(words).collect();
        let name = format!("wharf {}", name.join(" "));
        tables.check(&name, &answer);
        seen.push(name);
    }

    let (running, _) = up(&env, &format!("-f {server}/app@{digest} --offline"));
    running.interrupt();
    let _ = running.finish().success();
    let arguments =
        format!("up --listen 127.0.0.1:0 --format json -f {server}/app@{digest} --offline");
    let running = env.command(arguments.split(' ')).start();
    running.wait_for("wildcard");
    running.interrupt();
    let output = running.finish().success();
    tables.check("wharf up", &json(&output.stdout));

    for name in tables.0.keys().filter(|name| name.starts_with("wharf ")) {
        let elsewhere = name == "wharf registry delete";
        assert!(seen.contains(name) || elsewhere, "{name} was not run");
    }
}

#[test]
fn a_deletion_answers_as_documented() {
    let mut shelf = Shelf::new();
    let manifest = value!({
        "schemaVersion": 2,
        "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "config": shelf.blob("application/vnd.oci.empty.v1+json", "{}"),
        "layers": [],
    });
    let digest = shelf.manifest("1", manifest.to_string());
    let server = Server::start(move |request| {
        let mut answer = shelf.answer(request);
        if request.method == "DELETE" {
            answer.status = 202;
        }
        answer
    });
    let env = environment();
    let delete = format!(
        "registry delete --force {}/app@{digest} --format json",
        server.address()
    );
    let answer = json(&env.run(&delete).success().stdout);
    Tables::read().check("wharf registry delete", &answer);
}

#[test]
fn what_is_no_application_is_inspected_as_documented() {
    let mut shelf = Shelf::new();
    let manifest = value!({
        "schemaVersion": 2,
        "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "artifactType": "application/vnd.example.note",
        "config": shelf.blob("application/vnd.oci.empty.v1+json", "{}"),
        "layers": [shelf.blob("text/plain", "a note")],
        "subject": shelf.blob("application/vnd.oci.image.manifest.v1+json", "another"),
        "annotations": { "org.example.kind": "note" },
    });
    shelf.manifest("1", manifest.to_string());
    let server = Server::start(move |request| shelf.answer(request));
    let env = environment();
    let inspect = format!("registry inspect {}/note:1", server.address());
    let json_run = env.run(&format!("{inspect} --format json -v")).success();
    let tables = Tables::read();
    tables.check("wharf registry inspect", &json(&json_run.stdout));
    for line in json_run.stderr.lines() {
        tables.check("request", &json(line));
    }
    assert!(json_run.stderr.lines().count() > 0);

    // People are told the same.
    let plain = env.run(&inspect).success().stdout;
    for part in [
        "Digest: sha256:",
        "Artifact type: application/vnd.example.note",
        "Refers to: sha256:",
        "Config: sha256:",
        "Layers: 1 (6 B)",
        "text/plain (6 B)",
        "org.example.kind: note",
        "Application: none",
    ] {
        assert!(plain.contains(part), "{part}: {plain}");
    }
}

#[test]
fn errors_and_warnings_are_as_documented() {
    let tables = Tables::read();
    let env = environment();
    for (arguments, code, kind) in [
        ("registry pull 127.0.0.1:1/app:1 --retries 0", 5, "network"),
        ("registry pull --none", 2, "usage"),
        ("registry pull r.example/app:1 --offline", 1, "other"),
        ("registry whoami r.example", 3, "authentication"),
        (
            "registry pull 127.0.0.1:1/app:1 -o .. --offline",
            1,
            "other",
        ),
    ] {
        let output = env.run(&format!("{arguments} --format json")).code(code);
        let error = json(output.stderr.lines().last().unwrap_or_default());
        tables.check("error", &error);
        assert_eq!(error["error"]["kind"], kind, "{arguments}");
        assert_eq!(error["error"]["exit_code"], code);
        assert!(output.stdout.is_empty(), "{arguments}");
    }
    let pull = "registry pull 127.0.0.1:1/app:1 -u a -p b --retries 0 --format json";
    let output = env.run(pull).code(5);
    let warning = json(output.stderr.lines().next().unwrap_or_default());
    tables.check("warning", &warning);
}
