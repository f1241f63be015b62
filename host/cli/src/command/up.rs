//! `wharf up`

use std::ffi::OsString;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, ToSocketAddrs as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::Serialize;
use wharf_host::{Digest, PackOptions, Packed, Platform, PullOptions, Reference, Wharf};
use wharf_up::{App, Server, Settings};

use crate::build;
use crate::client;
use crate::env;
use crate::error::{CommandError, RunError};
use crate::interrupt::Interrupts;
use crate::options::{self, ConnectionArgs, OutputArgs, PullArgs, StoreArgs, TrustArgs};
use crate::output::{Answer, Output};
use crate::progress::Progress;
use crate::source::{self, Source};
use crate::unpacking::UnpackingArgs;
use crate::variable;

/// Run an application and serve its HTTP routes
///
/// Runs the application of a registry, or one of this machine; without -f, that of the
/// spin.toml in the current directory, or of the nearest one above in its repository. A
/// component that is alone, a file whose name ends with `.wasm` or an artifact of package
/// tools such as wkg, answers all requests. What a tag leads to is looked up each time, and
/// only what changed is fetched. Every byte is checked against its digest before it runs.
///
/// The application is sandboxed: it reads its own files, and reaches only the hosts
/// that its spin.toml allows. Ctrl-C ends it, after the requests that it is answering;
/// a second Ctrl-C ends it at once.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Examples:
  Run what a registry has:
  $ wharf up -f ghcr.io/user/app:v1

  Run a component:
  $ wharf up -f hello.wasm

  Run the application of the current directory, on another port:
  $ wharf up --listen 127.0.0.1:8080

  Run with an environment variable, and let programs read where it listens:
  $ wharf up -f ghcr.io/user/app:v1 -e LOG=debug --find-free-port --format json")]
pub(super) struct Args {
    /// The application: a reference, a spin.toml, the directory of one, or a component (a
    /// file whose name ends with `.wasm` or `.wat`)
    ///
    /// A path that exists wins over a reference.
    #[arg(short = 'f', long, value_name = "REFERENCE|FILE|DIR", group = "source")]
    from: Option<OsString>,

    /// The application, as a path and never as a reference
    #[arg(
        long,
        alias = "file",
        value_name = "FILE|DIR",
        group = "source",
        hide_short_help = true
    )]
    from_file: Option<PathBuf>,

    /// The application, as a reference and never as a path
    #[arg(
        long,
        value_name = "REFERENCE",
        group = "source",
        hide_short_help = true
    )]
    from_registry: Option<Reference>,

    /// The address to listen on
    #[arg(long, value_name = "HOST:PORT", env = env::HTTP_LISTEN_ADDR, default_value = "127.0.0.1:3000")]
    #[arg(hide_env_values = true, value_parser = listen_address)]
    listen: SocketAddr,

    /// When the port is in use, try the next ones, ten in all
    #[arg(long)]
    find_free_port: bool,

    /// Set an environment variable for every component (can be repeated)
    #[arg(short, long, value_name = "KEY=VALUE", value_parser = options::key_value)]
    env: Vec<(String, String)>,

    /// Give a variable of the application a value (can be repeated)
    ///
    /// `KEY=VALUE`; `KEY=@FILE` for the content of a file; `@FILE.toml` or `@FILE.json` for
    /// a table of values. Other users of this machine can see a value on the command line:
    /// prefer a file for a secret. Variables that are not given are looked for in the
    /// environment, `SPIN_VARIABLE_API_KEY` for `api_key`.
    #[arg(long, value_name = "KEY=VALUE|KEY=@FILE|@FILE")]
    variable: Vec<String>,

    /// Run what the components of a spin.toml say in this profile
    #[arg(long, value_name = "PROFILE")]
    profile: Option<String>,

    /// Build the components of a spin.toml first: run their `build` commands
    ///
    /// In the order of the spin.toml, each in its `workdir`, by the shell. Also with
    /// `$SPIN_ALWAYS_BUILD` set.
    #[arg(long)]
    build: bool,

    /// Of an index in a registry, run the manifest for this platform
    #[arg(long, value_name = "OS/ARCH[/VARIANT]")]
    platform: Option<Platform>,

    #[command(flatten)]
    pub(super) connection: ConnectionArgs,

    #[command(flatten)]
    store: StoreArgs,

    #[command(flatten)]
    when: PullArgs,

    #[command(flatten)]
    trust: TrustArgs,

    #[command(flatten)]
    unpacking: UnpackingArgs,

    #[command(flatten)]
    pub(super) output: OutputArgs,
}

/// What is printed once the application can be requested. The keys are Spin's.
#[derive(Debug, PartialEq, Eq, Serialize)]
struct Serving {
    base_url: String,
    routes: Vec<Route>,
}

#[derive(Debug, PartialEq, Eq, Serialize)]
struct Route {
    /// The component that answers.
    id: String,
    #[serde(rename = "route")]
    path: String,
    wildcard: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<String>,
}

