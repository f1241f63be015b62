//! How bytes are written as text, and hashed.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE};
use sha2::{Digest as _, Sha256};
use wharf_oci::Digest;

/// The bytes of a base64 text: of the standard alphabet or the URL-safe one, as DSSE
/// v1.0.0 has readers accept, and padded.
pub(crate) fn from_base64(text: &str) -> Option<Vec<u8>> {
    let standard = STANDARD.decode(text);
    standard.or_else(|_| URL_SAFE.decode(text)).ok()
}

/// Bytes in base64, of the standard alphabet and padded.
pub(crate) fn to_base64(bytes: &[u8]) -> String {
    STANDARD.encode(bytes)
}

/// Bytes in lower-case hexadecimal.
pub(crate) fn to_hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    let mut text = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        // Writing to a String can't fail.
        let _ = write!(text, "{byte:02x}");
    }
    text
}

/// The 32 bytes that 64 hexadecimal digits are.
pub(crate) fn from_hex(text: &str) -> Option<[u8; 32]> {
    let mut bytes = [0; 32];
    if text.len() != 64 || !text.bytes().all(|digit| digit.is_ascii_hexdigit()) {
        return None;
    }
    for (place, byte) in bytes.iter_mut().enumerate() {
        *byte = u8::from_str_radix(text.get(place * 2..place * 2 + 2)?, 16).ok()?;
    }
    Some(bytes)
}

/// The SHA-256 of bytes.
pub(crate) fn sha256(bytes: &[u8]) -> [u8; 32] {
    Sha256::digest(bytes).into()
}

/// The digest of content.
pub(crate) fn digest(content: &[u8]) -> Digest {
    Digest::from_sha256(&sha256(content))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn base64_is_of_two_alphabets_and_nothing_else() {
        assert_eq!(from_base64("+/8="), Some(vec![0xfb, 0xff]));
        assert_eq!(from_base64("-_8="), Some(vec![0xfb, 0xff]));
        for text in [
            "+/8", "+_8=", "+/9=", "+/8=\n", " +/8=", "+/8==", "+/8=+/8=",
        ] {
            assert_eq!(from_base64(text), None, "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn hexadecimal_and_back(bytes in any::<[u8; 32]>()) {
            prop_assert_eq!(from_hex(&to_hex(&bytes)), Some(bytes));
        }

        #[test]
        fn never_panics(text in ".{0,70}") {
            let _ = (from_hex(&text), from_base64(&text));
        }
    }
}
