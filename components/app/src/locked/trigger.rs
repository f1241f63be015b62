//! The triggers of a locked application, and what HTTP triggers mean.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use wharf_oci::problem::clean;

use super::{Dependency, LockedApp, LockedError};

/// What makes a component run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LockedTrigger {
    /// Its name, unique in the application.
    pub id: String,
    /// What kind of trigger it is, for example `http`.
    pub trigger_type: String,
    /// The settings, whose meaning is the type's.
    pub trigger_config: Value,
    /// What the trigger composes with the component, by role.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub trigger_dependencies: BTreeMap<String, Vec<Dependency>>,
}

/// An HTTP trigger: requests on a route run a component.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct HttpTrigger {
    /// Its name.
    pub id: String,
    /// The component that answers; it is there.
    pub component: String,
    /// Which requests it answers.
    pub route: HttpRoute,
    /// How the component is called.
    pub executor: HttpExecutor,
}

/// Which requests an HTTP trigger answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HttpRoute {
    /// Those on this route, as the author wrote it: segments, `:name` for any one
    /// segment, `/...` at the end for any remainder.
    Path(String),
    /// None from outside: only other components reach it.
    Private,
}

/// How the component of an HTTP trigger is called.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum HttpExecutor {
    /// By the HTTP interface that it exports.
    #[default]
    Http,
    /// As a command, CGI-like, one run a request.
    Wagi,
}

pub(super) fn http_triggers(app: &LockedApp) -> Result<Vec<HttpTrigger>, LockedError> {
    let base = app
        .metadata
        .get("trigger")
        .and_then(|global| global.get("base"));
    if let Some(base) = base.filter(|base| base.as_str() != Some("/")) {
        return Err(LockedError::Trigger {
            id: "http".into(),
            problem: format!(
                "has the base path {}, and only `/` is supported: put it into the routes",
                clean(&base.to_string(), 100)
            ),
        });
    }
    app.triggers
        .iter()
        .map(|trigger| http_trigger(app, trigger))
        .collect()
}

fn http_trigger(app: &LockedApp, trigger: &LockedTrigger) -> Result<HttpTrigger, LockedError> {
    let id = clean(&trigger.id, 100);
    if trigger.trigger_type != "http" {
        return Err(LockedError::TriggerType {
            id,
            trigger_type: clean(&trigger.trigger_type, 50),
        });
    }
    let wrong = |problem: String| LockedError::Trigger {
        id: id.clone(),
        problem,
    };
    let Value::Object(config) = &trigger.trigger_config else {
        return Err(wrong("has settings that are not a JSON object".into()));
    };
    if let Some(key) = config
        .keys()
        .find(|key| !["component", "route", "executor"].contains(&key.as_str()))
    {
        let key = clean(key, 100);
        return Err(wrong(format!(
            "has the setting `{key}`, which is not supported"
        )));
    }
    if let Some(role) = trigger.trigger_dependencies.keys().next() {
        let role = clean(role, 100);
        return Err(wrong(format!(
            "has dependencies in the role `{role}`, which are not supported"
        )));
    }
    let Some(component) = config.get("component").and_then(Value::as_str) else {
        return Err(wrong("names no component".into()));
    };
    if app.component(component).is_none() {
        let component = clean(component, 100);
        return Err(wrong(format!(
            "names the component `{component}`, which is not there"
        )));
    }
    Ok(HttpTrigger {
        id: trigger.id.clone(),
        component: component.to_owned(),
        route: route(config).map_err(&wrong)?,
        executor: executor(config).map_err(&wrong)?,
    })
}

fn route(config: &Map<String, Value>) -> Result<HttpRoute, String> {
    match config.get("route") {
        Some(Value::String(route)) => Ok(HttpRoute::Path(route.clone())),
        Some(Value::Object(table)) if table.len() == 1 => match table.get("private") {
            Some(Value::Bool(true)) => Ok(HttpRoute::Private),
            _ => Err("has a route that is neither a text nor private".into()),
        },
        Some(_) => Err("has a route that is neither a text nor private".into()),
        None => Err("has no route".into()),
    }
}

fn executor(config: &Map<String, Value>) -> Result<HttpExecutor, String> {
    match config.get("executor") {
        None | Some(Value::Null) => Ok(HttpExecutor::Http),
        Some(executor) => match executor.get("type").and_then(Value::as_str) {
            Some("http" | "spin") => Ok(HttpExecutor::Http),
            Some("wagi") => Ok(HttpExecutor::Wagi),
            Some(other) => Err(format!(
                "has the executor `{}`, which is not known",
                clean(other, 50)
            )),
            None => Err("has an executor without a type".into()),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn app(trigger: &str) -> LockedApp {
        let text = format!(
            r#"{{"spin_lock_version":0,"triggers":[{trigger}],"components":[{{"id":"a","source":{{"content_type":"application/wasm"}}}}]}}"#
        );
        LockedApp::from_json(text.as_bytes()).unwrap()
    }

    fn http(config: &str) -> Result<Vec<HttpTrigger>, LockedError> {
        app(&format!(
            r#"{{"id":"t","trigger_type":"http","trigger_config":{config}}}"#
        ))
        .http_triggers()
    }

    #[test]
    fn routes_and_executors() {
        for (config, route, executor) in [
            (
                r#"{"component":"a","route":"/hi/:x/..."}"#,
                HttpRoute::Path("/hi/:x/...".into()),
                HttpExecutor::Http,
            ),
            (
                r#"{"component":"a","executor":null,"route":{"private":true}}"#,
                HttpRoute::Private,
                HttpExecutor::Http,
            ),
            (
                r#"{"component":"a","executor":{"type":"spin"},"route":""}"#,
                HttpRoute::Path(String::new()),
                HttpExecutor::Http,
            ),
            (
                r#"{"component":"a","executor":{"type":"wagi","argv":"x"},"route":"/"}"#,
                HttpRoute::Path("/".into()),
                HttpExecutor::Wagi,
            ),
        ] {
            assert_eq!(
                http(config).unwrap(),
                [HttpTrigger {
                    id: "t".into(),
                    component: "a".into(),
                    route,
                    executor,
                }]
            );
        }
    }

    #[test]
    fn what_can_not_be_served_is_named() {
        for (config, message) in [
            (
                r#"{"static_response":{"body":"x"},"route":"/"}"#,
                "the trigger `t` has the setting `static_response`, which is not supported",
            ),
            (r#"{"route":"/"}"#, "the trigger `t` names no component"),
            (
                r#"{"component":"b","route":"/"}"#,
                "the trigger `t` names the component `b`, which is not there",
            ),
            (r#"{"component":"a"}"#, "the trigger `t` has no route"),
            (
                r#"{"component":"a","route":{"private":false}}"#,
                "the trigger `t` has a route that is neither a text nor private",
            ),
            (
                r#"{"component":"a","route":"/","executor":{"type":"x"}}"#,
                "the trigger `t` has the executor `x`, which is not known",
            ),
            (
                "[]",
                "the trigger `t` has settings that are not a JSON object",
            ),
        ] {
            assert_eq!(http(config).unwrap_err().to_string(), message, "{config}");
        }
        let redis = app(r#"{"id":"t","trigger_type":"redis","trigger_config":{"component":"a"}}"#);
        assert_eq!(
            redis.http_triggers().unwrap_err().to_string(),
            "the trigger `t` has the type `redis`, and only `http` triggers can be served"
        );
    }
}
