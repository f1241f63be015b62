//! Addresses with the schemes `http` and `https`, and where a relative one leads.
//!
//! Only what the protocol needs of RFC 3986: no user information (refused, as it
//! would be a credential), no fragment (dropped, as it is never sent), and no
//! normalising of paths, since registries' addresses are opaque and signed ones
//! break when touched.

use alloc::borrow::ToOwned as _;
use alloc::format;
use alloc::string::String;
use core::fmt;
use core::net::{IpAddr, Ipv6Addr};
use core::str::FromStr;

use crate::limit;

/// Where a request goes: scheme, host and port. Credentials belong to an origin,
/// never to a host name alone (GHSA-vh4v-2xq2-g5cg).
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Origin {
    secure: bool,
    host: String,
    port: u16,
}

impl Origin {
    /// An origin from its parts. `host` is a name or an address as in a URL, IPv6
    /// in brackets; `secure` means https.
    pub fn new(secure: bool, host: &str, port: u16) -> Result<Self, UrlError> {
        Ok(Self {
            secure,
            host: checked_host(host)?,
            port,
        })
    }

    /// Whether TLS protects it.
    #[must_use]
    pub fn is_secure(&self) -> bool {
        self.secure
    }

    /// The host in lower case, IPv6 in brackets.
    #[must_use]
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The port, also when it is the scheme's own.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// `http` or `https`.
    #[must_use]
    pub fn scheme(&self) -> &'static str {
        if self.secure { "https" } else { "http" }
    }

    /// Host and port as in a `Host` header: the scheme's own port is left out.
    #[must_use]
    pub fn authority(&self) -> String {
        if self.port == default_port(self.secure) {
            self.host.clone()
        } else {
            format!("{}:{}", self.host, self.port)
        }
    }

    /// Whether the host is this machine, by its name or number.
    #[must_use]
    pub fn is_loopback(&self) -> bool {
        is_loopback_host(&self.host)
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}", self.scheme(), self.authority())
    }
}

/// An absolute address, fit to be requested.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Url {
    origin: Origin,
    path: String,
    query: Option<String>,
}

/// Why a text is not an address that may be followed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum UrlError {
    /// Neither `http://` nor `https://`.
    #[error("the address has neither the scheme http nor https")]
    Scheme,
    /// No host, or one with characters that no host has.
    #[error("the address has no valid host")]
    Host,
    /// A port that is not a number from 1 to 65535.
    #[error("the address has no valid port")]
    Port,
    /// A user name or password stands in the address.
    #[error("the address has user information in it, which is refused")]
    UserInformation,
    /// Spaces, control or other characters that an address can't have.
    #[error("the address has characters that no address has")]
    Characters,
    /// Longer than [`limit::URL_BYTES`].
    #[error("the address is longer than {} bytes", limit::URL_BYTES)]
    Length,
}

impl Url {
    /// The address of a path, with or without a query, at an origin.
    pub fn at(origin: &Origin, path_and_query: &str) -> Result<Self, UrlError> {
        let (path, query) = split_query(path_and_query)?;
        Ok(Self {
            origin: origin.clone(),
            path: absolute_path(path),
            query,
        })
    }

    /// Where a reference in an answer from this address leads, be it absolute or
    /// relative (RFC 3986 §5.2, but without removing dot segments).
    pub fn join(&self, reference: &str) -> Result<Self, UrlError> {
        let reference = reference.trim();
        if has_scheme(reference) {
            return reference.parse();
        }
        if let Some(rest) = reference.strip_prefix("//") {
            return format!("{}://{rest}", self.origin.scheme()).parse();
        }
        if reference.starts_with('/') {
            return Self::at(&self.origin, reference);
        }
        if reference.starts_with('?') {
            return Self::at(&self.origin, &format!("{}{reference}", self.path));
        }
        let folder = self.path.rfind('/').map_or("/", |end| &self.path[..=end]);
        Self::at(&self.origin, &format!("{folder}{reference}"))
    }

    /// The same address with one more pair in its query. Nothing else changes:
    /// upload locations are not to be reassembled (distribution-spec v1.1.1,
    /// "Pushing a blob monolithically").
    #[must_use]
    pub fn with_query_pair(mut self, name: &str, value: &str) -> Self {
        let pair = format!(
            "{}={}",
            crate::percent::encode(name),
            crate::percent::encode(value)
        );
        self.query = Some(match self.query.filter(|query| !query.is_empty()) {
            Some(query) => format!("{query}&{pair}"),
            None => pair,
        });
        self
    }

