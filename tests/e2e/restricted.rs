//! Where CI runs: a network in which only the registry is, no home, no terminal, one
//! directory to write to, little address space. And names that lead to private addresses.
//!
//! Each test runs itself once more, in namespaces of its own, as root of those and of
//! nothing else: that takes no rights.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use wharf_tests::shelf::ShelvedApp;
use wharf_tests::{Answer, Json, Registry, Running, Server};

use crate::{environment, greeting, json};

/// Set where a test is in its namespaces.
const INSIDE: &str = "WHARF_TEST_INSIDE";

/// Runs the test of this name in namespaces of its own. Whether this is in them already.
fn is_inside(test: &str) -> bool {
    if std::env::var_os(INSIDE).is_some() {
        shell("ip link set lo up");
        return true;
    }
    let mut command = Command::new("unshare");
    command
        .args(["--user", "--map-root-user", "--net", "--mount", "--"])
        .arg(std::env::current_exe().expect("it runs"))
        .args(["--exact", test, "--nocapture"])
        .env(INSIDE, "yes");
    let output = Running::start(command, Vec::new(), Duration::from_mins(2)).finish();
    let output = output.success();
    assert!(output.stdout.contains("1 passed"), "{output:?}");
    false
}

/// Runs a script, which must go well.
fn shell(script: &str) {
    let mut command = Command::new("sh");
    command.args(["-euc", script]);
    let _ = Running::start(command, Vec::new(), Duration::from_mins(1))
        .finish()
        .success();
}

/// The plain-shell recipe of `docs/ci.md`: what the document has between its marks.
fn recipe() -> String {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/ci.md");
    let text = fs::read_to_string(file).expect("it is there");
    let (_, rest) = text
        .split_once("<!-- recipe -->\n\n```sh\n")
        .expect("it begins");
    let (recipe, _) = rest.split_once("```\n").expect("it ends");
    recipe.to_owned()
}

/// Makes everything read-only but one directory, takes `/dev` away with its terminals, and
/// runs a script in that directory: without a home, in a session without a terminal, in a
/// gibibyte of address space.
const CONFINED: &str = r#"
mount --make-rprivate /
mount --bind "$ROOM" "$ROOM"
mount -t tmpfs -o size=64k none /dev
awk '{ print $5 }' /proc/self/mountinfo | grep -v "^$ROOM\$" | while read -r place; do
    mount -o remount,bind,ro "$place" 2>&- || true
done
if touch /usr/x 2>&- || touch /tmp/x 2>&- || touch /dev/x 2>&-; then
    echo "not read-only" >&2
    exit 99
fi
test ! -e /dev/tty
cd "$ROOM"
exec prlimit --as=1073741824 setsid --wait sh recipe.sh
"#;

#[test]
fn the_recipe_runs_where_only_the_registry_is() {
    if !is_inside("restricted::the_recipe_runs_where_only_the_registry_is") {
        return;
    }
    let registry = Registry::settings().user("ci", "one-run-only").start();
    let server = registry.address();
    let room = tempfile::tempdir().expect("it can be made");
    let at = |name: &str| room.path().join(name);
    greeting("app").write(room.path());
    fs::write(at("recipe.sh"), recipe()).unwrap();
    fs::create_dir(at("bin")).unwrap();
    fs::copy(env!("CARGO_BIN_EXE_wharf"), at("bin/wharf")).unwrap();
    let mut command = Command::new("unshare");
    command
        .args(["--mount", "--", "sh", "-euc", CONFINED])
        .env_clear()
        .env(
            "PATH",
            format!("{}:/usr/sbin:/usr/bin:/sbin:/bin", at("bin").display()),
        )
        .env("ROOM", room.path())
        .env("HOME", "/nonexistent")
        .env("ORIGIN", format!("http://{server}"))
        .env("REPOSITORY", format!("{server}/team/app"))
        .env("VERSION", "1.2.3")
        .env("REGISTRY_USER", "ci")
        .env("REGISTRY_TOKEN", "one-run-only")
        .env("APP", "app");
    let output = Running::start(command, Vec::new(), Duration::from_mins(1)).finish();
    let output = output.success();
    assert_eq!(registry.tags("team/app"), ["1.2.3"]);
    let digest = fs::read_to_string(at("digest")).unwrap();
    let published = format!("published {server}/team/app@{}", digest.trim());
    assert!(output.stdout.contains(&published), "{output:?}");

    // The audit holds what was expected, and nothing else.
    let audit = fs::read_to_string(at("audit.jsonl")).unwrap();
    assert!(!audit.contains("one-run-only"), "{audit}");
    let lines: Vec<Json> = audit.lines().map(json).collect();
    let requests: Vec<_> = lines
        .iter()
        .filter(|line| line["event"] == "request")
        .collect();
    for request in &requests {
        assert_eq!(request["decision"], "granted", "{request}");
        assert_eq!(request["origin"], format!("http://{server}"), "{request}");
        let repository = &request["repository"];
        assert!(
            repository.is_null() || repository == "team/app",
            "{request}"
        );
    }
    let count = |operation: &str| {
        let is_one = |line: &&&Json| line["operation"] == operation;
        requests.iter().filter(is_one).count()
    };
    assert_eq!(count("write-manifest"), 1, "{audit}");
    let uploads = count("start-upload") + count("upload-blob");
    let known = [
        "check-version",
        "read-manifest",
        "read-blob",
        "start-upload",
        "upload-blob",
        "continue-upload",
        "write-manifest",
        "list-referrers",
    ];
    for request in &requests {
        let operation = request["operation"].as_str().unwrap_or_default();
        assert!(known.contains(&operation), "{request}");
    }
    // Each of its blobs was sent once, and nothing else.
    let mut sent: Vec<_> = requests
        .iter()
        .filter(|line| line["operation"] == "continue-upload")
        .filter_map(|line| line["digest"].as_str())
        .collect();
    sent.sort_unstable();
    let mut blobs = registry.blobs();
    blobs.retain(|blob| blob != digest.trim());
    assert_eq!(sent, blobs, "{audit}");
    assert!(uploads >= blobs.len(), "{audit}");
}

