//! Content of a registry in memory: what a scripted server answers when it does
//! not lie.

use std::collections::BTreeMap;
use std::fs;

use serde_json::{Value as Json, json};

use crate::http;
use crate::programs::HELLO_P2;
use crate::scripted::{Answer, Request};

/// Blobs and manifests, and how they are asked for
/// (OCI distribution-spec v1.1.1, "Pull").
#[derive(Clone, Default)]
pub struct Shelf {
    blobs: BTreeMap<String, Vec<u8>>,
    manifests: BTreeMap<String, Vec<u8>>,
}

/// An application on a shelf, laid out as Spin does it, made without any code of ours.
pub struct ShelvedApp {
    /// All of its content, under the tag `1`.
    pub shelf: Shelf,
    /// Its manifest.
    pub manifest: Json,
    /// The digest of its manifest.
    pub digest: String,
    /// The digest of its program.
    pub program: String,
    /// The digest of its static file `/asset.txt`.
    pub asset: String,
}

impl Shelf {
    /// An empty one.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a blob, and gives its descriptor.
    pub fn blob(&mut self, media_type: &str, content: impl Into<Vec<u8>>) -> Json {
        let content = content.into();
        let digest = crate::digest(&content);
        let descriptor = json!({
            "mediaType": media_type,
            "digest": digest,
            "size": content.len(),
        });
        self.blobs.insert(digest, content);
        descriptor
    }

    /// Adds a manifest under a tag and its digest, which it gives.
    pub fn manifest(&mut self, tag: &str, content: impl Into<Vec<u8>>) -> String {
        let content = content.into();
        let digest = crate::digest(&content);
        self.manifests.insert(digest.clone(), content.clone());
        self.manifests.insert(tag.to_owned(), content);
        digest
    }

    /// The content of each blob, by digest.
    pub fn blobs(&self) -> &BTreeMap<String, Vec<u8>> {
        &self.blobs
    }

    /// Puts all of it into a repository of a registry that lets anyone do anything
    /// (OCI distribution-spec v1.1.1, "Push").
    pub fn publish(&self, registry: &str, repository: &str) {
        let at = |path: &str| format!("http://{registry}/v2/{repository}/{path}");
        for (digest, content) in &self.blobs {
            if http::request("HEAD", &at(&format!("blobs/{digest}")), &[], b"")
                .is_ok_and(|answer| answer.status == 200)
            {
                continue;
            }
            let begun = http::request("POST", &at("blobs/uploads/"), &[], b"");
            let begun = begun.expect("the registry answers");
            let place = begun.header("location").expect("it says where").to_owned();
            let and = if place.contains('?') { '&' } else { '?' };
            let place = format!("{place}{and}digest={digest}");
            let octets = [("Content-Type", "application/octet-stream")];
            let put = http::request("PUT", &place, &octets, content);
            let put = put.expect("the registry answers");
            assert_eq!(put.status, 201, "{}", put.text());
        }
        for (name, content) in &self.manifests {
            let kind = [("Content-Type", MANIFEST)];
            let put = http::request("PUT", &at(&format!("manifests/{name}")), &kind, content);
            let put = put.expect("the registry answers");
            assert_eq!(put.status, 201, "{}", put.text());
        }
    }

    /// The answer of a registry whose every repository holds all of this.
    pub fn answer(&self, request: &Request) -> Answer {
        if !matches!(request.method.as_str(), "GET" | "HEAD") {
            return unknown(405, "UNSUPPORTED");
        }
        let path = request.path();
        let name = path.rsplit('/').next().unwrap_or_default();
        if path == "/v2/" {
            return Answer::content("application/json", "{}");
        }
        if path.contains("/manifests/") {
            return match self.manifests.get(name) {
                Some(content) => Answer::content(MANIFEST, content.clone())
                    .header("Docker-Content-Digest", &crate::digest(content)),
                None => unknown(404, "MANIFEST_UNKNOWN"),
            };
        }
        match self.blobs.get(name) {
            Some(content) => Answer::content("application/octet-stream", content.clone()),
            None => unknown(404, "BLOB_UNKNOWN"),
        }
    }
}

impl ShelvedApp {
    /// An application that greets and has one static file.
    pub fn new() -> Self {
        let mut shelf = Shelf::new();
        let wasm = fs::read(HELLO_P2).expect("the program was built");
        let program = shelf.blob("application/vnd.wasm.content.layer.v1+wasm", wasm);
        // Longer than what is inlined.
        let content = "An asset from the shelf. ".repeat(40);
        let asset = shelf.blob("application/vnd.wasm.content.layer.v1+data", content);
        let locked = json!({
            "spin_lock_version": 0,
            "metadata": { "name": "shelved", "trigger": { "type": "http" }, "version": "1.0.0" },
            "triggers": [{
                "id": "hello-http-trigger",
                "trigger_type": "http",
                "trigger_config": { "component": "hello", "route": "/..." },
            }],
            "components": [{
                "id": "hello",
                "source": { "content_type": "application/wasm", "digest": program["digest"] },
                "files": [{ "digest": asset["digest"], "path": "asset.txt" }],
            }],
        });
        let locked = shelf.blob(
            "application/vnd.fermyon.spin.application.v1+config",
            locked.to_string(),
        );
        let label = json!({ "com.fermyon.spin.lockedAppDigest": locked["digest"] });
        let config = json!({
            "architecture": "wasm",
            "os": "Wasip1",
            "rootfs": { "type": "layers", "diff_ids": [] },
            "config": { "Labels": label },
        });
        let config = shelf.blob(
            "application/vnd.oci.image.config.v1+json",
            config.to_string(),
        );
        let manifest = json!({
            "schemaVersion": 2,
            "config": config,
            "layers": [program, asset, locked],
        });
        let digest = shelf.manifest("1", manifest.to_string());
        Self {
            shelf,
            digest,
            program: text(&program["digest"]),
            asset: text(&asset["digest"]),
            manifest,
        }
    }
}

impl Default for ShelvedApp {
    fn default() -> Self {
        Self::new()
    }
}

fn text(value: &Json) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn unknown(status: u16, code: &str) -> Answer {
    let body = json!({ "errors": [{ "code": code, "message": "not on the shelf" }] });
    let mut answer = Answer::content("application/json", body.to_string());
    answer.status = status;
    answer
}

const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
