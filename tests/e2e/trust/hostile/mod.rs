//! Signatures that no honest tool makes, or that a registry does not serve as it should:
//! what is said of each, with which code, and within which bounds.
//!
//! What is in them is judged one by one in `components/signature`; here they lie beside a
//! manifest, and have to be found, fetched and read first.

mod bundles;
mod legacy;
mod lists;

use std::fs;
use std::sync::LazyLock;
use std::time::Duration;

use wharf_tests::attached::tag_of;
use wharf_tests::{
    Answer, Json, Output, ReferrersRegistry, Server, Shelf, TestEnv, http, json as value,
};

use super::{author, signed};
use crate::{environment, json};

const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
const INDEX: &str = "application/vnd.oci.image.index.v1+json";
const EMPTY: &str = "application/vnd.oci.empty.v1+json";
const BUNDLE: &str = "application/vnd.dev.sigstore.bundle.v0.3+json";
const PAYLOAD: &str = "application/vnd.dev.cosign.simplesigning.v1+json";

/// The most memory that a verification may need, in bytes.
const MOST_MEMORY: u64 = 400 << 20;
/// The longest that one may take.
const LONGEST: Duration = Duration::from_secs(50);

/// What an honest author made.
struct Honest {
    /// The public key.
    key: String,
    /// Of what was signed.
    digest: String,
    /// The signature as a bundle.
    bundle: String,
    /// An attestation as a bundle.
    attestation: String,
    /// The signature in the legacy format: a manifest.
    legacy: Json,
    /// The content of that one's layer.
    payload: String,
}

static HONEST: LazyLock<Honest> = LazyLock::new(|| {
    let registry = ReferrersRegistry::start();
    let address = registry.address();
    let env = author();
    let digest = signed(&env, address);
    let reference = format!("{address}/app@{digest}");
    let _ = super::sign(
        &env,
        &format!("--signature-format bundle --bundle sig.json {reference}"),
    )
    .success();
    fs::write(env.work().join("said.json"), "{}").expect("it can be written");
    let attest = "registry attest --key cosign.key --type custom --predicate said.json";
    let _ = env
        .run(&format!("{attest} --bundle att.json {reference}"))
        .success();
    let base = format!("http://{address}/v2/app");
    let get = |what: String| {
        let answer = http::get(&format!("{base}/{what}")).expect("it answers");
        assert_eq!(answer.status, 200, "{what}");
        answer.text()
    };
    let legacy = json(&get(format!("manifests/{}.sig", tag_of(&digest))));
    let layer = legacy["layers"][0]["digest"]
        .as_str()
        .expect("it has a layer");
    Honest {
        key: super::read(&env.work().join("cosign.pub")),
        bundle: super::read(&env.work().join("sig.json")),
        attestation: super::read(&env.work().join("att.json")),
        payload: get(format!("blobs/{layer}")),
        legacy,
        digest,
    }
});

/// What a registry has beside the manifest that was signed.
#[derive(Clone, Default)]
struct Beside {
    shelf: Shelf,
    list: Vec<Json>,
}

impl Beside {
    fn new() -> Self {
        Self::default()
    }

    /// Lists something.
    fn entry(mut self, entry: Json) -> Self {
        self.list.push(entry);
        self
    }

    /// Puts a manifest there, and lists it as a bundle.
    fn manifest(mut self, manifest: &Json) -> Self {
        let text = manifest.to_string();
        let digest = self.shelf.manifest("any", text.clone());
        self.entry(value!({
            "mediaType": MANIFEST,
            "digest": digest,
            "size": text.len(),
            "artifactType": BUNDLE,
        }))
    }

    /// The manifest of a bundle, changed, and listed.
    fn bundle_changed(
        mut self,
        bundle: impl Into<Vec<u8>>,
        change: impl FnOnce(&mut Json),
    ) -> Self {
        let config = self.shelf.blob(EMPTY, "{}");
        let layer = self.shelf.blob(BUNDLE, bundle);
        let mut manifest = value!({
            "schemaVersion": 2,
            "mediaType": MANIFEST,
            "artifactType": BUNDLE,
            "config": config,
            "layers": [layer],
            "subject": { "mediaType": MANIFEST, "digest": HONEST.digest, "size": 1 },
        });
        change(&mut manifest);
        self.manifest(&manifest)
    }

