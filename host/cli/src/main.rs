//! `wharf`: publishes and runs WebAssembly applications through OCI registries.

mod bounded;
mod build;
mod client;
mod command;
mod config;
mod digest_file;
mod env;
mod error;
mod exit;
mod interrupt;
mod options;
mod output;
mod progress;
mod prompt;
mod sandbox;
mod size;
mod source;
mod stored;
mod text;
mod unpacking;
mod variable;

use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments: Vec<_> = std::env::args_os().collect();
    command::run(&arguments).into()
}
