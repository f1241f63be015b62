//! What can go wrong with one request.

use std::fmt;
use std::time::Duration;

use wharf_tests::proxy::{Change, Exchange, Fate};
use wharf_tests::{Answer, json};

use crate::stage::{Kind, Stage, Step};

/// Something that goes wrong with a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// The connection breaks off before the registry sees the request.
    Unheard,
    /// The registry does what it is asked for, and the connection breaks off.
    Unanswered,
    /// The connection breaks off after so many bytes of the request's body.
    CutRequest(u64),
    /// The connection breaks off after so many bytes of the answer's body.
    CutAnswer(u64),
    /// Another status is answered; the registry does not see the request.
    Status(u16, With),
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
}

/// What a token server gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Token {
    /// A token for nothing.
    Less,
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
    /// The registry's challenge.
    Challenge,
}

/// Where a `Location` leads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Target {
    /// Another port of the same host, where the same content is.
    OtherPort,
    /// The same by another name of the host.
    OtherName,
    /// The same host and port, in TLS.
    OtherScheme,
    /// The metadata service of a cloud.
    Metadata,
    /// The same by a name that resolves to it.
    MetadataByName,
    /// The same in the clothes of IPv6.
    MetadataInV6,
    /// The address that stands for all addresses, which systems take for loopback.
    Unspecified,
    /// The request's own address.
    Itself,
    /// An upload session that there is not.
    NoSession,
    /// An upload session of another repository.
    OtherRepository,
}

/// How long a fault lasts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lasting {
    /// It happens to one request.
    Once,
    /// It happens to one request and to all that come later.
    ForEver,
}

/// How long `Retry-After` asks to wait, in seconds.
pub(crate) const RETRY_AFTER: u64 = 1;

impl Fault {
    /// All faults that can happen to a request that went like this without any.
    pub(crate) fn all(step: &Step, went: &Exchange) -> Vec<(Self, Lasting)> {
        let mut faults = Vec::new();
        for fault in [Self::Unheard, Self::Unanswered, Self::Silence] {
            faults.extend([(fault, Lasting::Once), (fault, Lasting::ForEver)]);
        }
        for status in [401, 403, 404, 416, 429, 500, 502, 503] {
            faults.push((Self::Status(status, With::Nothing), Lasting::Once));
        }
        // One of each kind that is treated alike.
        for status in [401, 403, 404, 429, 503] {
            faults.push((Self::Status(status, With::Nothing), Lasting::ForEver));
        }
        for lasting in [Lasting::Once, Lasting::ForEver] {
            faults.push((Self::Status(401, With::Challenge), lasting));
        }
        if step.kind == Kind::Token {
            for token in [Token::Less, Token::Expired, Token::None, Token::Page] {
                faults.push((Self::Token(token), Lasting::Once));
                faults.push((Self::Token(token), Lasting::ForEver));
            }
        }
        faults.push((Self::Redirect(Target::Itself), Lasting::ForEver));
        let once = Self::once(step, went).into_iter();
        faults.extend(once.map(|fault| (fault, Lasting::Once)));
        faults
    }

    /// Those that happen to one request alone.
    fn once(step: &Step, went: &Exchange) -> Vec<Self> {
        let mut once = vec![Self::Slow, Self::EndlessHead];
        // Where the header has a meaning (RFC 9110, 10.2.3), and where it has none.
        once.extend([
            Self::Status(404, With::Seconds),
            Self::Status(429, With::Seconds),
            Self::Status(503, With::Date),
        ]);
        if went.sent > 0 {
            once.extend([Self::CutRequest(0), Self::CutRequest(went.sent / 2)]);
        }
        if went.received > 0 {
            once.extend([Self::CutAnswer(0), Self::CutAnswer(went.received / 2)]);
            once.extend([Self::Flip, Self::Length(-1), Self::EndlessBody]);
        }
        once.push(Self::Length(1));
        for (name, wrong) in WRONG_HEADERS {
            let is_there = went.has_answered(name);
            if is_there || is_looked_at(name, step.kind) {
                once.push(Self::Header(name, Some(wrong)));
            }
            // What is not there can't be left out.
            if is_there && !once.contains(&Self::Header(name, None)) {
                once.push(Self::Header(name, None));
            }
        }
        once.push(Self::Header("Content-Length", None));
        if went.header("range").is_some() {
            once.push(Self::NoRange);
        }
        once.extend(Target::ELSEWHERE.map(Self::Redirect));
        once.push(Self::Redirect(Target::Itself));
        if went.has_answered("Location") {
            once.extend(Target::ELSEWHERE.map(Self::Location));
            once.push(Self::Location(Target::NoSession));
            once.push(Self::Location(Target::OtherRepository));
        }
        if matches!(step.kind, Kind::Referrers | Kind::Tags) && went.status == Some(200) {
            once.extend(Target::ELSEWHERE.map(Self::NextPage));
            once.push(Self::NextPage(Target::Itself));
        }
        once
    }

