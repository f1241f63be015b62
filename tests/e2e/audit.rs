//! `--audit`: what was done stands there, as `docs/audit.md` says, and nothing secret.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use wharf_tests::http::basic;
use wharf_tests::shelf::ShelvedApp;
use wharf_tests::{Answer, Authority, Json, Proxy, Registry, Server, TestEnv, TokenServer};

use crate::{environment, greeting, json};

/// The fields of each event, by its name: whether they may be absent, and their type.
type Schema = BTreeMap<String, BTreeMap<String, (bool, String)>>;

fn schema() -> Schema {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/audit.md");
    let text = fs::read_to_string(file).expect("it is there");
    let mut schema = Schema::new();
    let mut event = String::new();
    for line in text.lines() {
        if let Some(heading) = line.strip_prefix("## `") {
            heading.trim_end_matches('`').clone_into(&mut event);
            schema.entry(event.clone()).or_default();
        } else if line.starts_with("## ") {
            event.clear();
        } else if let Some(row) = line.strip_prefix("| `") {
            if event.is_empty() {
                continue;
            }
            let (name, rest) = row.split_once("` | ").expect("a field, then a type");
            let (kind, _) = rest.split_once(" | ").expect("a type, then a meaning");
            let field = name.trim_end_matches('?').to_owned();
            let fields = schema.entry(event.clone()).or_default();
            fields.insert(field, (name.ends_with('?'), kind.to_owned()));
        }
    }
    schema
}

/// Checks a line: all that it has is documented, and all that is documented is there.
fn check(schema: &Schema, line: &Json) {
    let event = line["event"].as_str().unwrap_or_default();
    let fields = schema.get(event);
    let fields = fields.unwrap_or_else(|| panic!("{event} is not documented: {line}"));
    let object = line.as_object().expect("a line is an object");
    for (name, value) in object {
        let field = fields.get(name);
        let (_, kind) = field.unwrap_or_else(|| panic!("{name} is not documented: {line}"));
        let is_right = match kind.as_str() {
            "text" => value.is_string(),
            "number" => value.is_u64(),
            "boolean" => value.is_boolean(),
            "list" => value.is_array(),
            other => panic!("{other} is no type"),
        };
        assert!(is_right, "{name} has another type: {line}");
    }
    for (name, (may_be_absent, _)) in fields {
        assert!(
            *may_be_absent || object.contains_key(name),
            "{name} is missing: {line}"
        );
    }
}

/// The lines of an audit, each as it has to be.
pub(crate) fn checked(env: &TestEnv, file: &str) -> Vec<Json> {
    let (schema, lines) = (schema(), lines(env, file));
    for line in &lines {
        check(&schema, line);
    }
    lines
}

fn lines(env: &TestEnv, file: &str) -> Vec<Json> {
    let text = fs::read_to_string(env.work().join(file)).expect("it was written");
    text.lines().map(json).collect()
}

fn of<'a>(lines: &'a [Json], event: &str) -> Vec<&'a Json> {
    lines.iter().filter(|line| line["event"] == event).collect()
}

#[test]
fn every_line_is_as_documented_and_every_event_occurs() {
    let schema = schema();
    let registry = Registry::settings().user("ann", "secret").start();
    let server = registry.address();
    let env = environment();
    greeting("app").write(&env.work());
    let given = "-u ann --password-stdin --audit audit.jsonl";
    let mut digest = String::new();
    for line in [
        format!("registry push {server}/app:1 -f app {given}"),
        format!("registry pull {server}/app:1 --referrers {given}"),
        format!("registry copy {server}/app:1 {server}/copy:1 {given}"),
        format!("registry tag {server}/app:1 2 {given}"),
        format!("registry tags {server}/app {given}"),
    ] {
        let done = env.command(line.split(' ')).input("secret").run().success();
        if digest.is_empty() {
            digest = done.digest();
        }
    }
    let rules = "[sandbox]\ncredentials = []\nmax-time = \"1h\"\nmax-requests = 1";
    fs::write(env.work().join("p.toml"), rules).unwrap();
    env.empty_store();
    let refused = format!("registry pull {server}/app:1 --policy p.toml --audit audit.jsonl");
    let _ = env.run(&refused).code(7);
    fs::write(env.work().join("p.toml"), "[sandbox]\nmax-time = \"1ms\"").unwrap();
    let _ = env.run(&refused).code(7);
    let env = env.variable("COSIGN_PASSWORD", "");
    let _ = env.run("trust generate-key-pair").success();
    let unsigned = format!("registry pull {server}/app:1 --key cosign.pub {given}");
    let _ = env
        .command(unsigned.split(' '))
        .input("secret")
        .run()
        .code(8);

    let lines = lines(&env, "audit.jsonl");
    for line in &lines {
        check(&schema, line);
    }
    for event in schema.keys() {
        assert!(!of(&lines, event).is_empty(), "{event} does not occur");
    }
    // Each request that was granted has one response, and each has its own number.
    let requests = of(&lines, "request");
    let granted = requests.iter().filter(|line| line["decision"] == "granted");
    let responses = of(&lines, "response");
    assert_eq!(granted.count(), responses.len());
    // The manifest that was pushed can be found.
    let written = requests
        .iter()
        .find(|line| line["operation"] == "write-manifest");
    let written = written.expect("a manifest was written");
    assert_eq!(written["repository"], "app");
    assert_eq!(written["reference"], "1");
    assert_eq!(written["origin"], format!("http://{server}"));
    let stored = of(&lines, "store");
    assert!(stored.iter().any(|line| line["digest"] == digest.as_str()));
    let credential = of(&lines, "credential");
    assert!(credential.iter().any(|line| line["source"] == "given"));
}

