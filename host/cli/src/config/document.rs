//! A `wharf.toml` as text: one table for each registry, `[registry."ghcr.io"]`, and
//! `[registry."*"]` for all of them; and `[packages]`, which says where packages are.

use std::collections::BTreeMap;
use std::path::Path;

use toml::Spanned;
use toml::de::{DeInteger, DeTable, DeValue};
use wharf_host::policy::Policy;
use wharf_host::trust::Rules;
use wharf_host::{Location, Packages, Registry};

use super::key::{Form, Key, Value};
use super::layer::{Layer, Setting};
use super::sandbox::SANDBOX;
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

/// The keys at the top.
const REGISTRY: &str = "registry";
const PACKAGES: &str = "packages";
const PUSH: &str = "push";

/// The one key about pushing.
const IGNORE: &str = "ignore";

/// What the table for every registry is called.
const ALL: &str = "*";

/// Something wrong, and the byte of the text where it is.
pub(super) type Fault = (usize, String);

pub(super) struct Reader<'a> {
    pub(super) path: &'a Path,
    text: &'a str,
}

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

impl<'a> Reader<'a> {
    fn table(&self) -> Result<Spanned<DeTable<'a>>, Fault> {
        DeTable::parse(self.text).map_err(|error| {
            let at = error.span().map_or(0, |span| span.start);
            (at, format!("this is not TOML: {}", error.message()))
        })
    }

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

    fn layer(&self, name: &str, table: &DeTable<'_>) -> Result<Layer, Fault> {
        let folder = self.path.parent().unwrap_or(Path::new(""));
        let mut layer = Layer::default();
        for (text, value) in in_order(table) {
            let Some(key) = Key::named(text.get_ref()) else {
                let known = Key::ALL.map(Key::name);
                let place = format!("in `[{REGISTRY}.\"{name}\"]`");
                return Err((text.span().start, unknown(text.get_ref(), &place, &known)));
            };
            let value = typed(key, value.get_ref()).map_err(|expected| {
                let problem = format!("`{}` can't be this: {expected}", key.name());
                (value.span().start, problem)
            })?;
            let setting = Setting {
                value: value.relative_to(folder),
                place: format!("`{}` in {}", key.name(), self.place(text.span().start)),
            };
            layer.set(key, setting);
        }
        match layer.half_a_certificate() {
            Some((has, lacks)) => {
                let problem = format!(
                    "`[{REGISTRY}.\"{name}\"]` has a `{}` and no `{}`",
                    has.name(),
                    lacks.name()
                );
                let start = table.get(has.name()).map_or(0, |value| value.span().start);
                Err((start, problem))
            }
            None => Ok(layer),
        }
    }

    /// Where a byte of the text is, for people. The first line and the first column
    /// are 1.
    pub(super) fn place(&self, at: usize) -> String {
        let before = self.text.get(..at).unwrap_or(self.text);
        let line = before.matches('\n').count() + 1;
        let start = before.rfind('\n').map_or(0, |end| end + 1);
        let column = before.get(start..).map_or(0, |line| line.chars().count()) + 1;
        format!("`{}`, line {line}, column {column}", self.path.display())
    }
}

pub(super) type Entry<'a, 'i> = (
    &'a Spanned<std::borrow::Cow<'i, str>>,
    &'a Spanned<DeValue<'i>>,
);

/// The entries in the order of the text, so that the first mistake is told first.
pub(super) fn in_order<'a, 'i>(table: &'a DeTable<'i>) -> Vec<Entry<'a, 'i>> {
    let mut entries: Vec<_> = table.iter().collect();
    entries.sort_by_key(|(key, _)| key.span().start);
    entries
}

pub(super) fn tables<'a, 'i>(
    key: &Spanned<std::borrow::Cow<'i, str>>,
    value: &'a Spanned<DeValue<'i>>,
) -> Result<&'a DeTable<'i>, Fault> {
    value.get_ref().as_table().ok_or_else(|| {
        let problem = format!("`{}` has to be a table", key.get_ref());
        (key.span().start, problem)
    })
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

/// The members of an array of texts.
pub(super) fn texts<'a>(value: &'a DeValue<'_>) -> Option<Vec<&'a str>> {
    let members = value.as_array()?.iter();
    members.map(|member| member.get_ref().as_str()).collect()
}

/// A value of the key. An error says what is expected.
fn typed(key: Key, value: &DeValue<'_>) -> Result<Value, String> {
    let integer =
        |number: &DeInteger<'_>| i64::from_str_radix(number.as_str(), number.radix()).ok();
    let form = key.form();
    let value = match form {
        Form::Allow | Form::Mirrors => match texts(value) {
            Some(members) => return key.parse(&members.join(",")),
            None => None,
        },
        Form::Flag => value.as_bool().map(Value::Flag),
        Form::Count(..) => {
            let count = value.as_integer().and_then(integer);
            count.and_then(|count| form.count(count))
        }
        Form::File | Form::Time(_) | Form::Proxy | Form::Rate => match value.as_str() {
            Some(text) => return key.parse(text),
            None => None,
        },
    };
    value.ok_or_else(|| form.expected())
}

pub(super) fn unknown(key: &str, place: &str, known: &[&str]) -> String {
    /// How much alike two words must be, from 0 to 1, for one to be meant by the other.
    const ALIKE: f64 = 0.8;
    let word = key.to_ascii_lowercase().replace('_', "-");
    let nearest = known
        .iter()
        .map(|known| (strsim::jaro_winkler(&word, known), known))
        .filter(|(alike, _)| *alike >= ALIKE)
        .max_by(|(one, _), (other, _)| one.total_cmp(other));
    match nearest {
        Some((_, known)) => {
            format!("the key `{key}` is not known {place}: did you mean `{known}`?")
        }
        None => format!(
            "the key `{key}` is not known {place}: known are `{}`",
            known.join("`, `")
        ),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

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
