//! A `wharf.toml` as text: one table for each registry, `[registry."ghcr.io"]`, and
//! `[registry."*"]` for all of them; and `[packages]`, which says where packages are.

use std::collections::BTreeMap;
use std::path::Path;

use toml::de::DeTable;
use wharf_host::policy::Policy;
use wharf_host::trust::Rules;
use wharf_host::{Location, Packages, Registry};

use super::key::Key;
use super::layer::{Layer, Setting};
use super::registry::{ALL, REGISTRY};
use super::sandbox::SANDBOX;
use super::table::{Fault, Reader, in_order, tables, texts, unknown};
use super::trust::TRUST;
use crate::error::CommandError;

/// What a file says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Document {
    /// For every registry.
    all: Layer,
    /// For some, in place of that.
    some: BTreeMap<Registry, Layer>,
    /// Where packages are.
    packages: Vec<PackagePlace>,
    /// Which files are not published, as rules.
    ignore: Vec<String>,
    /// What may be done.
    policy: Option<Policy>,
    /// What has to be signed.
    trust: Option<Rules>,
}

/// Where a package, a namespace of them, or all others are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct PackagePlace {
    pub(super) name: String,
    pub(super) registry: Location,
    /// Which line says so, for people.
    pub(super) place: String,
}

/// Keys at the top.
const PACKAGES: &str = "packages";
const PUSH: &str = "push";

/// The one key about pushing.
const IGNORE: &str = "ignore";

impl Document {
    /// Reads the text of the file at `path`.
    pub(super) fn parse(path: &Path, text: &str) -> Result<Self, CommandError> {
        let reader = Reader { path, text };
        reader.document().map_err(|(at, problem)| {
            CommandError::usage(format!("{}: {problem}", reader.place(at)))
        })
    }

    /// Reads the text of a file that has a policy and nothing else.
    pub(super) fn parse_policy(path: &Path, text: &str) -> Result<Policy, CommandError> {
        let reader = Reader { path, text };
        reader.policy().map_err(|(at, problem)| {
            CommandError::usage(format!("{}: {problem}", reader.place(at)))
        })
    }

    /// What may be done.
    pub(super) fn policy(&self) -> Option<&Policy> {
        self.policy.as_ref()
    }

    /// What has to be signed.
    pub(super) fn trust(&self) -> Option<&Rules> {
        self.trust.as_ref()
    }

    /// What it says for a registry: what comes later counts.
    pub(super) fn layers(&self, registry: &Registry) -> impl Iterator<Item = &Layer> {
        [&self.all].into_iter().chain(self.some.get(registry))
    }

    /// Where packages are.
    pub(super) fn packages(&self) -> &[PackagePlace] {
        &self.packages
    }

    /// Rules about files that are not published.
    pub(super) fn ignore_rules(&self) -> &[String] {
        &self.ignore
    }

    /// Everything that it sets about registries.
    pub(super) fn settings(&self) -> impl Iterator<Item = (Key, &Setting)> {
        let layers = [&self.all].into_iter().chain(self.some.values());
        layers.flat_map(Layer::iter)
    }
}

