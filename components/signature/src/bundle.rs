//! Sigstore bundles (`dev.sigstore.bundle.v1`), in the JSON of protobuf.

use crate::envelope::Envelope;
use crate::json::{Json, bad, quoted};
use crate::limit;

/// How the media type of every version begins.
pub(crate) const MEDIA_TYPES: &str = "application/vnd.dev.sigstore.bundle";

/// The media type of version 0.3.
pub(crate) const V0_3: &str = "application/vnd.dev.sigstore.bundle.v0.3+json";

/// The media types of the versions that are read, version 0.3 in an older way too.
const KNOWN: [&str; 4] = [
    "application/vnd.dev.sigstore.bundle+json;version=0.1",
    "application/vnd.dev.sigstore.bundle+json;version=0.2",
    "application/vnd.dev.sigstore.bundle+json;version=0.3",
    V0_3,
];

/// A bundle, as far as it is judged without what proves its certificate and its time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Bundle {
    pub(crate) media_type: String,
    pub(crate) content: Content,
    pub(crate) material: Material,
    /// How many entries of transparency logs it has.
    pub(crate) log_entries: usize,
    /// How many timestamps it has.
    pub(crate) timestamps: usize,
}

/// What was signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Content {
    /// A statement.
    Statement(Envelope),
    /// A file, whose hash is all that there is.
    File,
}

/// What tells who signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Material {
    Certificate,
    /// What the signer calls its key.
    Key(String),
}

impl Bundle {
    /// Reads a bundle. A member that is not known is an error: others might understand it.
    pub(crate) fn parse(bytes: &[u8]) -> Result<Self, String> {
        if bytes.len() > limit::DOCUMENT_BYTES {
            return Err(format!("it is larger than {} bytes", limit::DOCUMENT_BYTES));
        }
        let json = Json::parse(bytes)?;
        let media_type = json.needed("mediaType")?;
        if !KNOWN.contains(&media_type) {
            return Err(format!(
                "it is of the type {}, and bundles of the versions 0.1 to 0.3 are understood",
                quoted(media_type)
            ));
        }
        json.has_only(&[
            "mediaType",
            "verificationMaterial",
            "dsseEnvelope",
            "messageSignature",
        ])?;
        let content = match (json.get("dsseEnvelope"), json.get("messageSignature")) {
            (Some(envelope), None) => Content::Statement(Envelope::read(envelope)?),
            (None, Some(_)) => Content::File,
            _ => return Err("it has not exactly one thing that was signed".to_owned()),
        };
        let material = json.inner("verificationMaterial")?;
        material.has_only(&[
            "certificate",
            "publicKey",
            "timestampVerificationData",
            "tlogEntries",
            "x509CertificateChain",
        ])?;
        let log_entries = material.list("tlogEntries")?.len();
        at_most(log_entries, limit::LOG_ENTRIES, "log entries")?;
        let timestamps = match material.get("timestampVerificationData") {
            Some(data) => data.list("rfc3161Timestamps")?.len(),
            None => 0,
        };
        at_most(timestamps, limit::TIMESTAMPS, "timestamps")?;
        Ok(Self {
            media_type: media_type.to_owned(),
            content,
            material: Material::read(material)?,
            log_entries,
            timestamps,
        })
    }
}

impl Material {
    fn read(json: &Json) -> Result<Self, String> {
        let kinds = ["certificate", "publicKey", "x509CertificateChain"];
        let mut kinds = kinds.into_iter().filter(|kind| json.get(kind).is_some());
        let (Some(kind), None) = (kinds.next(), kinds.next()) else {
            return Err("it has not exactly one of a certificate, a chain and a key".to_owned());
        };
        let material = json.inner(kind)?;
        match kind {
            "publicKey" => Ok(Self::Key(
                material.text("hint")?.unwrap_or_default().to_owned(),
            )),
            "certificate" => Ok(Self::Certificate),
            _ => {
                let certificates = material.list("certificates")?.len();
                if certificates == 0 {
                    return Err(bad("certificates"));
                }
                at_most(certificates, limit::CERTIFICATES, "certificates")?;
                Ok(Self::Certificate)
            }
        }
    }
}

