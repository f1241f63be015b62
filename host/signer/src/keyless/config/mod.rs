//! Which services to sign with: `signing_config.json` (v0.2), as Sigstore's protobuf
//! specifications and its specification of clients have it.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde::Deserialize;

/// The configuration of the public Sigstore, as of the crate `sigstore-trust-root` 0.15.1,
/// which takes it from Sigstore's TUF repository.
const PUBLIC: &[u8] = include_bytes!("public.json");

const MEDIA_TYPE: &str = "application/vnd.dev.sigstore.signingconfig.v0.2+json";
/// How long a configuration may be.
const LIMIT: usize = 1024 * 1024;
/// How many logs or timestamp authorities one signature may be sent to.
const MOST: usize = 8;

/// Services, and when each of them may be used.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SigningConfig {
    media_type: String,
    #[serde(default)]
    ca_urls: Vec<Service>,
    #[serde(default)]
    oidc_urls: Vec<Service>,
    #[serde(default)]
    rekor_tlog_urls: Vec<Service>,
    #[serde(default)]
    tsa_urls: Vec<Service>,
    #[serde(default)]
    rekor_tlog_config: Choice,
    #[serde(default)]
    tsa_config: Choice,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Service {
    url: String,
    #[serde(default)]
    major_api_version: u32,
    #[serde(default)]
    valid_for: Option<Period>,
    #[serde(default)]
    operator: String,
}

#[derive(Debug, Clone, Default, Deserialize)]
struct Period {
    start: Option<Timestamp>,
    end: Option<Timestamp>,
}

#[derive(Debug, Clone, Default, Deserialize)]
struct Choice {
    #[serde(default)]
    selector: Selector,
    #[serde(default)]
    count: usize,
}

/// How many of the services that could be used are used.
#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
enum Selector {
    /// Not said. It is an error where there is something to choose from.
    #[default]
    ServiceSelectorUndefined,
    All,
    Any,
    Exact,
}

/// Why a configuration can't be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// It is not JSON, or not this kind of it.
    #[error("the signing configuration can't be read: {0}")]
    Malformed(String),
    /// It is of another kind.
    #[error("the signing configuration is a `{found}`; what is understood is `{MEDIA_TYPE}`")]
    Kind {
        /// Its media type.
        found: String,
    },
    /// No service of a kind can be used.
    #[error(
        "the signing configuration has no {what} with version {versions} of its interface that \
         is valid now; update it, or check the clock"
    )]
    None {
        /// Which kind of service.
        what: &'static str,
        /// Which versions are understood.
        versions: &'static str,
    },
    /// There are fewer services than the configuration asks for.
    #[error("the signing configuration wants {wanted} of {what}, and has {found}")]
    Count {
        /// Which kind of service.
        what: &'static str,
        /// How many it asks for.
        wanted: usize,
        /// How many can be used.
        found: usize,
    },
    /// An address is none.
    #[error("the signing configuration has `{0}`, which is no http or https address")]
    Address(String),
}

/// The services that sign.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Services {
    /// The certificate authority (Fulcio); none when the configuration has none.
    pub authority: Option<String>,
    /// The issuer of identities; none when the configuration has none.
    pub issuer: Option<String>,
    /// The transparency logs (Rekor) to be written into.
    pub logs: Vec<Log>,
    /// The timestamp authorities to ask. The address is the whole one.
    pub timestamps: Vec<String>,
}

/// A transparency log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Log {
    /// Its address.
    pub url: String,
    /// The version of its interface: 1 or 2.
    pub version: u32,
}

impl SigningConfig {
    /// Reads `signing_config.json`.
    pub fn parse(json: &[u8]) -> Result<Self, ConfigError> {
        if json.len() > LIMIT {
            return Err(ConfigError::Malformed(format!(
                "it is longer than {LIMIT} bytes"
            )));
        }
        let config: Self = serde_json::from_slice(json)
            .map_err(|error| ConfigError::Malformed(error.to_string()))?;
        if config.media_type == MEDIA_TYPE {
            Ok(config)
        } else {
            Err(ConfigError::Kind {
                found: config.media_type,
            })
        }
    }

    /// The public Sigstore's.
    pub fn public() -> Result<Self, ConfigError> {
        Self::parse(PUBLIC)
    }

