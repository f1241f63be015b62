//! What satisfies the imports of a component.

use wharf_oci::problem::clean;

use super::component::Component;
use super::document::{Item, Table};
use super::error::{Fault, Problem};
use super::source::{self, PACKAGE_KEYS, Package, Source, URL_KEYS, Wanted};
use crate::locked::{ComponentSource, ContentRef, Dependency, Inherit, WASM_CONTENT_TYPE};
use crate::nearest::hint;
use crate::package::Import;

/// Where the content of a dependency is.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct DependencyContent {
    /// The import that it satisfies, by which the component's `dependencies` have it.
    pub name: String,
    /// Its WebAssembly.
    pub source: Source,
}

/// A dependency as it is written.
pub(super) struct Written<'a> {
    import: Import,
    item: Item<'a>,
    pub(super) name: String,
    pub(super) locked: Dependency,
    pub(super) origin: Origin,
}

/// Where a dependency comes from.
pub(super) enum Origin {
    /// From outside of the application.
    Source(Source),
    /// From where a component of the application comes.
    Component(Reference),
}

/// A component of the application that is named, and where.
#[derive(Clone)]
pub(super) struct Reference {
    id: String,
    what: String,
    at: usize,
}

/// What a dependency may be let to use of the component that depends on it.
const CONFIGURATION: [&str; 7] = [
    "ai_models",
    "allowed_outbound_hosts",
    "environment",
    "files",
    "key_value_stores",
    "sqlite_databases",
    "variables",
];

/// What says where a dependency comes from, and what may stand beside it.
const FORMS: [(&str, &[&str]); 4] = [
    ("component", &["component"]),
    ("path", &["path"]),
    ("url", &URL_KEYS),
    ("version", &PACKAGE_KEYS),
];

/// What may stand in every form.
const OPTIONS: [&str; 2] = ["export", "inherit_configuration"];

/// What may stand in every form of what no import names.
const UNNAMED_OPTIONS: [&str; 1] = ["inherit_configuration"];

/// The dependencies of a component, with those of a profile in place of the ones of the
/// same name.
pub(super) fn dependencies<'a>(
    component: &Table<'a>,
    profile: Option<&Table<'a>>,
) -> Result<Vec<Written<'a>>, Fault> {
    let mut all = written(component)?;
    for own in profile.map_or(Ok(Vec::new()), written)? {
        match all.iter_mut().find(|known| known.import == own.import) {
            Some(known) => *known = own,
            None => all.push(own),
        }
    }
    disjoint(&all)?;
    if let Some(item) = component.find("dependencies_inherit_configuration") {
        let inherits = item.boolean()?;
        for dependency in &mut all {
            if let Some(own) = dependency.own_inheritance() {
                return Err(own.wrong(
                    "stands beside `dependencies_inherit_configuration`: leave one of them out",
                ));
            }
            if inherits {
                dependency.locked.inherit = Inherit::All;
            }
        }
    }
    Ok(all)
}

/// Puts the sources of components in place of their names.
pub(super) fn resolve(components: &mut [Component]) -> Result<(), Fault> {
    let mut resolved = Vec::new();
    for (at, component) in components.iter().enumerate() {
        for (name, reference) in &component.references {
            let source = reference.source(components)?;
            resolved.push((at, name.clone(), source));
        }
    }
    for (at, name, source) in resolved {
        if let Some(component) = components.get_mut(at) {
            let content = DependencyContent { name, source };
            component.content.dependencies.push(content);
        }
    }
    for component in components {
        let dependencies = &mut component.content.dependencies;
        dependencies.sort_by(|one, other| one.name.cmp(&other.name));
    }
    Ok(())
}

/// Those that stand in a table.
pub(super) fn written<'a>(table: &Table<'a>) -> Result<Vec<Written<'a>>, Fault> {
    let Some(dependencies) = table.find("dependencies") else {
        return Ok(Vec::new());
    };
    let dependencies = dependencies.table("a table of dependencies by the import's name")?;
    let entries = dependencies.items().into_iter();
    entries.map(|(name, item)| dependency(name, item)).collect()
}

