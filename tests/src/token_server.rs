//! A token server that signs real tokens
//! (distribution, "Token Authentication Specification").

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair};
use serde_json::{Value as Json, json};

use crate::authority::{Authority, Identity};
use crate::scripted::{Answer, Request, Server};

/// A running token server.
pub struct TokenServer {
    server: Server,
    root_certificates: PathBuf,
}

/// Settings of a token server.
pub struct Settings<'a> {
    authority: &'a Authority,
    secure: bool,
    lifetime: u64,
    rules: Rules,
}

#[derive(Clone, Default)]
struct Rules {
    users: Vec<User>,
    anonymous_pull: bool,
}

#[derive(Clone)]
struct User {
    name: String,
    password: String,
    writes: bool,
}

struct Signer {
    identity: Identity,
    key: EcdsaKeyPair,
    lifetime: u64,
}

impl TokenServer {
    /// Settings to choose from. A certificate of `authority` vouches for the
    /// signing key.
    pub fn settings(authority: &Authority) -> Settings<'_> {
        Settings {
            authority,
            secure: false,
            lifetime: 300,
            rules: Rules::default(),
        }
    }

    /// The address that challenges name.
    pub fn realm(&self) -> String {
        format!("{}/token", self.server.url())
    }

    /// Host and port, `127.0.0.1:…`.
    pub fn address(&self) -> String {
        self.server.address()
    }

    /// Who the tokens are for.
    pub fn service(&self) -> &'static str {
        SERVICE
    }

    /// Who the tokens are by.
    pub fn issuer(&self) -> &'static str {
        ISSUER
    }

    /// The certificates that a registry trusts for tokens, PEM.
    pub fn root_certificates(&self) -> PathBuf {
        self.root_certificates.clone()
    }

    /// All requests so far.
    pub fn requests(&self) -> Vec<Request> {
        self.server.requests()
    }
}

impl Settings<'_> {
    /// A user who gets whatever is asked for.
    #[must_use]
    pub fn user(self, name: &str, password: &str) -> Self {
        self.add(name, password, true)
    }

    /// A user who gets `pull` only.
    #[must_use]
    pub fn reader(self, name: &str, password: &str) -> Self {
        self.add(name, password, false)
    }

    /// Anybody gets `pull`.
    #[must_use]
    pub fn anonymous_pull(mut self) -> Self {
        self.rules.anonymous_pull = true;
        self
    }

    /// Over TLS.
    #[must_use]
    pub fn tls(mut self) -> Self {
        self.secure = true;
        self
    }

    /// How long tokens are valid, in seconds. Default: 300.
    #[must_use]
    pub fn lifetime(mut self, seconds: u64) -> Self {
        self.lifetime = seconds;
        self
    }

    /// Starts it.
    pub fn start(self) -> TokenServer {
        let identity = self.authority.signer();
        let random = SystemRandom::new();
        let key =
            EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &identity.key, &random)
                .expect("the authority makes such keys");
        let signer = Arc::new(Signer {
            identity,
            key,
            lifetime: self.lifetime,
        });
        let rules = self.rules;
        let script = move |request: &Request| answer(&rules, &signer, request);
        let server = if self.secure {
            Server::start_tls(&self.authority.server(), script)
        } else {
            Server::start(script)
        };
        TokenServer {
            server,
            root_certificates: self.authority.file(),
        }
    }

    fn add(mut self, name: &str, password: &str, writes: bool) -> Self {
        self.rules.users.push(User {
            name: name.to_owned(),
            password: password.to_owned(),
            writes,
        });
        self
    }
}

fn answer(rules: &Rules, signer: &Signer, request: &Request) -> Answer {
    if request.path() != "/token" || request.method != "GET" {
        return Answer::status(404);
    }
    let user = match credential(request) {
        None if rules.anonymous_pull => None,
        None => return unauthorized(),
        Some((name, password)) => {
            let known = rules
                .users
                .iter()
                .find(|user| user.name == name && user.password == password);
            match known {
                Some(user) => Some(user),
                None => return unauthorized(),
            }
        }
    };
    let writes = user.is_some_and(|user| user.writes);
    let access: Vec<_> = request
        .query("scope")
        .iter()
        .flat_map(|scopes| scopes.split(' '))
        .filter_map(|scope| granted(scope, writes))
        .collect();
    let subject = user.map_or("", |user| &user.name);
    let token = signer.sign(subject, &access);
    let body = json!({ "token": token, "expires_in": signer.lifetime });
    Answer::content("application/json", body.to_string())
}

