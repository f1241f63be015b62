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
use wharf_tests::{Artifact, Registry, Shelf, TestEnv, json as value};

use crate::environment;

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