fn at_most(count: usize, most: usize, things: &str) -> Result<(), String> {
    if count > most {
        return Err(format!("it has more than {most} {things}"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const WHOLE: &str = r#"{"mediaType":"application/vnd.dev.sigstore.bundle.v0.3+json","verificationMaterial":{"publicKey":{"hint":"h"},"tlogEntries":[]},"dsseEnvelope":{"payload":"e30=","payloadType":"application/vnd.in-toto+json","signatures":[{"sig":"AQ=="}]}}"#;

    fn altered(part: &str, other: &str) -> Result<Bundle, String> {
        let text = WHOLE.replace(part, other);
        assert_ne!(text, WHOLE, "{part}");
        Bundle::parse(text.as_bytes())
    }

    const KEY: &str = r#""publicKey":{"hint":"h"}"#;

    #[test]
    fn every_version_and_material() {
        let bundle = Bundle::parse(WHOLE.as_bytes()).unwrap();
        assert_eq!(bundle.material, Material::Key("h".into()));
        for version in ["0.1", "0.2", "0.3"] {
            let other = format!("bundle+json;version={version}");
            assert!(altered("bundle.v0.3+json", &other).is_ok(), "{version}");
        }
        assert_eq!(
            altered(KEY, r#""certificate":{"rawBytes":"AQ=="}"#)
                .unwrap()
                .material,
            Material::Certificate
        );
        assert_eq!(
            altered(KEY, r#""publicKey":{}"#).unwrap().material,
            Material::Key(String::new())
        );
    }

    #[test]
    fn what_can_be_read_in_two_ways_is_refused() {
        for (part, other) in [
            ("v0.3+json", "v0.4+json"),
            ("v0.3+json", "v0.3"),
            (r#"{"mediaType""#, r#"{"x":1,"mediaType""#),
            (r#"{"mediaType""#, r#"{"messageSignature":{},"mediaType""#),
            (r#"{"mediaType""#, r#"{"dsse_envelope":{},"mediaType""#),
            (r#"{"mediaType""#, r#"{"dsseEnvelope":null,"mediaType""#),
            ("dsseEnvelope", "dsse_envelope"),
            (KEY, r#""publicKey":null"#),
            (KEY, r#""publicKey":"h""#),
            (KEY, r#""publicKey":{"hint":7}"#),
            (KEY, r#""publicKey":{"hint":"h"},"certificate":{}"#),
            (KEY, r#""publicKey":{"hint":"h"},"public_key":{}"#),
            (KEY, r#""x509CertificateChain":{"certificates":[]}"#),
            (r#""tlogEntries":[]"#, r#""tlogEntries":{}"#),
        ] {
            assert!(altered(part, other).is_err(), "{part} {other}");
        }
    }

    #[test]
    fn numbers_are_bounded() {
        let many = |count: usize| vec!["{}"; count].join(",");
        let entries = |count| format!(r#""tlogEntries":[{}]"#, many(count));
        let empty = r#""tlogEntries":[]"#;
        assert_eq!(
            altered(empty, &entries(limit::LOG_ENTRIES))
                .unwrap()
                .log_entries,
            32
        );
        assert!(altered(empty, &entries(limit::LOG_ENTRIES + 1)).is_err());
        let stamps = |count| {
            format!(
                r#"{empty},"timestampVerificationData":{{"rfc3161Timestamps":[{}]}}"#,
                many(count)
            )
        };
        assert_eq!(
            altered(empty, &stamps(limit::TIMESTAMPS))
                .unwrap()
                .timestamps,
            32
        );
        assert!(altered(empty, &stamps(limit::TIMESTAMPS + 1)).is_err());
        let chain = |count| {
            format!(
                r#""x509CertificateChain":{{"certificates":[{}]}}"#,
                many(count)
            )
        };
        assert!(altered(KEY, &chain(limit::CERTIFICATES)).is_ok());
        assert!(altered(KEY, &chain(limit::CERTIFICATES + 1)).is_err());
        let giant = WHOLE.to_owned() + &" ".repeat(limit::DOCUMENT_BYTES);
        assert!(Bundle::parse(giant.as_bytes()).is_err());
    }

    proptest! {
        #[test]
        fn never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..300), place in 0..WHOLE.len()) {
            let _ = Bundle::parse(&bytes);
            let _ = Bundle::parse(&WHOLE.as_bytes()[..place]);
        }
    }
}
