//! Groups of options that several commands share.

mod credential;
mod pace;

use std::path::PathBuf;
use std::sync::Arc;

use clap::{Args, ValueEnum};
use wharf_host::{ClientCertificate, Connection, Pull, Registry, Store, Tls, Wharf};

pub(crate) use credential::CredentialArgs;
pub(crate) use pace::PaceArgs;

use crate::env;
use crate::error::CommandError;
use crate::output::Output;
use crate::progress::Progress;

/// How registries are reached, and as whom.
#[derive(Debug, Clone, Default, PartialEq, Eq, Args)]
#[command(next_help_heading = "Connection")]
pub(crate) struct ConnectionArgs {
    /// Talk plain HTTP to the registry, without TLS
    ///
    /// Without this, only a registry on this machine (`localhost`, `127.0.0.1`, `[::1]`) is
    /// spoken to in plain HTTP. Whoever is on the way can read and change everything,
    /// passwords included.
    #[arg(short = 'k', long, visible_alias = "insecure")]
    pub(crate) plain_http: bool,

    /// Trust the certificate authorities in this PEM file too
    #[arg(long, value_name = "FILE")]
    pub(crate) ca_file: Option<PathBuf>,

    /// Show the registry this client certificate (PEM)
    #[arg(long, value_name = "FILE", requires = "key_file")]
    pub(crate) cert_file: Option<PathBuf>,

    /// The private key of the client certificate (PEM)
    #[arg(long, value_name = "FILE", requires = "cert_file")]
    pub(crate) key_file: Option<PathBuf>,

    /// DANGEROUS: do not check who the registry is
    ///
    /// Accepts any certificate. Whoever is on the way can pretend to be the registry,
    /// and reads the password that is sent to it. For a registry with a certificate
    /// of your own authority, use --ca-file instead.
    #[arg(long)]
    pub(crate) tls_skip_verify: bool,

    #[command(flatten)]
    pub(crate) credential: CredentialArgs,

    #[command(flatten)]
    pub(crate) pace: PaceArgs,
}

/// Where content is kept on this machine.
#[derive(Debug, Clone, Default, PartialEq, Eq, Args)]
#[command(next_help_heading = "Content store")]
pub(crate) struct StoreArgs {
    /// Folder of the content store
    ///
    /// The default is `$WHARF_CACHE_DIR`, else `wharf` in the user's cache folder
    /// (`$XDG_CACHE_HOME`, else `~/.cache`). Several commands may use one store at the
    /// same time.
    #[arg(long, value_name = "DIR")]
    pub(crate) cache_dir: Option<PathBuf>,
}

/// When a registry is asked for what may be in the content store.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Args)]
#[command(next_help_heading = "Content store")]
pub(crate) struct PullArgs {
    /// Ask the registry `always`, only for what is `missing` here, or `never`
    ///
    /// With `always`, a tag is looked up each time, and what is here is not fetched
    /// again. With `missing`, a tag means what it meant when it was last seen.
    #[arg(long, value_enum, default_value_t, value_name = "WHEN")]
    #[arg(hide_possible_values = true)]
    pull: PullPolicy,

    /// Use no network: the same as `--pull never`
    #[arg(long, conflicts_with = "pull")]
    offline: bool,
}

/// The values of `--pull`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
enum PullPolicy {
    #[default]
    Always,
    Missing,
    Never,
}

impl PullArgs {
    /// As the host library takes it.
    pub(crate) fn policy(self) -> Pull {
        match self.pull {
            _ if self.offline => Pull::Never,
            PullPolicy::Always => Pull::Always,
            PullPolicy::Missing => Pull::Missing,
            PullPolicy::Never => Pull::Never,
        }
    }
}

/// How results and status are printed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Args)]
#[command(next_help_heading = "Output")]
pub(crate) struct OutputArgs {
    /// Print the result as `plain` text or as `json`
    ///
    /// With `json`, warnings and errors are JSON too: one object a line, on standard
    /// error.
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    #[arg(hide_possible_values = true)]
    pub(crate) format: Format,

    /// Print no progress and no status
    ///
    /// The result, warnings and errors are printed all the same.
    #[arg(short, long, aliases = ["sh", "shush"])]
    pub(crate) quiet: bool,

