//! The names of WebAssembly packages, and of what of them a component imports.

use std::fmt;
use std::str::FromStr;

use semver::Version;
use wharf_oci::problem::clean;

use crate::manifest::is_kebab;

/// A package by its name, `namespace:name`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PackageName {
    namespace: String,
    name: String,
}

/// What a dependency satisfies, as the import is named.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Import {
    /// A name without a package.
    Plain(String),
    /// What a package has: all of it, or one interface.
    Package {
        /// The package.
        package: PackageName,
        /// The interface; none for every one.
        interface: Option<String>,
        /// The version; none for whichever it is.
        version: Option<Version>,
    },
}

/// Why a text is no such name. To be read after the text.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NameError {
    /// Not the name of a package.
    #[error("is no name of a package, such as `wasi:http`")]
    Package,
    /// Not the name of an import.
    #[error("is no name of an import, such as `wasi:http`, `wasi:http/types@0.2.0` or `my-import`")]
    Import,
    /// A version in it is none.
    #[error("has a version of another form than `0.2.0` ({0})")]
    Version(String),
}

impl PackageName {
    /// What stands before the `:`.
    #[must_use]
    pub fn namespace(&self) -> &str {
        &self.namespace
    }

    /// What stands after it.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }
}

impl FromStr for PackageName {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        match text.split_once(':') {
            Some((namespace, name)) if is_kebab(namespace) && is_kebab(name) => Ok(Self {
                namespace: namespace.to_owned(),
                name: name.to_owned(),
            }),
            _ => Err(NameError::Package),
        }
    }
}

impl fmt::Display for PackageName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.namespace, self.name)
    }
}

impl Import {
    /// Whether one thing could be imported by both names. Versions of which one may stand
    /// in for the other are the same version.
    #[must_use]
    pub fn overlaps(&self, other: &Self) -> bool {
        match (self, other) {
            (
                Self::Package {
                    package,
                    interface,
                    version,
                },
                Self::Package {
                    package: other_package,
                    interface: other_interface,
                    version: other_version,
                },
            ) => {
                let differ = |one: &Option<_>, other: &Option<_>| match (one, other) {
                    (Some(one), Some(other)) => one != other,
                    _ => false,
                };
                package == other_package
                    && !differ(interface, other_interface)
                    && !matches!(
                        (version, other_version),
                        (Some(one), Some(other)) if track(one) != track(other)
                    )
            }
            _ => self == other,
        }
    }
}

impl FromStr for Import {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        if is_kebab(text) {
            return Ok(Self::Plain(text.to_owned()));
        }
        let (path, version) = match text.split_once('@') {
            Some((path, version)) => (path, Some(version)),
            None => (text, None),
        };
        let (package, interface) = match path.split_once('/') {
            Some((package, interface)) => (package, Some(interface)),
            None => (path, None),
        };
        if interface.is_some_and(|interface| !is_kebab(interface)) {
            return Err(NameError::Import);
        }
        let version = version.map(|version| {
            let error = |error: semver::Error| NameError::Version(clean(&error.to_string(), 100));
            version.parse().map_err(error)
        });
        Ok(Self::Package {
            package: package.parse().map_err(|_| NameError::Import)?,
            interface: interface.map(str::to_owned),
            version: version.transpose()?,
        })
    }
}

/// What versions have in common of which one may stand in for the other.
fn track(version: &Version) -> Version {
    let mut track = version.clone();
    track.build = semver::BuildMetadata::EMPTY;
    if track.pre.is_empty() && (track.major, track.minor) != (0, 0) {
        track.patch = 0;
        if track.major > 0 {
            track.minor = 0;
        }
    }
    track
}

#[cfg(test)]
mod tests {
    use super::*;

    fn import(text: &str) -> Import {
        text.parse().unwrap()
    }

    #[test]
    fn names() {
        assert_eq!(import("my-import"), Import::Plain("my-import".into()));
        assert_eq!(
            import("wasi:http/types@0.2.0"),
            Import::Package {
                package: "wasi:http".parse().unwrap(),
                interface: Some("types".into()),
                version: Some(Version::new(0, 2, 0)),
            }
        );
        let package: PackageName = "my-org:shop".parse().unwrap();
        assert_eq!((package.namespace(), package.name()), ("my-org", "shop"));
        assert_eq!(package.to_string(), "my-org:shop");
        for text in ["", "a", "a:", ":b", "a:b:c", "a:b/c", "a:b@1.0.0", "A b:c"] {
            assert_eq!(
                text.parse::<PackageName>(),
                Err(NameError::Package),
                "{text}"
            );
        }
        for text in ["", "a:", "a/b", "a:b/", "a:b/c/d", "a@1.0.0", "a b", "a:b@"] {
            assert!(text.parse::<Import>().is_err(), "{text}");
        }
        assert_eq!(
            "a:b@1".parse::<Import>().unwrap_err().to_string(),
            "has a version of another form than `0.2.0` (unexpected end of input while parsing \
             major version number)"
        );
    }

    #[test]
    fn overlaps() {
        for (one, other, overlap) in [
            ("a:b", "a:b", true),
            ("a:b", "a:b/c", true),
            ("a:b", "a:b@1.0.0", true),
            ("a:b/c", "a:b/d", false),
            ("a:b/c@1.0.0", "a:b/d@1.0.0", false),
            ("a:b@1.0.0", "a:b@2.0.0", false),
            ("a:b@1.0.0", "a:b@1.2.3", true),
            ("a:b@0.1.0", "a:b@0.1.9", true),
            ("a:b@0.1.0", "a:b@0.2.0", false),
            ("a:b@0.0.1", "a:b@0.0.2", false),
            ("a:b@1.0.0-rc", "a:b@1.0.0", false),
            ("a:b@1.0.0+x", "a:b@1.0.0+y", true),
            ("a:b/c@1.0.0", "a:b/c@2.0.0", false),
            ("a:b/c", "a:b/c@2.0.0", true),
            ("a:b", "a:c", false),
            ("a", "b", false),
            ("a", "a:a", false),
        ] {
            assert_eq!(
                import(one).overlaps(&import(other)),
                overlap,
                "{one} {other}"
            );
            assert_eq!(
                import(other).overlaps(&import(one)),
                overlap,
                "{other} {one}"
            );
        }
    }
}
