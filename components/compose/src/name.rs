//! Which imports a dependency is meant for, by its name.

use wac_graph::types::are_semver_compatible;

/// The name of a dependency, as the author of an application wrote it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum DependencyName<'a> {
    /// `ns:pkg`, `ns:pkg/interface`, each with `@version` or without: interfaces
    /// of a package.
    Package {
        package: &'a str,
        interface: Option<&'a str>,
        version: Option<&'a str>,
    },
    /// Anything else: an import of exactly this name.
    Plain(&'a str),
}

impl<'a> DependencyName<'a> {
    pub(crate) fn parse(name: &'a str) -> Self {
        if !name.contains(':') {
            return Self::Plain(name);
        }
        let (rest, version) = split(name, '@');
        let (package, interface) = split(rest, '/');
        Self::Package {
            package,
            interface,
            version,
        }
    }

    /// Whether an import of this name is to be satisfied by it. A version selects
    /// those that are compatible with it, as a host would.
    pub(crate) fn is_for(self, import: &str) -> bool {
        match (self, DependencyName::parse(import)) {
            (Self::Plain(name), DependencyName::Plain(import)) => name == import,
            (
                Self::Package {
                    package,
                    interface,
                    version,
                },
                DependencyName::Package {
                    package: of,
                    interface: Some(imported),
                    version: wanted,
                },
            ) => {
                package == of
                    && interface.is_none_or(|interface| interface == imported)
                    && version.is_none_or(|version| {
                        wanted.is_some_and(|wanted| compatible(version, wanted))
                    })
            }
            _ => false,
        }
    }
}

fn compatible(version: &str, other: &str) -> bool {
    let name = |version| format!("a:b/c@{version}");
    version == other || are_semver_compatible(&name(version), &name(other))
}

fn split(text: &str, at: char) -> (&str, Option<&str>) {
    match text.split_once(at) {
        Some((before, after)) => (before, Some(after)),
        None => (text, None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_select_imports() {
        for (name, import, selects) in [
            ("plain", "plain", true),
            ("plain", "plainer", false),
            ("plain", "a:b/plain", false),
            ("a:b", "a:b/c", true),
            ("a:b", "a:b/c@1.0.0", true),
            ("a:b", "a:bb/c", false),
            ("a:b", "b", false),
            ("a:b/c", "a:b/c", true),
            ("a:b/c", "a:b/c@0.1.0", true),
            ("a:b/c", "a:b/cc", false),
            ("a:b/c@0.1.0", "a:b/c@0.1.0", true),
            ("a:b/c@0.1.0", "a:b/c@0.1.7", true),
            ("a:b/c@0.1.7", "a:b/c@0.1.0", true),
            ("a:b/c@0.1.0", "a:b/c@0.2.0", false),
            ("a:b/c@1.2.0", "a:b/c@1.9.1", true),
            ("a:b/c@1.2.0", "a:b/c@2.0.0", false),
            ("a:b/c@1.0.0-rc.1", "a:b/c@1.0.0-rc.1", true),
            ("a:b/c@1.0.0-rc.1", "a:b/c@1.0.0", false),
            ("a:b@0.1.0", "a:b/c@0.1.0", true),
            ("a:b@0.1.0", "a:b/c", false),
        ] {
            let selected = DependencyName::parse(name).is_for(import);
            assert_eq!(selected, selects, "{name} {import}");
        }
    }
}
