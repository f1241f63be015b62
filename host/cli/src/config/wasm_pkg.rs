//! The configuration file of package tools such as `wkg`: where packages are, as far as
//! `wharf.toml` does not say it. What it has of credentials and connections is theirs.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize;
use serde_json::Value as Json;
use wharf_host::{Packages, Place, Registry};

use crate::error::CommandError;

/// The protocol that is understood.
const OCI: &str = "oci";

/// What the file says. What is not known of it is for others.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub(super) struct WasmPkg {
    default_registry: Option<String>,
    #[serde(default)]
    namespace_registries: BTreeMap<String, Mapping>,
    #[serde(default)]
    package_registry_overrides: BTreeMap<String, Mapping>,
    #[serde(default)]
    registry: BTreeMap<String, Backends>,
}

/// Where packages are: at a host that says more, or said right here.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
enum Mapping {
    Host(String),
    Custom { registry: String, metadata: Json },
}

/// How a registry is asked, by protocol.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
struct Backends {
    #[serde(alias = "type")]
    default: Option<String>,
    #[serde(flatten)]
    protocols: BTreeMap<String, Json>,
}

impl WasmPkg {
    /// Reads the text of the file at `path`.
    pub(super) fn parse(path: &Path, text: &str) -> Result<Self, CommandError> {
        toml::from_str(text).map_err(|error| wrong(path, error.message()))
    }

    /// Says where packages are. What is said later counts.
    pub(super) fn set(&self, path: &Path, packages: &mut Packages) -> Result<(), CommandError> {
        if let Some(host) = &self.default_registry {
            let place = self.host(host).map_err(|why| wrong(path, &why))?;
            // It counts more than what its tools know by themselves.
            for name in ["wasi", Packages::OTHERS] {
                packages.set(name, place.clone());
            }
        }
        let namespaces = self.namespace_registries.iter();
        for (name, mapping) in namespaces.chain(&self.package_registry_overrides) {
            let place = match mapping {
                Mapping::Host(host) => self.host(host),
                Mapping::Custom { registry, metadata } => parsed(registry)
                    .and_then(|registry| Place::from_metadata(&registry, metadata.clone())),
            };
            let place = place.map_err(|why| wrong(path, &format!("`{name}`: {why}")))?;
            packages.set(name, place);
        }
        Ok(())
    }

    /// A host that says where packages are, unless it is to be asked by another protocol.
    fn host(&self, host: &str) -> Result<Place, String> {
        let registry = parsed(host)?;
        let backends = self.registry.get(host);
        Ok(match backends.and_then(Backends::protocol) {
            Some(protocol) if protocol != OCI => Place::Foreign(registry, protocol.to_owned()),
            _ => Place::Said(registry),
        })
    }
}

impl Backends {
    /// The protocol that is said, or the only one that there is.
    fn protocol(&self) -> Option<&str> {
        let mut protocols = self.protocols.keys();
        match (&self.default, protocols.next(), protocols.next()) {
            (Some(default), ..) => Some(default),
            (None, Some(only), None) => Some(only),
            _ => None,
        }
    }
}

fn parsed(host: &str) -> Result<Registry, String> {
    host.parse().map_err(|error| format!("{error}"))
}

fn wrong(path: &Path, why: &str) -> CommandError {
    CommandError::usage(format!(
        "`{}`, which says where packages are, can't be used: {why}",
        path.display()
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn packages(text: &str) -> Result<Packages, String> {
        let path = Path::new("/c/wasm-pkg/config.toml");
        let mut packages = Packages::default();
        WasmPkg::parse(path, text)
            .and_then(|file| file.set(path, &mut packages))
            .map_err(|error| error.messages.join(": "))?;
        Ok(packages)
    }

    fn expected(places: &[(&str, Place)]) -> Packages {
        let mut packages = Packages::default();
        for (name, place) in places {
            packages.set(name, place.clone());
        }
        packages
    }

    #[test]
    fn namespaces_packages_and_all_others() {
        let text = r#"
            default_registry = "d.example"
            something_new = 1
            [namespace_registries]
            a = "a.example"
            b = { registry = "b.example", metadata = { oci = { registry = "ghcr.io", namespacePrefix = "b/" } } }
            c = "c.example"
            [package_registry_overrides]
            "a:x" = "x.example"
            [registry."c.example"]
            default = "warg"
            [registry."c.example".oci]
            auth = { username = "u", password = "p" }
            [registry."x.example".oci]
            protocol = "https"
        "#;
        let said = |host: &str| Place::Said(host.parse().unwrap());
        let places = [
            ("wasi", said("d.example")),
            ("*", said("d.example")),
            ("a", said("a.example")),
            ("b", Place::At("ghcr.io/b".parse().unwrap())),
            (
                "c",
                Place::Foreign("c.example".parse().unwrap(), "warg".into()),
            ),
            ("a:x", said("x.example")),
        ];
        assert_eq!(packages(text), Ok(expected(&places)));
        assert_eq!(packages(""), Ok(Packages::default()));
    }

    #[test]
    fn what_is_wrong_is_told() {
        for (text, words) in [
            ("default_registry = ", "/c/wasm-pkg/config.toml"),
            ("[namespace_registries]\na = 1", "can't be used"),
            ("[namespace_registries]\na = \"a b\"", "`a`: "),
            (
                "[namespace_registries]\na = { registry = \"b\", metadata = { oci = { namespacePrefix = \"x\" } } }",
                "does not end with a `/`",
            ),
        ] {
            let error = packages(text).unwrap_err();
            assert!(error.contains(words), "{error}");
        }
    }
}
