//! Where a component may connect to: the entries of `allowed_outbound_hosts`.
//!
//! ```text
//! scheme://host[:port]
//!
//! scheme   letters, or * for any
//! host     a name, *.domain for anything below it, an address, a network such
//!          as 10.0.0.0/8, * for any, or self for the application itself
//! port     a number, first..end (end not included), or * for any; where it is
//!          left out, the port that the scheme usually has
//! ```
//!
//! An entry may name variables of the application in double braces; what it means
//! is known once they have values.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::ops::Range;
use std::str::FromStr;

/// The domain of the application's own components.
const INTERNAL_SUFFIX: &str = ".spin.internal";

/// One entry, understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AllowedHost {
    scheme: Option<String>,
    host: Host,
    ports: Option<Range<u32>>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Host {
    Any,
    Itself,
    Below(String),
    Network(IpAddr, u8),
    Exact(String),
}

/// Why a text is not an entry.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AllowedHostError {
    /// There is no `scheme://`.
    #[error("it has no scheme: write `scheme://host:port`, for example `https://example.com`")]
    Scheme,
    /// The scheme has something else than letters.
    #[error("the scheme `{0}` has something else than letters")]
    SchemeLetters(String),
    /// There is a path, a query or user information.
    #[error("it goes on after the host: write `scheme://host:port` and no path")]
    Path,
    /// There is no host.
    #[error("it has no host: write `scheme://host:port`, for example `https://example.com`")]
    NoHost,
    /// The host is not one.
    #[error("`{0}` is neither a host name, nor an address, nor a network")]
    Host(String),
    /// A `*` stands elsewhere than for the whole host or its first label.
    #[error("in the host `{0}`, `*` may only stand for everything or in front as `*.`")]
    Wildcard(String),
    /// The port is not a number, a range or `*`.
    #[error("`{0}` is neither a port, nor a range `first..end`, nor `*`")]
    Port(String),
    /// There is no port and none is usual for the scheme.
    #[error("it needs a port, since `{0}` has no usual one: add `:*` for any")]
    NoPort(String),
}

impl AllowedHost {
    /// Whether a connection with this scheme to this host, a name or an address
    /// as in a URL's authority, and this port is allowed.
    #[must_use]
    pub fn allows(&self, scheme: &str, host: &str, port: u16) -> bool {
        let scheme_fits = match &self.scheme {
            None => true,
            Some(own) => own.eq_ignore_ascii_case(scheme),
        };
        let port_fits = match &self.ports {
            None => true,
            Some(ports) => ports.contains(&u32::from(port)),
        };
        scheme_fits && port_fits && self.host.allows(&plain_host(host))
    }

    /// Whether requests to the application itself, with no host, are allowed.
    #[must_use]
    pub fn allows_self(&self, scheme: &str) -> bool {
        let scheme_fits = match &self.scheme {
            None => true,
            Some(own) => own.eq_ignore_ascii_case(scheme),
        };
        scheme_fits && matches!(self.host, Host::Any | Host::Itself)
    }

    /// Whether the entry is about the application's other components
    /// (`*.spin.internal` or one of them), which not every host can route to.
    #[must_use]
    pub fn names_components(&self) -> bool {
        match &self.host {
            Host::Exact(name) => name.ends_with(INTERNAL_SUFFIX),
            Host::Below(suffix) => suffix == INTERNAL_SUFFIX,
            Host::Any | Host::Itself | Host::Network(..) => false,
        }
    }
}

impl FromStr for AllowedHost {
    type Err = AllowedHostError;

    fn from_str(text: &str) -> Result<Self, AllowedHostError> {
        let Some((scheme, authority)) = text.trim().split_once("://") else {
            return Err(AllowedHostError::Scheme);
        };
        if scheme != "*" && (scheme.is_empty() || !scheme.bytes().all(|b| b.is_ascii_alphabetic()))
        {
            return Err(AllowedHostError::SchemeLetters(shown(scheme)));
        }
        let authority = authority.strip_suffix('/').unwrap_or(authority);
        let (host, port) = split_port(authority);
        let host = Host::parse(host)?;
        Ok(Self {
            ports: ports(port, scheme)?,
            host,
            scheme: (scheme != "*").then(|| scheme.to_ascii_lowercase()),
        })
    }
}

