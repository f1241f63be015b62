//! A hostile component gets no further than an honest one.
//!
//! The component is a build of `tests/programs/hostile-registry`: the same world,
//! and code that tries to misuse what it is lent. The tag of the reference says how.
//! For the packager, `tests/programs/hostile-packager` is the same.
#![expect(clippy::unwrap_used, reason = "a test that fails should panic")]

use std::collections::BTreeSet;
use std::io::Write;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use wharf_host::credentials::{Credential, Fixed, Secret};
use wharf_host::{Audit, Error, Event, Limits, Observer, PackOptions, Reference, Store, Wharf};
use wharf_tests::programs::{HOSTILE_PACKAGER, HOSTILE_REGISTRY};
use wharf_tests::scripted::{Answer, Request, Server};
use wharf_tests::serde_json::{self, Value as Json};

const SECRET: &str = "correct-horse-battery-staple";

/// What an attack led to.
struct Outcome {
    name: String,
    error: Error,
    /// What the registry saw.
    registry: Vec<Request>,
    /// What a second server saw that was not granted.
    elsewhere: Vec<Request>,
    notes: Vec<String>,
    audit: String,
    /// The directory in which the store's directory is.
    around: tempfile::TempDir,
}

#[derive(Default)]
struct Notes(Mutex<Vec<String>>);

impl Observer for Notes {
    fn event(&self, event: Event) {
        let mut notes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match event {
            Event::Note(note) => notes.push(note),
            other => notes.push(format!("{other:?}")),
        }
    }
}

/// What was written, for whoever looks at it later.
#[derive(Clone, Default)]
struct Text(Arc<Mutex<Vec<u8>>>);

impl Write for Text {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// Bounds that a flood reaches within a second.
fn limits() -> Limits {
    let mut limits = Limits::default();
    limits.processor_time = Duration::from_millis(500);
    limits.requests = 200;
    limits.bytes_out = Some(100_000);
    limits.bytes_in = Some(100_000);
    limits.handles = 5_000;
    limits
}

/// A registry that leads elsewhere, as far as an attack is about that.
fn leading(attack: &str, request: &Request, elsewhere: &str) -> Answer {
    let ok = Answer::content("application/json", "{}");
    if attack.starts_with("realm-elsewhere") || attack.starts_with("realm-other") {
        let challenge = format!("Bearer realm=\"http://{elsewhere}/token\",service=\"s\"");
        Answer::status(401).header("WWW-Authenticate", &challenge)
    } else if attack.starts_with("redirect-") && request.path().contains("/blobs/") {
        let location = format!("http://{elsewhere}/blob?signature=1");
        Answer::status(307).header("Location", &location)
    } else if attack == "link-elsewhere" {
        let next = request.path();
        ok.header(
            "Link",
            &format!("<http://{elsewhere}{next}?last=x>; rel=\"next\""),
        )
    } else if attack == "location-in-a-pull" {
        ok.header("Location", &format!("http://{elsewhere}/upload/1"))
    } else if attack == "read-and-handed-on" {
        Answer::content("application/json", vec![7; 90_000])
    } else if attack == "bytes-in" {
        Answer::content("application/json", vec![7; 1 << 20])
    } else {
        ok
    }
}

async fn attack(name: &str) -> Outcome {
    let elsewhere = Server::start(|_| Answer::content("application/json", "{}"));
    let registry = Server::start({
        let (name, elsewhere) = (name.to_owned(), elsewhere.address());
        move |request| leading(&name, request, &elsewhere)
    });
    let around = tempfile::tempdir().unwrap();
    let store = Store::open(&around.path().join("store")).unwrap();
    let (notes, audit) = (Arc::new(Notes::default()), Text::default());
    let credential = Credential::UserPassword {
        username: "ada".into(),
        password: Secret::new(SECRET.into()),
    };
    let named = registry.address().parse().unwrap();
    let wharf = Wharf::builder(store)
        .registry_component(std::fs::read(HOSTILE_REGISTRY).unwrap())
        .credentials(Arc::new(Fixed::new(named, credential)))
        .limits(limits())
        .audit(Audit::to(audit.clone()))
        .observer(notes.clone())
        .build()
        .unwrap();
    let address = elsewhere.address();
    let (_, port) = address.rsplit_once(':').unwrap();
    let reference = format!("{}/{port}:{name}", registry.address());
    let reference: Reference = reference.parse().unwrap();
    let error = wharf.pull(&reference).await.unwrap_err();
    let notes = notes.0.lock().unwrap().clone();
    let audit = String::from_utf8(audit.0.lock().unwrap().clone()).unwrap();
    Outcome {
        name: name.to_owned(),
        error,
        registry: registry.requests(),
        elsewhere: elsewhere.requests(),
        notes,
        audit,
        around,
    }
}

impl Outcome {
    /// Nothing was had, nothing left, the guest was told so, and the audit tells.
    fn assert_refused(&self) {
        let name = &self.name;
        assert!(
            matches!(&self.error, Error::Other(text) if text.starts_with("refused: ")),
            "{name}: {:?}",
            self.error
        );
        let lines = self.lines();
        let refused = lines.iter().find(|line| line["decision"] == "refused");
        let refused = refused.unwrap_or_else(|| panic!("{name}: {}", self.audit));
        assert!(refused["reason"].is_string(), "{name}: {refused}");
        self.assert_nothing_leaked();
    }

