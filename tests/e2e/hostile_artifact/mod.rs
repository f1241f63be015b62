//! Artifacts that no honest tool makes, each by its name: what `up`, `pull -o` and `load`
//! say of them, with which code they end, and that nothing is left behind.
//!
//! All of them are made by hand and lie in a real registry, or in an image layout. What a
//! hostile *server* does is in `hostile_server`; names of files are tried one by one in
//! `host/up`, archives byte by byte in `components/app`.

mod archives;
mod documents;
mod files;

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use wharf_tests::environment::{TempDir, files_below};
use wharf_tests::{Json, Registry, Shelf, TestEnv, json as value, programs};

use crate::environment;

const WASM: &str = "application/vnd.wasm.content.layer.v1+wasm";
const DATA: &str = "application/vnd.wasm.content.layer.v1+data";
const LOCKED: &str = "application/vnd.fermyon.spin.application.v1+config";
const CONFIG: &str = "application/vnd.oci.image.config.v1+json";

/// An application of one component, to be spoilt.
struct Artifact {
    shelf: Shelf,
    layers: Vec<Json>,
    /// The locked application, unless it is other bytes altogether.
    locked: Json,
    bytes: Option<Vec<u8>>,
    config: Json,
    /// More members of the manifest, or others.
    members: Json,
}

