//! Content of a registry in memory: what a scripted server answers when it does
//! not lie.

use std::collections::BTreeMap;

use serde_json::{Value as Json, json};

use crate::artifact::{Artifact, CONFIG, DATA};
use crate::by_hand::{send, upload};
use crate::http;
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

    /// Puts all of it into a repository of a registry that lets anyone do anything.
    pub fn publish(&self, registry: &str, repository: &str) {
        let base = format!("http://{registry}/v2/{repository}");
        for (digest, content) in &self.blobs {
            let there = http::request("HEAD", &format!("{base}/blobs/{digest}"), &[], b"");
            if !there.is_ok_and(|answer| answer.status == 200) {
                upload(registry, &base, content);
            }
        }
        for (name, content) in &self.manifests {
            send(
                "PUT",
                &format!("{base}/manifests/{name}"),
                MANIFEST,
                content,
            );
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
        // Longer than what is inlined.
        let content = "An asset from the shelf. ".repeat(40);
        let asset = crate::digest(content.as_bytes());
        let mut artifact = Artifact::new()
            .layer(DATA, content)
            .names("asset.txt", &asset)
            .locked(|locked| {
                locked["metadata"]["name"] = "shelved".into();
                locked["metadata"]["version"] = "1.0.0".into();
            });
        let locked = crate::digest(artifact.locked.to_string().as_bytes());
        let config = json!({
            "architecture": "wasm",
            "os": "Wasip1",
            "rootfs": { "type": "layers", "diff_ids": [] },
            "config": { "Labels": { "com.fermyon.spin.lockedAppDigest": locked } },
        });
        artifact.config = artifact.shelf.blob(CONFIG, config.to_string());
        let program = text(&artifact.layers[0]["digest"]);
        let manifest = artifact.manifest();
        let digest = artifact.shelf.manifest("1", manifest.clone());
        Self {
            shelf: artifact.shelf,
            digest,
            program,
            asset,
            manifest: serde_json::from_slice(&manifest).expect("it is JSON"),
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
