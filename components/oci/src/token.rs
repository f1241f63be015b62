//! Tokens: what a token server is asked and what it answers (token
//! specification, "Token Authentication" and "`OAuth2` Token Authentication").

use alloc::format;
use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;

use crate::challenge::Bearer;
use crate::json::Node;
use crate::percent::encode;
use crate::url::UrlError;
use crate::{Repository, Url, time};

/// How the client names itself to token servers.
pub const CLIENT_ID: &str = "wharf";

/// What tokens are to allow: a repository to read or to write, and others to read
/// for what is taken over from them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scope {
    repository: Repository,
    actions: &'static [&'static str],
    sources: Vec<Repository>,
}

impl Scope {
    /// To read a repository.
    #[must_use]
    pub fn pull(repository: Repository) -> Self {
        Self {
            repository,
            actions: &["pull"],
            sources: Vec::new(),
        }
    }

    /// To read a repository and to write to it.
    #[must_use]
    pub fn push(repository: Repository) -> Self {
        Self {
            actions: &["pull", "push"],
            ..Self::pull(repository)
        }
    }

    /// To read a repository and to delete from it.
    #[must_use]
    pub fn delete(repository: Repository) -> Self {
        Self {
            actions: &["pull", "delete"],
            ..Self::pull(repository)
        }
    }

    /// The same, and to read these repositories.
    #[must_use]
    pub fn and_from(mut self, sources: &[Repository]) -> Self {
        let others = sources.iter().filter(|source| **source != self.repository);
        self.sources = others.cloned().collect();
        self
    }

    /// The repository.
    #[must_use]
    pub fn repository(&self) -> &Repository {
        &self.repository
    }

    /// The actions by the names they have in a scope.
    #[must_use]
    pub fn actions(&self) -> &'static [&'static str] {
        self.actions
    }

    /// The scopes as token servers read them, what is needed most first.
    #[must_use]
    pub fn texts(&self) -> Vec<String> {
        let actions = self.actions().join(",");
        let mut texts = vec![format!("repository:{}:{actions}", self.repository)];
        texts.extend(
            self.sources
                .iter()
                .map(|source| format!("repository:{source}:pull")),
        );
        texts
    }
}

/// The scopes to ask for: the one that is needed first, since some servers read
/// only that, then those of the challenge that are not it.
fn scopes<'a>(needed: &'a [String], challenge: &'a Bearer) -> Vec<&'a str> {
    let mut scopes: Vec<&str> = needed.iter().map(String::as_str).collect();
    for scope in challenge.scope.as_deref().unwrap_or_default().split(' ') {
        if !scope.is_empty() && !scopes.contains(&scope) {
            scopes.push(scope);
        }
    }
    scopes
}

/// The address of a token request by GET, at an address that `realm` was resolved
/// to. Credentials go with it as `Authorization: Basic`.
#[must_use]
pub fn get_url(realm: &Url, challenge: &Bearer, needed: &[String]) -> Url {
    let mut url = realm.clone();
    if let Some(service) = &challenge.service {
        url = url.with_query_pair("service", service);
    }
    for scope in scopes(needed, challenge) {
        url = url.with_query_pair("scope", scope);
    }
    url.with_query_pair("client_id", CLIENT_ID)
}

/// The value of `Authorization` for a user name and a password (RFC 7617). Encoded here,
/// since a library that knows every kind of Base64 is a hundredth of the component.
#[must_use]
pub fn basic(username: &str, password: &str) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut header = String::from("Basic ");
    let pair = [username, ":", password].concat();
    for three in pair.as_bytes().chunks(3) {
        let bits = three
            .iter()
            .fold(0_usize, |bits, byte| bits << 8 | usize::from(*byte));
        let bits = bits << (8 * (3 - three.len()));
        for place in 0..4 {
            header.push(if place > three.len() {
                '='
            } else {
                char::from(ALPHABET[bits >> (18 - 6 * place) & 63])
            });
        }
    }
    header
}

/// What a token request by POST proves itself with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Grant<'a> {
    /// A user name and a password, in this order.
    Password(&'a str, &'a str),
    /// A refresh token.
    RefreshToken(&'a str),
}

