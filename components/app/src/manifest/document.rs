//! A TOML document as the manifest is read from it: every access says what it
//! expects, and what is not so becomes an error at its place.

use std::collections::BTreeMap;

use serde_json::{Map, Number, Value};
use toml::Spanned;
use toml::de::{DeInteger, DeTable, DeValue};
use wharf_oci::problem::clean;

use super::error::{Fault, Problem};
use crate::nearest::hint;

/// A table and where it stands.
#[derive(Clone)]
pub(super) struct Table<'a> {
    /// For example "in `[application]`".
    place: String,
    at: usize,
    entries: &'a DeTable<'a>,
}

/// A value and what it is called.
#[derive(Clone)]
pub(super) struct Item<'a> {
    /// For example "`source` in `[component.a]`".
    what: String,
    at: usize,
    value: &'a DeValue<'a>,
}

impl<'a> Table<'a> {
    /// The whole document.
    pub(super) fn document(entries: &'a DeTable<'a>) -> Self {
        Self {
            place: "at the top level".into(),
            at: 0,
            entries,
        }
    }

    /// The same table, called by the header that it has or could have.
    pub(super) fn called(mut self, header: &str) -> Self {
        self.place = format!("in `{}`", clean(header, 100));
        self
    }

    /// An error about the table as a whole.
    pub(super) fn fault(&self, problem: Problem) -> Fault {
        Fault::new(self.at, problem)
    }

    /// Refuses every key but these.
    pub(super) fn only(&self, known: &[&str]) -> Result<(), Fault> {
        let unknown = self
            .entries
            .keys()
            .filter(|key| !known.contains(&key.get_ref().as_ref()))
            .min_by_key(|key| key.span().start);
        let Some(key) = unknown else {
            return Ok(());
        };
        let problem = Problem::UnknownKey {
            key: clean(key.get_ref(), 100),
            place: self.place.clone(),
            hint: hint(key.get_ref(), known),
        };
        Err(Fault::new(key.span().start, problem))
    }

    /// Refuses keys that say something else than `key`, which only these go with.
    pub(super) fn nothing_beside(&self, key: &str, with: &[&str]) -> Result<(), Fault> {
        let mut others = self.items().into_iter();
        match others.find(|(other, _)| *other != key && !with.contains(other)) {
            None => Ok(()),
            Some((_, item)) => Err(item.wrong(format!(
                "stands beside `{key}`, which it does not go with: leave one of them out"
            ))),
        }
    }

    /// The value of a key, where there is one.
    pub(super) fn find(&self, key: &str) -> Option<Item<'a>> {
        let (key, value) = self.entries.get_key_value(key)?;
        Some(self.item(key, value))
    }

    /// The value of a key that has to be there; `remedy` says what to write.
    pub(super) fn need(&self, key: &str, remedy: &str) -> Result<Item<'a>, Fault> {
        self.find(key).ok_or_else(|| {
            self.fault(Problem::Missing {
                what: format!("`{key}` {}", self.place),
                remedy: remedy.to_owned(),
            })
        })
    }

    /// All entries in the order of the text.
    pub(super) fn items(&self) -> Vec<(&'a str, Item<'a>)> {
        let mut entries: Vec<_> = self.entries.iter().collect();
        entries.sort_by_key(|(key, _)| key.span().start);
        entries
            .into_iter()
            .map(|(key, value)| (key.get_ref().as_ref(), self.item(key, value)))
            .collect()
    }

    /// A text, empty where there is none.
    pub(super) fn text_or_empty(&self, key: &str) -> Result<&'a str, Fault> {
        self.find(key).map_or(Ok(""), |item| item.text())
    }

    /// A list of texts, empty where there is none.
    pub(super) fn texts(&self, key: &str) -> Result<Vec<(&'a str, Item<'a>)>, Fault> {
        let Some(item) = self.find(key) else {
            return Ok(Vec::new());
        };
        let entries = item.list("a list of texts")?;
        entries
            .into_iter()
            .map(|entry| Ok((entry.text()?, entry)))
            .collect()
    }

    /// A table of texts, empty where there is none.
    pub(super) fn text_table(&self, key: &str) -> Result<Vec<(&'a str, Item<'a>)>, Fault> {
        let Some(item) = self.find(key) else {
            return Ok(Vec::new());
        };
        let table = item.table("a table of texts")?;
        for (_, value) in table.items() {
            value.text()?;
        }
        Ok(table.items())
    }

    /// The members as JSON, without those that `skip` names.
    pub(super) fn json(&self, skip: &[&str]) -> Result<BTreeMap<String, Value>, Fault> {
        self.items()
            .into_iter()
            .filter(|(key, _)| !skip.contains(key))
            .map(|(key, item)| Ok((key.to_owned(), item.json()?)))
            .collect()
    }

    fn item(&self, key: &Spanned<impl AsRef<str>>, value: &'a Spanned<DeValue<'a>>) -> Item<'a> {
        // Tables that were never written out have no place of their own.
        let at = match value.span().start {
            0 => key.span().start,
            start => start,
        };
        Item {
            what: format!("`{}` {}", clean(key.get_ref().as_ref(), 100), self.place),
            at,
            value: value.get_ref(),
        }
    }
}

