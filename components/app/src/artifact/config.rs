//! The image config of an application.

use std::collections::BTreeMap;

use serde::Serialize;
use wharf_oci::Digest;

/// Where the config says which content is the locked app. Without it all
/// applications would have the same config, and so, to container runtimes, the
/// same image id.
const LOCKED_APP_LABEL: &str = "com.fermyon.spin.lockedAppDigest";

/// The bytes of the config of an application whose locked app has this digest.
#[must_use]
pub fn image_config(locked_app: &Digest) -> Vec<u8> {
    let config = ImageConfig {
        architecture: "wasm",
        os: "Wasip1",
        config: Execution {
            labels: BTreeMap::from([(LOCKED_APP_LABEL, locked_app.as_str())]),
        },
        rootfs: RootFs {
            kind: "layers",
            diff_ids: [],
        },
    };
    // Texts only: it can't fail.
    serde_json::to_vec(&config).unwrap_or_default()
}

#[derive(Serialize)]
struct ImageConfig<'a> {
    architecture: &'a str,
    /// As Spin writes it, for components too; the container runtimes know it.
    os: &'a str,
    config: Execution<'a>,
    rootfs: RootFs<'a>,
}

#[derive(Serialize)]
struct Execution<'a> {
    #[serde(rename = "Labels")]
    labels: BTreeMap<&'a str, &'a str>,
}

#[derive(Serialize)]
struct RootFs<'a> {
    #[serde(rename = "type")]
    kind: &'a str,
    diff_ids: [&'a str; 0],
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_whole_of_it() {
        let digest = Digest::from_sha256(&[0xab; 32]);
        assert_eq!(
            String::from_utf8(image_config(&digest)).unwrap(),
            format!(
                r#"{{"architecture":"wasm","os":"Wasip1","config":{{"Labels":{{"com.fermyon.spin.lockedAppDigest":"sha256:{}"}}}},"rootfs":{{"type":"layers","diff_ids":[]}}}}"#,
                "ab".repeat(32)
            )
        );
    }
}
