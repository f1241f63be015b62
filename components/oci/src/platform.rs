//! Which of an index's manifests is meant (image-spec v1.1.1, "image-index.md").

use alloc::borrow::ToOwned as _;
use alloc::string::String;
use core::fmt;
use core::str::FromStr;

use crate::json::{Node, bad};

/// What a manifest's content runs on, as an index says it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Platform {
    /// The operating system, for example `wasip1` or `linux`.
    pub os: String,
    /// The processor, for example `wasm` or `amd64`.
    pub architecture: String,
    /// A further distinction of the processor, for example `v8`.
    pub variant: Option<String>,
}

/// Why a text is not a platform.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a platform: expected OS/ARCHITECTURE or OS/ARCHITECTURE/VARIANT")]
pub struct PlatformError(String);

/// Operating systems and processors that mean WebAssembly. Nothing in the field
/// agrees on one spelling; Spin writes `Wasip1`.
const WASM_SYSTEMS: [&str; 3] = ["wasip1", "wasip2", "wasi"];
const WASM_PROCESSORS: [&str; 2] = ["wasm", "wasm32"];

impl Platform {
    /// Whether it is WebAssembly.
    #[must_use]
    pub fn is_wasm(&self) -> bool {
        let one_of = |names: &[&str], text: &str| {
            let mut names = names.iter();
            names.any(|name| name.eq_ignore_ascii_case(text))
        };
        one_of(&WASM_SYSTEMS, &self.os) && one_of(&WASM_PROCESSORS, &self.architecture)
    }

    /// Whether this is what `wanted` asks for. A variant that was not asked for does
    /// not matter.
    #[must_use]
    pub fn satisfies(&self, wanted: &Self) -> bool {
        self.os.eq_ignore_ascii_case(&wanted.os)
            && self.architecture.eq_ignore_ascii_case(&wanted.architecture)
            && wanted.variant.as_ref().is_none_or(|wanted| {
                let variant = self.variant.as_ref();
                variant.is_some_and(|variant| variant.eq_ignore_ascii_case(wanted))
            })
    }
}

impl Platform {
    /// Reads what stands in an index.
    pub(crate) fn read(node: &Node) -> Result<Self, String> {
        let text = |name: &str| node.text(name)?.ok_or_else(|| bad(name));
        Ok(Self {
            os: text("os")?,
            architecture: text("architecture")?,
            variant: node.text("variant")?,
        })
    }
}

impl FromStr for Platform {
    type Err = PlatformError;

    fn from_str(text: &str) -> Result<Self, PlatformError> {
        let plain = |part: &&str| {
            let is_plain = |b: u8| b.is_ascii_alphanumeric() || b"._-".contains(&b);
            !part.is_empty() && part.bytes().all(is_plain)
        };
        let mut parts = text.splitn(3, '/');
        let mut next = || parts.next().filter(plain);
        let bad = || PlatformError(crate::problem::clean(text, 100));
        let (os, architecture) = next().zip(next()).ok_or_else(bad)?;
        let variant = match parts.next() {
            Some(variant) if plain(&variant) => Some(variant.to_owned()),
            Some(_) => return Err(bad()),
            None => None,
        };
        Ok(Self {
            os: os.to_owned(),
            architecture: architecture.to_owned(),
            variant,
        })
    }
}

impl fmt::Display for Platform {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.os)?;
        f.write_str("/")?;
        f.write_str(&self.architecture)?;
        if let Some(variant) = &self.variant {
            f.write_str("/")?;
            f.write_str(variant)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::string::ToString as _;

    use super::*;
    use proptest::prelude::*;

    fn platform(text: &str) -> Platform {
        text.parse().unwrap()
    }

    #[test]
    fn webassembly_has_many_names() {
        for text in ["Wasip1/wasm", "wasip2/wasm32", "WASI/Wasm"] {
            assert!(platform(text).is_wasm(), "{text}");
        }
        for text in ["linux/wasm", "wasip1/amd64", "linux/amd64", "js/wasm"] {
            assert!(!platform(text).is_wasm(), "{text}");
        }
    }

    #[test]
    fn a_variant_matters_when_it_is_asked_for() {
        let v8 = platform("linux/arm64/v8");
        assert!(v8.satisfies(&platform("Linux/ARM64")));
        assert!(v8.satisfies(&v8));
        assert!(!platform("linux/arm64").satisfies(&v8));
        assert!(!v8.satisfies(&platform("linux/amd64")));
    }

    #[test]
    fn what_is_no_platform() {
        for text in ["", "linux", "linux/", "/amd64", "a/b/", "a/b/c/d", "a/b c"] {
            assert!(text.parse::<Platform>().is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn what_is_read_is_written_the_same(text in "[ -~]{0,20}") {
            if let Ok(platform) = text.parse::<Platform>() {
                prop_assert_eq!(platform.to_string(), text);
            }
        }
    }
}
