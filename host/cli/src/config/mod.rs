//! What `wharf.toml` says, the user's and the project's, and what a registry's settings
//! are in the end:
//!
//! ```text
//!   the user's file  <  the project's file  <  environment  <  command line
//! ```
//!
//! In each file, the table of a registry covers the one of all registries. A project's
//! file comes with whatever was cloned, so it can only narrow: fewer transfers and
//! retries, shorter times, and nothing that decides who is trusted.

mod document;
mod file;
mod help;
mod key;
mod layer;
mod narrow;
mod place;
mod registry;
mod sandbox;
mod settings;
mod table;
mod trust;
mod wasm_pkg;

use std::path::{Path, PathBuf};

use wharf_host::policy::Policies;
use wharf_host::trust::Trust;
use wharf_host::{Packages, Registry};

use crate::env;
use crate::error::CommandError;
use document::Document;
use file::{read, read_policy, text};
use narrow::{default, exceeds, narrowing, refused};
use settings::RegistrySettings;
use wasm_pkg::WasmPkg;

pub(crate) use help::HELP;
pub(crate) use key::{Key, Reader, Value};
pub(crate) use layer::Layer;

/// The settings of all registries.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Config {
    user: Document,
    project: Document,
    environment: Layer,
    command_line: Layer,
}

impl Config {
    /// Reads both files and the environment. `option` is the user's file where the
    /// command line names it.
    pub(crate) fn load(option: Option<&Path>, command_line: Layer) -> Result<Self, CommandError> {
        let user = place::user(option);
        // A project of its own may hold the user's file.
        let same = |project: &Path| {
            let user = user.as_ref().and_then(|(path, _)| path.canonicalize().ok());
            user.is_some() && user == project.canonicalize().ok()
        };
        let project = place::project().filter(|path| !same(path));
        Ok(Self {
            user: match &user {
                Some((path, named)) => read(path, *named)?,
                None => Document::default(),
            },
            project: match &project {
                Some(path) => narrowing(read(path, false)?)?,
                None => Document::default(),
            },
            environment: Layer::of_environment()?,
            command_line,
        })
    }

    /// The same without what stands on the command line, for registries that it is not
    /// about.
    pub(crate) fn of_others(&self) -> Self {
        Self {
            command_line: Layer::default(),
            ..self.clone()
        }
    }

    /// All policies that hold: of both files, of the environment, and the named ones. None
    /// of them takes the place of another.
    pub(crate) fn policies(&self, named: &[PathBuf]) -> Result<Policies, CommandError> {
        let mut policies = Policies::default();
        let documents = [&self.user, &self.project].into_iter();
        for policy in documents.filter_map(Document::policy) {
            policies.push(policy.clone());
        }
        let variable = env::value(env::POLICY).map(PathBuf::from);
        for path in variable.iter().chain(named) {
            policies.push(read_policy(path)?);
        }
        Ok(policies)
    }

    /// What has to be signed: by both files, each for itself.
    pub(crate) fn trust(&self) -> Trust {
        let documents = [&self.user, &self.project].into_iter();
        Trust {
            rules: documents.filter_map(Document::trust).cloned().collect(),
            ..Trust::default()
        }
    }

    /// Where packages are: by the file of package tools, and by the user's, which counts
    /// more.
    pub(crate) fn packages(&self) -> Result<Packages, CommandError> {
        let mut packages = Packages::default();
        if let Some(path) = place::wasm_pkg()
            && let Some(text) = text(&path, false)?
        {
            WasmPkg::parse(&path, &text)?.set(&path, &mut packages)?;
        }
        for place in self.user.packages() {
            packages.set(&place.name, place.registry.clone());
        }
        Ok(packages)
    }

    /// The sets of rules about files that are not published, the user's and the project's:
    /// neither can bring back what the other ignores.
    pub(crate) fn ignore_rules(&self) -> Vec<Vec<String>> {
        [&self.user, &self.project]
            .map(|document| document.ignore_rules().to_vec())
            .into_iter()
            .filter(|rules| !rules.is_empty())
            .collect()
    }

