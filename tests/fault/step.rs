//! Requests, named by what they ask for.

use std::collections::HashMap;

use wharf_tests::proxy::Exchange;

/// What a request asks for, by its address: the same in every run.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Step {
    /// Which server it is for.
    pub(crate) door: Door,
    pub(crate) kind: Kind,
    /// Whether it carried no credential and no token, where one is asked for.
    pub(crate) anonymous: bool,
    /// The digest that it is about, if it is about one.
    pub(crate) subject: String,
    /// Which of those with the same address it is, counted from 1.
    pub(crate) nth: usize,
}

/// The servers of a stage that a script has a say at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Door {
    /// The registry that wants tokens.
    Front,
    /// The token server.
    Realm,
    /// A registry that lists referrers, and lets anyone do anything.
    Lists,
    /// A registry that tells what an upload holds that was cut, for anyone.
    Newer,
    /// A registry that wants a user name and a password.
    Passwords,
}

/// The kinds of requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Kind {
    Probe,
    Token,
    ManifestHead,
    ManifestGet,
    ManifestPut,
    BlobHead,
    BlobGet,
    BlobRange,
    /// Asks to take a blob over from another repository.
    Mount,
    /// Begins an upload and brings the blob.
    StartWhole,
    Start,
    UploadPut,
    UploadState,
    UploadPatch,
    UploadCancel,
    /// Asks the registry for referrers.
    Referrers,
    /// Fetches the list of referrers that is under a tag.
    ListGet,
    ListPut,
    Tags,
    ManifestDelete,
    Other,
}

impl Step {
    /// What is asked for at a server; `seen` counts what was asked for before.
    pub(crate) fn of(exchange: &Exchange, door: Door, seen: &mut HashMap<Self, usize>) -> Self {
        let kind = Kind::of(exchange);
        let target = exchange
            .target
            .replace("%3A", ":")
            .replace("sha256-", "sha256:");
        let digest = target.find("sha256:").map_or("", |at| &target[at..]);
        // Which blob is the first to be sent with its start is a matter of luck.
        let lucky = matches!(kind, Kind::Start | Kind::StartWhole | Kind::Other);
        let mut step = Self {
            door,
            kind,
            anonymous: door.asks() && !exchange.authorized,
            subject: if lucky {
                String::new()
            } else {
                digest.chars().take(DIGEST_CHARS).collect()
            },
            nth: 0,
        };
        let count = seen.entry(step.clone()).or_default();
        *count += 1;
        step.nth = *count;
        step
    }

    /// Whether it is a request to find out who is wanted, and by whom: the same at the
    /// beginning of every command.
    pub(crate) fn is_on_the_way_in(&self) -> bool {
        self.anonymous || self.kind == Kind::Token
    }
}

impl Door {
    /// All of them.
    pub(crate) const ALL: [Self; 5] = [
        Self::Front,
        Self::Realm,
        Self::Lists,
        Self::Newer,
        Self::Passwords,
    ];

    /// Whether it asks who is there.
    fn asks(self) -> bool {
        matches!(self, Self::Front | Self::Passwords)
    }
}

impl Kind {
    /// Whether it reads what the registry has, and may be redirected.
    pub(crate) fn reads(self) -> bool {
        matches!(
            self,
            Self::ManifestHead
                | Self::ManifestGet
                | Self::BlobHead
                | Self::BlobGet
                | Self::BlobRange
                | Self::Referrers
                | Self::ListGet
                | Self::Tags
        )
    }

    /// Whether it is only tried, and what it is for is done in another way when it
    /// fails: what a registry refuses in one request is done the usual way in two, and
    /// what it does not take over is sent.
    pub(crate) fn is_an_attempt(self) -> bool {
        matches!(self, Self::StartWhole | Self::Mount)
    }

    fn of(exchange: &Exchange) -> Self {
        let (path, query) = exchange
            .target
            .split_once('?')
            .unwrap_or((&exchange.target, ""));
        let part = |part: &str| path.contains(part);
        match exchange.method.as_str() {
            _ if path == "/token" => Self::Token,
            "GET" if path == "/v2/" => Self::Probe,
            "GET" if part("/manifests/sha256-") => Self::ListGet,
            "PUT" if part("/manifests/sha256-") => Self::ListPut,
            "GET" if part("/referrers/") => Self::Referrers,
            "GET" if path.ends_with("/tags/list") => Self::Tags,
            "DELETE" if part("/manifests/") => Self::ManifestDelete,
            "HEAD" if part("/manifests/") => Self::ManifestHead,
            "GET" if part("/manifests/") => Self::ManifestGet,
            "PUT" if part("/manifests/") => Self::ManifestPut,
            "POST" if part("/blobs/uploads/") && query.contains("mount=") => Self::Mount,
            "POST" if part("/blobs/uploads/") && query.contains("digest=") => Self::StartWhole,
            "POST" if part("/blobs/uploads/") => Self::Start,
            "GET" if part("/blobs/uploads/") => Self::UploadState,
            "PUT" if part("/blobs/uploads/") => Self::UploadPut,
            "PATCH" if part("/blobs/uploads/") => Self::UploadPatch,
            "DELETE" if part("/blobs/uploads/") => Self::UploadCancel,
            "HEAD" if part("/blobs/sha256:") => Self::BlobHead,
            "GET" if part("/blobs/sha256:") && exchange.header("range").is_some() => {
                Self::BlobRange
            }
            "GET" if part("/blobs/sha256:") => Self::BlobGet,
            _ => Self::Other,
        }
    }
}

/// `sha256:` and hexadecimal.
const DIGEST_CHARS: usize = 7 + 64;
