//! The triggers of a manifest.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};
use wharf_oci::problem::clean;

use super::component::{Component, inline};
use super::document::{Item, Table};
use super::error::{Fault, Problem};
use super::name::is_kebab;
use super::reading::Reading;
use super::trigger_dependency::Roles;
use crate::locked::{LockedTrigger, StaticResponse};
use crate::nearest::hint;

/// A trigger as it is written, and the id that it has or gets.
pub(super) struct Trigger<'a> {
    kind: &'a str,
    id: String,
    table: Table<'a>,
}

/// All triggers with their ids: type by type in the order of the text.
pub(super) fn triggers<'a>(manifest: &Table<'a>) -> Result<Vec<Trigger<'a>>, Fault> {
    let all = manifest.need(
        "trigger",
        "without a `[[trigger.http]]` or another one nothing would run",
    )?;
    let mut triggers = Vec::new();
    for (trigger_type, item) in all.table("a table")?.called("[trigger]").items() {
        let expected = format!("a list of tables, `[[trigger.{trigger_type}]]`");
        for entry in item.list(&expected)? {
            triggers.push(Trigger {
                kind: trigger_type,
                id: String::new(),
                table: entry
                    .table(&expected)?
                    .called(&format!("[[trigger.{trigger_type}]]")),
            });
        }
    }
    name_all(&mut triggers)?;
    Ok(triggers)
}

/// The types of the triggers, each once, in the order of the text.
pub(super) fn types<'a>(triggers: &[Trigger<'a>]) -> Vec<&'a str> {
    let mut types: Vec<_> = triggers.iter().map(|t| t.kind).collect();
    types.dedup();
    types
}

/// The triggers as they are published, with what each puts in front of its component.
/// The components that stand within them join the others.
pub(super) fn locked<'a>(
    triggers: &[Trigger<'a>],
    components: &mut Vec<Component>,
    reading: &Reading<'_>,
    warnings: &mut Vec<String>,
) -> Result<Vec<(LockedTrigger, Roles<'a>)>, Fault> {
    let mut locked = Vec::new();
    for trigger in triggers {
        if trigger.kind == "http" {
            let keys = [
                "component",
                "dependencies",
                "executor",
                "id",
                "route",
                "static_response",
            ];
            trigger.table.only(&keys)?;
            match trigger.table.find("static_response") {
                None => {
                    let remedy = "write `component = \"…\"` with its id";
                    trigger.table.need("component", remedy)?;
                }
                Some(fixed) => check_static(&trigger.table, &fixed)?,
            }
            check_http(&trigger.table)?;
        }
        let mut naming = Naming::of(trigger, components)?;
        let mut config = trigger
            .table
            .json(&["id", "component", "components", "dependencies"])?;
        let mut reference = |item: &Item<'_>| -> Result<Value, Fault> {
            let id = if item.is_text() {
                referred(item, components)?
            } else {
                let table = item.table("the id of a component or a component")?;
                let id = naming.next(components);
                components.push(inline(&id, &table, reading, warnings)?);
                id
            };
            Ok(Value::from(id))
        };
        if let Some(item) = trigger.table.find("component") {
            config.insert("component".to_owned(), reference(&item)?);
        }
        let mut roles = BTreeMap::new();
        for (role, specs) in trigger.roles()? {
            let ids = specs.iter().map(&mut reference).collect::<Result<_, _>>()?;
            roles.insert(role.to_owned(), Value::Array(ids));
        }
        if !roles.is_empty() {
            config.insert("components".to_owned(), Value::from_iter(roles));
        }
        let published = LockedTrigger {
            id: trigger.id.clone(),
            trigger_type: trigger.kind.to_owned(),
            trigger_config: Value::Object(Map::from_iter(config)),
            trigger_dependencies: BTreeMap::new(),
        };
        locked.push((published, Roles::of(trigger.kind, &trigger.table)?));
    }
    Ok(locked)
}

impl<'a> Trigger<'a> {
    /// `components`: further ones by role, where one may stand without a list.
    fn roles(&self) -> Result<Vec<(&'a str, Vec<Item<'a>>)>, Fault> {
        let Some(item) = self.table.find("components") else {
            return Ok(Vec::new());
        };
        let roles = item.table("a table of components")?.items().into_iter();
        roles
            .map(|(role, item)| {
                let specs = if item.is_list() {
                    item.list("a list")?
                } else {
                    vec![item]
                };
                Ok((role, specs))
            })
            .collect()
    }
}