fn dependency<'a>(name: &str, item: Item<'a>) -> Result<Written<'a>, Fault> {
    let import: Import = name.parse().map_err(|problem| {
        item.fault(Problem::Value {
            what: format!("`{}`", clean(name, 100)),
            problem: format!("can't be depended on: it {problem}"),
        })
    })?;
    let (origin, export, inherit) = if item.is_text() {
        let version = source::requirement(&item)?;
        let package = package(Some(&import), None, &item)?;
        let package = Source::Package(Package {
            version: Wanted::Matching(version),
            ..package
        });
        (Origin::Source(package), None, Inherit::default())
    } else {
        let table = item.table(
            "a version requirement or a table with a `version`, `path`, `url` or `component`",
        )?;
        let origin = origin(Some(&import), &table, &item)?;
        (origin, export(&import, &table)?, inherit(&table)?)
    };
    Ok(Written {
        import,
        item,
        name: name.to_owned(),
        locked: locked(export, inherit),
        origin,
    })
}

/// A dependency that no import names: what it is for is known by where it stands.
pub(super) fn unnamed(item: &Item<'_>) -> Result<(Dependency, Origin), Fault> {
    let table = item.table("a table with a `version`, `path`, `url` or `component`")?;
    let origin = origin(None, &table, item)?;
    Ok((locked(None, inherit(&table)?), origin))
}

/// A dependency without its content.
fn locked(export: Option<String>, inherit: Inherit) -> Dependency {
    Dependency {
        source: ComponentSource {
            content_type: WASM_CONTENT_TYPE.to_owned(),
            content: ContentRef::default(),
        },
        export,
        inherit,
    }
}

fn origin(import: Option<&Import>, table: &Table<'_>, item: &Item<'_>) -> Result<Origin, Fault> {
    let options: &[&str] = match import {
        Some(_) => &OPTIONS,
        None => &UNNAMED_OPTIONS,
    };
    let keys = FORMS.iter().flat_map(|(_, keys)| keys.iter());
    let keys: Vec<&str> = keys.chain(options).copied().collect();
    table.only(&keys)?;
    let mut forms = FORMS.iter();
    let Some((form, keys)) = forms.find(|(form, _)| table.find(form).is_some()) else {
        return Err(
            item.wrong("does not say where it is: write a `version`, `path`, `url` or `component`")
        );
    };
    let allowed: Vec<&str> = keys.iter().chain(options).copied().collect();
    table.nothing_beside(form, &allowed)?;
    Ok(match *form {
        "component" => {
            let named = table.need("component", "write the id of a component")?;
            Origin::Component(Reference {
                id: named.text()?.to_owned(),
                what: named.what(),
                at: named.at(),
            })
        }
        "path" => {
            let path = table.need("path", "write `path = \"path/to/component.wasm\"`")?;
            Origin::Source(Source::Path(source::path(&path)?))
        }
        "url" => Origin::Source(Source::Url(source::download(table)?)),
        _ => {
            let version = table.need("version", "write `version = \"^1.0\"`")?;
            Origin::Source(Source::Package(Package {
                version: Wanted::Matching(source::requirement(&version)?),
                registry: source::registry(table)?,
                ..package(import, table.find("package").as_ref(), item)?
            }))
        }
    })
}

/// The package that is meant, with every version of it.
fn package(
    import: Option<&Import>,
    named: Option<&Item<'_>>,
    item: &Item<'_>,
) -> Result<Package, Fault> {
    let name = match (named, import) {
        (Some(named), _) => source::package_name(named)?,
        (None, Some(Import::Package { package, .. })) => package.clone(),
        (None, Some(Import::Plain(_))) => {
            return Err(item.wrong(
                "is not the name of a package: write `package = \"namespace:name\"` beside the \
                 `version`",
            ));
        }
        (None, None) => {
            return Err(item.wrong(
                "does not say which package it is: write `package = \"namespace:name\"` beside the \
                 `version`",
            ));
        }
    };
    Ok(Package {
        registry: None,
        name,
        version: Wanted::Matching(semver::VersionReq::STAR),
    })
}

