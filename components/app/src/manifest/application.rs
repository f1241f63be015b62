//! What the manifest says of the application as a whole.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::Publishing;
use super::document::Table;
use super::error::{Fault, Problem};
use super::name::{SNAKE, is_snake};
use crate::locked::Variable;

/// `[application]` as the locked app's metadata; `trigger_types` are the types of
/// the triggers that there are.
pub(super) fn metadata(
    manifest: &Table<'_>,
    trigger_types: &[&str],
    warnings: &mut Vec<String>,
) -> Result<BTreeMap<String, Value>, Fault> {
    let application = manifest
        .need("application", "begin with `[application]` and a `name`")?
        .table("a table")?
        .called("[application]");
    application.only(&[
        "authors",
        "description",
        "name",
        "targets",
        "tool",
        "trigger",
        "version",
    ])?;
    let settings = trigger_settings(&application)?;
    details(&application, trigger_types, settings, warnings)
}

/// What a table says of the application; `settings` are those of the types of triggers.
pub(super) fn details(
    application: &Table<'_>,
    trigger_types: &[&str],
    settings: BTreeMap<String, BTreeMap<String, Value>>,
    warnings: &mut Vec<String>,
) -> Result<BTreeMap<String, Value>, Fault> {
    let name = application.need("name", "write `name = \"my-app\"`")?;
    if name.text()?.is_empty() {
        return Err(name.wrong("is empty: write `name = \"my-app\"`"));
    }
    let mut metadata = BTreeMap::from([("name".to_owned(), Value::from(name.text()?))]);
    for key in ["version", "description"] {
        let text = application.text_or_empty(key)?;
        if !text.is_empty() {
            metadata.insert(key.to_owned(), Value::from(text));
        }
    }
    let authors = application.texts("authors")?;
    if !authors.is_empty() {
        let authors: Vec<_> = authors.into_iter().map(|(author, _)| author).collect();
        metadata.insert("authors".to_owned(), Value::from(authors));
    }
    if settings
        .get("http")
        .is_some_and(|http| http.contains_key("base"))
    {
        warnings.push("`base` of the HTTP triggers means nothing: leave it out".to_owned());
    }
    // Older hosts know of one type of triggers alone.
    if let [only] = trigger_types {
        let mut single = settings.get(*only).cloned().unwrap_or_default();
        single.insert("type".to_owned(), Value::from(*only));
        metadata.insert("trigger".to_owned(), object(single));
    }
    let settings = settings
        .into_iter()
        .map(|(trigger_type, settings)| (trigger_type, object(settings)));
    metadata.insert("triggers".to_owned(), settings.collect());
    Ok(metadata)
}

/// `[variables]`.
pub(super) fn variables(
    manifest: &Table<'_>,
    publishing: &Publishing,
) -> Result<BTreeMap<String, Variable>, Fault> {
    let mut variables = BTreeMap::new();
    let Some(table) = manifest.find("variables") else {
        return Ok(variables);
    };
    for (name, item) in table.table("a table")?.called("[variables]").items() {
        if !is_snake(name) {
            return Err(item.fault(Problem::Name {
                id: name.to_owned(),
                what: "name of a variable",
                expected: SNAKE,
            }));
        }
        let table = item
            .table("a table such as `{ default = \"…\" }` or `{ required = true }`")?
            .called(&format!("[variables.{name}]"));
        table.only(&["default", "description", "required", "secret"])?;
        let text = |key| table.find(key).map(|item| item.text()).transpose();
        let flag = |key| table.find(key).map_or(Ok(false), |item| item.boolean());
        let default = text("default")?;
        if flag("required")? == default.is_some() {
            return Err(item.fault(Problem::RequiredOrDefault(name.to_owned())));
        }
        let variable = Variable {
            description: text("description")?.map(str::to_owned),
            default: default.map(str::to_owned),
            secret: flag("secret")?,
        };
        let is_told = variable.secret && default.is_some_and(|default| !default.is_empty());
        if is_told && !publishing.secret_defaults {
            return Err(item.fault(Problem::SecretDefault(name.to_owned())));
        }
        variables.insert(name.to_owned(), variable);
    }
    Ok(variables)
}

/// `[application.trigger.<type>]`, by type.
fn trigger_settings(
    application: &Table<'_>,
) -> Result<BTreeMap<String, BTreeMap<String, Value>>, Fault> {
    let mut settings = BTreeMap::new();
    let Some(table) = application.find("trigger") else {
        return Ok(settings);
    };
    let table = table.table("a table")?.called("[application.trigger]");
    for (trigger_type, item) in table.items() {
        let header = format!("[application.trigger.{trigger_type}]");
        let own = item.table("a table")?.called(&header);
        if trigger_type == "http" {
            check_base(&own)?;
        }
        settings.insert(trigger_type.to_owned(), own.json(&[])?);
    }
    Ok(settings)
}

/// Of the base path of HTTP triggers, only the root is left.
pub(super) fn check_base(settings: &Table<'_>) -> Result<(), Fault> {
    match settings.find("base") {
        Some(base) if base.text()? != "/" => {
            Err(base.wrong("is no longer supported: put it into the routes"))
        }
        _ => Ok(()),
    }
}

fn object(members: BTreeMap<String, Value>) -> Value {
    Value::Object(Map::from_iter(members))
}
