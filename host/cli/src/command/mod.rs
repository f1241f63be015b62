//! The commands: one file each, with its arguments and what it does.

mod cache;
mod completions;
mod man;
mod policy;
mod registry;
mod trust;
mod up;

use std::ffi::OsString;

use clap::error::ErrorKind;
use clap::{Parser, Subcommand};

use crate::config;
use crate::error::CommandError;
use crate::exit::Exit;
use crate::options::Format;
use crate::output::Output;
use crate::{env, exit};

/// Publish and run WebAssembly applications through OCI registries
///
/// `wharf registry push` packs the application that a `spin.toml` describes and sends
/// it to a registry; `wharf up` fetches one and runs it. The registry client is itself
/// a sandboxed WebAssembly component: it reaches the registry that you name, where that
/// leads, and the content store, and uses your credential without seeing it.
#[derive(Debug, Parser)]
#[command(name = "wharf", version, after_long_help = after_help(), max_term_width = 100)]
struct Wharf {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    #[command(subcommand, alias = "oci")]
    Registry(registry::Command),
    Up(up::Args),
    #[command(subcommand)]
    Cache(cache::Command),
    #[command(subcommand)]
    Policy(policy::Command),
    #[command(subcommand)]
    Trust(trust::Command),
    Completions(completions::Args),
    #[command(hide = true)]
    Man(man::Args),
}

/// The grammar of the whole command line.
fn grammar() -> clap::Command {
    <Wharf as clap::CommandFactory>::command()
}

/// Does what the arguments, the program's name first, ask for.
pub(crate) fn run(arguments: &[OsString]) -> Exit {
    let command = match Wharf::try_parse_from(arguments) {
        Ok(wharf) => wharf.command,
        Err(error) => return not_parsed(&error, wanted_format(arguments)),
    };
    let output = command.output();
    match in_runtime(command, output) {
        Ok(()) => Exit::Success,
        Err(error) => {
            output.error(&error);
            error.kind.exit()
        }
    }
}

impl Command {
    fn output(&self) -> Output {
        match self {
            Self::Registry(command) => command.output(),
            Self::Up(args) => args.output.output(),
            Self::Cache(command) => command.output(),
            Self::Policy(command) => command.output(),
            Self::Trust(command) => command.output(),
            Self::Man(args) => args.output.output(),
            Self::Completions(_) => Output::new(Format::Plain, false),
        }
    }

    async fn run(self, output: Output) -> Result<(), CommandError> {
        match self {
            Self::Registry(command) => Box::pin(command.run(output)).await,
            Self::Up(args) => Box::pin(args.run(output)).await,
            Self::Cache(command) => command.run(output).await,
            Self::Policy(command) => command.run(output),
            Self::Trust(command) => Box::pin(command.run(output)).await,
            Self::Completions(args) => args.run(),
            Self::Man(args) => args.run(output),
        }
    }
}

fn in_runtime(command: Command, output: Output) -> Result<(), CommandError> {
    // Where nothing but bytes is moved, and the store has threads of its own, handing each
    // chunk from thread to thread takes longer than it saves.
    let mut runtime = match command {
        Command::Up(_) => tokio::runtime::Builder::new_multi_thread(),
        _ => tokio::runtime::Builder::new_current_thread(),
    };
    let runtime = runtime
        .enable_all()
        .build()
        .map_err(|error| CommandError::from(error).while_doing("cannot start"))?;
    let result = runtime.block_on(command.run(output));
    // What still runs on its threads is of no use to a command that has ended.
    runtime.shutdown_background();
    result
}

/// Prints a help text, or what is wrong with the arguments.
fn not_parsed(error: &clap::Error, format: Format) -> Exit {
    match error.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => {
            // A reader that went away has seen enough.
            let _ = error.print();
            Exit::Success
        }
        _ => {
            match format {
                Format::Plain => drop(error.print()),
                Format::Json => Output::new(format, false).error(&usage(error)),
            }
            Exit::Usage
        }
    }
}

/// A mistake in the arguments as an error of ours. Of clap's text, that is what stands
/// before the usage line.
fn usage(error: &clap::Error) -> CommandError {
    let text = error.to_string();
    let lines: Vec<&str> = text
        .lines()
        .map(str::trim)
        .take_while(|line| !line.starts_with("Usage:") && !line.starts_with("For more information"))
        .filter(|line| !line.is_empty())
        .collect();
    let message = lines.join(" ");
    CommandError::usage(message.strip_prefix("error: ").unwrap_or(&message))
        .hint("see the command's `--help`")
}

/// The format that arguments ask for which could not be parsed.
fn wanted_format(arguments: &[OsString]) -> Format {
    let options = arguments.split(|argument| argument == "--").next();
    let options = options.unwrap_or_default();
    let json = options.iter().any(|argument| argument == "--format=json")
        || options
            .windows(2)
            .any(|pair| pair[0] == "--format" && pair[1] == "json");
    if json { Format::Json } else { Format::Plain }
}

fn after_help() -> String {
    format!(
        "Examples:\n  \
         $ wharf registry login ghcr.io\n  \
         $ wharf registry push ghcr.io/user/app:v1\n  \
         $ wharf up -f ghcr.io/user/app:v1\n\n{}\n{}\n{}",
        config::HELP,
        exit::Exit::help(),
        env::help(),
    )
}

#[cfg(test)]
mod tests;
