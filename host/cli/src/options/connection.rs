//! How registries are reached, and as whom; and what watches over that.

use std::path::PathBuf;
use std::sync::OnceLock;

use clap::Args;
use wharf_host::policy::Policies;
use wharf_host::trust::Trust;

use super::{CredentialArgs, SandboxArgs, TrustArgs};
use crate::config::{self, Config, Key, Layer, Value};
use crate::error::CommandError;
use crate::sandbox::Sandbox;

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
    plain_http: bool,

    /// Trust the certificate authorities in this PEM file too
    #[arg(long, value_name = "FILE")]
    ca_file: Option<PathBuf>,

    /// Show the registry this client certificate (PEM)
    #[arg(long, value_name = "FILE", requires = "key_file")]
    cert_file: Option<PathBuf>,

    /// The private key of the client certificate (PEM)
    #[arg(long, value_name = "FILE", requires = "cert_file")]
    key_file: Option<PathBuf>,

    /// DANGEROUS: do not check who the registry is
    ///
    /// Accepts any certificate. Whoever is on the way can pretend to be the registry,
    /// and reads the password that is sent to it. For a registry with a certificate
    /// of your own authority, use --ca-file instead.
    #[arg(long)]
    tls_skip_verify: bool,

    /// Go through this proxy, `http://host:port`, or `none`
    ///
    /// Registries with TLS are asked through a tunnel that the proxy can't look into.
    /// A user and a password may stand before the host; other users of this machine see
    /// the command line, so put them into the configuration file or into `$WHARF_PROXY`.
    /// Without this, the proxies of the environment count: `https_proxy`, `http_proxy`,
    /// `all_proxy` and `no_proxy`, but never for a registry on this machine. Through a
    /// proxy, it is the proxy that looks names up: addresses that may not be reached are
    /// then refused where they stand in an address as numbers, and not behind names.
    #[arg(long, value_name = "URL", value_parser = config::Reader(Key::Proxy))]
    #[arg(hide_short_help = true)]
    proxy: Option<Value>,

    /// Let the registry lead to this private origin or range of addresses
    ///
    /// `https://host:port` or `10.0.0.0/8`, for a blob store or a token server on a
    /// private network. May be given several times. Metadata services of clouds and
    /// link-local addresses are never reached, whatever is allowed.
    #[arg(long, value_name = "PLACE", value_parser = config::Reader(Key::Allow))]
    #[arg(hide_short_help = true)]
    allow: Vec<Value>,

    /// Fetch from this mirror first, `host:port` or `host/prefix`
    ///
    /// May be given several times: they are asked in this order, and then the registry
    /// itself. Every byte is checked by digest; what a tag leads to is the mirror's word.
    /// A mirror has its own settings and credentials. Nothing is ever sent there.
    #[arg(long, visible_alias = "mirror", value_name = "MIRROR")]
    #[arg(value_parser = config::Reader(Key::Mirrors), hide_short_help = true)]
    mirrors: Vec<Value>,

    /// Move at most so many bytes in a second, `10MiB/s` for example [default: no limit]
    ///
    /// For all transfers with a registry together, and for both directions together.
    #[arg(long, value_name = "RATE", value_parser = config::Reader(Key::Bandwidth))]
    #[arg(hide_short_help = true)]
    bandwidth: Option<Value>,

    /// Move at most so many blobs at once [default: 64]
    #[arg(long, value_name = "COUNT", value_parser = config::Reader(Key::Concurrency))]
    #[arg(hide_short_help = true)]
    concurrency: Option<Value>,

    /// Wait no longer for a connection, `500ms` for example [default: 10s]
    #[arg(long, value_name = "TIME", value_parser = config::Reader(Key::ConnectTimeout))]
    #[arg(hide_short_help = true)]
    connect_timeout: Option<Value>,

    /// Give up when nothing moves for so long [default: 30s]
    #[arg(long, value_name = "TIME", value_parser = config::Reader(Key::StallTimeout))]
    #[arg(hide_short_help = true)]
    stall_timeout: Option<Value>,

    /// Send a request again at most so often, when it failed for a passing reason
    /// [default: 5]
    #[arg(long, value_name = "COUNT", value_parser = config::Reader(Key::Retries))]
    #[arg(hide_short_help = true)]
    retries: Option<Value>,

    /// The longest wait before the first retry [default: 250ms]
    #[arg(long, value_name = "TIME", value_parser = config::Reader(Key::FirstWait))]
    #[arg(hide_short_help = true)]
    first_wait: Option<Value>,

    /// The longest wait before any retry [default: 30s]
    #[arg(long, value_name = "TIME", value_parser = config::Reader(Key::LongestWait))]
    #[arg(hide_short_help = true)]
    longest_wait: Option<Value>,

    #[command(flatten)]
    sandbox: SandboxArgs,

    #[arg(skip)]
    opened: Opened,

    #[arg(skip)]
    trust: TrustArgs,

    #[command(flatten)]
    pub(crate) credential: CredentialArgs,
}

