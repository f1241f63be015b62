//! The settings of a registry: their names, and the form of their values.

use std::ffi::OsStr;
use std::fmt::Display;
use std::num::NonZeroU64;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::Duration;

use clap::builder::TypedValueParser;
use clap::error::ErrorKind;
use wharf_host::{Allowance, Location, ProxyAddress};

/// A setting of a registry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Key {
    PlainHttp,
    CaFile,
    CertFile,
    PrivateKeyFile,
    TlsSkipVerify,
    Proxy,
    Allow,
    Mirrors,
    Bandwidth,
    Concurrency,
    ConnectTimeout,
    StallTimeout,
    Retries,
    FirstWait,
    LongestWait,
}

/// What a setting is set to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Value {
    Flag(bool),
    File(PathBuf),
    /// None to use none.
    Proxy(Option<ProxyAddress>),
    Allow(Vec<Allowance>),
    Mirrors(Vec<Location>),
    /// In bytes for each second.
    Rate(NonZeroU64),
    Count(u32),
    Time(Duration),
}

/// Reads the values of a key from the command line.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Reader(pub(crate) Key);

/// The form that a key's values have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// `true` or `false`.
    Flag,
    /// A path. One that is relative begins at the file that it stands in.
    File,
    /// A proxy's address, or the word for none.
    Proxy,
    /// A list of origins and ranges of addresses. As one text, they have commas between.
    Allow,
    /// A list of registries, each with or without what stands before repositories there.
    Mirrors,
    /// A text such as `10MiB/s`.
    Rate,
    /// A whole number, from the first to the last.
    Count(u32, u32),
    /// A text such as `10s`, at least so long.
    Time(Duration),
}

/// What stands in place of a proxy's address to use none.
const NO_PROXY: &str = "none";

/// The most blobs that may be set to move at once: as many as the registry component
/// takes.
const MOST_TRANSFERS: u32 = 1024;

/// The most times that a request may be set to be sent again.
const MOST_RETRIES: u32 = 100;

/// The longest time that may be set: beyond it, somebody has mistaken the unit.
const LONGEST_TIME: Duration = Duration::from_hours(24);

const MILLISECOND: Duration = Duration::from_millis(1);

impl Key {
    /// Every key.
    pub(crate) const ALL: [Self; 15] = [
        Self::PlainHttp,
        Self::CaFile,
        Self::CertFile,
        Self::PrivateKeyFile,
        Self::TlsSkipVerify,
        Self::Proxy,
        Self::Allow,
        Self::Mirrors,
        Self::Bandwidth,
        Self::Concurrency,
        Self::ConnectTimeout,
        Self::StallTimeout,
        Self::Retries,
        Self::FirstWait,
        Self::LongestWait,
    ];

    /// The key as it stands in the file and, with `--` in front, on the command line.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::PlainHttp => "plain-http",
            Self::CaFile => "ca-file",
            Self::CertFile => "cert-file",
            Self::PrivateKeyFile => "key-file",
            Self::TlsSkipVerify => "tls-skip-verify",
            Self::Proxy => "proxy",
            Self::Allow => "allow",
            Self::Mirrors => "mirrors",
            Self::Bandwidth => "bandwidth",
            Self::Concurrency => "concurrency",
            Self::ConnectTimeout => "connect-timeout",
            Self::StallTimeout => "stall-timeout",
            Self::Retries => "retries",
            Self::FirstWait => "first-wait",
            Self::LongestWait => "longest-wait",
        }
    }

    /// The environment variable: `WHARF_CA_FILE` for `ca-file`.
    pub(crate) fn variable(self) -> String {
        let name = self.name().replace('-', "_");
        format!("WHARF_{}", name.to_ascii_uppercase())
    }

    /// The key of this name.
    pub(super) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|key| key.name() == name)
    }

    /// Whether it decides who is asked and trusted, which is not a project's to say.
    pub(super) fn is_about_trust(self) -> bool {
        match self {
            Self::PlainHttp
            | Self::CaFile
            | Self::CertFile
            | Self::PrivateKeyFile
            | Self::TlsSkipVerify
            | Self::Proxy
            | Self::Allow
            | Self::Mirrors => true,
            Self::Bandwidth
            | Self::Concurrency
            | Self::ConnectTimeout
            | Self::StallTimeout
            | Self::Retries
            | Self::FirstWait
            | Self::LongestWait => false,
        }
    }

    /// The form of its values.
    pub(super) fn form(self) -> Form {
        match self {
            Self::PlainHttp | Self::TlsSkipVerify => Form::Flag,
            Self::CaFile | Self::CertFile | Self::PrivateKeyFile => Form::File,
            Self::Proxy => Form::Proxy,
            Self::Allow => Form::Allow,
            Self::Mirrors => Form::Mirrors,
            Self::Bandwidth => Form::Rate,
            Self::Concurrency => Form::Count(1, MOST_TRANSFERS),
            Self::Retries => Form::Count(0, MOST_RETRIES),
            Self::ConnectTimeout | Self::StallTimeout => Form::Time(MILLISECOND),
            Self::FirstWait | Self::LongestWait => Form::Time(Duration::ZERO),
        }
    }

    /// The value that a text means. An error says what is expected.
    pub(crate) fn parse(self, text: &str) -> Result<Value, String> {
        let form = self.form();
        let value = match form {
            Form::Flag => text.parse().ok().map(Value::Flag),
            Form::File => (!text.is_empty()).then(|| Value::File(text.into())),
            Form::Proxy if text == NO_PROXY => Some(Value::Proxy(None)),
            Form::Proxy => {
                let address: ProxyAddress = text
                    .parse()
                    .map_err(|error| format!("{error}, or `{NO_PROXY}`"))?;
                Some(Value::Proxy(Some(address)))
            }
            Form::Allow => Some(Value::Allow(list(text)?)),
            Form::Mirrors => Some(Value::Mirrors(list(text)?)),
            Form::Rate => rate(text).map(Value::Rate),
            Form::Count(..) => text.parse().ok().and_then(|count| form.count(count)),
            Form::Time(least) => time(text).filter(|time| *time >= least).map(Value::Time),
        };
        value.ok_or_else(|| form.expected())
    }
}

