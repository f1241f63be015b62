//! The settings of one registry, when everything that sets something was heard.

use std::num::NonZeroU64;
use std::path::PathBuf;
use std::time::Duration;

use wharf_host::{
    Allowance, ClientCertificate, Connection, Location, Pace, Proxies, Registry, Tls,
};

use super::key::{Key, Value};
use super::layer::Layer;
use crate::env;
use crate::error::CommandError;
use crate::output::Output;

/// How a registry is dealt with.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct RegistrySettings {
    /// Plain HTTP and nothing else.
    pub(super) plain_http: bool,
    /// Authorities to trust besides the system's.
    pub(super) ca_file: Option<PathBuf>,
    /// A certificate to show, and its key.
    pub(super) client_certificate: Option<(PathBuf, PathBuf)>,
    /// When the registry's certificate is not checked: what says so.
    pub(super) skip_verify: Option<String>,
    /// The proxies that were chosen; none for those of the environment.
    proxies: Option<Proxies>,
    /// Where it may lead although that is private.
    allowed: Vec<Allowance>,
    /// Who is asked before it.
    mirrors: Vec<Location>,
    /// In bytes for each second, both directions together.
    bandwidth: Option<NonZeroU64>,
    /// How fast and how stubbornly.
    pub(super) pace: Pace,
}

impl RegistrySettings {
    pub(super) fn of(merged: &Layer) -> Self {
        let flag = |key| matches!(merged.value(key), Some(Value::Flag(true)));
        let file = |key| match merged.value(key) {
            Some(Value::File(path)) => Some(path.clone()),
            _ => None,
        };
        let count = |key| match merged.value(key) {
            Some(Value::Count(count)) => Some(*count),
            _ => None,
        };
        let time = |key| -> Option<Duration> {
            match merged.value(key) {
                Some(Value::Time(time)) => Some(*time),
                _ => None,
            }
        };
        let skip_verify = merged.get(Key::TlsSkipVerify);
        Self {
            plain_http: flag(Key::PlainHttp),
            ca_file: file(Key::CaFile),
            client_certificate: file(Key::CertFile).zip(file(Key::PrivateKeyFile)),
            skip_verify: skip_verify
                .filter(|setting| setting.value == Value::Flag(true))
                .map(|setting| setting.place.clone()),
            proxies: match merged.value(Key::Proxy) {
                Some(Value::Proxy(proxy)) => {
                    Some(proxy.clone().map(Proxies::through).unwrap_or_default())
                }
                _ => None,
            },
            allowed: match merged.value(Key::Allow) {
                Some(Value::Allow(allowed)) => allowed.clone(),
                _ => Vec::new(),
            },
            mirrors: match merged.value(Key::Mirrors) {
                Some(Value::Mirrors(mirrors)) => mirrors.clone(),
                _ => Vec::new(),
            },
            bandwidth: match merged.value(Key::Bandwidth) {
                Some(Value::Rate(rate)) => Some(*rate),
                _ => None,
            },
            pace: Pace {
                concurrency: count(Key::Concurrency),
                connect_timeout: time(Key::ConnectTimeout),
                stall_timeout: time(Key::StallTimeout),
                retries: count(Key::Retries),
                first_wait: time(Key::FirstWait),
                longest_wait: time(Key::LongestWait),
            },
        }
    }

    /// Whether it is spoken to in plain HTTP and nothing else.
    pub(crate) fn is_plain(&self) -> bool {
        self.plain_http
    }

    /// As the host library takes them. Warns, loudly, when the registry's identity is
    /// not going to be checked.
    pub(crate) fn connection(
        self,
        registry: &Registry,
        output: Output,
    ) -> Result<Connection, CommandError> {
        let proxies = self.proxies(registry)?;
        if let Some(place) = &self.skip_verify {
            output.warning(&format!(
                "{place}: the certificate of {registry} is NOT checked. Anyone on the way \
                 can read the credential and replace the content"
            ));
        }
        Ok(Connection {
            plain_http: self.plain_http,
            tls: Tls {
                ca_file: self.ca_file,
                client_certificate: self
                    .client_certificate
                    .map(|(certificate, key)| ClientCertificate { certificate, key }),
                skip_verify: self.skip_verify.is_some(),
            },
            proxies,
            allowed: self.allowed,
            mirrors: self.mirrors,
            bandwidth: self.bandwidth,
            pace: self.pace,
        })
    }

    fn proxies(&self, registry: &Registry) -> Result<Proxies, CommandError> {
        match &self.proxies {
            Some(proxies) => Ok(proxies.clone()),
            // The environment's are never for this machine.
            None if registry.is_loopback() => Ok(Proxies::default()),
            None => Proxies::of_environment(|name| env::value(name)?.into_string().ok()).map_err(
                |error| {
                    CommandError::usage(error.to_string())
                        .hint("to go without a proxy, say `--proxy none`")
                },
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::options::Format;

    #[test]
    fn everything_reaches_the_connection() {
        let mut layer = Layer::default();
        for (key, text) in [
            (Key::CaFile, "ca.pem"),
            (Key::CertFile, "cert.pem"),
            (Key::PrivateKeyFile, "key.pem"),
            (Key::TlsSkipVerify, "true"),
            (Key::Proxy, "p.example:3128"),
            (Key::Bandwidth, "1MiB/s"),
            (Key::Mirrors, "m.example, n.example/hub"),
            (Key::Allow, "https://b.example, 10.0.0.0/8"),
            (Key::Concurrency, "3"),
            (Key::ConnectTimeout, "1s"),
            (Key::StallTimeout, "2s"),
            (Key::Retries, "4"),
            (Key::FirstWait, "5ms"),
            (Key::LongestWait, "6ms"),
        ] {
            layer.set_flag(key, Some(key.parse(text).unwrap()));
        }
        let settings = RegistrySettings::of(&layer);
        assert_eq!(settings.skip_verify.as_deref(), Some("--tls-skip-verify"));
        let registry = "r.example".parse().unwrap();
        let connection = settings
            .connection(&registry, Output::new(Format::Plain, true))
            .unwrap();
        assert!(!connection.plain_http);
        assert_eq!(connection.tls.ca_file, Some("ca.pem".into()));
        assert!(connection.tls.skip_verify);
        let proxy = "p.example:3128".parse().unwrap();
        assert_eq!(connection.proxies, Proxies::through(proxy));
        assert_eq!(connection.allowed.len(), 2);
        assert_eq!(connection.mirrors.len(), 2);
        assert_eq!(connection.bandwidth, NonZeroU64::new(1 << 20));
        let certificate = connection.tls.client_certificate.unwrap();
        assert_eq!(certificate.certificate, PathBuf::from("cert.pem"));
        assert_eq!(certificate.key, PathBuf::from("key.pem"));
        let pace = Pace {
            concurrency: Some(3),
            connect_timeout: Some(Duration::from_secs(1)),
            stall_timeout: Some(Duration::from_secs(2)),
            retries: Some(4),
            first_wait: Some(Duration::from_millis(5)),
            longest_wait: Some(Duration::from_millis(6)),
        };
        assert_eq!(connection.pace, pace);
    }
}
