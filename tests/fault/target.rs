//! Where a registry may lead, and where it may not.

use crate::stage::Stage;
use crate::step::Door;

/// Where a `Location`, a `Link` or a realm leads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Target {
    /// Another port of the same host, where the same content is.
    OtherPort,
    /// The same by another name of the host.
    OtherName,
    /// The same host and port, in TLS.
    OtherScheme,
    /// The metadata service of a cloud.
    Metadata,
    /// The same by a name that resolves to it.
    MetadataByName,
    /// The same in the clothes of IPv6.
    MetadataInV6,
    /// The address that stands for all addresses, which systems take for loopback.
    Unspecified,
    /// An address of a private network (RFC 1918), where the registry is not.
    Private,
    /// The same by a name that resolves to it.
    PrivateByName,
    /// The same in the clothes of IPv6.
    PrivateInV6,
    /// The request's own address.
    Itself,
    /// Another address of the registry, each time.
    Further,
    /// An upload session that there is not.
    NoSession,
    /// An upload session of another repository.
    OtherRepository,
}

impl Target {
    /// Places that are not the registry.
    pub(crate) const ELSEWHERE: [Self; 10] = [
        Self::OtherPort,
        Self::OtherName,
        Self::OtherScheme,
        Self::Metadata,
        Self::MetadataByName,
        Self::MetadataInV6,
        Self::Unspecified,
        Self::Private,
        Self::PrivateByName,
        Self::PrivateInV6,
    ];

    /// Whether a registry on this machine may not lead there.
    pub(crate) fn is_forbidden(self) -> bool {
        matches!(
            self,
            Self::Metadata
                | Self::MetadataByName
                | Self::MetadataInV6
                | Self::Unspecified
                | Self::Private
                | Self::PrivateByName
                | Self::PrivateInV6
        )
    }

    /// Whether what is at the registry is there, too.
    pub(crate) fn has_the_same(self) -> bool {
        matches!(self, Self::OtherPort | Self::OtherName)
    }
}

/// The addresses of a stage, which redirects need.
#[derive(Clone, Debug)]
pub(crate) struct Places {
    /// The server that a request is for.
    server: String,
    elsewhere: String,
    pub(crate) realm: String,
}

impl Places {
    pub(crate) fn of(stage: &Stage, door: Door) -> Self {
        Self {
            server: stage.address(door),
            elsewhere: stage.elsewhere.address(),
            realm: stage.realm.address(),
        }
    }

    /// The address of a path at a target.
    pub(crate) fn at(&self, target: Target, path: &str) -> String {
        let port = self.elsewhere.rsplit(':').next().unwrap_or_default();
        match target {
            Target::OtherPort => format!("http://{}{path}", self.elsewhere),
            Target::OtherName => format!("http://localhost:{port}{path}"),
            Target::OtherScheme => format!("https://{}{path}", self.server),
            Target::Metadata => format!("http://169.254.169.254{path}"),
            // The same number, written so that it is not one for a parser of addresses.
            Target::MetadataByName => format!("http://2852039166{path}"),
            Target::MetadataInV6 => format!("http://[::ffff:a9fe:a9fe]{path}"),
            Target::Unspecified => format!("http://0.0.0.0:{port}{path}"),
            Target::Private => format!("http://10.11.12.13{path}"),
            Target::PrivateByName => format!("http://168496141{path}"),
            Target::PrivateInV6 => format!("http://[::ffff:a0b:c0d]{path}"),
            Target::Itself => path.to_owned(),
            Target::Further => {
                let separator = if path.contains('?') { '&' } else { '?' };
                format!("{path}{separator}further=1")
            }
            Target::NoSession => format!(
                "http://{}/v2/small/blobs/uploads/00000000-0000-0000-0000-000000000000?_state=x",
                self.server
            ),
            Target::OtherRepository => {
                let session = path.rsplit('/').next().unwrap_or_default();
                format!("http://{}/v2/older/blobs/uploads/{session}", self.server)
            }
        }
    }
}