impl Args {
    /// Runs the application until it is interrupted.
    pub(super) async fn run(mut self, output: Output) -> Result<(), CommandError> {
        self.connection = self.connection.trusting(self.trust.clone());
        // Before anything is done.
        self.connection.sandbox()?;
        let source = self.source(output)?;
        let interrupts = Interrupts::listen()?;
        let app = tokio::select! {
            app = self.load(source, output) => app?,
            () = interrupts.clone().wait_for(1) => return Ok(()),
        };
        let server = app.listen(self.listen, self.find_free_port).await?;
        output.answer(&Serving::of(&server))?;
        tokio::select! {
            ended = server.serve(interrupts.clone().wait_for(1)) => Ok(ended?),
            () = interrupts.wait_for(2) => Ok(()),
        }
    }

    pub(super) fn source(&self, output: Output) -> Result<Source, CommandError> {
        if let Some(reference) = &self.from_registry {
            Ok(Source::Registry(reference.clone()))
        } else if let Some(path) = &self.from_file {
            Source::at(path)
        } else if let Some(text) = &self.from {
            Source::infer(text)
        } else {
            source::nearest(output).map(Source::Manifest)
        }
    }

    /// The application, ready to listen.
    async fn load(&self, source: Source, output: Output) -> Result<App, CommandError> {
        match &source {
            Source::Registry(reference) if self.build => {
                return Err(CommandError::usage(format!(
                    "--build is for a spin.toml, and {reference} was published built"
                )));
            }
            Source::Manifest(path) | Source::Component(path) if self.trust.names_signers() => {
                return Err(CommandError::usage(format!(
                    "{} is a path of this machine, and only what comes from a registry can be \
                     required to be signed",
                    path.display()
                ))
                .hint(
                    "name a reference with --from-registry, or leave out who has to have signed",
                ));
            }
            Source::Manifest(manifest) if build::is_wanted(self.build) => {
                build::build(manifest, self.profile.as_deref(), output).await?;
            }
            _ => {}
        }
        let store = self.store.open()?;
        let progress = Progress::new(output);
        let packing = PackOptions {
            profile: self.profile.clone(),
            ignore: self.connection.settings()?.ignore_rules(),
            // It stays on this machine.
            secret_defaults: true,
            fetch: self.when.policy(),
            ..PackOptions::default()
        };
        let connection = &self.connection;
        let wharf = match &source {
            Source::Registry(reference) => {
                client::wharf(store, &[&reference.registry], connection, output, &progress)?
            }
            Source::Manifest(manifest) => {
                let packed = (manifest.as_path(), &packing);
                client::wharf_to_pack(store, &[], packed, connection, output, &progress).await?
            }
            Source::Component(_) => client::wharf(store, &[], connection, output, &progress)?,
        };
        // Until the application holds its content.
        let _work = wharf.at_work().await?;
        let settings = Settings {
            environment: self.env.clone(),
            variables: variable::given(&self.variable)?,
            fallback: variable::of_environment(),
            reference: None,
            published: None,
            notice: Some(Arc::new(move |line: &str| output.warning(line))),
        };
        match source {
            Source::Registry(reference) if self.profile.is_some() => {
                Err(CommandError::usage(format!(
                    "--profile is for a spin.toml, and {reference} was published with one or \
                     without"
                )))
            }
            Source::Component(path) if self.profile.is_some() => Err(CommandError::usage(format!(
                "--profile is for a spin.toml, and {} is run without one",
                path.display()
            ))),
            Source::Registry(reference) => {
                let settings = Settings {
                    reference: Some(reference.to_string()),
                    ..settings
                };
                let options = PullOptions {
                    policy: self.when.policy(),
                    platform: self.platform.clone(),
                    referrers: false,
                };
                let unpacking = self.unpacking;
                fetched(&wharf, &reference, &options, unpacking, settings, &progress).await
            }
            Source::Manifest(manifest) => {
                let packed = wharf.pack(&manifest, &packing).await;
                let packed = packed.map_err(|error| CommandError::packing(error, &manifest))?;
                run(&wharf, packed, &manifest, self.unpacking, settings, output).await
            }
            Source::Component(path) => {
                let packed = wharf.pack_component(&path, &PackOptions::default()).await;
                let packed = packed.map_err(|error| CommandError::packing_alone(error, &path))?;
                run(&wharf, packed, &path, self.unpacking, settings, output).await
            }
        }
    }
}

/// What was packed on this machine.
async fn run(
    wharf: &Wharf,
    packed: Packed,
    path: &Path,
    unpacking: UnpackingArgs,
    settings: Settings,
    output: Output,
) -> Result<App, CommandError> {
    for warning in &packed.warnings {
        output.warning(warning);
    }
    let ready = ready(wharf, &packed.manifest.digest, unpacking, settings).await;
    ready.map_err(|error| {
        CommandError::from(error).while_doing(format!("cannot run {}", path.display()))
    })
}

