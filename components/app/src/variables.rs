//! The values that an application's variables have when it runs.

use std::collections::BTreeMap;
use std::fmt;

use wharf_oci::problem::clean;

use crate::locked::{LockedApp, LockedComponent};
use crate::nearest::hint;
use crate::template::{self, Part};

/// The values of all variables of an application. They may be secrets.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Values(BTreeMap<String, String>);

/// Why variables have no values, or a text that refers to them has none.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum VariableError {
    /// Some have to be given.
    #[error("{}", required(.0))]
    Required(Vec<RequiredVariable>),
    /// A value is given for one that is not there.
    #[error("the application has no variable `{name}`{hint}")]
    NotThere {
        /// The name.
        name: String,
        /// What may be meant, to be read after the rest.
        hint: String,
    },
    /// A text refers to one that is not there.
    #[error("{place} refers to the variable `{name}`, which the application does not have")]
    Unknown {
        /// Where the text stands.
        place: String,
        /// The name.
        name: String,
    },
    /// A text can't be understood.
    #[error("{place} {problem}")]
    Template {
        /// Where the text stands.
        place: String,
        /// What is wrong with it.
        problem: template::Unfinished,
    },
}

/// A variable that has no value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequiredVariable {
    /// Its name.
    pub name: String,
    /// What its author says of it.
    pub description: Option<String>,
}

impl Values {
    /// The values for an application: the `given` one, else the one of `fallback`, else
    /// the default. What is given has to be there; what `fallback` has besides counts
    /// for nothing.
    pub fn new(
        app: &LockedApp,
        given: &BTreeMap<String, String>,
        fallback: &BTreeMap<String, String>,
    ) -> Result<Self, VariableError> {
        if let Some(name) = given.keys().find(|name| !app.variables.contains_key(*name)) {
            let known: Vec<_> = app.variables.keys().map(String::as_str).collect();
            return Err(VariableError::NotThere {
                hint: hint(name, &known),
                name: clean(name, 100),
            });
        }
        let mut values = BTreeMap::new();
        let mut missing = Vec::new();
        for (name, variable) in &app.variables {
            let value = given
                .get(name)
                .or_else(|| fallback.get(name))
                .or(variable.default.as_ref());
            match value {
                Some(value) => {
                    values.insert(name.clone(), value.clone());
                }
                None => missing.push(RequiredVariable {
                    name: clean(name, 100),
                    description: variable.description.as_ref().map(|it| clean(it, 200)),
                }),
            }
        }
        if missing.is_empty() {
            Ok(Self(values))
        } else {
            Err(VariableError::Required(missing))
        }
    }

    /// A text with the values in place of the names; `place` says where it stands.
    pub fn render(&self, text: &str, place: impl Fn() -> String) -> Result<String, VariableError> {
        let parts = template::parts(text).map_err(|problem| VariableError::Template {
            place: place(),
            problem,
        })?;
        let mut rendered = String::new();
        for part in parts {
            match part {
                Part::Text(text) => rendered.push_str(text),
                Part::Variable(name) => {
                    let value = self.0.get(name).ok_or_else(|| VariableError::Unknown {
                        place: place(),
                        name: clean(name, 100),
                    })?;
                    rendered.push_str(value);
                }
            }
        }
        Ok(rendered)
    }

    /// The variables of a component, by its own names for them.
    pub fn of_component(
        &self,
        component: &LockedComponent,
    ) -> Result<BTreeMap<String, String>, VariableError> {
        let rendered = component.config.iter().map(|(name, text)| {
            let place = || {
                format!(
                    "the variable `{}` of the component `{}`",
                    clean(name, 100),
                    clean(&component.id, 100)
                )
            };
            Ok((name.clone(), self.render(text, place)?))
        });
        rendered.collect()
    }
}

impl fmt::Debug for Values {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

fn required(missing: &[RequiredVariable]) -> String {
    let named: Vec<_> = missing
        .iter()
        .map(|variable| match &variable.description {
            Some(description) => format!("`{}` ({description})", variable.name),
            None => format!("`{}`", variable.name),
        })
        .collect();
    match named.as_slice() {
        [only] => format!("the application needs a value for the variable {only}"),
        several => format!(
            "the application needs values for the variables {}",
            several.join(", ")
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const APP: &str = r#"{"spin_lock_version":0,
        "variables":{"host":{"default":"x.example"},"token":{"secret":true,"description":"for the API"},"user":{}},
        "triggers":[],
        "components":[{"id":"a","source":{"content_type":"application/wasm"},
            "config":{"url":"https://{{ host }}/{{user}}","plain":"x"}}]}"#;

    fn app() -> LockedApp {
        LockedApp::from_json(APP.as_bytes()).unwrap()
    }

    fn map(entries: &[(&str, &str)]) -> BTreeMap<String, String> {
        let owned = |(key, value): &(&str, &str)| ((*key).to_owned(), (*value).to_owned());
        entries.iter().map(owned).collect()
    }

    #[test]
    fn given_comes_before_fallback_and_fallback_before_default() {
        let given = map(&[("token", "secret"), ("user", "ann")]);
        let fallback = map(&[("user", "bob"), ("host", "y.example"), ("other", "z")]);
        let values = Values::new(&app(), &given, &fallback).unwrap();
        assert_eq!(
            values.of_component(&app().components[0]).unwrap(),
            map(&[("plain", "x"), ("url", "https://y.example/ann")])
        );
        assert!(!format!("{values:?}").contains("secret"));
    }

    #[test]
    fn what_is_missing_or_too_much_is_named() {
        let none = BTreeMap::new();
        assert_eq!(
            Values::new(&app(), &none, &none).unwrap_err().to_string(),
            "the application needs values for the variables `token` (for the API), `user`"
        );
        assert_eq!(
            Values::new(&app(), &map(&[("user", "x")]), &none)
                .unwrap_err()
                .to_string(),
            "the application needs a value for the variable `token` (for the API)"
        );
        assert_eq!(
            Values::new(&app(), &map(&[("usr", "x")]), &none)
                .unwrap_err()
                .to_string(),
            "the application has no variable `usr`: did you mean `user`?"
        );
        let values = Values::default();
        let error = values.of_component(&app().components[0]).unwrap_err();
        assert_eq!(
            error.to_string(),
            "the variable `url` of the component `a` refers to the variable `host`, which the \
             application does not have"
        );
        let error = values.render("{{", || "it".into()).unwrap_err();
        assert_eq!(
            error.to_string(),
            "it has `{{` without the `}}` that ends it"
        );
    }
}
