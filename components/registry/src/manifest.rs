//! Manifests: asked for, fetched, stored, sent.

use alloc::boxed::Box;
use alloc::format;
use alloc::string::{String, ToString as _};
use alloc::vec::Vec;

use wharf_oci::manifest::Manifest;
use wharf_oci::request::{ManifestName, Operation};
use wharf_oci::{Descriptor, Digest, Reference, Repository, media_type};

use crate::bindings::{Error, content_store};
use crate::failure::{self, Fault};
use crate::http::{Body, Outgoing};
use crate::reply::Reply;
use crate::session::Session;

/// A manifest of the store. Behind a pointer, since it goes from hand to hand.
pub(crate) type Stored = Box<Document>;

/// A manifest of the store.
pub(crate) struct Document {
    /// What it is, with the media type that it is to be served as.
    pub(crate) descriptor: Descriptor,
    /// Its bytes.
    pub(crate) bytes: Vec<u8>,
    /// What is in it.
    pub(crate) content: Manifest,
}

impl Document {
    /// Everything that has to be there with the manifest, each once. What an index lists
    /// are manifests, and not of that kind.
    pub(crate) fn blobs(&self) -> Result<Vec<Descriptor>, Fault> {
        let digest = &self.descriptor.digest;
        match &self.content {
            Manifest::Image(image) => image
                .blobs()
                .map_err(|error| failure::manifest(digest.as_str(), &error)),
            _ => Ok(Vec::new()),
        }
    }
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
/// does not say where without sending the manifest: of a digest, it can't be elsewhere.
pub(crate) async fn look(
    session: &Session,
    repository: &Repository,
    name: &ManifestName,
) -> Result<Option<Descriptor>, Fault> {
    let request = request(session, "HEAD", repository, name)?;
    let reply = session.exchange(request, &[200, 404]).await?;
    Ok(if reply.status == 200 {
        described(&reply, name)
    } else {
        None
    })
}

/// Fetches a manifest or an index into the store.
pub(crate) async fn fetch(
    session: &Session,
    repository: &Repository,
    name: &ManifestName,
) -> Result<Stored, Fault> {
    fetch_as(session, repository, name, None).await
}

/// Fetches a manifest of which digest, size and media type are known.
pub(crate) async fn fetch_described(
    session: &Session,
    repository: &Repository,
    expected: &Descriptor,
) -> Result<Stored, Fault> {
    let name = ManifestName::Digest(expected.digest.clone());
    fetch_as(session, repository, &name, Some(expected)).await
}

async fn fetch_as(
    session: &Session,
    repository: &Repository,
    name: &ManifestName,
    expected: Option<&Descriptor>,
) -> Result<Stored, Fault> {
    let request = request(session, "GET", repository, name)?;
    let reply = session.exchange(request, &[200]).await?;
    let promised = match name {
        ManifestName::Digest(digest) => Some(digest.to_string()),
        ManifestName::Tag(_) => promised(&reply),
    };
    let served_as = match expected {
        Some(expected) => Some(&*expected.media_type),
        None => reply.header("content-type"),
    };
    // Parsed before it is stored, so that a web page never gets there.
    let parsed = parse(&reply.body, served_as).map_err(|why| reply.unusable(&why))?;
    let digest = content_store::put(&reply.body, promised.as_deref())?;
    let media_type = parsed.media_type(served_as);
    stored(&digest, reply.body, parsed, media_type, expected)
}

/// The digest that an answer says its manifest has.
pub(crate) fn promised(reply: &Reply) -> Option<String> {
    let header = reply.header("docker-content-digest");
    let digest = header.and_then(|text| text.parse().ok());
    digest.map(|digest: Digest| digest.to_string())
}

/// A manifest that is in the store already; none when it is not.
pub(crate) async fn find(digest: &Digest) -> Result<Option<Stored>, Fault> {
    found(digest, None).await
}

/// A manifest of which digest, size and media type are known and that is in the
/// store already; none when it is not.
pub(crate) async fn find_described(expected: &Descriptor) -> Result<Option<Stored>, Fault> {
    found(&expected.digest, Some(expected)).await
}

async fn found(digest: &Digest, expected: Option<&Descriptor>) -> Result<Option<Stored>, Fault> {
    let Some(bytes) = content_store::get(digest.as_str())? else {
        return Ok(None);
    };
    let described_as = expected.map(|expected| &*expected.media_type);
    let parsed = parse(&bytes, described_as)
        .map_err(|why| Error::InvalidInput(format!("{digest} can't be used: {why}")))?;
    let media_type = parsed.media_type(described_as);
    stored(digest.as_str(), bytes, parsed, media_type, expected).map(Some)
}

/// Stores a manifest at the registry, under a tag or its digest. Tells whether the
/// registry noted what the manifest refers to (distribution-spec v1.1.1, "Pushing
/// Manifests with Subject").
pub(crate) async fn send(
    session: &Session,
    repository: &Repository,
    name: &ManifestName,
    manifest: &Stored,
) -> Result<bool, Fault> {
    let operation = Operation::WriteManifest(name.clone());
    let request = session
        .request("PUT", repository, &operation)?
        .header("content-type", manifest.descriptor.media_type.clone())
        .body(Body::Bytes(manifest.bytes.clone()));
    let reply = session.exchange(request, &[201]).await?;
    let digest = manifest.descriptor.digest.as_str();
    match reply.header("docker-content-digest") {
        Some(stored) if stored != digest => Err(failure::mismatch(
            format!("the manifest that {} stored", reply.url.redacted()),
            digest,
            &wharf_oci::problem::clean(stored, 100),
        )),
        _ => Ok(reply.header("oci-subject").is_some()),
    }
}

/// A request for a manifest.
pub(crate) fn request(
    session: &Session,
    method: &'static str,
    repository: &Repository,
    name: &ManifestName,
) -> Result<Outgoing, Fault> {
    let operation = Operation::ReadManifest(name.clone());
    let request = session.request(method, repository, &operation)?;
    Ok(request.header("accept", media_type::ACCEPT_MANIFESTS))
}

/// What an answer's headers say of the manifest of this name, when they say it all.
fn described(reply: &Reply, name: &ManifestName) -> Option<Descriptor> {
    let digest: Digest = reply.header("docker-content-digest")?.parse().ok()?;
    if matches!(name, ManifestName::Digest(asked) if *asked != digest) {
        return None;
    }
    let size = reply.header("content-length")?.parse().ok()?;
    let media_type = media_type::essence(reply.header("content-type")?);
    Some(Descriptor::new(media_type, digest, size))
}

fn parse(bytes: &[u8], served_as: Option<&str>) -> Result<Manifest, String> {
    // Registries that serve a manifest as plain JSON, or as anything, are old and
    // many; what matters is that two answers do not contradict each other.
    let telling = served_as.filter(|text| {
        let essence = media_type::essence(text);
        // Not `contains`, whose search for texts of any length is a hundredth of the component.
        let has = |word: &[u8]| {
            essence
                .as_bytes()
                .windows(word.len())
                .any(|part| part == word)
        };
        has(b"manifest") || has(b"index")
    });
    match Manifest::parse(bytes, telling) {
        Ok(content) => Ok(content),
        Err(error) if served_as.is_some_and(|text| media_type::essence(text) == "text/html") => {
            Err(format!("a web page instead of a manifest ({error})"))
        }
        Err(error) => Err(error.to_string()),
    }
}

fn stored(
    digest: &str,
    bytes: Vec<u8>,
    content: Manifest,
    media_type: String,
    expected: Option<&Descriptor>,
) -> Result<Stored, Fault> {
    let size = bytes.len() as u64;
    if let Some(expected) = expected
        && expected.size != size
    {
        return Err(failure::mismatch(
            format!("the size of the manifest {digest}"),
            &format!("{} bytes", expected.size),
            &format!("{size} bytes"),
        ));
    }
    let digest = digest
        .parse()
        .map_err(|error: wharf_oci::digest::DigestError| Error::Other(error.to_string()))?;
    Ok(Box::new(Document {
        descriptor: Descriptor::new(media_type, digest, size),
        bytes,
        content,
    }))
}
