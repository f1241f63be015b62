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
    /// What answers.
    pub target: HttpTarget,
    /// Which requests it answers.
    pub route: HttpRoute,
    /// How the component is called.
    pub executor: HttpExecutor,
}

/// What answers the requests of an HTTP trigger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HttpTarget {
    /// The component of this id, which is there.
    Component(String),
    /// Always the same, without a component.
    Static(StaticResponse),
}

/// An answer that is always the same.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StaticResponse {
    /// The status, from 100 to 599.
    #[serde(default = "ok")]
    pub status_code: u16,
    /// The headers by name.
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
    /// The body.
    #[serde(default)]
    pub body: Option<String>,
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

/// What the settings of an HTTP trigger may have.
const HTTP_KEYS: [&str; 4] = ["component", "executor", "route", "static_response"];

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
    if let Some(key) = config.keys().find(|key| !HTTP_KEYS.contains(&key.as_str())) {
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
    Ok(HttpTrigger {
        id: trigger.id.clone(),
        target: target(app, config).map_err(&wrong)?,
        route: route(config).map_err(&wrong)?,
        executor: executor(config).map_err(&wrong)?,
    })
}

fn target(app: &LockedApp, config: &Map<String, Value>) -> Result<HttpTarget, String> {
    let fixed = config.get("static_response").filter(|it| !it.is_null());
    match (config.get("component").and_then(Value::as_str), fixed) {
        (Some(_), Some(_)) => Err("has both a component and a static response".into()),
        (None, None) => Err("names no component".into()),
        (Some(id), None) if app.component(id).is_none() => Err(format!(
            "names the component `{}`, which is not there",
            clean(id, 100)
        )),
        (Some(id), None) => Ok(HttpTarget::Component(id.to_owned())),
        (None, Some(fixed)) => StaticResponse::from_json(fixed).map(HttpTarget::Static),
    }
}

impl StaticResponse {
    /// Reads it from a trigger's settings. An error is to be read after the trigger.
    pub fn from_json(value: &Value) -> Result<Self, String> {
        let read: Self = serde_json::from_value(value.clone()).map_err(|error| {
            let error = clean(&error.to_string(), 200);
            format!("has a static response that can't be read: {error}")
        })?;
        if !(100..=599).contains(&read.status_code) {
            return Err(format!(
                "has a static response with the status {}, which is none of HTTP",
                read.status_code
            ));
        }
        let is_token = |name: &str| {
            // RFC 9110, section 5.6.2.
            let is_token = |b: u8| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b);
            !name.is_empty() && name.bytes().all(is_token)
        };
        let is_value = |value: &str| !value.chars().any(|c| c.is_control() && c != '\t');
        let mut headers = read.headers.iter();
        match headers.find(|(name, value)| !is_token(name) || !is_value(value)) {
            None => Ok(read),
            Some((name, _)) => Err(format!(
                "has a static response whose header `{}` is none of HTTP",
                clean(name, 100)
            )),
        }
    }
}

fn ok() -> u16 {
    200
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
                    target: HttpTarget::Component("a".into()),
                    route,
                    executor,
                }]
            );
        }
    }

    #[test]
    fn a_static_response_needs_no_component() {
        let config = r#"{"route":"/x","static_response":{"status_code":404,"headers":{"A":"b"},"body":"no"}}"#;
        let HttpTarget::Static(response) = http(config).unwrap().remove(0).target else {
            panic!("it is static");
        };
        assert_eq!(response.status_code, 404);
        assert_eq!(response.headers["A"], "b");
        assert_eq!(response.body.as_deref(), Some("no"));
        let config = r#"{"route":"/x","static_response":{}}"#;
        assert!(
            matches!(&http(config).unwrap()[0].target, HttpTarget::Static(it) if it.status_code == 200)
        );
    }

    #[test]
    fn what_can_not_be_served_is_named() {
        for (config, message) in [
            (
                r#"{"static_response":{"body":"x"},"component":"a","route":"/"}"#,
                "the trigger `t` has both a component and a static response",
            ),
            (
                r#"{"static_response":{"status_code":600},"route":"/"}"#,
                "the trigger `t` has a static response with the status 600, which is none of HTTP",
            ),
            (
                r#"{"static_response":{"headers":{"a b":"x"}},"route":"/"}"#,
                "the trigger `t` has a static response whose header `a b` is none of HTTP",
            ),
            (
                r#"{"static_response":{"headers":{"a":"x\r\nb: y"}},"route":"/"}"#,
                "the trigger `t` has a static response whose header `a` is none of HTTP",
            ),
            (
                r#"{"timeout":1,"component":"a","route":"/"}"#,
                "the trigger `t` has the setting `timeout`, which is not supported",
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
