//! Documents that are attached to a manifest as they are, unsigned: bills of materials.

use serde::Deserialize;
use serde_json::json;
use wharf_oci::{Descriptor, Digest, Reference, media_type};

use super::sign::published;
use crate::bindings::signing::Artifact;
use crate::error::Error;
use crate::wharf::Wharf;

/// The config of an artifact that has none (OCI image-spec v1.1.1, "Guidance for an Empty
/// Descriptor").
const EMPTY: &[u8] = b"{}";
const EMPTY_TYPE: &str = "application/vnd.oci.empty.v1+json";

/// A document, and of what kind it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Document {
    media_type: &'static str,
    content: Vec<u8>,
}

impl Document {
    /// A bill of materials: `CycloneDX` or SPDX, in JSON. Fails with what is wrong with it.
    pub fn of_sbom(content: Vec<u8>) -> Result<Self, String> {
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Said {
            bom_format: Option<String>,
            spdx_version: Option<String>,
        }
        let said: Said = serde_json::from_slice(&content).map_err(|error| error.to_string())?;
        let media_type = match (said.bom_format.as_deref(), said.spdx_version) {
            (Some("CycloneDX"), None) => "application/vnd.cyclonedx+json",
            (None, Some(version)) if version.starts_with("SPDX-") => "application/spdx+json",
            _ => {
                return Err(
                    "expected CycloneDX (`\"bomFormat\": \"CycloneDX\"`) or SPDX \
                     (`\"spdxVersion\": \"SPDX-…\"`)"
                        .to_owned(),
                );
            }
        };
        Ok(Self {
            media_type,
            content,
        })
    }

    /// What it says.
    #[must_use]
    pub fn content(&self) -> &[u8] {
        &self.content
    }

    /// Its digest.
    #[must_use]
    pub fn digest(&self) -> Digest {
        use sha2::Digest as _;

        Digest::from_sha256(&sha2::Sha256::digest(&self.content).into())
    }
}

impl Wharf {
    /// Publishes a document beside the manifest that it is about, and tells its own
    /// manifest.
    pub async fn attach_document(
        &self,
        reference: &Reference,
        subject: &Descriptor,
        document: Document,
    ) -> Result<Descriptor, Error> {
        let _work = self.at_work().await?;
        let size = document.content.len();
        let empty = self.keep(EMPTY.to_vec()).await?;
        let content = self.keep(document.content).await?;
        let manifest = json!({
            "schemaVersion": 2,
            "mediaType": media_type::IMAGE_MANIFEST,
            "artifactType": document.media_type,
            "config": {
                "mediaType": EMPTY_TYPE,
                "digest": empty.to_string(),
                "size": EMPTY.len(),
            },
            "layers": [{
                "mediaType": document.media_type,
                "digest": content.to_string(),
                "size": size,
            }],
            "subject": {
                "mediaType": subject.media_type,
                "digest": subject.digest.to_string(),
                "size": subject.size,
            },
        });
        let artifact = Artifact {
            media_type: media_type::IMAGE_MANIFEST.to_owned(),
            manifest: manifest.to_string().into_bytes(),
            blobs: Vec::new(),
        };
        published(self, reference, &subject.digest, artifact).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bill_of_materials_says_what_it_is() {
        for (text, kind) in [
            (
                r#"{"bomFormat":"CycloneDX","specVersion":"1.6"}"#,
                Some("application/vnd.cyclonedx+json"),
            ),
            (
                r#"{"spdxVersion":"SPDX-2.3"}"#,
                Some("application/spdx+json"),
            ),
            (
                r#"{"bomFormat":"CycloneDX","spdxVersion":"SPDX-2.3"}"#,
                None,
            ),
            ("{}", None),
            ("[]", None),
            ("<bom/>", None),
        ] {
            let document = Document::of_sbom(text.as_bytes().to_vec());
            assert_eq!(document.ok().map(|it| it.media_type), kind, "{text}");
        }
    }
}
