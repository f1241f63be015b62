//! What the lines tell.

use http::Method;
use serde::Serialize;
use wharf_oci::request::{ManifestName, Mount, Operation, Request};
use wharf_oci::{Url, percent};

use crate::capability::grant::Purpose;
use crate::policy::Violation;

/// What a line tells.
#[derive(Serialize)]
#[serde(tag = "event", rename_all = "kebab-case")]
pub(crate) enum Event<'a> {
    /// The audit begins.
    Start {
        schema: u32,
        version: &'static str,
        policies: Vec<&'a str>,
    },
    /// A component is called.
    Call {
        capability: &'static str,
        #[serde(flatten)]
        decision: Decision<'a>,
        operation: &'a str,
        subject: &'a str,
        #[serde(skip_serializing_if = "Option::is_none")]
        mirror_of: Option<String>,
    },
    /// A request is to be sent.
    Request {
        id: u64,
        capability: &'static str,
        #[serde(flatten)]
        decision: Decision<'a>,
        #[serde(flatten)]
        sent: Sent,
    },
    /// What became of a request that was granted.
    Response {
        id: u64,
        #[serde(skip_serializing_if = "Option::is_none")]
        status: Option<u16>,
        #[serde(skip_serializing_if = "Option::is_none")]
        error: Option<&'a str>,
        bytes_out: u64,
        bytes_in: u64,
        ms: u64,
    },
    /// A credential is asked for.
    Credential {
        capability: &'static str,
        #[serde(flatten)]
        decision: Decision<'a>,
        registry: &'a str,
        #[serde(skip_serializing_if = "Option::is_none")]
        repository: Option<&'a str>,
        #[serde(skip_serializing_if = "Option::is_none")]
        source: Option<&'a str>,
    },
    /// The content store is to be changed.
    Store {
        capability: &'static str,
        #[serde(flatten)]
        decision: Decision<'a>,
        action: &'static str,
        #[serde(skip_serializing_if = "Option::is_none")]
        digest: Option<&'a str>,
        #[serde(skip_serializing_if = "Option::is_none")]
        bytes: Option<u64>,
        #[serde(skip_serializing_if = "Option::is_none")]
        name: Option<&'a str>,
    },
    /// Content was verified, as a rule requires, or could not be.
    Trust {
        capability: &'static str,
        #[serde(flatten)]
        decision: Decision<'a>,
        subject: &'a str,
        required_by: &'a str,
        verified: bool,
    },
    /// A bound was reached, and the call ended.
    Limit { reason: &'a str },
}

/// Whether something was granted and, if not, why.
#[derive(Serialize)]
pub(crate) struct Decision<'a> {
    #[serde(rename = "decision")]
    word: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    rule: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    policy: Option<&'a str>,
}

/// What became of a requirement.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Standing<'a> {
    /// It is met.
    Trusted,
    /// It is not, and the content is not used. With the reason.
    Refused(&'a str),
    /// It is not, and is meant as a warning.
    Warned(&'a str),
    /// It is not, and the user has set it aside.
    SetAside(&'a str),
}

impl<'a> Standing<'a> {
    pub(crate) fn told(self, subject: &'a str, required_by: &'a str) -> Event<'a> {
        let decision = match self {
            Self::Trusted => Decision::GRANTED,
            Self::Refused(reason) => Decision::refused(reason),
            Self::Warned(reason) | Self::SetAside(reason) => Decision {
                reason: Some(reason),
                ..Decision::GRANTED
            },
        };
        Event::Trust {
            capability: match self {
                Self::SetAside(_) => "allow-unverified",
                _ => "use",
            },
            decision,
            subject,
            required_by,
            verified: matches!(self, Self::Trusted),
        }
    }
}

/// Why something was refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// By the sandbox.
    Sandbox(String),
    /// By a policy.
    Policy(Violation),
}

impl Decision<'static> {
    pub(crate) const GRANTED: Self = Decision {
        word: "granted",
        reason: None,
        rule: None,
        policy: None,
    };
}

impl<'a> Decision<'a> {
    pub(crate) fn refused(reason: &'a str) -> Self {
        Self {
            word: "refused",
            reason: Some(reason),
            rule: None,
            policy: None,
        }
    }

