//! Packages: where they are, which version of them is meant, and how they come here.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use semver::Version;
use tokio::task::spawn_blocking;
use wharf_app::manifest::{Package, Wanted};
use wharf_app::package::PackageName;
use wharf_oci::reference::ReferenceError;
use wharf_oci::{Digest, Reference, Registry, Repository};

use crate::error::Error;
use crate::pull::Pull;
use crate::wharf::Wharf;

/// Where packages are that are named without a registry: by package (`wasi:http`), by
/// namespace (`wasi`), or for all others. What is more exact counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Packages(BTreeMap<String, PackageRegistry>);

/// Where packages are: a registry, and what stands before the names of repositories
/// there. The repository of `a:b` is `a/b`, as package tools have it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PackageRegistry {
    registry: Registry,
    prefix: Option<Repository>,
}

/// How many versions a message names at most.
const SHOWN_VERSIONS: usize = 10;

impl Packages {
    /// What is set for all others.
    pub const OTHERS: &str = "*";

    /// Says where a package, the packages of a namespace, or all others are.
    pub fn set(&mut self, name: &str, place: PackageRegistry) {
        self.0.insert(name.to_owned(), place);
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

    /// Where a package is.
    pub(crate) fn place(&self, package: &Package) -> Result<PackageRegistry, Error> {
        if let Some(registry) = &package.registry {
            return Ok(PackageRegistry {
                registry: registry.clone(),
                prefix: None,
            });
        }
        let name = package.name.to_string();
        [name.as_str(), package.name.namespace(), Self::OTHERS]
            .into_iter()
            .find_map(|known| self.0.get(known))
            .cloned()
            .ok_or_else(|| {
                let namespace = package.name.namespace();
                Error::InvalidInput(format!(
                    "it is not known in which registry the package `{name}` is: write \
                     `registry = \"…\"` beside its version, or `{namespace} = \"registry/prefix\"` \
                     under `[packages]` in your wharf.toml"
                ))
            })
    }
}

impl Default for Packages {
    /// The packages of WASI, where its community publishes them.
    fn default() -> Self {
        let wasi: Result<PackageRegistry, _> = "ghcr.io/webassembly".parse();
        let wasi = wasi.map(|place| ("wasi".to_owned(), place));
        Self(wasi.into_iter().collect())
    }
}

impl PackageRegistry {
    /// The registry.
    #[must_use]
    pub fn registry(&self) -> &Registry {
        &self.registry
    }

    /// The repository of a package.
    fn repository(&self, name: &PackageName) -> Result<Repository, ReferenceError> {
        let own = format!("{}/{}", name.namespace(), name.name());
        match &self.prefix {
            Some(prefix) => format!("{prefix}/{own}").parse(),
            None => own.parse(),
        }
    }
}

impl FromStr for PackageRegistry {
    type Err = ReferenceError;

    fn from_str(text: &str) -> Result<Self, ReferenceError> {
        let (registry, prefix) = match text.split_once('/') {
            Some((registry, prefix)) => (registry, Some(prefix.parse()?)),
            None => (text, None),
        };
        Ok(Self {
            registry: registry.parse()?,
            prefix,
        })
    }
}

impl fmt::Display for PackageRegistry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.registry)?;
        match &self.prefix {
            Some(prefix) => write!(f, "/{prefix}"),
            None => Ok(()),
        }
    }
}

impl Wharf {
    /// Brings a package into the store, unless it is there, and tells its manifest.
    pub(crate) async fn package(&self, package: &Package, when: Pull) -> Result<Digest, Error> {
        let unusable = |error: ReferenceError| {
            Error::InvalidInput(format!(
                "the package `{package}` can't be asked for: {error}"
            ))
        };
        let place = self.packages().place(package)?;
        let all = Reference {
            registry: place.registry().clone(),
            repository: place.repository(&package.name).map_err(unusable)?,
            tag: None,
            digest: None,
        };
        let version = match &package.version {
            Wanted::Exactly(version) => version.clone(),
            Wanted::Matching(_) => self.matching(package, &all, when).await?,
        };
        let reference = Reference {
            tag: Some(version.to_string().parse().map_err(unusable)?),
            ..all
        };
        let when = match when {
            // A version that was published is what it is.
            Pull::Always | Pull::Missing => Pull::Missing,
            Pull::Never => Pull::Never,
        };
        let report = self.pull_if(&reference, when).await?;
        Ok(report.manifest.digest)
    }

