//! Where packages are.

use std::collections::{BTreeMap, BTreeSet};

use wharf_app::manifest::Package;
use wharf_app::package::PackageName;
use wharf_oci::Registry;

use crate::error::Error;
use crate::location::Location;

/// Where packages are that are named without a registry: by package (`wasi:http`), by
/// namespace (`wasi`), or for all others. What is more exact counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Packages(BTreeMap<String, Place>);

/// Where packages are, or who says it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// In repositories there: the repository of `a:b` is `a/b`.
    At(Location),
    /// Where this host says it: see [`Wharf::discover`](crate::Wharf::discover).
    Said(Registry),
    /// At a registry, by a protocol that is not understood.
    Foreign(Registry, String),
}

impl Packages {
    /// What is set for all others.
    pub const OTHERS: &str = "*";

    /// Says where a package, the packages of a namespace, or all others are.
    pub fn set(&mut self, name: &str, place: impl Into<Place>) {
        self.0.insert(name.to_owned(), place.into());
    }

    /// Whether a text can be said of where packages are: a package, a namespace, or all
    /// others.
    #[must_use]
    pub fn is_name(text: &str) -> bool {
        let package = if text.contains(':') {
            text.to_owned()
        } else {
            format!("{text}:any")
        };
        text == Self::OTHERS || package.parse::<PackageName>().is_ok()
    }

    /// Says what a host said: where the packages are that are where it says.
    pub fn learn(&mut self, host: &Registry, said: &Place) {
        let unknown = Place::Said(host.clone());
        for place in self.0.values_mut().filter(|place| **place == unknown) {
            *place = said.clone();
        }
    }

    /// The hosts that have to be asked for some packages.
    pub(crate) fn hosts<'a>(
        &self,
        packages: impl Iterator<Item = &'a Package>,
    ) -> BTreeSet<Registry> {
        let hosts = packages.filter_map(|package| match self.find(package)? {
            Place::Said(host) => Some(host.clone()),
            Place::At(_) | Place::Foreign(..) => None,
        });
        hosts.collect()
    }

    /// Where a package is.
    pub(crate) fn place(&self, package: &Package) -> Result<Location, Error> {
        if let Some(registry) = &package.registry {
            return Ok(registry.clone().into());
        }
        let (name, namespace) = (&package.name, package.name.namespace());
        let remedy = format!(
            "write `registry = \"…\"` beside its version, or `{namespace} = \"registry/prefix\"` \
             under `[packages]` in your wharf.toml"
        );
        let problem = match self.find(package) {
            Some(Place::At(location)) => return Ok(location.clone()),
            Some(Place::Said(host)) => {
                format!("`{host}` says where the package `{name}` is, and was not asked")
            }
            Some(Place::Foreign(host, protocol)) => format!(
                "the package `{name}` is at `{host}` by the protocol `{protocol}`, and `oci` is \
                 what is understood"
            ),
            None => format!("it is not known in which registry the package `{name}` is"),
        };
        Err(Error::InvalidInput(format!("{problem}: {remedy}")))
    }

    /// What is said of a package that is named without a registry.
    fn find(&self, package: &Package) -> Option<&Place> {
        if package.registry.is_some() {
            return None;
        }
        let name = package.name.to_string();
        [name.as_str(), package.name.namespace(), Self::OTHERS]
            .into_iter()
            .find_map(|known| self.0.get(known))
    }
}

impl Default for Packages {
    /// The packages of WASI, where its community publishes them.
    fn default() -> Self {
        let wasi: Result<Location, _> = "ghcr.io/webassembly".parse();
        let wasi = wasi.map(|place| ("wasi".to_owned(), Place::At(place)));
        Self(wasi.into_iter().collect())
    }
}

impl From<Location> for Place {
    fn from(location: Location) -> Self {
        Self::At(location)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use wharf_app::manifest::Wanted;

    fn package(name: &str, registry: Option<&str>) -> Package {
        Package {
            registry: registry.map(|registry| registry.parse().unwrap()),
            name: name.parse().unwrap(),
            version: Wanted::Matching("^1".parse().unwrap()),
        }
    }

    fn at(text: &str) -> Place {
        Place::At(text.parse().unwrap())
    }

    #[test]
    fn what_is_more_exact_counts() {
        let mut packages = Packages::default();
        for (name, place) in [
            ("a", "r.example/all"),
            ("a:b", "localhost:5000"),
            ("*", "o.example/x/y"),
        ] {
            assert!(Packages::is_name(name), "{name}");
            packages.set(name, at(place));
        }
        for (name, registry, place) in [
            ("a:b", None, "localhost:5000"),
            ("a:c", None, "r.example/all"),
            ("d:e", None, "o.example/x/y"),
            ("a:b", Some("q.example"), "q.example"),
            ("wasi:http", None, "ghcr.io/webassembly"),
        ] {
            let found = packages.place(&package(name, registry)).unwrap();
            assert_eq!(found.to_string(), place);
        }
        for wrong in ["", "a:b:c", "A b", "a/b", "a:*"] {
            assert!(!Packages::is_name(wrong), "{wrong}");
        }
    }

    #[test]
    fn where_it_is_has_to_be_known() {
        let mut packages = Packages::default();
        let refused = |packages: &Packages, name: &str| {
            let error = packages.place(&package(name, None)).unwrap_err();
            error.to_string()
        };
        let said = refused(&packages, "a:b");
        assert!(
            said.contains("`a:b`") && said.contains("[packages]"),
            "{said}"
        );

        let host: Registry = "p.example".parse().unwrap();
        packages.set("a", Place::Said(host.clone()));
        packages.set("c", Place::Foreign(host.clone(), "warg".into()));
        let said = refused(&packages, "a:b");
        assert!(said.contains("`p.example` says where"), "{said}");
        let said = refused(&packages, "c:d");
        assert!(said.contains("the protocol `warg`"), "{said}");

        let both = [
            package("a:b", None),
            package("c:d", None),
            package("a:x", Some("q")),
        ];
        assert_eq!(packages.hosts(both.iter()), [host.clone()].into());
        packages.learn(&host, &at("r.example/p"));
        assert!(packages.hosts(both.iter()).is_empty());
        let found = packages.place(&both[0]).unwrap();
        assert_eq!(found.to_string(), "r.example/p");
    }
}