    /// Granted, or why not.
    pub(crate) fn of<T>(outcome: &'a Result<T, Refusal>) -> Self {
        match outcome {
            Ok(_) => Decision::GRANTED,
            Err(Refusal::Sandbox(reason)) => Self::refused(reason),
            Err(Refusal::Policy(violation)) => Self {
                rule: Some(violation.rule),
                policy: Some(&violation.place),
                ..Self::refused(&violation.why)
            },
        }
    }
}

/// A request, as far as it may be told.
#[derive(Debug, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Sent {
    #[serde(skip_serializing_if = "Option::is_none")]
    purpose: Option<&'static str>,
    method: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    origin: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    path: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    operation: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    repository: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reference: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    mount_from: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    digest: Option<String>,
}

/// What stands in the place of what is not told.
const HIDDEN: &str = "…";

impl Sent {
    /// A request to an address that is none.
    pub(crate) fn nowhere(method: &Method) -> Self {
        Self {
            method: shown(method),
            ..Self::default()
        }
    }

    /// A request. What is not recognised as the protocol's is told with its path only
    /// where an answer led there: else it is a guest's own text, in which anything may be.
    pub(crate) fn of(method: &Method, url: &Url, purpose: Option<Purpose>) -> Self {
        let mut sent = Self {
            method: shown(method),
            origin: Some(url.origin().to_string()),
            purpose: purpose.map(Purpose::as_str),
            ..Self::default()
        };
        let is_registry = matches!(purpose, Some(Purpose::Registry) | None);
        let request = Request::classify(method.as_str(), url.path(), url.query());
        match request.filter(|_| is_registry) {
            Some(request) => sent.recognised(&request, url),
            // A session's address is the right to go on with it.
            None if matches!(purpose, Some(Purpose::ForeignUpload | Purpose::Registry)) => {
                sent.path = Some(HIDDEN.to_owned());
                sent.digest = session_digest(url);
            }
            None if purpose.is_some() => sent.path = Some(url.path().to_owned()),
            None => sent.path = None,
        }
        sent
    }

    fn recognised(&mut self, request: &Request, url: &Url) {
        self.repository = request.repository.as_ref().map(ToString::to_string);
        self.path = Some(url.path().to_owned());
        self.operation = Some(match &request.operation {
            Operation::CheckVersion => "check-version",
            Operation::ReadBlob(digest) => {
                self.digest = Some(digest.to_string());
                "read-blob"
            }
            Operation::ReadManifest(name) => {
                self.named(name);
                "read-manifest"
            }
            Operation::WriteManifest(name) => {
                self.named(name);
                "write-manifest"
            }
            Operation::DeleteManifest(name) => {
                self.named(name);
                "delete-manifest"
            }
            Operation::StartUpload(mount) => match mount {
                None => "start-upload",
                Some(Mount { digest, from }) => {
                    self.digest = Some(digest.to_string());
                    self.mount_from = from.as_ref().map(ToString::to_string);
                    "mount-blob"
                }
            },
            Operation::UploadWhole(digest) => {
                self.digest = Some(digest.to_string());
                "upload-blob"
            }
            Operation::ContinueUpload => {
                let path = url.path();
                let folder = path.rfind('/').map_or("/", |end| &path[..=end]);
                self.path = Some(format!("{folder}{HIDDEN}"));
                self.digest = session_digest(url);
                "continue-upload"
            }
            Operation::ListTags(_) => "list-tags",
            Operation::ListReferrers(digest, _) => {
                self.digest = Some(digest.to_string());
                "list-referrers"
            }
            _ => "other",
        });
    }

    fn named(&mut self, name: &ManifestName) {
        self.reference = Some(name.as_str().to_owned());
        if let ManifestName::Digest(digest) = name {
            self.digest = Some(digest.to_string());
        }
    }

    /// The same without this text, wherever it stands.
    pub(crate) fn without(mut self, secret: Option<&str>) -> Self {
        let Some(secret) = secret else { return self };
        let texts = [
            &mut self.origin,
            &mut self.path,
            &mut self.repository,
            &mut self.reference,
            &mut self.mount_from,
        ];
        for text in texts.into_iter().flatten() {
            if text.contains(secret) {
                *text = text.replace(secret, HIDDEN);
            }
        }
        self
    }
}