    /// Where a request for it goes.
    #[must_use]
    pub fn origin(&self) -> &Origin {
        &self.origin
    }

    /// The path, beginning with `/`.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The query without its `?`.
    #[must_use]
    pub fn query(&self) -> Option<&str> {
        self.query.as_deref()
    }

    /// What stands in a request's first line.
    #[must_use]
    pub fn path_and_query(&self) -> String {
        match &self.query {
            Some(query) => format!("{}?{query}", self.path),
            None => self.path.clone(),
        }
    }

    /// The address without its query, which may hold a signature: what may be
    /// shown and logged.
    #[must_use]
    pub fn redacted(&self) -> String {
        format!("{}{}", self.origin, self.path)
    }
}

impl FromStr for Url {
    type Err = UrlError;

    fn from_str(text: &str) -> Result<Self, UrlError> {
        if text.len() > limit::URL_BYTES {
            return Err(UrlError::Length);
        }
        let (scheme, rest) = text.split_once(':').ok_or(UrlError::Scheme)?;
        let rest = rest.strip_prefix("//").ok_or(UrlError::Scheme)?;
        let secure = if scheme.eq_ignore_ascii_case("https") {
            true
        } else if scheme.eq_ignore_ascii_case("http") {
            false
        } else {
            return Err(UrlError::Scheme);
        };
        let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
        let (authority, path_and_query) = rest.split_at(end);
        if authority.contains('@') {
            return Err(UrlError::UserInformation);
        }
        let (host, port) = split_port(authority)?;
        let port = port.unwrap_or(default_port(secure));
        Self::at(&Origin::new(secure, host, port)?, path_and_query)
    }
}

impl fmt::Display for Url {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.origin, self.path_and_query())
    }
}

/// Without the query, for the same reason as [`Url::redacted`].
impl fmt::Debug for Url {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.redacted())
    }
}

/// Whether a host, IPv6 in brackets or not, is this machine.
#[must_use]
pub fn is_loopback_host(host: &str) -> bool {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    if let Ok(address) = bare.parse::<IpAddr>() {
        return address.to_canonical().is_loopback();
    }
    let name = bare.strip_suffix('.').unwrap_or(bare);
    name.eq_ignore_ascii_case("localhost") || name.to_ascii_lowercase().ends_with(".localhost")
}

/// The host and the port of an authority.
pub(crate) fn split_port(authority: &str) -> Result<(&str, Option<u16>), UrlError> {
    let after_host = if authority.starts_with('[') {
        authority.find(']').ok_or(UrlError::Host)? + 1
    } else {
        authority.find(':').unwrap_or(authority.len())
    };
    let (host, rest) = authority.split_at(after_host);
    let port = match rest.strip_prefix(':') {
        None if rest.is_empty() => None,
        None => return Err(UrlError::Host),
        Some(digits) if digits.bytes().all(|b| b.is_ascii_digit()) => {
            let port: u16 = digits.parse().map_err(|_| UrlError::Port)?;
            Some(port).filter(|port| *port != 0)
        }
        Some(_) => return Err(UrlError::Port),
    };
    if port.is_none() && !rest.is_empty() {
        return Err(UrlError::Port);
    }
    Ok((host, port))
}

fn default_port(secure: bool) -> u16 {
    if secure { 443 } else { 80 }
}

fn has_scheme(text: &str) -> bool {
    let Some((scheme, _)) = text.split_once(':') else {
        return false;
    };
    scheme.starts_with(|c: char| c.is_ascii_alphabetic())
        && scheme
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"+-.".contains(&b))
}

fn checked_host(host: &str) -> Result<String, UrlError> {
    if let Some(inner) = host.strip_prefix('[') {
        let inner = inner.strip_suffix(']').ok_or(UrlError::Host)?;
        // Kept in the form in which it is written: two forms of one address are two
        // origins then, and what is granted to one is not granted to the other.
        let _: Ipv6Addr = inner.parse().map_err(|_| UrlError::Host)?;
        return Ok(host.to_ascii_lowercase());
    }
    let allowed = |b: u8| b.is_ascii_alphanumeric() || b"-._".contains(&b);
    if host.is_empty() || host.len() > 253 || !host.bytes().all(allowed) {
        return Err(UrlError::Host);
    }
    Ok(host.to_ascii_lowercase())
}

