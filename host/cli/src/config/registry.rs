//! `[registry."ghcr.io"]`: the settings of a registry, or of all of them.

use std::path::Path;

use toml::de::{DeInteger, DeTable, DeValue};

use super::key::{Form, Key, Value};
use super::layer::{Layer, Setting};
use super::table::{Fault, Reader, in_order, texts, unknown};

/// The key at the top.
pub(super) const REGISTRY: &str = "registry";

/// What the table for every registry is called.
pub(super) const ALL: &str = "*";

impl Reader<'_> {
    /// What a table says.
    pub(super) fn layer(&self, name: &str, table: &DeTable<'_>) -> Result<Layer, Fault> {
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
