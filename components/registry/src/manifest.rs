//! Manifests: asked for, fetched, stored, sent.

use alloc::borrow::ToOwned as _;
use alloc::format;
use alloc::string::{String, ToString as _};
use alloc::vec::Vec;

use wharf_oci::manifest::{Image, Manifest};
use wharf_oci::request::{ManifestName, Operation};
use wharf_oci::{Descriptor, Digest, Reference, Repository, limit, media_type};

use crate::bindings::{Error, content_store};
use crate::failure;
use crate::http::{Body, Incoming, Outgoing};
use crate::session::Session;

/// A manifest of the store.
pub(crate) struct Stored {
    /// What it is, with the media type that it is to be served as.
    pub(crate) descriptor: Descriptor,
    /// Its bytes.
    pub(crate) bytes: Vec<u8>,
    /// What is in it.
    pub(crate) image: Image,
}

/// What a reference names within its repository.
pub(crate) fn name(reference: &Reference) -> ManifestName {
    match (&reference.digest, &reference.tag) {
        (Some(digest), _) => ManifestName::Digest(digest.clone()),
        (None, Some(tag)) => ManifestName::Tag(tag.clone()),
        (None, None) => unreachable!("a reference without a digest has a tag"),
    }
}

/// What a name leads to, by HEAD. None when it leads nowhere, or when the registry
/// does not say where without sending the manifest.
pub(crate) async fn look(
    session: &Session,
    repository: &Repository,
    name: &ManifestName,
) -> Result<Option<Descriptor>, Error> {
    let incoming = ask(session, "HEAD", repository, name).await?;
    match incoming.status {
        200 => Ok(described(&incoming)),
        404 => Ok(None),
        _ => Err(failure::answered(incoming).await),
    }
}

/// Fetches a manifest into the store. `expected` is its digest when that is known.
pub(crate) async fn fetch(
    session: &Session,
    repository: &Repository,
    name: &ManifestName,
) -> Result<Stored, Error> {
    let get = async || {
        let incoming = ask(session, "GET", repository, name).await?;
        if incoming.status != 200 {
            return Err(failure::answered(incoming).await);
        }
        Ok(incoming)
    };
    let told = |incoming: &Incoming| {
        let served_as = incoming.header("content-type");
        let digest = incoming.header("docker-content-digest");
        (incoming.url.clone(), served_as, digest)
    };
    let answer = session.wire.whole(limit::MANIFEST_BYTES, get, told).await?;
    let ((url, served_as, digest), bytes) = answer;
    let promised = match name {
        ManifestName::Digest(digest) => Some(digest.clone()),
        ManifestName::Tag(_) => digest.and_then(|text| text.parse().ok()),
    };
    // Parsed before it is stored, so that a web page never gets there.
    let parsed = parse(&bytes, served_as.as_deref())
        .map_err(|why| failure::network("GET", &url, Some(200), &why))?;
    let digest = content_store::put(&bytes, promised.as_ref().map(Digest::as_str))?;
    stored(digest, bytes, parsed, served_as.as_deref())
}

/// A manifest that is in the store already; none when it is not.
pub(crate) async fn find(digest: &Digest) -> Result<Option<Stored>, Error> {
    let Some(bytes) = content_store::get(digest.as_str())? else {
        return Ok(None);
    };
    let parsed = parse(&bytes, None)
        .map_err(|why| Error::InvalidInput(format!("{digest} can't be used: {why}")))?;
    stored(digest.to_string(), bytes, parsed, None).map(Some)
}

/// Stores a manifest at the registry, under a tag or its digest.
pub(crate) async fn send(
    session: &Session,
    repository: &Repository,
    name: &ManifestName,
    manifest: &Stored,
) -> Result<(), Error> {
    let operation = Operation::WriteManifest(name.clone());
    let request = Outgoing::new("PUT", session.url(repository, &operation)?)
        .header("content-type", manifest.descriptor.media_type.clone())
        .body(Body::Bytes(manifest.bytes.clone()));
    let incoming = session.send(request).await?;
    if incoming.status != 201 {
        return Err(failure::answered(incoming).await);
    }
    let digest = manifest.descriptor.digest.as_str();
    match incoming.header("docker-content-digest") {
        Some(stored) if stored != digest => Err(failure::mismatch(
            format!("the manifest that {} stored", incoming.url.redacted()),
            digest,
            &wharf_oci::problem::clean(&stored, 100),
        )),
        _ => Ok(()),
    }
}

async fn ask(
    session: &Session,
    method: &'static str,
    repository: &Repository,
    name: &ManifestName,
) -> Result<Incoming, Error> {
    let operation = Operation::ReadManifest(name.clone());
    let request = Outgoing::new(method, session.url(repository, &operation)?)
        .header("accept", media_type::ACCEPT_MANIFESTS);
    session.read(request).await
}

/// What an answer's headers say of the manifest, when they say it all.
fn described(incoming: &Incoming) -> Option<Descriptor> {
    let digest: Digest = incoming.header("docker-content-digest")?.parse().ok()?;
    let size = incoming.header("content-length")?.parse().ok()?;
    let media_type = media_type::essence(&incoming.header("content-type")?);
    Some(Descriptor::new(media_type, digest, size))
}

fn parse(bytes: &[u8], served_as: Option<&str>) -> Result<Image, String> {
    // Registries that serve a manifest as plain JSON, or as anything, are old and
    // many; what matters is that two answers do not contradict each other.
    let telling = served_as.filter(|text| {
        let essence = media_type::essence(text);
        essence.contains("manifest") || essence.contains("index")
    });
    match Manifest::parse(bytes, telling) {
        Ok(Manifest::Image(image)) => Ok(image),
        Ok(_) => Err(
            "it is an index of several manifests, not one; name the one that is wanted by its digest"
                .to_owned(),
        ),
        Err(error) if served_as.is_some_and(|text| media_type::essence(text) == "text/html") => {
            Err(format!("a web page instead of a manifest ({error})"))
        }
        Err(error) => Err(error.to_string()),
    }
}

fn stored(
    digest: String,
    bytes: Vec<u8>,
    image: Image,
    served_as: Option<&str>,
) -> Result<Stored, Error> {
    let digest = digest
        .parse()
        .map_err(|error: wharf_oci::digest::DigestError| Error::Other(error.to_string()))?;
    let media_type = image.media_type(served_as);
    Ok(Stored {
        descriptor: Descriptor::new(media_type, digest, bytes.len() as u64),
        bytes,
        image,
    })
}