impl Reader<'_> {
    fn policy(&self) -> Result<Policy, Fault> {
        let table = self.table()?;
        let mut policy = None;
        for (key, value) in in_order(table.get_ref()) {
            if key.get_ref() != SANDBOX {
                let problem = unknown(key.get_ref(), "in a policy", &[SANDBOX]);
                return Err((key.span().start, problem));
            }
            policy = Some(self.sandbox(tables(key, value)?)?);
        }
        policy.ok_or_else(|| {
            (
                0,
                format!("there is no table `[{SANDBOX}]`, and so no policy"),
            )
        })
    }

    fn document(&self) -> Result<Document, Fault> {
        let table = self.table()?;
        let mut document = Document::default();
        for (key, value) in in_order(table.get_ref()) {
            if key.get_ref() == PACKAGES {
                document.packages = self.packages(tables(key, value)?)?;
                continue;
            }
            if key.get_ref() == PUSH {
                document.ignore = ignore(tables(key, value)?)?;
                continue;
            }
            if key.get_ref() == SANDBOX {
                document.policy = Some(self.sandbox(tables(key, value)?)?);
                continue;
            }
            if key.get_ref() == TRUST {
                document.trust = Some(self.trust(tables(key, value)?, false)?);
                continue;
            }
            if key.get_ref() != REGISTRY {
                let known = [PACKAGES, REGISTRY, PUSH, SANDBOX, TRUST];
                let problem = unknown(key.get_ref(), "at the top level", &known);
                return Err((key.span().start, problem));
            }
            for (name, settings) in in_order(tables(key, value)?) {
                let layer = self.layer(name.get_ref(), tables(name, settings)?)?;
                if name.get_ref() == ALL {
                    document.all = layer;
                    continue;
                }
                let registry: Registry = name
                    .get_ref()
                    .parse()
                    .map_err(|error| (name.span().start, format!("{error}, or `{ALL}`")))?;
                if document.some.insert(registry.clone(), layer).is_some() {
                    let problem = format!("there is a table for {registry} already");
                    return Err((name.span().start, problem));
                }
            }
        }
        Ok(document)
    }

    fn packages(&self, table: &DeTable<'_>) -> Result<Vec<PackagePlace>, Fault> {
        let mut packages = Vec::new();
        for (name, value) in in_order(table) {
            if !Packages::is_name(name.get_ref()) {
                let problem = format!(
                    "`{}` in `[{PACKAGES}]` is neither a namespace such as `wasi`, nor a package \
                     such as `wasi:http`, nor `{}`",
                    name.get_ref(),
                    Packages::OTHERS
                );
                return Err((name.span().start, problem));
            }
            let registry = value.get_ref().as_str().and_then(|text| text.parse().ok());
            let Some(registry) = registry else {
                let problem = format!(
                    "`{}` in `[{PACKAGES}]` has to be a registry, or one with the beginning of \
                     its repositories, such as `\"ghcr.io/webassembly\"`",
                    name.get_ref()
                );
                return Err((value.span().start, problem));
            };
            packages.push(PackagePlace {
                name: name.get_ref().to_string(),
                registry,
                place: format!("`{}` in {}", name.get_ref(), self.place(name.span().start)),
            });
        }
        Ok(packages)
    }
}