    /// What becomes of a request when this happens to it.
    pub(crate) fn fate(self, stage: &Places, exchange: &Exchange) -> Fate {
        match self {
            Self::Unheard => Fate::Answer(Answer::none()),
            Self::Unanswered => Fate::DropAnswer,
            Self::CutRequest(after) => Fate::CutRequest(after),
            Self::CutAnswer(after) => Fate::CutAnswer(after),
            Self::Status(status, with) => Fate::Answer(refusal(status, with, stage)),
            Self::Header(name, value) => {
                Fate::Change(Change::new(move |head, _| head.set(name, value)))
            }
            Self::Length(more) => Fate::Change(Change::new(move |head, body| {
                let said = head
                    .header("content-length")
                    .and_then(|said| said.parse::<usize>().ok())
                    .unwrap_or(body.len());
                let lie = said.saturating_add_signed(isize::from(more));
                body.truncate(lie);
                head.set("Content-Length", Some(&lie.to_string()));
            })),
            Self::Flip => Fate::Change(Change::new(|_, body| {
                let middle = body.len() / 2;
                if let Some(byte) = body.get_mut(middle) {
                    *byte ^= 1;
                }
            })),
            Self::NoRange => Fate::Without("Range"),
            Self::NextPage(target) => {
                let link = format!("<{}>; rel=\"next\"", stage.at(target, &exchange.target));
                Fate::Change(Change::new(move |head, _| head.set("Link", Some(&link))))
            }
            Self::Silence => Fate::Silent,
            Self::Slow => Fate::Slow(PAUSE),
            Self::EndlessHead => Fate::EndlessHead,
            Self::EndlessBody => Fate::EndlessBody,
            // It lasts for as long as there are requests for tokens, among others.
            Self::Token(_) if !exchange.target.starts_with("/token") => Fate::Forward,
            Self::Token(token) => token.fate(exchange),
            Self::Redirect(target) => {
                let location = stage.at(target, &exchange.target);
                Fate::Answer(Answer::status(307).header("Location", &location))
            }
            Self::Location(target) => {
                let (stage, asked) = (stage.clone(), exchange.target.clone());
                Fate::Change(Change::new(move |head, _| {
                    let said = head.header("location").unwrap_or(&asked);
                    let path = said
                        .strip_prefix("http://")
                        .and_then(|rest| rest.find('/').map(|slash| &rest[slash..]))
                        .unwrap_or(said);
                    let location = stage.at(target, path);
                    head.set("Location", Some(&location));
                }))
            }
        }
    }

    /// Words that an error must have when this is the reason for it.
    pub(crate) fn words(self, kind: Kind) -> Vec<&'static str> {
        let reads = matches!(
            kind,
            Kind::ManifestHead
                | Kind::ManifestGet
                | Kind::BlobHead
                | Kind::BlobGet
                | Kind::BlobRange
                | Kind::Referrers
                | Kind::ListGet
                | Kind::Tags
        );
        match self {
            Self::Redirect(target) if target.is_forbidden() && reads => {
                vec!["may not be reached"]
            }
            Self::Silence => vec!["for too long"],
            Self::Redirect(target) if !reads || target == Target::Itself => vec!["307"],
            Self::Flip if matches!(kind, Kind::BlobGet | Kind::BlobRange) => vec!["sha256:"],
            Self::Header("Content-Type", Some(_)) => vec!["was served as"],
            Self::Header("Docker-Content-Digest", Some(wrong)) => vec![wrong],
            Self::Unheard | Self::Unanswered => vec!["broke off"],
            // It is about a login then, or about a registry that is not there.
            Self::Status(..) if matches!(kind, Kind::Probe) => vec![],
            Self::Status(401, _) => vec!["401"],
            Self::Status(403, _) => vec!["403"],
            Self::Status(404, _) => vec!["404"],
            Self::Status(416, _) => vec!["416"],
            Self::Status(429, _) => vec!["429"],
            Self::Status(500, _) => vec!["500"],
            Self::Status(502, _) => vec!["502"],
            Self::Status(503, _) => vec!["503"],
            Self::Header("Location", _) => vec!["Location"],
            Self::Header("Content-Range", _) => vec!["Content-Range"],
            _ => vec![],
        }
    }
}

