//! One call's dealings with one registry: every request goes out through here,
//! with the authorization that belongs to the registry's origin and to no other.

use alloc::format;
use alloc::string::{String, ToString as _};
use alloc::vec::Vec;
use core::cell::Cell;

use wharf_oci::request::Operation;
use wharf_oci::token::Scope;
use wharf_oci::{Origin, Registry, Repository, Url, limit};

use crate::auth::{Auth, Ticket};
use crate::bindings::{Error, Event, Transport, progress};
use crate::failure::{self, Fault};
use crate::http::{Failed, Incoming, Outgoing};
use crate::settings::Settings;
use crate::wire::Wire;

/// One call's dealings with one registry.
pub(crate) struct Session {
    registry: Registry,
    secure: Cell<bool>,
    /// Whether the registry may still turn out to want TLS.
    undecided: Cell<bool>,
    /// Whether it turned out to.
    switched: Cell<bool>,
    auth: Auth,
    /// What requests are sent over.
    pub(crate) wire: Wire,
    /// Whether a blob may be sent with the request that begins its upload, once that
    /// is known.
    pub(crate) single_request: Cell<Option<bool>>,
    /// How many blobs were sent or are being sent; none once one was there already.
    pub(crate) absent: Cell<Option<u32>>,
}

impl Session {
    /// Begins to deal with a registry, for what `scope` allows.
    pub(crate) fn new(registry: Registry, scope: Option<Scope>, settings: Settings) -> Self {
        Self {
            secure: Cell::new(settings.transport == Transport::Https),
            undecided: Cell::new(settings.transport == Transport::HttpOrHttps),
            switched: Cell::new(false),
            auth: Auth::new(registry.clone(), scope),
            wire: Wire::new(settings),
            single_request: Cell::new(None),
            absent: Cell::new(Some(0)),
            registry,
        }
    }

    /// The registry.
    pub(crate) fn registry(&self) -> &Registry {
        &self.registry
    }

    /// The address of an operation on a repository.
    pub(crate) fn url(&self, repository: &Repository, operation: &Operation) -> Result<Url, Fault> {
        let path = operation.path(repository).unwrap_or_default();
        self.url_at(&path)
    }

    /// The address of a path at the registry.
    pub(crate) fn url_at(&self, path: &str) -> Result<Url, Fault> {
        Url::at(&self.origin(), path).map_err(|error| Error::InvalidInput(error.to_string()).into())
    }

    /// Sends a request, again where that helps; if the registry wants to know who is
    /// there, answers and sends it once more. Any status may come back, but a 401 at
    /// the registry is an error.
    pub(crate) async fn send(&self, outgoing: Outgoing) -> Result<Incoming, Fault> {
        let (method, url) = (outgoing.method, outgoing.url.clone());
        let sent = self.attempt(outgoing).await;
        sent.map_err(|failed| failed.of(method, &url))
    }

    /// The same, for what is not repeatable too: that is sent once.
    pub(crate) async fn attempt(&self, mut outgoing: Outgoing) -> Result<Incoming, Failed> {
        let mut answered = Vec::new();
        loop {
            let plain = *outgoing.url.origin() == self.registry.origin(false);
            if plain && self.switched.get() {
                // It was made, or on its way, before it was known.
                outgoing.url = Url::at(&self.origin(), &outgoing.url.path_and_query())
                    .map_err(|error| Error::InvalidInput(error.to_string()))?;
            }
            let own = *outgoing.url.origin() == self.origin();
            let ticket = if own {
                self.auth.ticket(&self.wire).await?
            } else {
                Ticket::default()
            };
            let incoming = self.wire.send(&outgoing, ticket.header.as_deref()).await?;
            for warning in incoming.header_values("warning") {
                progress::report(&Event::Note(warning_text(&warning)));
            }
            let undecided = own && self.undecided.replace(false);
            let late = plain && self.switched.get() && *incoming.url.origin() != self.origin();
            if (undecided || late) && incoming.status == 400 {
                // What TLS servers answer to plain HTTP. Nothing secret was sent.
                self.secure.set(true);
                self.switched.set(true);
                continue;
            }
            if incoming.status != 401 || !own {
                return Ok(incoming);
            }
            self.auth
                .answer(incoming, &ticket, &mut answered, &self.wire)
                .await?;
        }
    }

    /// Sends a request that only reads, and follows where the registry redirects
    /// it: never from TLS to plain HTTP, never with the registry's authorization
    /// to another origin, and not for ever.
    pub(crate) async fn read(&self, outgoing: Outgoing) -> Result<Incoming, Fault> {
        let headers = outgoing.headers.clone();
        let mut incoming = self.send(outgoing).await?;
        for _ in 0..limit::REDIRECTS {
            if !matches!(incoming.status, 301 | 302 | 303 | 307 | 308) {
                return Ok(incoming);
            }
            let location = location(&incoming)?;
            let mut next = Outgoing::new(incoming.method, location);
            next.headers.clone_from(&headers);
            incoming = self.send(next).await?;
        }
        Err(failure::network(
            incoming.method,
            &incoming.url,
            Some(incoming.status),
            "it redirects too often",
        ))
    }

    /// Whether an address is at the registry itself.
    pub(crate) fn is_own(&self, url: &Url) -> bool {
        *url.origin() == self.origin()
    }

    fn origin(&self) -> Origin {
        self.registry.origin(self.secure.get())
    }
}

/// Where an answer's `Location` leads.
pub(crate) fn location(incoming: &Incoming) -> Result<Url, Fault> {
    let unusable =
        |why: &str| failure::network(incoming.method, &incoming.url, Some(incoming.status), why);
    let header = incoming
        .header("location")
        .ok_or_else(|| unusable("its answer has no Location"))?;
    let location = incoming
        .url
        .join(&header)
        .map_err(|error| unusable(&format!("its answer's Location can't be followed: {error}")))?;
    if incoming.url.origin().is_secure() && !location.origin().is_secure() {
        return Err(Error::Refused(format!(
            "{} leads from TLS to plain HTTP, to {}",
            incoming.url.redacted(),
            location.redacted()
        ))
        .into());
    }
    Ok(location)
}

/// The text of a `Warning` header, `299 - "text"` (distribution-spec v1.1.1,
/// "Warnings").
fn warning_text(header: &str) -> String {
    let text = header
        .split_once('"')
        .map_or(header, |(_, text)| text.trim_end_matches('"'));
    let text = wharf_oci::problem::clean(text, limit::MESSAGE_CHARS);
    format!("the registry warns: {text}")
}
