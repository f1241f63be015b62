//! The command line.

use clap::{Args, Parser, Subcommand};
use wharf_oci::Reference;

/// Publish and fetch WebAssembly applications through OCI registries, in a runtime that
/// offers WASI alone.
///
/// The directory that is preopened as `/store` has the content store. Credentials come
/// from `$DOCKER_AUTH_CONFIG`, or from the directory of a Docker config that is preopened
/// as `/docker`; without them, it is done as anybody.
#[derive(Parser)]
#[command(
    name = "wharf.wasm",
    version,
    max_term_width = 100,
    after_long_help = "\
Examples:
  $ wasmtime run -S http --dir shop::/app --dir store::/store wharf.wasm \\
      push ghcr.io/user/shop:v1 -f /app

Exit codes:
  0  everything that was asked for was done
  1  anything else went wrong
  2  the command line, or a file of yours, is wrong
  3  the registry refuses the credential, or wants one
  4  the registry does not have what was asked for
  5  the registry can't be reached, or breaks the protocol
  6  content is not what its digest or size promises
  7  refused, or not offered here"
)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Pack an application, or a component, and send it to a registry
    Push(Push),
    /// Bring what a reference leads to into the content store
    Pull(Pull),
    /// Show what a reference leads to
    Inspect(Inspect),
    /// Copy to another repository, through the content store where the registry can't do
    /// it itself
    Copy(Copy),
}

#[derive(Args)]
pub(crate) struct Push {
    /// Where to send it: `[registry/]repository[:tag]`
    #[arg(value_name = "REFERENCE")]
    pub(crate) reference: Reference,

    /// What to send: a spin.toml, the directory of one, a component (a file whose name
    /// ends with `.wasm`), or what the content store has by this reference or digest
    #[arg(short = 'f', long, value_name = "FILE|DIR|REFERENCE|DIGEST")]
    pub(crate) from: String,

    #[command(flatten)]
    pub(crate) connection: Connection,
}

#[derive(Args)]
pub(crate) struct Pull {
    /// What to fetch: `[registry/]repository[:tag][@digest]`
    #[arg(value_name = "REFERENCE")]
    pub(crate) reference: Reference,

    #[command(flatten)]
    pub(crate) connection: Connection,
}

#[derive(Args)]
pub(crate) struct Inspect {
    /// What to show: `[registry/]repository[:tag][@digest]`
    #[arg(value_name = "REFERENCE")]
    pub(crate) reference: Reference,

    #[command(flatten)]
    pub(crate) connection: Connection,
}

#[derive(Args)]
pub(crate) struct Copy {
    /// What to copy
    #[arg(value_name = "SOURCE")]
    pub(crate) source: Reference,

    /// Where to
    #[arg(value_name = "TARGET")]
    pub(crate) target: Reference,

    #[command(flatten)]
    pub(crate) connection: Connection,
}

#[derive(Args)]
pub(crate) struct Connection {
    /// Speak plain HTTP. A registry on this machine (localhost, 127.0.0.1) is asked in
    /// plain HTTP anyway
    #[arg(long)]
    pub(crate) plain_http: bool,
}
