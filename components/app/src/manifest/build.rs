//! How a component is built.

use std::fmt;

use serde_json::{Map, Value};

/// How a component is built.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Build {
    /// The commands, for the user's shell, in order.
    pub commands: Vec<String>,
    /// Whether they are written as a list.
    pub(super) is_list: bool,
    /// Where they run, as written; none for the application's directory.
    pub workdir: Option<String>,
    /// The files whose change asks for another build, as written.
    pub watch: Vec<String>,
}

impl Build {
    /// As the locked application has it.
    pub(super) fn to_json(&self) -> Value {
        let command = match self.commands.as_slice() {
            [only] if !self.is_list => Value::from(only.as_str()),
            commands => Value::from(commands),
        };
        let mut members = Map::from_iter([("command".to_owned(), command)]);
        if let Some(workdir) = &self.workdir {
            members.insert("workdir".to_owned(), Value::from(workdir.as_str()));
        }
        if !self.watch.is_empty() {
            members.insert("watch".to_owned(), Value::from(self.watch.as_slice()));
        }
        Value::Object(members)
    }
}

impl fmt::Display for Build {
    /// In one line, for people.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.commands.join(" && "))
    }
}
