//! What is said of a manifest in the legacy format (containers-signature(5), "simple
//! signing").

use wharf_oci::{Digest, Reference};

use crate::json::{Json, bad, quoted};

/// The type of a payload, of cosign and of containers/image.
pub(crate) const KIND: &str = "cosign container image signature";

/// A payload, as far as it is judged.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Payload {
    /// The digest of a manifest, as it stands there.
    pub(crate) digest: String,
    /// The reference that it names.
    pub(crate) reference: Option<String>,
    pub(crate) annotations: Vec<(String, Json)>,
}

impl Payload {
    /// Reads a payload.
    pub(crate) fn parse(payload: &[u8]) -> Result<Self, String> {
        let json = Json::parse(payload)?;
        let critical = json.inner("critical")?;
        let kind = critical.needed("type")?;
        if kind != KIND {
            return Err(format!(
                "its payload is of the type {}, and `{KIND}` is expected",
                quoted(kind)
            ));
        }
        let reference = critical
            .get("identity")
            .map_or(Ok(None), |identity| identity.text("docker-reference"))?;
        let digest = critical.inner("image")?.needed("docker-manifest-digest")?;
        if digest.is_empty() {
            return Err(bad("docker-manifest-digest"));
        }
        Ok(Self {
            digest: digest.to_owned(),
            reference: reference.filter(|name| !name.is_empty()).map(str::to_owned),
            annotations: json.members("optional")?.to_vec(),
        })
    }

    /// A payload about a manifest.
    pub(crate) fn json(
        manifest: &Digest,
        repository: &str,
        annotations: &[(String, String)],
    ) -> Json {
        let critical = Json::object([
            (
                "identity",
                Json::object([("docker-reference", repository.into())]),
            ),
            (
                "image",
                Json::object([("docker-manifest-digest", manifest.as_str().into())]),
            ),
            ("type", KIND.into()),
        ]);
        // As cosign has it.
        let optional = if annotations.is_empty() {
            Json::Null
        } else {
            Json::texts(annotations)
        };
        Json::object([("critical", critical), ("optional", optional)])
    }

    /// Whether it names a repository, under any of the names of its registry. A tag or a
    /// digest in its name is left out of account.
    pub(crate) fn names(&self, repository: &str) -> bool {
        let place = |text: &str| {
            let reference: Reference = text.parse().ok()?;
            Some((reference.registry, reference.repository))
        };
        let named = self.reference.as_deref().and_then(place);
        named.is_some() && named == place(repository)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn written(annotations: &[(String, String)]) -> String {
        let json = Payload::json(&Digest::from_sha256(&[7; 32]), "ghcr.io/a/b", annotations);
        String::from_utf8(json.written()).unwrap()
    }

    #[test]
    fn as_cosign_writes_it() {
        let hex = "07".repeat(32);
        assert_eq!(
            written(&[]),
            format!(
                r#"{{"critical":{{"identity":{{"docker-reference":"ghcr.io/a/b"}},"image":{{"docker-manifest-digest":"sha256:{hex}"}},"type":"cosign container image signature"}},"optional":null}}"#
            )
        );
        let payload = Payload::parse(written(&[("k".into(), "v".into())]).as_bytes()).unwrap();
        assert_eq!(payload.digest, format!("sha256:{hex}"));
        assert_eq!(payload.annotations, [("k".to_owned(), Json::from("v"))]);
    }

    #[test]
    fn as_podman_writes_it() {
        let text = written(&[]).replace(
            "null",
            r#"{"creator":"containers/image 5.39","timestamp":1700000000}"#,
        );
        let text = text.replace("ghcr.io/a/b", "docker.io/library/b:latest");
        let payload = Payload::parse(text.as_bytes()).unwrap();
        assert!(payload.names("docker.io/library/b"));
        assert!(payload.names("index.docker.io/library/b"));
        assert!(!payload.names("docker.io/library/c"));
    }

    #[test]
    fn what_is_no_payload_is_refused() {
        let whole = written(&[]);
        for (part, other) in [
            ("cosign container", "atomic container"),
            ("docker-manifest-digest", "Docker-manifest-digest"),
            (r#""type""#, r#""type":"x","type""#),
            (r#""optional":null"#, r#""optional":[]"#),
            ("critical", "optional"),
            (
                r#"{"docker-reference":"ghcr.io/a/b"}"#,
                r#"{"docker-reference":7}"#,
            ),
        ] {
            let text = whole.replace(part, other);
            assert_ne!(text, whole);
            assert!(Payload::parse(text.as_bytes()).is_err(), "{text}");
        }
    }

    #[test]
    fn another_repository_is_not_this_one() {
        for name in ["ghcr.io/a/b", "ghcr.io/a/b:v1", "GHCR.io/a/b"] {
            let text = written(&[]).replace("ghcr.io/a/b", name);
            assert!(
                Payload::parse(text.as_bytes())
                    .unwrap()
                    .names("ghcr.io/a/b"),
                "{name}"
            );
        }
        for name in [
            "",
            "ghcr.io/a/b/c",
            "ghcr.io/a",
            "example.com/a/b",
            "ghcr.io:444/a/b",
            "a/b",
            "../a/b",
        ] {
            let text = written(&[]).replace("ghcr.io/a/b", name);
            assert!(
                !Payload::parse(text.as_bytes())
                    .unwrap()
                    .names("ghcr.io/a/b"),
                "{name}"
            );
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(key in ".{1,9}", value in ".{0,9}") {
            let payload = Payload::parse(written(&[(key.clone(), value.clone())]).as_bytes());
            prop_assert_eq!(payload.unwrap().annotations, [(key, Json::Text(value))]);
        }

        #[test]
        fn never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..200), name in ".{0,60}") {
            let _ = Payload::parse(&bytes);
            let payload = Payload { digest: String::new(), reference: Some(name.clone()), annotations: Vec::new() };
            let _ = payload.names(&name);
        }
    }
}
