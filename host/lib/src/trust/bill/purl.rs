//! Package URLs (ECMA-427).

use std::fmt::Write as _;

use wharf_oci::{Digest, Reference};

/// An artifact at a registry (purl type `oci`).
pub(super) fn of_artifact(place: &Reference, digest: &Digest) -> String {
    let repository = place.repository.to_string();
    let name = repository.rsplit('/').next().unwrap_or_default();
    format!(
        "pkg:oci/{}@{}?repository_url={}",
        encoded(name),
        encoded(digest.as_str()),
        encoded(&format!("{}/{repository}", place.registry)).replace("%2F", "/")
    )
}

/// A crate of crates.io (purl type `cargo`).
pub(super) fn of_crate(name: &str, version: &str) -> String {
    format!("pkg:cargo/{}@{}", encoded(name), encoded(version))
}

/// Percent-encoded, but for what never has to be.
fn encoded(text: &str) -> String {
    let mut encoded = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            // Writing to a text can't fail.
            let _ = write!(encoded, "%{byte:02X}");
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_separates_is_encoded() {
        let digest: Digest = format!("sha256:{}", "0".repeat(64)).parse().unwrap();
        let place = "localhost:5000/team/app:1".parse().unwrap();
        assert_eq!(
            of_artifact(&place, &digest),
            format!(
                "pkg:oci/app@sha256%3A{}?repository_url=localhost%3A5000/team/app",
                "0".repeat(64)
            )
        );
        assert_eq!(of_crate("a-b", "1.0.0+x"), "pkg:cargo/a-b@1.0.0%2Bx");
    }
}
