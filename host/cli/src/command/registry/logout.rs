//! `wharf registry logout`

use serde::Serialize;
use wharf_host::Registry;

use super::{login, server};
use crate::error::CommandError;
use crate::options::OutputArgs;
use crate::output::{Answer, Output};

/// Forget the credential of a registry
///
/// Removes what `wharf registry login` stored. The registry is not told, and what
/// `docker login` stored stays.
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
}

impl Args {
    /// Forgets the credential.
    pub(super) fn run(self, output: Output) -> Result<(), CommandError> {
        let removed = login::login_file()?
            .erase(&self.registry)
            .map_err(|error| {
                CommandError::from(error).while_doing("cannot remove the credential")
            })?;
        output.answer(&LoggedOut {
            registry: self.registry.to_string(),
            removed,
        })
    }
}

impl Answer for LoggedOut {
    fn lines(&self) -> Vec<String> {
        let registry = &self.registry;
        vec![if self.removed {
            format!("Logged out of registry {registry}")
        } else {
            format!("Not logged in to registry {registry}")
        }]
    }
}
