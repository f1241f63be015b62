//! Packages, published as package tools publish them (CNCF, "Wasm OCI artifact layout"),
//! without any code of ours.

use serde_json::json;

use crate::by_hand::{send, upload};
use crate::digest;

const CONFIG: &str = "application/vnd.wasm.config.v0+json";
const LAYER: &str = "application/wasm";
const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";

/// Publishes a version of a package, whose repository is `repository`, at a registry over
/// plain HTTP that lets anyone write. Gives the manifest's digest.
pub fn publish(address: &str, repository: &str, version: &str, wasm: &[u8]) -> String {
    let base = format!("http://{address}/v2/{repository}");
    let mut layer = upload(address, &base, wasm);
    layer["mediaType"] = LAYER.into();
    let config = json!({
        "architecture": "wasm",
        "os": "wasip2",
        "layerDigests": [layer["digest"]],
    });
    let mut config = upload(address, &base, config.to_string().as_bytes());
    config["mediaType"] = CONFIG.into();
    let manifest = json!({
        "schemaVersion": 2,
        "mediaType": MANIFEST,
        "config": config,
        "layers": [layer],
    });
    let text = manifest.to_string();
    let url = format!("{base}/manifests/{version}");
    send("PUT", &url, MANIFEST, text.as_bytes());
    digest(text.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Registry;

    #[test]
    fn versions_are_tags() {
        let registry = Registry::start();
        for version in ["1.0.0", "1.1.0"] {
            publish(registry.address(), "a/b", version, b"\0asm");
        }
        assert_eq!(registry.tags("a/b"), ["1.0.0", "1.1.0"]);
    }
}
