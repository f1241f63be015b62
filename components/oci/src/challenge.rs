//! `WWW-Authenticate`: what a registry wants to see before it answers
//! (RFC 9110 §11.6.1, token specification "Docker Registry v2 authentication").

use alloc::borrow::ToOwned as _;
use alloc::string::String;
use alloc::vec::Vec;

use crate::limit;

/// One way to authenticate that a server offers.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Challenge {
    /// User name and password with every request (RFC 7617).
    Basic,
    /// A token, to be had from a token server.
    Bearer(Bearer),
}

/// Where to get a token, and for what.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Bearer {
    /// The token server's address, as written: to be checked before use.
    pub realm: String,
    /// Which registry the token is for, as the token server names it.
    pub service: Option<String>,
    /// What the token has to allow, as written; several are separated by spaces.
    pub scope: Option<String>,
    /// Why a token that was sent did not do, for example `insufficient_scope`.
    pub error: Option<String>,
}

/// The challenges in a `WWW-Authenticate` header, in its order. Schemes that are
/// not understood here are left out, and so are challenges without what they
/// need. A header that can't be parsed holds those found up to there.
#[must_use]
pub fn parse(header: &str) -> Vec<Challenge> {
    if header.len() > limit::CHALLENGE_BYTES {
        return Vec::new();
    }
    let mut rest = header;
    let mut challenges = Vec::new();
    let mut current: Option<(String, Vec<(String, String)>)> = None;
    loop {
        rest = rest.trim_start_matches([' ', '\t', ',']);
        let Some((word, after)) = token(rest) else {
            break;
        };
        let after_space = after.trim_start_matches([' ', '\t']);
        if let Some(value) = after_space
            .strip_prefix('=')
            .filter(|v| !v.starts_with('='))
        {
            // A parameter of the current challenge.
            let Some((value, after)) = parameter_value(value.trim_start_matches([' ', '\t']))
            else {
                break;
            };
            if let Some((_, parameters)) = &mut current {
                parameters.push((word.to_ascii_lowercase(), value));
            }
            rest = after;
        } else {
            // A scheme: the next challenge begins.
            challenges.extend(current.take().and_then(finished));
            current = Some((word.to_ascii_lowercase(), Vec::new()));
            rest = token68(after_space).unwrap_or(after_space);
        }
    }
    challenges.extend(current.and_then(finished));
    challenges
}

fn finished((scheme, parameters): (String, Vec<(String, String)>)) -> Option<Challenge> {
    match scheme.as_str() {
        "basic" => Some(Challenge::Basic),
        "bearer" => {
            let mut bearer = Bearer::default();
            for (name, value) in parameters {
                match name.as_str() {
                    "realm" => bearer.realm = value,
                    "service" => bearer.service = Some(value),
                    "scope" => bearer.scope = Some(value),
                    "error" => bearer.error = Some(value),
                    _ => {}
                }
            }
            (!bearer.realm.is_empty()).then_some(Challenge::Bearer(bearer))
        }
        _ => None,
    }
}

/// A token of RFC 9110 §5.6.2 in front, and the rest.
fn token(text: &str) -> Option<(&str, &str)> {
    let is_token = |b: u8| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b);
    let end = text
        .bytes()
        .position(|b| !is_token(b))
        .unwrap_or(text.len());
    (end > 0).then(|| text.split_at(end))
}

/// A token or quoted string in front, unescaped, and the rest.
fn parameter_value(text: &str) -> Option<(String, &str)> {
    let Some(quoted) = text.strip_prefix('"') else {
        // Some registries forget the quotes around addresses and scopes.
        let end = text.find([',', ' ', '\t']).unwrap_or(text.len());
        let (value, rest) = text.split_at(end);
        return Some((value.to_owned(), rest));
    };
    let mut value = String::new();
    let mut characters = quoted.char_indices();
    while let Some((at, character)) = characters.next() {
        match character {
            '"' => return Some((value, &quoted[at + 1..])),
            '\\' => value.push(characters.next()?.1),
            other => value.push(other),
        }
    }
    None
}

/// What follows a scheme's credentials-like `token68`, which no scheme that is
/// understood here uses.
fn token68(text: &str) -> Option<&str> {
    let end = text.find([',', ' ']).unwrap_or(text.len());
    let (word, rest) = text.split_at(end);
    let body = word.trim_end_matches('=');
    let fits = !body.is_empty()
        && body
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"-._~+/".contains(&b))
        && rest.trim_start().chars().next().is_none_or(|c| c == ',')
        && (body.len() < word.len() || !rest.is_empty() || body.contains(['+', '/']));
    fits.then_some(rest)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn bearer(realm: &str, service: &str, scope: &str) -> Challenge {
        Challenge::Bearer(Bearer {
            realm: realm.into(),
            service: Some(service.into()),
            scope: Some(scope.into()),
            error: None,
        })
    }

    #[test]
    fn what_registries_send() {
        assert_eq!(
            parse(
                r#"Bearer realm="https://auth.docker.io/token",service="registry.docker.io",scope="repository:a/b:pull,push""#
            ),
            [bearer(
                "https://auth.docker.io/token",
                "registry.docker.io",
                "repository:a/b:pull,push"
            )]
        );
        assert_eq!(parse(r#"Basic realm="Registry Realm""#), [Challenge::Basic]);
        assert_eq!(parse("basic"), [Challenge::Basic]);
        assert_eq!(
            parse(
                r#"Negotiate, Basic realm="a, b=c", bearer realm = "https://x/\"q" , service=s, scope=repository:a:pull"#
            ),
            [
                Challenge::Basic,
                bearer("https://x/\"q", "s", "repository:a:pull")
            ]
        );
        assert_eq!(
            parse(r#"Negotiate dG9rZW4=, Basic realm="x""#),
            [Challenge::Basic]
        );
    }

    #[test]
    fn a_challenge_without_a_realm_is_none() {
        assert_eq!(parse("Bearer"), []);
        assert_eq!(parse(r#"Bearer service="x""#), []);
        assert_eq!(parse(r#"Bearer realm="unfinished"#), []);
        assert_eq!(parse(&"Basic ".repeat(10_000)), []);
    }

    proptest! {
        #[test]
        fn never_panics(header in ".{0,200}") {
            let _ = parse(&header);
        }

        #[test]
        fn almost_right_headers_never_panic(
            header in r#"((Basic|Bearer|realm|scope|[a-z]{0,3})[ ,="\\]{0,3}){0,20}"#
        ) {
            let _ = parse(&header);
        }
    }
}
