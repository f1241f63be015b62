//! Where a host says that its packages are, as package tools have it: in a document at
//! `/.well-known/wasm-pkg/registry.json` (wasm-pkg-tools, "Registry metadata").

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;
use wharf_oci::problem::clean;
use wharf_oci::{Registry, Url};

use crate::error::Error;
use crate::location::Location;
use crate::packages::Place;
use crate::wharf::Wharf;

/// Where the document is.
const PATH: &str = "/.well-known/wasm-pkg/registry.json";

/// The largest document that is read, in bytes.
const DOCUMENT_BYTES: usize = 64 * 1024;

/// The one protocol that is understood.
const OCI: &str = "oci";

/// What a host says of its packages. What else it says is for others.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Metadata {
    preferred_protocol: Option<String>,
    /// As older documents have it.
    oci_registry: Option<String>,
    oci_namespace_prefix: Option<String>,
    /// What each protocol needs.
    #[serde(flatten)]
    protocols: BTreeMap<String, Value>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Oci {
    registry: Option<String>,
    namespace_prefix: Option<String>,
}

impl Wharf {
    /// Asks a host where its packages are. Where it does not say, they are at a registry
    /// of its name.
    pub async fn discover(&self, host: &Registry) -> Result<Place, Error> {
        let at_home = self.connection(host).plain_http || host.is_loopback();
        let scheme = if at_home { "http" } else { "https" };
        let url: Url = format!("{scheme}://{host}{PATH}")
            .parse()
            .map_err(|error| Error::InvalidInput(format!("`{host}` can't be asked: {error}")))?;
        let Some(document) = self.fetch_document(&url, DOCUMENT_BYTES).await? else {
            return Ok(Place::At(host.clone().into()));
        };
        let wrong = |why: String| {
            Error::InvalidInput(format!(
                "what {} says of where packages are can't be used: {why}",
                url.redacted()
            ))
        };
        let document = serde_json::from_slice(&document)
            .map_err(|error| wrong(clean(&error.to_string(), 200)))?;
        Place::from_metadata(host, document).map_err(wrong)
    }
}

impl Place {
    /// Where packages are by what is said of a host. An error says what is wrong.
    pub fn from_metadata(host: &Registry, metadata: Value) -> Result<Self, String> {
        let problem = |error: serde_json::Error| clean(&error.to_string(), 200);
        let mut metadata: Metadata = serde_json::from_value(metadata).map_err(problem)?;
        let oci = metadata.protocols.remove(OCI);
        let is_oci = oci.is_some() || metadata.oci_registry.is_some();
        let mut others = metadata.protocols.into_iter();
        let other = others.find(|(_, needs)| needs.is_object());
        let protocol = match (metadata.preferred_protocol, other) {
            (Some(preferred), _) => preferred,
            (None, Some((other, _))) if !is_oci => other,
            (None, _) => OCI.to_owned(),
        };
        if protocol != OCI {
            return Ok(Self::Foreign(host.clone(), clean(&protocol, 50)));
        }
        let oci: Oci = match oci {
            Some(oci) => serde_json::from_value(oci).map_err(problem)?,
            None => Oci::default(),
        };
        let registry = metadata.oci_registry.or(oci.registry);
        let registry = registry.unwrap_or_else(|| host.to_string());
        let prefix = metadata.oci_namespace_prefix.or(oci.namespace_prefix);
        let location = match prefix.as_deref() {
            None | Some("") => registry,
            Some(prefix) => {
                let Some(prefix) = prefix.strip_suffix('/') else {
                    let prefix = clean(prefix, 100);
                    return Err(format!("its prefix `{prefix}` does not end with a `/`"));
                };
                format!("{registry}/{prefix}")
            }
        };
        let location = location.parse::<Location>();
        location
            .map(Self::At)
            .map_err(|error| clean(&error.to_string(), 200))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn place(metadata: Value) -> Result<Place, String> {
        Place::from_metadata(&"p.example".parse().unwrap(), metadata)
    }

    #[test]
    fn what_hosts_say() {
        for (metadata, location) in [
            (json!({}), "p.example"),
            (
                json!({ "preferredProtocol": "oci", "oci": { "registry": "ghcr.io", "namespacePrefix": "webassembly/" } }),
                "ghcr.io/webassembly",
            ),
            (
                json!({ "ociRegistry": "ghcr.io", "ociNamespacePrefix": "a/b/" }),
                "ghcr.io/a/b",
            ),
            (json!({ "oci": { "namespacePrefix": "a/" } }), "p.example/a"),
            (
                json!({ "oci": {}, "warg": { "url": "https://w.example" }, "more": 1 }),
                "p.example",
            ),
        ] {
            let expected = Place::At(location.parse().unwrap());
            assert_eq!(place(metadata.clone()), Ok(expected), "{metadata}");
        }
    }

    #[test]
    fn what_is_not_understood_is_named() {
        for metadata in [
            json!({ "preferredProtocol": "warg", "oci": {} }),
            json!({ "warg": { "url": "https://w.example" } }),
        ] {
            let found = place(metadata).unwrap();
            assert!(matches!(found, Place::Foreign(_, protocol) if protocol == "warg"));
        }
        for metadata in [
            json!([]),
            json!({ "oci": 1 }),
            json!({ "oci": { "registry": 1 } }),
            json!({ "oci": { "registry": "https://ghcr.io" } }),
            json!({ "oci": { "namespacePrefix": "a-" } }),
            json!({ "oci": { "namespacePrefix": "A/" } }),
            json!({ "oci": { "namespacePrefix": "/" } }),
        ] {
            assert!(place(metadata.clone()).is_err(), "{metadata}");
        }
    }
}
