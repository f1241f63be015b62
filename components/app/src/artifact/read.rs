//! From the manifest of an artifact to where its application is.

use std::collections::{BTreeMap, BTreeSet};

use wharf_oci::manifest::{Image, Manifest, ManifestError};
use wharf_oci::problem::clean;
use wharf_oci::{Descriptor, Digest, media_type};

use super::{
    ARCHIVE_LAYER, LOCKED_APP, LOCKED_APP_BYTES, WASM_CONFIG, WASM_LAYER, WASM_LAYER_MODULE,
    WASM_LAYER_PACKAGE,
};

/// How many layers an application may have that somebody published, unless somebody says
/// otherwise. Spin and Wharf write at most 500, which is what registries take; before that,
/// each file was a layer, and ten times as many leaves room for those.
pub const MOST_LAYERS: u64 = 5_000;

/// How many layers are read at all. What archives were unpacked into has one for each of
/// their files, and a manifest has no room for many more.
const READABLE_LAYERS: usize = 20_000;

/// The manifest of a published application.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Artifact {
    pub(super) config: Descriptor,
    locked_app: Descriptor,
    pub(super) layers: Vec<Descriptor>,
    /// The places of the layers that are one piece of content each.
    places: BTreeMap<Digest, usize>,
}

/// Why a manifest is not that of an application that can be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ReadError {
    /// The bytes are not a manifest.
    #[error("the artifact can't be used: {0}")]
    Manifest(#[from] ManifestError),
    /// An index: several manifests, of which one would have to be chosen.
    #[error(
        "this is an index of {0} artifacts, not an application: name the digest of one of them"
    )]
    Index(usize),
    /// A single component, as package tools publish it: read it with
    /// [`Single::parse`](super::Single::parse).
    #[error("this is a single WebAssembly component, not a Spin application")]
    SingleComponent,
    /// A single component by its config, and of more than one layer or none.
    #[error(
        "this is a single WebAssembly component by its config, which has exactly one layer, and \
         the artifact has {0}"
    )]
    SingleLayers(usize),
    /// A single component by its config, whose layer is of another kind.
    #[error(
        "this is a single WebAssembly component by its config, and its layer has the media type \
         `{0}`: `{WASM_LAYER_PACKAGE}` is expected"
    )]
    SingleLayerType(String),
    /// Something else altogether.
    #[error(
        "this is not a Spin application: its config has the media type `{0}`, \
         and no layer is a locked application"
    )]
    NotAnApplication(String),
    /// More than one layer says that it is the locked app.
    #[error("the artifact is ambiguous: it has {0} locked applications")]
    Ambiguous(usize),
    /// More layers than can be read.
    #[error("the artifact has {0} layers, and at most {READABLE_LAYERS} are read")]
    TooManyLayers(usize),
    /// More layers than an honest application has, unless somebody says that it may.
    #[error("the artifact has {layers} layers, and `max-layers` allows {most}")]
    MoreLayers {
        /// How many it has.
        layers: usize,
        /// How many it may have.
        most: u64,
    },
    /// A locked app larger than [`LOCKED_APP_BYTES`].
    #[error("the locked application has {0} bytes, and at most {LOCKED_APP_BYTES} are read")]
    LockedAppTooLarge(u64),
}

impl Artifact {
    /// Reads a manifest that was served, or described, as `served_as`; none when
    /// that is not known. The bytes may come from anybody.
    pub fn parse(manifest: &[u8], served_as: Option<&str>) -> Result<Self, ReadError> {
        let manifest = image(manifest, served_as)?;
        let locked_app = locked_app(&manifest)?;
        if locked_app.size > LOCKED_APP_BYTES {
            return Err(ReadError::LockedAppTooLarge(locked_app.size));
        }
        let mut places = BTreeMap::new();
        for (place, layer) in manifest.layers.iter().enumerate() {
            if !is_archive(layer) {
                places.entry(layer.digest.clone()).or_insert(place);
            }
        }
        Ok(Self {
            config: manifest.config,
            locked_app,
            layers: manifest.layers,
            places,
        })
    }

    /// The locked app: read it with [`LockedApp::from_json`](crate::locked::LockedApp::from_json).
    #[must_use]
    pub fn locked_app(&self) -> &Descriptor {
        &self.locked_app
    }

    /// Whether it has no more layers than this, [`MOST_LAYERS`] where nobody says how
    /// many. To be asked of what was published, and not of what was made of it here, where
    /// each file of an archive is a layer.
    pub fn has_at_most(&self, layers: Option<u64>) -> Result<(), ReadError> {
        let most = layers.unwrap_or(MOST_LAYERS);
        let layers = self.layers.len();
        if layers as u64 > most {
            return Err(ReadError::MoreLayers { layers, most });
        }
        Ok(())
    }

