//! What a component is told about a request beside the request itself: Spin's
//! headers.

use std::net::SocketAddr;

use http::header::{CONNECTION, HOST, HeaderMap, HeaderName, HeaderValue};
use http::request::Parts;
use http::uri::{Authority, Scheme, Uri};

use crate::route::Match;

/// What headers of this kind begin with: from outside they are removed, so that
/// a client can't pretend to be the host.
const OWN: &str = "spin-";

const BASE_PATH: HeaderName = HeaderName::from_static("spin-base-path");
const CLIENT_ADDR: HeaderName = HeaderName::from_static("spin-client-addr");
const COMPONENT_ROUTE: HeaderName = HeaderName::from_static("spin-component-route");
const FULL_URL: HeaderName = HeaderName::from_static("spin-full-url");
const MATCHED_ROUTE: HeaderName = HeaderName::from_static("spin-matched-route");
const PATH_INFO: HeaderName = HeaderName::from_static("spin-path-info");
const RAW_COMPONENT_ROUTE: HeaderName = HeaderName::from_static("spin-raw-component-route");

/// Why a request can't be passed on. The client's fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum BadRequest {
    /// It does not say which host it is for.
    #[error("the request names no host")]
    NoHost,
    /// What it says of the host is no host, or two different ones.
    #[error("the request names a host that is none, or several")]
    Host,
    /// The path can't stand in a header or an address.
    #[error("the request has a target that can't be passed on")]
    Target,
}

/// Makes a request from outside into the one that the component of a route sees:
/// an absolute address, none of the host's headers from outside, and the host's.
pub(crate) fn prepare<T>(
    request: &mut Parts,
    found: &Match<'_, T>,
    client: SocketAddr,
) -> Result<(), BadRequest> {
    let authority = authority(&request.uri, &request.headers)?;
    let target = request.uri.path_and_query().ok_or(BadRequest::Target)?;
    let full_url = format!("http://{authority}{target}");
    let uri = Uri::builder()
        .scheme(Scheme::HTTP)
        .authority(authority)
        .path_and_query(target.clone())
        .build();

    let headers = &mut request.headers;
    strip(headers);
    let route = found.route;
    for (name, value) in [
        (PATH_INFO, found.rest),
        (FULL_URL, &full_url),
        (MATCHED_ROUTE, route.tidy()),
        (BASE_PATH, "/"),
        (RAW_COMPONENT_ROUTE, route.raw()),
        (COMPONENT_ROUTE, route.raw_prefix()),
        (CLIENT_ADDR, &client.to_string()),
    ] {
        headers.insert(name, header_value(value)?);
    }
    for (name, value) in &found.named {
        let name = format!("spin-path-match-{}", name.replace('_', "-"));
        let name = HeaderName::try_from(name).map_err(|_| BadRequest::Target)?;
        headers.insert(name, header_value(value)?);
    }
    request.uri = uri.map_err(|_| BadRequest::Target)?;
    Ok(())
}

/// The host that a request is for. In HTTP/1 the header says it, in HTTP/2 the
/// address; where both do, they must say the same.
fn authority(uri: &Uri, headers: &HeaderMap) -> Result<Authority, BadRequest> {
    let mut hosts = headers.get_all(HOST).iter();
    let header = match (hosts.next(), hosts.next()) {
        (None, _) => None,
        (Some(host), None) => {
            let text = host.to_str().map_err(|_| BadRequest::Host)?;
            Some(text.parse::<Authority>().map_err(|_| BadRequest::Host)?)
        }
        (Some(_), Some(_)) => return Err(BadRequest::Host),
    };
    let authority = match (uri.authority(), header) {
        (None, None) => return Err(BadRequest::NoHost),
        (Some(own), Some(header)) if *own != header => return Err(BadRequest::Host),
        (Some(own), _) => own.clone(),
        (None, Some(header)) => header,
    };
    if authority.as_str().contains('@') {
        return Err(BadRequest::Host);
    }
    Ok(authority)
}

fn strip(headers: &mut HeaderMap) {
    headers.remove(CONNECTION);
    let own: Vec<_> = headers
        .keys()
        .filter(|name| name.as_str().starts_with(OWN))
        .cloned()
        .collect();
    for name in own {
        headers.remove(name);
    }
}

