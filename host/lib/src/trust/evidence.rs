//! Evidence: what may be a signature of a manifest, in the store and at a registry.
//!
//! What a registry does not have and what it does not say are two things: the first is
//! no signature, the second is an error that is kept beside what was found.

mod allowance;

use std::collections::BTreeSet;

use futures::StreamExt as _;
use wharf_oci::manifest::{Image, Manifest};
use wharf_oci::{Descriptor, Digest, Reference, limit, media_type};
use wharf_store::{SMALL_BYTES, Store};

use crate::bindings::verification::{Evidence, SignatureManifest};
use crate::blocking::blocking;
use crate::capability::grant::Access;
use crate::error::Error;
use crate::progress::Event;
use crate::report::{Referrer, Report};
use crate::session::registry::Asked;
use crate::wharf::Wharf;
use allowance::Allowance;

/// Sigstore bundles, and what signatures and attestations were before.
const LAYERS: [&str; 4] = [
    "application/vnd.dev.sigstore.bundle.v0.3+json",
    "application/vnd.dev.sigstore.bundle+json",
    "application/vnd.dev.cosign.simplesigning.v1+json",
    "application/vnd.dsse.envelope.v1+json",
];
/// How the media types and annotations begin that say what an artifact is.
const BUNDLE: &str = "application/vnd.dev.sigstore.bundle";
const BUNDLE_ANNOTATION: &str = "dev.sigstore.bundle.";
const COSIGN: &str = "application/vnd.dev.cosign.";
/// What is said of an artifact of which its kind is not known.
const UNSAID: [&str; 2] = [
    "application/vnd.oci.empty.v1+json",
    "application/vnd.oci.image.config.v1+json",
];

/// How many manifests are looked at for one.
const MOST: usize = 256;
/// How many layers of one manifest are looked at: as many as the trust component judges.
const MOST_LAYERS: usize = 200;
/// How many bytes they and their layers may have together.
const MOST_BYTES: usize = 16 * 1024 * 1024;
/// How many are fetched at once.
const AT_ONCE: usize = 8;

/// Which tag of a manifest has what was written down in the legacy format.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    /// Its signatures.
    Signature,
    /// Its attestations.
    Attestation,
}

impl Kind {
    /// The tag, in the repository of a manifest.
    pub(super) fn reference(self, at: &Reference, subject: &Digest) -> Result<Reference, Error> {
        let suffix = match self {
            Self::Signature => "sig",
            Self::Attestation => "att",
        };
        LegacyTag::new(subject, suffix).reference(at)
    }
}

/// A tag that is made of the digest of a manifest.
pub(crate) struct LegacyTag(String);

impl LegacyTag {
    fn new(subject: &Digest, suffix: &str) -> Self {
        Self(format!("{}.{suffix}", wharf_oci::referrers::tag(subject)))
    }

    /// The tag, in a repository.
    pub(crate) fn reference(&self, at: &Reference) -> Result<Reference, Error> {
        let tag = self.0.parse();
        Ok(Reference {
            tag: Some(tag.map_err(|_| Error::Other(format!("`{}` is no tag", self.0)))?),
            digest: None,
            ..at.clone()
        })
    }
}

/// The tags under which signatures, attestations and bills of materials of a manifest were,
/// before there was a list of what refers to it.
pub(crate) fn legacy_tags(subject: &Digest) -> impl Iterator<Item = LegacyTag> {
    ["sig", "att", "sbom"]
        .map(|suffix| LegacyTag::new(subject, suffix))
        .into_iter()
}

/// What was found.
#[derive(Default)]
pub(super) struct Gathered {
    pub(super) evidence: Vec<Evidence>,
    /// What could not be looked at.
    pub(super) missed: Vec<Error>,
}