    /// The layers in their order, whatever they are.
    #[must_use]
    pub fn layers(&self) -> &[Descriptor] {
        &self.layers
    }

    /// The layer with this digest. Content that is no layer of the artifact does
    /// not belong to the application, whatever its locked app says: the store it
    /// is read from has other people's content too.
    ///
    /// An archive is none of them: what is in it becomes one by [`Artifact::unpacked`].
    #[must_use]
    pub fn layer(&self, digest: &Digest) -> Option<&Descriptor> {
        self.layers.get(*self.places.get(digest)?)
    }

    /// The layers that are archives of files, each once.
    pub fn archives(&self) -> impl Iterator<Item = &Descriptor> {
        let mut seen = BTreeSet::new();
        let archives = self.layers.iter().filter(|layer| is_archive(layer));
        archives.filter(move |layer| seen.insert(&layer.digest))
    }
}

pub(super) fn is_archive(layer: &Descriptor) -> bool {
    is(layer, ARCHIVE_LAYER)
}

/// An image manifest that can be gone through.
pub(super) fn image(manifest: &[u8], served_as: Option<&str>) -> Result<Image, ReadError> {
    let manifest = match Manifest::parse(manifest, served_as)? {
        Manifest::Image(image) => image,
        Manifest::Index(index) => return Err(ReadError::Index(index.manifests.len())),
        // Kinds that come to be known later.
        _ => return Err(ReadError::NotAnApplication("unknown".into())),
    };
    if manifest.layers.len() > READABLE_LAYERS {
        return Err(ReadError::TooManyLayers(manifest.layers.len()));
    }
    // One digest with two sizes would make every later check a matter of luck.
    manifest.blobs()?;
    Ok(manifest)
}

fn locked_app(manifest: &Image) -> Result<Descriptor, ReadError> {
    let layers = &manifest.layers;
    let locked: Vec<_> = layers.iter().filter(|l| is(l, LOCKED_APP)).collect();
    match locked.as_slice() {
        [layer] => return Ok((*layer).clone()),
        [] => {}
        several => return Err(ReadError::Ambiguous(several.len())),
    }
    // Before Spin 2.0 the locked app was the config itself.
    if is(&manifest.config, LOCKED_APP) {
        return Ok(manifest.config.clone());
    }
    Err(match single_layer(manifest) {
        Ok(_) => ReadError::SingleComponent,
        Err(why) => why,
    })
}

/// The layer of what is no application: WebAssembly, whatever the config is, as Spin
/// has it. What says by its config that it is a single component has to be one.
pub(super) fn single_layer(manifest: &Image) -> Result<&Descriptor, ReadError> {
    const WASM: [&str; 3] = [WASM_LAYER_PACKAGE, WASM_LAYER, WASM_LAYER_MODULE];
    let says_so = is(&manifest.config, WASM_CONFIG);
    match manifest.layers.as_slice() {
        [layer] if WASM.iter().any(|kind| is(layer, kind)) => Ok(layer),
        [layer] if says_so => {
            let kind = clean(&layer.media_type, 100);
            Err(ReadError::SingleLayerType(kind))
        }
        layers if says_so => Err(ReadError::SingleLayers(layers.len())),
        _ => {
            let config = clean(&manifest.config.media_type, 100);
            Err(ReadError::NotAnApplication(config))
        }
    }
}