fn header_value(text: &str) -> Result<HeaderValue, BadRequest> {
    // Addresses may have bytes in them that are not ASCII.
    HeaderValue::from_bytes(text.as_bytes()).map_err(|_| BadRequest::Target)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::route::{Route, Routes};

    fn prepared(route: &str, request: http::request::Builder) -> Result<Parts, BadRequest> {
        let mut parts = request.body(()).unwrap().into_parts().0;
        let mut routes = Routes::new();
        routes.add(Route::parse(route).unwrap(), ());
        let path = parts.uri.path().to_owned();
        let found = routes.find(&path).expect("the route must fit");
        prepare(&mut parts, &found, "192.0.2.1:8777".parse().unwrap())?;
        Ok(parts)
    }

    fn own(parts: &Parts) -> Vec<(&str, &str)> {
        let mut list: Vec<_> = parts
            .headers
            .iter()
            .filter(|(name, _)| name.as_str().starts_with(OWN))
            .map(|(name, value)| (name.as_str(), value.to_str().unwrap()))
            .collect();
        list.sort_unstable();
        list
    }

    #[test]
    fn all_headers_of_a_route_with_a_name_and_dots() {
        let request = http::Request::post("/foo/42/bar?key1=value1&key2=value2");
        let parts = prepared(
            "/foo/:user_ID/...",
            request.header("Host", "example.com:81"),
        )
        .unwrap();
        assert_eq!(
            own(&parts),
            [
                ("spin-base-path", "/"),
                ("spin-client-addr", "192.0.2.1:8777"),
                ("spin-component-route", "/foo/:user_ID"),
                (
                    "spin-full-url",
                    "http://example.com:81/foo/42/bar?key1=value1&key2=value2"
                ),
                ("spin-matched-route", "/foo/:user_ID/..."),
                ("spin-path-info", "/bar"),
                ("spin-path-match-user-id", "42"),
                ("spin-raw-component-route", "/foo/:user_ID/..."),
            ]
        );
        assert_eq!(
            parts.uri,
            "http://example.com:81/foo/42/bar?key1=value1&key2=value2"
        );
    }

    #[test]
    fn the_root_and_the_slash_at_the_end() {
        let request = || http::Request::get("/").header("host", "h");
        let root = prepared("/", request()).unwrap();
        for (name, value) in [
            (PATH_INFO, ""),
            (MATCHED_ROUTE, ""),
            (RAW_COMPONENT_ROUTE, "/"),
            (COMPONENT_ROUTE, "/"),
            (FULL_URL, "http://h/"),
        ] {
            assert_eq!(root.headers[&name], value, "{name}");
        }
        let all = prepared("/...", request()).unwrap();
        assert_eq!(all.headers[PATH_INFO], "/");
        assert_eq!(all.headers[MATCHED_ROUTE], "/...");
        assert_eq!(all.headers[COMPONENT_ROUTE], "");
    }

    #[test]
    fn a_client_can_not_forge_what_the_host_says() {
        let request = http::Request::get("/a")
            .header("host", "h")
            .header("Spin-Client-Addr", "10.0.0.1:1")
            .header("spin-client-addr", "10.0.0.2:1")
            .header("spin-path-match-admin", "yes")
            .header("SPIN-anything", "x")
            .header("spinach", "kept")
            .header("connection", "close");
        let parts = prepared("/a", request).unwrap();
        assert_eq!(parts.headers.get_all(CLIENT_ADDR).iter().count(), 1);
        assert_eq!(parts.headers[CLIENT_ADDR], "192.0.2.1:8777");
        assert_eq!(own(&parts).len(), 7);
        assert_eq!(parts.headers["spinach"], "kept");
        assert!(!parts.headers.contains_key(CONNECTION));
    }

    #[test]
    fn a_request_is_for_exactly_one_host() {
        let get = || http::Request::get("/a");
        assert_eq!(prepared("/a", get()).err(), Some(BadRequest::NoHost));
        let absolute = || http::Request::get("http://h/a");
        assert_eq!(
            prepared("/a", absolute()).unwrap().headers[FULL_URL],
            "http://h/a"
        );
        assert!(prepared("/a", absolute().header("host", "H")).is_ok());
        for wrong in [
            absolute().header("host", "other"),
            get().header("host", "a").header("host", "a"),
            get().header("host", "user@h"),
            get().header("host", "a/b"),
            get().header("host", ""),
            get().header("host", "\u{e9}"),
        ] {
            assert_eq!(prepared("/a", wrong).err(), Some(BadRequest::Host));
        }
    }
}