/// The methods that there are, and no text of a guest's.
fn shown(method: &Method) -> String {
    let known = [
        Method::GET,
        Method::HEAD,
        Method::POST,
        Method::PUT,
        Method::PATCH,
        Method::DELETE,
        Method::OPTIONS,
        Method::CONNECT,
        Method::TRACE,
    ];
    let known = known.contains(method).then(|| method.to_string());
    known.unwrap_or_else(|| HIDDEN.to_owned())
}

/// The digest that ends an upload session.
fn session_digest(url: &Url) -> Option<String> {
    let pairs = percent::pairs(url.query()?)?;
    let (_, digest) = pairs.into_iter().find(|(name, _)| name == "digest")?;
    digest
        .parse::<wharf_oci::Digest>()
        .ok()
        .map(|digest| digest.to_string())
}

#[cfg(test)]
mod tests {
    use wharf_oci::request::VERSION_PATH;

    use super::*;

    const DIGEST: &str = "sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a";

    fn sent(method: &Method, rest: &str, purpose: Option<Purpose>) -> Sent {
        let url = format!("https://r.example{rest}").parse().unwrap();
        Sent::of(method, &url, purpose)
    }

    fn api(rest: &str) -> String {
        format!("{VERSION_PATH}{rest}")
    }

    #[test]
    fn what_names_an_upload_session_is_hidden() {
        for address in [
            api(&format!(
                "a/b/blobs/uploads/s3cret?_state=s3cret&digest={DIGEST}"
            )),
            format!("/elsewhere/s3cret?digest={DIGEST}&token=s3cret"),
        ] {
            let told = sent(&Method::PUT, &address, Some(Purpose::Registry));
            assert_eq!(told.digest.as_deref(), Some(DIGEST), "{address}");
            let told = serde_json::to_string(&told).unwrap();
            assert!(!told.contains("s3cret"), "{told}");
        }
        let told = sent(
            &Method::PATCH,
            "/up/s3cret?x=s3cret",
            Some(Purpose::ForeignUpload),
        );
        assert_eq!(told.path.as_deref(), Some(HIDDEN));
    }

    #[test]
    fn queries_are_never_told() {
        for purpose in [Purpose::Token, Purpose::Redirect] {
            let told = sent(&Method::GET, "/blob/x?signature=s3cret", Some(purpose));
            assert_eq!(told.path.as_deref(), Some("/blob/x"));
            let told = serde_json::to_string(&told).unwrap();
            assert!(!told.contains("s3cret"), "{told}");
        }
    }

    #[test]
    fn what_a_guest_made_up_is_not_told() {
        let told = sent(&Method::GET, "/s3cret", None);
        assert_eq!(told.path, None);
        let odd = Method::from_bytes(b"S3CRET").unwrap();
        assert_eq!(sent(&odd, "/", None).method, HIDDEN);
        assert_eq!(Sent::nowhere(&odd).method, HIDDEN);
        let told = sent(&Method::GET, &api("a/manifests/s3cret"), None);
        let told = serde_json::to_string(&told.without(Some("s3cret"))).unwrap();
        assert!(!told.contains("s3cret"), "{told}");
    }

    #[test]
    fn requests_of_the_protocol_are_told_by_what_they_do() {
        let told = sent(
            &Method::GET,
            &api("a/b/manifests/v1"),
            Some(Purpose::Registry),
        );
        assert_eq!(told.operation, Some("read-manifest"));
        assert_eq!(told.repository.as_deref(), Some("a/b"));
        assert_eq!(told.reference.as_deref(), Some("v1"));
        let mount = format!("a/b/blobs/uploads/?mount={DIGEST}&from=c");
        let told = sent(&Method::POST, &api(&mount), Some(Purpose::Registry));
        assert_eq!(told.operation, Some("mount-blob"));
        assert_eq!(told.mount_from.as_deref(), Some("c"));
        assert_eq!(told.digest.as_deref(), Some(DIGEST));
    }
}
