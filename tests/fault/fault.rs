//! What can go wrong with one request.

use wharf_tests::proxy::Exchange;

use crate::step::{Door, Kind, Step};
use crate::target::Target;

/// Something that goes wrong with a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// The connection breaks off before the registry sees the request.
    Unheard,
    /// The registry does what it is asked for, and the connection breaks off.
    Unanswered,
    /// The same, in the middle of the answer's headers.
    CutHead,
    /// The connection breaks off after so many bytes of the request's body.
    CutRequest(u64),
    /// The connection breaks off after so many bytes of the answer's body.
    CutAnswer(u64),
    /// Another status is answered; the registry does not see the request.
    Status(u16, With),
    /// The same, when so many bytes of the request's body came.
    Early(u64, u16, With),
    /// A header of the answer has another value, or is missing.
    Header(&'static str, Option<&'static str>),
    /// The answer says that its body is so much longer than it is. A shorter one ends
    /// where the answer says.
    Length(i8),
    /// One bit of the answer's body is wrong.
    Flip,
    /// The range that the request asks for is not noticed.
    NoRange,
    /// The answer is a redirect.
    Redirect(Target),
    /// The answer's `Location` leads somewhere else.
    Location(Target),
    /// The answer says that there is another page.
    NextPage(Target),
    /// After each page there is another one.
    Pages(Pages),
    /// Nothing is answered.
    Silence,
    /// The answer comes slowly.
    Slow,
    /// The answer's headers have no end.
    EndlessHead,
    /// The answer's body has no end.
    EndlessBody,
    /// The token is another than what was asked for.
    Token(Token),
    /// The token that the request carries is good for nothing from now on.
    Revoked,
    /// Whoever is asked for at the registry is never enough.
    Challenges(Challenges),
    /// The registry wants a token of a server elsewhere.
    Realm(Target),
}

/// What a token server gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Token {
    /// A token for nothing.
    Less,
    /// One to read with, whatever was asked for.
    ReadOnly,
    /// One that is said to have expired when it comes.
    Expired,
    /// None, without saying why.
    None,
    /// A web page.
    Page,
}

/// What comes with a status.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum With {
    /// Only an error's body.
    Nothing,
    /// `Retry-After`, in seconds.
    Seconds,
    /// `Retry-After`, as a date.
    Date,
    /// `Retry-After`, longer than anybody waits.
    Later,
    /// The registry's challenge.
    Challenge,
}

/// What is on pages without end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Pages {
    /// Something that was on none before.
    Full,
    /// What was on the first.
    Again,
    /// Nothing.
    Empty,
}

/// What is asked for without end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Challenges {
    /// The same each time.
    Same,
    /// Something else each time.
    Other,
}

/// How long a fault lasts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lasting {
    /// It happens to one request.
    Once,
    /// It happens to one request and to all that come later.
    ForEver,
}

use Lasting::{ForEver, Once};

impl Fault {
    /// All faults that can happen to a request that went like this without any.
    pub(crate) fn all(step: &Step, went: &Exchange) -> Vec<(Self, Lasting)> {
        let mut faults = Vec::new();
        let mut add = |lasting, more: Vec<Self>| {
            faults.extend(more.into_iter().map(|fault| (fault, lasting)));
        };
        add(Once, connection(went));
        add(Once, statuses(went));
        add(Once, answers(step, went));
        add(Once, elsewhere(step, went));
        add(ForEver, breaks(went));
        add(ForEver, lasting(step));
        if step.kind == Kind::Token {
            for lasting in [Once, ForEver] {
                add(lasting, Token::ALL.map(Self::Token).into());
            }
        }
        faults
    }