impl Wharf {
    /// What the store has of a manifest, from whatever registry it came.
    pub(super) async fn evidence_here(
        &self,
        at: &Reference,
        subject: &Digest,
        kind: Kind,
    ) -> Result<Gathered, Error> {
        let store = self.store().clone();
        let tagged = kind.reference(at, subject)?.to_string();
        let subject = subject.clone();
        blocking(move || {
            let mut found: Vec<Digest> = Vec::new();
            for referrer in store.referrers(&subject)? {
                found.push(referrer.digest);
            }
            if let Some(tagged) = store.find_name(&tagged)? {
                found.push(tagged.digest);
            }
            read(&store, &found)
        })
        .await?
    }

    /// What a registry has of a manifest, which is in the store from then on.
    pub(super) async fn evidence_there(
        &self,
        at: &Reference,
        subject: &Digest,
        kind: Kind,
    ) -> Result<Gathered, Error> {
        let at = at.at_digest(subject.clone());
        let tagged = kind.reference(&at, subject)?;
        let allowance = Allowance::new(MOST_BYTES);
        let (listed, legacy) = tokio::join!(
            self.referrers(&at, None),
            self.fetched_within(&tagged, &allowance)
        );
        let mut missed = Vec::new();
        let mut found = Vec::new();
        let mut listed = listed.unwrap_or_else(|error| {
            missed.push(error);
            Vec::new()
        });
        if listed.len() > limit::REFERRERS {
            missed.push(Error::LimitExceeded(format!(
                "the registry lists more than {} manifests that refer to {subject}, and the rest \
                 of the list is not looked at",
                limit::REFERRERS
            )));
        }
        listed.retain(may_be_signature);
        if listed.len() > MOST {
            missed.push(Error::LimitExceeded(format!(
                "the registry lists {} signatures of {subject}, and only {MOST} are looked at",
                listed.len()
            )));
            listed.truncate(MOST);
        }
        let each = listed.into_iter().map(|referrer| {
            let reference = at.at_digest(referrer.content.digest);
            let allowance = &allowance;
            async move { self.fetched_within(&reference, allowance).await }
        });
        let mut each = futures::stream::iter(each).buffered(AT_ONCE);
        while let Some(fetched) = each.next().await {
            match fetched {
                Ok(Some(manifest)) => found.push(manifest.digest),
                Ok(None) => {}
                // Of what is too much, it is said once.
                Err(error) if missed.contains(&error) => {}
                Err(error) => missed.push(error),
            }
        }
        match legacy {
            Ok(Some(manifest)) => found.push(manifest.digest),
            Ok(None) => {}
            Err(error) => missed.push(error),
        }
        let store = self.store().clone();
        let mut gathered = blocking(move || read(&store, &found)).await??;
        gathered.missed.extend(missed);
        Ok(gathered)
    }

    /// Brings what may be a signature into the store, and keeps its name there, so that it
    /// is found without the registry. None when it is not there.
    pub(crate) async fn fetched(&self, reference: &Reference) -> Result<Option<Descriptor>, Error> {
        let allowance = Allowance::new(MOST_BYTES);
        self.fetched_within(reference, &allowance).await
    }

    /// The same, where it is only some of what is fetched.
    async fn fetched_within(
        &self,
        reference: &Reference,
        allowance: &Allowance,
    ) -> Result<Option<Descriptor>, Error> {
        allowance.take(0)?;
        // The manifest alone says how much there is.
        let Some(manifest) = self.fetched_manifest(reference).await? else {
            return Ok(None);
        };
        let content = self.stored(&manifest.digest).await?.unwrap_or_default();
        let Ok(Manifest::Image(image)) = Manifest::parse(&content, None) else {
            return Ok(Some(manifest));
        };
        allowance.take(bytes_of(&manifest, &image))?;
        let asked = Asked {
            layers: Some(LAYERS.iter().map(ToString::to_string).collect()),
            is_aside: true,
            ..Asked::whole()
        };
        let exactly = reference.at_digest(manifest.digest.clone());
        let _ = self.pull_asked(&exactly, Access::Read, asked).await?;
        let (store, digest) = (self.store().clone(), manifest.digest.clone());
        let closure = move || store.closure(&digest).and_then(wharf_store::Closure::whole);
        // What lacks a layer can't be carried on, and is no signature besides.
        if blocking(closure).await?.is_ok() {
            self.keep_name(reference.to_string(), &manifest).await?;
        }
        Ok(Some(manifest))
    }

