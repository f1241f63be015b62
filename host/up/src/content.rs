//! An application's content: which bytes belong to it.
//!
//! The locked app names content by digest, and the store has other people's
//! content too. So only what is a layer of the artifact is read, or what stands in
//! the locked app itself.

use sha2::{Digest as _, Sha256};
use wharf_app::artifact::Artifact;
use wharf_app::locked::ContentRef;
use wharf_oci::{Descriptor, Digest};
use wharf_store::{Reader, Store, StoreError};

use crate::UpError;

/// A piece of the application's content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Content {
    /// It stands in the locked app. The digest is what the bytes hash to.
    Inline(Digest, Vec<u8>),
    /// It is a layer of the artifact.
    Layer(Descriptor),
}

impl Content {
    /// Finds the content that a reference names; `what` is whose it is, in words.
    pub(crate) fn find(
        reference: &ContentRef,
        artifact: &Artifact,
        what: impl Fn() -> String,
    ) -> Result<Self, UpError> {
        if let Some(bytes) = &reference.inline {
            let digest = Digest::from_sha256(&Sha256::digest(bytes).into());
            if let Some(said) = &reference.digest
                && *said != digest
            {
                return Err(UpError::Invalid(format!(
                    "{} should be {said}, and what the locked application has in it is {digest}",
                    what()
                )));
            }
            return Ok(Self::Inline(digest, bytes.clone()));
        }
        let Some(digest) = &reference.digest else {
            return Err(UpError::Invalid(format!(
                "{} is named by no digest: the application was never published",
                what()
            )));
        };
        match artifact.layer(digest) {
            Some(layer) => Ok(Self::Layer(layer.clone())),
            None => Err(UpError::Invalid(format!(
                "{} is {digest}, which is no layer of the artifact",
                what()
            ))),
        }
    }

    pub(crate) fn digest(&self) -> &Digest {
        match self {
            Self::Inline(digest, _) => digest,
            Self::Layer(layer) => &layer.digest,
        }
    }

    pub(crate) fn size(&self) -> u64 {
        match self {
            Self::Inline(_, bytes) => bytes.len() as u64,
            Self::Layer(layer) => layer.size,
        }
    }

    /// All bytes, verified. Their number was looked at before: see [`Self::size`].
    pub(crate) fn read(&self, store: &Store) -> Result<Vec<u8>, UpError> {
        match self {
            Self::Inline(_, bytes) => Ok(bytes.clone()),
            Self::Layer(layer) => read_layer(store, layer),
        }
    }
}

/// A layer to be read, which has the size that the manifest says.
pub(crate) fn open_layer(store: &Store, layer: &Descriptor) -> Result<Reader, StoreError> {
    let reader = store.read(&layer.digest, None)?;
    if reader.length() != layer.size {
        return Err(StoreError::Mismatch {
            subject: layer.digest.to_string(),
            expected: format!("{} bytes", layer.size),
            found: format!("{} bytes", reader.length()),
        });
    }
    Ok(reader)
}

fn read_layer(store: &Store, layer: &Descriptor) -> Result<Vec<u8>, UpError> {
    const STEP: usize = 1024 * 1024;
    let mut reader = open_layer(store, layer)?;
    let mut bytes = Vec::new();
    loop {
        let filled = bytes.len();
        bytes.resize(filled + STEP, 0);
        let read = reader.read(bytes.get_mut(filled..).unwrap_or_default())?;
        bytes.truncate(filled + read);
        if read == 0 {
            return Ok(bytes);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn artifact(layer: &Digest) -> Artifact {
        let other = Digest::from_sha256(&[9; 32]);
        let text = format!(
            r#"{{"schemaVersion":2,
            "config":{{"mediaType":"application/vnd.oci.image.config.v1+json","digest":"{other}","size":2}},
            "layers":[
              {{"mediaType":"application/vnd.wasm.content.layer.v1+data","digest":"{layer}","size":7}},
              {{"mediaType":"application/vnd.fermyon.spin.application.v1+config","digest":"{}","size":3}}]}}"#,
            Digest::from_sha256(&[8; 32])
        );
        Artifact::parse(text.as_bytes(), None).unwrap()
    }

    fn find(inline: Option<&[u8]>, digest: Option<&Digest>) -> Result<Content, UpError> {
        let layer = Digest::from_sha256(&[1; 32]);
        let reference = ContentRef {
            inline: inline.map(<[u8]>::to_vec),
            digest: digest.cloned(),
            ..ContentRef::default()
        };
        Content::find(&reference, &artifact(&layer), || "it".into())
    }

    #[test]
    fn layers_and_inline_content_belong_to_the_application() {
        let layer = Digest::from_sha256(&[1; 32]);
        assert_eq!(find(None, Some(&layer)).unwrap().size(), 7);
        let empty: Digest =
            "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
                .parse()
                .unwrap();
        let inline = Content::Inline(empty.clone(), Vec::new());
        assert_eq!(find(Some(b""), None).unwrap(), inline);
        assert_eq!(find(Some(b""), Some(&empty)).unwrap(), inline);
    }

    #[test]
    fn other_content_of_the_store_does_not() {
        let foreign = Digest::from_sha256(&[2; 32]);
        let refused = find(None, Some(&foreign)).unwrap_err().to_string();
        assert_eq!(
            refused,
            format!("it is {foreign}, which is no layer of the artifact")
        );
        assert!(matches!(find(None, None), Err(UpError::Invalid(_))));
        assert!(matches!(
            find(Some(b"x"), Some(&foreign)),
            Err(UpError::Invalid(_))
        ));
    }
}