    /// Words that an error must have when this is the reason for it.
    pub(crate) fn words(self, kind: Kind) -> Vec<&'static str> {
        match self {
            Self::Redirect(target) if target.is_forbidden() && kind.reads() => {
                vec!["may not be reached"]
            }
            Self::Realm(target) if target.is_forbidden() => vec!["may not be reached"],
            Self::Silence => vec!["for too long"],
            Self::Redirect(target)
                if !kind.reads() || matches!(target, Target::Itself | Target::Further) =>
            {
                vec!["307"]
            }
            Self::Flip if matches!(kind, Kind::BlobGet | Kind::BlobRange) => vec!["sha256:"],
            Self::Header("Content-Type", Some(_)) => vec!["was served as"],
            Self::Header("Docker-Content-Digest", Some(wrong)) => vec![wrong],
            Self::Unheard
            | Self::Unanswered
            | Self::CutHead
            | Self::CutRequest(_)
            | Self::CutAnswer(_) => vec!["broke off"],
            // It is about a login then, or about a registry that is not there.
            Self::Status(..) if matches!(kind, Kind::Probe) => vec![],
            Self::Status(status, _) | Self::Early(_, status, _) => vec![said(status)],
            Self::Challenges(_) => vec!["401"],
            Self::Header("Location", _) => vec!["Location"],
            Self::Header("Content-Range", _) => vec!["Content-Range"],
            _ => vec![],
        }
    }
}

impl Token {
    const ALL: [Self; 5] = [
        Self::Less,
        Self::ReadOnly,
        Self::Expired,
        Self::None,
        Self::Page,
    ];
}

/// What the connection does.
fn connection(went: &Exchange) -> Vec<Fault> {
    let mut faults = vec![
        Fault::Unheard,
        Fault::Unanswered,
        Fault::CutHead,
        Fault::Silence,
    ];
    faults.extend(places(went.sent).map(Fault::CutRequest));
    faults.extend(places(went.received).map(Fault::CutAnswer));
    faults
}

/// What it does without end. What brings a few bytes each time comes to an end.
fn breaks(went: &Exchange) -> Vec<Fault> {
    let cuts = |fault: &Fault| !matches!(fault, Fault::CutRequest(1..) | Fault::CutAnswer(1..));
    connection(went).into_iter().filter(cuts).collect()
}

/// Where a body is cut: before its first byte, in the middle, before its last.
fn places(length: u64) -> impl Iterator<Item = u64> {
    let mut places = vec![0, length / 2, length.saturating_sub(1)];
    places.dedup();
    places.into_iter().filter(move |place| *place < length)
}

/// What is answered in place of what was asked for.
fn statuses(went: &Exchange) -> Vec<Fault> {
    let mut faults = vec![Fault::Status(401, With::Challenge)];
    for status in STATUSES {
        // Where the header has a meaning (RFC 9110, 10.2.3), and where it has none.
        for with in [With::Nothing, With::Seconds] {
            faults.push(Fault::Status(status, with));
        }
    }
    for with in [With::Date, With::Later] {
        faults.extend(PASSING.map(|status| Fault::Status(status, with)));
    }
    if went.sent > 1 {
        for (status, with) in [
            (401, With::Challenge),
            (403, With::Nothing),
            (503, With::Nothing),
        ] {
            faults.push(Fault::Early(went.sent / 2, status, with));
        }
    }
    faults
}

/// What is wrong with an answer.
fn answers(step: &Step, went: &Exchange) -> Vec<Fault> {
    let mut faults = vec![
        Fault::Slow,
        Fault::EndlessHead,
        Fault::Length(1),
        Fault::Header("Content-Length", None),
    ];
    if went.received > 0 {
        faults.extend([Fault::Flip, Fault::Length(-1), Fault::EndlessBody]);
    }
    for (name, wrong) in WRONG_HEADERS {
        let is_there = went.has_answered(name);
        if is_there || is_looked_at(name, step.kind) {
            faults.push(Fault::Header(name, Some(wrong)));
        }
        // What is not there can't be left out.
        if is_there && !faults.contains(&Fault::Header(name, None)) {
            faults.push(Fault::Header(name, None));
        }
    }
    if went.header("range").is_some() {
        faults.push(Fault::NoRange);
    }
    faults
}

