//! Which requests a guest may send.
//!
//! A call concerns one registry and, mostly, one repository. Requests to the
//! registry must be recognised as operations of the protocol on that repository,
//! and reading calls may not write. Everything else has to be led to, by an
//! answer of an origin that was granted itself:
//!
//! ```text
//!   401 + WWW-Authenticate ──▶ its realm, for token requests
//!   200 + Link             ──▶ the next page of the same list
//!   30x + Location         ──▶ exactly that address, to read, off the registry without
//!                              credentials
//!   202 + Location         ──▶ that upload session, off the registry without credentials
//! ```
//!
//! Nothing here builds a request or reads a body: it recognises, through the
//! protocol library, and the guest decides.

use std::collections::BTreeSet;

use http::{HeaderMap, HeaderName, StatusCode, header};
use wharf_oci::challenge::{self, Challenge};
use wharf_oci::link;
use wharf_oci::request::{Operation, Request};
use wharf_oci::token;
use wharf_oci::{Origin, Registry, Repository, Url};

/// What a call may do with its registry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Access {
    /// Not ask it at all.
    None,
    /// Look whether it is there and who may use it.
    Check,
    /// Read.
    Read,
    /// Read and write.
    Write,
    /// Read, delete, and store the manifests that list what is left.
    Delete,
}

/// The grants of one call. They grow with the answers of granted origins.
#[derive(Debug)]
pub(crate) struct Grants {
    /// Where the registry may be spoken to: one or, when it may turn out to use
    /// TLS, two origins.
    registry: Vec<Origin>,
    repository: Option<Repository>,
    /// Other repositories, whose content may be read and taken over.
    sources: Vec<Repository>,
    access: Access,
    realms: BTreeSet<Place>,
    redirects: BTreeSet<String>,
    /// The further pages of lists.
    pages: BTreeSet<String>,
    uploads: BTreeSet<Place>,
    /// The one request that a service may be sent, by its method and address, and what it
    /// is.
    service: Option<(&'static str, String, Purpose)>,
}

/// An address without its query.
type Place = (Origin, String);

/// What a granted request is, which says what may go with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// To the registry itself.
    Registry,
    /// To a token server that the registry named.
    Token,
    /// To where the registry sent a reader.
    Redirect,
    /// To an upload session that is not at the registry.
    ForeignUpload,
    /// To a service that takes part in signing.
    Signing,
    /// To a mirror of trusted roots.
    TrustedRoot,
}

impl Purpose {
    /// The word of the audit.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Registry => "registry",
            Self::Token => "token",
            Self::Redirect => "redirect",
            Self::ForeignUpload => "upload",
            Self::Signing => "signing",
            Self::TrustedRoot => "trusted-root",
        }
    }
}

/// How many of each kind of grant a call may collect: a bound on memory, far above
/// what any registry has a use for (one redirect for each of 10,000 blobs).
const MOST: usize = 100_000;

impl Grants {
    /// None at all, for a guest that has no business with a network.
    pub(crate) fn nothing() -> Self {
        Self {
            registry: Vec::new(),
            repository: None,
            sources: Vec::new(),
            access: Access::Check,
            realms: BTreeSet::new(),
            redirects: BTreeSet::new(),
            pages: BTreeSet::new(),
            uploads: BTreeSet::new(),
            service: None,
        }
    }

    /// What a call begins with. `schemes` says over which of TLS (`true`) and
    /// plain HTTP (`false`) the registry may be spoken to.
    pub(crate) fn new(
        registry: &Registry,
        repository: Option<Repository>,
        access: Access,
        schemes: &[bool],
    ) -> Self {
        Self {
            registry: schemes.iter().map(|tls| registry.origin(*tls)).collect(),
            repository,
            access,
            ..Self::nothing()
        }
    }

    /// To ask a service one thing, and nothing else.
    pub(crate) fn to_ask(method: &'static str, address: &Url) -> Self {
        Self {
            service: Some((method, address.to_string(), Purpose::Signing)),
            ..Self::nothing()
        }
    }

    /// To read one file of a mirror of trusted roots, and where it redirects, as anybody.
    pub(crate) fn to_refresh(address: &Url) -> Self {
        Self {
            service: Some(("GET", address.to_string(), Purpose::TrustedRoot)),
            ..Self::nothing()
        }
    }

    /// To read one address, and where it redirects, as anybody.
    pub(crate) fn to_read(address: &Url) -> Self {
        Self {
            redirects: BTreeSet::from([address.to_string()]),
            ..Self::nothing()
        }
    }

    /// The same, and to read these repositories and to take content over from them.
    pub(crate) fn and_from(mut self, sources: Vec<Repository>) -> Self {
        self.sources = sources;
        self
    }