impl TypedValueParser for Reader {
    type Value = Value;

    fn parse_ref(
        &self,
        command: &clap::Command,
        argument: Option<&clap::Arg>,
        value: &OsStr,
    ) -> Result<Value, clap::Error> {
        let key = self.0;
        let parser = move |text: &str| key.parse(text);
        // The usual error repeats the value, which may hold a password.
        if let (Form::Proxy, Some(text)) = (key.form(), value.to_str()) {
            return parser(text).map_err(|expected| {
                let message = format!("--{} can't be this: {expected}\n", key.name());
                clap::Error::raw(ErrorKind::ValueValidation, message).with_cmd(command)
            });
        }
        TypedValueParser::parse_ref(&parser, command, argument, value)
    }
}

impl Form {
    /// A whole number as a value, where it may be one.
    pub(super) fn count(self, count: i64) -> Option<Value> {
        let Self::Count(least, most) = self else {
            return None;
        };
        let count = u32::try_from(count).ok()?;
        (least..=most)
            .contains(&count)
            .then_some(Value::Count(count))
    }

    /// What to write.
    pub(super) fn expected(self) -> String {
        match self {
            Self::Flag => "expected `true` or `false`".to_owned(),
            Self::File => "expected the path of a file".to_owned(),
            Self::Proxy => format!("expected `http://HOST:PORT`, or `{NO_PROXY}`"),
            Self::Allow => "expected a list of origins and ranges of addresses, \
                 `[\"https://HOST:PORT\", \"10.0.0.0/8\"]`"
                .to_owned(),
            Self::Mirrors => {
                "expected a list of registries, `[\"HOST:PORT\", \"HOST/PREFIX\"]`".to_owned()
            }
            Self::Rate => {
                "expected bytes for each second, from `1KiB/s`, with a unit: `kB/s`, `MB/s`, \
                 `GB/s`, `KiB/s`, `MiB/s` or `GiB/s`"
                    .to_owned()
            }
            Self::Count(least, most) => {
                format!("expected a whole number from {least} to {most}")
            }
            Self::Time(_) => {
                "expected a time from `1ms` to `24h`, with its unit: `ms`, `s`, `m` or `h`"
                    .to_owned()
            }
        }
    }
}

impl Value {
    /// One value of what was given several times: lists become one.
    pub(crate) fn joined(values: &[Self]) -> Option<Self> {
        let mut values = values.iter().cloned();
        let first = values.next()?;
        Some(values.fold(first, |all, more| match (all, more) {
            (Self::Allow(all), Self::Allow(more)) => Self::Allow([all, more].concat()),
            (Self::Mirrors(all), Self::Mirrors(more)) => Self::Mirrors([all, more].concat()),
            (_, last) => last,
        }))
    }