#[test]
fn bytes_and_statuses_are_those_that_passed() {
    let registry = Registry::start();
    let proxy = Proxy::start(registry.address());
    let server = proxy.address();
    let env = environment();
    greeting("app").write(&env.work());
    let push = format!("registry push {server}/app:1 -f app --audit a.jsonl");
    let _ = env.run(&push).success();
    let seen = proxy.take();
    let lines = lines(&env, "a.jsonl");
    let (requests, responses) = (of(&lines, "request"), of(&lines, "response"));
    assert_eq!(requests.len(), seen.len());
    let sum = |field: &str| -> u64 {
        let numbers = responses.iter().map(|line| line[field].as_u64().unwrap());
        numbers.sum()
    };
    assert_eq!(
        sum("bytes_out"),
        seen.iter().map(|one| one.sent).sum::<u64>()
    );
    let mut statuses: Vec<_> = responses
        .iter()
        .map(|line| line["status"].clone())
        .collect();
    let mut answered: Vec<_> = seen.iter().map(|one| Json::from(one.status)).collect();
    statuses.sort_by_key(ToString::to_string);
    answered.sort_by_key(ToString::to_string);
    assert_eq!(statuses, answered);
    env.empty_store();
    let pull = format!("registry pull {server}/app:1 --audit b.jsonl");
    let _ = env.run(&pull).success();
    let lines = self::lines(&env, "b.jsonl");
    let seen: u64 = proxy.take().iter().map(|one| one.received).sum();
    let told: u64 = of(&lines, "response")
        .iter()
        .map(|line| line["bytes_in"].as_u64().unwrap())
        .sum();
    assert_eq!(told, seen);
}

/// Fails when one of these is in a text, as it is or encoded.
fn assert_without(text: &str, secrets: &[String]) {
    for secret in secrets {
        assert!(!text.contains(secret), "`{secret}` is in {text}");
    }
}

#[test]
fn no_secret_of_a_run_is_in_its_audit_its_requests_or_its_errors() {
    let authority = Authority::new();
    let tokens = TokenServer::settings(&authority)
        .user("ann", "pass-word-1")
        .start();
    let registry = Registry::settings().tokens(&tokens).start();
    let proxy = Proxy::start(registry.address());
    let server = proxy.address();
    let env = environment();
    greeting("app").write(&env.work());
    let mut said = String::new();
    for (line, password, code) in [
        ("registry push SERVER/app:1 -f app", "pass-word-1", 0),
        ("registry pull SERVER/app:1", "pass-word-1", 0),
        ("registry pull SERVER/gone:1", "pass-word-1", 4),
        ("registry pull SERVER/app:1", "pass-word-2", 3),
    ] {
        let line = line.replace("SERVER", &server);
        let line = format!("{line} -u ann --password-stdin -v --audit a.jsonl");
        let output = env
            .command(line.split(' '))
            .input(password)
            .run()
            .code(code);
        said += &output.stderr;
        said += &output.stdout;
        env.empty_store();
    }
    let audit = fs::read_to_string(env.work().join("a.jsonl")).unwrap();
    let exchanges = proxy.take();
    let mut secrets: Vec<String> = ["pass-word-1", "pass-word-2"].map(String::from).to_vec();
    for password in ["pass-word-1", "pass-word-2"] {
        secrets.push(basic("ann", password).replace("Basic ", ""));
    }
    let sent = exchanges
        .iter()
        .filter_map(|one| one.header("authorization"));
    let bearer = sent.filter_map(|value| value.strip_prefix("Bearer "));
    let before = secrets.len();
    secrets.extend(bearer.map(str::to_owned));
    assert!(secrets.len() > before, "tokens were used");
    // Where an upload can be gone on with is as good as the right to do so.
    let states = exchanges
        .iter()
        .filter_map(|one| one.target.split_once("_state="));
    let before = secrets.len();
    secrets.extend(states.map(|(_, state)| state.split('&').next().unwrap_or("").to_owned()));
    assert!(secrets.len() > before, "uploads were continued");
    let sessions = exchanges.iter().filter_map(|one| {
        let (_, rest) = one.target.split_once("/blobs/uploads/")?;
        Some(rest.split('?').next().unwrap_or_default().to_owned())
    });
    let sessions: Vec<_> = sessions.filter(|session| !session.is_empty()).collect();
    assert_without(&audit, &sessions);
    assert_without(&audit, &secrets);
    assert_without(&said, &secrets);
    assert!(audit.contains("continue-upload"), "{audit}");
}

