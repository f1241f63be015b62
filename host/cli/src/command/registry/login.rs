//! `wharf registry login`

use std::io;
use std::sync::Arc;

use serde::Serialize;
use wharf_host::credentials::{Credential, Fixed, LoginFile, Secret};
use wharf_host::{Registry, Wharf};

use super::{prompt, server};
use crate::error::CommandError;
use crate::options::{ConnectionArgs, OutputArgs, StoreArgs};
use crate::output::{Answer, Output};

/// Log in to a registry
///
/// Checks the user name and the password (for many registries, an access token) with
/// the registry and then stores them in a file that only you can read, in `wharf` in
/// your configuration folder, or at `$WHARF_AUTH_FILE`. On a terminal, asks for what is
/// not given.
///
/// Where you never logged in, push and pull use what `docker login` stored.
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
    registry: Registry,

    /// The user name
    #[arg(short, long, value_name = "USER")]
    username: Option<String>,

    /// The password. Other users of this machine can see it: prefer --password-stdin
    #[arg(short, long, value_name = "PASSWORD", value_parser = secret)]
    password: Option<Secret>,

    /// Read the password from standard input; one line end behind it is left out
    #[arg(long, conflicts_with = "password", requires = "username")]
    password_stdin: bool,

    /// Store the credential without asking the registry whether it is right
    #[arg(long)]
    skip_check: bool,

    #[command(flatten)]
    connection: ConnectionArgs,

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
        let username = self.username()?;
        let password = self.password(output)?;
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

    fn username(&self) -> Result<String, CommandError> {
        let username = match &self.username {
            Some(username) => username.clone(),
            None if prompt::can_ask() => prompt::username()?,
            None => {
                return Err(CommandError::usage(
                    "no user name is given, and nobody can be asked: this is not a terminal",
                )
                .hint("pass -u USER, and the password with --password-stdin"));
            }
        };
        // RFC 7617, section 2: the first colon ends the user name.
        if username.is_empty() || username.contains(|c: char| c == ':' || c.is_control()) {
            return Err(CommandError::usage(
                "a user name must not be empty, nor have colons or control characters in it",
            ));
        }
        Ok(username)
    }

    fn password(&self, output: Output) -> Result<Secret, CommandError> {
        if self.password_stdin {
            prompt::password_from(io::stdin().lock())
        } else if let Some(password) = &self.password {
            output.warning(
                "with -p other users of this machine can see the password, and the shell \
                 may keep it: --password-stdin is safer",
            );
            Ok(password.clone())
        } else if prompt::can_ask() {
            prompt::password()
        } else {
            Err(CommandError::usage(
                "no password is given, and nobody can be asked: this is not a terminal",
            )
            .hint("pass the password on standard input with --password-stdin"))
        }
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
        Wharf::builder(self.store.open()?)
            .connection(self.connection.connection(output))
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
    LoginFile::default_path().map(LoginFile::at).ok_or_else(|| {
        CommandError::usage("there is no home folder to keep credentials in")
            .hint(format!("name a file with ${}", crate::env::AUTH_FILE))
    })
}

#[expect(
    clippy::unnecessary_wraps,
    reason = "what clap wants of a function that parses"
)]
fn secret(text: &str) -> Result<Secret, std::convert::Infallible> {
    Ok(Secret::new(text.to_owned()))
}
