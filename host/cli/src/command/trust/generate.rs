//! `wharf trust generate-key-pair`

use std::path::PathBuf;

use serde::Serialize;
use wharf_host::trust::{Existing, Secret, generate};

use crate::env;
use crate::error::CommandError;
use crate::options::{OutputArgs, passphrase};
use crate::output::{Answer, Output};
use crate::prompt;

/// Make a key pair to sign with
///
/// Writes a private key, encrypted with a passphrase, and its public key, as cosign does and
/// for cosign to read: `cosign.key` and `cosign.pub`, or other names. Keys that are there are
/// not overwritten.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Examples:
  Make one, and be asked for a passphrase:
  $ wharf trust generate-key-pair

  In a script:
  $ printf %s \"$PASSPHRASE\" | wharf trust generate-key-pair --passphrase-stdin --output-key-prefix release")]
pub(in crate::command) struct Args {
    /// What the names of the files begin with
    #[arg(long, value_name = "PREFIX", default_value = "cosign")]
    output_key_prefix: PathBuf,

    /// Read the passphrase from standard input; one line end behind it is left out
    #[arg(long)]
    passphrase_stdin: bool,

    #[command(flatten)]
    pub(super) output: OutputArgs,
}

/// What is printed.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Made {
    private_key: String,
    public_key: String,
}

impl Args {
    /// Makes it.
    pub(super) fn run(self, output: Output) -> Result<(), CommandError> {
        let file = |extension: &str| {
            let mut name = self.output_key_prefix.clone().into_os_string();
            name.push(extension);
            PathBuf::from(name)
        };
        let (private, public) = (file(".key"), file(".pub"));
        for path in [&private, &public] {
            // Said before anybody is asked for a passphrase.
            if path.symlink_metadata().is_ok() {
                return Err(CommandError::usage(format!(
                    "`{}` is there already, and may be the only copy of a key",
                    path.display()
                ))
                .hint("move it away, or choose other names with --output-key-prefix"));
            }
        }
        let pair = generate(&self.passphrase()?);
        let pair = pair.map_err(|problem| {
            CommandError::new(crate::error::Kind::Other, problem.to_string())
                .while_doing("cannot make a key")
        })?;
        pair.write(&private, &public, Existing::Keep)
            .map_err(|error| CommandError::usage(error.to_string()))?;
        output.answer(&Made {
            private_key: private.display().to_string(),
            public_key: public.display().to_string(),
        })
    }

    fn passphrase(&self) -> Result<Secret, CommandError> {
        let is_asked = !self.passphrase_stdin && std::env::var_os(env::COSIGN_PASSWORD).is_none();
        let first = passphrase(self.passphrase_stdin, "Passphrase for the private key: ")?;
        if is_asked {
            use wharf_host::trust::ExposeSecret as _;

            let again = prompt::secret("The same again: ")?;
            if again.as_bytes() != first.expose_secret() {
                return Err(CommandError::usage("the two passphrases are not the same"));
            }
        }
        Ok(first)
    }
}

impl Answer for Made {
    fn lines(&self) -> Vec<String> {
        vec![
            format!("Private key written to {}", self.private_key),
            format!("Public key written to {}", self.public_key),
        ]
    }
}
