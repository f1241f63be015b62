//! Tokens: what a token server is asked and what it answers (token
//! specification, "Token Authentication" and "`OAuth2` Token Authentication").

use alloc::format;
use alloc::string::{String, ToString as _};
use alloc::vec::Vec;

use serde::Deserialize;

use crate::challenge::Bearer;
use crate::percent::encode;
use crate::url::UrlError;
use crate::{Repository, Url};

/// How the client names itself to token servers.
pub const CLIENT_ID: &str = "wharf";

/// What a token is to allow.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scope {
    repository: Repository,
    push: bool,
}

impl Scope {
    /// To read a repository.
    #[must_use]
    pub fn pull(repository: Repository) -> Self {
        Self {
            repository,
            push: false,
        }
    }

    /// To read a repository and to write to it.
    #[must_use]
    pub fn push(repository: Repository) -> Self {
        Self {
            repository,
            push: true,
        }
    }

    /// The repository.
    #[must_use]
    pub fn repository(&self) -> &Repository {
        &self.repository
    }

    /// The actions by the names they have in a scope.
    #[must_use]
    pub fn actions(&self) -> &'static [&'static str] {
        if self.push {
            &["pull", "push"]
        } else {
            &["pull"]
        }
    }

    /// The scope as token servers read it.
    #[must_use]
    pub fn text(&self) -> String {
        format!(
            "repository:{}:{}",
            self.repository,
            self.actions().join(",")
        )
    }
}

/// The scopes to ask for: the one that is needed first, since some servers read
/// only that, then those of the challenge that are not it.
fn scopes<'a>(needed: Option<&'a str>, challenge: &'a Bearer) -> Vec<&'a str> {
    let mut scopes: Vec<&str> = needed.into_iter().collect();
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
pub fn get_url(realm: &Url, challenge: &Bearer, needed: Option<&str>) -> Url {
    let mut url = realm.clone();
    if let Some(service) = &challenge.service {
        url = url.with_query_pair("service", service);
    }
    for scope in scopes(needed, challenge) {
        url = url.with_query_pair("scope", scope);
    }
    url.with_query_pair("client_id", CLIENT_ID)
}

/// The form of a token request by POST with a refresh token.
#[must_use]
pub fn refresh_form(challenge: &Bearer, needed: Option<&str>, refresh_token: &str) -> String {
    let scope = scopes(needed, challenge).join(" ");
    let service = challenge.service.as_deref().unwrap_or_default();
    format!(
        "grant_type=refresh_token&service={}&client_id={CLIENT_ID}&scope={}&refresh_token={}",
        encode(service),
        encode(&scope),
        encode(refresh_token)
    )
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
    /// For how many seconds from now it may be used; 60 when the server did not
    /// say.
    pub expires_in: u64,
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
        #[derive(Deserialize)]
        struct Answer {
            token: Option<String>,
            access_token: Option<String>,
            expires_in: Option<u64>,
        }
        let answer: Answer =
            serde_json::from_slice(body).map_err(|error| TokenError::Json(error.to_string()))?;
        let value = answer
            .token
            .filter(|token| !token.is_empty())
            .or(answer.access_token)
            .filter(|token| !token.is_empty())
            .ok_or(TokenError::Missing)?;
        if !value.bytes().all(|b| b.is_ascii_graphic()) {
            return Err(TokenError::Characters);
        }
        Ok(Self {
            value,
            expires_in: answer.expires_in.unwrap_or(60).max(60),
        })
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
        let needed = Scope::push("a".parse().unwrap()).text();
        let asked = get_url(
            &url("https://t.example/token?x=1"),
            &challenge(""),
            Some(&needed),
        );
        assert_eq!(
            asked.to_string(),
            "https://t.example/token?x=1&service=r.example&scope=repository%3Aa%3Apull%2Cpush\
             &scope=repository%3Aa%3Apull&scope=repository%3Ab%3Apull&client_id=wharf"
        );
        let form = refresh_form(&challenge(""), Some("repository:a:pull"), "s&cret");
        assert!(form.ends_with(
            "&scope=repository%3Aa%3Apull%20repository%3Ab%3Apull&refresh_token=s%26cret"
        ));
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
