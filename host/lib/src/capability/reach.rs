//! Which addresses a call may connect to, asked for each address that a name
//! resolves to, so that a name can't lead where its number would be refused.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use http::Uri;
use http::uri::Scheme;
use wharf_net::Reach;
use wharf_oci::{Origin, Registry};

use crate::allowance::Allowance;
use crate::progress::{Event, Observer};

/// What kind of place an address is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Class {
    /// Never to be reached: unspecified, link-local, multicast, the metadata
    /// services of clouds.
    Forbidden,
    /// This machine.
    Loopback,
    /// A private network.
    Private,
    /// Everywhere else.
    Public,
}

/// The addresses for dealing with one registry: loopback when the registry is
/// there, private ones when it is, public ones, those that the user allows, and never
/// any other.
pub(crate) struct RegistryReach {
    host: String,
    port: u16,
    is_loopback: bool,
    /// The registry was found at a private address.
    is_private: AtomicBool,
    allowed: Vec<Allowance>,
    /// What was let through because it was allowed, to be told once each.
    told: Mutex<Vec<(Origin, IpAddr)>>,
    observer: Arc<dyn Observer>,
}

impl RegistryReach {
    pub(crate) fn new(
        registry: &Registry,
        allowed: Vec<Allowance>,
        observer: Arc<dyn Observer>,
    ) -> Self {
        let origin: Origin = registry.origin(true);
        Self {
            host: origin.host().to_owned(),
            port: origin.port(),
            is_loopback: registry.is_loopback(),
            is_private: AtomicBool::new(false),
            allowed,
            told: Mutex::default(),
            observer,
        }
    }

    /// Whether the user lets it lead to a place that is closed to it else.
    fn is_allowed(&self, target: &Uri, address: IpAddr) -> bool {
        if self.allowed.is_empty() {
            return false;
        }
        let is_secure = target.scheme() == Some(&Scheme::HTTPS);
        let port = target
            .port_u16()
            .unwrap_or(if is_secure { 443 } else { 80 });
        let Ok(origin) = Origin::new(is_secure, target.host().unwrap_or_default(), port) else {
            return false;
        };
        let covers = |allowance: &&Allowance| allowance.covers(&origin, address);
        let Some(allowance) = self.allowed.iter().find(covers) else {
            return false;
        };
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        let place = (origin, address);
        if !told.contains(&place) {
            self.observer.event(Event::Note(format!(
                "{} at {address} may be reached because `allow` has {allowance}",
                place.0
            )));
            told.push(place);
        }
        true
    }
}

impl Reach for RegistryReach {
    fn may_connect(&self, target: &Uri, address: IpAddr) -> bool {
        match class(address) {
            Class::Forbidden => false,
            Class::Public => true,
            Class::Loopback => self.is_loopback || self.is_allowed(target, address),
            Class::Private => {
                // Whoever names a registry means its network too.
                let host = target.host().unwrap_or_default();
                if host.eq_ignore_ascii_case(&self.host) {
                    self.is_private.store(true, Ordering::Relaxed);
                }
                // A registry on this machine may be the end of a tunnel: what is at the
                // other one has no business in this network.
                self.is_private.load(Ordering::Relaxed) || self.is_allowed(target, address)
            }
        }
    }

    /// It is the user's credential for the registry, like a password, and for nobody
    /// that the registry leads to (GHSA-whvf-jp7m-59f3, GHSA-h3wm-jjqf-8jm2).
    fn may_see_certificate(&self, host: &str, port: u16) -> bool {
        port == self.port && host.eq_ignore_ascii_case(&self.host)
    }
}

/// The class of an address, also of an IPv4 address in the clothes of IPv6.
pub(crate) fn class(address: IpAddr) -> Class {
    match address.to_canonical() {
        IpAddr::V4(address) => class_v4(address),
        IpAddr::V6(address) => class_v6(address),
    }
}

fn class_v4(address: Ipv4Addr) -> Class {
    /// Metadata services outside of 169.254.0.0/16: Alibaba's and Oracle's.
    const METADATA: [Ipv4Addr; 2] = [
        Ipv4Addr::new(100, 100, 100, 200),
        Ipv4Addr::new(192, 0, 0, 192),
    ];
    let [a, b, ..] = address.octets();
    let is_forbidden = a == 0
        || address.is_link_local()
        || address.is_multicast()
        || address.is_broadcast()
        || METADATA.contains(&address);
    // 100.64.0.0/10 is shared by the customers of a carrier (RFC 6598).
    let is_private = address.is_private() || (a == 100 && (64..128).contains(&b));
    if is_forbidden {
        Class::Forbidden
    } else if address.is_loopback() {
        Class::Loopback
    } else if is_private {
        Class::Private
    } else {
        Class::Public
    }
}

fn class_v6(address: Ipv6Addr) -> Class {
    /// Amazon's metadata service, within the private range.
    const METADATA: Ipv6Addr = Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254);
    if let Some(inner) = embedded_v4(address) {
        return class_v4(inner);
    }
    if address.is_unspecified()
        || address.is_unicast_link_local()
        || address.is_multicast()
        || address == METADATA
    {
        Class::Forbidden
    } else if address.is_loopback() {
        Class::Loopback
    } else if address.is_unique_local() {
        Class::Private
    } else {
        Class::Public
    }
}