/// Where the answer leads.
fn elsewhere(step: &Step, went: &Exchange) -> Vec<Fault> {
    let targets = Target::ELSEWHERE;
    let mut faults = targets.map(Fault::Redirect).to_vec();
    faults.push(Fault::Redirect(Target::Itself));
    faults.push(Fault::Redirect(Target::Further));
    if went.has_answered("Location") {
        faults.extend(targets.map(Fault::Location));
        faults.push(Fault::Location(Target::NoSession));
        faults.push(Fault::Location(Target::OtherRepository));
    }
    if lists(step, went) {
        faults.extend(targets.map(Fault::NextPage));
        faults.push(Fault::NextPage(Target::Itself));
    }
    if step.kind != Kind::Token {
        // Whoever the registry names gets the credential, unless it may not be reached
        // or is no token server at all.
        let realms = targets.into_iter().filter(|target| !target.has_the_same());
        faults.extend(realms.map(Fault::Realm));
    }
    faults
}

/// What lasts, apart from connections that break off.
fn lasting(step: &Step) -> Vec<Fault> {
    let mut faults: Vec<Fault> = STATUSES
        .map(|status| Fault::Status(status, With::Nothing))
        .into();
    faults.extend([
        Fault::Status(401, With::Challenge),
        Fault::Status(429, With::Seconds),
        Fault::Status(503, With::Date),
        Fault::Redirect(Target::Itself),
        Fault::Redirect(Target::Further),
    ]);
    if step.kind != Kind::Token {
        faults.push(Fault::Challenges(Challenges::Same));
        faults.push(Fault::Challenges(Challenges::Other));
    }
    if step.door == Door::Front && !step.anonymous {
        faults.push(Fault::Revoked);
    }
    if matches!(step.kind, Kind::Referrers | Kind::Tags) {
        let pages = [Pages::Full, Pages::Again, Pages::Empty];
        faults.extend(pages.map(Fault::Pages));
    }
    faults
}

/// Whether a list was answered that may have another page.
fn lists(step: &Step, went: &Exchange) -> bool {
    matches!(step.kind, Kind::Referrers | Kind::Tags) && went.status == Some(200)
}

/// What servers answer instead of what they should.
const STATUSES: [u16; 8] = [401, 403, 404, 416, 429, 500, 502, 503];

/// Those that pass, by their meaning.
const PASSING: [u16; 4] = [429, 500, 502, 503];

/// A status as it is said.
fn said(status: u16) -> &'static str {
    match status {
        401 => "401",
        403 => "403",
        404 => "404",
        416 => "416",
        429 => "429",
        500 => "500",
        502 => "502",
        503 => "503",
        _ => "",
    }
}

/// Headers of answers, and what they should not be.
const WRONG_HEADERS: [(&str, &str); 15] = [
    ("Location", "http://["),
    ("Content-Length", "-1"),
    ("Content-Length", "9223372036854775807"),
    ("Content-Type", "text/html"),
    ("Content-Type", "application/vnd.oci.image.index.v1+json"),
    ("Docker-Content-Digest", "sha256:zz"),
    ("Docker-Content-Digest", OTHER_DIGEST),
    ("Content-Range", "bytes 1-2/3"),
    ("Content-Range", "nonsense"),
    ("ETag", "\"another\""),
    ("Link", "<"),
    ("OCI-Filters-Applied", "artifactType"),
    ("Range", "0-18446744073709551615"),
    ("Range", "0-0"),
    ("WWW-Authenticate", "Nonsense"),
];

/// Whether a header means something in the answer to such a request, also where the
/// registry does not send it.
fn is_looked_at(name: &str, kind: Kind) -> bool {
    match name {
        "Content-Type" | "Docker-Content-Digest" => true,
        "Location" => matches!(
            kind,
            Kind::Mount | Kind::Start | Kind::StartWhole | Kind::UploadPatch | Kind::UploadState
        ),
        "Content-Range" => matches!(kind, Kind::BlobRange | Kind::BlobGet),
        "ETag" => kind == Kind::ListGet,
        "Link" | "OCI-Filters-Applied" => matches!(kind, Kind::Referrers | Kind::Tags),
        "Range" => matches!(kind, Kind::Start | Kind::UploadState | Kind::UploadPatch),
        _ => false,
    }
}

pub(crate) const OTHER_DIGEST: &str =
    "sha256:0000000000000000000000000000000000000000000000000000000000000000";
