//! What a trigger puts in front of its component, for example the middleware of an HTTP
//! trigger: dependencies by role. Published, they are the component's, which is another
//! one for each of several triggers that have some, as Spin does it: what a component is
//! made of is told by its id.

use std::collections::BTreeMap;

use serde_json::Value;

use super::component::Component;
use super::dependency::{self, Origin};
use super::document::{Item, Table};
use super::error::Fault;
use super::source::Source;
use crate::locked::{Dependency, LockedTrigger, MIDDLEWARE, REQUIRED, RESOLVED_BY_TRIGGER};

/// The dependencies of a trigger by role, each in the order of the text.
#[derive(Default)]
pub(super) struct Roles<'a> {
    by_role: BTreeMap<&'a str, Vec<(Dependency, Origin)>>,
    item: Option<Item<'a>>,
}

impl<'a> Roles<'a> {
    /// Those of a trigger of this type.
    pub(super) fn of(kind: &str, trigger: &Table<'a>) -> Result<Self, Fault> {
        let Some(item) = trigger.find("dependencies") else {
            return Ok(Self::default());
        };
        let table = item.table("a table of lists by role, such as `{ middleware = [ … ] }`")?;
        if kind == "http" {
            // Spin refuses others when it runs the application.
            table.only(&[MIDDLEWARE])?;
        }
        let mut by_role = BTreeMap::new();
        for (role, entries) in table.items() {
            let entries = entries.list("a list of tables such as `{ path = \"…\" }`")?;
            let read = entries.iter().map(dependency::unnamed);
            let read: Vec<_> = read.collect::<Result<_, _>>()?;
            if !read.is_empty() {
                by_role.insert(role, read);
            }
        }
        let item = (!by_role.is_empty()).then_some(item);
        Ok(Self { by_role, item })
    }
}

/// Makes the dependencies of triggers those of their components. What the components
/// themselves depend on is resolved by then.
pub(super) fn assign(
    triggers: Vec<(LockedTrigger, Roles<'_>)>,
    components: &mut Vec<Component>,
) -> Result<Vec<LockedTrigger>, Fault> {
    let mut users: BTreeMap<String, usize> = BTreeMap::new();
    for (trigger, _) in &triggers {
        if let Some(id) = component_of(trigger) {
            *users.entry(id.to_owned()).or_default() += 1;
        }
    }
    let mut assigned = Vec::new();
    for (mut trigger, roles) in triggers {
        if let Some(item) = &roles.item {
            let mut id = component_of(&trigger).map(str::to_owned).ok_or_else(|| {
                item.wrong("has no component to stand in front of: write `component = \"…\"`")
            })?;
            let (locked, sources) = resolve(&roles, components)?;
            if users.get(&id).is_some_and(|users| *users > 1)
                && let Some(copy) = copy(&id, &trigger.id, components)
                && let Value::Object(config) = &mut trigger.trigger_config
            {
                id.clone_from(&copy.locked.id);
                config.insert("component".to_owned(), Value::from(id.as_str()));
                components.push(copy);
            }
            if let Some(component) = components.iter_mut().find(|it| it.locked.id == id) {
                component.depend(&trigger.trigger_type, locked, sources);
            }
        }
        assigned.push(trigger);
    }
    Ok(assigned)
}

type Locked = BTreeMap<String, Vec<Dependency>>;
type Sources = BTreeMap<String, Vec<Source>>;

/// What is published of them, and where they come from.
fn resolve(roles: &Roles<'_>, components: &[Component]) -> Result<(Locked, Sources), Fault> {
    let (mut locked, mut sources) = (Locked::new(), Sources::new());
    for (role, dependencies) in &roles.by_role {
        let (mut of_role, mut from) = (Vec::new(), Vec::new());
        for (dependency, origin) in dependencies {
            of_role.push(dependency.clone());
            from.push(match origin {
                Origin::Source(source) => source.clone(),
                Origin::Component(reference) => reference.source(components)?,
            });
        }
        locked.insert((*role).to_owned(), of_role);
        sources.insert((*role).to_owned(), from);
    }
    Ok((locked, sources))
}

/// The same component for one trigger alone.
fn copy(id: &str, trigger: &str, components: &[Component]) -> Option<Component> {
    let mut copy = components.iter().find(|it| it.locked.id == id)?.clone();
    let natural = format!("{id}-for-{trigger}");
    let counted = (1..).map(|count| format!("{natural}-d{count}"));
    let free = |id: &String| !components.iter().any(|it| it.locked.id == *id);
    let own = [natural.clone()].into_iter().chain(counted).find(free)?;
    copy.content.id.clone_from(&own);
    copy.locked.id = own;
    Some(copy)
}

/// The id of the component that a trigger runs.
fn component_of(trigger: &LockedTrigger) -> Option<&str> {
    trigger.trigger_config.get("component")?.as_str()
}

impl Component {
    /// Has what a trigger of this type puts in front of it.
    fn depend(&mut self, kind: &str, dependencies: Locked, sources: Sources) {
        let Self {
            locked, content, ..
        } = self;
        locked.trigger_dependencies = dependencies;
        locked
            .metadata
            .insert(RESOLVED_BY_TRIGGER.to_owned(), Value::from(kind));
        locked
            .host_requirements
            .insert(MIDDLEWARE.to_owned(), Value::from(REQUIRED));
        content.trigger_dependencies = sources;
    }
}