#[test]
fn identity_and_registry_tokens_are_in_no_audit_either() {
    const IDENTITY: &str = "identity-token-1234567890";
    const READY: &str = "registry-token-1234567890";
    const GIVEN: &str = "bearer-token-1234567890";
    let app = ShelvedApp::new();
    let shelf = app.shelf.clone();
    let server = Server::start(move |request| {
        let authority = request.header("host").unwrap_or_default();
        if request.path() == "/token" {
            let form = String::from_utf8_lossy(&request.body).into_owned();
            assert!(form.contains(IDENTITY), "{form}");
            return Answer::content("application/json", format!("{{\"token\": \"{GIVEN}\"}}"));
        }
        match request.header("authorization") {
            Some(value) if value.ends_with(GIVEN) || value.ends_with(READY) => {
                shelf.answer(request)
            }
            _ => {
                let challenge = format!("Bearer realm=\"http://{authority}/token\",service=\"s\"");
                Answer::status(401).header("WWW-Authenticate", &challenge)
            }
        }
    });
    for entry in [
        format!("{{\"identitytoken\": \"{IDENTITY}\"}}"),
        format!("{{\"registrytoken\": \"{READY}\"}}"),
    ] {
        let env = environment();
        let docker = env.home().join(".docker");
        fs::create_dir(&docker).unwrap();
        let config = format!("{{\"auths\": {{\"{}\": {entry}}}}}", server.address());
        fs::write(docker.join("config.json"), config).unwrap();
        let pull = format!(
            "registry pull {}/app:1 -v --audit a.jsonl",
            server.address()
        );
        let output = env.run(&pull).success();
        let audit = fs::read_to_string(env.work().join("a.jsonl")).unwrap();
        let secrets = [IDENTITY, READY, GIVEN].map(String::from);
        assert_without(&audit, &secrets);
        assert_without(&output.stderr, &secrets);
        assert!(audit.contains("\"source\":\"docker\""), "{audit}");
    }
}

#[test]
fn nothing_is_done_that_can_not_be_written_down() {
    let (app, env) = (ShelvedApp::new(), environment());
    let server = Server::start(move |request| app.shelf.answer(request));
    let pull = format!("registry pull {}/app:1", server.address());
    // A full disk.
    let full = env.run(&format!("{pull} --audit /dev/full")).code(1);
    let _ = full.says(&["the audit can't be written", "No space left"]);
    assert!(server.requests().is_empty());
    // No such directory: noticed before anything is made.
    let env = environment();
    let absent = env.run(&format!("{pull} --audit gone/a.jsonl")).code(2);
    let _ = absent.says(&["cannot write the audit `gone/a.jsonl`"]);
    assert_eq!(fs::read_dir(env.cache()).unwrap().count(), 0);
    assert!(server.requests().is_empty());
}

#[test]
fn lines_are_added_and_go_to_standard_output_too() {
    let (app, env) = (ShelvedApp::new(), environment());
    let server = Server::start(move |request| app.shelf.answer(request));
    let pull = format!("registry pull {}/app:1", server.address());
    for runs in 1..=2 {
        let _ = env.run(&format!("{pull} --audit a.jsonl")).success();
        assert_eq!(of(&lines(&env, "a.jsonl"), "start").len(), runs);
    }
    let mode = fs::metadata(env.work().join("a.jsonl"))
        .unwrap()
        .permissions();
    assert_eq!(mode.mode() & 0o777, 0o600);
    let output = env.run(&format!("{pull} --audit -")).success();
    let first = output.stdout.lines().next().unwrap_or_default();
    assert_eq!(json(first)["event"], "start");
    assert!(output.stdout.contains("Digest: "));
}
