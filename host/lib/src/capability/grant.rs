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
}

impl Purpose {
    /// The word of the audit.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Registry => "registry",
            Self::Token => "token",
            Self::Redirect => "redirect",
            Self::ForeignUpload => "upload",
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
            (301 | 302 | 303 | 307 | 308, Purpose::Registry | Purpose::Redirect)
                if matches!(method, "GET" | "HEAD") =>
            {
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
mod tests {
    use super::*;
    use wharf_oci::request::VERSION_PATH;

    fn url(text: &str) -> Url {
        text.parse().unwrap()
    }

    /// An address of the protocol at a registry.
    fn api(origin: &str, rest: &str) -> String {
        format!("{origin}{VERSION_PATH}{rest}")
    }

    fn grants(access: Access) -> Grants {
        let repository = Some("a/b".parse().unwrap());
        Grants::new(&"r.example".parse().unwrap(), repository, access, &[true])
    }

    fn headers(name: HeaderName, value: &str) -> HeaderMap {
        HeaderMap::from_iter([(name, value.parse().unwrap())])
    }

    const DIGEST: &str = "sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a";

    #[test]
    fn the_registry_is_granted_for_what_the_call_is_about() {
        let reading = grants(Access::Read);
        let granted = |method: &str, address: &str| reading.check(method, &url(address));
        let registry = Ok(Purpose::Registry);
        assert_eq!(granted("GET", &api("https://r.example", "")), registry);
        assert_eq!(
            granted("HEAD", &api("https://r.example", "a/b/manifests/v1")),
            registry
        );
        let blob = api("https://r.example", &format!("a/b/blobs/{DIGEST}"));
        assert_eq!(granted("GET", &blob), registry);
        for (method, address) in [
            ("GET", api("https://r.example", "a/c/manifests/v1")),
            ("GET", api("https://r.example", "_catalog")),
            ("GET", "https://r.example/".to_owned()),
            ("GET", api("https://r.example", "a/b/manifests/v1?leak=x")),
            ("POST", api("https://r.example", "a/b/blobs/uploads/")),
            ("PUT", api("https://r.example", "a/b/manifests/v1")),
            ("GET", api("http://r.example", "a/b/manifests/v1")),
            ("GET", api("https://r.example:444", "a/b/manifests/v1")),
            ("GET", api("https://r.example.evil", "a/b/manifests/v1")),
            ("GET", api("https://127.0.0.1", "a/b/manifests/v1")),
        ] {
            assert!(granted(method, &address).is_err(), "{method} {address}");
        }
        let writing = grants(Access::Write);
        let start = url(&api("https://r.example", "a/b/blobs/uploads/"));
        assert_eq!(writing.check("POST", &start), registry);
        let mount = format!("{start}?mount={DIGEST}&from=c");
        assert!(writing.check("POST", &url(&mount)).is_err());
        let copying = grants(Access::Write).and_from(vec!["c".parse().unwrap()]);
        assert_eq!(copying.check("POST", &url(&mount)), registry);
        let tag = |repository: &str| url(&api("https://r.example", repository));
        assert_eq!(copying.check("GET", &tag("c/manifests/v1")), registry);
        assert!(copying.check("PUT", &tag("c/manifests/v1")).is_err());
        assert!(copying.check("GET", &tag("d/manifests/v1")).is_err());
        let check = grants(Access::Check);
        assert!(
            check
                .check("GET", &url(&api("https://r.example", "")))
                .is_ok()
        );
        assert!(check.check("GET", &url(&blob)).is_err());
    }

    #[test]
    fn a_realm_is_granted_by_a_challenge_of_the_registry() {
        let realm = "https://t.example/token?service=x&scope=y";
        let challenge = r#"Bearer realm="https://t.example/token",service="x""#;
        let challenge = headers(header::WWW_AUTHENTICATE, challenge);
        let mut grants = grants(Access::Read);
        assert!(grants.check("GET", &url(realm)).is_err());
        let asked = url(&api("https://r.example", ""));
        let mut learn = |purpose| {
            grants.learn(purpose, "GET", &asked, StatusCode::UNAUTHORIZED, &challenge);
            grants.check("GET", &url(realm))
        };
        assert!(learn(Purpose::Redirect).is_err());
        assert!(learn(Purpose::Token).is_err());
        assert_eq!(learn(Purpose::Registry), Ok(Purpose::Token));
        assert!(grants.check("PUT", &url(realm)).is_err());
        assert!(
            grants
                .check("GET", &url("https://t.example/other"))
                .is_err()
        );
    }

    #[test]
    fn a_realm_without_tls_is_not_granted_by_a_registry_with_it() {
        let mut grants = grants(Access::Read);
        for realm in ["http://t.example/token", "https://127.0.0.1/token"] {
            let challenge = headers(
                header::WWW_AUTHENTICATE,
                &format!(r#"Bearer realm="{realm}""#),
            );
            let asked = url(&api("https://r.example", ""));
            let status = StatusCode::UNAUTHORIZED;
            grants.learn(Purpose::Registry, "GET", &asked, status, &challenge);
            assert!(grants.check("GET", &url(realm)).is_err(), "{realm}");
        }
    }

    #[test]
    fn one_address_is_read_and_where_it_redirects() {
        let mut grants = Grants::to_read(&url("https://e.example/a.wasm?x=1"));
        let read = Ok(Purpose::Redirect);
        for method in ["GET", "HEAD"] {
            let address = url("https://e.example/a.wasm?x=1");
            assert_eq!(grants.check(method, &address), read);
        }
        for (method, address) in [
            ("POST", "https://e.example/a.wasm?x=1".to_owned()),
            ("GET", "https://e.example/a.wasm".to_owned()),
            ("GET", "https://e.example/a.wasm?x=2".to_owned()),
            ("GET", "http://e.example/a.wasm?x=1".to_owned()),
            ("GET", "https://e.example:8443/a.wasm?x=1".to_owned()),
            ("GET", api("https://e.example", "")),
        ] {
            assert!(grants.check(method, &url(&address)).is_err(), "{address}");
        }
        let found = StatusCode::FOUND;
        let from = url("https://e.example/a.wasm?x=1");
        let mut lead = |to: &str| {
            let there = headers(header::LOCATION, to);
            grants.learn(Purpose::Redirect, "GET", &from, found, &there);
            grants.check("GET", &url(to))
        };
        assert_eq!(lead("https://b.example/a"), read);
        assert!(lead("http://b.example/a").is_err());
        let challenge = r#"Bearer realm="https://t.example/token""#;
        let challenge = headers(header::WWW_AUTHENTICATE, challenge);
        let unauthorized = StatusCode::UNAUTHORIZED;
        grants.learn(Purpose::Redirect, "GET", &from, unauthorized, &challenge);
        assert!(
            grants
                .check("GET", &url("https://t.example/token"))
                .is_err()
        );
    }

    #[test]
    fn a_redirect_grants_one_address_to_read() {
        let mut grants = grants(Access::Write);
        let asked = url(&api("https://r.example", "a/b/manifests/v1"));
        let target = "https://s3.example/blob?signature=1";
        let found = StatusCode::TEMPORARY_REDIRECT;
        let answer = headers(header::LOCATION, target);
        grants.learn(Purpose::Registry, "PUT", &asked, found, &answer);
        assert!(grants.check("GET", &url(target)).is_err());
        grants.learn(Purpose::Registry, "GET", &asked, found, &answer);
        assert_eq!(grants.check("GET", &url(target)), Ok(Purpose::Redirect));
        assert!(grants.check("PUT", &url(target)).is_err());
        for other in [
            "https://s3.example/blob?signature=2",
            "https://s3.example/blob",
            "https://s3.example/other?signature=1",
            "http://s3.example/blob?signature=1",
        ] {
            assert!(grants.check("GET", &url(other)).is_err(), "{other}");
        }
        let own = "https://r.example/storage/blob?signature=1";
        assert!(grants.check("GET", &url(own)).is_err());
        let answer = headers(header::LOCATION, own);
        grants.learn(Purpose::Registry, "GET", &asked, found, &answer);
        assert_eq!(grants.check("GET", &url(own)), Ok(Purpose::Registry));
        assert!(grants.check("PUT", &url(own)).is_err());
        let other = url(&api("https://r.example", "a/c/manifests/v1"));
        let answer = headers(header::LOCATION, &other.to_string());
        grants.learn(Purpose::Registry, "GET", &asked, found, &answer);
        assert!(grants.check("GET", &other).is_err());
        let plain = headers(header::LOCATION, "http://s3.example/blob");
        grants.learn(Purpose::Registry, "GET", &asked, found, &plain);
        assert!(grants.check("GET", &url("http://s3.example/blob")).is_err());
    }

    #[test]
    fn only_a_deleting_call_deletes_and_it_uploads_nothing() {
        let registry = Ok(Purpose::Registry);
        let manifest = url(&api("https://r.example", "a/b/manifests/v1"));
        let upload = url(&api("https://r.example", "a/b/blobs/uploads/"));
        let other = url(&api("https://r.example", "a/c/manifests/v1"));
        for access in [Access::Read, Access::Write] {
            assert!(grants(access).check("DELETE", &manifest).is_err());
        }
        let deleting = grants(Access::Delete);
        assert_eq!(deleting.check("DELETE", &manifest), registry);
        assert_eq!(deleting.check("PUT", &manifest), registry);
        assert!(deleting.check("DELETE", &other).is_err());
        assert!(deleting.check("POST", &upload).is_err());
    }

    #[test]
    fn a_next_page_is_granted_when_the_registry_names_it() {
        let mut grants = grants(Access::Read);
        let first = url(&api("https://r.example", "a/b/tags/list?n=1000"));
        let next = url(&api("https://r.example", "a/b/tags/list?page=2"));
        assert_eq!(grants.check("GET", &first), Ok(Purpose::Registry));
        assert!(grants.check("GET", &next).is_err());
        let mut learn = |link: &str| {
            let answer = headers(header::LINK, &format!("<{link}>; rel=\"next\""));
            grants.learn(Purpose::Registry, "GET", &first, StatusCode::OK, &answer);
            link.parse().map(|url| grants.check("GET", &url))
        };
        for elsewhere in [
            api("https://r.example", "a/c/tags/list?page=2"),
            api("https://r.example", "a/b/manifests/v1?page=2"),
            api("https://other.example", "a/b/tags/list?page=2"),
            "https://r.example/other".to_owned(),
        ] {
            assert!(learn(&elsewhere).unwrap().is_err(), "{elsewhere}");
        }
        assert_eq!(
            learn(&format!("https://r.example{}", next.path_and_query())),
            Ok(Ok(Purpose::Registry))
        );
    }

    #[test]
    fn an_upload_session_may_be_elsewhere() {
        let mut grants = grants(Access::Write);
        let asked = url(&api("https://r.example", "a/b/blobs/uploads/"));
        let answer = headers(header::LOCATION, "https://up.example/session?state=1");
        let session = url("https://up.example/session?state=2&digest=x");
        assert!(grants.check("PUT", &session).is_err());
        let accepted = StatusCode::ACCEPTED;
        grants.learn(Purpose::Registry, "POST", &asked, accepted, &answer);
        assert_eq!(grants.check("PUT", &session), Ok(Purpose::ForeignUpload));
        assert!(grants.check("POST", &session).is_err());
        let other = url("https://up.example/other");
        assert!(grants.check("PUT", &other).is_err());
    }

    #[test]
    fn an_upload_that_is_asked_about_may_have_moved() {
        let mut grants = grants(Access::Write);
        let asked = url(&api("https://r.example", "a/b/blobs/uploads/1"));
        let answer = headers(header::LOCATION, "https://up.example/session");
        let session = url("https://up.example/session");
        // Only an answer without content is one about an upload.
        grants.learn(Purpose::Registry, "GET", &asked, StatusCode::OK, &answer);
        assert!(grants.check("PATCH", &session).is_err());
        let told = StatusCode::NO_CONTENT;
        grants.learn(Purpose::Registry, "GET", &asked, told, &answer);
        assert_eq!(grants.check("PATCH", &session), Ok(Purpose::ForeignUpload));
        let mut reading = super::tests::grants(Access::Read);
        reading.learn(Purpose::Registry, "GET", &asked, told, &answer);
        assert!(reading.check("PATCH", &session).is_err());
    }
}
