//! Whom to trust, fetched from a mirror: what those signed who may takes the place of what
//! was there, and nothing else does. The repository is made by go-tuf.

use std::fs;
use std::path::Path;
use std::sync::{Arc, Mutex};

use wharf_tests::environment::files_below;
use wharf_tests::{Answer, Json, Output, Registry, Server, Sigstore, TestEnv, json as value};

use super::{pushed, read};
use crate::{environment, json};

/// A mirror that shows one of the states of its repository, at one address.
pub(crate) struct Mirror {
    server: Server,
    state: Arc<Mutex<String>>,
}

impl Mirror {
    /// Has the repository of a Sigstore written into `tuf` of the working folder, and serves
    /// it.
    pub(crate) fn start(env: &TestEnv, sigstore: &Sigstore, state: &str) -> Self {
        let folder = env.work().join("tuf");
        sigstore.repository(&folder);
        let state = Arc::new(Mutex::new(state.to_owned()));
        let server = Server::start({
            let state = state.clone();
            move |request| {
                let state = state.lock().expect("it is there").clone();
                let path = request.path().trim_start_matches('/');
                match fs::read(folder.join(state).join(path)) {
                    Ok(content) => Answer::content("application/json", content),
                    Err(_) => Answer::status(404),
                }
            }
        });
        Self { server, state }
    }

    fn show(&self, state: &str) {
        state.clone_into(&mut self.state.lock().expect("it is there"));
    }

    pub(crate) fn url(&self) -> String {
        self.server.url()
    }

    /// Fetches from it for the first time.
    fn begin(&self, env: &TestEnv) -> Output {
        let url = self.url();
        env.run(&format!(
            "trust update --mirror {url} --root tuf/root.json --format json"
        ))
    }
}

fn update(env: &TestEnv) -> Output {
    env.run("trust update --format json")
}

/// The files that count, by their content.
fn kept(env: &TestEnv) -> Vec<(String, String)> {
    let mut all: Vec<_> = files_below(&env.cache().join("wharf-trust"))
        .into_iter()
        .filter(|path| !path.to_string_lossy().contains("/metadata/"))
        .map(|path| (path.display().to_string(), read(&path)))
        .collect();
    all.sort();
    all
}

fn says(output: Output, changed: bool, version: u64) -> Json {
    let answer = json(&output.success().stdout);
    assert_eq!(answer["changed"], changed, "{answer:#}");
    assert_eq!(answer["rootVersion"], version, "{answer:#}");
    answer
}

#[test]
fn what_is_fetched_counts_from_then_on() {
    let sigstore = Sigstore::start();
    let registry = Registry::start();
    let env = environment();
    let mirror = Mirror::start(&env, &sigstore, "first");
    let answer = says(mirror.begin(&env), true, 1);
    assert_eq!(answer["mirror"], mirror.url());
    assert_eq!(answer["signingConfig"], Json::Null);
    let file = Path::new(answer["trustedRoot"].as_str().unwrap());
    let first = env.work().join("tuf/first_trusted_root.json");
    assert_eq!(read(file), read(&first));
    let _ = says(update(&env), false, 1);

    // Somebody signs at services that this root does not know, and nothing names others.
    let reference = format!("{}/app:1", registry.address());
    let _ = pushed(&env, registry.address());
    let name = "ann@wharf.test";
    let claims = value!({ "sub": name, "email": name, "email_verified": true });
    fs::write(env.work().join("token"), sigstore.token(&claims)).unwrap();
    let sign = format!("registry sign {reference} --identity-token token");
    let _ = env.run(&sign).code(2).says(&[&mirror.url(), "no services"]);
    let config = sigstore.signing_config();
    let config = config.display();
    let _ = env
        .run(&format!("{sign} --signing-config {config}"))
        .success();
    let verify = format!(
        "registry verify {reference} --certificate-identity {name} --certificate-oidc-issuer {}",
        sigstore.issuer()
    );
    let _ = env.run(&verify).code(8);

    // The root has a new key, and names them.
    mirror.show("later");
    let answer = says(update(&env), true, 2);
    let file = Path::new(answer["trustedRoot"].as_str().unwrap());
    assert_eq!(read(file), read(&sigstore.trusted_root()));
    let file = Path::new(answer["signingConfig"].as_str().unwrap());
    assert_eq!(read(file), read(&sigstore.signing_config()));
    let _ = env.run(&verify).success();
    let _ = env.run(&sign).success();
    let _ = says(update(&env), false, 2);
    let named = format!("{verify} --trusted-root {}", first.display());
    let _ = env.run(&named).code(8);

    // Without any, the public one counts.
    fs::remove_dir_all(env.cache().join("wharf-trust")).unwrap();
    let _ = env.run(&verify).code(8);
}

