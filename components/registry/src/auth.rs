//! Who the client is: challenges answered, once for all transfers that wait.

use alloc::borrow::ToOwned as _;
use alloc::format;
use alloc::string::{String, ToString as _};
use alloc::vec::Vec;
use core::cell::RefCell;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use wharf_oci::challenge::{Bearer, Challenge};
use wharf_oci::token::{self, Scope, Token};
use wharf_oci::{Registry, Url, challenge, limit};

use crate::bindings::{Credential, Error, Exchange, credentials};
use crate::failure;
use crate::http::{Body, Incoming, Outgoing};
use crate::permit::Permits;
use crate::settings::Settings;

/// What is sent as `Authorization` to one registry, for one scope.
pub(crate) struct Auth {
    registry: Registry,
    scope: Option<Scope>,
    current: RefCell<Ticket>,
    /// Held while a challenge is answered, so that one answer serves all.
    answering: Permits,
}

/// An `Authorization` header, and which answer to a challenge it came from.
#[derive(Clone, Default)]
pub(crate) struct Ticket {
    /// The header's value; none before the first challenge.
    pub(crate) header: Option<String>,
    generation: u64,
}

impl Auth {
    /// Nobody yet.
    pub(crate) fn new(registry: Registry, scope: Option<Scope>) -> Self {
        Self {
            registry,
            scope,
            current: RefCell::default(),
            answering: Permits::new(1),
        }
    }

    /// What to send now.
    pub(crate) fn ticket(&self) -> Ticket {
        self.current.borrow().clone()
    }

    /// Answers the challenge of a 401 to a request that was sent with `used`, so
    /// that the request may be sent once more. An error is final.
    pub(crate) async fn answer(
        &self,
        refused: Incoming,
        used: &Ticket,
        settings: &Settings,
    ) -> Result<(), Error> {
        let _one_at_a_time = self.answering.acquire().await;
        if self.current.borrow().generation != used.generation {
            // Another transfer answered meanwhile.
            return Ok(());
        }
        let challenges: Vec<Challenge> = refused
            .header_values("www-authenticate")
            .iter()
            .flat_map(|header| challenge::parse(header))
            .collect();
        let bearer = challenges.iter().find_map(|challenge| match challenge {
            Challenge::Bearer(bearer) => Some(bearer),
            _ => None,
        });
        let header = if let Some(bearer) = bearer {
            self.bearer(bearer, &refused.url, settings).await?
        } else if challenges.contains(&Challenge::Basic) {
            self.basic(refused).await?
        } else {
            return Err(failure::answered(refused).await);
        };
        let mut current = self.current.borrow_mut();
        current.header = Some(header);
        current.generation += 1;
        Ok(())
    }

    async fn basic(&self, refused: Incoming) -> Result<String, Error> {
        match self.credential().await? {
            Some(Credential::UserPassword(pair)) => Ok(basic(&pair.username, &pair.password)),
            Some(Credential::RegistryToken(token)) => Ok(format!("Bearer {token}")),
            Some(Credential::IdentityToken(_)) => Err(self.explained(
                failure::answered(refused).await,
                "it wants a user name and password, and the stored credential is an identity token",
            )),
            None => Err(self.explained(
                failure::answered(refused).await,
                &format!(
                    "it wants a user name and password, and there are none for {} \
                     (`wharf registry login` stores them)",
                    self.registry
                ),
            )),
        }
    }

    async fn bearer(
        &self,
        challenge: &Bearer,
        registry: &Url,
        settings: &Settings,
    ) -> Result<String, Error> {
        let realm = token::realm(challenge, registry).map_err(|e| Error::Refused(e.to_string()))?;
        let needed = self.scope.as_ref().map(Scope::text);
        let needed = needed.as_deref();
        let get = || Outgoing::new("GET", token::get_url(&realm, challenge, needed));
        let credential = self.credential().await?;
        let anonymous = credential.is_none();
        let answer = match credential {
            Some(Credential::RegistryToken(ready)) => return Ok(format!("Bearer {ready}")),
            Some(Credential::UserPassword(pair)) => {
                let header = basic(&pair.username, &pair.password);
                get().send(Some(&header), settings).await?
            }
            Some(Credential::IdentityToken(refresh)) => {
                let form = token::refresh_form(challenge, needed, &refresh);
                Outgoing::new("POST", realm.clone())
                    .header("content-type", "application/x-www-form-urlencoded")
                    .body(Body::Bytes(form.into_bytes()))
                    .send(None, settings)
                    .await?
            }
            None => get().send(None, settings).await?,
        };
        if answer.status != 200 {
            let error = failure::answered(answer).await;
            let hint = if anonymous {
                format!(
                    "the token server gives {} no token to anybody \
                     (`wharf registry login` stores a credential)",
                    self.registry
                )
            } else {
                "the token server did not accept the credential".to_owned()
            };
            return Err(self.explained(error, &hint));
        }
        let (method, url) = (answer.method, answer.url.clone());
        let body = answer.bytes(limit::TOKEN_BYTES).await?;
        let token = Token::parse(&body)
            .map_err(|error| failure::network(method, &url, Some(200), &error.to_string()))?;
        Ok(format!("Bearer {}", token.value))
    }

    async fn credential(&self) -> Result<Option<Credential>, Error> {
        let repository = self
            .scope
            .as_ref()
            .map(|scope| scope.repository().to_string());
        let actions = self.scope.as_ref().map_or(&[][..], Scope::actions);
        let actions: Vec<String> = actions.iter().map(|action| (*action).to_owned()).collect();
        Ok(credentials::get(self.registry.to_string(), repository, actions).await?)
    }

    /// The same error with our words in front of the peer's. A token server's 404
    /// is about the token, not about the content that was asked for.
    fn explained(&self, error: Error, words: &str) -> Error {
        match error {
            Error::Authentication(exchange) | Error::NotFound(exchange) => {
                let message = if exchange.message.is_empty() {
                    words.to_owned()
                } else {
                    format!("{words}: {}", exchange.message)
                };
                Error::Authentication(Exchange {
                    message,
                    ..exchange
                })
            }
            other => other,
        }
    }
}

fn basic(username: &str, password: &str) -> String {
    format!(
        "Basic {}",
        STANDARD.encode(format!("{username}:{password}"))
    )
}
