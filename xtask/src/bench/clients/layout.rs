//! An OCI image layout, as far as the bench's clients need it (image-spec v1.1.1,
//! "image-layout.md").

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use serde::{Deserialize, Serialize};
use serde_json::json;

const REFERENCE_NAME: &str = "org.opencontainers.image.ref.name";

/// A layout in a folder.
pub(crate) struct Layout {
    folder: PathBuf,
}

/// What names content.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Descriptor {
    pub(crate) media_type: String,
    pub(crate) digest: String,
    pub(crate) size: u64,
}

/// An image manifest; only what is looked at.
#[derive(Deserialize)]
pub(crate) struct Manifest {
    config: Descriptor,
    layers: Vec<Descriptor>,
}

impl Layout {
    /// The layout in `folder`; an empty one is made where there is none.
    pub(crate) fn in_folder(folder: &Path) -> Result<Self> {
        let blobs = folder.join("blobs/sha256");
        fs::create_dir_all(&blobs)
            .with_context(|| format!("{} could not be made", blobs.display()))?;
        let mark = folder.join("oci-layout");
        if !mark.exists() {
            fs::write(mark, r#"{"imageLayoutVersion":"1.0.0"}"#)?;
        }
        Ok(Self {
            folder: folder.to_owned(),
        })
    }

    /// Where the content of `digest` is, or will be.
    pub(crate) fn path(&self, digest: &str) -> Result<PathBuf> {
        let hash = digest
            .strip_prefix("sha256:")
            .filter(|hash| hash.len() == 64 && hash.bytes().all(|byte| byte.is_ascii_hexdigit()))
            .with_context(|| format!("{digest} is not a SHA-256 digest"))?;
        Ok(self.folder.join("blobs/sha256").join(hash))
    }

    /// Where content is written before it is known to be whole.
    pub(crate) fn unfinished(&self, digest: &str) -> Result<PathBuf> {
        Ok(self.path(digest)?.with_extension("unfinished"))
    }

    /// Whether the content is there in its whole length.
    pub(crate) fn has(&self, content: &Descriptor) -> bool {
        self.path(&content.digest)
            .and_then(|path| Ok(fs::metadata(path)?.len()))
            .is_ok_and(|length| length == content.size)
    }

    /// The manifest under a name, and its bytes.
    pub(crate) fn manifest(&self, name: &str) -> Result<(Descriptor, Vec<u8>)> {
        let index: serde_json::Value =
            serde_json::from_reader(File::open(self.folder.join("index.json"))?)?;
        let entry = index["manifests"]
            .as_array()
            .into_iter()
            .flatten()
            .find(|entry| entry["annotations"][REFERENCE_NAME] == name)
            .with_context(|| format!("{name} is not in the layout"))?;
        let descriptor = Descriptor::deserialize(entry)?;
        let bytes = fs::read(self.path(&descriptor.digest)?)?;
        Ok((descriptor, bytes))
    }

    /// Puts a manifest under a name, the only one.
    pub(crate) fn set_manifest(
        &self,
        name: &str,
        manifest: &Descriptor,
        bytes: &[u8],
    ) -> Result<()> {
        fs::write(self.path(&manifest.digest)?, bytes)?;
        let index = json!({
            "schemaVersion": 2,
            "mediaType": "application/vnd.oci.image.index.v1+json",
            "manifests": [{
                "mediaType": manifest.media_type,
                "digest": manifest.digest,
                "size": manifest.size,
                "annotations": { REFERENCE_NAME: name },
            }],
        });
        fs::write(self.folder.join("index.json"), index.to_string())?;
        Ok(())
    }
}

impl Manifest {
    /// What it names, each once.
    pub(crate) fn blobs(&self) -> Vec<Descriptor> {
        let mut blobs: Vec<Descriptor> = Vec::new();
        for blob in self.layers.iter().chain([&self.config]) {
            if !blobs.iter().any(|known| known.digest == blob.digest) {
                blobs.push(blob.clone());
            }
        }
        blobs
    }
}
