//! How faults are brought about.

use std::cell::{Cell, RefCell};
use std::time::Duration;

use wharf_tests::proxy::{Change, Exchange, Fate};
use wharf_tests::{Answer, json};

use crate::fault::{Challenges, Fault, Pages, Token, With};
use crate::step::Kind;
use crate::target::Places;

/// What is remembered of the requests that a fault happened to.
#[derive(Default)]
pub(crate) struct Past {
    /// How many there were.
    count: Cell<usize>,
    /// The `Authorization` of the first.
    authorization: RefCell<Option<String>>,
}

/// How long `Retry-After` asks to wait, in seconds.
pub(crate) const RETRY_AFTER: u64 = 1;

impl Fault {
    /// What becomes of a request when this happens to it; none when it is nothing to
    /// such a request.
    pub(crate) fn fate(
        self,
        places: &Places,
        past: &Past,
        kind: Kind,
        exchange: &Exchange,
    ) -> Option<Fate> {
        let count = past.count.get();
        past.count.set(count + 1);
        Some(match self {
            Self::Unheard => Fate::Answer(Answer::none()),
            Self::Unanswered => Fate::DropAnswer,
            Self::CutHead => Fate::CutHead,
            Self::CutRequest(after) => Fate::CutRequest(after),
            Self::CutAnswer(after) => Fate::CutAnswer(after),
            Self::Status(status, with) => Fate::Answer(refusal(status, with, places)),
            Self::Early(after, status, with) => {
                Fate::AnswerEarly(after, refusal(status, with, places))
            }
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
                let link = format!("<{}>; rel=\"next\"", places.at(target, &exchange.target));
                Fate::Change(Change::new(move |head, _| head.set("Link", Some(&link))))
            }
            Self::Pages(pages) => return pages.fate(count, kind, exchange),
            Self::Silence => Fate::Silent,
            Self::Slow => Fate::Slow(PAUSE),
            Self::EndlessHead => Fate::EndlessHead,
            Self::EndlessBody => Fate::EndlessBody,
            // It lasts for as long as there are requests for tokens, among others.
            Self::Token(_) if kind != Kind::Token => return None,
            Self::Token(token) => token.fate(exchange),
            Self::Revoked => {
                let carried = exchange.header("authorization")?;
                let mut revoked = past.authorization.borrow_mut();
                let revoked = revoked.get_or_insert_with(|| carried.to_owned());
                if revoked != carried {
                    return None;
                }
                Fate::With("Authorization", "Bearer revoked".to_owned())
            }
            Self::Challenges(_) if kind == Kind::Token => return None,
            Self::Challenges(Challenges::Same) => {
                Fate::Answer(refusal(401, With::Challenge, places))
            }
            Self::Challenges(Challenges::Other) => {
                let scope = format!("repository:other{count}:pull");
                let realm = format!("http://{}/token", places.realm);
                Fate::Answer(challenged(&realm, &format!(",scope=\"{scope}\"")))
            }
            Self::Realm(target) => Fate::Answer(challenged(&places.at(target, "/token"), "")),
            Self::Redirect(target) => {
                let location = places.at(target, &exchange.target);
                Fate::Answer(Answer::status(307).header("Location", &location))
            }
            Self::Location(target) => {
                let (places, asked) = (places.clone(), exchange.target.clone());
                Fate::Change(Change::new(move |head, _| {
                    let said = head.header("location").unwrap_or(&asked);
                    let path = said
                        .strip_prefix("http://")
                        .and_then(|rest| rest.find('/').map(|slash| &rest[slash..]))
                        .unwrap_or(said);
                    let location = places.at(target, path);
                    head.set("Location", Some(&location));
                }))
            }
        })
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
            Self::Less => asking(exchange, |_| None),
            Self::ReadOnly => asking(exchange, |scope| {
                let (name, _) = scope.rsplit_once(':').or(scope.rsplit_once("%3A"))?;
                Some(format!("{name}:pull"))
            }),
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

/// Asks the token server for other scopes.
fn asking(exchange: &Exchange, change: impl Fn(&str) -> Option<String>) -> Fate {
    let (path, query) = exchange.target.split_once('?').unwrap_or_default();
    let pairs = query
        .split('&')
        .filter_map(|pair| match pair.strip_prefix("scope=") {
            Some(scope) => change(scope).map(|scope| format!("scope={scope}")),
            None => Some(pair.to_owned()),
        });
    let pairs: Vec<String> = pairs.collect();
    let target = format!("{path}?{}", pairs.join("&"));
    Fate::At(target, Box::new(Fate::Forward))
}

impl Pages {
    /// The page after `count` others.
    fn fate(self, count: usize, kind: Kind, exchange: &Exchange) -> Option<Fate> {
        let number = match self {
            Self::Full => Some(count),
            Self::Again => Some(0),
            Self::Empty => None,
        };
        let body = match kind {
            Kind::Tags => {
                let tags = number.map(|number| format!("tag{number}"));
                json!({ "name": "app", "tags": Vec::from_iter(tags) })
            }
            Kind::Referrers => {
                let listed = number.map(|number| {
                    json!({
                        "mediaType": "application/vnd.oci.image.manifest.v1+json",
                        "digest": format!("sha256:{number:064x}"),
                        "size": 100,
                    })
                });
                json!({ "schemaVersion": 2, "manifests": Vec::from_iter(listed) })
            }
            _ => return None,
        };
        let (path, _) = exchange
            .target
            .split_once('?')
            .unwrap_or((&exchange.target, ""));
        let link = format!("<{path}?n=1&last={count}>; rel=\"next\"");
        let index = "application/vnd.oci.image.index.v1+json";
        let page = Answer::content(index, body.to_string());
        Some(Fate::Answer(page.header("Link", &link)))
    }
}

fn refusal(status: u16, with: With, places: &Places) -> Answer {
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
        With::Later => answer.header("Retry-After", "3600"),
        With::Challenge => challenged(&format!("http://{}/token", places.realm), ""),
    }
}

/// A 401 that wants a token of a server.
fn challenged(realm: &str, more: &str) -> Answer {
    let body = json!({ "errors": [{ "code": "INJECTED", "message": "so says the test" }] });
    let mut answer = Answer::content("application/json", body.to_string());
    answer.status = 401;
    let challenge = format!("Bearer realm=\"{realm}\",service=\"tests-registry\"{more}");
    answer.header("WWW-Authenticate", &challenge)
}

/// How long a slow answer pauses before each of its pieces.
const PAUSE: Duration = Duration::from_millis(2);
