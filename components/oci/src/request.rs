//! The requests of the protocol: how they are written, and what a written one
//! asks for.
//!
//! [`Operation::path`] and [`Request::classify`] are each other's inverse, and
//! both are here so that they stay so. The client writes with the first; the
//! host recognises with the second what it is about to let through, and refuses
//! what it can't recognise.

use alloc::borrow::ToOwned as _;
use alloc::format;
use alloc::string::{String, ToString as _};
use alloc::vec::Vec;

use crate::percent;
use crate::{Digest, Repository, Tag};

/// One request of the protocol, recognised.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// Which repository it concerns; none for the version check.
    pub repository: Option<Repository>,
    /// What it asks for.
    pub operation: Operation,
}

/// What a request asks for (distribution-spec v1.1.1, "Endpoints").
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Operation {
    /// Is this a registry, and who may use it (end-1)?
    CheckVersion,
    /// Fetch or look at a blob (end-2).
    ReadBlob(Digest),
    /// Fetch or look at a manifest (end-3).
    ReadManifest(ManifestName),
    /// Begin to upload a blob (end-4a), or mount one from another repository (end-11).
    StartUpload(Option<Mount>),
    /// Upload a blob with a single request (end-4b).
    UploadWhole(Digest),
    /// Send bytes to an upload session, ask for its state, end or cancel it
    /// (end-5, end-6, end-13).
    ContinueUpload,
    /// Store a manifest (end-7).
    WriteManifest(ManifestName),
    /// List the tags, from the first or from a later one on (end-8). Further pages
    /// are where the answer's `Link` says.
    ListTags(TagPage),
    /// Remove a tag, or a manifest and all tags that lead to it (end-9).
    DeleteManifest(ManifestName),
    /// List the manifests that refer to one (end-12). Further pages are where the
    /// answer's `Link` says.
    ListReferrers(Digest, Option<String>),
}

/// Which tags are listed.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TagPage {
    /// At most how many.
    pub most: Option<u32>,
    /// Those after this one.
    pub last: Option<Tag>,
}

/// What a manifest is asked for by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ManifestName {
    /// By its tag, which may lead elsewhere tomorrow.
    Tag(Tag),
    /// By its digest.
    Digest(Digest),
}

/// A blob that is to be taken over from another repository of the same registry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mount {
    /// The blob.
    pub digest: Digest,
    /// Where it is known to be.
    pub from: Option<Repository>,
}

impl ManifestName {
    /// The name as it stands in a path.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::Tag(tag) => tag.as_str(),
            Self::Digest(digest) => digest.as_str(),
        }
    }

    /// A name that was taken from a path.
    fn parse(text: &str) -> Option<Self> {
        // A tag has no colon and a digest has one.
        if text.contains(':') {
            text.parse().ok().map(Self::Digest)
        } else {
            text.parse().ok().map(Self::Tag)
        }
    }
}

/// The version check's path.
pub const VERSION_PATH: &str = "/v2/";

impl Operation {
    /// The path and query of the request for this operation. None for
    /// [`Operation::ContinueUpload`], whose address the registry gives.
    #[must_use]
    pub fn path(&self, repository: &Repository) -> Option<String> {
        Some(match self {
            Self::CheckVersion => VERSION_PATH.to_owned(),
            Self::ReadBlob(digest) => format!("{VERSION_PATH}{repository}/blobs/{digest}"),
            Self::ReadManifest(name) | Self::WriteManifest(name) | Self::DeleteManifest(name) => {
                format!("{VERSION_PATH}{repository}/manifests/{}", name.as_str())
            }
            Self::StartUpload(None) => format!("{VERSION_PATH}{repository}/blobs/uploads/"),
            Self::UploadWhole(digest) => format!(
                "{VERSION_PATH}{repository}/blobs/uploads/?digest={}",
                percent::encode(digest.as_str())
            ),
            Self::StartUpload(Some(Mount { digest, from })) => {
                let mount = format!(
                    "{VERSION_PATH}{repository}/blobs/uploads/?mount={}",
                    percent::encode(digest.as_str())
                );
                match from {
                    Some(from) => format!("{mount}&from={}", percent::encode(from.as_str())),
                    None => mount,
                }
            }
            Self::ContinueUpload => return None,
            Self::ListTags(TagPage { most, last }) => {
                let mut path = format!("{VERSION_PATH}{repository}/tags/list");
                if let Some(most) = most {
                    path += "?n=";
                    path += &most.to_string();
                }
                if let Some(last) = last {
                    path += if most.is_some() { "&last=" } else { "?last=" };
                    path += &percent::encode(last.as_str());
                }
                path
            }
            Self::ListReferrers(digest, artifact_type) => {
                let path = format!("{VERSION_PATH}{repository}/referrers/{digest}");
                match artifact_type {
                    Some(kind) => format!("{path}?artifactType={}", percent::encode(kind)),
                    None => path,
                }
            }
        })
    }