/// The application of an artifact in the store, once it is made ready to be run.
async fn ready(
    wharf: &Wharf,
    artifact: &Digest,
    unpacking: UnpackingArgs,
    settings: Settings,
) -> Result<App, RunError> {
    let settings = Settings {
        published: Some(artifact.clone()),
        ..settings
    };
    let ready = unpacking.prepare(wharf, artifact).await?;
    Ok(wharf_up::prepare(wharf.store(), &ready, settings).await?)
}

/// The application of a reference. What of it turns out to be missing from the store or
/// damaged there (the store then sets it aside) is fetched again, once.
async fn fetched(
    wharf: &Wharf,
    reference: &Reference,
    options: &PullOptions,
    unpacking: UnpackingArgs,
    settings: Settings,
    progress: &Progress,
) -> Result<App, CommandError> {
    let digest = pull(wharf, reference, options, progress).await?;
    let mut prepared = ready(wharf, &digest, unpacking, settings.clone()).await;
    if matches!(&prepared, Err(error) if error.is_about_content()) {
        let exactly = reference.at_digest(digest.clone());
        pull(wharf, &exactly, options, progress).await?;
        prepared = ready(wharf, &digest, unpacking, settings).await;
    }
    prepared
        .map_err(|error| CommandError::from(error).while_doing(format!("cannot run {reference}")))
}

async fn pull(
    wharf: &Wharf,
    reference: &Reference,
    options: &PullOptions,
    progress: &Progress,
) -> Result<Digest, CommandError> {
    let pulled = wharf.pull_with(reference, options).await;
    progress.clear();
    match pulled {
        Ok(report) => Ok(report.manifest.digest),
        Err(error) => Err(CommandError::at_registry(error, &reference.registry)
            .while_doing(format!("cannot pull {reference}"))),
    }
}

impl Serving {
    fn of(server: &Server) -> Self {
        Self {
            base_url: format!("http://{}", server.address()),
            routes: server
                .routes()
                .iter()
                .map(|route| Route {
                    id: route.id.clone(),
                    path: route.route.clone(),
                    wildcard: route.wildcard,
                    description: route.description.clone(),
                })
                .collect(),
        }
    }
}

impl Answer for Serving {
    /// To the letter what Spin prints, for the scripts that wait for it.
    fn lines(&self) -> Vec<String> {
        let base_url = &self.base_url;
        let mut lines = vec![
            String::new(),
            format!("Serving {base_url}"),
            "Available Routes:".to_owned(),
        ];
        for route in &self.routes {
            let wildcard = if route.wildcard { " (wildcard)" } else { "" };
            lines.push(format!(
                "  {}: {base_url}{}{wildcard}",
                route.id, route.path
            ));
            if let Some(description) = &route.description {
                lines.push(format!("    {description}"));
            }
        }
        lines
    }
}

/// The address of `HOST:PORT`. Of several, 127.0.0.1 is preferred, as with Spin: that
/// is where `localhost` is expected to listen.
fn listen_address(text: &str) -> Result<SocketAddr, String> {
    let addresses: Vec<SocketAddr> = text
        .to_socket_addrs()
        .map_err(|error| format!("expected HOST:PORT: {error}"))?
        .collect();
    addresses
        .iter()
        .find(|address| address.ip() == IpAddr::V4(Ipv4Addr::LOCALHOST))
        .or(addresses.first())
        .copied()
        .ok_or_else(|| "the host has no address".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_routes_are_printed_as_spin_prints_them() {
        let serving = Serving {
            base_url: "http://127.0.0.1:3000".to_owned(),
            routes: vec![
                Route {
                    id: "hello".to_owned(),
                    path: "/hello".to_owned(),
                    wildcard: false,
                    description: Some("Says hello".to_owned()),
                },
                Route {
                    id: "assets".to_owned(),
                    path: "/static".to_owned(),
                    wildcard: true,
                    description: None,
                },
            ],
        };
        assert_eq!(
            serving.lines(),
            [
                "",
                "Serving http://127.0.0.1:3000",
                "Available Routes:",
                "  hello: http://127.0.0.1:3000/hello",
                "    Says hello",
                "  assets: http://127.0.0.1:3000/static (wildcard)",
            ]
        );
        assert_eq!(
            serde_json::to_value(&serving).unwrap(),
            serde_json::json!({
                "base_url": "http://127.0.0.1:3000",
                "routes": [
                    {"id": "hello", "route": "/hello", "wildcard": false,
                     "description": "Says hello"},
                    {"id": "assets", "route": "/static", "wildcard": true},
                ],
            })
        );
    }

    #[test]
    fn localhost_is_127_0_0_1() {
        assert_eq!(
            listen_address("localhost:8080").unwrap(),
            SocketAddr::from(([127, 0, 0, 1], 8080))
        );
        assert_eq!(listen_address("[::1]:0").unwrap().to_string(), "[::1]:0");
        for text in ["", "localhost", "3000", "127.0.0.1:70000"] {
            let error = listen_address(text).unwrap_err();
            assert!(error.contains("HOST:PORT"), "{text}: {error}");
        }
    }
}
