//! Artifacts that refer to another one, put beside it as any tool would.

use serde_json::{Value as Json, json};

use crate::by_hand::{send, upload};
use crate::digest;

/// Attaches an artifact of some kind to a manifest of a repository, blobs first, at a
/// registry over plain HTTP that lets anyone write. Gives the descriptor that a list of
/// referrers has of it.
pub fn attach(address: &str, repository: &str, subject: &Json, kind: &str) -> Json {
    let base = format!("http://{address}/v2/{repository}");
    let content = format!("attached to {} as {kind}", subject["digest"]);
    let layer = upload(address, &base, content.as_bytes());
    let mut config = upload(address, &base, b"{}");
    config["mediaType"] = "application/vnd.oci.empty.v1+json".into();
    let manifest = json!({
        "schemaVersion": 2,
        "mediaType": MANIFEST,
        "artifactType": kind,
        "config": config,
        "layers": [layer],
        "subject": subject,
        "annotations": { "org.example.kind": kind },
    });
    let text = manifest.to_string();
    let digest = digest(text.as_bytes());
    let url = format!("{base}/manifests/{digest}");
    send("PUT", &url, MANIFEST, text.as_bytes());
    json!({
        "mediaType": MANIFEST,
        "digest": digest,
        "size": text.len(),
        "artifactType": kind,
        "annotations": { "org.example.kind": kind },
    })
}

/// Lists referrers under the tag for it, as a tool does at a registry that does not list
/// them (distribution-spec v1.1.1, "Referrers Tag Schema").
pub fn list_under_tag(address: &str, repository: &str, subject: &Json, entries: &[&Json]) {
    let index = json!({ "schemaVersion": 2, "mediaType": INDEX, "manifests": entries });
    let tag = tag_of(subject["digest"].as_str().unwrap_or_default());
    let url = format!("http://{address}/v2/{repository}/manifests/{tag}");
    send("PUT", &url, INDEX, index.to_string().as_bytes());
}

/// The tag under which what refers to a manifest is listed.
pub fn tag_of(digest: &str) -> String {
    digest.replace(':', "-")
}

const INDEX: &str = "application/vnd.oci.image.index.v1+json";
const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Registry;

    #[test]
    fn what_is_attached_is_there() {
        let registry = Registry::start();
        let subject = json!({
            "mediaType": MANIFEST,
            "digest": digest(b"not there yet"),
            "size": 13,
        });
        let attached = attach(registry.address(), "app", &subject, "text/x-note");
        list_under_tag(registry.address(), "app", &subject, &[&attached]);
        let tag = tag_of(&digest(b"not there yet"));
        assert_eq!(registry.tags("app"), [tag]);
    }
}