/// What watches over the command, once it was set up.
#[derive(Debug, Clone, Default)]
struct Opened(OnceLock<Sandbox>);

/// It is no option.
impl PartialEq for Opened {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for Opened {}

impl ConnectionArgs {
    /// The settings of all registries: these, the environment's, and those of files.
    pub(crate) fn settings(&self) -> Result<Config, CommandError> {
        let mut flags = Layer::default();
        let flag = |is_set: bool| is_set.then_some(Value::Flag(true));
        let file = |path: &Option<PathBuf>| path.clone().map(Value::File);
        for (key, value) in [
            (Key::PlainHttp, flag(self.plain_http)),
            (Key::CaFile, file(&self.ca_file)),
            (Key::CertFile, file(&self.cert_file)),
            (Key::PrivateKeyFile, file(&self.key_file)),
            (Key::TlsSkipVerify, flag(self.tls_skip_verify)),
            (Key::Proxy, self.proxy.clone()),
            (Key::Allow, Value::joined(&self.allow)),
            (Key::Mirrors, Value::joined(&self.mirrors)),
            (Key::Bandwidth, self.bandwidth.clone()),
            (Key::Concurrency, self.concurrency.clone()),
            (Key::ConnectTimeout, self.connect_timeout.clone()),
            (Key::StallTimeout, self.stall_timeout.clone()),
            (Key::Retries, self.retries.clone()),
            (Key::FirstWait, self.first_wait.clone()),
            (Key::LongestWait, self.longest_wait.clone()),
        ] {
            flags.set_flag(key, value);
        }
        Config::load(self.sandbox.config.as_deref(), flags)
    }

    /// Those of a command that has no others: all else stands in files.
    pub(crate) fn of_files(sandbox: SandboxArgs) -> Self {
        Self {
            sandbox,
            ..Self::default()
        }
    }

    /// The same for what uses what it fetches: with what is required of it.
    pub(crate) fn trusting(self, trust: TrustArgs) -> Self {
        Self { trust, ..self }
    }

    /// What has to be signed before it is used.
    pub(crate) fn trust(&self) -> Result<Trust, CommandError> {
        let mut trust = self.settings()?.trust();
        trust.always.extend(self.trust.rule()?);
        trust.unverified = self.trust.allow_unverified();
        Ok(trust)
    }

    /// What watches over the command: read, and opened, when it is first asked for, which
    /// is before anything is done.
    pub(crate) fn sandbox(&self) -> Result<&Sandbox, CommandError> {
        if let Some(sandbox) = self.opened.0.get() {
            return Ok(sandbox);
        }
        let sandbox = Sandbox::open(self.policies()?, self.sandbox.audit.as_deref())?;
        Ok(self.opened.0.get_or_init(|| sandbox))
    }

    /// The policies that hold.
    pub(crate) fn policies(&self) -> Result<Policies, CommandError> {
        self.settings()?.policies(&self.sandbox.policy)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::options::Format;
    use crate::output::Output;

    #[test]
    fn a_flag_covers_every_file() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let text = "[registry.\"r.example\"]\nconcurrency = 2\nretries = 2\n";
        std::fs::write(file.path(), text).unwrap();
        let args = ConnectionArgs {
            plain_http: true,
            retries: Some(Value::Count(3)),
            sandbox: SandboxArgs {
                config: Some(file.path().to_owned()),
                ..SandboxArgs::default()
            },
            ..ConnectionArgs::default()
        };
        let registry = "r.example".parse().unwrap();
        let settings = args.settings().unwrap().settings(&registry).unwrap();
        let connection = settings
            .connection(&registry, Output::new(Format::Plain, true))
            .unwrap();
        assert!(connection.plain_http);
        assert_eq!(connection.pace.retries, Some(3));
        assert_eq!(connection.pace.concurrency, Some(2));
    }
}