impl Token {
    fn fate(self, exchange: &Exchange) -> Fate {
        let change = |body: &'static str| {
            Fate::Change(Change::new(move |head, answer| {
                answer.clear();
                answer.extend_from_slice(body.as_bytes());
                head.set("Content-Length", Some(&body.len().to_string()));
            }))
        };
        match self {
            Self::Less => {
                let (path, query) = exchange.target.split_once('?').unwrap_or_default();
                let kept = query.split('&').filter(|pair| !pair.starts_with("scope="));
                let kept: Vec<&str> = kept.collect();
                let target = format!("{path}?{}", kept.join("&"));
                Fate::At(target, Box::new(Fate::Forward))
            }
            Self::Expired => Fate::Change(Change::new(|head, answer| {
                let text = String::from_utf8_lossy(answer);
                let expired = r#""issued_at":"1994-11-06T08:49:37Z","expires_in":1"#;
                *answer = text
                    .replacen(r#""expires_in":300"#, expired, 1)
                    .into_bytes();
                head.set("Content-Length", Some(&answer.len().to_string()));
            })),
            Self::None => change("{}"),
            Self::Page => change("<!DOCTYPE html><html>Sign in</html>"),
        }
    }
}

impl Target {
    /// Places that are not the registry.
    const ELSEWHERE: [Self; 7] = [
        Self::OtherPort,
        Self::OtherName,
        Self::OtherScheme,
        Self::Metadata,
        Self::MetadataByName,
        Self::MetadataInV6,
        Self::Unspecified,
    ];

    /// Whether it is never to be reached, whatever leads there.
    pub(crate) fn is_forbidden(self) -> bool {
        matches!(
            self,
            Self::Metadata | Self::MetadataByName | Self::MetadataInV6 | Self::Unspecified
        )
    }
}

impl fmt::Display for Lasting {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Once => "once",
            Self::ForEver => "for ever",
        })
    }
}

/// The addresses of a stage, which redirects need.
#[derive(Clone, Debug)]
pub(crate) struct Places {
    front: String,
    elsewhere: String,
    realm: String,
}

impl Places {
    pub(crate) fn of(stage: &Stage) -> Self {
        Self {
            front: stage.front.address(),
            elsewhere: stage.elsewhere.address(),
            realm: stage.realm.address(),
        }
    }

    fn at(&self, target: Target, path: &str) -> String {
        let port = self.elsewhere.rsplit(':').next().unwrap_or_default();
        match target {
            Target::OtherPort => format!("http://{}{path}", self.elsewhere),
            Target::OtherName => format!("http://localhost:{port}{path}"),
            Target::OtherScheme => format!("https://{}{path}", self.front),
            Target::Metadata => format!("http://169.254.169.254{path}"),
            // The same number, written so that it is not one for a parser of addresses.
            Target::MetadataByName => format!("http://2852039166{path}"),
            Target::MetadataInV6 => format!("http://[::ffff:a9fe:a9fe]{path}"),
            Target::Unspecified => format!("http://0.0.0.0:{port}{path}"),
            Target::Itself => path.to_owned(),
            Target::NoSession => format!(
                "http://{}/v2/small/blobs/uploads/00000000-0000-0000-0000-000000000000?_state=x",
                self.front
            ),
            Target::OtherRepository => {
                let session = path.rsplit('/').next().unwrap_or_default();
                format!("http://{}/v2/older/blobs/uploads/{session}", self.front)
            }
        }
    }
}

/// Headers of answers, and what they should not be.
const WRONG_HEADERS: [(&str, &str); 12] = [
    ("Location", "http://["),
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
    ("WWW-Authenticate", "Nonsense"),
];

/// Whether a header means something in the answer to such a request, also where the
/// registry does not send it.
fn is_looked_at(name: &str, kind: Kind) -> bool {
    match name {
        "Content-Type" | "Docker-Content-Digest" => true,
        "Location" => matches!(kind, Kind::Mount | Kind::Start | Kind::StartWhole),
        "Content-Range" => matches!(kind, Kind::BlobRange | Kind::BlobGet),
        "ETag" => kind == Kind::ListGet,
        "Link" | "OCI-Filters-Applied" => matches!(kind, Kind::Referrers | Kind::Tags),
        "Range" => matches!(kind, Kind::Start | Kind::UploadState | Kind::UploadPatch),
        _ => false,
    }
}

fn refusal(status: u16, with: With, stage: &Places) -> Answer {
    let body = json!({ "errors": [{ "code": "INJECTED", "message": "so says the test" }] });
    let mut answer = Answer::content("application/json", body.to_string());
    answer.status = status;
    match with {
        With::Nothing => answer,
        With::Seconds => answer.header("Retry-After", &RETRY_AFTER.to_string()),
        // A second later, by the server's own clock.
        With::Date => answer
            .header("Date", "Sun, 06 Nov 1994 08:49:37 GMT")
            .header("Retry-After", "Sun, 06 Nov 1994 08:49:38 GMT"),
        With::Challenge => {
            let challenge = format!(
                "Bearer realm=\"http://{}/token\",service=\"tests-registry\"",
                stage.realm
            );
            answer.header("WWW-Authenticate", &challenge)
        }
    }
}

/// How long a slow answer pauses before each of its pieces.
const PAUSE: Duration = Duration::from_millis(2);

pub(crate) const OTHER_DIGEST: &str =
    "sha256:0000000000000000000000000000000000000000000000000000000000000000";