/// What each state comes to that is wrong, and what is said.
const WRONG: [(&str, i32, &str); 13] = [
    ("first", 6, "goes back"),
    ("expired", 6, "expired at"),
    ("rolled-back-snapshot", 6, "goes back"),
    ("rolled-back-targets", 6, "goes back"),
    ("forged-root", 6, "not signed by those who may"),
    ("forged-timestamp", 6, "not signed by those who may"),
    ("forged-snapshot", 6, "not signed by those who may"),
    ("forged-targets", 6, "not signed by those who may"),
    ("altered", 6, "does not hold"),
    ("unusable", 6, "can't be used"),
    ("no-trusted-root", 4, "trusted_root.json"),
    ("nothing", 4, "timestamp.json"),
    ("endless", 7, "more than 16384 bytes"),
];

#[test]
fn what_does_not_hold_is_refused_and_all_stays() {
    let sigstore = Sigstore::start();
    let env = environment();
    let mirror = Mirror::start(&env, &sigstore, "later");
    let endless = env.work().join("tuf/endless");
    fs::create_dir_all(&endless).unwrap();
    fs::write(endless.join("timestamp.json"), " ".repeat(20_000)).unwrap();
    let cache = env.cache().join("wharf-trust");
    let mut wrong = Vec::new();
    for (state, code, words) in WRONG {
        let _ = fs::remove_dir_all(&cache);
        mirror.show("later");
        let _ = says(mirror.begin(&env), true, 2);
        let before = kept(&env);
        mirror.show(state);
        let told = update(&env);
        if told.status.code() != Some(code) || !told.stderr.contains(words) {
            wrong.push(format!("{state}: {:?}: {}", told.status, told.stderr));
        }
        if !told.stderr.contains("what counted before still does") || kept(&env) != before {
            wrong.push(format!("{state}: something else counts: {}", told.stderr));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));

    mirror.show("later");
    let _ = fs::remove_dir_all(&cache);
    let _ = says(mirror.begin(&env), true, 2);
    let before = kept(&env);
    drop(mirror);
    let _ = update(&env)
        .code(5)
        .says(&["connection refused", "still does"]);
    assert_eq!(kept(&env), before);
}

#[test]
fn a_mirror_is_believed_only_by_a_root() {
    let sigstore = Sigstore::start();
    let env = environment();
    let mirror = Mirror::start(&env, &sigstore, "first");
    let url = mirror.url();
    let run = |rest: &str| env.run(&format!("trust update {rest}"));
    let _ = run(&format!("--mirror {url}")).code(2).says(&["--root"]);
    let _ = run("--root tuf/root.json").code(2).says(&["--mirror"]);
    let _ = run("--mirror nowhere --root tuf/root.json").code(2);
    let trusted = "tuf/first_trusted_root.json";
    let _ = run(&format!("--mirror {url} --root {trusted}"))
        .code(2)
        .says(&["the root to begin with"]);
    assert_eq!(mirror.server.requests().len(), 0);

    // Of another repository.
    let other = environment();
    sigstore.repository(&other.work().join("tuf"));
    let root = other.work().join("tuf/root.json");
    let root = root.display();
    let _ = run(&format!("--mirror {url} --root {root}"))
        .code(6)
        .says(&["not signed by those who may"]);
    assert!(kept(&env).is_empty());
    let _ = run(&format!("--mirror {url}")).code(2).says(&["--root"]);
    let _ = says(mirror.begin(&env), true, 1);
}

#[test]
fn files_are_found_where_a_mirror_redirects() {
    let sigstore = Sigstore::start();
    let env = environment();
    let mirror = Mirror::start(&env, &sigstore, "later");
    let target = mirror.url();
    let front = Server::start(move |request| {
        Answer::status(302).header("Location", &format!("{target}{}", request.target))
    });
    let url = front.url();
    let line = format!("trust update --mirror {url} --root tuf/root.json --format json");
    let answer = says(env.run(&line), true, 2);
    assert_eq!(answer["mirror"], url);
}

#[test]
fn a_policy_and_the_audit_hold_for_it() {
    let sigstore = Sigstore::start();
    let env = environment();
    let mirror = Mirror::start(&env, &sigstore, "later");
    let url = mirror.url();
    let policy = "[sandbox]\norigins = [\"https://r.example\"]\n";
    fs::write(env.work().join("p.toml"), policy).unwrap();
    let line = format!("trust update --mirror {url} --root tuf/root.json --audit a.jsonl");
    let _ = env
        .run(&format!("{line} --policy p.toml"))
        .code(7)
        .says(&["origins", "p.toml"]);
    assert_eq!(mirror.server.requests().len(), 0);
    assert!(kept(&env).is_empty());

    let _ = env.run(&line).success();
    let events = crate::audit::checked(&env, "a.jsonl");
    let asked: Vec<_> = events
        .iter()
        .filter(|event| event["event"] == "request")
        .inspect(|event| assert_eq!(event["purpose"], "trusted-root", "{event}"))
        .map(|event| event["path"].as_str().unwrap().to_owned())
        .collect();
    let served: Vec<_> = mirror.server.requests();
    let served: Vec<_> = served.iter().map(|one| one.target.clone()).collect();
    assert_eq!(asked, served);
    assert!(asked.contains(&"/timestamp.json".to_owned()), "{asked:?}");
}
