//! The components of a manifest.

use std::collections::BTreeMap;

use serde_json::Value;
use wharf_oci::problem::clean;

use super::build::Build;
use super::dependency::{self, DependencyContent, Origin, Reference};
use super::document::{Item, Table};
use super::error::{Fault, Problem};
use super::name::{KEBAB, LABEL, SNAKE, is_kebab, is_label, is_snake};
use super::reading::Reading;
use super::{ComponentContent, http_hosts, source, template};
use crate::files::{Glob, Mount, MountError};
use crate::locked::{
    ComponentSource, ContentRef, LOCAL_SERVICE_CHAINING, LockedComponent, REQUIRED,
    WASM_CONTENT_TYPE,
};
use crate::outbound::AllowedHost;
use crate::path::PathError;

/// What a component may say in one version of the manifest.
pub(super) struct Form {
    pub(super) keys: &'static [&'static str],
    /// What its own variables are called.
    pub(super) variables: &'static str,
    /// Whether it may connect to any database when it has no `allowed_outbound_hosts`.
    pub(super) databases_unless_hosts: bool,
}

const FORM: Form = Form {
    keys: &[
        "ai_models",
        "allowed_http_hosts",
        "allowed_outbound_hosts",
        "build",
        "dependencies",
        "dependencies_inherit_configuration",
        "description",
        "environment",
        "exclude_files",
        "files",
        "key_value_stores",
        "profile",
        "source",
        "sqlite_databases",
        "targets",
        "tool",
        "variables",
    ],
    variables: "variables",
    databases_unless_hosts: false,
};

/// The databases that version 1 allowed when it said nothing.
const DATABASES: [&str; 3] = ["redis://*:*", "mysql://*:*", "postgres://*:*"];

/// What a component becomes: what is published of it, and its content.
#[derive(Clone)]
pub(super) struct Component {
    pub(super) locked: LockedComponent,
    pub(super) content: ComponentContent,
    /// Its dependencies that name another component, by the import's name.
    pub(super) references: Vec<(String, Reference)>,
}

/// All of `[component.…]`, in the order of the text.
pub(super) fn components(
    manifest: &Table<'_>,
    reading: &Reading<'_>,
    warnings: &mut Vec<String>,
) -> Result<Vec<Component>, Fault> {
    let Some(table) = manifest.find("component") else {
        return Ok(Vec::new());
    };
    let table = table.table("a table")?.called("[component]");
    table
        .items()
        .into_iter()
        .map(|(id, item)| {
            if !is_kebab(id) {
                return Err(item.fault(Problem::Name {
                    id: clean(id, 100),
                    what: "id of a component",
                    expected: KEBAB,
                }));
            }
            let table = item.table("a table")?.called(&format!("[component.{id}]"));
            component(id, &table, &FORM, reading, warnings)
        })
        .collect()
}

/// A component that stands within a trigger.
pub(super) fn inline(
    id: &str,
    table: &Table<'_>,
    reading: &Reading<'_>,
    warnings: &mut Vec<String>,
) -> Result<Component, Fault> {
    component(id, table, &FORM, reading, warnings)
}

