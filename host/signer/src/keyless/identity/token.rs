use std::{fmt, fs::File, io::Read, path::Path};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Deserializer};
use zeroize::Zeroizing;

use crate::keyless::TokenError;

/// How long a token may be.
const LIMIT: usize = 64 * 1024;

/// An identity token: who someone is, as an issuer says. Whoever has it can sign in their
/// name, for as long as it is valid.
///
/// It is read, not verified: the certificate authority does that.
pub struct IdentityToken {
    token: SecretString,
    claims: Claims,
}

#[derive(Deserialize)]
struct Claims {
    #[serde(default)]
    iss: String,
    #[serde(default)]
    sub: String,
    #[serde(default)]
    email: String,
    #[serde(default, deserialize_with = "truth")]
    email_verified: bool,
    #[serde(default)]
    exp: Option<f64>,
    #[serde(default)]
    aud: Audience,
    #[serde(default)]
    nonce: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(untagged)]
enum Audience {
    #[default]
    None,
    One(String),
    Several(Vec<String>),
}

impl IdentityToken {
    /// Reads a token. White space around it is no part of it.
    pub fn parse(token: &str) -> Result<Self, TokenError> {
        let token = token.trim();
        let malformed = |why: &str| TokenError::Malformed(why.to_owned());
        if token.len() > LIMIT {
            return Err(malformed("it is too long for one"));
        }
        let mut parts = token.split('.');
        let (Some(_), Some(claims), Some(_), None) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(malformed("it doesn't have three parts"));
        };
        let claims = URL_SAFE_NO_PAD
            .decode(claims.trim_end_matches('='))
            .map(Zeroizing::new)
            .map_err(|_| malformed("its second part isn't base64"))?;
        let claims: Claims = serde_json::from_slice(&claims)
            .map_err(|_| malformed("its second part isn't the JSON of claims"))?;
        let token = Self {
            token: SecretString::from(token),
            claims,
        };
        if !token.claims.email.is_empty() && !token.claims.email_verified {
            return Err(TokenError::Nameless("its email address is not verified"));
        }
        if token.subject().is_empty() {
            return Err(TokenError::Nameless(
                "it has neither an email address nor a subject",
            ));
        }
        Ok(token)
    }

    /// Reads a token from a file, such as a platform puts there.
    pub fn from_file(path: &Path) -> Result<Self, TokenError> {
        let mut text = Zeroizing::new(String::with_capacity(LIMIT + 1));
        File::open(path)
            .and_then(|file| file.take(LIMIT as u64 + 1).read_to_string(&mut text))
            .map_err(|source| TokenError::Read {
                path: path.display().to_string(),
                source,
            })?;
        Self::parse(&text)
    }

    /// Who the token names: an email address, or else the subject, which an authority may
    /// turn into another name (that of a workflow, for example).
    pub fn subject(&self) -> &str {
        match self.claims.email.as_str() {
            "" => &self.claims.sub,
            email => email,
        }
    }

    /// Who says so.
    pub fn issuer(&self) -> &str {
        &self.claims.iss
    }

    /// Fails when the token has expired at that time, in seconds since
    /// 1970-01-01T00:00:00Z.
    pub fn check_time(&self, now: u64) -> Result<(), TokenError> {
        let Some(expiry) = self.claims.exp else {
            return Ok(());
        };
        #[expect(clippy::cast_precision_loss, reason = "seconds stay far below 2⁵²")]
        let ago = now as f64 - expiry;
        if ago > 0.0 {
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "it is positive, and saturates"
            )]
            return Err(TokenError::Expired { ago: ago as u64 });
        }
        Ok(())
    }

    pub(super) fn is_for(&self, audience: &str) -> bool {
        match &self.claims.aud {
            Audience::None => false,
            Audience::One(one) => one == audience,
            Audience::Several(several) => several.iter().any(|one| one == audience),
        }
    }

    pub(super) fn has_nonce(&self, nonce: &str) -> bool {
        self.claims.nonce.as_deref() == Some(nonce)
    }

    pub(in crate::keyless) fn expose(&self) -> &str {
        self.token.expose_secret()
    }
}

impl fmt::Debug for IdentityToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IdentityToken")
            .field("issuer", &self.issuer())
            .field("subject", &self.subject())
            .finish_non_exhaustive()
    }
}

/// Some issuers write `"true"`.
fn truth<'de, D: Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Either {
        Truth(bool),
        Text(String),
    }
    Ok(match Either::deserialize(deserializer)? {
        Either::Truth(truth) => truth,
        Either::Text(text) => text == "true",
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;

    fn token(claims: &Value) -> Result<IdentityToken, TokenError> {
        let claims = URL_SAFE_NO_PAD.encode(claims.to_string());
        IdentityToken::parse(&format!(" eyJ.{claims}.c2ln\n"))
    }

    #[test]
    fn a_verified_address_comes_before_the_subject() {
        let named = |claims| token(&claims).unwrap().subject().to_owned();
        assert_eq!(named(json!({"sub": "id"})), "id");
        assert_eq!(
            named(json!({"sub": "id", "email": "a@b", "email_verified": true})),
            "a@b"
        );
        assert_eq!(
            named(json!({"sub": "id", "email": "a@b", "email_verified": "true"})),
            "a@b"
        );
        assert!(matches!(
            token(&json!({"sub": "id", "email": "a@b"})),
            Err(TokenError::Nameless(_))
        ));
        assert!(matches!(token(&json!({})), Err(TokenError::Nameless(_))));
    }

    #[test]
    fn time_and_audience_are_read() {
        let token = token(&json!({"sub": "id", "exp": 100, "aud": ["x", "sigstore"]})).unwrap();
        assert!(token.check_time(100).is_ok());
        assert!(matches!(
            token.check_time(160),
            Err(TokenError::Expired { ago: 60 })
        ));
        assert!(token.is_for("sigstore") && !token.is_for("y"));
    }

    #[test]
    fn what_is_no_token_is_refused_without_being_shown() {
        for text in [
            "",
            "secret",
            "a.b",
            "a.b.c.d",
            "a.!secret.c",
            "a.c2VjcmV0.c",
        ] {
            let error = IdentityToken::parse(text).unwrap_err();
            assert!(!error.to_string().contains("secret"), "{error}");
        }
        let shown = format!("{:?}", token(&json!({"sub": "id"})).unwrap());
        assert!(!shown.contains("eyJ"), "{shown}");
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in "\\PC{0,200}", claims in "\\PC{0,100}") {
            let _ = IdentityToken::parse(&text);
            let _ = IdentityToken::parse(&format!("a.{}.b", URL_SAFE_NO_PAD.encode(claims)));
        }
    }
}
