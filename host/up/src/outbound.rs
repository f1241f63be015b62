//! Outbound HTTP of components: to where their manifest says, and nowhere else.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};

use http::Uri;
use wasmtime_wasi_http::{Error, RequestOptions, WasiBody, WasiHttpHooks};
use wharf_app::locked::LockedComponent;
use wharf_app::outbound::AllowedHost;
use wharf_app::variables::Values;
use wharf_net::{Client, Patience};
use wharf_oci::problem::clean;

use crate::UpError;
use crate::settings::Notices;

/// How many denied destinations of a component are told of.
const MOST_DENIALS: usize = 100;

/// The domain of the application's own components.
const INTERNAL_SUFFIX: &str = ".spin.internal";

/// Where one component may send requests, and how they are sent.
pub(crate) struct Outbound {
    component: String,
    allowed: Vec<AllowedHost>,
    client: Client,
    notices: Notices,
    /// The destinations that were told of, so that each is told of once.
    denied: Mutex<HashSet<String>>,
}

/// The outbound requests of one instance of a component.
pub(crate) struct Hooks(pub(crate) Arc<Outbound>);

impl Outbound {
    /// Reads what the component may reach.
    pub(crate) fn new(
        component: &LockedComponent,
        values: &Values,
        client: Client,
        notices: Notices,
    ) -> Result<Self, UpError> {
        Ok(Self {
            allowed: allowed(component, values)?,
            component: clean(&component.id, 100),
            client,
            notices,
            denied: Mutex::default(),
        })
    }

    fn permits(&self, uri: &Uri) -> bool {
        let Some(destination) = Destination::of(uri) else {
            return false;
        };
        let Destination { scheme, host, port } = destination;
        // A wildcard means hosts elsewhere, not the application's components.
        !host.to_ascii_lowercase().ends_with(INTERNAL_SUFFIX)
            && self
                .allowed
                .iter()
                .any(|entry| entry.allows(scheme, host, port))
    }

    fn tell_denial(&self, uri: &Uri) {
        let destination = match Destination::of(uri) {
            Some(destination) => destination.to_string(),
            None => "self".to_owned(),
        };
        let mut denied = self.denied.lock().unwrap_or_else(PoisonError::into_inner);
        if denied.len() < MOST_DENIALS && denied.insert(destination.clone()) {
            self.notices
                .say(&denial(&self.component, &clean(&destination, 200)));
        }
    }
}

impl WasiHttpHooks for Hooks {
    fn send_request(
        &mut self,
        request: http::Request<WasiBody>,
        options: Option<RequestOptions>,
        _response_processed: Box<dyn Future<Output = Result<(), Error>> + Send>,
    ) -> Box<dyn Future<Output = Result<Sent, Error>> + Send> {
        if !self.0.permits(request.uri()) {
            self.0.tell_denial(request.uri());
            return Box::new(async { Err(Error::HttpRequestDenied) });
        }
        let client = self.0.client.clone();
        Box::new(async move {
            let response = client.send(request, Patience::from(options)).await?;
            // Whatever fails after this fails in the bodies.
            let sent: Box<dyn Future<Output = _> + Send> = Box::new(async { Ok(()) });
            Ok((response, sent))
        })
    }
}

/// A response, and what becomes of the request after it.
type Sent = (
    http::Response<WasiBody>,
    Box<dyn Future<Output = Result<(), Error>> + Send>,
);

/// Where a request goes.
struct Destination<'a> {
    scheme: &'a str,
    host: &'a str,
    port: u16,
}

impl<'a> Destination<'a> {
    /// None when the address has no host, which in Spin means the application.
    fn of(uri: &'a Uri) -> Option<Self> {
        let scheme = uri.scheme_str()?;
        let usual = if scheme == "https" { 443 } else { 80 };
        Some(Self {
            scheme,
            host: uri.host().filter(|host| !host.is_empty())?,
            port: uri.port_u16().unwrap_or(usual),
        })
    }
}

impl std::fmt::Display for Destination<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { scheme, host, port } = self;
        match (*scheme, port) {
            ("http", 80) | ("https", 443) => write!(f, "{scheme}://{host}"),
            _ => write!(f, "{scheme}://{host}:{port}"),
        }
    }
}

fn denial(component: &str, destination: &str) -> String {
    let internal = destination
        .rsplit_once(':')
        .is_some_and(|(host, _)| host.ends_with(INTERNAL_SUFFIX));
    if destination == "self" || destination.ends_with(INTERNAL_SUFFIX) || internal {
        return format!(
            "the component `{component}` sent a request to the application itself \
             (`{destination}`), which `wharf up` does not offer yet: it was denied"
        );
    }
    format!(
        "the component `{component}` sent a request to `{destination}`, where it may not: it was \
         denied. To allow it, add `allowed_outbound_hosts = [\"{destination}\"]` to \
         `[component.{component}]` in spin.toml"
    )
}

