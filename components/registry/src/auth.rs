//! Who the client is: challenges answered, once for all transfers that wait.

use alloc::borrow::ToOwned as _;
use alloc::boxed::Box;
use alloc::format;
use alloc::string::{String, ToString as _};
use alloc::vec::Vec;
use core::cell::RefCell;

use wharf_oci::challenge::{Bearer, Challenge};
use wharf_oci::token::{self, Grant, Scope, Token};
use wharf_oci::{Registry, Url, challenge, limit};

use crate::bindings::wasi::clocks::monotonic_clock;
use crate::bindings::{Credential, Error, Exchange, credentials};
use crate::failure::{self, Fault};
use crate::http::{Body, Incoming, Outgoing};
use crate::permit::Permits;
use crate::wire::Wire;
use crate::work::Work;

/// What is sent as `Authorization` to one registry, for one scope.
pub(crate) struct Auth {
    registry: Registry,
    scope: Option<Scope>,
    current: RefCell<Ticket>,
    /// The token server that was last asked, to ask it again before a token expires.
    asked: RefCell<Option<(Bearer, Url)>>,
    /// Held while a challenge is answered, so that one answer serves all.
    answering: Permits,
}

/// An `Authorization` header, and which answer to a challenge it came from.
#[derive(Clone, Default)]
pub(crate) struct Ticket {
    /// The header's value; none before the first challenge.
    pub(crate) header: Option<String>,
    generation: u64,
    /// Until when it may be used.
    expires: Option<u64>,
}

const NANOSECONDS: u64 = 1_000_000_000;

impl Auth {
    /// Nobody yet.
    pub(crate) fn new(registry: Registry, scope: Option<Scope>) -> Self {
        Self {
            registry,
            scope,
            current: RefCell::default(),
            asked: RefCell::default(),
            answering: Permits::new(1),
        }
    }

    /// What to send now. A token that has expired is replaced first.
    pub(crate) async fn ticket(&self, wire: &Wire) -> Result<Ticket, Fault> {
        let ticket = self.current.borrow().clone();
        if !ticket.has_expired() {
            return Ok(ticket);
        }
        let _one_at_a_time = self.answering.acquire().await;
        let current = self.current.borrow().clone();
        let asked = self.asked.borrow().clone();
        match asked {
            Some((challenge, registry)) if current.has_expired() => {
                self.replace(self.bearer(&challenge, &registry, wire).await?);
                Ok(self.current.borrow().clone())
            }
            _ => Ok(current),
        }
    }

    /// Answers the challenge of a 401 to a request that was sent with `used`, so
    /// that the request may be sent once more. `answered` are the challenges that were
    /// answered for the same request before: none is answered twice, nor more than a
    /// few. An error is final.
    pub(crate) async fn answer(
        &self,
        refused: Incoming,
        used: &Ticket,
        answered: &mut Vec<Challenge>,
        wire: &Wire,
    ) -> Result<(), Fault> {
        let _one_at_a_time = self.answering.acquire().await;
        let mut challenges: Vec<Challenge> = Vec::new();
        for header in refused.header_values("www-authenticate") {
            challenges.extend(challenge::parse(&header));
        }
        let is_old = challenges.iter().all(|one| answered.contains(one));
        if is_old || answered.len() >= limit::CHALLENGES {
            return Err(failure::answered(refused).await);
        }
        answered.extend_from_slice(&challenges);
        if self.current.borrow().generation != used.generation {
            // Another transfer answered meanwhile.
            return Ok(());
        }
        let bearer = challenges.iter().find_map(|challenge| match challenge {
            Challenge::Bearer(bearer) => Some(bearer),
            _ => None,
        });
        let ticket = if let Some(bearer) = bearer {
            let ticket = self.bearer(bearer, &refused.url, wire).await?;
            *self.asked.borrow_mut() = Some((bearer.clone(), refused.url.clone()));
            ticket
        } else if challenges.contains(&Challenge::Basic) && used.header.is_none() {
            Ticket::lasting(self.basic(refused).await?)
        } else {
            return Err(failure::answered(refused).await);
        };
        self.replace(ticket);
        Ok(())
    }

    fn replace(&self, ticket: Ticket) {
        let mut current = self.current.borrow_mut();
        let generation = current.generation + 1;
        *current = Ticket {
            generation,
            ..ticket
        };
    }