    /// The services to use at that time, in seconds since 1970-01-01T00:00:00Z: of each kind
    /// those with the highest version that is understood, the newest of each operator, and as
    /// many of them as the configuration says.
    pub fn services(&self, now: u64) -> Result<Services, ConfigError> {
        let one = |what, services: &[Service]| match services {
            [] => Ok(None),
            _ => Ok(usable(what, services, &[1], "1", now)?
                .first()
                .map(|service| service.url.clone())),
        };
        let logs = several(
            "transparency logs",
            &self.rekor_tlog_urls,
            &self.rekor_tlog_config,
            &[2, 1],
            "1 or 2",
            now,
        )?;
        let timestamps = several(
            "timestamp authorities",
            &self.tsa_urls,
            &self.tsa_config,
            &[1],
            "1",
            now,
        )?;
        Ok(Services {
            authority: one("certificate authority", &self.ca_urls)?,
            issuer: one("issuer of identities", &self.oidc_urls)?,
            logs: logs
                .into_iter()
                .map(|service| Log {
                    url: service.url.clone(),
                    version: service.major_api_version,
                })
                .collect(),
            timestamps: timestamps
                .into_iter()
                .map(|service| service.url.clone())
                .collect(),
        })
    }
}

/// As many services as the configuration says; none when it has none.
fn several<'a>(
    what: &'static str,
    services: &'a [Service],
    choice: &Choice,
    versions: &[u32],
    named: &'static str,
    now: u64,
) -> Result<Vec<&'a Service>, ConfigError> {
    match services {
        [] => Ok(Vec::new()),
        _ => chosen(what, usable(what, services, versions, named, now)?, choice),
    }
}

/// The services with the highest version that any valid one has, the newest first, one of
/// each operator.
fn usable<'a>(
    what: &'static str,
    services: &'a [Service],
    versions: &[u32],
    named: &'static str,
    now: u64,
) -> Result<Vec<&'a Service>, ConfigError> {
    let none = ConfigError::None {
        what,
        versions: named,
    };
    let Some(now) = i64::try_from(now)
        .ok()
        .and_then(|now| Timestamp::from_second(now).ok())
    else {
        return Err(none);
    };
    let mut valid: Vec<&Service> = services.iter().filter(|service| service.at(now)).collect();
    valid.sort_by_key(|service| std::cmp::Reverse(service.start()));
    for version in versions {
        let mut operators = BTreeSet::new();
        let usable: Vec<&Service> = valid
            .iter()
            .copied()
            .filter(|service| service.major_api_version == *version)
            .filter(|service| operators.insert(&service.operator))
            .collect();
        if !usable.is_empty() {
            for service in &usable {
                service.address()?;
            }
            return Ok(usable);
        }
    }
    Err(none)
}

/// As many as the configuration says. Any one is the newest one.
fn chosen<'a>(
    what: &'static str,
    mut services: Vec<&'a Service>,
    choice: &Choice,
) -> Result<Vec<&'a Service>, ConfigError> {
    let wanted = match choice.selector {
        Selector::Any => 1,
        Selector::All => services.len(),
        Selector::Exact => choice.count,
        Selector::ServiceSelectorUndefined => {
            return Err(ConfigError::Malformed(format!(
                "it doesn't say how many {what} to use"
            )));
        }
    };
    if wanted == 0 || wanted > services.len() || wanted > MOST {
        return Err(ConfigError::Count {
            what,
            wanted,
            found: services.len(),
        });
    }
    services.truncate(wanted);
    Ok(services)
}

impl Service {
    fn start(&self) -> Option<Timestamp> {
        self.valid_for.as_ref().and_then(|period| period.start)
    }

    /// Both ends are within.
    fn at(&self, now: Timestamp) -> bool {
        self.valid_for.as_ref().is_none_or(|period| {
            period.start.is_none_or(|start| start <= now) && period.end.is_none_or(|end| now <= end)
        })
    }

    fn address(&self) -> Result<(), ConfigError> {
        let uri: Option<http::Uri> = self.url.parse().ok();
        match uri.as_ref().and_then(http::Uri::scheme_str) {
            Some("http" | "https") => Ok(()),
            _ => Err(ConfigError::Address(self.url.clone())),
        }
    }
}

#[cfg(test)]
mod tests;
