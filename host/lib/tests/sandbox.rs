//! A hostile component gets no further than an honest one.
//!
//! The component is a build of `tests/programs/hostile-registry`: the same world,
//! and code that tries to misuse what it is lent. The tag of the reference says how.
//! For the packager, `tests/programs/hostile-packager` is the same.
#![expect(clippy::unwrap_used, reason = "a test that fails should panic")]

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use wharf_host::credentials::{Credential, Fixed, Secret};
use wharf_host::{Error, Event, Limits, Observer, PackOptions, Reference, Store, Wharf};
use wharf_tests::programs::{HOSTILE_PACKAGER, HOSTILE_REGISTRY};
use wharf_tests::scripted::{Answer, Request, Server};

const SECRET: &str = "correct-horse-battery-staple";

/// What an attack led to.
struct Outcome {
    error: Error,
    /// What the registry saw.
    registry: Vec<Request>,
    /// What a second server saw that was not granted.
    elsewhere: Vec<Request>,
    notes: Vec<String>,
    /// The directory in which the store's directory is.
    around: tempfile::TempDir,
}

#[derive(Default)]
struct Notes(Mutex<Vec<String>>);

impl Observer for Notes {
    fn event(&self, event: Event) {
        if let Event::Note(note) = event {
            let mut notes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            notes.push(note);
        }
    }
}

async fn attack(name: &str) -> Outcome {
    let ok = |_: &Request| Answer::content("application/json", "{}");
    let (registry, elsewhere) = (Server::start(ok), Server::start(ok));
    let around = tempfile::tempdir().unwrap();
    let store = Store::open(&around.path().join("store")).unwrap();
    let notes = Arc::new(Notes::default());
    let credential = Credential::UserPassword {
        username: "ada".into(),
        password: Secret::new(SECRET.into()),
    };
    let named = registry.address().parse().unwrap();
    let mut limits = Limits::default();
    limits.processor_time = Duration::from_millis(500);
    let wharf = Wharf::builder(store)
        .registry_component(std::fs::read(HOSTILE_REGISTRY).unwrap())
        .credentials(Arc::new(Fixed::new(named, credential)))
        .limits(limits)
        .observer(notes.clone())
        .build()
        .unwrap();
    let address = elsewhere.address();
    let (_, port) = address.rsplit_once(':').unwrap();
    let reference = format!("{}/{port}:{name}", registry.address());
    let reference: Reference = reference.parse().unwrap();
    let error = wharf.pull(&reference).await.unwrap_err();
    let notes = notes.0.lock().unwrap().clone();
    Outcome {
        error,
        registry: registry.requests(),
        elsewhere: elsewhere.requests(),
        notes,
        around,
    }
}

impl Outcome {
    /// Nothing was had, nothing left, and the guest was told so.
    fn assert_refused(&self) {
        assert!(
            matches!(&self.error, Error::Other(text) if text.starts_with("refused: ")),
            "{:?}",
            self.error
        );
        self.assert_nothing_leaked();
    }

    fn assert_nothing_leaked(&self) {
        assert_eq!(self.elsewhere.len(), 0, "a request got elsewhere");
        let seen = format!("{:?}", self.registry);
        assert!(!seen.contains(SECRET), "{seen}");
        assert!(!format!("{:?} {:?}", self.error, self.notes).contains(SECRET));
        let entries: BTreeSet<_> = std::fs::read_dir(self.around.path())
            .unwrap()
            .map(|entry| entry.unwrap().file_name())
            .collect();
        assert_eq!(
            entries.len(),
            1,
            "something is beside the store: {entries:?}"
        );
        let blobs = self.around.path().join("store/blobs/sha256");
        assert_eq!(files(&blobs), 0, "something is in the store");
    }
}

fn files(directory: &Path) -> usize {
    std::fs::read_dir(directory).map_or(0, Iterator::count)
}

#[tokio::test(flavor = "multi_thread")]
async fn an_origin_that_was_not_granted_is_refused() {
    let outcome = attack("other-origin").await;
    outcome.assert_refused();
    assert!(
        outcome
            .notes
            .iter()
            .any(|note| note.starts_with("refused: ")),
        "{:?}",
        outcome.notes
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_credential_of_another_registry_is_refused() {
    attack("other-credential").await.assert_refused();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_credential_of_another_repository_is_refused() {
    attack("other-repository").await.assert_refused();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_digest_that_is_a_path_is_refused() {
    attack("digest-path").await.assert_refused();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_that_is_a_path_is_refused() {
    attack("name-path").await.assert_refused();
}

#[tokio::test(flavor = "multi_thread")]
async fn content_under_a_wrong_digest_is_refused() {
    attack("put-wrong-digest").await.assert_refused();
    attack("ingest-wrong-digest").await.assert_refused();
    attack("ingest-too-long").await.assert_refused();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stand_in_is_worthless_elsewhere() {
    attack("stand-in-elsewhere").await.assert_refused();
    // Within a granted request it may go out, but never as the secret.
    let outcome = attack("stand-in-leaked").await;
    outcome.assert_nothing_leaked();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_guest_that_never_ends_is_stopped() {
    let outcome = attack("endless-loop").await;
    let Error::LimitExceeded(text) = &outcome.error else {
        panic!("{:?}", outcome.error);
    };
    assert!(text.contains("processor time"), "{text}");
    outcome.assert_nothing_leaked();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_guest_that_wants_all_memory_is_stopped() {
    let outcome = attack("endless-memory").await;
    let Error::LimitExceeded(text) = &outcome.error else {
        panic!("{:?}", outcome.error);
    };
    assert!(text.contains("MiB of memory"), "{text}");
    outcome.assert_nothing_leaked();
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