    /// What left was worthless, and the audit tells.
    fn assert_worthless(&self) {
        let name = &self.name;
        let told = |text: &str| text.starts_with("refused: ") || text.starts_with("sent: ");
        assert!(
            matches!(&self.error, Error::Other(text) if told(text)),
            "{name}: {:?}",
            self.error
        );
        let lines = self.lines();
        let asked = lines.iter().filter(|line| line["decision"].is_string());
        assert!(asked.count() >= 2, "{name}: {}", self.audit);
        self.assert_nothing_leaked();
    }

    /// A bound was reached, which the audit tells too.
    fn assert_stopped(&self, bound: &str) {
        let name = &self.name;
        let Error::LimitExceeded(text) = &self.error else {
            panic!("{name}: {:?}", self.error);
        };
        assert!(text.contains(bound), "{name}: {text}");
        let lines = self.lines();
        let limit = lines.iter().find(|line| line["event"] == "limit");
        let limit = limit.unwrap_or_else(|| panic!("{name}: {}", self.audit));
        let reason = limit["reason"].as_str().unwrap_or_default();
        assert!(reason.contains(bound), "{name}: {limit}");
        self.assert_nothing_leaked();
    }

    fn lines(&self) -> Vec<Json> {
        let lines = self.audit.lines();
        lines
            .map(|line| serde_json::from_str(line).unwrap())
            .collect()
    }