pub(crate) fn allowed(
    component: &LockedComponent,
    values: &Values,
) -> Result<Vec<AllowedHost>, UpError> {
    let id = clean(&component.id, 100);
    let mut allowed = Vec::new();
    for text in component.allowed_outbound_hosts()? {
        // What is shown is what the author wrote: a value may be a secret.
        let entry = clean(text, 200);
        let place = || format!("`{entry}` in `allowed_outbound_hosts` of the component `{id}`");
        let host: AllowedHost = values.render(text, place)?.parse().map_err(|error| {
            UpError::Invalid(format!(
                "the component `{id}` has `{entry}` in `allowed_outbound_hosts`: {error}"
            ))
        })?;
        if host.names_components() {
            return Err(UpError::Unsupported(format!(
                "the component `{id}` sends requests to other components (`{entry}`), which \
                 `wharf up` does not offer yet"
            )));
        }
        allowed.push(host);
    }
    Ok(allowed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use wharf_app::locked::LockedApp;
    use wharf_net::{Anywhere, Tls};

    fn component(hosts: &[&str]) -> LockedComponent {
        let app = serde_json::json!({
            "spin_lock_version": 0, "triggers": [],
            "components": [{
                "id": "a", "source": {"content_type": "application/wasm"},
                "metadata": {"allowed_outbound_hosts": hosts},
            }],
        });
        let app = LockedApp::from_json(app.to_string().as_bytes()).unwrap();
        app.components.into_iter().next().unwrap()
    }

    fn outbound(hosts: &[&str]) -> (Outbound, Arc<Mutex<Vec<String>>>) {
        let lines = Arc::new(Mutex::new(Vec::new()));
        let notice = {
            let lines = Arc::clone(&lines);
            move |line: &str| lines.lock().unwrap().push(line.to_owned())
        };
        let client = Client::new(&Tls::default(), Arc::new(Anywhere)).unwrap();
        let notices = Notices::new(Some(Arc::new(notice)));
        let outbound =
            Outbound::new(&component(hosts), &Values::default(), client, notices).unwrap();
        (outbound, lines)
    }

    #[test]
    fn the_manifest_says_what_is_reached() {
        let (outbound, _) = outbound(&["https://example.com", "http://*:8080", "http://self"]);
        let permits = |uri: &str| outbound.permits(&uri.parse().unwrap());
        assert!(permits("https://example.com/x?y"));
        assert!(permits("https://EXAMPLE.com:443/"));
        assert!(permits("http://127.0.0.1:8080/"));
        assert!(!permits("https://example.com:8443/"));
        assert!(!permits("http://example.com/"));
        assert!(!permits("https://example.com@evil.com/"));
        assert!(!permits("http://a.spin.internal:8080/"));
        assert!(!permits("http://a.SPIN.internal:8080/"));
        assert!(!permits("/relative"));
    }

    #[test]
    fn nothing_is_reached_by_default() {
        let (outbound, _) = outbound(&[]);
        assert!(!outbound.permits(&"http://localhost/".parse().unwrap()));
    }

    #[test]
    fn a_denial_is_told_once_with_the_line_to_add() {
        let (outbound, lines) = outbound(&[]);
        for uri in ["https://a.b/x", "https://a.b/y", "http://a.b:8080/", "/x"] {
            outbound.tell_denial(&uri.parse().unwrap());
        }
        let lines = lines.lock().unwrap();
        assert_eq!(lines.len(), 3);
        assert!(
            lines[0]
                .contains("add `allowed_outbound_hosts = [\"https://a.b\"]` to `[component.a]`")
        );
        assert!(lines[1].contains("\"http://a.b:8080\""));
        assert!(lines[2].contains("to the application itself"));
    }

    #[test]
    fn what_can_not_be_kept_is_refused_before_it_runs() {
        let refused = |entry: &str| allowed(&component(&[entry]), &Values::default()).unwrap_err();
        assert!(matches!(
            refused("https://{{ host }}"),
            UpError::Variable(_)
        ));
        assert!(matches!(
            refused("http://b.spin.internal"),
            UpError::Unsupported(_)
        ));
        assert_eq!(
            refused("example.com").to_string(),
            "the component `a` has `example.com` in `allowed_outbound_hosts`: it has no scheme: \
             write `scheme://host:port`, for example `https://example.com`"
        );
    }
}