/// What a token says of a scope, `repository:NAME:ACTIONS`.
fn granted(scope: &str, writes: bool) -> Option<Json> {
    let (kind, rest) = scope.split_once(':')?;
    // A name may hold a colon, as in `localhost:5000/app`.
    let (name, actions) = rest.rsplit_once(':')?;
    let actions: Vec<_> = actions
        .split(',')
        .filter(|action| writes || *action == "pull")
        .collect();
    Some(json!({ "type": kind, "name": name, "actions": actions }))
}

fn credential(request: &Request) -> Option<(String, String)> {
    let basic = request.header("authorization")?.strip_prefix("Basic ")?;
    let pair = String::from_utf8(STANDARD.decode(basic).ok()?).ok()?;
    let (name, password) = pair.split_once(':')?;
    Some((name.to_owned(), password.to_owned()))
}

fn unauthorized() -> Answer {
    let body = json!({ "errors": [{ "code": "UNAUTHORIZED", "message": "who are you?" }] });
    let mut answer = Answer::content("application/json", body.to_string());
    answer.status = 401;
    answer.header("WWW-Authenticate", "Basic realm=\"tokens\"")
}

impl Signer {
    /// A token (RFC 7519) whose header holds the certificate of its key
    /// (RFC 7515, 4.1.6).
    fn sign(&self, subject: &str, access: &[Json]) -> String {
        let now = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .map_or(0, |since| since.as_secs());
        let header = json!({
            "typ": "JWT",
            "alg": "ES256",
            "x5c": [STANDARD.encode(&self.identity.certificate)],
        });
        let claims = json!({
            "iss": ISSUER,
            "sub": subject,
            "aud": SERVICE,
            "exp": now + self.lifetime,
            // Clocks of one machine agree, but not on the fraction of a second.
            "nbf": now - 1,
            "iat": now,
            "jti": now.to_string(),
            "access": access,
        });
        let signed = format!(
            "{}.{}",
            URL_SAFE_NO_PAD.encode(header.to_string()),
            URL_SAFE_NO_PAD.encode(claims.to_string()),
        );
        let signature = self
            .key
            .sign(&SystemRandom::new(), signed.as_bytes())
            .expect("a key can sign");
        format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))
    }
}

const SERVICE: &str = "tests-registry";
const ISSUER: &str = "tests-issuer";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Registry, http};

    fn token(server: &TokenServer, scope: &str, authorization: &str) -> http::Response {
        let url = format!("{}?service={SERVICE}&scope={scope}", server.realm());
        let headers = [("Authorization", authorization)];
        let headers = if authorization.is_empty() {
            &[]
        } else {
            &headers[..]
        };
        http::request("GET", &url, headers, b"").unwrap()
    }

    fn bearer(answer: &http::Response) -> String {
        let json: Json = serde_json::from_slice(&answer.body).unwrap();
        format!("Bearer {}", json["token"].as_str().unwrap())
    }

    #[test]
    fn a_registry_accepts_its_tokens_for_what_they_grant() {
        let authority = Authority::new();
        let tokens = TokenServer::settings(&authority)
            .user("ann", "secret")
            .anonymous_pull()
            .start();
        let registry = Registry::settings().tokens(&tokens).start();
        let upload = format!("http://{}/v2/app/blobs/uploads/", registry.address());
        let challenged = http::request("POST", &upload, &[], b"").unwrap();
        assert_eq!(challenged.status, 401);
        let challenge = challenged.header("www-authenticate").unwrap();
        assert!(challenge.contains(&tokens.realm()), "{challenge}");

        let scope = "repository:app:pull,push";
        for (authorization, status) in [("Basic YW5uOnNlY3JldA==", 202), ("", 401)] {
            let answer = token(&tokens, scope, authorization);
            let bearer = bearer(&answer);
            let headers = [("Authorization", bearer.as_str())];
            let answer = http::request("POST", &upload, &headers, b"").unwrap();
            assert_eq!(answer.status, status, "{}", registry.log());
        }
        let wrong = token(&tokens, scope, "Basic YW5uOndyb25n");
        assert_eq!(wrong.status, 401);
    }
}
