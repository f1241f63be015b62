//! The media types that the protocol itself knows.

use alloc::borrow::ToOwned as _;
use alloc::string::String;

/// An OCI image manifest (image-spec v1.1.1, "manifest.md").
pub const IMAGE_MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";

/// An OCI image index (image-spec v1.1.1, "image-index.md").
pub const IMAGE_INDEX: &str = "application/vnd.oci.image.index.v1+json";

/// Docker's manifest, schema 2: the same shape as an image manifest.
pub const DOCKER_MANIFEST: &str = "application/vnd.docker.distribution.manifest.v2+json";

/// Docker's manifest list: the same shape as an image index.
pub const DOCKER_LIST: &str = "application/vnd.docker.distribution.manifest.list.v2+json";

/// What an image manifest may be served as.
pub const MANIFESTS: [&str; 2] = [IMAGE_MANIFEST, DOCKER_MANIFEST];

/// What an index may be served as.
pub const INDEXES: [&str; 2] = [IMAGE_INDEX, DOCKER_LIST];

/// What a client that takes every kind of manifest sends as `Accept`.
pub const ACCEPT_MANIFESTS: &str = "application/vnd.oci.image.manifest.v1+json, \
     application/vnd.oci.image.index.v1+json, \
     application/vnd.docker.distribution.manifest.v2+json, \
     application/vnd.docker.distribution.manifest.list.v2+json";

/// A media type without its parameters, in lower case: what comparisons want.
#[must_use]
pub fn essence(media_type: &str) -> String {
    let bare = media_type.split(';').next().unwrap_or_default();
    bare.trim().to_ascii_lowercase()
}

/// Whether a media type says that content is a list of manifests.
#[must_use]
pub fn is_index(media_type: &str) -> bool {
    let essence = essence(media_type);
    essence == IMAGE_INDEX || essence == DOCKER_LIST
}

/// The media type that a manifest says itself, or else Docker's if it was served as
/// that, or else OCI's.
pub(crate) fn own_or_served(
    own: Option<&str>,
    served_as: Option<&str>,
    docker: &str,
    oci: &str,
) -> String {
    match (own, served_as) {
        (Some(own), _) => own,
        (None, Some(served)) if essence(served) == docker => docker,
        _ => oci,
    }
    .to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn parameters_and_case_do_not_matter() {
        assert_eq!(essence(" Text/HTML ; charset=utf-8"), "text/html");
        assert!(is_index("application/vnd.OCI.image.index.v1+json;x"));
        assert!(!is_index(IMAGE_MANIFEST));
        assert!(!is_index(""));
    }

    proptest! {
        #[test]
        fn an_essence_is_its_own(text in ".{0,60}") {
            let bare = essence(&text);
            prop_assert_eq!(essence(&bare), bare.clone());
            prop_assert_eq!(is_index(&bare), is_index(&text));
        }
    }
}