    fn assert_nothing_leaked(&self) {
        let name = &self.name;
        assert_eq!(self.elsewhere.len(), 0, "{name}: a request got elsewhere");
        let basic = wharf_tests::http::basic("ada", SECRET);
        for request in &self.registry {
            let seen = format!("{request:?} {}", String::from_utf8_lossy(&request.body));
            // Where it belongs: in the header, as the user that it is of.
            let seen = seen.replace(&format!("\"{basic}\""), "");
            for form in forms(SECRET) {
                assert!(!seen.contains(&form), "{name}: {seen}");
            }
        }
        let told = format!("{:?} {:?} {}", self.error, self.notes, self.audit);
        for form in forms(SECRET) {
            assert!(!told.contains(&form), "{name}: {told}");
        }
        let entries: BTreeSet<_> = std::fs::read_dir(self.around.path())
            .unwrap()
            .map(|entry| entry.unwrap().file_name())
            .collect();
        assert_eq!(
            entries.len(),
            1,
            "{name}: something is beside the store: {entries:?}"
        );
        if name != "leak-blob" {
            let blobs = self.around.path().join("store/blobs/sha256");
            assert_eq!(files(&blobs), 0, "{name}: something is in the store");
        }
    }
}

/// A secret as it may be written.
fn forms(secret: &str) -> Vec<String> {
    let basic = |pair: &str| {
        let (user, password) = pair.split_once(':').unwrap();
        wharf_tests::http::basic(user, password)
    };
    let hex: Vec<_> = secret.bytes().map(|byte| format!("{byte:02x}")).collect();
    vec![
        secret.to_owned(),
        secret.replace('-', "%2D"),
        secret.chars().rev().collect(),
        hex.concat(),
        basic(&format!("ada:{secret}")).replace("Basic ", ""),
    ]
}

fn files(directory: &Path) -> usize {
    std::fs::read_dir(directory).map_or(0, Iterator::count)
}

/// Attacks that get no answer at all.
const REFUSED: [&str; 32] = [
    "other-origin",
    "other-port",
    "other-name",
    "own-port-elsewhere",
    "other-number",
    "user-information",
    "other-scheme",
    "stand-in-elsewhere",
    "another-repository",
    "outside-of-the-protocol",
    "write-in-a-pull",
    "delete-in-a-pull",
    "mount-from-another",
    "odd-methods",
    "realm-not-named",
    "realm-elsewhere-on-it",
    "realm-other-method",
    "redirect-other-query",
    "redirect-with-credential",
    "redirect-other-method",
    "link-elsewhere",
    "location-in-a-pull",
    "leak-query",
    "leak-path",
    "leak-form-to-registry",
    "other-credential",
    "other-repository",
    "digest-path",
    "name-path",
    "name-of-another",
    "note-path",
    "put-wrong-digest",
];

/// Attacks that send what stands in for the secret to the registry, to whom it is worth
/// nothing.
const WORTHLESS: [&str; 11] = [
    "leak-tag",
    "leak-header",
    "leak-cookie",
    "leak-bearer",
    "leak-other-user",
    "leak-twice-encoded",
    "leak-part",
    "leak-proxy",
    "leak-body",
    "leak-trailer",
    "leak-blob",
];

#[tokio::test(flavor = "multi_thread")]
async fn what_was_not_granted_is_refused() {
    for name in REFUSED {
        attack(name).await.assert_refused();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stand_in_is_worthless_wherever_it_is_sent() {
    for name in WORTHLESS {
        attack(name).await.assert_worthless();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_is_told_to_people_too() {
    let outcome = attack("other-origin").await;
    let mut notes = outcome.notes.iter();
    let told = notes.any(|note| note.starts_with("refused: "));
    assert!(told, "{:?}", outcome.notes);
}

#[tokio::test(flavor = "multi_thread")]
async fn content_under_a_wrong_digest_is_refused() {
    attack("ingest-wrong-digest").await.assert_refused();
    attack("ingest-too-long").await.assert_refused();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_digest_is_itself_whatever_the_component_answers() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(&folder.path().join("store")).unwrap();
    let wharf = Wharf::builder(store.clone())
        .registry_component(std::fs::read(HOSTILE_REGISTRY).unwrap())
        .build()
        .unwrap();
    let manifest = store.put(b"{}", None).unwrap();
    let at = |repository: &str| -> Reference {
        let reference = format!("127.0.0.1:1/{repository}@{manifest}");
        reference.parse().unwrap()
    };
    let (source, target) = (at("a"), at("b"));
    for answered in [
        wharf.resolve(&source, None).await.map(drop),
        wharf.pull(&source).await.map(drop),
        wharf.inspect(&source, None, &[]).await.map(drop),
        wharf.copy(&source, &target).await.map(drop),
        wharf.push(&manifest, &target).await.map(drop),
    ] {
        assert!(
            matches!(&answered, Err(Error::Integrity(mismatch)) if mismatch.expected == manifest.as_str()),
            "{answered:?}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_guest_that_never_ends_is_stopped() {
    attack("endless-loop")
        .await
        .assert_stopped("processor time");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_guest_that_wants_all_memory_is_stopped() {
    attack("endless-memory")
        .await
        .assert_stopped("MiB of memory");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_guest_that_sends_requests_for_ever_is_stopped() {
    let outcome = attack("endless-requests").await;
    outcome.assert_stopped("more than 200 requests");
    assert_eq!(outcome.registry.len(), 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_guest_that_holds_too_much_is_stopped() {
    attack("endless-handles")
        .await
        .assert_stopped("5000 things");
    attack("endless-streams")
        .await
        .assert_stopped("5000 things");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_guest_that_sends_too_many_fields_is_stopped() {
    let outcome = attack("many-fields").await;
    outcome.assert_stopped("64 header fields");
    assert_eq!(outcome.registry.len(), 0);
    let outcome = attack("large-fields").await;
    assert_eq!(outcome.registry.len(), 0, "{:?}", outcome.error);
    outcome.assert_nothing_leaked();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_guest_that_sends_or_gets_too_many_bytes_is_stopped() {
    let outcome = attack("bytes-out").await;
    outcome.assert_stopped("it sent more than 100000 bytes");
    for request in &outcome.registry {
        assert!(request.body.len() <= 100_000);
    }
    attack("bytes-in")
        .await
        .assert_stopped("it was sent more than 100000 bytes");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_guest_left_of_an_answer_is_all_that_is_kept() {
    let outcome = attack("read-and-handed-on").await;
    let digest = wharf_tests::digest(&vec![7; 89_996]);
    let told = format!("read [7, 7, 7, 7], kept Ok((\"{digest}\", 89996)), ended Ok(())");
    assert!(
        matches!(&outcome.error, Error::Other(text) if *text == told),
        "{:?}",
        outcome.error
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn files_that_the_manifest_does_not_name_are_refused() {
    let around = tempfile::tempdir().unwrap();
    let at = |name: &str| around.path().join(name);
    std::fs::create_dir(at("app")).unwrap();
    std::fs::write(at("named.wasm"), "named").unwrap();
    std::fs::write(at("secret"), SECRET).unwrap();
    std::os::unix::fs::symlink("../secret", at("app/link")).unwrap();
    let manifest = "spin_manifest_version = 2
application.name = \"app\"
[[trigger.http]]
route = \"/...\"
component = { source = \"../named.wasm\" }";
    std::fs::write(at("app/spin.toml"), manifest).unwrap();
    let wharf = Wharf::builder(Store::open(&at("store")).unwrap())
        .packager_component(std::fs::read(HOSTILE_PACKAGER).unwrap())
        .build()
        .unwrap();
    let packed = wharf.pack(&at("app"), &PackOptions::default()).await;
    let error = packed.unwrap_err();
    assert!(
        matches!(&error, Error::Other(text) if text.starts_with("refused: ")),
        "{error:?}"
    );
    assert_eq!(std::fs::read(at("named.wasm")).unwrap(), b"named");
    assert_eq!(files(&at("app")), 2);
    assert_eq!(files(&at("store/blobs/sha256")), 0);
}
