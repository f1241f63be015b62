//! The library as a program uses it: the example, run against a registry.
#![expect(clippy::unwrap_used, reason = "a test that fails should panic")]

#[path = "../examples/publish.rs"]
mod example;

use std::io::Write;
use std::sync::{Arc, Mutex};

use wharf_host::credentials::{Credential, Fixed, Secret};
use wharf_host::{Audit, Reference, Store, Wharf};
use wharf_tests::programs::HELLO_P2;
use wharf_tests::serde_json::{self, Value as Json};
use wharf_tests::{Answer, App, Component, Registry, Server};

/// What was written.
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

#[tokio::test(flavor = "multi_thread")]
async fn the_example_publishes_to_a_registry() {
    let registry = Registry::start();
    let around = tempfile::tempdir().unwrap();
    let app = App::new("app").component(Component::new("hello", HELLO_P2, "/..."));
    let directory = app.write(around.path());
    let reference = format!("{}/team/app:1", registry.address())
        .parse()
        .unwrap();
    let audit = Text::default();
    let store = around.path().join("store");
    let published = example::publish(&directory, &reference, &store, Audit::to(audit.clone()));
    let digest = published.await.unwrap();
    assert_eq!(registry.tags("team/app"), ["1"]);
    assert!(store.join("blobs/sha256").join(digest.hex()).is_file());
    let audit = String::from_utf8(audit.0.lock().unwrap().clone()).unwrap();
    let lines: Vec<Json> = audit
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let refused = lines
        .iter()
        .find(|line| line["decision"] == "refused")
        .unwrap();
    assert_eq!(refused["rule"], "pull");
    assert_eq!(refused["policy"], "this program's own policy");
}

/// Takes so many lines, and then is full.
#[derive(Clone)]
struct Short {
    left: Arc<Mutex<usize>>,
    text: Text,
}

impl Write for Short {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        let mut left = self.left.lock().unwrap();
        *left = left.checked_sub(1).ok_or(std::io::ErrorKind::StorageFull)?;
        self.text.write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_happens_that_the_audit_has_no_room_for() {
    let mut lines_of_all = 0;
    for room in 0..20 {
        let server = Server::start(|request| match request.header("authorization") {
            None => Answer::status(401).header("WWW-Authenticate", "Basic realm=\"r\""),
            Some(_) => Answer::status(404),
        });
        let around = tempfile::tempdir().unwrap();
        let store = Store::open(&around.path().join("store")).unwrap();
        let credential = Credential::UserPassword {
            username: "ada".into(),
            password: Secret::new("secret".into()),
        };
        let named = server.address().parse().unwrap();
        let text = Text::default();
        let short = Short {
            left: Arc::new(Mutex::new(room)),
            text: text.clone(),
        };
        let wharf = Wharf::builder(store)
            .credentials(Arc::new(Fixed::new(named, credential)))
            .audit(Audit::to(short))
            .build();
        if let Ok(wharf) = wharf {
            let reference: Reference = format!("{}/app:1", server.address()).parse().unwrap();
            let _ = wharf.pull(&reference).await.unwrap_err();
        }
        let text = String::from_utf8(text.0.lock().unwrap().clone()).unwrap();
        lines_of_all = lines_of_all.max(text.lines().count());
        let count = |part: &str| text.lines().filter(|line| line.contains(part)).count();
        let requests = server.requests();
        assert_eq!(
            requests.len(),
            count("\"event\":\"request\""),
            "{room}: {text}"
        );
        let lent = requests
            .iter()
            .any(|one| one.header("authorization").is_some());
        assert!(
            !lent || count("\"event\":\"credential\"") > 0,
            "{room}: {text}"
        );
    }
    // There was room for all of it in the end.
    assert!((5..20).contains(&lines_of_all), "{lines_of_all}");
}