fn is(descriptor: &Descriptor, kind: &str) -> bool {
    media_type::essence(&descriptor.media_type) == media_type::essence(kind)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::artifact::{DATA_LAYER, IMAGE_CONFIG};
    use proptest::prelude::*;

    fn blob(media_type: &str, seed: u8, size: u64) -> String {
        let digest = Digest::from_sha256(&[seed; 32]);
        format!(r#"{{"mediaType":"{media_type}","digest":"{digest}","size":{size}}}"#)
    }

    fn parse(config: &str, layers: &[String]) -> Result<Artifact, ReadError> {
        let config = blob(config, 0, 10);
        let layers = layers.join(",");
        let text = format!(r#"{{"schemaVersion":2,"config":{config},"layers":[{layers}]}}"#);
        Artifact::parse(text.as_bytes(), None)
    }

    #[test]
    fn the_locked_app_is_a_layer_or_the_config() {
        let layers = [
            blob(WASM_LAYER, 1, 100),
            blob("a/type-of-later", 2, 50),
            blob(LOCKED_APP, 3, 70),
        ];
        let artifact = parse(IMAGE_CONFIG, &layers).unwrap();
        assert_eq!(artifact.locked_app().digest, Digest::from_sha256(&[3; 32]));
        let own = artifact.layer(&Digest::from_sha256(&[2; 32])).unwrap();
        assert_eq!(own.size, 50);
        assert_eq!(artifact.layer(&Digest::from_sha256(&[9; 32])), None);

        let legacy = parse(LOCKED_APP, &layers[..1]).unwrap();
        assert_eq!(legacy.locked_app().digest, Digest::from_sha256(&[0; 32]));
    }

    #[test]
    fn an_archive_is_no_piece_of_content() {
        let layers = [
            blob(ARCHIVE_LAYER, 1, 9),
            blob(ARCHIVE_LAYER, 1, 9),
            blob(ARCHIVE_LAYER, 2, 5),
            blob(DATA_LAYER, 2, 5),
            blob(LOCKED_APP, 3, 1),
        ];
        let artifact = parse(IMAGE_CONFIG, &layers).unwrap();
        let archives: Vec<_> = artifact.archives().map(|layer| layer.size).collect();
        assert_eq!(archives, [9, 5]);
        assert_eq!(artifact.layer(&Digest::from_sha256(&[1; 32])), None);
        let both = artifact.layer(&Digest::from_sha256(&[2; 32])).unwrap();
        assert_eq!(both.media_type, DATA_LAYER);
    }

    #[test]
    fn what_is_no_application_says_what_it_is() {
        let refused = |config, layers: &[String]| parse(config, layers).unwrap_err();
        let wasm = [blob(WASM_LAYER_PACKAGE, 1, 100)];
        assert_eq!(refused(WASM_CONFIG, &wasm), ReadError::SingleComponent);
        assert_eq!(refused("x/y", &wasm), ReadError::SingleComponent);
        let several = [wasm[0].clone(), blob(WASM_LAYER_PACKAGE, 2, 100)];
        assert_eq!(refused(WASM_CONFIG, &several), ReadError::SingleLayers(2));
        assert_eq!(refused(WASM_CONFIG, &[]), ReadError::SingleLayers(0));
        assert!(matches!(
            refused("x/y", &several),
            ReadError::NotAnApplication(_)
        ));
        assert_eq!(
            refused(WASM_CONFIG, &[blob("text/plain", 1, 100)]),
            ReadError::SingleLayerType("text/plain".to_owned())
        );
        assert_eq!(
            refused("application/vnd.docker.container.image.v1+json", &[]).to_string(),
            "this is not a Spin application: its config has the media type \
             `application/vnd.docker.container.image.v1+json`, and no layer is a locked application"
        );
        let twice = [blob(LOCKED_APP, 1, 1), blob(LOCKED_APP, 2, 1)];
        assert_eq!(refused(IMAGE_CONFIG, &twice), ReadError::Ambiguous(2));
        let huge = [blob(LOCKED_APP, 1, u64::MAX)];
        assert_eq!(
            refused(IMAGE_CONFIG, &huge),
            ReadError::LockedAppTooLarge(u64::MAX)
        );
        let two_sizes = [blob(DATA_LAYER, 1, 1), blob(LOCKED_APP, 1, 2)];
        assert!(matches!(
            refused(IMAGE_CONFIG, &two_sizes),
            ReadError::Manifest(_)
        ));
        let many = vec![blob(DATA_LAYER, 1, 1); READABLE_LAYERS + 1];
        assert_eq!(
            refused(IMAGE_CONFIG, &many),
            ReadError::TooManyLayers(READABLE_LAYERS + 1)
        );
        let index = br#"{"schemaVersion":2,"manifests":[]}"#;
        assert_eq!(Artifact::parse(index, None), Err(ReadError::Index(0)));
    }

    #[test]
    fn layers_are_bounded_and_the_bound_can_be_raised() {
        let of = |count: usize| {
            let mut layers = vec![blob(DATA_LAYER, 1, 1); count - 1];
            layers.push(blob(LOCKED_APP, 2, 1));
            parse(IMAGE_CONFIG, &layers).unwrap()
        };
        assert_eq!(of(5_000).has_at_most(None), Ok(()));
        let many = of(10_000);
        assert_eq!(
            many.has_at_most(None).unwrap_err().to_string(),
            "the artifact has 10000 layers, and `max-layers` allows 5000"
        );
        assert_eq!(many.has_at_most(Some(10_000)), Ok(()));
        let (layers, most) = (2, 1);
        let refused = ReadError::MoreLayers { layers, most };
        assert_eq!(of(2).has_at_most(Some(1)), Err(refused));
    }

    proptest! {
        #[test]
        fn never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            let _ = Artifact::parse(&bytes, None);
        }
    }
}