/// One component, whose id is right.
pub(super) fn component(
    id: &str,
    table: &Table<'_>,
    form: &Form,
    reading: &Reading<'_>,
    warnings: &mut Vec<String>,
) -> Result<Component, Fault> {
    table.only(form.keys)?;
    let profile = reading.profile(table)?;
    let variables = &reading.variables();
    let source = match &profile {
        Some(profile) if profile.find("source").is_some() => source::source(profile)?,
        _ => source::source(table)?,
    };
    let mut dependencies = BTreeMap::new();
    let (mut contents, mut references) = (Vec::new(), Vec::new());
    for written in dependency::dependencies(table, profile.as_ref())? {
        dependencies.insert(written.name.clone(), written.locked);
        let name = written.name;
        match written.origin {
            Origin::Source(source) => contents.push(DependencyContent { name, source }),
            Origin::Component(reference) => references.push((name, reference)),
        }
    }
    let mut env = owned(table.text_table("environment")?);
    if let Some(profile) = &profile {
        env.extend(owned(profile.text_table("environment")?));
    }
    let build = build(table, profile.as_ref())?;
    let mut hosts = allowed_outbound_hosts(table, variables)?;
    let http_hosts = http_hosts::outbound(table)?;
    if !http_hosts.is_empty() {
        warnings.push(format!(
            "the component `{id}` has `allowed_http_hosts`, which is old: write \
             `allowed_outbound_hosts = {http_hosts:?}`"
        ));
    }
    if form.databases_unless_hosts && table.find("allowed_outbound_hosts").is_none() {
        hosts.entries.extend(DATABASES.map(str::to_owned));
    }
    let chains = |host: &String| {
        host.parse()
            .is_ok_and(|host: AllowedHost| host.names_components())
    };
    hosts.chaining |= http_hosts.iter().any(chains);
    hosts.entries.extend(http_hosts);
    let mut host_requirements = BTreeMap::new();
    if hosts.chaining {
        host_requirements.insert(LOCAL_SERVICE_CHAINING.to_owned(), Value::from(REQUIRED));
    }
    let mut metadata = metadata(table, hosts.entries)?;
    if let (Some(build), true) = (&build, reading.publishing().build) {
        metadata.insert("build".to_owned(), build.to_json());
    }
    let locked = LockedComponent {
        id: id.to_owned(),
        metadata,
        source: ComponentSource {
            content_type: WASM_CONTENT_TYPE.to_owned(),
            content: ContentRef::default(),
        },
        env,
        files: Vec::new(),
        config: own_variables(table, form.variables, variables)?,
        dependencies,
        trigger_dependencies: BTreeMap::new(),
        host_requirements,
    };
    let content = ComponentContent {
        id: id.to_owned(),
        source,
        dependencies: contents,
        trigger_dependencies: BTreeMap::new(),
        build,
        files: files(table, warnings)?,
        exclude: exclude(table)?,
    };
    Ok(Component {
        locked,
        content,
        references,
    })
}

fn metadata(table: &Table<'_>, hosts: Vec<String>) -> Result<BTreeMap<String, Value>, Fault> {
    let mut metadata = BTreeMap::new();
    let description = table.text_or_empty("description")?;
    if !description.is_empty() {
        metadata.insert("description".to_owned(), Value::from(description));
    }
    let models = table.texts("ai_models")?;
    let models = models.into_iter().map(|(model, _)| model.to_owned());
    for (key, entries) in [
        ("ai_models", models.collect()),
        ("allowed_outbound_hosts", hosts),
        ("databases", labels(table, "sqlite_databases")?),
        ("key_value_stores", labels(table, "key_value_stores")?),
    ] {
        if !entries.is_empty() {
            metadata.insert(key.to_owned(), Value::from(entries));
        }
    }
    Ok(metadata)
}

fn labels(table: &Table<'_>, key: &str) -> Result<Vec<String>, Fault> {
    let labels = table.texts(key)?;
    if let Some((label, item)) = labels.iter().find(|(label, _)| !is_label(label)) {
        return Err(item.fault(Problem::Name {
            id: clean(label, 100),
            what: "label of a store",
            expected: LABEL,
        }));
    }
    Ok(labels
        .into_iter()
        .map(|(label, _)| label.to_owned())
        .collect())
}

struct Hosts {
    entries: Vec<String>,
    /// Whether one of them is another component of the application.
    chaining: bool,
}

fn allowed_outbound_hosts(table: &Table<'_>, variables: &[&str]) -> Result<Hosts, Fault> {
    let mut hosts = Hosts {
        entries: Vec::new(),
        chaining: false,
    };
    for (entry, item) in table.texts("allowed_outbound_hosts")? {
        if crate::template::is_template(entry) {
            // What it means is known once the variables have values.
            template::check(entry, &item, variables)?;
        } else {
            let host: AllowedHost = entry.parse().map_err(|problem| {
                item.fault(Problem::Host {
                    what: item.what(),
                    entry: clean(entry, 200),
                    problem,
                })
            })?;
            hosts.chaining |= host.names_components();
        }
        hosts.entries.push(entry.to_owned());
    }
    Ok(hosts)
}

fn own_variables(
    table: &Table<'_>,
    key: &str,
    variables: &[&str],
) -> Result<BTreeMap<String, String>, Fault> {
    let own = table.text_table(key)?;
    for (name, item) in &own {
        if !is_snake(name) {
            return Err(item.fault(Problem::Name {
                id: clean(name, 100),
                what: "name of a variable",
                expected: SNAKE,
            }));
        }
        template::check(item.text()?, item, variables)?;
    }
    Ok(owned(own))
}

