//! `wharf registry logout`

use serde::Serialize;
use wharf_host::Registry;

use super::whoami::Identity;
use super::{login, server};
use crate::error::CommandError;
use crate::options::OutputArgs;
use crate::output::{Answer, Output};

/// Forget the credential of a registry
///
/// Removes what `wharf registry login` stored. The registry is not told, and what
/// Spin, Podman or Docker stored stays: when one of these still applies, that is said.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Examples:
  $ wharf registry logout ghcr.io")]
pub(in crate::command) struct Args {
    /// The registry, as it was named to `login`
    #[arg(value_name = "SERVER", value_parser = server::server)]
    registry: Registry,

    #[command(flatten)]
    pub(super) output: OutputArgs,
}

/// What is printed.
#[derive(Debug, Serialize)]
struct LoggedOut {
    registry: String,
    /// Whether there was something to forget.
    removed: bool,
    /// What another source has for it.
    remaining: Option<Identity>,
}

impl Args {
    /// Forgets the credential.
    pub(super) fn run(self, output: Output) -> Result<(), CommandError> {
        let removed = login::login_file()?
            .erase(&self.registry)
            .map_err(|error| {
                CommandError::from(error).while_doing("cannot remove the credential")
            })?;
        let remaining = Identity::of(&self.registry, None).unwrap_or_else(|error| {
            output.warning(&format!(
                "whether another credential applies can't be said: {}",
                error.messages.join(": ")
            ));
            None
        });
        output.answer(&LoggedOut {
            registry: self.registry.to_string(),
            removed,
            remaining,
        })
    }
}

impl Answer for LoggedOut {
    fn lines(&self) -> Vec<String> {
        let registry = &self.registry;
        let mut lines = vec![if self.removed {
            format!("Logged out of registry {registry}")
        } else {
            format!("Not logged in to registry {registry}")
        }];
        if let Some(remaining) = &self.remaining {
            lines.push(format!(
                "Another credential still applies: {}",
                remaining.sentence()
            ));
        }
        lines
    }
}