    /// Whether it may change what the registry holds.
    #[must_use]
    pub fn writes(&self) -> bool {
        match self {
            Self::CheckVersion
            | Self::ReadBlob(_)
            | Self::ReadManifest(_)
            | Self::ListTags(_)
            | Self::ListReferrers(..) => false,
            Self::StartUpload(_)
            | Self::UploadWhole(_)
            | Self::ContinueUpload
            | Self::WriteManifest(_)
            | Self::DeleteManifest(_) => true,
        }
    }
}

impl Request {
    /// What a request with this method, path and query asks a registry for, or
    /// none when it is no request of the protocol. Strict: no escapes in the path,
    /// no query where none belongs.
    #[must_use]
    pub fn classify(method: &str, path: &str, query: Option<&str>) -> Option<Self> {
        let rest = path.strip_prefix(VERSION_PATH)?;
        let reads = matches!(method, "GET" | "HEAD");
        if rest.is_empty() {
            return (reads && query.is_none()).then_some(Self {
                repository: None,
                operation: Operation::CheckVersion,
            });
        }
        // Repositories may have parts named `blobs` or `manifests`, so the path is
        // read from its end; a session's name has no slash in it.
        let upload = rest
            .rsplit_once("/blobs/uploads/")
            .filter(|(_, session)| !session.contains('/'));
        let (repository, operation) = if let Some((repository, session)) = upload {
            (repository, Self::upload(method, session, query)?)
        } else {
            let (rest, last) = rest.rsplit_once('/')?;
            let (repository, kind) = rest.rsplit_once('/')?;
            let operation = match (kind, method) {
                ("blobs", _) if reads => Operation::ReadBlob(last.parse().ok()?),
                ("manifests", _) if reads => Operation::ReadManifest(ManifestName::parse(last)?),
                ("manifests", "PUT") => Operation::WriteManifest(ManifestName::parse(last)?),
                ("manifests", "DELETE") => Operation::DeleteManifest(ManifestName::parse(last)?),
                ("tags", "GET") if last == "list" => Operation::ListTags(TagPage::parse(query)?),
                ("referrers", "GET") => {
                    Operation::ListReferrers(last.parse().ok()?, artifact_types(query)?.pop())
                }
                _ => return None,
            };
            let lists = matches!(
                operation,
                Operation::ListTags(_) | Operation::ListReferrers(..)
            );
            if query.is_some() && !lists {
                return None;
            }
            (repository, operation)
        };
        Some(Self {
            repository: Some(repository.parse().ok()?),
            operation,
        })
    }

    fn upload(method: &str, session: &str, query: Option<&str>) -> Option<Operation> {
        if !session.is_empty() {
            return matches!(method, "GET" | "PATCH" | "PUT" | "DELETE")
                .then_some(Operation::ContinueUpload);
        }
        if method != "POST" {
            return None;
        }
        let mut whole = None;
        let mut mount = None;
        let mut from = None;
        for (name, value) in percent::pairs(query.unwrap_or_default())? {
            match name.as_str() {
                "digest" if whole.is_none() => whole = Some(value.parse().ok()?),
                "mount" if mount.is_none() => mount = Some(value.parse().ok()?),
                "from" if from.is_none() => from = Some(value.parse().ok()?),
                _ => return None,
            }
        }
        match (whole, mount, from) {
            (Some(digest), None, None) => Some(Operation::UploadWhole(digest)),
            (None, Some(digest), from) => {
                Some(Operation::StartUpload(Some(Mount { digest, from })))
            }
            (None, None, None) => Some(Operation::StartUpload(None)),
            _ => None,
        }
    }
}

impl TagPage {
    fn parse(query: Option<&str>) -> Option<Self> {
        let mut page = Self::default();
        for (name, value) in percent::pairs(query.unwrap_or_default())? {
            match name.as_str() {
                "n" if page.most.is_none() => page.most = Some(value.parse().ok()?),
                "last" if page.last.is_none() => page.last = Some(value.parse().ok()?),
                _ => return None,
            }
        }
        Some(page)
    }
}

