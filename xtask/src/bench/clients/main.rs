//! What `cargo xtask bench` runs as processes of their own, so that time and memory are
//! theirs alone: a stopwatch, a client over the crate `oci-client`, and a plain native one.

mod layout;
mod measure;
mod native;
mod oci_client;

use std::path::PathBuf;

use anyhow::{Context as _, Result};
use clap::{Parser, Subcommand, ValueEnum};

/// What `cargo xtask bench` compares Wharf with, and its stopwatch.
#[derive(Parser)]
struct Arguments {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    Measure(measure::Arguments),
    /// Pull or push with the crate `oci-client`, at its defaults
    OciClient(Transfer),
    /// Pull or push over 64 connections, with nothing but an HTTP client
    Native(Transfer),
}

/// What is moved from where to where, over plain HTTP.
#[derive(clap::Args)]
struct Transfer {
    direction: Direction,
    /// `HOST:PORT/REPOSITORY:TAG`
    reference: Reference,
    /// The OCI layout that is written or read
    layout: PathBuf,
}

#[derive(Clone, Copy, ValueEnum)]
enum Direction {
    Pull,
    Push,
}

/// A reference as the bench writes them.
#[derive(Clone)]
struct Reference {
    server: String,
    repository: String,
    tag: String,
}

impl std::str::FromStr for Reference {
    type Err = anyhow::Error;

    fn from_str(text: &str) -> Result<Self> {
        let (server, rest) = text.split_once('/').context("there is no repository")?;
        let (repository, tag) = rest.rsplit_once(':').context("there is no tag")?;
        Ok(Self {
            server: server.to_owned(),
            repository: repository.to_owned(),
            tag: tag.to_owned(),
        })
    }
}

fn main() -> Result<()> {
    match Arguments::parse().task {
        Task::Measure(arguments) => measure::run(&arguments),
        Task::OciClient(transfer) => runtime()?.block_on(oci_client::run(&transfer)),
        Task::Native(transfer) => runtime()?.block_on(native::run(&transfer)),
    }
}

fn runtime() -> Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .context("a runtime could not be made")
}
