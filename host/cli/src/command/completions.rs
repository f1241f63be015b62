//! `wharf completions`

use clap_complete::Shell;
use clap_complete::aot::generate;

use crate::error::CommandError;
use crate::output::script;

/// Print a script with which a shell completes the commands and options of `wharf`
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Examples:
  For bash, for this user:
  $ wharf completions bash > ~/.local/share/bash-completion/completions/wharf

  For zsh, into a folder of $fpath:
  $ wharf completions zsh > ~/.zfunc/_wharf

  For fish:
  $ wharf completions fish > ~/.config/fish/completions/wharf.fish")]
pub(super) struct Args {
    /// The shell
    #[arg(value_enum, value_name = "SHELL")]
    shell: Shell,
}

impl Args {
    /// Prints it.
    pub(super) fn run(&self) -> Result<(), CommandError> {
        let mut text = Vec::new();
        generate(self.shell, &mut super::grammar(), "wharf", &mut text);
        script(&text)
    }
}
