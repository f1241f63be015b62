//! Applications as they lie in registries, made by hand.

use serde_json::{Value as Json, json};

use crate::Shelf;
use crate::programs::HELLO_P2;

/// The type of a layer of WebAssembly.
pub const WASM: &str = "application/vnd.wasm.content.layer.v1+wasm";
/// The type of a layer that is a file.
pub const DATA: &str = "application/vnd.wasm.content.layer.v1+data";
/// The type of a layer that is an archive of files.
pub const ARCHIVE: &str = "application/vnd.wasm.content.bundle.v1.tar+gzip";
/// The type of the locked application.
pub const LOCKED: &str = "application/vnd.fermyon.spin.application.v1+config";
/// The type of the config.
pub const CONFIG: &str = "application/vnd.oci.image.config.v1+json";

/// An application of one component, laid out as Spin does it, made without any code of
/// ours: to be changed, or spoilt.
pub struct Artifact {
    /// All of its content but the manifest.
    pub shelf: Shelf,
    /// The layers, of which the first is the component's.
    pub layers: Vec<Json>,
    /// The locked application.
    pub locked: Json,
    /// What stands in its place, where that is other bytes altogether.
    pub bytes: Option<Vec<u8>>,
    /// The descriptor of the config. Where it is of the type [`LOCKED`], the locked
    /// application is the config, as before Spin 2.0.
    pub config: Json,
    /// More members of the manifest, or others.
    pub members: Json,
}

impl Artifact {
    /// Of a program that greets.
    pub fn new() -> Self {
        Self::of(HELLO_P2)
    }

    /// Of this program.
    pub fn of(program: &str) -> Self {
        Self::of_bytes(std::fs::read(program).expect("the program was built"))
    }

    /// Of a component that has these bytes.
    pub fn of_bytes(wasm: Vec<u8>) -> Self {
        let mut shelf = Shelf::new();
        let program = shelf.blob(WASM, wasm);
        let locked = json!({
            "spin_lock_version": 0,
            "metadata": { "name": "by-hand", "trigger": { "type": "http" } },
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
            members: json!({}),
        }
    }

    /// With a change of the locked application.
    #[must_use]
    pub fn locked(mut self, change: impl FnOnce(&mut Json)) -> Self {
        change(&mut self.locked);
        self
    }

    /// With these bytes as the locked application.
    #[must_use]
    pub fn bytes(mut self, bytes: impl Into<Vec<u8>>) -> Self {
        self.bytes = Some(bytes.into());
        self
    }

    /// With one more layer.
    #[must_use]
    pub fn layer(mut self, kind: &str, content: impl Into<Vec<u8>>) -> Self {
        let layer = self.shelf.blob(kind, content);
        self.layers.push(layer);
        self
    }

    /// With a file at a path, which is a layer.
    #[must_use]
    pub fn file(self, path: &str) -> Self {
        let content = format!("The content of {path:?}. ").repeat(20);
        let digest = crate::digest(content.as_bytes());
        self.layer(DATA, content).names(path, &digest)
    }

    /// With a file in the locked application that is nowhere else.
    #[must_use]
    pub fn names(self, path: &str, digest: &str) -> Self {
        self.locked(|locked| {
            let files = locked["components"][0]["files"].as_array_mut();
            let files = files.expect("there is a list");
            files.push(json!({ "digest": digest, "path": path }));
        })
    }

    /// The bytes of the manifest, once all that it names is on the shelf.
    pub fn manifest(&mut self) -> Vec<u8> {
        let locked = self.bytes.take();
        let locked = locked.unwrap_or_else(|| self.locked.to_string().into_bytes());
        if self.config["mediaType"] == LOCKED {
            self.config = self.shelf.blob(LOCKED, locked);
        } else {
            let locked = self.shelf.blob(LOCKED, locked);
            self.layers.push(locked);
        }
        let mut manifest = json!({
            "schemaVersion": 2,
            "config": self.config,
            "layers": self.layers,
        });
        for (key, member) in self.members.as_object().expect("it is one") {
            manifest[key] = member.clone();
        }
        manifest.to_string().into_bytes()
    }

    /// Publishes it under the tag `1` of a repository of a registry that lets anyone do
    /// anything, and gives the reference.
    pub fn publish(mut self, registry: &str, repository: &str) -> String {
        let manifest = self.manifest();
        self.shelf.manifest("1", manifest);
        self.shelf.publish(registry, repository);
        format!("{registry}/{repository}:1")
    }
}

impl Default for Artifact {
    fn default() -> Self {
        Self::new()
    }
}
