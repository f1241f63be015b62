//! What a manifest names, found before the packager asks for it.
//!
//! The manifest is read here too, so that what the packager is lent does not depend on
//! what the packager says.

use std::collections::BTreeSet;
use std::io::Read as _;
use std::path::Path;

use wharf_app::manifest::{MANIFEST_BYTES, Manifest, Package, Publishing, Source};
use wharf_oci::Registry;

use crate::blocking::blocking;
use crate::capability::sources::{Sources, open};
use crate::error::Error;
use crate::pack::{PackOptions, application};
use crate::packages::Packages;
use crate::pull::Pull;
use crate::wharf::Wharf;

impl PackOptions {
    /// What of a manifest is published.
    fn publishing(&self) -> Publishing {
        Publishing {
            profile: self.profile.clone(),
            build: self.build,
            secret_defaults: self.secret_defaults,
        }
    }
}

/// What a manifest names that comes from elsewhere: from addresses, and from registries of
/// packages.
#[derive(Debug, Clone, Default)]
pub struct Elsewhere(Vec<Source>);

impl Elsewhere {
    /// What the application at a path names. Nothing where its manifest can't be read:
    /// packing says why.
    #[must_use]
    pub fn of(path: &Path, options: &PackOptions) -> Self {
        let manifest = application(path)
            .ok()
            .and_then(|(directory, name)| read(&directory.join(name), &options.publishing()));
        let is_elsewhere = |source: &&Source| !matches!(source, Source::Path(_));
        let sources = manifest.iter().flat_map(Manifest::sources);
        Self(sources.filter(is_elsewhere).cloned().collect())
    }

    /// Whether there are packages among it that are named without a registry, so that it
    /// has to be known where they are.
    #[must_use]
    pub fn needs_places(&self) -> bool {
        self.packages().any(|package| package.registry.is_none())
    }

    /// The hosts that say where its packages are.
    #[must_use]
    pub fn hosts(&self, packages: &Packages) -> BTreeSet<Registry> {
        packages.hosts(self.packages())
    }

    /// The registries, and the hosts of addresses, that it is fetched from.
    #[must_use]
    pub fn registries(&self, packages: &Packages) -> BTreeSet<Registry> {
        let registry = |source: &Source| match source {
            Source::Path(_) => None,
            Source::Url(download) => download.url.origin().authority().parse().ok(),
            Source::Package(package) => Some(packages.place(package).ok()?.registry().clone()),
        };
        self.0.iter().filter_map(registry).collect()
    }

    fn packages(&self) -> impl Iterator<Item = &Package> {
        self.0.iter().filter_map(|source| match source {
            Source::Package(package) => Some(package),
            Source::Path(_) | Source::Url(_) => None,
        })
    }
}

impl Wharf {
    /// What the manifest of this name in a directory names, brought into the store where
    /// it comes from elsewhere. It is nothing where the manifest can't be read: the
    /// packager says why.
    pub(crate) async fn sources(
        &self,
        directory: &Path,
        name: &str,
        options: &PackOptions,
    ) -> Result<Sources, Error> {
        let (path, publishing) = (directory.join(name), options.publishing());
        let read = blocking(move || read(&path, &publishing)).await?;
        let mut sources = Sources::default();
        let Some(manifest) = read else {
            return Ok(sources);
        };
        for source in manifest.sources() {
            match source {
                Source::Path(path) => {
                    sources.lend_file(path.as_str(), directory.join(path.as_str()));
                }
                Source::Url(download) if options.fetch == Pull::Never => {
                    let (store, digest) = (self.store().clone(), download.digest.clone());
                    let found = blocking(move || store.stat(&digest)).await;
                    if !matches!(found, Ok(Ok(Some(_)))) {
                        return Err(Error::MissingContent(source.to_string()));
                    }
                }
                Source::Url(download) => self.fetch(&download.url, &download.digest).await?,
                Source::Package(package) => {
                    let manifest = self.package(package, options.fetch).await?;
                    sources.lend_package(package, manifest);
                }
            }
        }
        Ok(sources)
    }
}

/// The manifest at a path, where it can be read.
fn read(path: &Path, publishing: &Publishing) -> Option<Manifest> {
    let file = open(path).ok()?;
    let mut text = String::new();
    let most = u64::try_from(MANIFEST_BYTES).ok()?;
    file.take(most + 1).read_to_string(&mut text).ok()?;
    if text.len() > MANIFEST_BYTES {
        return None;
    }
    Manifest::parse(&text, publishing).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_is_turned_to_is_known_before() {
        let folder = tempfile::tempdir().unwrap();
        let write = |text: &str| std::fs::write(folder.path().join("spin.toml"), text).unwrap();
        let names = || {
            let options = PackOptions::default();
            let found = Elsewhere::of(folder.path(), &options).registries(&Packages::default());
            let names: Vec<_> = found.iter().map(ToString::to_string).collect();
            names.join(" ")
        };
        assert_eq!(names(), "");
        write("not a manifest");
        assert_eq!(names(), "");
        let digest = format!("sha256:{}", "0".repeat(64));
        write(&format!(
            "spin_manifest_version = 2
application.name = \"x\"
[[trigger.http]]
route = \"/\"
component = {{ source = \"x.wasm\" }}
[component.a]
source = {{ url = \"https://e.example/a.wasm\", digest = \"{digest}\" }}
[component.a.dependencies]
\"wasi:http\" = \"0.2\"
\"a:b\" = {{ version = \"1\", registry = \"localhost:5000\" }}
\"unknown:place\" = \"1\""
        ));
        assert_eq!(names(), "e.example ghcr.io localhost:5000");
    }
}
