//! `cargo xtask demo`: Wharf's main job, shown from a fresh clone.

mod http;
mod process;
mod registry;
mod story;
mod wharf;

use std::path::PathBuf;

use anyhow::{Context as _, Result, bail};
use tokio::signal::unix::{SignalKind, signal};

use crate::cargo::{build_example, build_wharf, ensure_component_target};
use crate::narrate;

/// Show an application published, fetched and run, from a fresh clone
///
/// Builds `wharf` and the applications in `examples/`, starts a registry that wants a
/// password, and prints each command together with what came back. Ends with 0 only if
/// every answer was right. Everything it writes outside `target` folders is in a temporary
/// folder, the home directory of the commands included; it stops what it started and
/// removes that folder, also after a failure and after Ctrl-C.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Use this `wharf` rather than building it
    #[arg(long, value_name = "FILE")]
    wharf: Option<PathBuf>,
}

pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    narrate::heading("Building Wharf and two example applications");
    narrate::explain(
        "wharf embeds the registry client as a sandboxed WebAssembly component, compiled ahead\n\
         of time; the first build takes some minutes.",
    );
    ensure_component_target()?;
    let wharf = match &arguments.wharf {
        Some(given) => given
            .canonicalize()
            .with_context(|| format!("{} is not there", given.display()))?,
        None => build_wharf()?,
    };
    build_example("hello")?;
    build_example("shop")?;
    let registry = registry::program()?;

    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?
        .block_on(async {
            let mut interrupt = signal(SignalKind::interrupt())?;
            let mut terminate = signal(SignalKind::terminate())?;
            // Whichever way this ends, what the story started is stopped and removed
            // as the story is dropped.
            tokio::select! {
                told = story::tell(&wharf, &registry) => told,
                _ = interrupt.recv() => bail!("interrupted"),
                _ = terminate.recv() => bail!("told to stop"),
            }
        })
}
