//! Packages: which version of them is meant, and how they come here.

use semver::Version;
use wharf_app::manifest::{Package, Wanted};
use wharf_app::package::PackageName;
use wharf_oci::reference::ReferenceError;
use wharf_oci::{Digest, Reference, Repository, Tag};

use crate::blocking::blocking;
use crate::error::Error;
use crate::location::Location;
use crate::pull::Pull;
use crate::wharf::Wharf;

/// How many versions a message names at most.
const SHOWN_VERSIONS: usize = 10;

/// The repository of a package at a place: `a/b` for `a:b`, as package tools have it.
fn repository(at: &Location, name: &PackageName) -> Result<Repository, ReferenceError> {
    at.repository(format_args!("{}/{}", name.namespace(), name.name()))
}

/// The tag of a version. What a version may have and a tag may not is a `+`, for which
/// tags have a `_`, as Helm began it.
fn tag(version: &Version) -> Result<Tag, ReferenceError> {
    version.to_string().replace('+', "_").parse()
}

/// The version of a tag, where it is one.
fn version(tag: &str) -> Option<Version> {
    tag.replace('_', "+").parse().ok()
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
            repository: repository(&place, &package.name).map_err(unusable)?,
            tag: None,
            digest: None,
        };
        let version = match &package.version {
            Wanted::Exactly(version) => version.clone(),
            Wanted::Matching(_) => self.matching(package, &all, when).await?,
        };
        let reference = Reference {
            tag: Some(tag(&version).map_err(unusable)?),
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
            .filter_map(|tag| version(tag.as_str()))
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
        let names = blocking(move || store.names()).await??;
        let tags = names
            .iter()
            .filter_map(|name| name.name.as_deref()?.strip_prefix(&prefix));
        Ok(tags.filter_map(version).collect())
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

    #[test]
    fn versions_are_tags_without_a_plus() {
        for (text, named) in [
            ("1.0.0", "1.0.0"),
            ("1.0.0-rc.1+2026-01.x", "1.0.0-rc.1_2026-01.x"),
        ] {
            let parsed: Version = text.parse().unwrap();
            assert_eq!(tag(&parsed).unwrap().as_str(), named);
            assert_eq!(version(named), Some(parsed));
        }
        for other in ["latest", "1.0", "1.0.0_", "_1.0.0", "1.0.0_a_b"] {
            assert_eq!(version(other), None, "{other}");
        }
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
