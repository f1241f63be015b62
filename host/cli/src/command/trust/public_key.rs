//! `wharf trust public-key`

use serde::Serialize;
use wharf_host::trust::KeySource;

use crate::error::CommandError;
use crate::options::{OutputArgs, read_key};
use crate::output::{Answer, Output};

/// Print the public key of a private key
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Examples:
  $ wharf trust public-key --key cosign.key > cosign.pub")]
pub(in crate::command) struct Args {
    /// The private key: a file of cosign or in PEM, or `env://VARIABLE`
    #[arg(long, value_name = "FILE|env://VAR")]
    key: KeySource,

    /// Read its passphrase from standard input; one line end behind it is left out
    #[arg(long)]
    passphrase_stdin: bool,

    #[command(flatten)]
    pub(super) output: OutputArgs,
}

/// What is printed.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Shown {
    public_key: String,
}

impl Args {
    /// Prints it.
    pub(super) fn run(self, output: Output) -> Result<(), CommandError> {
        let key = read_key(&self.key, self.passphrase_stdin)?;
        output.answer(&Shown {
            public_key: key.public_pem(),
        })
    }
}

impl Answer for Shown {
    fn lines(&self) -> Vec<String> {
        self.public_key
            .trim_end()
            .lines()
            .map(str::to_owned)
            .collect()
    }
}