#[test]
fn addresses_are_checked_as_they_are_resolved() {
    const PUBLIC: &str = "93.184.215.14";
    const PRIVATE: &str = "10.9.0.1";
    const METADATA: &str = "169.254.169.254";
    if !is_inside("restricted::addresses_are_checked_as_they_are_resolved") {
        return;
    }
    for address in [PUBLIC, PRIVATE, METADATA] {
        shell(&format!("ip address add {address}/32 dev lo"));
    }
    let env = environment();
    let hosts = env.root().join("hosts");
    fs::write(
        &hosts,
        format!(
            "{PUBLIC} registry.example\n{PRIVATE} blobs.example\n{METADATA} metadata.example\n\
             127.0.0.1 loopback.example\n{PRIVATE} private.example\n"
        ),
    )
    .unwrap();
    shell(&format!("mount --bind {} /etc/hosts", hosts.display()));

    let app = ShelvedApp::new();
    let blob_server = |address: &str| {
        let shelf = app.shelf.clone();
        Server::start_at(address, move |request| shelf.answer(request))
    };
    let port = |server: &Server| {
        let address = server.address();
        address
            .rsplit_once(':')
            .map(|(_, port)| port.to_owned())
            .unwrap()
    };
    // A registry that sends readers to another name.
    let leading_to = |at: &str, to: String| {
        let shelf = app.shelf.clone();
        Server::start_at(at, move |request| {
            if request.path().contains("/blobs/") {
                let location = format!("http://{to}{}", request.path());
                return Answer::status(307).header("Location", &location);
            }
            shelf.answer(request)
        })
    };
    let pull = |registry: &str, more: &str| {
        env.empty_store();
        env.run(&format!(
            "registry pull --plain-http --retries 0 {registry}/app:1 {more}"
        ))
    };
    for (name, address) in [
        ("blobs.example", PRIVATE),
        ("loopback.example", "127.0.0.1"),
        ("metadata.example", METADATA),
    ] {
        let blobs = blob_server(address);
        let registry = leading_to(PUBLIC, format!("{name}:{}", port(&blobs)));
        let registry = format!("registry.example:{}", port(&registry));
        let refused = pull(&registry, "--audit a.jsonl").code(7);
        let _ = refused.says(&["an address that may not be reached"]);
        assert!(blobs.requests().is_empty(), "{name}");
        let audit = fs::read_to_string(env.work().join("a.jsonl")).unwrap();
        assert!(audit.contains("address-refused"), "{audit}");
        let allowed = pull(&registry, "--allow 0.0.0.0/0");
        if address == METADATA {
            let _ = allowed.code(7);
            assert!(blobs.requests().is_empty(), "{name}");
        } else {
            let _ = allowed.success();
            assert!(!blobs.requests().is_empty(), "{name}");
        }
    }
    // A registry in a private network leads within it.
    let blobs = blob_server(PRIVATE);
    let registry = leading_to(PRIVATE, format!("blobs.example:{}", port(&blobs)));
    let _ = pull(&format!("private.example:{}", port(&registry)), "").success();
    assert!(!blobs.requests().is_empty());
}

#[test]
fn a_command_starts_in_little_address_space_and_without_a_home() {
    let app = ShelvedApp::new();
    let server = Server::start(move |request| app.shelf.answer(request));
    let env = environment();
    let program = PathBuf::from(env!("CARGO_BIN_EXE_wharf"));
    let mut command = Command::new("prlimit");
    command
        .args(["--as=1073741824", "--"])
        .arg(program)
        .args(["registry", "pull", "--cache-dir", "store"])
        .arg(format!("{}/app:1", server.address()))
        .env_clear()
        .env("PATH", "/usr/bin:/bin")
        .current_dir(env.work());
    let pulled = Running::start(command, Vec::new(), Duration::from_mins(1)).finish();
    let _ = pulled.success();
    assert!(env.work().join("store/blobs").is_dir());
}
