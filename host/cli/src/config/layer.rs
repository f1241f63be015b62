//! Settings from one place, and how they cover those from others.

use std::collections::BTreeMap;

use super::key::{Key, Value};
use crate::env;
use crate::error::CommandError;

/// Settings from one place.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Layer(BTreeMap<Key, Setting>);

/// What is set, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Setting {
    pub(crate) value: Value,
    /// For messages: `--ca-file`, `$WHARF_CA_FILE`, or a key and its place in a file.
    pub(crate) place: String,
}

impl Layer {
    /// The settings of environment variables. One that is set to nothing counts as
    /// not set.
    pub(super) fn of_environment() -> Result<Self, CommandError> {
        let mut layer = Self::default();
        for key in Key::ALL {
            let variable = key.variable();
            let Some(text) = env::value(&variable) else {
                continue;
            };
            let value = text.to_str().ok_or_else(|| "expected text".to_owned());
            let value = value.and_then(|text| key.parse(text)).map_err(|expected| {
                CommandError::usage(format!("${variable} can't be this: {expected}"))
            })?;
            let place = format!("${variable}");
            layer.set(key, Setting { value, place });
        }
        match layer.half_a_certificate() {
            Some((has, lacks)) => Err(CommandError::usage(format!(
                "${} is set and ${} is not",
                has.variable(),
                lacks.variable()
            ))),
            None => Ok(layer),
        }
    }

    /// Sets what the command line says, where it says something.
    pub(crate) fn set_flag(&mut self, key: Key, value: Option<Value>) {
        if let Some(value) = value {
            let place = format!("--{}", key.name());
            self.set(key, Setting { value, place });
        }
    }

    pub(super) fn set(&mut self, key: Key, setting: Setting) {
        self.0.insert(key, setting);
    }

    /// What is set.
    pub(super) fn get(&self, key: Key) -> Option<&Setting> {
        self.0.get(&key)
    }

    pub(super) fn value(&self, key: Key) -> Option<&Value> {
        self.get(key).map(|setting| &setting.value)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (Key, &Setting)> {
        self.0.iter().map(|(key, setting)| (*key, setting))
    }

    /// Takes over everything that `upper` sets.
    pub(super) fn cover_with(&mut self, upper: &Self) {
        self.0.extend(upper.0.clone());
    }

    /// The half of a client certificate that is set, and the one that is not.
    pub(super) fn half_a_certificate(&self) -> Option<(Key, Key)> {
        let has = |key| self.0.contains_key(&key);
        match (has(Key::CertFile), has(Key::PrivateKeyFile)) {
            (true, false) => Some((Key::CertFile, Key::PrivateKeyFile)),
            (false, true) => Some((Key::PrivateKeyFile, Key::CertFile)),
            _ => None,
        }
    }
}