    /// The settings of a registry.
    pub(crate) fn settings(&self, registry: &Registry) -> Result<RegistrySettings, CommandError> {
        let mut merged = Layer::default();
        for layer in self.user.layers(registry) {
            merged.cover_with(layer);
        }
        let users = merged.clone();
        for layer in self.project.layers(registry) {
            for (key, setting) in layer.iter() {
                let limit = users.value(key).cloned().or_else(|| default(key));
                if limit.is_some_and(|limit| exceeds(&setting.value, &limit)) {
                    return Err(refused(
                        &setting.place,
                        "is more than you have set, or than the default where you have not",
                    ));
                }
            }
            merged.cover_with(layer);
        }
        merged.cover_with(&self.environment);
        merged.cover_with(&self.command_line);
        Ok(RegistrySettings::of(&merged))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::error::Kind;

    fn document(text: &str) -> Document {
        Document::parse(Path::new("/c/wharf.toml"), text).unwrap()
    }

    fn settings(config: &Config, registry: &str) -> RegistrySettings {
        config.settings(&registry.parse().unwrap()).unwrap()
    }

    #[test]
    fn what_is_closer_to_the_command_covers_the_rest() {
        let flags = |key, value| {
            let mut layer = Layer::default();
            layer.set_flag(key, Some(value));
            layer
        };
        let config = Config {
            user: document(
                "[registry.\"*\"]\nretries = 9\nconcurrency = 9\nplain-http = true\n\
                 [registry.\"r.example\"]\nconcurrency = 8\nplain-http = false\n",
            ),
            project: document("[registry.\"*\"]\nconcurrency = 7\nretries = 7\n"),
            environment: flags(Key::Concurrency, Value::Count(100)),
            command_line: flags(Key::FirstWait, Value::Time(Duration::from_secs(1))),
        };
        let other = settings(&config, "other.example");
        assert!(other.plain_http);
        let pace = settings(&config, "r.example").pace;
        assert!(!settings(&config, "r.example").plain_http);
        assert_eq!(pace.concurrency, Some(100));
        assert_eq!(pace.retries, Some(7));
        assert_eq!(pace.first_wait, Some(Duration::from_secs(1)));
        assert_eq!(pace.longest_wait, None);
    }

    #[test]
    fn a_project_can_only_narrow_what_the_user_set_or_the_default() {
        let check = |user: &str, project: &str| {
            let config = Config {
                user: document(&format!("[registry.\"r.example\"]\n{user}")),
                project: document(&format!("[registry.\"*\"]\n{project}")),
                ..Config::default()
            };
            config.settings(&"r.example".parse().unwrap())
        };
        for (user, project) in [
            ("", "concurrency = 65"),
            ("concurrency = 4", "concurrency = 5"),
            ("", "retries = 6"),
            ("retries = 0", "retries = 1"),
            ("", "connect-timeout = \"11s\""),
            ("stall-timeout = \"1s\"", "stall-timeout = \"2s\""),
            ("", "first-wait = \"251ms\""),
            ("", "longest-wait = \"1m\""),
            ("bandwidth = \"1MB/s\"", "bandwidth = \"1MiB/s\""),
        ] {
            let error = check(user, project).unwrap_err();
            assert_eq!(error.kind, Kind::Refused, "{project}");
            let name = project.split(' ').next().unwrap();
            assert!(error.messages[0].contains(name), "{error:?}");
        }
        for (user, project) in [
            ("", "concurrency = 64"),
            ("", "bandwidth = \"1MB/s\""),
            ("bandwidth = \"1MiB/s\"", "bandwidth = \"1MB/s\""),
            ("concurrency = 100", "concurrency = 90"),
            ("stall-timeout = \"2m\"", "stall-timeout = \"1m\""),
        ] {
            assert!(check(user, project).is_ok(), "{project}");
        }
    }

    #[test]
    fn rules_of_a_project_are_a_set_of_their_own() {
        let config = Config {
            user: document("[push]\nignore = [\"*.key\"]"),
            project: narrowing(document("[push]\nignore = [\"!*.key\"]")).unwrap(),
            ..Config::default()
        };
        assert_eq!(config.ignore_rules(), [["*.key"], ["!*.key"]]);
        assert_eq!(Config::default().ignore_rules(), Vec::<Vec<String>>::new());
    }

    #[test]
    fn policies_of_both_files_hold() {
        let config = Config {
            user: document("[sandbox]\npush = []"),
            project: narrowing(document("[sandbox]\npull = []")).unwrap(),
            ..Config::default()
        };
        let policies = config.policies(&[]).unwrap();
        assert!(policies.iter().count() >= 2);
        let error = config.policies(&["/nowhere/p.toml".into()]).unwrap_err();
        assert_eq!(error.kind, Kind::Usage);
        assert!(error.messages[0].contains("/nowhere/p.toml"), "{error:?}");
    }
}
