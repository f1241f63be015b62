//! The grammar of the command line, and its help.

use clap::CommandFactory as _;

use super::*;

fn parse(line: &str) -> Result<Command, clap::Error> {
    Wharf::try_parse_from(line.split_whitespace()).map(|wharf| wharf.command)
}

fn help(line: &str) -> String {
    let error = parse(line).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::DisplayHelp, "{line}: {error}");
    error.to_string()
}

#[test]
fn the_grammar_is_consistent() {
    Wharf::command().debug_assert();
}

#[test]
fn what_is_taken() {
    for line in [
        "wharf registry login ghcr.io",
        "wharf registry login https://ghcr.io/ -u user --password-stdin",
        "wharf registry login ghcr.io -u user -p pass --skip-check",
        "wharf registry login localhost:5000 --username user --password pass -k",
        "wharf registry logout docker.io --format json",
        "wharf registry whoami ghcr.io",
        "wharf registry whoami ghcr.io/user/app --format json",
        "wharf registry push ghcr.io/user/app -u user --password-stdin",
        "wharf registry pull ghcr.io/user/app -u user -p pass",
        "wharf registry push ghcr.io/user/app:v1",
        "wharf registry push ghcr.io/user/app:1.2.3 --build --tag 1.2 --tag latest",
        "wharf registry push ghcr.io/user/app:v1 --dry-run --offline",
        "wharf up --build --profile debug",
        "wharf registry push -f app ghcr.io/user/app --annotation a=b --annotation c=",
        "wharf registry push --file spin.toml --insecure localhost:5000/app",
        "wharf registry push --from spin.toml --plain-http localhost:5000/app -q",
        "wharf registry pull ghcr.io/user/app:v1 --cache-dir /tmp/store --format=json",
        "wharf registry pull r.example/app --ca-file ca.pem --cert-file c.pem --key-file k.pem",
        "wharf registry pull r.example/app --tls-skip-verify",
        "wharf oci pull r.example/app",
        "wharf registry pull r.example/app --platform wasip1/wasm",
        "wharf registry resolve r.example/app:v1 --format json",
        "wharf registry pull r.example/app --referrers",
        "wharf registry push r.example/app --no-referrers",
        "wharf registry inspect r.example/app:v1 --platform wasip2/wasm",
        "wharf registry tags localhost:5000/app",
        "wharf registry tag localhost:5000/app:v1 v2 latest",
        "wharf registry delete localhost:5000/app:v1 --force",
        "wharf registry referrers localhost:5000/app:v1 --artifact-type a/b",
        "wharf up",
        "wharf up -f ghcr.io/user/app:v1 -e A=1 --env B=2 --listen 127.0.0.1:0",
        "wharf up -f ghcr.io/user/app --username user --password-stdin",
        "wharf up --from app --find-free-port --quiet",
        "wharf up --from-file spin.toml --sh",
        "wharf up --file spin.toml --shush",
        "wharf up --from-registry user/app -k",
        "wharf up --format json --cache-dir /tmp/store",
        "wharf registry push r.example/app -f sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a",
        "wharf registry save r.example/app:1 r.example/b:1 -o app.tar --no-referrers --offline",
        "wharf registry load app.tar --name r.example/app:1 --format json",
        "wharf completions zsh",
        "wharf man pages",
        "wharf registry pull r.example/app -o app --force",
        "wharf registry copy r.example/a s.example/b -k --from-retries 1 --to-ca-file ca.pem",
        "wharf registry copy r.example/a s.example/b --from-username a --to-username b \
         --to-password-stdin",
        "wharf policy check",
        "wharf policy check --policy p.toml registry push r.example/app:1 --policy q.toml -q",
        "wharf registry push r.example/app:1 --policy p.toml --policy q.toml --audit -",
        "wharf registry copy r.example/a s.example/b --policy p.toml --audit a.jsonl",
        "wharf registry pull r.example/app:1 --digest-file d --audit a.jsonl",
        "wharf up -f r.example/app:1 --policy p.toml --audit a.jsonl",
        "wharf cache info --cache-dir /tmp/store",
        "wharf cache list --format json",
        "wharf cache verify -q",
        "wharf cache prune --max-size 1.5G --dry-run",
    ] {
        if let Err(error) = parse(line) {
            panic!("{line}: {error}");
        }
    }
}