/// What a command has to say: its exit code, and a part of its words.
type Refusal = (i32, &'static str);

/// An artifact, and what has to become of it.
struct Case {
    name: &'static str,
    artifact: Artifact,
    /// Of `up`; none where it may run.
    up: Option<Refusal>,
    /// Of `pull -o`; none where it may be written.
    files: Option<Refusal>,
}

impl Artifact {
    fn new() -> Self {
        Self::of(programs::HELLO_P2)
    }

    /// Of this program.
    fn of(program: &str) -> Self {
        Self::of_bytes(fs::read(program).expect("the program was built"))
    }

    /// Of a component that has these bytes.
    fn of_bytes(wasm: Vec<u8>) -> Self {
        let mut shelf = Shelf::new();
        let program = shelf.blob(WASM, wasm);
        let locked = value!({
            "spin_lock_version": 0,
            "metadata": { "name": "hostile", "trigger": { "type": "http" } },
            "triggers": [{
                "id": "hello-http-trigger",
                "trigger_type": "http",
                "trigger_config": { "component": "hello", "route": "/..." },
            }],
            "components": [{
                "id": "hello",
                "source": { "content_type": "application/wasm", "digest": program["digest"] },
                "files": [],
            }],
        });
        let config = shelf.blob(CONFIG, "{}");
        Self {
            shelf,
            layers: vec![program],
            locked,
            bytes: None,
            config,
            members: value!({}),
        }
    }

    /// With a change of the locked application.
    fn locked(mut self, change: impl FnOnce(&mut Json)) -> Self {
        change(&mut self.locked);
        self
    }

    /// With these bytes as the locked application.
    fn bytes(mut self, bytes: impl Into<Vec<u8>>) -> Self {
        self.bytes = Some(bytes.into());
        self
    }

    /// With one more layer.
    fn layer(mut self, kind: &str, content: impl Into<Vec<u8>>) -> Self {
        let layer = self.shelf.blob(kind, content);
        self.layers.push(layer);
        self
    }

    /// With a file at a path, which is a layer.
    fn file(self, path: &str) -> Self {
        let content = format!("The content of {path:?}. ").repeat(20);
        let digest = wharf_tests::digest(content.as_bytes());
        self.layer(DATA, content).names(path, &digest)
    }

    /// With a file in the locked application that is nowhere else.
    fn names(self, path: &str, digest: &str) -> Self {
        self.locked(|locked| {
            let files = locked["components"][0]["files"].as_array_mut();
            let files = files.expect("there is a list");
            files.push(value!({ "digest": digest, "path": path }));
        })
    }

    /// The bytes of the manifest, once all that it names is on the shelf.
    fn manifest(&mut self) -> Vec<u8> {
        let locked = self.bytes.take();
        let locked = locked.unwrap_or_else(|| self.locked.to_string().into_bytes());
        if self.config["mediaType"] == LOCKED {
            self.config = self.shelf.blob(LOCKED, locked);
        } else {
            let locked = self.shelf.blob(LOCKED, locked);
            self.layers.push(locked);
        }
        let mut manifest = value!({
            "schemaVersion": 2,
            "config": self.config,
            "layers": self.layers,
        });
        for (key, member) in self.members.as_object().expect("it is one") {
            manifest[key] = member.clone();
        }
        manifest.to_string().into_bytes()
    }
}

impl Case {
    /// What neither can be run nor written.
    fn refused(name: &'static str, artifact: Artifact, code: i32, words: &'static str) -> Self {
        let refusal = Some((code, words));
        Self {
            name,
            artifact,
            up: refusal,
            files: refusal,
        }
    }

    /// What can't be written as files; whether it runs is another matter.
    fn unwritten(name: &'static str, artifact: Artifact, words: &'static str) -> Self {
        Self {
            name,
            artifact,
            up: None,
            files: Some((7, words)),
        }
    }

    /// What can't be run, and can be looked at.
    fn not_run(name: &'static str, artifact: Artifact, code: i32, words: &'static str) -> Self {
        Self {
            name,
            artifact,
            up: Some((code, words)),
            files: None,
        }
    }
}

/// Puts each artifact into a registry, and fetches it from there.
fn fetched(cases: Vec<Case>) {
    let registry = Registry::start();
    for mut case in cases {
        let manifest = case.artifact.manifest();
        case.artifact.shelf.manifest("1", manifest.clone());
        case.artifact.shelf.publish(registry.address(), "hostile");
        let reference = format!("{}/hostile:1", registry.address());
        try_it(&case, &manifest, &reference, &environment());
    }
}

/// Puts each artifact into an image layout, and loads that.
fn loaded(cases: Vec<Case>) {
    for mut case in cases {
        let manifest = case.artifact.manifest();
        let layout = layout(&case.artifact.shelf, &manifest);
        let reference = "registry.example/hostile:1";
        let env = environment();
        let load = format!(
            "registry load {} --name {reference}",
            layout.path().display()
        );
        let _ = env.run(&load).success();
        let offline = format!("{reference} --offline");
        try_it(&case, &manifest, &offline, &env);
    }
}

/// An image layout (image-spec v1.1.1, "image-layout.md").
fn layout(shelf: &Shelf, manifest: &[u8]) -> TempDir {
    let directory = TempDir::new().expect("a temporary directory can be made");
    let blobs = directory.path().join("blobs/sha256");
    fs::create_dir_all(&blobs).expect("it can be made");
    let write = |path: &Path, content: &[u8]| fs::write(path, content).expect("it can be written");
    let digest = wharf_tests::digest(manifest);
    let hex = |digest: &str| digest.trim_start_matches("sha256:").to_owned();
    write(&blobs.join(hex(&digest)), manifest);
    for (digest, content) in shelf.blobs() {
        write(&blobs.join(hex(digest)), content);
    }
    let index = value!({
        "schemaVersion": 2,
        "manifests": [{
            "mediaType": "application/vnd.oci.image.manifest.v1+json",
            "digest": digest,
            "size": manifest.len(),
        }],
    });
    write(
        &directory.path().join("index.json"),
        index.to_string().as_bytes(),
    );
    write(
        &directory.path().join("oci-layout"),
        br#"{"imageLayoutVersion":"1.0.0"}"#,
    );
    directory
}

/// Runs both commands, and looks at what they say and at what they leave.
fn try_it(case: &Case, manifest: &[u8], reference: &str, env: &TestEnv) {
    let name = case.name;
    let commands = [
        (case.files, format!("registry pull {reference} -o out")),
        (case.up, format!("up --listen 127.0.0.1:0 -f {reference}")),
    ];
    for (refusal, command) in commands {
        let Some((code, words)) = refusal else {
            continue;
        };
        let output = env.run(&command);
        assert_eq!(output.status.code(), Some(code), "{name}: {output:?}");
        let said = &output.stderr;
        assert!(said.contains(words), "{name}: no `{words}` in {output:?}");
        // On a line of its own, and without anything that acts on a terminal.
        assert!(
            said.chars().all(|c| c == '\n' || !c.is_control()),
            "{name}: {said:?}"
        );
        assert!(said.len() < 3_000, "{name}: {} bytes", said.len());
        assert!(!output.stdout.contains("Serving"), "{name}: {output:?}");
    }
    nothing_is_left(case, manifest, env);
}

/// Nothing outside of the store, and in it only what the artifact names.
fn nothing_is_left(case: &Case, manifest: &[u8], env: &TestEnv) {
    let name = case.name;
    let mut known: BTreeSet<_> = case.artifact.shelf.blobs().keys().cloned().collect();
    known.insert(wharf_tests::digest(manifest));
    for file in files_below(env.root()) {
        assert!(
            file.starts_with(env.cache()),
            "{name}: {} is left",
            file.display()
        );
    }
    for blob in env.blobs() {
        let hex = blob.file_name().and_then(|name| name.to_str());
        let digest = format!("sha256:{}", hex.expect("it has a name"));
        assert!(
            known.contains(&digest),
            "{name}: {digest} is left in the store"
        );
    }
    for directory in ["scratch", "damaged"] {
        let left = files_below(&env.cache().join("wharf").join(directory));
        assert!(left.is_empty(), "{name}: {left:?}");
    }
    // What was not fetched to its end may be kept apart, to go on from there.
    for file in files_below(&env.cache().join("wharf/ingest")) {
        let hex = file.file_stem().and_then(|name| name.to_str());
        let digest = format!("sha256:{}", hex.expect("it has a name"));
        assert!(
            known.contains(&digest),
            "{name}: {} is left",
            file.display()
        );
    }
    env.verify_store();
}