    async fn basic(&self, refused: Incoming) -> Result<String, Fault> {
        let problem = match self.credential().await? {
            Some(Credential::UserPassword(pair)) => {
                return Ok(token::basic(&pair.username, &pair.password));
            }
            Some(Credential::RegistryToken(token)) => return Ok(format!("Bearer {token}")),
            Some(Credential::IdentityToken(_)) => {
                "it wants a user name and password, and the stored credential is an identity token"
                    .to_owned()
            }
            None => format!(
                "it wants a user name and password, and there are none for {} \
                 (`wharf registry login` stores them)",
                self.registry
            ),
        };
        Err(explained(failure::answered(refused).await, &problem))
    }

    async fn bearer(
        &self,
        challenge: &Bearer,
        registry: &Url,
        wire: &Wire,
    ) -> Result<Ticket, Fault> {
        let realm = token::realm(challenge, registry).map_err(|e| Error::Refused(e.to_string()))?;
        let needed = self.scope.as_ref().map(Scope::texts).unwrap_or_default();
        let get = || Outgoing::new("GET", token::get_url(&realm, challenge, &needed));
        let post = |grant| {
            Outgoing::new("POST", realm.clone())
                .header("content-type", "application/x-www-form-urlencoded")
                .body(Body::Bytes(
                    token::form(challenge, &needed, grant).into_bytes(),
                ))
        };
        let credential = self.credential().await?;
        let (header, first, second) = match &credential {
            Some(Credential::RegistryToken(ready)) => {
                return Ok(Ticket::lasting(format!("Bearer {ready}")));
            }
            // Every token server knows GET with a password, and POST is the only way
            // for refresh tokens that the specification has.
            Some(Credential::UserPassword(pair)) => {
                let header = token::basic(&pair.username, &pair.password);
                let grant = Grant::Password(&pair.username, &pair.password);
                (Some(header), get(), Some(post(grant)))
            }
            Some(Credential::IdentityToken(refresh)) => {
                let header = token::basic("<token>", refresh);
                (
                    Some(header),
                    post(Grant::RefreshToken(refresh)),
                    Some(get()),
                )
            }
            None => (None, get(), None),
        };
        let give = async || {
            let mut answer = ask(wire, &first, header.as_deref()).await?;
            if let Some(second) = &second
                && token::takes_another_kind(answer.status)
            {
                let other = ask(wire, second, header.as_deref()).await?;
                // Of two refusals, the first is of the way that most servers know.
                if other.status == 200 {
                    answer = other;
                }
            }
            if answer.status == 200 {
                return Ok(answer);
            }
            let error = failure::answered(answer).await;
            let hint = if credential.is_none() {
                format!(
                    "the token server gives {} no token to anybody \
                     (`wharf registry login` stores a credential)",
                    self.registry
                )
            } else {
                "the token server did not accept the credential".to_owned()
            };
            Err(explained(error, &hint))
        };
        let give = || -> Work<'_, Incoming> { Box::pin(give()) };
        let reply = wire.whole(limit::TOKEN_BYTES, &give).await?;
        let token = Token::parse(&reply.body);
        let token = token.map_err(|error| reply.unusable(&error.to_string()))?;
        let lasts = token
            .lasts(reply.header("date"))
            .saturating_mul(NANOSECONDS);
        Ok(Ticket {
            expires: Some(monotonic_clock::now().saturating_add(lasts)),
            ..Ticket::lasting(format!("Bearer {}", token.value))
        })
    }

    async fn credential(&self) -> Result<Option<Credential>, Fault> {
        let repository = self
            .scope
            .as_ref()
            .map(|scope| scope.repository().to_string());
        let actions = self.scope.as_ref().map_or(&[][..], Scope::actions);
        let actions: Vec<String> = actions.iter().map(|action| (*action).to_owned()).collect();
        Ok(credentials::get(self.registry.to_string(), repository, actions).await?)
    }
}

impl Ticket {
    fn lasting(header: String) -> Self {
        Self {
            header: Some(header),
            ..Self::default()
        }
    }

    fn has_expired(&self) -> bool {
        self.expires
            .is_some_and(|expires| expires <= monotonic_clock::now())
    }
}

/// Asks a token server. The credential goes in a header with GET, and in the form
/// with POST.
async fn ask(wire: &Wire, request: &Outgoing, header: Option<&str>) -> Result<Incoming, Fault> {
    let header = header.filter(|_| request.method == "GET");
    wire.send(request, header)
        .await
        .map_err(|failed| failed.of(request.method, &request.url))
}

/// The same error with our words in front of the peer's. A token server's 404 is
/// about the token, not about the content that was asked for.
fn explained(fault: Fault, words: &str) -> Fault {
    let error = match Error::from(fault) {
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
    };
    error.into()
}