    /// A bundle, as it should lie there.
    fn bundle(self, bundle: impl Into<Vec<u8>>) -> Self {
        self.bundle_changed(bundle, |_| {})
    }

    /// The good one.
    fn good(self) -> Self {
        self.bundle(HONEST.bundle.clone())
    }

    /// A manifest of the legacy format, under the tag that ends so.
    fn legacy(mut self, suffix: &str, manifest: &Json) -> Self {
        let _ = self.shelf.blob(PAYLOAD, HONEST.payload.clone());
        let _ = self.shelf.blob(EMPTY, "{}");
        let config = manifest["config"]["digest"].as_str().unwrap_or_default();
        assert!(
            self.shelf.blobs().contains_key(config),
            "the config of {manifest:#} is another one"
        );
        let tag = format!("{}.{suffix}", tag_of(&HONEST.digest));
        self.shelf.manifest(&tag, manifest.to_string());
        self
    }

    /// What a registry answers.
    fn answer(&self, request: &wharf_tests::scripted::Request) -> Answer {
        if request.path().contains("/referrers/") {
            let index = value!({
                "schemaVersion": 2,
                "mediaType": INDEX,
                "manifests": self.list,
            });
            return Answer::content(INDEX, index.to_string());
        }
        let mut answer = self.shelf.answer(request);
        if answer.body.starts_with(b"{") && request.path().contains("/manifests/") {
            let is_index = is_index(&answer.body);
            let headers = answer.headers.iter_mut();
            for (_, value) in headers.filter(|(name, _)| is_index && name == "Content-Type") {
                INDEX.clone_into(value);
            }
        }
        answer
    }

    /// Verifies what was signed at such a registry, which must end with this code.
    fn verified(self, code: i32) -> Output {
        let server = Server::start(move |request| self.answer(request));
        verified_at(&server, "", code)
    }
}

fn is_index(body: &[u8]) -> bool {
    let text = String::from_utf8_lossy(body);
    text.contains("\"manifests\"")
}

/// Verifies what was signed at a registry, which must end with this code, and within its
/// bounds.
fn verified_at(server: &Server, options: &str, code: i32) -> Output {
    let env = reader();
    let line = format!(
        "registry verify --key cosign.pub --retries 0 {options} {}/app@{}",
        server.address(),
        HONEST.digest
    );
    let run = env.command(line.split_whitespace()).limit(LONGEST);
    let output = run.run();
    bounded(&env, output.code(code))
}

/// The same, of what took no more than it may, and left no damage.
fn bounded(env: &TestEnv, output: Output) -> Output {
    let said = &output.stderr;
    assert!(!said.contains("panicked"), "{said}");
    assert!(
        said.chars().all(|c| c == '\n' || !c.is_control()),
        "{said:?}"
    );
    // A line for each of a thousand signatures.
    assert!(said.len() < 250_000, "{} bytes: {said}", said.len());
    assert!(
        output.peak_memory < MOST_MEMORY,
        "{} MiB",
        output.peak_memory >> 20
    );
    env.verify_store();
    output
}

/// Somebody who knows the author's key.
fn reader() -> TestEnv {
    let env = environment();
    fs::write(env.work().join("cosign.pub"), &HONEST.key).expect("it can be written");
    env
}

/// The good bundle after a change.
fn changed(change: impl FnOnce(&mut Json)) -> String {
    let mut bundle = json(&HONEST.bundle);
    change(&mut bundle);
    bundle.to_string()
}

/// A bundle that says it is by somebody else; one like it for each number.
fn foreign(number: usize) -> String {
    changed(|bundle| {
        let hint = format!("{number:042}0=");
        bundle["verificationMaterial"]["publicKey"]["hint"] = hint.into();
    })
}

/// What was printed as JSON has so many signatures.
fn signatures(output: &Output) -> Vec<Json> {
    let answer = json(&output.stdout);
    answer["signatures"].as_array().cloned().unwrap_or_default()
}