/// Gives an id to every trigger that has none, the natural one where it is free:
/// as Spin does, so that the same manifest gives the same application.
fn name_all(triggers: &mut [Trigger<'_>]) -> Result<(), Fault> {
    let mut taken = BTreeSet::new();
    for trigger in &mut *triggers {
        let Some(item) = trigger.table.find("id") else {
            continue;
        };
        trigger.id = item.text()?.to_owned();
        if !trigger.id.is_empty() && !taken.insert(trigger.id.clone()) {
            let id = clean(&trigger.id, 100);
            return Err(item.fault(Problem::DuplicateTrigger(id)));
        }
    }
    for trigger in triggers.iter_mut().filter(|t| t.id.is_empty()) {
        let trigger_type = trigger.kind;
        let component = trigger.table.find("component").filter(Item::is_text);
        let natural = match component {
            Some(item) => Some(format!("{}-{trigger_type}-trigger", item.text()?)),
            None => None,
        };
        let counted = (1..).map(|count| format!("{trigger_type}-trigger{count}"));
        let mut candidates = natural.into_iter().chain(counted);
        if let Some(free) = candidates.find(|id| !taken.contains(id)) {
            taken.insert(free.clone());
            trigger.id = free;
        }
    }
    Ok(())
}

/// The ids of the components that stand within a trigger.
struct Naming {
    natural: Option<String>,
}

impl Naming {
    fn of(trigger: &Trigger<'_>, components: &[Component]) -> Result<Self, Fault> {
        let own = usize::from(trigger.table.find("component").is_some());
        let others: usize = trigger.roles()?.iter().map(|(_, specs)| specs.len()).sum();
        let natural = format!("{}-component", trigger.id);
        let usable = own + others == 1 && is_kebab(&natural) && !is_there(&natural, components);
        Ok(Self {
            natural: usable.then_some(natural),
        })
    }

    fn next(&mut self, components: &[Component]) -> String {
        let counted = (1..).map(|count| format!("inline-component{count}"));
        let mut candidates = self.natural.take().into_iter().chain(counted);
        // There is always a free one among so many.
        candidates
            .find(|id| !is_there(id, components))
            .unwrap_or_default()
    }
}

fn is_there(id: &str, components: &[Component]) -> bool {
    components.iter().any(|component| component.locked.id == id)
}

/// The component that is named, which has to be there.
fn referred(item: &Item<'_>, components: &[Component]) -> Result<String, Fault> {
    let id = item.text()?;
    if is_there(id, components) {
        return Ok(id.to_owned());
    }
    let known: Vec<_> = components.iter().map(|c| c.locked.id.as_str()).collect();
    Err(item.fault(Problem::NotThere {
        what: item.what(),
        kind: "component",
        id: clean(id, 100),
        hint: match known.as_slice() {
            [] => format!(": add `[component.{}]`", clean(id, 100)),
            known => hint(id, known),
        },
    }))
}

/// A response without a component.
fn check_static(trigger: &Table<'_>, fixed: &Item<'_>) -> Result<(), Fault> {
    for key in ["component", "dependencies", "executor"] {
        if let Some(other) = trigger.find(key) {
            return Err(other.wrong("stands beside `static_response`: leave one of them out"));
        }
    }
    let table = fixed.table("a table such as `{ status_code = 404, body = \"…\" }`")?;
    table.only(&["body", "headers", "status_code"])?;
    if let Some(status) = table.find("status_code")
        && !status
            .integer()
            .is_some_and(|code| (100..=599).contains(&code))
    {
        return Err(status.wrong("is no status of HTTP: write a number from 100 to 599"));
    }
    table.text_table("headers")?;
    table.text_or_empty("body")?;
    StaticResponse::from_json(&fixed.json()?)
        .map(drop)
        .map_err(|why| fixed.wrong(why))
}

/// What Spin checks of route and executor when it starts an HTTP trigger, so that it is
/// found out before.
pub(super) fn check_http(trigger: &Table<'_>) -> Result<(), Fault> {
    let route = trigger.need("route", "write `route = \"/...\"` for all requests")?;
    if !route.is_text() {
        const EXPECTED: &str = "a text such as `\"/shop/...\"`, or `{ private = true }`";
        let table = route.table(EXPECTED)?;
        table.only(&["private"])?;
        if !table
            .need("private", "write `{ private = true }`")?
            .boolean()?
        {
            return Err(route.wrong("is not private and has no path either: write `\"/...\"`"));
        }
    }
    let Some(executor) = trigger.find("executor") else {
        return Ok(());
    };
    let table = executor.table("a table such as `{ type = \"http\" }`")?;
    let kind = table.need("type", "write `type = \"http\"` or `type = \"wagi\"`")?;
    match kind.text()? {
        "http" | "spin" => table.only(&["type"]),
        "wagi" => table.only(&["argv", "entrypoint", "type"]),
        other => Err(kind.wrong(format!(
            "is `{}`, and has to be `http` or `wagi`",
            clean(other, 100)
        ))),
    }
}