/// Which export is meant.
fn export(import: &Import, table: &Table<'_>) -> Result<Option<String>, Fault> {
    let Some(item) = table.find("export") else {
        return Ok(None);
    };
    if let Import::Package {
        interface: None, ..
    } = import
    {
        return Err(item.wrong(
            "can't satisfy a whole package: name one interface of it, such as `namespace:name/interface`",
        ));
    }
    Ok(Some(item.text()?.to_owned()))
}

/// What may be used of the component that depends on it.
fn inherit(table: &Table<'_>) -> Result<Inherit, Fault> {
    let Some(item) = table.find("inherit_configuration") else {
        return Ok(Inherit::default());
    };
    if !item.is_list() {
        let all = item
            .boolean()
            .map_err(|_| item.mistyped("`true`, `false` or a list of settings"))?;
        return Ok(if all {
            Inherit::All
        } else {
            Inherit::default()
        });
    }
    let mut settings = Vec::new();
    for (setting, item) in table.texts("inherit_configuration")? {
        if !CONFIGURATION.contains(&setting) {
            return Err(item.fault(Problem::NotThere {
                what: item.what(),
                kind: "setting",
                id: clean(setting, 100),
                hint: match hint(setting, &CONFIGURATION) {
                    none if none.is_empty() => {
                        format!(": known are `{}`", CONFIGURATION.join("`, `"))
                    }
                    hint => hint,
                },
            }));
        }
        settings.push(setting.to_owned());
    }
    Ok(Inherit::Some(settings))
}

/// Refuses two dependencies that could satisfy the same import.
fn disjoint(dependencies: &[Written<'_>]) -> Result<(), Fault> {
    for (at, dependency) in dependencies.iter().enumerate() {
        let mut before = dependencies.iter().take(at);
        if let Some(other) = before.find(|other| other.import.overlaps(&dependency.import)) {
            return Err(dependency.item.wrong(format!(
                "overlaps with `{}`: give each a version or an interface of its own",
                other.name
            )));
        }
    }
    Ok(())
}

impl<'a> Written<'a> {
    /// What it says itself of what it may use.
    fn own_inheritance(&self) -> Option<Item<'a>> {
        self.item
            .table("a table")
            .ok()?
            .find("inherit_configuration")
    }
}

impl Reference {
    /// Where the component comes from that is named.
    pub(super) fn source(&self, components: &[Component]) -> Result<Source, Fault> {
        let mut all = components.iter();
        let Some(named) = all.find(|component| component.locked.id == self.id) else {
            let known: Vec<_> = components.iter().map(|c| c.locked.id.as_str()).collect();
            return Err(Fault::new(
                self.at,
                Problem::NotThere {
                    what: self.what.clone(),
                    kind: "component",
                    id: clean(&self.id, 100),
                    hint: hint(&self.id, &known),
                },
            ));
        };
        let own = own_settings(named);
        if own.is_empty() {
            return Ok(named.content.source.clone());
        }
        Err(Fault::new(
            self.at,
            Problem::Value {
                what: self.what.clone(),
                problem: format!(
                    "names the component `{}`, which has `{}` of its own: a dependency has what \
                     it inherits and nothing else",
                    self.id,
                    own.join("`, `")
                ),
            },
        ))
    }
}

/// What a component has that it would be without as a dependency.
fn own_settings(component: &Component) -> Vec<&'static str> {
    let locked = &component.locked;
    let has = |key: &str| locked.metadata.contains_key(key);
    [
        ("ai_models", has("ai_models")),
        ("allowed_outbound_hosts", has("allowed_outbound_hosts")),
        ("dependencies", !locked.dependencies.is_empty()),
        ("environment", !locked.env.is_empty()),
        ("files", !component.content.files.is_empty()),
        ("key_value_stores", has("key_value_stores")),
        ("sqlite_databases", has("databases")),
        ("variables", !locked.config.is_empty()),
    ]
    .into_iter()
    .filter_map(|(name, is_there)| is_there.then_some(name))
    .collect()
}

#[cfg(test)]
mod tests;