#[test]
fn what_is_refused_and_what_the_text_names() {
    for (line, part) in [
        ("wharf registry login", "<SERVER>"),
        ("wharf registry login ghcr.io/user/app", "write `ghcr.io`"),
        (
            "wharf registry login ghcr.io --password-stdin",
            "--username",
        ),
        (
            "wharf registry login ghcr.io -u a -p b --password-stdin",
            "cannot be used with",
        ),
        ("wharf registry whoami ghcr.io/app:v1", "not a repository"),
        (
            "wharf registry push r.example/app --password-stdin",
            "--username",
        ),
        ("wharf registry push", "<REFERENCE>"),
        ("wharf registry push r.example/app --offline", "--dry-run"),
        ("wharf registry push r.example/app --tag a/b", "not a tag"),
        ("wharf registry push https://ghcr.io/user/app", "scheme"),
        ("wharf registry push ghcr.io/User/app", "not a repository"),
        (
            "wharf registry push r.example/app --annotation a",
            "KEY=VALUE",
        ),
        (
            "wharf registry pull r.example/app@sha256:12",
            "not a digest",
        ),
        (
            "wharf registry pull r.example/app --cert-file c.pem",
            "--key-file",
        ),
        (
            "wharf registry pull r.example/app --key-file k.pem",
            "--cert-file",
        ),
        (
            "wharf registry pull r.example/app --format yaml",
            "plain, json",
        ),
        ("wharf up -f app --from-file app", "cannot be used with"),
        (
            "wharf registry pull r.example/app --platform wasm",
            "OS/ARCH",
        ),
        ("wharf registry tags r.example/app:v1", "repository alone"),
        ("wharf registry tag r.example/app:v1", "<TAG>"),
        ("wharf registry tag r.example/app:v1 a/b", "a/b"),
        (
            "wharf registry delete r.example/app",
            "neither a tag nor a digest",
        ),
        ("wharf up -e A", "KEY=VALUE"),
        ("wharf up --listen 3000", "HOST:PORT"),
        ("wharf upp", "up"),
        ("wharf registry save -o app.tar", "<REFERENCE|DIGEST>"),
        ("wharf registry save r.example/app", "--output"),
        ("wharf completions basic", "bash"),
        ("wharf man", "<DIR>"),
        ("wharf registry pull r.example/app --force", "--output"),
        (
            "wharf registry copy r.example/a s.example/b --to-password-stdin",
            "--to-username",
        ),
        ("wharf cache prune --max-size much", "expected a size"),
    ] {
        let error = parse(line).unwrap_err();
        assert_eq!(error.exit_code(), 2, "{line}");
        let text = error.to_string();
        assert!(text.contains(part), "{line}: {text}");
    }
}

#[test]
fn the_help_of_every_command_has_examples() {
    for command in [
        "up",
        "cache info",
        "cache list",
        "cache verify",
        "cache prune",
        "completions",
        "policy check",
        "registry save",
        "registry load",
        "registry login",
        "registry logout",
        "registry whoami",
        "registry push",
        "registry pull",
        "registry resolve",
        "registry inspect",
        "registry tags",
        "registry tag",
        "registry delete",
        "registry referrers",
    ] {
        let text = help(&format!("wharf {command} --help"));
        assert!(text.contains("Examples:"), "{text}");
        assert!(
            text.contains(&format!("$ wharf {command}"))
                || text.contains(&format!("| wharf {command}")),
            "{text}"
        );
    }
}

#[test]
fn the_top_help_has_the_exit_codes_and_the_variables() {
    let text = help("wharf --help");
    for (exit, meaning) in Exit::TABLE {
        assert!(
            text.contains(&format!("  {}  {meaning}", exit.code())),
            "{text}"
        );
    }
    for (name, _) in env::TABLE {
        assert!(text.contains(name), "{text}");
    }
}

#[test]
fn a_password_is_in_no_debug_text() {
    let command = parse("wharf registry login ghcr.io -u user -p hunter2").unwrap();
    let text = format!("{command:?}");
    assert!(!text.contains("hunter2"), "{text}");
}

#[test]
fn a_usage_error_is_json_when_json_was_asked_for() {
    let words = |line: &str| {
        line.split_whitespace()
            .map(OsString::from)
            .collect::<Vec<_>>()
    };
    assert_eq!(
        wanted_format(&words("wharf up --format json -x")),
        Format::Json
    );
    assert_eq!(
        wanted_format(&words("wharf up --format=json")),
        Format::Json
    );
    assert_eq!(
        wanted_format(&words("wharf up --format plain json")),
        Format::Plain
    );
    assert_eq!(
        wanted_format(&words("wharf up -- --format json")),
        Format::Plain
    );
    assert_eq!(wanted_format(&[]), Format::Plain);
    let error = usage(&parse("wharf registry pull --format json a b").unwrap_err());
    assert_eq!(error.messages, ["unexpected argument 'b' found"]);
}