    /// The same, where a relative path begins at `folder`.
    pub(super) fn relative_to(self, folder: &Path) -> Self {
        match self {
            Self::File(path) => Self::File(folder.join(path)),
            other => other,
        }
    }
}

/// The slowest that may be set, in bytes for each second: below it, somebody has mistaken
/// the unit.
const SLOWEST: u64 = 1024;

/// A rate with its unit, for example `10MiB/s`.
fn rate(text: &str) -> Option<NonZeroU64> {
    let amount = text.strip_suffix("/s")?;
    let digits = amount.find(|c: char| !c.is_ascii_digit())?;
    let (number, unit) = amount.split_at(digits);
    let number: u64 = number.parse().ok()?;
    let rate = number.checked_mul(match unit {
        "kB" => 1_000,
        "MB" => 1_000_000,
        "GB" => 1_000_000_000,
        "KiB" => 1 << 10,
        "MiB" => 1 << 20,
        "GiB" => 1 << 30,
        _ => return None,
    })?;
    NonZeroU64::new(rate).filter(|rate| rate.get() >= SLOWEST)
}

/// The members of a list that is one text.
fn list<T: FromStr<Err: Display>>(text: &str) -> Result<Vec<T>, String> {
    let members = text.split(',').map(str::trim);
    members
        .filter(|member| !member.is_empty())
        .map(|member| member.parse().map_err(|error: T::Err| error.to_string()))
        .collect()
}

/// A time with its unit, for example `250ms` or `10s`.
pub(super) fn time(text: &str) -> Option<Duration> {
    let digits = text.find(|c: char| !c.is_ascii_digit())?;
    let (number, unit) = text.split_at(digits);
    let number: u64 = number.parse().ok()?;
    let milliseconds = number.checked_mul(match unit {
        "ms" => 1,
        "s" => 1000,
        "m" => 60 * 1000,
        "h" => 60 * 60 * 1000,
        _ => return None,
    })?;
    let time = Duration::from_millis(milliseconds);
    (time <= LONGEST_TIME).then_some(time)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_found_again_and_make_variables() {
        for key in Key::ALL {
            assert_eq!(Key::named(key.name()), Some(key));
        }
        assert_eq!(Key::named("Plain-HTTP"), None);
        assert_eq!(Key::TlsSkipVerify.variable(), "WHARF_TLS_SKIP_VERIFY");
    }

    #[test]
    fn values_have_the_form_of_their_key() {
        let rate = |bytes| NonZeroU64::new(bytes).map(Value::Rate);
        let time = |milliseconds| Some(Value::Time(Duration::from_millis(milliseconds)));
        for (key, text, value) in [
            (Key::PlainHttp, "true", Some(Value::Flag(true))),
            (Key::PlainHttp, "yes", None),
            (Key::CaFile, "a/b.pem", Some(Value::File("a/b.pem".into()))),
            (Key::CaFile, "", None),
            (Key::Proxy, "none", Some(Value::Proxy(None))),
            (Key::Proxy, "p:1", Some(Value::Proxy("p:1".parse().ok()))),
            (Key::Proxy, "https://p:1", None),
            (Key::Bandwidth, "10MiB/s", rate(10 << 20)),
            (Key::Bandwidth, "2MB/s", rate(2_000_000)),
            (Key::Bandwidth, "10MiB", None),
            (Key::Bandwidth, "10", None),
            (Key::Bandwidth, "10mib/s", None),
            (Key::Bandwidth, "1kB/s", None),
            (Key::Bandwidth, "99999999999999GiB/s", None),
            (Key::Concurrency, "16", Some(Value::Count(16))),
            (Key::Concurrency, "0", None),
            (Key::Concurrency, "1025", None),
            (Key::Retries, "0", Some(Value::Count(0))),
            (Key::Retries, "-1", None),
            (Key::StallTimeout, "250ms", time(250)),
            (Key::StallTimeout, "10s", time(10_000)),
            (Key::StallTimeout, "2m", time(120_000)),
            (Key::StallTimeout, "24h", time(86_400_000)),
            (Key::StallTimeout, "25h", None),
            (Key::StallTimeout, "0s", None),
            (Key::FirstWait, "0s", time(0)),
            (Key::FirstWait, "10", None),
            (Key::FirstWait, "s", None),
            (Key::FirstWait, "1.5s", None),
            (Key::FirstWait, "10 s", None),
            (Key::FirstWait, "99999999999999999999s", None),
            (Key::FirstWait, "18446744073709551615h", None),
        ] {
            assert_eq!(key.parse(text).ok(), value, "{} = {text}", key.name());
        }
    }
}
