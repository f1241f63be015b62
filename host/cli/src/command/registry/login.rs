//! `wharf registry login`

use std::sync::Arc;

use serde::Serialize;
use wharf_host::credentials::{Credential, Fixed, LoginFile, Places, Secret};
use wharf_host::{Registry, Wharf};

use super::server;
use crate::error::CommandError;
use crate::options::{ConnectionArgs, OutputArgs, StoreArgs};
use crate::output::{Answer, Output};

/// Log in to a registry
///
/// Checks the user name and the password (for many registries, an access token) with
/// the registry and then stores them in a file that only you can read: the one of
/// `$REGISTRY_AUTH_FILE`, else of `$WHARF_AUTH_FILE`, else `wharf/auth.json` in your
/// configuration folder. On a terminal, asks for what is not given.
///
/// Where you never logged in, push and pull use what Spin, Podman or Docker stored;
/// `wharf registry whoami` says which.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Examples:
  Log in and be asked for user name and password:
  $ wharf registry login ghcr.io

  Log in from a script, the password in a variable:
  $ printf %s \"$TOKEN\" | wharf registry login ghcr.io -u user --password-stdin

  Log in to a registry with a certificate of a private authority:
  $ wharf registry login r.example:5000 -u user --ca-file ca.pem")]
pub(in crate::command) struct Args {
    /// The registry: a host, with a port where it needs one
    #[arg(value_name = "SERVER", value_parser = server::server)]
    pub(in crate::command) registry: Registry,

    /// Store the credential without asking the registry whether it is right
    #[arg(long)]
    skip_check: bool,

    #[command(flatten)]
    pub(in crate::command) connection: ConnectionArgs,

    #[command(flatten)]
    store: StoreArgs,

    #[command(flatten)]
    pub(super) output: OutputArgs,
}

/// What is printed.
#[derive(Debug, Serialize)]
struct LoggedIn {
    registry: String,
    username: String,
    checked: bool,
}

impl Args {
    /// Checks and stores the credential.
    pub(super) async fn run(self, output: Output) -> Result<(), CommandError> {
        let file = login_file()?;
        let (username, password) = self.connection.credential.pair(output)?;
        if !self.skip_check {
            self.check(&username, &password, output).await?;
        }
        file.store(&self.registry, &username, &password)
            .map_err(|error| {
                CommandError::from(error).while_doing("cannot store the credential")
            })?;
        output.answer(&LoggedIn {
            registry: self.registry.to_string(),
            username,
            checked: !self.skip_check,
        })
    }

    async fn check(
        &self,
        username: &str,
        password: &Secret,
        output: Output,
    ) -> Result<(), CommandError> {
        let registry = &self.registry;
        let credential = Credential::UserPassword {
            username: username.to_owned(),
            password: password.clone(),
        };
        let settings = self.connection.settings()?.settings(registry)?;
        let connection = settings.connection(registry, output)?;
        let builder = Wharf::builder(self.store.open()?);
        let builder = self.connection.sandbox()?.over(builder);
        builder
            .connection_to(registry.clone(), connection)
            .credentials(Arc::new(Fixed::new(registry.clone(), credential)))
            .build()?
            .check_credential(registry)
            .await
            .map_err(|error| CommandError::logging_in(error, registry, username))
    }
}

impl Answer for LoggedIn {
    fn lines(&self) -> Vec<String> {
        vec![format!(
            "Successfully logged in as {} to registry {}",
            self.username, self.registry
        )]
    }
}

/// The file of stored credentials.
pub(super) fn login_file() -> Result<LoginFile, CommandError> {
    Places::of_user().login_file().ok_or_else(|| {
        CommandError::usage("there is no home folder to keep credentials in")
            .hint(format!("name a file with ${}", crate::env::AUTH_FILE))
    })
}