    /// Brings a manifest into the store, and none of its layers. None when it is not there.
    async fn fetched_manifest(&self, reference: &Reference) -> Result<Option<Descriptor>, Error> {
        let asked = Asked {
            layers: Some(Vec::new()),
            is_aside: true,
            ..Asked::whole()
        };
        match self.pull_asked(reference, Access::Read, asked).await {
            Ok(Report { manifest, .. }) => Ok(Some(manifest)),
            Err(Error::NotFound(exchange)) if exchange.url.contains("/manifests/") => {
                if reference.digest.is_some() {
                    self.tell(Event::Note(format!(
                        "{reference} is said to refer to something and is not there"
                    )));
                }
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }
}

/// How many bytes a manifest has together with what is fetched with it.
fn bytes_of(manifest: &Descriptor, image: &Image) -> u64 {
    let mut seen = BTreeSet::new();
    let layers = image.layers.iter().filter(|layer| is_wanted(layer));
    layers
        .chain([&image.config])
        .filter(|blob| blob.size <= SMALL_BYTES && seen.insert(&blob.digest))
        .fold(manifest.size, |all, blob| all.saturating_add(blob.size))
}

/// Whether a layer may be a signature.
fn is_wanted(layer: &Descriptor) -> bool {
    LAYERS.contains(&media_type::essence(&layer.media_type).as_str())
}

/// Whether what is listed may be a signature, as far as the list says what it is.
fn may_be_signature(referrer: &Referrer) -> bool {
    let mut keys = referrer.annotations.iter();
    keys.any(|(key, _)| key.starts_with(BUNDLE_ANNOTATION))
        || referrer.artifact_type.as_deref().is_none_or(|kind| {
            kind.is_empty()
                || kind.starts_with(BUNDLE)
                || kind.starts_with(COSIGN)
                || UNSAID.contains(&kind)
        })
}

/// Manifests of the store, each once, with those of their layers that may be signatures.
/// What is no manifest, or is damaged, is left out, since it can't be evidence.
fn read(store: &Store, manifests: &[Digest]) -> Result<Gathered, Error> {
    let mut gathered = Gathered::default();
    let mut seen = BTreeSet::new();
    let mut bytes = 0;
    for digest in manifests {
        if !seen.insert(digest.clone()) {
            continue;
        }
        let Some(content) = store.get(digest)? else {
            continue;
        };
        let Ok(Manifest::Image(image)) = Manifest::parse(&content, None) else {
            continue;
        };
        bytes += content.len();
        let mut layers: Vec<(String, Vec<u8>)> = Vec::new();
        if image.layers.iter().skip(MOST_LAYERS).any(is_wanted) {
            gathered.missed.push(Error::LimitExceeded(format!(
                "{digest} has {} signatures, and only the first {MOST_LAYERS} are looked at",
                image.layers.len()
            )));
        }
        for layer in image.layers.iter().take(MOST_LAYERS) {
            let is_known = layers
                .iter()
                .any(|(known, _)| *known == layer.digest.as_str());
            if !is_wanted(layer) || is_known {
                continue;
            }
            if layer.size > SMALL_BYTES {
                gathered.missed.push(Error::LimitExceeded(format!(
                    "the signature {} has {} bytes, and at most {SMALL_BYTES} are looked at",
                    layer.digest, layer.size
                )));
                continue;
            }
            if let Some(content) = store.get(&layer.digest)? {
                bytes += content.len();
                layers.push((layer.digest.to_string(), content));
            }
            if bytes > MOST_BYTES {
                break;
            }
        }
        if bytes > MOST_BYTES {
            gathered.missed.push(Error::LimitExceeded(format!(
                "the signatures have more than {MOST_BYTES} bytes, and the rest is not looked at"
            )));
            break;
        }
        gathered
            .evidence
            .push(Evidence::Manifest(SignatureManifest {
                digest: digest.to_string(),
                content,
                layers,
            }));
    }
    Ok(gathered)
}