    /// The greatest version that meets a package's requirement: of those at the registry,
    /// or else of those that are here.
    async fn matching(
        &self,
        package: &Package,
        all: &Reference,
        when: Pull,
    ) -> Result<Version, Error> {
        if when != Pull::Always {
            let here = self.versions_here(all).await?;
            if let Some(version) = greatest(&package.version, &here) {
                return Ok(version.clone());
            }
        }
        if when == Pull::Never {
            return Err(Error::MissingContent(format!("the package `{package}`")));
        }
        let tags = self.tags(all).await?;
        let mut there: Vec<Version> = tags
            .iter()
            .filter_map(|tag| tag.as_str().parse().ok())
            .collect();
        if let Some(version) = greatest(&package.version, &there) {
            return Ok(version.clone());
        }
        there.sort();
        let shown: Vec<_> = there.iter().rev().take(SHOWN_VERSIONS).collect();
        let shown: Vec<_> = shown.iter().map(ToString::to_string).collect();
        Err(Error::InvalidInput(format!(
            "no version of the package `{}` at {}/{} meets `{}`: {}",
            package.name,
            all.registry,
            all.repository,
            package.version,
            match shown.as_slice() {
                [] => "it has none".to_owned(),
                shown => format!("the latest are {}", shown.join(", ")),
            }
        )))
    }

    /// The versions of a repository that were pulled before, and are in the store.
    async fn versions_here(&self, all: &Reference) -> Result<Vec<Version>, Error> {
        let (store, prefix) = (
            self.store().clone(),
            format!("{}/{}:", all.registry, all.repository),
        );
        let names = spawn_blocking(move || store.names()).await;
        let names = match names {
            Ok(names) => names.map_err(|error| Error::Storage(error.to_string()))?,
            Err(error) => return Err(Error::Other(error.to_string())),
        };
        let tags = names
            .iter()
            .filter_map(|name| name.name.as_deref()?.strip_prefix(&prefix));
        Ok(tags.filter_map(|tag| tag.parse().ok()).collect())
    }
}

/// The greatest version that is wanted.
fn greatest<'a>(wanted: &Wanted, versions: &'a [Version]) -> Option<&'a Version> {
    let is_wanted = |version: &&Version| match wanted {
        Wanted::Exactly(exact) => *version == exact,
        Wanted::Matching(requirement) => requirement.matches(version),
    };
    versions.iter().filter(is_wanted).max()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn package(name: &str, registry: Option<&str>) -> Package {
        Package {
            registry: registry.map(|registry| registry.parse().unwrap()),
            name: name.parse().unwrap(),
            version: Wanted::Matching("^1".parse().unwrap()),
        }
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
            packages.set(name, place.parse().unwrap());
        }
        for (name, registry, repository) in [
            ("a:b", None, "localhost:5000 a/b"),
            ("a:c", None, "r.example all/a/c"),
            ("d:e", None, "o.example x/y/d/e"),
            ("a:b", Some("q.example"), "q.example a/b"),
            ("wasi:http", None, "ghcr.io webassembly/wasi/http"),
        ] {
            let package = package(name, registry);
            let place = packages.place(&package).unwrap();
            let found = place.repository(&package.name).unwrap();
            assert_eq!(format!("{} {found}", place.registry()), repository);
        }
        for wrong in ["", "a:b:c", "A b", "a/b", "a:*"] {
            assert!(!Packages::is_name(wrong), "{wrong}");
        }
    }

    #[test]
    fn where_it_is_has_to_be_said() {
        let error = Packages::default()
            .place(&package("a:b", None))
            .unwrap_err();
        let said = error.to_string();
        assert!(
            said.contains("`a:b`") && said.contains("[packages]"),
            "{said}"
        );
    }

    #[test]
    fn the_greatest_that_is_wanted() {
        let versions: Vec<Version> = ["1.0.0", "1.10.0", "1.9.0", "2.0.0", "1.11.0-rc.1"]
            .iter()
            .map(|version| version.parse().unwrap())
            .collect();
        for (requirement, version) in [
            ("^1", Some("1.10.0")),
            ("*", Some("2.0.0")),
            ("<1.10", Some("1.9.0")),
            ("1.11.0-rc.1", Some("1.11.0-rc.1")),
            ("^3", None),
        ] {
            let wanted = Wanted::Matching(requirement.parse().unwrap());
            let found = greatest(&wanted, &versions).map(ToString::to_string);
            assert_eq!(found.as_deref(), version, "{requirement}");
        }
    }
}