/// How the component is built, with the commands of the profile where it has some.
fn build(table: &Table<'_>, profile: Option<&Table<'_>>) -> Result<Option<Build>, Fault> {
    let own = table.find("build");
    let of_profile = profile.and_then(|profile| profile.find("build"));
    let Some(build) = own.as_ref().or(of_profile.as_ref()) else {
        return Ok(None);
    };
    let build = build.table("a table")?;
    build.only(&["command", "watch", "workdir"])?;
    let workdir = build.text_or_empty("workdir")?;
    let watch = build.texts("watch")?;
    let command = match &of_profile {
        Some(other) => {
            let other = other.table("a table")?;
            other.only(&["command", "watch", "workdir"])?;
            commands(&other)?
        }
        None => commands(&build)?,
    };
    Ok(Some(Build {
        commands: command.0,
        is_list: command.1,
        workdir: (!workdir.is_empty()).then(|| workdir.to_owned()),
        watch: watch.into_iter().map(|(path, _)| path.to_owned()).collect(),
    }))
}

/// The commands of a build, and whether they are written as a list.
fn commands(build: &Table<'_>) -> Result<(Vec<String>, bool), Fault> {
    let command = build.need("command", "write `command = \"cargo build\"`")?;
    if command.is_list() {
        let commands = build.texts("command")?.into_iter();
        Ok((
            commands.map(|(command, _)| command.to_owned()).collect(),
            true,
        ))
    } else if command.is_text() {
        Ok((vec![command.text()?.to_owned()], false))
    } else {
        Err(command.mistyped("a text or a list of texts"))
    }
}

fn files(table: &Table<'_>, warnings: &mut Vec<String>) -> Result<Vec<Mount>, Fault> {
    const EXPECTED: &str =
        "a list of paths, patterns and `{ source = \"…\", destination = \"…\" }`";
    let Some(files) = table.find("files") else {
        return Ok(Vec::new());
    };
    let mut mounts = Vec::new();
    for entry in files.list(EXPECTED)? {
        if !entry.is_text() {
            mounts.push(placement(&entry)?);
            continue;
        }
        let text = entry.text()?;
        if matches!(text, "*" | "**" | "**/*") {
            warnings.push(format!(
                "{} is `{text}`, which publishes all that lies in the application's directory; \
                 write `./{text}` if that is meant",
                entry.what()
            ));
        }
        let mount = Mount::pattern(text);
        mounts.push(mount.map_err(|problem| pattern_fault(&entry, text, problem))?);
    }
    Ok(mounts)
}

fn placement(entry: &Item<'_>) -> Result<Mount, Fault> {
    let table = entry.table("a path, a pattern or `{ source = \"…\", destination = \"…\" }`")?;
    table.only(&["destination", "source"])?;
    let source = table.need("source", "write `{ source = \"…\", destination = \"…\" }`")?;
    let destination = table.need(
        "destination",
        "write `{ source = \"…\", destination = \"…\" }`",
    )?;
    let from = source.text()?;
    let from = from
        .parse()
        .map_err(|problem| path_fault(&source, from, problem))?;
    let to = destination.text()?;
    Mount::placement(from, to).map_err(|problem| path_fault(&destination, to, problem))
}

fn exclude(table: &Table<'_>) -> Result<Vec<Glob>, Fault> {
    let patterns = table.texts("exclude_files")?.into_iter();
    patterns
        .map(|(text, item)| {
            text.parse::<Glob>()
                .map_err(|problem| pattern_fault(&item, text, problem.into()))
        })
        .collect()
}

fn path_fault(item: &Item<'_>, path: &str, problem: PathError) -> Fault {
    item.fault(Problem::Path {
        what: item.what(),
        path: clean(path, 200),
        problem,
    })
}

fn pattern_fault(item: &Item<'_>, pattern: &str, problem: MountError) -> Fault {
    item.fault(Problem::Pattern {
        what: item.what(),
        pattern: clean(pattern, 200),
        problem,
    })
}

fn owned(entries: Vec<(&str, Item<'_>)>) -> BTreeMap<String, String> {
    entries
        .into_iter()
        .filter_map(|(key, item)| Some((key.to_owned(), item.text().ok()?.to_owned())))
        .collect()
}
