//! What is said of manifests in bundles and attestations (in-toto Statement v1).

use wharf_oci::Digest;

use crate::json::{Json, bad, quoted};
use crate::limit;

/// The type of a statement.
pub(crate) const V1: &str = "https://in-toto.io/Statement/v1";

/// The type of an older statement, which cosign still gives attestations.
pub(crate) const V0_1: &str = "https://in-toto.io/Statement/v0.1";

/// The predicate type of a signature, which says nothing but that there is one.
pub(crate) const SIGNATURE: &str = "https://sigstore.dev/cosign/sign/v1";

/// A statement, as far as it is judged.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Statement {
    /// Whether it is of v0.1.
    pub(crate) old: bool,
    pub(crate) predicate: String,
    subjects: Vec<Subject>,
}

#[derive(Debug, Clone, PartialEq)]
struct Subject {
    /// In hexadecimal, as it stands there.
    sha256: Option<String>,
    annotations: Vec<(String, Json)>,
}

impl Statement {
    /// Reads a statement.
    pub(crate) fn parse(payload: &[u8]) -> Result<Self, String> {
        let json = Json::parse(payload)?;
        let kind = json.needed("_type")?;
        if kind != V1 && kind != V0_1 {
            return Err(format!(
                "its statement is of the type {}, which is not known",
                quoted(kind)
            ));
        }
        let subjects = json.list("subject")?;
        if subjects.is_empty() {
            return Err(bad("subject"));
        }
        if subjects.len() > limit::SUBJECTS {
            return Err(format!(
                "its statement has more than {} subjects",
                limit::SUBJECTS
            ));
        }
        let subjects = subjects.iter().map(|subject| {
            Ok(Subject {
                sha256: subject.inner("digest")?.text("sha256")?.map(str::to_owned),
                annotations: subject.members("annotations")?.to_vec(),
            })
        });
        Ok(Self {
            old: kind == V0_1,
            predicate: json.needed("predicateType")?.to_owned(),
            subjects: subjects.collect::<Result<_, String>>()?,
        })
    }

    /// Whether it is about a manifest: its annotations of it.
    pub(crate) fn about(&self, manifest: &Digest) -> Option<&[(String, Json)]> {
        let mut subjects = self.subjects.iter();
        let subject = subjects.find(|subject| subject.sha256.as_deref() == Some(manifest.hex()))?;
        Some(&subject.annotations)
    }

    /// What it is about, in hexadecimal.
    pub(crate) fn first(&self) -> Option<&str> {
        self.subjects
            .iter()
            .find_map(|subject| subject.sha256.as_deref())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn digest(byte: u8) -> Digest {
        Digest::from_sha256(&[byte; 32])
    }

    fn text(subjects: &str) -> String {
        format!(
            r#"{{"_type":"{V1}","subject":[{subjects}],"predicateType":"{SIGNATURE}","predicate":{{}}}}"#
        )
    }

    fn subject(byte: u8) -> String {
        format!(
            r#"{{"digest":{{"sha256":"{}"}},"annotations":{{"a":"b"}}}}"#,
            digest(byte).hex()
        )
    }

    #[test]
    fn one_of_several_subjects() {
        let text = text(&[subject(1), subject(2)].join(","));
        let statement = Statement::parse(text.as_bytes()).unwrap();
        let annotations = [("a".to_owned(), Json::from("b"))];
        assert_eq!(statement.about(&digest(2)), Some(annotations.as_slice()));
        assert_eq!(statement.about(&digest(3)), None);
        assert_eq!(statement.first(), Some(digest(1).hex()));
    }

    #[test]
    fn no_digest_and_another_algorithm_are_about_nothing() {
        let hex = digest(1).hex().to_owned();
        for subject in [
            r#"{"digest":{}}"#.to_owned(),
            format!(r#"{{"digest":{{"sha512":"{hex}"}}}}"#),
            format!(r#"{{"digest":{{"sha256":"sha256:{hex}"}}}}"#),
            format!(r#"{{"digest":{{"SHA256":"{hex}"}}}}"#),
        ] {
            let statement = Statement::parse(text(&subject).as_bytes()).unwrap();
            assert_eq!(statement.about(&digest(1)), None, "{subject}");
        }
    }

    #[test]
    fn what_is_no_statement_is_refused() {
        let many = vec![subject(1); limit::SUBJECTS + 1].join(",");
        let whole = text(&subject(1));
        for text in [
            text(""),
            text("null"),
            text("{}"),
            text(r#"{"digest":{"sha256":7}}"#),
            text(&many),
            whole.replace("Statement/v1", "Statement/v2"),
            whole.replace("predicateType", "PredicateType"),
            whole.replace(r#""_type""#, r#""predicateType":"x","_type""#),
            "[]".to_owned(),
        ] {
            assert!(Statement::parse(text.as_bytes()).is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..200), subject in ".{0,60}") {
            let _ = Statement::parse(&bytes);
            let _ = Statement::parse(text(&subject).as_bytes());
        }
    }
}
