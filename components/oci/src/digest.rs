//! Digests: the names of content.

use alloc::borrow::ToOwned as _;
use alloc::string::String;
use core::fmt;
use core::str::FromStr;

use serde::{Deserialize, Serialize};

/// A SHA-256 digest, `sha256:` and 64 lower-case hexadecimal digits
/// (image-spec v1.1.1, "Digests").
///
/// Its grammar is checked before it becomes part of a path or an address
/// (CVE-2024-3727 is what happens otherwise).
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Digest(String);

/// Why a text is not a digest.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DigestError {
    /// There is no `algorithm:` in front.
    #[error("`{0}` is not a digest: expected `sha256:` and 64 hexadecimal digits")]
    Shape(String),
    /// A digest of an algorithm that is not understood here.
    #[error("the digest algorithm `{0}` is not supported, only `sha256`")]
    Algorithm(String),
    /// The part after `sha256:` has another length or other characters.
    #[error("`{0}` is not a digest: `sha256:` needs 64 lower-case hexadecimal digits after it")]
    Encoded(String),
}

impl Digest {
    const PREFIX: &'static str = "sha256:";

    /// The digest that these 32 bytes of SHA-256 output are.
    #[must_use]
    pub fn from_sha256(output: &[u8; 32]) -> Self {
        use fmt::Write as _;
        let mut text = String::with_capacity(Self::PREFIX.len() + 64);
        text.push_str(Self::PREFIX);
        for byte in output {
            // Writing to a String can't fail.
            let _ = write!(text, "{byte:02x}");
        }
        Self(text)
    }

    /// The whole, `sha256:…`.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The 64 hexadecimal digits: safe as a file name.
    #[must_use]
    pub fn hex(&self) -> &str {
        &self.0[Self::PREFIX.len()..]
    }
}

impl FromStr for Digest {
    type Err = DigestError;

    fn from_str(text: &str) -> Result<Self, DigestError> {
        let Some((algorithm, encoded)) = text.split_once(':') else {
            return Err(DigestError::Shape(shortened(text)));
        };
        if algorithm != "sha256" {
            return Err(if is_algorithm(algorithm) {
                DigestError::Algorithm(shortened(algorithm))
            } else {
                DigestError::Shape(shortened(text))
            });
        }
        let lower_hex = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
        if encoded.len() != 64 || !encoded.bytes().all(lower_hex) {
            return Err(DigestError::Encoded(shortened(text)));
        }
        Ok(Self(text.to_owned()))
    }
}

/// Whether a text fits the grammar of an algorithm's name, so that it is worth
/// telling the user that it is one.
fn is_algorithm(text: &str) -> bool {
    !text.is_empty()
        && text
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"+._-".contains(&b))
}

fn shortened(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(100).collect()
}

impl TryFrom<String> for Digest {
    type Error = DigestError;

    fn try_from(text: String) -> Result<Self, DigestError> {
        text.parse()
    }
}

impl From<Digest> for String {
    fn from(digest: Digest) -> Self {
        digest.0
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use alloc::string::ToString as _;

    use super::*;
    use proptest::prelude::*;

    #[test]
    fn takes_what_sha256sum_prints() {
        let text = "sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a";
        let digest: Digest = text.parse().unwrap();
        assert_eq!(digest.to_string(), text);
        assert_eq!(digest.hex().len(), 64);
    }

    #[test]
    fn refuses_what_could_become_a_path() {
        let dots = format!("sha256:{}", "../".repeat(22));
        for text in [
            "",
            "sha256",
            "sha256:",
            "sha256:../../etc/passwd",
            dots.as_str(),
            &format!("sha256:{}", "A".repeat(64)),
            &format!("sha256:{}\n", "a".repeat(64)),
            &format!("sha512:{}", "a".repeat(128)),
            &format!("SHA256:{}", "a".repeat(64)),
        ] {
            assert!(text.parse::<Digest>().is_err(), "{text:?}");
        }
    }

    #[test]
    fn names_the_algorithm_it_lacks() {
        let error = format!("sha512:{}", "a".repeat(128))
            .parse::<Digest>()
            .unwrap_err();
        assert_eq!(error, DigestError::Algorithm("sha512".into()));
    }

    proptest! {
        #[test]
        fn any_text_is_refused_or_kept(text in ".*") {
            if let Ok(digest) = text.parse::<Digest>() {
                prop_assert_eq!(digest.as_str(), text);
            }
        }

        #[test]
        fn every_sha256_output_has_a_digest(output in any::<[u8; 32]>()) {
            let digest = Digest::from_sha256(&output);
            prop_assert_eq!(digest.as_str().parse::<Digest>(), Ok(digest.clone()));
        }
    }
}
