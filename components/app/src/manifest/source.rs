//! Where WebAssembly comes from.

use std::fmt;

use semver::{Version, VersionReq};
use wharf_oci::problem::clean;
use wharf_oci::{Digest, Registry, Url};

use super::document::{Item, Table};
use super::error::{Fault, Problem};
use crate::package::PackageName;
use crate::path::{FilePath, PathError};

/// Where WebAssembly comes from.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Source {
    /// A file, in the application's directory or elsewhere.
    Path(FilePath),
    /// A file at an address.
    Url(Download),
    /// A package of a registry.
    Package(Package),
}

/// A file at an address.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Download {
    /// The address: `https`, or `http` on this machine.
    pub url: Url,
    /// What has to be there.
    pub digest: Digest,
}

/// A package of a registry.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Package {
    /// The registry; none for the one where packages of this name are.
    pub registry: Option<Registry>,
    /// The package.
    pub name: PackageName,
    /// Which version of it.
    pub version: Wanted,
}

/// Which version of a package is wanted.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Wanted {
    /// This one.
    Exactly(Version),
    /// The greatest that meets a requirement.
    Matching(VersionReq),
}

/// What stands in a source from an address.
pub(super) const URL_KEYS: [&str; 2] = ["digest", "url"];

/// What stands in a source from a registry.
pub(super) const PACKAGE_KEYS: [&str; 3] = ["package", "registry", "version"];

/// The source of a component.
pub(super) fn source(table: &Table<'_>) -> Result<Source, Fault> {
    const EXPECTED: &str = "the path of a WebAssembly file, `{ url = \"…\", digest = \"…\" }` or \
         `{ package = \"…\", version = \"…\" }`";
    let source = table.need("source", "write `source = \"path/to/component.wasm\"`")?;
    if source.is_text() {
        return path(&source).map(Source::Path);
    }
    let from = source.table(EXPECTED)?;
    from.only(&["digest", "package", "registry", "url", "version"])?;
    if from.find("url").is_some() {
        from.nothing_beside("url", &URL_KEYS)?;
        return download(&from).map(Source::Url);
    }
    from.nothing_beside("package", &PACKAGE_KEYS)?;
    let package = from.need(
        "package",
        "write `package = \"namespace:name\"`, or a `url`",
    )?;
    let version = from.need("version", "write `version = \"1.0.0\"`")?;
    let exact: Version = version.text()?.parse().map_err(|error| {
        version.wrong(format!(
            "is `{}`, and has to be one version such as `1.0.0` ({error})",
            clean(version.text().unwrap_or_default(), 100)
        ))
    })?;
    Ok(Source::Package(Package {
        registry: registry(&from)?,
        name: package_name(&package)?,
        version: Wanted::Exactly(exact),
    }))
}

/// A file's path.
pub(super) fn path(item: &Item<'_>) -> Result<FilePath, Fault> {
    let text = item.text()?;
    // As a path it would have an empty name in it.
    if text.contains("://") {
        return Err(item.wrong(
            "is an address, and has to be a path: an address is written as \
             `{ url = \"https://…\", digest = \"sha256:…\" }`",
        ));
    }
    text.parse().map_err(|problem: PathError| {
        item.fault(Problem::Path {
            what: item.what(),
            path: clean(text, 200),
            problem,
        })
    })
}

/// An address and what has to be there.
pub(super) fn download(table: &Table<'_>) -> Result<Download, Fault> {
    let item = table.need("url", "write `url = \"https://…\"`")?;
    let url: Url = item
        .text()?
        .parse()
        .map_err(|error| item.wrong(format!("can't be fetched: {error}")))?;
    if !url.origin().is_secure() && !url.origin().is_loopback() {
        return Err(
            item.wrong("can't be fetched: it has to begin with `https://`, except on this machine")
        );
    }
    let digest = table.need(
        "digest",
        "write `digest = \"sha256:…\"`, which it is checked by",
    )?;
    Ok(Download {
        url,
        digest: digest
            .text()?
            .parse()
            .map_err(|error| digest.wrong(format!("can't be checked by: {error}")))?,
    })
}

/// The registry, where one is named.
pub(super) fn registry(table: &Table<'_>) -> Result<Option<Registry>, Fault> {
    let Some(item) = table.find("registry") else {
        return Ok(None);
    };
    let registry = item.text()?.parse();
    registry
        .map(Some)
        .map_err(|error| item.wrong(format!("can't be asked: {error}")))
}

/// The name of a package.
pub(super) fn package_name(item: &Item<'_>) -> Result<PackageName, Fault> {
    let text = item.text()?;
    text.parse()
        .map_err(|problem| item.wrong(format!("is `{}`, which {problem}", clean(text, 100))))
}

/// A requirement that versions meet or do not.
pub(super) fn requirement(item: &Item<'_>) -> Result<VersionReq, Fault> {
    let text = item.text()?;
    text.parse().map_err(|error| {
        item.wrong(format!(
            "is `{}`, and has to be a requirement such as `^1.2` or `>=0.1.0, <0.3.0` ({error})",
            clean(text, 100)
        ))
    })
}

impl fmt::Display for Source {
    /// As people know it: a path, an address without its query, or a package.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Path(path) => path.fmt(f),
            Self::Url(download) => f.write_str(&download.url.redacted()),
            Self::Package(package) => package.fmt(f),
        }
    }
}

impl fmt::Display for Package {
    /// `namespace:name@version`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@{}", self.name, self.version)
    }
}

impl fmt::Display for Wanted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exactly(version) => version.fmt(f),
            Self::Matching(requirement) => requirement.fmt(f),
        }
    }
}

#[cfg(test)]
mod tests;