/// The kinds of artifacts that a list of referrers is filtered by: none, or one. None
/// at all when the query is another one.
fn artifact_types(query: Option<&str>) -> Option<Vec<String>> {
    let pairs = percent::pairs(query.unwrap_or_default())?;
    let is_filter = pairs.len() <= 1 && pairs.iter().all(|(name, _)| name == "artifactType");
    is_filter.then(|| pairs.into_iter().map(|(_, kind)| kind).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const DIGEST: &str = "sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a";

    fn classify(method: &str, address: &str) -> Option<Request> {
        match address.split_once('?') {
            Some((path, query)) => Request::classify(method, path, Some(query)),
            None => Request::classify(method, address, None),
        }
    }

    fn method_of(operation: &Operation) -> &'static str {
        match operation {
            Operation::StartUpload(_) | Operation::UploadWhole(_) => "POST",
            Operation::WriteManifest(_) => "PUT",
            Operation::DeleteManifest(_) => "DELETE",
            _ => "GET",
        }
    }

    #[test]
    fn what_is_written_is_recognised() {
        let digest: Digest = DIGEST.parse().unwrap();
        for repository in [
            "a",
            "library/hello",
            "blobs/manifests/blobs",
            "x/blobs/uploads",
            "tags/list",
            "x/referrers",
        ] {
            let repository: Repository = repository.parse().unwrap();
            for operation in [
                Operation::ReadBlob(digest.clone()),
                Operation::ReadManifest(ManifestName::Digest(digest.clone())),
                Operation::ReadManifest(ManifestName::Tag("v1".parse().unwrap())),
                Operation::WriteManifest(ManifestName::Tag("latest".parse().unwrap())),
                Operation::DeleteManifest(ManifestName::Tag("v1".parse().unwrap())),
                Operation::DeleteManifest(ManifestName::Digest(digest.clone())),
                Operation::ListTags(TagPage::default()),
                Operation::ListTags(TagPage {
                    most: Some(1_000),
                    last: None,
                }),
                Operation::ListTags(TagPage {
                    most: None,
                    last: Some("v1".parse().unwrap()),
                }),
                Operation::ListTags(TagPage {
                    most: Some(2),
                    last: Some("v1".parse().unwrap()),
                }),
                Operation::ListReferrers(digest.clone(), None),
                Operation::ListReferrers(digest.clone(), Some("application/x+y".into())),
                Operation::StartUpload(None),
                Operation::UploadWhole(digest.clone()),
                Operation::StartUpload(Some(Mount {
                    digest: digest.clone(),
                    from: Some("other/app".parse().unwrap()),
                })),
            ] {
                let path = operation.path(&repository).unwrap();
                let request = classify(method_of(&operation), &path);
                let expected = Request {
                    repository: Some(repository.clone()),
                    operation,
                };
                assert_eq!(request, Some(expected), "{path}");
            }
        }
        assert_eq!(
            classify("GET", "/v2/").map(|request| request.operation),
            Some(Operation::CheckVersion)
        );
    }

    #[test]
    fn sessions_are_recognised_by_their_place() {
        for method in ["GET", "PATCH", "PUT", "DELETE"] {
            let request = classify(method, "/v2/a/b/blobs/uploads/123?_state=x&digest=y").unwrap();
            assert_eq!(request.operation, Operation::ContinueUpload);
            assert_eq!(request.repository.unwrap().as_str(), "a/b");
        }
    }

    #[test]
    fn what_is_no_request_of_the_protocol_is_not_recognised() {
        for (method, address) in [
            ("GET", "/"),
            ("GET", "/v2"),
            ("GET", "/v1/"),
            ("POST", "/v2/"),
            ("GET", "/v2/?x=1"),
            ("GET", "/v2/_catalog"),
            ("GET", "/v2/a/blobs/latest"),
            ("GET", "/v2/a/../b/manifests/latest"),
            ("GET", "/v2/a/manifests/%6Catest"),
            ("GET", "/v2/A/manifests/latest"),
            ("GET", "/v2/manifests/latest"),
            ("POST", "/v2/a/manifests/latest"),
            ("DELETE", "/v2/a/manifests/latest?x=1"),
            ("DELETE", "/v2/a/tags/list"),
            ("HEAD", "/v2/a/tags/list"),
            ("GET", "/v2/a/tags/list?n=-1"),
            ("GET", "/v2/a/tags/list?n=1&n=2"),
            ("GET", "/v2/a/tags/list?last=../x"),
            ("GET", "/v2/a/tags/list?leak=secret"),
            ("GET", "/v2/a/tags/other"),
            ("GET", "/v2/a/referrers/latest"),
            (
                "GET",
                "/v2/a/referrers/sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a?leak=secret",
            ),
            ("PATCH", "/v2/a/blobs/uploads/"),
            ("POST", "/v2/a/blobs/uploads/?from=b"),
            ("POST", "/v2/a/blobs/uploads/?mount=x&from=b"),
            ("POST", "/v2/a/blobs/uploads/?leak=secret"),
            ("POST", "/v2/a/blobs/uploads/?digest=x"),
            ("GET", "/v2/a/manifests/latest?leak=secret"),
            ("CONNECT", "/v2/a/manifests/latest"),
        ] {
            assert_eq!(classify(method, address), None, "{method} {address}");
        }
    }

    proptest! {
        #[test]
        fn never_panics(method in "[A-Z]{1,8}", path in "/v2/[ -~]{0,60}", query in proptest::option::of("[ -~]{0,40}")) {
            let _ = Request::classify(&method, &path, query.as_deref());
        }
    }
}
