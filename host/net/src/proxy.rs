//! Which proxy a request goes through, and with which password.

use std::fmt;
use std::str::FromStr;

use http::Uri;
use http::uri::Scheme;
use hyper_util::client::proxy::matcher::{Intercept, Matcher};

/// The proxies of requests, by where these go. By default there is none.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Proxies {
    http: Option<ProxyAddress>,
    https: Option<ProxyAddress>,
    /// Where to go without one, as `NO_PROXY` says it.
    except: String,
    /// Whether this machine is reached without one, whatever else is said.
    spares_loopback: bool,
}

/// Where a proxy is: `http://host:port`, or `http://user:password@host:port` for one that
/// wants to know who asks. Printed, it has neither user nor password.
#[derive(Clone, PartialEq, Eq)]
pub struct ProxyAddress(Uri);

/// Why a text is no address of a proxy. It does not repeat the text, which may hold a
/// password.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ProxyError {
    /// It is no address at all.
    #[error(
        "expected the address of a proxy, `http://HOST:PORT` or `http://USER:PASSWORD@HOST:PORT`"
    )]
    Address,
    /// It is spoken to in another way than plain HTTP.
    #[error(
        "expected a proxy that is spoken to in plain HTTP, `http://HOST:PORT`: others are not offered"
    )]
    Scheme,
}

/// A variable of the environment that names no proxy.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("${variable} can't be used: {error}")]
pub struct VariableError {
    /// Which.
    pub variable: &'static str,
    /// What is wrong with it.
    pub error: ProxyError,
}

/// The variables of each kind, the first that is set counting. `HTTP_PROXY` is not among
/// them, for the reason that curl has: a CGI server sets it to a header of the request.
const HTTPS: [&str; 2] = ["https_proxy", "HTTPS_PROXY"];
const HTTP: [&str; 1] = ["http_proxy"];
const ALL: [&str; 2] = ["all_proxy", "ALL_PROXY"];
const EXCEPT: [&str; 2] = ["no_proxy", "NO_PROXY"];

impl Proxies {
    /// This proxy for everything.
    #[must_use]
    pub fn through(proxy: ProxyAddress) -> Self {
        Self {
            http: Some(proxy.clone()),
            https: Some(proxy),
            ..Self::default()
        }
    }

    /// What the usual variables say, with curl's meaning of them: `https_proxy`,
    /// `http_proxy`, `all_proxy`, and `no_proxy` with names, which mean those below them
    /// too, addresses, ranges of them and `*`. Upper case counts too, but for the
    /// second. This machine is never reached through a proxy.
    pub fn of_environment(
        variable: impl Fn(&str) -> Option<String>,
    ) -> Result<Self, VariableError> {
        let first = |names: &[&'static str]| {
            let set = |name: &&'static str| {
                let value = variable(name).filter(|value| !value.is_empty());
                value.map(|value| (*name, value))
            };
            names.iter().find_map(set)
        };
        let proxy = |names| match first(names) {
            Some((variable, text)) => text
                .parse()
                .map(Some)
                .map_err(|error| VariableError { variable, error }),
            None => Ok(None),
        };
        let all: Option<ProxyAddress> = proxy(&ALL)?;
        Ok(Self {
            http: proxy(&HTTP)?.or_else(|| all.clone()),
            https: proxy(&HTTPS)?.or(all),
            except: first(&EXCEPT).map(|(_, text)| text).unwrap_or_default(),
            spares_loopback: true,
        })
    }

    /// Made ready to be asked.
    pub(crate) fn rules(&self) -> Rules {
        let address = |proxy: &Option<ProxyAddress>| {
            let uri = proxy.as_ref().map(|proxy| proxy.0.to_string());
            uri.unwrap_or_default()
        };
        let matcher = Matcher::builder()
            .http(address(&self.http))
            .https(address(&self.https))
            .no(self.except.as_str());
        Rules {
            matcher: matcher.build(),
            spares_loopback: self.spares_loopback,
        }
    }
}

/// Says of each address which proxy leads there.
pub(crate) struct Rules {
    matcher: Matcher,
    spares_loopback: bool,
}

impl Rules {
    /// The proxy to an address; none to go there without.
    pub(crate) fn proxy(&self, target: &Uri) -> Option<Intercept> {
        if self.spares_loopback && is_loopback(target.host()?) {
            return None;
        }
        self.matcher.intercept(target)
    }
}

/// Whether a host, as it stands in an address, is this machine by its name or number.
fn is_loopback(host: &str) -> bool {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    match bare.parse::<std::net::IpAddr>() {
        Ok(address) => address.to_canonical().is_loopback(),
        Err(_) => is_localhost(bare),
    }
}

/// Whether a name is this machine's wherever it is asked for (RFC 6761 §6.3).
pub(crate) fn is_localhost(name: &str) -> bool {
    let name = name.trim_end_matches('.').to_ascii_lowercase();
    name == "localhost" || name.ends_with(".localhost")
}

impl FromStr for ProxyAddress {
    type Err = ProxyError;

