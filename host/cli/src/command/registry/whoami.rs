//! `wharf registry whoami`

use serde::Serialize;
use wharf_host::credentials::{Credential, Places};
use wharf_host::{Registry, Repository};

use super::server;
use crate::error::{CommandError, Kind};
use crate::options::OutputArgs;
use crate::output::{Answer, Output};

/// Say which stored credential a registry would be shown
///
/// Looks where push and pull look, in this order: `$REGISTRY_AUTH_FILE` (alone when it
/// is set), what `wharf registry login` stored, then what Spin, Podman and Docker did,
/// their credential helpers included. Within a file the key that is closest to the
/// repository counts: `ghcr.io/org/repo`, then `ghcr.io/org`, then `ghcr.io`.
///
/// No registry is asked, and no password is printed.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Examples:
  Who am I to this registry?
  $ wharf registry whoami ghcr.io

  Who, when it is about this repository?
  $ wharf registry whoami ghcr.io/user/app

  Print the user name alone:
  $ wharf registry whoami --format json ghcr.io | jq -r .username")]
pub(in crate::command) struct Args {
    /// The registry, and a repository there
    #[arg(value_name = "SERVER[/REPO]", value_parser = server::place)]
    place: (Registry, Option<Repository>),

    #[command(flatten)]
    pub(super) output: OutputArgs,
}

/// What is printed.
#[derive(Debug, Serialize)]
pub(super) struct Identity {
    registry: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    repository: Option<String>,
    /// Where the credential is stored.
    source: String,
    /// `password`, `identity-token` or `registry-token`.
    kind: &'static str,
    /// Tokens have none.
    username: Option<String>,
}

impl Args {
    /// Looks it up.
    pub(super) fn run(self, output: Output) -> Result<(), CommandError> {
        let (registry, repository) = &self.place;
        match Identity::of(registry, repository.as_ref())? {
            Some(identity) => output.answer(&identity),
            None => Err(CommandError::new(
                Kind::Authentication,
                format!(
                    "there is no credential for {}",
                    shown(registry, repository.as_ref())
                ),
            )
            .hint(format!(
                "`wharf registry login {registry}` stores one; without, you are anybody there"
            ))),
        }
    }
}

impl Identity {
    /// Who the user is, by what is stored.
    pub(super) fn of(
        registry: &Registry,
        repository: Option<&Repository>,
    ) -> Result<Option<Self>, CommandError> {
        let located = Places::of_user()
            .sources()
            .locate(registry, repository)
            .map_err(|error| {
                CommandError::from(error)
                    .while_doing(format!("cannot look for the credential of {registry}"))
            })?;
        Ok(located.map(|(credential, source)| Self {
            registry: registry.to_string(),
            repository: repository.map(ToString::to_string),
            source,
            kind: match credential {
                Credential::UserPassword { .. } => "password",
                Credential::IdentityToken(_) => "identity-token",
                Credential::RegistryToken(_) => "registry-token",
            },
            username: credential.username().map(str::to_owned),
        }))
    }

    /// The user as far as known, and where that stands.
    pub(super) fn sentence(&self) -> String {
        let who = match (&self.username, self.kind) {
            (Some(username), _) => username.clone(),
            (None, "identity-token") => "the holder of an identity token".to_owned(),
            (None, _) => "the holder of a registry token".to_owned(),
        };
        format!("{who}, from {}", self.source)
    }
}

impl Answer for Identity {
    fn lines(&self) -> Vec<String> {
        vec![self.sentence()]
    }
}

fn shown(registry: &Registry, repository: Option<&Repository>) -> String {
    match repository {
        Some(repository) => format!("{registry}/{repository}"),
        None => registry.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_it_is_stands_before_where_that_is_from() {
        let identity = |username: Option<&str>, kind| Identity {
            registry: "r.example".to_owned(),
            repository: None,
            source: "the login file `/f`".to_owned(),
            kind,
            username: username.map(str::to_owned),
        };
        assert_eq!(
            identity(Some("ada"), "password").lines(),
            ["ada, from the login file `/f`"]
        );
        let token = identity(None, "identity-token");
        assert_eq!(
            token.lines(),
            ["the holder of an identity token, from the login file `/f`"]
        );
        assert_eq!(
            serde_json::to_value(&token).unwrap(),
            serde_json::json!({
                "registry": "r.example",
                "source": "the login file `/f`",
                "kind": "identity-token",
                "username": null,
            })
        );
    }
}