/// What `[push]` says.
fn ignore(table: &DeTable<'_>) -> Result<Vec<String>, Fault> {
    let mut rules = Vec::new();
    for (key, value) in in_order(table) {
        if key.get_ref() != IGNORE {
            let problem = unknown(key.get_ref(), &format!("in `[{PUSH}]`"), &[IGNORE]);
            return Err((key.span().start, problem));
        }
        let members = texts(value.get_ref()).ok_or_else(|| {
            let problem = format!(
                "`{IGNORE}` has to be a list of patterns, as in a .gitignore: `[\"*.key\"]`"
            );
            (value.span().start, problem)
        })?;
        rules = members.into_iter().map(str::to_owned).collect();
    }
    Ok(rules)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::super::key::Value;
    use super::*;

    fn parse(text: &str) -> Result<Document, String> {
        let parsed = Document::parse(Path::new("/c/wharf.toml"), text);
        parsed.map_err(|error| error.messages.join(": "))
    }

    #[test]
    fn tables_by_registry() {
        let text = r#"
            [registry."*"]
            concurrency = 8
            [registry."index.docker.io"]
            retries = 2
            [registry."r.example:5000"]
            ca-file = "ca.pem"
            stall-timeout = "90s"
            plain-http = false
        "#;
        let document = parse(text).unwrap();
        let merged = |registry: &str| {
            let mut merged = Layer::default();
            for layer in document.layers(&registry.parse().unwrap()) {
                merged.cover_with(layer);
            }
            merged
        };
        let hub = merged("docker.io");
        assert_eq!(hub.value(Key::Concurrency), Some(&Value::Count(8)));
        assert_eq!(hub.value(Key::Retries), Some(&Value::Count(2)));
        let own = merged("r.example:5000");
        assert_eq!(own.value(Key::Retries), None);
        assert_eq!(own.value(Key::PlainHttp), Some(&Value::Flag(false)));
        let file = Value::File("/c/ca.pem".into());
        assert_eq!(own.value(Key::CaFile), Some(&file));
        let stall = Value::Time(Duration::from_secs(90));
        assert_eq!(own.value(Key::StallTimeout), Some(&stall));
        assert_eq!(parse("").unwrap(), Document::default());
    }

    #[test]
    fn packages_by_name() {
        let text = "[packages]\na = \"r.example/x\"\n\"a:b\" = \"localhost:5000\"";
        let document = parse(text).unwrap();
        let [namespace, package] = document.packages() else {
            panic!("{document:?}");
        };
        assert_eq!(namespace.registry, "r.example/x".parse().unwrap());
        assert_eq!(
            (namespace.name.as_str(), package.name.as_str()),
            ("a", "a:b")
        );
        assert!(package.place.contains("line 3"), "{}", package.place);
    }

    #[test]
    fn what_is_wrong_is_told_with_its_place() {
        for (text, parts) in [
            ("registry = [", &["line 1", "not TOML"][..]),
            (
                "\n[registy.\"x\"]",
                &["line 2, column 2", "mean `registry`"],
            ),
            (
                "x = 1",
                &[
                    "line 1, column 1",
                    "known are `packages`, `registry`, `push`, `sandbox`",
                ],
            ),
            (
                "[packages]\n\"a:b:c\" = \"r.example\"",
                &["line 2, column 1", "`a:b:c`", "namespace"],
            ),
            (
                "[packages]\na = \"https://r.example\"",
                &["line 2, column 5", "`a`", "has to be a registry"],
            ),
            ("[packages]\na = 1", &["line 2", "has to be a registry"]),
            ("packages = 1", &["`packages` has to be a table"]),
            ("[push]\nignor = []", &["line 2", "mean `ignore`"]),
            (
                "[push]\nignore = \"*.key\"",
                &["line 2", "list of patterns"],
            ),
            ("push = 1", &["`push` has to be a table"]),
            ("registry = 1", &["`registry` has to be a table"]),
            ("[registry]\nx = 1", &["line 2", "`x` has to be a table"]),
            (
                "[registry.\"r.example\"]\n\n  plain_http = true",
                &["line 3, column 3", "`plain_http`", "mean `plain-http`"],
            ),
            (
                "[registry.\"r.example\"]\nconcurency = 1",
                &["[registry.\"r.example\"]", "mean `concurrency`"],
            ),
            ("[registry.\"*\"]\nwords = 1", &["`words`", "known are"]),
            ("[registry.\"*\"]\nproxy = 1", &["`proxy`", "http://"]),
            ("[registry.\"*\"]\nallow = [1]", &["`allow`", "list"]),
            (
                "[registry.\"*\"]\nallow = [\"169.254.169.254\"]",
                &["`allow`", "metadata"],
            ),
            (
                "[registry.\"*\"]\nproxy = \"socks5://p\"",
                &["`proxy`", "plain HTTP"],
            ),
            (
                "[registry.\"*\"]\nconcurrency = 0",
                &["line 2, column 15", "from 1 to 1024"],
            ),
            ("[registry.\"*\"]\nretries = \"1\"", &["whole number"]),
            ("[registry.\"*\"]\nplain-http = 1", &["`true` or `false`"]),
            ("[registry.\"*\"]\nfirst-wait = 10", &["unit"]),
            (
                "[registry.\"a b\"]\nretries = 1",
                &["line 1, column 11", "`a b`"],
            ),
            (
                "[registry.\"docker.io\"]\n[registry.\"index.docker.io\"]",
                &["line 2", "docker.io already"],
            ),
            (
                "[registry.\"*\"]\ncert-file = \"c.pem\"",
                &["line 2", "no `key-file`"],
            ),
        ] {
            let error = parse(text).unwrap_err();
            for part in parts {
                assert!(error.contains(part), "{text}: {error}");
            }
            assert!(error.starts_with("`/c/wharf.toml`, line "), "{error}");
        }
    }
}