    fn from_str(text: &str) -> Result<Self, ProxyError> {
        let with_scheme = if text.contains("://") {
            text.to_owned()
        } else {
            format!("http://{text}")
        };
        let uri: Uri = with_scheme.parse().map_err(|_| ProxyError::Address)?;
        if uri.scheme() != Some(&Scheme::HTTP) {
            return Err(ProxyError::Scheme);
        }
        let authority = uri.authority().ok_or(ProxyError::Address)?;
        let (user, place) = match authority.as_str().rsplit_once('@') {
            Some((user, place)) => (user, place),
            None => ("", authority.as_str()),
        };
        let host = authority.host();
        let whole = match authority.port_u16() {
            Some(port) => place == format!("{host}:{port}") && port != 0,
            None => place == host,
        };
        let bare = matches!(
            uri.path_and_query().map(http::uri::PathAndQuery::as_str),
            None | Some("/")
        );
        if host.is_empty() || user.contains('@') || !whole || !bare {
            return Err(ProxyError::Address);
        }
        Ok(Self(uri))
    }
}

impl fmt::Display for ProxyAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&shown(&self.0))
    }
}

impl fmt::Debug for ProxyAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A proxy's address without user and password.
pub(crate) fn shown(proxy: &Uri) -> String {
    let host = proxy.host().unwrap_or_default();
    match proxy.port_u16() {
        Some(port) => format!("http://{host}:{port}"),
        None => format!("http://{host}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn environment(set: &[(&str, &str)]) -> Result<Proxies, VariableError> {
        let value = |name: &str| {
            let found = set.iter().find(|(known, _)| *known == name);
            found.map(|(_, value)| (*value).to_owned())
        };
        Proxies::of_environment(value)
    }

    fn proxy(proxies: &Proxies, target: &str) -> Option<String> {
        let found = proxies.rules().proxy(&target.parse().unwrap());
        found.map(|found| shown(found.uri()))
    }

    #[test]
    fn addresses_of_proxies() {
        for (text, printed) in [
            ("http://p.example:3128", "http://p.example:3128"),
            ("HTTP://p.example/", "http://p.example"),
            ("p.example:8080", "http://p.example:8080"),
            ("http://ann:s%40cret@[::1]:3128", "http://[::1]:3128"),
        ] {
            let address: ProxyAddress = text.parse().unwrap();
            assert_eq!(address.to_string(), printed);
            assert_eq!(format!("{address:?}"), printed);
        }
        for text in [
            "",
            "http://",
            "http://p.example:0",
            "http://p.example:70000",
            "http://p.example:x",
            "http://p.example/path",
            "http://p.example?q",
            "http://a b",
            "http://ann:se@cret@p.example",
        ] {
            assert_eq!(
                text.parse::<ProxyAddress>(),
                Err(ProxyError::Address),
                "{text}"
            );
        }
        for text in ["https://p.example:443", "socks5://p.example:1080"] {
            assert_eq!(
                text.parse::<ProxyAddress>(),
                Err(ProxyError::Scheme),
                "{text}"
            );
        }
    }

    #[test]
    fn the_environment_is_read_as_curl_reads_it() {
        let set = environment(&[
            ("HTTPS_PROXY", "http://secure:1"),
            ("HTTP_PROXY", "http://ignored:1"),
            ("all_proxy", "all:1"),
            ("NO_PROXY", "corp.example, 10.0.0.0/8"),
        ]);
        let proxies = set.unwrap();
        for (target, expected) in [
            ("https://r.example/", Some("http://secure:1")),
            ("http://r.example/", Some("http://all:1")),
            ("https://corp.example:5000/", None),
            ("https://r.corp.example/", None),
            ("https://notcorp.example/", Some("http://secure:1")),
            ("https://10.1.2.3/", None),
            ("http://localhost:5000/", None),
            ("https://127.0.0.1:5000/", None),
            ("https://[::1]/", None),
        ] {
            assert_eq!(proxy(&proxies, target).as_deref(), expected, "{target}");
        }
        let lower = environment(&[("https_proxy", "lower:1"), ("HTTPS_PROXY", "upper:1")]);
        let lower = proxy(&lower.unwrap(), "https://r.example/");
        assert_eq!(lower.as_deref(), Some("http://lower:1"));
        assert_eq!(
            environment(&[("https_proxy", "")]).map(|p| p.https),
            Ok(None)
        );
    }

    #[test]
    fn a_bad_variable_is_named_without_its_value() {
        let error = environment(&[("ALL_PROXY", "socks5://ann:secret@p.example")]).unwrap_err();
        assert!(error.to_string().starts_with("$ALL_PROXY"), "{error}");
        assert!(!error.to_string().contains("secret"), "{error}");
    }

    #[test]
    fn a_proxy_that_was_chosen_is_for_this_machine_too_and_gets_its_password() {
        let proxies = Proxies::through("http://ann:s%40cret@p.example:1".parse().unwrap());
        let target = "http://127.0.0.1:5000/".parse().unwrap();
        let found = proxies.rules().proxy(&target).unwrap();
        assert_eq!(found.basic_auth().unwrap(), "Basic YW5uOnNAY3JldA==");
        assert!(proxy(&Proxies::default(), "https://r.example/").is_none());
    }
}