/// The IPv4 address that a translator on the way would turn an IPv6 address into:
/// NAT64 (RFC 6052), 6to4 (RFC 3056), IPv4-compatible.
fn embedded_v4(address: Ipv6Addr) -> Option<Ipv4Addr> {
    let bits = address.to_bits();
    let segments = address.segments();
    let low = u32::try_from(bits & u128::from(u32::MAX)).ok()?;
    match segments {
        [0x64, 0xff9b, 0, 0, 0, 0, ..] => Some(Ipv4Addr::from_bits(low)),
        [0x2002, high, low, ..] => Some(Ipv4Addr::from_bits(
            (u32::from(high) << 16) | u32::from(low),
        )),
        [0, 0, 0, 0, 0, 0, high, _] if high != 0 => Some(Ipv4Addr::from_bits(low)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reach(registry: &str, allowed: &[&str]) -> RegistryReach {
        let allowed = allowed.iter().map(|text| text.parse().unwrap()).collect();
        let observer = Arc::new(crate::progress::Unobserved);
        RegistryReach::new(&registry.parse().unwrap(), allowed, observer)
    }

    fn may_connect(reach: &RegistryReach, host: &str, address: &str) -> bool {
        let target = format!("https://{host}:9000/").parse().unwrap();
        reach.may_connect(&target, address.parse().unwrap())
    }

    fn of(text: &str) -> Class {
        class(text.parse().unwrap())
    }

    #[test]
    fn classes() {
        for address in [
            "0.0.0.0",
            "169.254.169.254",
            "100.100.100.200",
            "224.0.0.1",
            "255.255.255.255",
            "::",
            "fe80::1",
            "ff02::1",
            "fd00:ec2::254",
            "::ffff:169.254.169.254",
            "64:ff9b::a9fe:a9fe",
            "2002:a9fe:a9fe::",
        ] {
            assert_eq!(of(address), Class::Forbidden, "{address}");
        }
        for address in ["127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1"] {
            assert_eq!(of(address), Class::Loopback, "{address}");
        }
        for address in [
            "10.0.0.1",
            "172.16.0.1",
            "192.168.1.1",
            "100.64.0.1",
            "fd12::1",
            "::ffff:10.0.0.1",
        ] {
            assert_eq!(of(address), Class::Private, "{address}");
        }
        for address in [
            "1.1.1.1",
            "172.32.0.1",
            "2606:4700::1111",
            "64:ff9b::101:101",
        ] {
            assert_eq!(of(address), Class::Public, "{address}");
        }
    }

    #[test]
    fn private_addresses_are_for_private_registries() {
        let reach = reach("registry.corp.example:5000", &[]);
        assert!(!may_connect(&reach, "blobs.example", "10.0.0.1"));
        assert!(may_connect(&reach, "registry.corp.example", "10.0.0.1"));
        assert!(may_connect(&reach, "blobs.example", "10.0.0.1"));
        assert!(!may_connect(&reach, "blobs.example", "127.0.0.1"));
        assert!(!may_connect(
            &reach,
            "registry.corp.example",
            "169.254.169.254"
        ));
    }

    #[test]
    fn what_the_user_allows_is_open_to_that_registry() {
        let allowed = ["https://blobs.example:9000", "10.9.0.0/16"];
        let reach = reach("r.example", &allowed);
        assert!(may_connect(&reach, "blobs.example", "10.0.0.1"));
        assert!(may_connect(&reach, "blobs.example", "127.0.0.1"));
        assert!(may_connect(&reach, "tokens.example", "10.9.0.1"));
        assert!(!may_connect(&reach, "tokens.example", "10.8.0.1"));
        assert!(!may_connect(&reach, "blobs.example", "169.254.169.254"));
    }

    #[test]
    fn the_client_certificate_is_for_the_registry() {
        let reach = reach("r.example:5000", &[]);
        assert!(reach.may_see_certificate("R.example", 5000));
        assert!(!reach.may_see_certificate("r.example", 443));
        assert!(!reach.may_see_certificate("blobs.r.example", 5000));
        let reach = self::reach("r.example", &[]);
        assert!(reach.may_see_certificate("r.example", 443));
    }

    #[test]
    fn this_machine_is_for_registries_on_it() {
        let local = reach("localhost:5000", &[]);
        assert!(may_connect(&local, "localhost", "127.0.0.1"));
        assert!(may_connect(&local, "blobs.example", "1.1.1.1"));
        // It is not in a private network, unless the user says so.
        assert!(!may_connect(&local, "blobs.example", "10.0.0.1"));
        let allowed = reach("localhost:5000", &["10.0.0.0/8"]);
        assert!(may_connect(&allowed, "blobs.example", "10.0.0.1"));
        assert!(!may_connect(&allowed, "blobs.example", "192.168.0.1"));
        // A name of the world that resolves to this machine is not on it.
        let rebound = reach("r.example", &[]);
        assert!(!may_connect(&rebound, "r.example", "127.0.0.1"));
    }
}