/// The form of a token request by POST ("`OAuth2` Token Authentication").
#[must_use]
pub fn form(challenge: &Bearer, needed: &[String], grant: Grant<'_>) -> String {
    let scope = scopes(needed, challenge).join(" ");
    let service = challenge.service.as_deref().unwrap_or_default();
    let proof = match grant {
        Grant::Password(username, password) => format!(
            "grant_type=password&username={}&password={}",
            encode(username),
            encode(password)
        ),
        Grant::RefreshToken(token) => {
            format!("grant_type=refresh_token&refresh_token={}", encode(token))
        }
    };
    format!(
        "{proof}&service={}&client_id={CLIENT_ID}&scope={}",
        encode(service),
        encode(&scope)
    )
}

/// Whether a token server that answers a request of one kind (by GET, by POST) with
/// this status may take the other kind.
#[must_use]
pub fn takes_another_kind(status: u16) -> bool {
    matches!(status, 400 | 401 | 404 | 405)
}

/// Why a realm is not asked for a token.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RealmError {
    /// It is no address.
    #[error("the registry names a token server whose address is not valid: {0}")]
    Address(#[from] UrlError),
    /// The registry is spoken to over TLS and the token server would not be.
    #[error("the registry uses TLS and names a token server without it: {0}")]
    Downgrade(String),
    /// The token server is on this machine and the registry is not.
    #[error("the registry names a token server on this machine and is not on it: {0}")]
    Loopback(String),
}

/// The address of the token server that a registry at `registry` named. The same
/// rule holds on both sides of the sandbox: never less protected than the registry
/// (CVE-2026-48978), never on this machine unless the registry is.
pub fn realm(challenge: &Bearer, registry: &Url) -> Result<Url, RealmError> {
    let realm = registry.join(&challenge.realm)?;
    if registry.origin().is_secure() && !realm.origin().is_secure() {
        return Err(RealmError::Downgrade(realm.redacted()));
    }
    if realm.origin().is_loopback() && !registry.origin().is_loopback() {
        return Err(RealmError::Loopback(realm.redacted()));
    }
    Ok(realm)
}

/// What a token server gave.
#[derive(Clone, PartialEq, Eq)]
pub struct Token {
    /// What to send as `Authorization: Bearer`.
    pub value: String,
    /// For how many seconds it may be used; 60 when the server did not say.
    pub expires_in: u64,
    /// Since when, in seconds since 1970, where the server said so.
    pub issued_at: Option<u64>,
}

/// Why a token server's answer gives no token.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TokenError {
    /// Not the JSON that the specification asks for.
    #[error("its answer is not the JSON of a token: {0}")]
    Json(String),
    /// Neither `token` nor `access_token` is in it.
    #[error("its answer has neither `token` nor `access_token`")]
    Missing,
    /// The token has characters that no header can have.
    #[error("its token has characters that can't be sent")]
    Characters,
}

impl Token {
    /// Reads the body of a token server's answer.
    pub fn parse(body: &[u8]) -> Result<Self, TokenError> {
        let json = TokenError::Json;
        let answer = Node::parse(body).map_err(json)?;
        let text = |name: &str| answer.text(name).map_err(json);
        let value = text("token")?
            .filter(|token| !token.is_empty())
            .or(text("access_token")?)
            .filter(|token| !token.is_empty())
            .ok_or(TokenError::Missing)?;
        if !value.bytes().all(|b| b.is_ascii_graphic()) {
            return Err(TokenError::Characters);
        }
        Ok(Self {
            value,
            expires_in: answer
                .number("expires_in")
                .map_err(json)?
                .unwrap_or(60)
                .max(60),
            issued_at: text("issued_at")?.as_deref().and_then(time::rfc3339),
        })
    }
}

impl Token {
    /// For how many seconds from the answer on it may be used, with some to spare.
    /// `date` is that answer's `Date`: a token may have been made earlier, and
    /// what time it is here does not matter.
    #[must_use]
    pub fn lasts(&self, date: Option<&str>) -> u64 {
        let age = match (self.issued_at, date.and_then(time::http)) {
            (Some(issued), Some(now)) => now.saturating_sub(issued),
            _ => 0,
        };
        let left = self.expires_in.saturating_sub(age);
        left - left / 10
    }
}

