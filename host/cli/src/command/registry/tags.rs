//! `wharf registry tags`

use serde::Serialize;

use super::repository::Named;
use crate::client;
use crate::error::CommandError;
use crate::options::{ConnectionArgs, OutputArgs, StoreArgs};
use crate::output::{Answer, Output};
use crate::progress::Progress;

/// List the tags of a repository
///
/// One a line, in the registry's order.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Examples:
  $ wharf registry tags ghcr.io/user/app

  For programs:
  $ wharf registry tags --format json ghcr.io/user/app | jq -r '.tags[]'")]
pub(in crate::command) struct Args {
    /// The repository: `[registry/]repository`, without tag and digest
    #[arg(value_name = "REPOSITORY")]
    pub(in crate::command) repository: Named,

    #[command(flatten)]
    pub(in crate::command) connection: ConnectionArgs,

    #[command(flatten)]
    store: StoreArgs,

    #[command(flatten)]
    pub(super) output: OutputArgs,
}

/// What is printed.
#[derive(Debug, Serialize)]
struct Tags {
    repository: String,
    tags: Vec<String>,
}

impl Args {
    /// Lists them.
    pub(super) async fn run(self, output: Output) -> Result<(), CommandError> {
        let progress = Progress::new(output);
        let store = self.store.open()?;
        let reference = self.repository.reference();
        let registries = [&reference.registry];
        let wharf = client::wharf(store, &registries, &self.connection, output, &progress)?;
        let listed = wharf.tags(reference).await;
        progress.clear();
        let tags = listed.map_err(|error| {
            CommandError::at_registry(error, &reference.registry)
                .while_doing(format!("cannot list the tags of {}", self.repository))
        })?;
        output.answer(&Tags {
            repository: self.repository.to_string(),
            tags: tags.iter().map(ToString::to_string).collect(),
        })
    }
}

impl Answer for Tags {
    fn lines(&self) -> Vec<String> {
        self.tags.clone()
    }
}
