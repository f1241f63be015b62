//! Manifests of version 1, which become what Spin makes of them: the application's
//! details stand at the top level, every component has the one trigger of its own, and
//! its variables are called `config`.

use std::collections::BTreeMap;

use serde_json::{Map, Value};
use wharf_oci::problem::clean;

use super::application;
use super::component::{Component, Form, component};
use super::document::Table;
use super::error::{Fault, Problem};
use super::name::{KEBAB, is_kebab};
use super::reading::Reading;
use super::trigger::check_http;
use super::{Parts, Published, Publishing};
use crate::locked::LockedTrigger;

/// What stands at the top level.
const KEYS: [&str; 9] = [
    "authors",
    "component",
    "description",
    "name",
    "spin_manifest_version",
    "spin_version",
    "trigger",
    "variables",
    "version",
];

/// What a component has in this version.
const FORM: Form = Form {
    keys: &[
        "ai_models",
        "allowed_http_hosts",
        "allowed_outbound_hosts",
        "build",
        "config",
        "description",
        "environment",
        "exclude_files",
        "files",
        "id",
        "key_value_stores",
        "source",
        "sqlite_databases",
        "trigger",
    ],
    variables: "config",
    databases_unless_hosts: true,
};

/// Reads a manifest whose version is 1.
pub(super) fn read(
    manifest: &Table<'_>,
    publishing: &Publishing,
    warnings: &mut Vec<String>,
) -> Result<Parts, Fault> {
    manifest.only(&KEYS)?;
    let kind = kind(manifest)?;
    let metadata = application::details(manifest, &[kind.name], kind.settings, warnings)?;
    let variables = application::variables(manifest, publishing)?;
    let reading = Reading::new(publishing, &variables);
    let mut components: Vec<Component> = Vec::new();
    let mut triggers = Vec::new();
    let list = manifest.need("component", "write `[[component]]`")?;
    for entry in list.list("a list of tables, `[[component]]`")? {
        let table = entry
            .table("a table, `[[component]]`")?
            .called("[[component]]");
        let id = id(&table)?;
        if components.iter().any(|known| known.locked.id == id) {
            return Err(table.fault(Problem::DuplicateComponent(clean(&id, 100))));
        }
        triggers.push(trigger(kind.name, &id, &table)?);
        components.push(component(&id, &table, &FORM, &reading, warnings)?);
    }
    reading.finish(manifest)?;
    Ok(Parts {
        published: Published {
            metadata,
            variables,
            triggers,
        },
        components,
    })
}

/// The one type of triggers, and its settings.
struct Kind<'a> {
    name: &'a str,
    settings: BTreeMap<String, BTreeMap<String, Value>>,
}

fn kind<'a>(manifest: &Table<'a>) -> Result<Kind<'a>, Fault> {
    const REMEDY: &str = "write `trigger = { type = \"http\" }`";
    let trigger = manifest
        .need("trigger", REMEDY)?
        .table("a table such as `{ type = \"http\" }`")?
        .called("[trigger]");
    let name = trigger.need("type", REMEDY)?.text()?;
    if name == "http" {
        application::check_base(&trigger)?;
    }
    let settings = trigger.json(&["type"])?;
    Ok(Kind {
        name,
        settings: BTreeMap::from([(name.to_owned(), settings)]),
    })
}

/// The id of a component, in the form that ids have today.
fn id(table: &Table<'_>) -> Result<String, Fault> {
    let item = table.need("id", "write `id = \"my-component\"`")?;
    let written = item.text()?;
    let id = if is_kebab(written) {
        written.to_owned()
    } else {
        written.replace('_', "-").to_ascii_lowercase()
    };
    if is_kebab(&id) {
        return Ok(id);
    }
    Err(item.fault(Problem::Name {
        id: clean(written, 100),
        what: "id of a component",
        expected: KEBAB,
    }))
}

/// The trigger of a component.
fn trigger(kind: &str, component: &str, table: &Table<'_>) -> Result<LockedTrigger, Fault> {
    let remedy = "write `[component.trigger]` with `route = \"/...\"`, for example";
    let own = table
        .need("trigger", remedy)?
        .table("a table")?
        .called("[component.trigger]");
    if kind == "http" {
        own.only(&["executor", "route"])?;
        check_http(&own)?;
    }
    let mut config = own.json(&[])?;
    config.insert("component".to_owned(), Value::from(component));
    Ok(LockedTrigger {
        id: format!("trigger-{component}"),
        trigger_type: kind.to_owned(),
        trigger_config: Value::Object(Map::from_iter(config)),
        trigger_dependencies: BTreeMap::new(),
    })
}