    /// What a request is granted as, or why it is refused.
    pub(crate) fn check(&self, method: &str, url: &Url) -> Result<Purpose, String> {
        if let Some((known, address, purpose)) = &self.service
            && *known == method
            && *address == url.to_string()
        {
            return Ok(*purpose);
        }
        let place = place(url);
        if self.realms.contains(&place) && matches!(method, "GET" | "POST") {
            return Ok(Purpose::Token);
        }
        let is_registry = self.registry.contains(url.origin());
        if self.uploads.contains(&place) && matches!(method, "GET" | "PATCH" | "PUT" | "DELETE") {
            return Ok(if is_registry {
                Purpose::Registry
            } else {
                Purpose::ForeignUpload
            });
        }
        if is_registry {
            let recognised = Request::classify(method, url.path(), url.query());
            match recognised {
                Some(request) => return self.allowed(&request).map(|()| Purpose::Registry),
                None if method == "GET" && self.pages.contains(&url.to_string()) => {
                    return Ok(Purpose::Registry);
                }
                // Where its blobs are, for example: it is the same server.
                None if self.redirected(method, url) => return Ok(Purpose::Registry),
                None => return Err("it is no request of the registry protocol".to_owned()),
            }
        }
        if self.redirected(method, url) {
            return Ok(Purpose::Redirect);
        }
        Err(format!(
            "neither the registry nor anything that it named is at {}",
            url.origin()
        ))
    }

    /// Learns from the answer to a request that was granted as `purpose`.
    pub(crate) fn learn(
        &mut self,
        purpose: Purpose,
        method: &str,
        url: &Url,
        status: StatusCode,
        headers: &HeaderMap,
    ) {
        match (status.as_u16(), purpose) {
            (401, Purpose::Registry) => {
                for value in headers.get_all(header::WWW_AUTHENTICATE) {
                    let Ok(text) = value.to_str() else { continue };
                    for found in challenge::parse(text) {
                        if let Challenge::Bearer(bearer) = found
                            && let Ok(realm) = token::realm(&bearer, url)
                        {
                            insert(&mut self.realms, place(&realm));
                        }
                    }
                }
            }
            (200, Purpose::Registry) if method == "GET" => {
                if let Some(page) = next_page(url, headers) {
                    insert(&mut self.pages, page.to_string());
                }
            }
            (
                301 | 302 | 303 | 307 | 308,
                Purpose::Registry | Purpose::Redirect | Purpose::TrustedRoot,
            ) if matches!(method, "GET" | "HEAD") => {
                if let Some(target) = location(url, headers) {
                    insert(&mut self.redirects, target.to_string());
                }
            }
            (201 | 202 | 204, Purpose::Registry | Purpose::ForeignUpload)
                // Asked about an upload, the registry may say where it goes on
                // (distribution-spec v1.1.1, end-13).
                if self.access == Access::Write && (method != "GET" || status == 204) =>
            {
                if let Some(session) = location(url, headers) {
                    insert(&mut self.uploads, place(&session));
                }
            }
            _ => {}
        }
    }

    fn redirected(&self, method: &str, url: &Url) -> bool {
        matches!(method, "GET" | "HEAD") && self.redirects.contains(&url.to_string())
    }

    fn allowed(&self, request: &Request) -> Result<(), String> {
        if request.operation == Operation::CheckVersion && self.access != Access::None {
            return Ok(());
        }
        if matches!(self.access, Access::None | Access::Check) {
            return Err("this call only asks whether the registry is there".to_owned());
        }
        let is_source = |repository: &Repository| self.sources.contains(repository);
        let reads_source =
            !request.operation.writes() && request.repository.as_ref().is_some_and(is_source);
        if request.repository != self.repository && !reads_source {
            let name = |repository: &Option<Repository>| {
                repository
                    .as_ref()
                    .map_or("none".to_owned(), ToString::to_string)
            };
            return Err(format!(
                "it concerns the repository `{}` and this call `{}`",
                name(&request.repository),
                name(&self.repository)
            ));
        }
        let may = match (&request.operation, self.access) {
            (Operation::DeleteManifest(_), access) => access == Access::Delete,
            (Operation::WriteManifest(_), Access::Delete) => true,
            (operation, access) => !operation.writes() || access == Access::Write,
        };
        if !may {
            return Err("it writes or deletes, and this call does not".to_owned());
        }
        if let Operation::StartUpload(Some(mount)) = &request.operation
            && mount.from.as_ref().is_some_and(|from| !is_source(from))
        {
            return Err("it would read another repository".to_owned());
        }
        Ok(())
    }
}

/// Whether a header may prove who is asking: such headers go to the registry and
/// to its token server alone.
pub(crate) fn is_credential(name: &HeaderName) -> bool {
    *name == header::AUTHORIZATION
        || *name == header::PROXY_AUTHORIZATION
        || *name == header::COOKIE
}

fn place(url: &Url) -> Place {
    (url.origin().clone(), url.path().to_owned())
}

/// The page of the same list that an answer names as the next.
fn next_page(url: &Url, headers: &HeaderMap) -> Option<Url> {
    let list = |url: &Url| {
        let request = Request::classify("GET", url.path(), None)?;
        let is_list = matches!(
            request.operation,
            Operation::ListTags(_) | Operation::ListReferrers(..)
        );
        is_list.then_some(request)
    };
    let links = headers.get_all(header::LINK).iter();
    let links = links.filter_map(|link| link.to_str().ok());
    let next = link::follow(url, links).ok()??;
    (list(url)? == list(&next)?).then_some(next)
}

/// Where an answer leads, unless from TLS to plain HTTP.
fn location(url: &Url, headers: &HeaderMap) -> Option<Url> {
    let text = headers.get(header::LOCATION)?.to_str().ok()?;
    let target = url.join(text).ok()?;
    (target.origin().is_secure() || !url.origin().is_secure()).then_some(target)
}

fn insert<T: Ord>(set: &mut BTreeSet<T>, value: T) {
    if set.len() < MOST {
        set.insert(value);
    }
}

#[cfg(test)]
mod tests;