impl Host {
    fn parse(text: &str) -> Result<Self, AllowedHostError> {
        match text {
            "" => return Err(AllowedHostError::NoHost),
            "*" => return Ok(Self::Any),
            "self" | "self.alt" => return Ok(Self::Itself),
            _ => {}
        }
        let name = plain_host(text);
        if let Some((address, length)) = name.split_once('/') {
            return network(address, length).ok_or(AllowedHostError::Path);
        }
        if name.parse::<IpAddr>().is_ok() {
            return Ok(Self::Exact(name));
        }
        let (below, labels) = match name.strip_prefix("*.") {
            Some(domain) => (true, domain),
            None => (false, name.as_str()),
        };
        if labels.contains('*') {
            return Err(AllowedHostError::Wildcard(shown(text)));
        }
        let is_label = |label: &str| {
            !label.is_empty()
                && label
                    .bytes()
                    .all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
        };
        if !labels.split('.').all(is_label) {
            return Err(AllowedHostError::Host(shown(text)));
        }
        Ok(if below {
            Self::Below(format!(".{labels}"))
        } else {
            Self::Exact(name)
        })
    }

    fn allows(&self, host: &str) -> bool {
        match self {
            Self::Any => true,
            Self::Itself => false,
            Self::Below(suffix) => host.ends_with(suffix),
            Self::Network(network, length) => host
                .parse()
                .is_ok_and(|address| contains(*network, *length, address)),
            Self::Exact(own) => own == host,
        }
    }
}

/// A host without brackets, in lower case.
fn plain_host(host: &str) -> String {
    let inner = host
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'));
    inner.unwrap_or(host).to_ascii_lowercase()
}

/// The colon of the port is the last one that is not within brackets; a network
/// of the new kind of addresses has to stand in brackets too when a port follows.
fn split_port(authority: &str) -> (&str, Option<&str>) {
    match authority.rsplit_once(':') {
        Some((host, port))
            if !port.contains(']') && (!host.contains(':') || host.contains(']')) =>
        {
            (host, Some(port))
        }
        _ => (authority, None),
    }
}

fn ports(port: Option<&str>, scheme: &str) -> Result<Option<Range<u32>>, AllowedHostError> {
    let Some(text) = port.filter(|text| !text.is_empty()) else {
        return usual_port(scheme)
            .map(|port| Some(port..port + 1))
            .ok_or_else(|| AllowedHostError::NoPort(shown(scheme)));
    };
    if text == "*" {
        return Ok(None);
    }
    if text.contains('/') {
        return Err(AllowedHostError::Path);
    }
    let number = |text: &str| text.parse::<u16>().map(u32::from);
    let range = match text.split_once("..") {
        Some((first, end)) => number(first).and_then(|first| Ok(first..number(end)?)),
        None => number(text).map(|port| port..port + 1),
    };
    match range {
        Ok(range) if !range.is_empty() => Ok(Some(range)),
        _ => Err(AllowedHostError::Port(shown(text))),
    }
}

fn usual_port(scheme: &str) -> Option<u32> {
    Some(match scheme.to_ascii_lowercase().as_str() {
        "http" => 80,
        "https" => 443,
        "mqtt" => 1883,
        "mysql" => 3306,
        "postgres" => 5432,
        "redis" => 6379,
        _ => return None,
    })
}

fn network(address: &str, length: &str) -> Option<Host> {
    let address: IpAddr = plain_host(address).parse().ok()?;
    let length: u8 = length.parse().ok()?;
    let most = if address.is_ipv4() { 32 } else { 128 };
    (length <= most).then_some(Host::Network(address, length))
}

fn contains(network: IpAddr, length: u8, address: IpAddr) -> bool {
    // A network of length 0 would shift all bits out, which `checked_shr` refuses:
    // it contains everything.
    match (network, address) {
        (IpAddr::V4(network), IpAddr::V4(address)) => {
            let differing = Ipv4Addr::to_bits(network) ^ Ipv4Addr::to_bits(address);
            differing
                .checked_shr(32 - u32::from(length))
                .is_none_or(|rest| rest == 0)
        }
        (IpAddr::V6(network), IpAddr::V6(address)) => {
            let differing = Ipv6Addr::to_bits(network) ^ Ipv6Addr::to_bits(address);
            differing
                .checked_shr(128 - u32::from(length))
                .is_none_or(|rest| rest == 0)
        }
        _ => false,
    }
}