impl<'a> Item<'a> {
    /// What the value is called.
    pub(super) fn what(&self) -> String {
        self.what.clone()
    }

    /// Where the value begins, as a byte of the text.
    pub(super) fn at(&self) -> usize {
        self.at
    }

    /// An error about the value.
    pub(super) fn fault(&self, problem: Problem) -> Fault {
        Fault::new(self.at, problem)
    }

    /// An error about the value, in words that are read after its name.
    pub(super) fn wrong(&self, problem: impl Into<String>) -> Fault {
        self.fault(Problem::Value {
            what: self.what(),
            problem: problem.into(),
        })
    }

    /// An error about the value's type.
    pub(super) fn mistyped(&self, expected: &str) -> Fault {
        self.fault(Problem::Type {
            what: self.what(),
            found: type_of(self.value),
            expected: expected.to_owned(),
        })
    }

    /// Whether the value is a text.
    pub(super) fn is_text(&self) -> bool {
        self.value.is_str()
    }

    /// Whether the value is a list.
    pub(super) fn is_list(&self) -> bool {
        self.value.is_array()
    }

    /// The value as a text.
    pub(super) fn text(&self) -> Result<&'a str, Fault> {
        self.value.as_str().ok_or_else(|| self.mistyped("a text"))
    }

    /// The value as `true` or `false`.
    pub(super) fn boolean(&self) -> Result<bool, Fault> {
        self.value
            .as_bool()
            .ok_or_else(|| self.mistyped("`true` or `false`"))
    }

    /// The value as a whole number, where it is one.
    pub(super) fn integer(&self) -> Option<i64> {
        self.value.as_integer().and_then(integer)
    }

    /// The value as a table.
    pub(super) fn table(&self, expected: &str) -> Result<Table<'a>, Fault> {
        match self.value.as_table() {
            None => Err(self.mistyped(expected)),
            Some(entries) => Ok(Table {
                place: format!("in {}", self.what),
                at: self.at,
                entries,
            }),
        }
    }

    /// The entries of a list.
    pub(super) fn list(&self, expected: &str) -> Result<Vec<Item<'a>>, Fault> {
        let Some(entries) = self.value.as_array() else {
            return Err(self.mistyped(expected));
        };
        let entries = entries.iter().map(|entry| Item {
            what: format!("an entry of {}", self.what),
            at: entry.span().start,
            value: entry.get_ref(),
        });
        Ok(entries.collect())
    }

    /// The value as JSON. A point in time becomes a text.
    pub(super) fn json(&self) -> Result<Value, Fault> {
        let no_number = || self.wrong("is a number that JSON can't express");
        Ok(match self.value {
            DeValue::String(text) => Value::from(text.as_ref()),
            DeValue::Boolean(value) => Value::from(*value),
            DeValue::Datetime(moment) => Value::from(moment.to_string()),
            DeValue::Integer(number) => integer(number).ok_or_else(no_number)?.into(),
            DeValue::Float(number) => {
                let number = number.as_str().parse().ok().and_then(Number::from_f64);
                Value::Number(number.ok_or_else(no_number)?)
            }
            DeValue::Array(_) => {
                let entries = self.list("a list")?;
                Value::Array(entries.iter().map(Item::json).collect::<Result<_, _>>()?)
            }
            DeValue::Table(_) => {
                let members = self.table("a table")?.json(&[])?;
                Value::Object(Map::from_iter(members))
            }
        })
    }
}

fn integer(number: &DeInteger<'_>) -> Option<i64> {
    i64::from_str_radix(number.as_str(), number.radix()).ok()
}

fn type_of(value: &DeValue<'_>) -> &'static str {
    match value {
        DeValue::String(_) => "a text",
        DeValue::Integer(_) => "a whole number",
        DeValue::Float(_) => "a number",
        DeValue::Boolean(_) => "`true` or `false`",
        DeValue::Datetime(_) => "a point in time",
        DeValue::Array(_) => "a list",
        DeValue::Table(_) => "a table",
    }
}
