//! Who the user is to a registry, for one command.

use std::io;
use std::sync::Arc;

use clap::Args;
use wharf_host::Registry;
use wharf_host::credentials::{Chain, Credential, Fixed, Places, Secret};

use crate::error::CommandError;
use crate::output::Output;
use crate::prompt;

/// Who the user is to the registry.
#[derive(Debug, Clone, Default, PartialEq, Eq, Args)]
#[command(next_help_heading = "Credential")]
pub(crate) struct CredentialArgs {
    /// The user name, in place of stored credentials
    #[arg(short, long, value_name = "USER")]
    username: Option<String>,

    /// The password. Other users of this machine can see it: prefer --password-stdin
    #[arg(short, long, value_name = "PASSWORD", value_parser = secret)]
    password: Option<Secret>,

    /// Read the password from standard input; one line end behind it is left out
    #[arg(long, conflicts_with = "password", requires = "username")]
    password_stdin: bool,
}

impl CredentialArgs {
    /// Where the credentials of a command that concerns these registries come from:
    /// from these arguments, when there are any, or else from where credentials are
    /// stored. May ask a person, or read standard input.
    pub(crate) fn sources(
        &self,
        registries: &[&Registry],
        output: Output,
    ) -> Result<Chain, CommandError> {
        let stored = Places::of_user().sources();
        let Some((registry, others)) = registries.split_first() else {
            return Ok(stored);
        };
        if !self.is_given() {
            return Ok(stored);
        }
        if others.iter().any(|other| other != registry) {
            return Err(CommandError::usage(
                "a user name on the command line is one registry's, and this concerns several",
            )
            .hint(
                "say whose it is with --from-username or --to-username, or log in to each with \
                 `wharf registry login`",
            ));
        }
        Ok(match self.given(registry, output)? {
            Some(given) => stored.after(Arc::new(given)),
            None => stored,
        })
    }

    /// The credential of these arguments for a registry, when there are any. May ask a
    /// person, or read standard input.
    pub(super) fn given(
        &self,
        registry: &Registry,
        output: Output,
    ) -> Result<Option<Fixed>, CommandError> {
        if !self.is_given() {
            return Ok(None);
        }
        let (username, password) = self.pair(output)?;
        let credential = Credential::UserPassword { username, password };
        Ok(Some(Fixed::new(registry.clone(), credential)))
    }

    /// Whether there are any.
    pub(crate) fn is_given(&self) -> bool {
        *self != Self::default()
    }

    /// Whether the password is read from standard input.
    pub(super) fn is_from_stdin(&self) -> bool {
        self.password_stdin
    }

    /// A user name and a password. What the arguments do not say is asked for, where
    /// there is somebody to ask.
    pub(crate) fn pair(&self, output: Output) -> Result<(String, Secret), CommandError> {
        Ok((self.username()?, self.password(output)?))
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
}

#[expect(
    clippy::unnecessary_wraps,
    reason = "what clap wants of a function that parses"
)]
fn secret(text: &str) -> Result<Secret, std::convert::Infallible> {
    Ok(Secret::new(text.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::options::Format;

    #[test]
    fn what_is_given_comes_before_what_is_stored() {
        let args = CredentialArgs {
            username: Some("ada".into()),
            password: Some(Secret::new("pw".into())),
            password_stdin: false,
        };
        let registry: Registry = "r.example".parse().unwrap();
        let output = Output::new(Format::Plain, true);
        let sources = args.sources(&[&registry, &registry], output);
        let (found, source) = sources.unwrap().locate(&registry, None).unwrap().unwrap();
        assert_eq!(found.username(), Some("ada"));
        assert_eq!(source, "the given credential");
        let other = "other.example".parse().unwrap();
        let error = args.sources(&[&registry, &other], output).err().unwrap();
        assert_eq!(error.kind.exit().code(), 2);
    }

    #[test]
    fn a_user_name_has_no_colon_and_is_not_empty() {
        for name in ["", "a:b", "a\nb"] {
            let args = CredentialArgs {
                username: Some(name.into()),
                ..CredentialArgs::default()
            };
            assert_eq!(args.username().unwrap_err().kind.exit().code(), 2, "{name}");
        }
    }
}
