//! The library as a program uses it: the example, run against a registry.
#![expect(clippy::unwrap_used, reason = "a test that fails should panic")]

#[path = "../examples/publish.rs"]
mod example;

use std::io::Write;
use std::sync::{Arc, Mutex};

use wharf_host::Audit;
use wharf_tests::programs::HELLO_P2;
use wharf_tests::serde_json::{self, Value as Json};
use wharf_tests::{App, Component, Registry};

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
