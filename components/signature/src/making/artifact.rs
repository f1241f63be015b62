//! The artifact of a bundle.

use jiff::Timestamp;
use wharf_oci::{Descriptor, media_type};

use super::Artifact;
use crate::Error;
use crate::bundle::{Bundle, Content, V0_3};
use crate::encoding::digest;
use crate::json::{Json, quoted};
use crate::statement::Statement;

/// The media type of a config that says nothing (image-spec v1.1.1, "Guidance for an Empty
/// Descriptor").
const EMPTY: &str = "application/vnd.oci.empty.v1+json";

/// Version 0.3 in an older way.
const V0_3_BEFORE: &str = "application/vnd.dev.sigstore.bundle+json;version=0.3";

/// The artifact of a bundle, which refers to the manifest. `created` is in seconds since
/// 1970-01-01T00:00:00Z. Fails with [`Error::InvalidInput`] when the bundle is none, or is
/// about something else.
pub fn bundle_artifact(
    subject: &Descriptor,
    bundle: &[u8],
    created: Option<u64>,
) -> Result<Artifact, Error> {
    let refused =
        |reason: String| Error::InvalidInput(format!("the bundle can't be attached: {reason}"));
    let read = Bundle::parse(bundle).map_err(refused)?;
    if read.media_type != V0_3 && read.media_type != V0_3_BEFORE {
        return Err(refused(
            "it is of a version before 0.3, which cosign does not read from a registry".to_owned(),
        ));
    }
    let Content::Statement(envelope) = read.content else {
        return Err(refused(
            "it is the signature of a file, and says nothing of a manifest".to_owned(),
        ));
    };
    let statement = Statement::parse(&envelope.payload).map_err(refused)?;
    if statement.about(&subject.digest).is_none() {
        let other = statement.first().map_or_else(
            || "nothing".to_owned(),
            |hex| quoted(&format!("sha256:{hex}")),
        );
        return Err(refused(format!(
            "it is about {other}, and not about {}",
            subject.digest
        )));
    }
    let mut annotations = vec![
        (
            "dev.sigstore.bundle.content".to_owned(),
            "dsse-envelope".to_owned(),
        ),
        (
            "dev.sigstore.bundle.predicateType".to_owned(),
            statement.predicate,
        ),
    ];
    if let Some(created) = created {
        let time = i64::try_from(created)
            .ok()
            .and_then(|seconds| Timestamp::from_second(seconds).ok());
        let time = time.ok_or_else(|| Error::InvalidInput(format!("{created} is not a time")))?;
        annotations.push((
            "org.opencontainers.image.created".to_owned(),
            time.to_string(),
        ));
    }
    let config = b"{}".to_vec();
    let manifest = Json::object([
        ("schemaVersion", Json::Number(2.into())),
        ("mediaType", media_type::IMAGE_MANIFEST.into()),
        ("artifactType", V0_3.into()),
        ("config", descriptor(EMPTY, &config)),
        ("layers", Json::List(vec![descriptor(V0_3, bundle)])),
        (
            "subject",
            Json::object([
                ("mediaType", subject.media_type.as_str().into()),
                ("digest", subject.digest.as_str().into()),
                ("size", Json::Number(subject.size.into())),
            ]),
        ),
        ("annotations", Json::texts(&annotations)),
    ]);
    Ok(Artifact {
        media_type: media_type::IMAGE_MANIFEST.to_owned(),
        manifest: manifest.written(),
        blobs: vec![config, bundle.to_vec()],
    })
}

/// The descriptor of content.
pub(super) fn descriptor(media_type: &str, content: &[u8]) -> Json {
    Json::object([
        ("mediaType", media_type.into()),
        ("digest", digest(content).as_str().into()),
        ("size", Json::Number((content.len() as u64).into())),
    ])
}