/// Which bytes the path and the query of an address may have. A table, since registries'
/// upload addresses are long, and each is parsed several times.
static SENT: [bool; 256] = {
    let mut sent = [false; 256];
    let mut byte = b'!';
    while byte <= b'~' {
        sent[byte as usize] = !matches!(
            byte,
            b'"' | b'<' | b'>' | b'\\' | b'^' | b'`' | b'{' | b'|' | b'}'
        );
        byte += 1;
    }
    sent
};

fn split_query(path_and_query: &str) -> Result<(&str, Option<String>), UrlError> {
    if path_and_query.len() > limit::URL_BYTES {
        return Err(UrlError::Length);
    }
    let sent = path_and_query.split('#').next().unwrap_or_default();
    if !sent.bytes().all(|b| SENT[usize::from(b)]) {
        return Err(UrlError::Characters);
    }
    Ok(match sent.split_once('?') {
        Some((path, query)) => (path, Some(query.to_owned())),
        None => (sent, None),
    })
}

fn absolute_path(path: &str) -> String {
    if path.starts_with('/') {
        path.to_owned()
    } else {
        format!("/{path}")
    }
}

#[cfg(test)]
mod tests {
    use alloc::string::ToString as _;

    use super::*;
    use proptest::prelude::*;

    fn url(text: &str) -> Url {
        text.parse().unwrap()
    }

    #[test]
    fn an_origin_is_scheme_host_and_port() {
        assert_eq!(
            url("https://Host/x").origin(),
            url("https://host:443/").origin()
        );
        assert_ne!(url("https://host/").origin(), url("http://host/").origin());
        assert_ne!(
            url("https://host/").origin(),
            url("https://host:444/").origin()
        );
        assert_eq!(
            url("http://[::1]:5000/a").origin().to_string(),
            "http://[::1]:5000"
        );
    }

    #[test]
    fn joins_what_registries_answer() {
        let base = url("https://r.example/v2/a/blobs/uploads/?x=1");
        for (reference, expected) in [
            (
                "https://s3.example/b?sig=%2F",
                "https://s3.example/b?sig=%2F",
            ),
            ("//other/b", "https://other/b"),
            (
                "/v2/a/blobs/uploads/1?_state=q",
                "https://r.example/v2/a/blobs/uploads/1?_state=q",
            ),
            ("7", "https://r.example/v2/a/blobs/uploads/7"),
            ("?y", "https://r.example/v2/a/blobs/uploads/?y"),
        ] {
            assert_eq!(base.join(reference).unwrap().to_string(), expected);
        }
    }

    #[test]
    fn refuses_what_confuses_parsers() {
        for text in [
            "ftp://host/",
            "https:///path",
            "https://user:secret@host/",
            "https://host:0/",
            "https://host:70000/",
            "https://host:80:81/",
            "https://ho st/",
            "https://host/a b",
            "https://host/a\r\nX: y",
            "https://[::1/",
            "https://[zz]/",
            "https://host\\@evil/",
            "javascript:alert(1)",
        ] {
            assert!(text.parse::<Url>().is_err(), "{text:?}");
        }
        assert!(url("https://host/").join("file:/etc/passwd").is_err());
    }

    #[test]
    fn loopback_by_name_and_number() {
        for host in [
            "localhost",
            "LOCALHOST.",
            "a.localhost",
            "127.9.9.9",
            "[::1]",
            "[::ffff:127.0.0.1]",
        ] {
            assert!(is_loopback_host(host), "{host}");
        }
        for host in ["localhost.example", "128.0.0.1", "[::2]", "notlocalhost"] {
            assert!(!is_loopback_host(host), "{host}");
        }
    }

    #[test]
    fn a_query_is_never_shown_but_kept_as_it_is() {
        let signed = url("https://s3.example/b?X-Sig=a%2Fb&x");
        assert_eq!(format!("{signed:?}"), "https://s3.example/b");
        let more = signed.with_query_pair("digest", "sha256:ab");
        assert_eq!(more.query(), Some("X-Sig=a%2Fb&x&digest=sha256%3Aab"));
    }

    proptest! {
        #[test]
        fn what_is_taken_stays_the_same(text in "https?://[a-zA-Z0-9.\\[\\]:@_-]{0,30}[ -~]{0,40}") {
            if let Ok(parsed) = text.parse::<Url>() {
                prop_assert_eq!(parsed.to_string().parse::<Url>(), Ok(parsed));
            }
        }

        #[test]
        fn joining_never_panics(base in "https://h/[ -~]{0,20}", reference in ".{0,60}") {
            if let Ok(base) = base.parse::<Url>() {
                let _ = base.join(&reference);
            }
        }
    }
}