    /// Show every request to the registry, without anything secret
    #[arg(short, long, conflicts_with = "quiet")]
    pub(crate) verbose: bool,
}

/// The form of what is printed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// Text for people.
    #[default]
    Plain,
    /// JSON for programs.
    Json,
}

impl ConnectionArgs {
    /// As the host library takes it. Warns, loudly, when the registry's identity is
    /// not going to be checked.
    pub(crate) fn connection(&self, output: Output) -> Connection {
        if self.tls_skip_verify {
            output.warning(
                "--tls-skip-verify: the registry's certificate is NOT checked. Anyone on the \
                 way can read the credential and replace the content",
            );
        }
        Connection {
            plain_http: self.plain_http,
            tls: Tls {
                ca_file: self.ca_file.clone(),
                client_certificate: self
                    .cert_file
                    .clone()
                    .zip(self.key_file.clone())
                    .map(|(certificate, key)| ClientCertificate { certificate, key }),
                skip_verify: self.tls_skip_verify,
            },
            pace: self.pace.pace(),
        }
    }
}

impl StoreArgs {
    /// Opens the store, which creates it where there is none.
    pub(crate) fn open(&self) -> Result<Store, CommandError> {
        let path = match &self.cache_dir {
            Some(path) => path.clone(),
            None => default_store().ok_or_else(|| {
                CommandError::usage("there is no home folder to keep content in").hint(format!(
                    "name a folder with --cache-dir or ${}",
                    env::CACHE_DIR
                ))
            })?,
        };
        Store::open(&path).map_err(|error| CommandError::opening_store(&error))
    }
}

impl OutputArgs {
    /// How this run prints.
    pub(crate) fn output(self) -> Output {
        Output::new(self.format, self.quiet).with_requests(self.verbose)
    }
}

/// A client of these registries over this store, with the user's credentials and
/// progress. Without registries it serves what needs none.
pub(crate) fn wharf(
    store: Store,
    registries: &[&Registry],
    connection: &ConnectionArgs,
    output: Output,
    progress: &Progress,
) -> Result<Wharf, CommandError> {
    let mut builder = Wharf::builder(store).observer(Arc::new(progress.clone()));
    if !registries.is_empty() {
        let credentials = connection.credential.sources(registries, output)?;
        builder = builder
            .connection(connection.connection(output))
            .credentials(Arc::new(credentials));
    }
    Ok(builder.build()?)
}

/// Parses `KEY=VALUE`. The value may be empty and may have further equals signs.
pub(crate) fn key_value(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((key, value)) if !key.is_empty() => Ok((key.to_owned(), value.to_owned())),
        _ => Err("expected KEY=VALUE".to_owned()),
    }
}

fn default_store() -> Option<PathBuf> {
    if let Some(path) = env::value(env::CACHE_DIR) {
        return Some(path.into());
    }
    // The specification has relative paths ignored.
    let caches = env::value(env::XDG_CACHE_HOME)
        .map(PathBuf::from)
        .filter(|path| path.is_absolute())
        .or_else(|| {
            let home = std::env::home_dir().filter(|home| home.is_absolute())?;
            Some(home.join(".cache"))
        })?;
    Some(caches.join("wharf"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_first_equals_sign_separates() {
        let pair = |key: &str, value: &str| Ok((key.to_owned(), value.to_owned()));
        assert_eq!(key_value("a=b=c"), pair("a", "b=c"));
        assert_eq!(key_value("a="), pair("a", ""));
        assert!(key_value("a").is_err());
        assert!(key_value("=b").is_err());
    }

    #[test]
    fn a_client_certificate_comes_with_its_key() {
        let args = ConnectionArgs {
            cert_file: Some("cert.pem".into()),
            key_file: Some("key.pem".into()),
            ..ConnectionArgs::default()
        };
        let connection = args.connection(Output::new(Format::Plain, true));
        let certificate = connection.tls.client_certificate.unwrap();
        assert_eq!(certificate.certificate, PathBuf::from("cert.pem"));
        assert_eq!(certificate.key, PathBuf::from("key.pem"));
    }
}
