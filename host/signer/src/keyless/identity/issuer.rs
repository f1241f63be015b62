use http::Uri;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;

use super::IdentityToken;
use crate::keyless::{
    Exchange, KeylessError, Step,
    call::{Answered, Call},
};

/// What is asked for: who someone is, with the email address.
pub(super) const SCOPE: &str = "openid email";

/// An issuer of identities, and where its endpoints are (`OpenID` Connect Discovery).
#[derive(Debug, Clone, Deserialize)]
pub struct Issuer {
    #[serde(rename = "issuer")]
    address: String,
    authorization_endpoint: String,
    token_endpoint: String,
    device_authorization_endpoint: Option<String>,
}

/// What is shown to someone who is to sign in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Invitation<'a> {
    /// An address to open in a browser on this machine.
    Open {
        /// The address.
        url: &'a str,
    },
    /// An address to open on any device, and what to enter there.
    Enter {
        /// The address. It may have the code in it already.
        url: &'a str,
        /// The code.
        code: &'a str,
    },
}

/// What an issuer's token endpoint gives.
#[derive(Deserialize)]
pub(super) struct Granted {
    pub(super) id_token: Option<SecretString>,
    pub(super) error: Option<String>,
}

impl Issuer {
    /// Asks an issuer (its address) for its endpoints.
    pub async fn discover(exchange: &dyn Exchange, issuer: &str) -> Result<Self, KeylessError> {
        let url = format!(
            "{}/.well-known/openid-configuration",
            issuer.trim_end_matches('/')
        );
        let answer = Call::get(Step::Discovery, url).answer(exchange).await?;
        let found: Self = answer.json()?;
        if found.address.trim_end_matches('/') != issuer.trim_end_matches('/') {
            return Err(answer.unusable("it is the configuration of another issuer"));
        }
        let endpoints = [&found.authorization_endpoint, &found.token_endpoint];
        for endpoint in endpoints
            .into_iter()
            .chain(&found.device_authorization_endpoint)
        {
            if !is_as_safe(endpoint, issuer) {
                return Err(answer.unusable("an endpoint is no https address"));
            }
        }
        Ok(found)
    }

    pub(super) fn address(&self) -> &str {
        &self.address
    }

    pub(super) fn authorization_endpoint(&self) -> &str {
        &self.authorization_endpoint
    }

    pub(super) fn token_endpoint(&self) -> &str {
        &self.token_endpoint
    }

    pub(super) fn device_endpoint(&self) -> Option<&str> {
        self.device_authorization_endpoint.as_deref()
    }
}

/// Whether an address is https, or http where the issuer itself is.
pub(super) fn is_as_safe(address: &str, issuer: &str) -> bool {
    let scheme = |text: &str| {
        let uri: Option<Uri> = text.parse().ok();
        uri.and_then(|uri| uri.scheme_str().map(str::to_owned))
    };
    match scheme(address).as_deref() {
        Some("https") => true,
        Some("http") => scheme(issuer).as_deref() == Some("http"),
        _ => false,
    }
}

/// The token that an issuer gave, if it is for the client that asked.
pub(super) fn token(
    answer: &Answered<'_>,
    granted: &Granted,
    client: &str,
) -> Result<IdentityToken, KeylessError> {
    let token = granted
        .id_token
        .as_ref()
        .ok_or_else(|| answer.unusable("it has no identity token"))?;
    let token = IdentityToken::parse(token.expose_secret())?;
    if token.is_for(client) {
        Ok(token)
    } else {
        Err(answer.unusable("the identity token is for another client"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn endpoints_are_as_safe_as_their_issuer() {
        assert!(is_as_safe("https://a/token", "https://a"));
        assert!(is_as_safe("https://a/token", "http://127.0.0.1:1"));
        assert!(is_as_safe("http://127.0.0.1:1/token", "http://127.0.0.1:1"));
        assert!(!is_as_safe("http://a/token", "https://a"));
        for other in ["", "file:///a", "/token", "javascript:alert(1)"] {
            assert!(!is_as_safe(other, "http://a"), "{other}");
        }
    }
}
