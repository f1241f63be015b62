use std::fmt;

use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;

use super::IdentityToken;
use crate::keyless::{Exchange, KeylessError, Step, call::Call};

const GITHUB_URL: &str = "ACTIONS_ID_TOKEN_REQUEST_URL";
const GITHUB_TOKEN: &str = "ACTIONS_ID_TOKEN_REQUEST_TOKEN";
const GITLAB_TOKEN: &str = "SIGSTORE_ID_TOKEN";

/// An identity that the surroundings have: that of a job on a build service.
pub enum Ambient {
    /// A token in `SIGSTORE_ID_TOKEN`, which a GitLab job gets from `id_tokens`, as may any
    /// other.
    Token(SecretString),
    /// GitHub Actions, for a job with the permission `id-token: write`.
    GitHub {
        /// Where tokens are given.
        url: String,
        /// What opens the way to them.
        token: SecretString,
    },
}

impl Ambient {
    /// The identity that the variables of an environment lead to; none when there is none.
    pub fn detect(variable: &dyn Fn(&str) -> Option<String>) -> Option<Self> {
        let set = |name| variable(name).filter(|value| !value.is_empty());
        if let Some(token) = set(GITLAB_TOKEN) {
            return Some(Self::Token(token.into()));
        }
        Some(Self::GitHub {
            url: set(GITHUB_URL)?,
            token: set(GITHUB_TOKEN)?.into(),
        })
    }

    /// The identity token, for that audience where it can be chosen.
    pub async fn token(
        &self,
        exchange: &dyn Exchange,
        audience: &str,
    ) -> Result<IdentityToken, KeylessError> {
        #[derive(Deserialize)]
        struct Given {
            value: SecretString,
        }
        match self {
            Self::Token(token) => Ok(IdentityToken::parse(token.expose_secret())?),
            Self::GitHub { url, token } => {
                let joint = if url.contains('?') { '&' } else { '?' };
                let audience: String =
                    form_urlencoded::byte_serialize(audience.as_bytes()).collect();
                let url = format!("{url}{joint}audience={audience}");
                let token = token.expose_secret();
                let answer = Call::get(Step::IdentityToken, url)
                    .header("authorization", format!("Bearer {token}"))
                    .secret(token)
                    .answer(exchange)
                    .await?;
                let given: Given = answer.json()?;
                Ok(IdentityToken::parse(given.value.expose_secret())?)
            }
        }
    }
}

impl fmt::Debug for Ambient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Token(_) => GITLAB_TOKEN,
            Self::GitHub { .. } => "GitHub Actions",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_surroundings_are_known_by_their_variables() {
        let detect = |set: &[&str]| {
            let found =
                Ambient::detect(&|name| set.contains(&name).then(|| format!("value of {name}")));
            found.map(|found| format!("{found:?}"))
        };
        assert_eq!(detect(&[]), None);
        assert_eq!(detect(&[GITHUB_URL]), None);
        assert_eq!(
            detect(&[GITHUB_URL, GITHUB_TOKEN]).unwrap(),
            "GitHub Actions"
        );
        assert_eq!(
            detect(&[GITHUB_URL, GITHUB_TOKEN, GITLAB_TOKEN]).unwrap(),
            "SIGSTORE_ID_TOKEN"
        );
    }
}
