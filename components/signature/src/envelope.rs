//! The envelope of what is signed in bundles and attestations (DSSE v1.0.0).

use crate::encoding::{from_base64, to_base64};
use crate::json::{Json, bad, quoted};

/// The type of a payload that is an in-toto statement.
pub(crate) const IN_TOTO: &str = "application/vnd.in-toto+json";

/// A payload and its one signature.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Envelope {
    /// An in-toto statement.
    pub(crate) payload: Vec<u8>,
    pub(crate) signature: Vec<u8>,
}

impl Envelope {
    /// Reads one that has exactly one signature over an in-toto statement.
    pub(crate) fn read(json: &Json) -> Result<Self, String> {
        json.has_only(&["payload", "payloadType", "signatures"])?;
        let kind = json.needed("payloadType")?;
        if kind != IN_TOTO {
            return Err(format!(
                "its payload is {}, and `{IN_TOTO}` is expected",
                quoted(kind)
            ));
        }
        let [signature] = json.list("signatures")? else {
            return Err("its envelope has not exactly one signature".to_owned());
        };
        // The identifier of a key is signed by nobody and says nothing.
        signature.has_only(&["sig", "keyid"])?;
        let bytes = |json: &Json, name| {
            let decoded = from_base64(json.needed(name)?);
            decoded
                .filter(|bytes| !bytes.is_empty())
                .ok_or_else(|| bad(name))
        };
        Ok(Self {
            payload: bytes(json, "payload")?,
            signature: bytes(signature, "sig")?,
        })
    }

    /// The bytes that the signature is over.
    pub(crate) fn message(&self) -> Vec<u8> {
        pre_authentication_encoding(&self.payload)
    }

    /// The envelope as JSON.
    pub(crate) fn json(&self) -> Json {
        let signature = Json::object([("sig", to_base64(&self.signature).as_str().into())]);
        Json::object([
            ("payload", to_base64(&self.payload).as_str().into()),
            ("payloadType", IN_TOTO.into()),
            ("signatures", Json::List(vec![signature])),
        ])
    }
}

/// What is signed instead of a statement itself, so that the type is signed too (DSSE
/// v1.0.0, "PAE").
pub(crate) fn pre_authentication_encoding(statement: &[u8]) -> Vec<u8> {
    let head = format!("DSSEv1 {} {IN_TOTO} {} ", IN_TOTO.len(), statement.len());
    [head.as_bytes(), statement].concat()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(text: &str) -> Result<Envelope, String> {
        Envelope::read(&Json::parse(text.as_bytes())?)
    }

    const WHOLE: &str = r#"{"payload":"e30=","payloadType":"application/vnd.in-toto+json","signatures":[{"sig":"AQ=="}]}"#;

    #[test]
    fn one_signature_over_a_statement() {
        let envelope = read(WHOLE).unwrap();
        assert_eq!(envelope.payload, b"{}");
        assert_eq!(
            envelope.message(),
            b"DSSEv1 28 application/vnd.in-toto+json 2 {}"
        );
        assert_eq!(envelope.json().written(), WHOLE.as_bytes());
    }

    #[test]
    fn anything_else_is_refused() {
        for (part, other) in [
            (r#"[{"sig":"AQ=="}]"#, "[]"),
            (r#"[{"sig":"AQ=="}]"#, r#"[{"sig":"AQ=="},{"sig":"AQ=="}]"#),
            (r#"[{"sig":"AQ=="}]"#, r#"[{"sig":""}]"#),
            (r#"[{"sig":"AQ=="}]"#, "[{}]"),
            (r#"[{"sig":"AQ=="}]"#, r#"{"sig":"AQ=="}"#),
            ("in-toto+json", "in-toto"),
            (r#""payload":"e30=""#, r#""payload":"e30""#),
            (
                r#""payload":"e30=""#,
                r#""payload":"e30=","Payload":"e30=""#,
            ),
            (r#""payload":"e30=","#, ""),
        ] {
            let text = WHOLE.replace(part, other);
            assert_ne!(text, WHOLE);
            assert!(read(&text).is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn no_two_statements_have_one_message(
            one in proptest::collection::vec(any::<u8>(), 0..40),
            two in proptest::collection::vec(any::<u8>(), 0..40),
        ) {
            let same = pre_authentication_encoding(&one) == pre_authentication_encoding(&two);
            prop_assert_eq!(same, one == two);
        }
    }
}
