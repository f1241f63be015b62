//! `wharf man`, which is for whoever makes a package of it.

use std::path::{Path, PathBuf};

use clap_mangen::Man;
use serde::Serialize;

use crate::error::CommandError;
use crate::options::OutputArgs;
use crate::output::{Answer, Output};

/// Write a manual page for every command into a directory
///
/// The pages have the names under which `man` finds them: `wharf.1`, `wharf-up.1`,
/// `wharf-registry-push.1` and so on. Those that are there are replaced.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Examples:
  $ wharf man ~/.local/share/man/man1 && man wharf-registry-push")]
pub(super) struct Args {
    /// The directory, which is made where it is missing
    #[arg(value_name = "DIR")]
    directory: PathBuf,

    #[command(flatten)]
    pub(super) output: OutputArgs,
}

/// What is printed.
#[derive(Debug, Serialize)]
struct Written {
    /// The pages by the names of their files.
    pages: Vec<String>,
}

impl Args {
    /// Writes them.
    pub(super) fn run(&self, output: Output) -> Result<(), CommandError> {
        let directory = &self.directory;
        let mut grammar = super::grammar().disable_help_subcommand(true);
        grammar.build();
        let mut pages = Vec::new();
        let written = std::fs::create_dir_all(directory)
            .and_then(|()| write(&grammar, directory, &mut pages));
        written.map_err(|error| {
            CommandError::from(error)
                .while_doing(format!("cannot write to {}", directory.display()))
        })?;
        output.answer(&Written { pages })
    }
}

/// Writes the page of a command, and those of its own commands.
fn write(
    command: &clap::Command,
    directory: &Path,
    pages: &mut Vec<String>,
) -> Result<(), std::io::Error> {
    let page = Man::new(command.clone());
    page.generate_to(directory)?;
    pages.push(page.get_filename());
    let shown = command.get_subcommands().filter(|one| !one.is_hide_set());
    for one in shown {
        write(one, directory, pages)?;
    }
    Ok(())
}

impl Answer for Written {
    fn lines(&self) -> Vec<String> {
        self.pages.clone()
    }
}