fn shown(text: &str) -> String {
    wharf_oci::problem::clean(text, 100)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn allows(entry: &str, scheme: &str, host: &str, port: u16) -> bool {
        entry
            .parse::<AllowedHost>()
            .unwrap()
            .allows(scheme, host, port)
    }

    #[test]
    fn names_and_ports() {
        assert!(allows("https://example.com", "https", "example.com", 443));
        assert!(allows("https://Example.com/", "HTTPS", "EXAMPLE.com", 443));
        assert!(!allows("https://example.com", "http", "example.com", 80));
        assert!(!allows("https://example.com", "https", "example.com", 8443));
        assert!(!allows(
            "https://example.com",
            "https",
            "a.example.com",
            443
        ));
        assert!(allows("*://localhost:*", "redis", "localhost", 1));
        assert!(allows(
            "http://localhost:8000..8010",
            "http",
            "localhost",
            8009
        ));
        assert!(!allows(
            "http://localhost:8000..8010",
            "http",
            "localhost",
            8010
        ));
        assert!(allows("http://*:65535", "http", "x", 65535));
    }

    #[test]
    fn wildcards_stand_for_labels() {
        assert!(allows(
            "https://*.example.com",
            "https",
            "a.b.example.com",
            443
        ));
        assert!(!allows(
            "https://*.example.com",
            "https",
            "example.com",
            443
        ));
        assert!(!allows(
            "https://*.example.com",
            "https",
            "badexample.com",
            443
        ));
        assert!(allows("*://*:*", "anything", "anywhere", 9));
    }

    #[test]
    fn addresses_and_networks() {
        assert!(allows("http://127.0.0.1:80", "http", "127.0.0.1", 80));
        assert!(allows("http://[::1]", "http", "[::1]", 80));
        assert!(allows("http://[::1]:81", "http", "::1", 81));
        assert!(allows("http://10.0.0.0/8", "http", "10.255.1.2", 80));
        assert!(!allows("http://10.0.0.0/8:*", "http", "11.0.0.1", 80));
        assert!(!allows("http://10.0.0.0/8", "http", "10.example.com", 80));
        assert!(allows("http://0.0.0.0/0", "http", "203.0.113.9", 80));
        assert!(allows("http://[fd00::/8]:80", "http", "[fd12::1]", 80));
        assert!(!allows("http://0.0.0.0/0", "http", "::1", 80));
    }

    #[test]
    fn the_application_itself() {
        let itself: AllowedHost = "http://self".parse().unwrap();
        assert!(itself.allows_self("http"));
        assert!(!itself.allows_self("https"));
        assert!(!itself.allows("http", "self", 80));
        let named = |text: &str| text.parse::<AllowedHost>().unwrap().names_components();
        assert!(named("http://*.spin.internal"));
        assert!(named("http://cart.spin.internal"));
        assert!(!named("http://*:*"));
    }

    #[test]
    fn what_is_wrong_is_said() {
        for (entry, error) in [
            ("example.com", AllowedHostError::Scheme),
            ("*", AllowedHostError::Scheme),
            ("", AllowedHostError::Scheme),
            ("h2://x:1", AllowedHostError::SchemeLetters("h2".into())),
            ("https://example.com/path", AllowedHostError::Path),
            ("https://example.com:80/path", AllowedHostError::Path),
            ("https://", AllowedHostError::NoHost),
            ("https://:80", AllowedHostError::NoHost),
            ("https:///", AllowedHostError::NoHost),
            ("https://.", AllowedHostError::Host(".".into())),
            ("https://a b", AllowedHostError::Host("a b".into())),
            ("https://u@h", AllowedHostError::Host("u@h".into())),
            ("https://a.*.b", AllowedHostError::Wildcard("a.*.b".into())),
            ("https://x:http", AllowedHostError::Port("http".into())),
            ("https://x:9..8", AllowedHostError::Port("9..8".into())),
            ("https://x:70000", AllowedHostError::Port("70000".into())),
            ("ftp://x", AllowedHostError::NoPort("ftp".into())),
            ("*://x", AllowedHostError::NoPort("*".into())),
            ("http://10.0.0.0/33", AllowedHostError::Path),
        ] {
            assert_eq!(entry.parse::<AllowedHost>(), Err(error), "{entry}");
        }
    }

    proptest! {
        #[test]
        fn never_panics(text in "\\PC{0,60}", host in "\\PC{0,20}", port: u16) {
            if let Ok(entry) = text.parse::<AllowedHost>() {
                let _ = entry.allows("https", &host, port);
            }
        }

        #[test]
        fn an_exact_entry_allows_itself_alone(name in "[a-z]{1,8}(\\.[a-z]{1,8}){0,3}", other in "[a-z.]{1,20}") {
            let entry: AllowedHost = format!("https://{name}").parse().unwrap();
            prop_assert_eq!(entry.allows("https", &other, 443), other == name || name == "self");
        }
    }
}
