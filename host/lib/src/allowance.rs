//! What the user lets a registry lead to although it is private.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use ipnet::IpNet;
use wharf_oci::{Origin, Url};

use crate::capability::reach::{Class, class};

/// Private places that a registry may lead to: its blob store or its token server, say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Allowance {
    /// One origin: scheme, host and port.
    Origin(Origin),
    /// Every address of a range, whatever its name.
    Addresses(IpNet),
}

/// Why a text is no such place.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AllowanceError {
    /// It is neither an origin nor a range.
    #[error(
        "expected an origin (`https://HOST:PORT`) or a range of addresses (`10.0.0.0/8`), and not `{0}`"
    )]
    Form(String),
    /// Nothing may be reached there.
    #[error(
        "`{0}` can't be allowed: nothing may lead to metadata services, link-local or multicast addresses"
    )]
    Forbidden(String),
}

impl Allowance {
    /// Whether it lets a request to `target` through to `address`. It never does where
    /// an address is forbidden.
    pub(crate) fn covers(&self, target: &Origin, address: IpAddr) -> bool {
        if class(address) == Class::Forbidden {
            return false;
        }
        match self {
            Self::Origin(origin) => origin == target,
            Self::Addresses(range) => range.contains(&address.to_canonical()),
        }
    }
}

impl FromStr for Allowance {
    type Err = AllowanceError;

    fn from_str(text: &str) -> Result<Self, AllowanceError> {
        let malformed = || AllowanceError::Form(text.to_owned());
        let is_forbidden = |address| class(address) == Class::Forbidden;
        let (allowance, forbidden) = if text.contains("://") {
            let url: Url = text.parse().map_err(|_| malformed())?;
            if url.path() != "/" || url.query().is_some() {
                return Err(malformed());
            }
            let origin = url.origin().clone();
            let bare = origin.host().trim_start_matches('[').trim_end_matches(']');
            let forbidden = bare.parse().is_ok_and(is_forbidden);
            (Self::Origin(origin), forbidden)
        } else {
            let range: IpNet = match text.parse::<IpAddr>() {
                Ok(address) => address.into(),
                Err(_) => text.parse().map_err(|_| malformed())?,
            };
            // All addresses there are begin and end with forbidden ones.
            let forbidden = range.prefix_len() > 0
                && is_forbidden(range.network())
                && is_forbidden(range.broadcast());
            (Self::Addresses(range.trunc()), forbidden)
        };
        if forbidden {
            return Err(AllowanceError::Forbidden(text.to_owned()));
        }
        Ok(allowance)
    }
}

impl fmt::Display for Allowance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Origin(origin) => origin.fmt(f),
            Self::Addresses(range) => range.fmt(f),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn covers(allowance: &str, target: &str, address: &str) -> bool {
        let allowance: Allowance = allowance.parse().unwrap();
        let target: Url = target.parse().unwrap();
        allowance.covers(target.origin(), address.parse().unwrap())
    }

    #[test]
    fn an_origin_is_scheme_host_and_port() {
        let covers = |target| covers("https://blobs.internal:9000", target, "10.0.0.1");
        assert!(covers("https://blobs.internal:9000/a/b"));
        assert!(covers("https://BLOBS.internal:9000/"));
        assert!(!covers("http://blobs.internal:9000/"));
        assert!(!covers("https://blobs.internal/"));
        assert!(!covers("https://other.internal:9000/"));
    }

    #[test]
    fn a_range_is_of_addresses_whatever_leads_there() {
        let covers = |range, address| covers(range, "http://x.example/", address);
        assert!(covers("10.0.0.0/8", "10.255.0.1"));
        assert!(covers("10.1.2.3/8", "10.255.0.1"));
        assert!(covers("10.0.0.0/8", "::ffff:10.0.0.1"));
        assert!(!covers("10.0.0.0/8", "11.0.0.1"));
        assert!(covers("fd00::/8", "fd12::1"));
        assert!(covers("192.168.1.1", "192.168.1.1"));
        assert!(!covers("192.168.1.1", "192.168.1.2"));
    }

    #[test]
    fn metadata_services_are_never_allowed() {
        for (allowance, address) in [
            ("0.0.0.0/0", "169.254.169.254"),
            ("0.0.0.0/0", "::ffff:169.254.169.254"),
            ("100.0.0.0/8", "100.100.100.200"),
            ("::/0", "fd00:ec2::254"),
            ("fd00::/8", "fd00:ec2::254"),
            ("http://metadata.internal", "169.254.169.254"),
        ] {
            assert!(!covers(allowance, "http://metadata.internal/", address));
        }
        for text in [
            "169.254.169.254",
            "169.254.0.0/16",
            "fd00:ec2::254",
            "fe80::/10",
            "http://169.254.169.254",
            "http://[fd00:ec2::254]:80",
        ] {
            let refused = Err(AllowanceError::Forbidden(text.to_owned()));
            assert_eq!(text.parse::<Allowance>(), refused);
        }
    }

    #[test]
    fn what_is_neither_is_refused() {
        for text in [
            "",
            "blobs.internal",
            "10.0.0.0/33",
            "https://a/b",
            "ftp://a",
            "https://u@a",
        ] {
            let refused = Err(AllowanceError::Form(text.to_owned()));
            assert_eq!(text.parse::<Allowance>(), refused);
        }
    }
}