impl core::fmt::Debug for Token {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "Token(…, {} s)", self.expires_in)
    }
}

#[cfg(test)]
mod tests {
    use alloc::string::ToString as _;

    use super::*;
    use proptest::prelude::*;

    fn url(text: &str) -> Url {
        text.parse().unwrap()
    }

    fn challenge(realm: &str) -> Bearer {
        Bearer {
            realm: realm.into(),
            service: Some("r.example".into()),
            scope: Some("repository:a:pull repository:b:pull".into()),
            error: None,
        }
    }

    #[test]
    fn asks_for_what_is_needed_first_and_once() {
        let sources = ["a".parse().unwrap(), "b".parse().unwrap()];
        let needed = Scope::push("a".parse().unwrap()).and_from(&sources).texts();
        let asked = get_url(&url("https://t.example/token?x=1"), &challenge(""), &needed);
        assert_eq!(
            asked.to_string(),
            "https://t.example/token?x=1&service=r.example&scope=repository%3Aa%3Apull%2Cpush\
             &scope=repository%3Ab%3Apull&scope=repository%3Aa%3Apull&client_id=wharf"
        );
        let needed = Scope::pull("a".parse().unwrap()).texts();
        let refresh = form(&challenge(""), &needed, Grant::RefreshToken("s&cret"));
        assert_eq!(
            refresh,
            "grant_type=refresh_token&refresh_token=s%26cret&service=r.example&client_id=wharf\
             &scope=repository%3Aa%3Apull%20repository%3Ab%3Apull"
        );
        let password = form(&challenge(""), &[], Grant::Password("a b", "p=w"));
        assert!(password.starts_with("grant_type=password&username=a%20b&password=p%3Dw&"));
    }

    #[test]
    fn basic_is_base64() {
        // RFC 7617 §2, and the lengths that are padded.
        for (username, password, header) in [
            ("Aladdin", "open sesame", "QWxhZGRpbjpvcGVuIHNlc2FtZQ=="),
            ("", "", "Og=="),
            ("a", "", "YTo="),
            ("a", "b", "YTpi"),
            ("test", "123\u{a3}", "dGVzdDoxMjPCow=="),
        ] {
            assert_eq!(basic(username, password), format!("Basic {header}"));
        }
    }

    #[test]
    fn a_realm_is_never_less_protected_than_its_registry() {
        let secure = url("https://r.example/v2/");
        assert!(realm(&challenge("https://t.example/token"), &secure).is_ok());
        assert!(matches!(
            realm(&challenge("http://t.example/token"), &secure),
            Err(RealmError::Downgrade(_))
        ));
        assert!(matches!(
            realm(&challenge("https://127.0.0.1/token"), &secure),
            Err(RealmError::Loopback(_))
        ));
        assert!(realm(&challenge("file:///etc/passwd"), &secure).is_err());
        let local = url("http://localhost:5000/v2/");
        assert!(realm(&challenge("http://127.0.0.1:5001/token"), &local).is_ok());
    }

    #[test]
    fn either_name_of_a_token_will_do() {
        let token = Token::parse(br#"{"access_token":"abc","expires_in":5}"#).unwrap();
        assert_eq!((token.value.as_str(), token.expires_in), ("abc", 60));
        let token =
            Token::parse(br#"{"token":"a","expires_in":300,"issued_at":"1994-11-06T08:49:37Z"}"#)
                .unwrap();
        assert_eq!(token.lasts(None), 270);
        assert_eq!(token.lasts(Some("Sun, 06 Nov 1994 08:51:17 GMT")), 180);
        assert_eq!(token.lasts(Some("Sun, 06 Nov 1994 18:51:17 GMT")), 0);
        assert_eq!(Token::parse(br#"{"token":""}"#), Err(TokenError::Missing));
        assert_eq!(
            Token::parse(br#"{"token":"a\r\nb"}"#),
            Err(TokenError::Characters)
        );
        assert!(matches!(Token::parse(b"<html>"), Err(TokenError::Json(_))));
        assert!(!format!("{:?}", Token::parse(br#"{"token":"hush"}"#)).contains("hush"));
    }

    proptest! {
        #[test]
        fn never_panics(body in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = Token::parse(&body);
        }
    }
}
