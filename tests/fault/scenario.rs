//! What is done while something goes wrong.

use wharf_tests::proxy::{Exchange, Fate};

use crate::step::{Door, Kind, Step};
use crate::world::{INVENTORIED, OLDER, SMALL};

/// A command, in a certain situation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Scenario {
    /// `wharf registry login`.
    Login,
    /// The same at a registry that wants a password with every request.
    LoginBasic,
    /// `wharf registry push` to a tag that another application has.
    Push,
    /// The same, to a registry that has all of it.
    PushAgain,
    /// The same, but the largest blob is cut off, and the rest goes in a part of its own.
    PushInParts,
    /// The same of an application that is there, and of what refers to it, which is
    /// not: its place is in a list under a tag, with something else in it.
    PushReferrers,
    /// `wharf registry pull` into an empty store.
    Pull,
    /// The same, into a store that has all of it.
    PullAgain,
    /// The same, but the largest blob comes in two parts.
    PullInParts,
    /// `wharf registry pull --referrers` of an application that the store has.
    PullReferrers,
    /// `wharf registry copy` from one repository of the registry to another, to a tag
    /// that another application has. The registry mounts what it can.
    Copy,
    /// The same, but the registry takes nothing over.
    CopyBytes,
    /// `wharf registry referrers` where they are listed under a tag.
    Referrers,
    /// The same where the registry lists them.
    ReferrersListed,
    /// `wharf registry tags`.
    Tags,
    /// `wharf registry resolve`.
    Resolve,
    /// `wharf registry inspect`.
    Inspect,
    /// `wharf registry save` of an application and what refers to it.
    Save,
    /// `wharf registry tag`.
    Tag,
    /// `wharf registry delete` of what refers to the application.
    Delete,
    /// The same of a tag alone, which not every registry can do.
    DeleteTag,
}

impl Scenario {
    /// All of them.
    pub(crate) const ALL: [Self; 21] = [
        Self::Login,
        Self::LoginBasic,
        Self::Push,
        Self::PushAgain,
        Self::PushInParts,
        Self::PushReferrers,
        Self::Pull,
        Self::PullAgain,
        Self::PullInParts,
        Self::PullReferrers,
        Self::Copy,
        Self::CopyBytes,
        Self::Referrers,
        Self::ReferrersListed,
        Self::Tags,
        Self::Resolve,
        Self::Inspect,
        Self::Save,
        Self::Tag,
        Self::Delete,
        Self::DeleteTag,
    ];

    /// The server that it is about.
    pub(crate) fn door(self) -> Door {
        match self {
            Self::LoginBasic => Door::Passwords,
            Self::PushInParts | Self::DeleteTag => Door::Newer,
            Self::ReferrersListed => Door::Lists,
            _ => Door::Front,
        }
    }

    /// The repository whose content that of the scenario has at first, when it is
    /// changed.
    pub(crate) fn based_on(self) -> Option<&'static str> {
        match self {
            Self::Push | Self::PushInParts | Self::Copy | Self::CopyBytes => Some(OLDER),
            Self::PushReferrers => Some(INVENTORIED),
            Self::PushAgain | Self::Tag | Self::Delete | Self::DeleteTag => Some(SMALL),
            _ => None,
        }
    }

    /// Whether it asks a login of a user.
    pub(crate) fn logs_in(self) -> bool {
        matches!(self, Self::Login | Self::LoginBasic)
    }

    /// Whether it replaces another application under its tag.
    pub(crate) fn replaces(self) -> bool {
        self.based_on() == Some(OLDER)
    }

    /// Whether it brings content to the registry, or a tag.
    pub(crate) fn sends(self) -> bool {
        self.replaces() || matches!(self, Self::PushAgain | Self::PushReferrers | Self::Tag)
    }

    /// Whether it deletes something.
    pub(crate) fn deletes(self) -> bool {
        matches!(self, Self::Delete | Self::DeleteTag)
    }

    /// Whether it only asks, and leaves nothing behind that another attempt could
    /// stumble over.
    pub(crate) fn only_asks(self) -> bool {
        matches!(
            self,
            Self::Referrers | Self::ReferrersListed | Self::Tags | Self::Resolve
        )
    }

    /// Whether a request is what it is about. The others are in another scenario, as
    /// they are here.
    pub(crate) fn is_about(self, step: &Step, largest: &str) -> bool {
        match self {
            Self::PullInParts => {
                step.kind == Kind::BlobRange
                    || (step.kind == Kind::BlobGet && step.subject == largest)
            }
            Self::PushInParts => {
                matches!(step.kind, Kind::UploadState | Kind::UploadPatch)
                    || (step.kind == Kind::UploadPut && step.subject == largest)
            }
            Self::CopyBytes => matches!(
                step.kind,
                Kind::Mount
                    | Kind::BlobGet
                    | Kind::Start
                    | Kind::StartWhole
                    | Kind::UploadPut
                    | Kind::UploadCancel
            ),
            _ => true,
        }
    }

    /// What becomes of one of its requests: what a fault does to it, and what happens
    /// in this scenario also without one.
    pub(crate) fn fate(
        self,
        step: &Step,
        exchange: &Exchange,
        largest: &str,
        fault: Option<Fate>,
    ) -> Option<Fate> {
        if self == Self::CopyBytes && step.kind == Kind::Mount {
            let (path, _) = exchange.target.split_once('?')?;
            let fate = fault.unwrap_or(Fate::Forward);
            return Some(Fate::At(path.to_owned(), Box::new(fate)));
        }
        let is_first = step.subject == largest && step.nth == 1;
        fault.or_else(|| match (self, step.kind) {
            (Self::PullInParts, Kind::BlobGet) if is_first => Some(Fate::CutAnswer(PART)),
            (Self::PushInParts, Kind::UploadPut) if is_first => Some(Fate::CutRequest(PART)),
            _ => None,
        })
    }
}

/// How much of the largest blob comes in the first part, in bytes.
const PART: u64 = 20_000;
