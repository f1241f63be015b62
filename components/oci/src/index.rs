//! Indexes: manifests in a list, of which one is meant, or all
//! (image-spec v1.1.1, "image-index.md").

use alloc::string::String;
use alloc::vec::Vec;

use crate::json::Node;
use crate::{Descriptor, Platform, media_type};

/// An image index or Docker's manifest list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Index {
    /// The index's own media type, where it says so.
    pub media_type: Option<String>,
    /// What is in it.
    pub manifests: Vec<Entry>,
}

/// A manifest in an index: its descriptor, and what the index says of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// What it is and how it is named.
    pub content: Descriptor,
    /// What it runs on.
    pub platform: Option<Platform>,
}

impl Entry {
    /// Whether it is itself an index.
    #[must_use]
    pub fn is_index(&self) -> bool {
        media_type::is_index(&self.content.media_type)
    }

    pub(crate) fn read(node: &Node) -> Result<Self, String> {
        let platform = node.get("platform").map(Platform::read);
        Ok(Self {
            content: Descriptor::read(node)?,
            platform: platform.transpose()?,
        })
    }
}

impl Index {
    /// The media type to serve and to describe it as: its own, or else Docker's if
    /// it was served as that, or else OCI's.
    #[must_use]
    pub fn media_type(&self, served_as: Option<&str>) -> String {
        media_type::own_or_served(
            self.media_type.as_deref(),
            served_as,
            media_type::DOCKER_LIST,
            media_type::IMAGE_INDEX,
        )
    }

    /// The manifest for the wanted platform or, when none is wanted, for
    /// WebAssembly: the first that fits. Indexes within this one are not looked at.
    #[must_use]
    pub fn choose(&self, wanted: Option<&Platform>) -> Option<&Entry> {
        self.manifests.iter().find(|entry| {
            let fits = |platform: &Platform| match wanted {
                Some(wanted) => platform.satisfies(wanted),
                None => platform.is_wasm(),
            };
            !entry.is_index() && entry.platform.as_ref().is_some_and(fits)
        })
    }

    /// The descriptors of what is in it.
    pub fn descriptors(&self) -> impl Iterator<Item = Descriptor> {
        self.manifests.iter().map(|entry| entry.content.clone())
    }

    /// The indexes within this one.
    pub fn nested(&self) -> impl Iterator<Item = &Entry> {
        self.manifests.iter().filter(|entry| entry.is_index())
    }

    /// The platforms of the manifests in it.
    pub fn platforms(&self) -> impl Iterator<Item = &Platform> {
        self.manifests
            .iter()
            .filter_map(|entry| entry.platform.as_ref())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::manifest::Manifest;
    use proptest::prelude::*;

    const DIGEST: &str = "sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a";

    fn index(entries: &[(&str, u64, &str)]) -> Index {
        let entries: Vec<String> = entries
            .iter()
            .map(|(media_type, size, rest)| {
                format!(r#"{{"mediaType":"{media_type}","digest":"{DIGEST}","size":{size}{rest}}}"#)
            })
            .collect();
        let text = format!(
            r#"{{"schemaVersion":2,"manifests":[{}]}}"#,
            entries.join(",")
        );
        match Manifest::parse(text.as_bytes(), None) {
            Ok(Manifest::Index(index)) => index,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn the_first_that_fits_is_chosen() {
        let linux = r#","platform":{"os":"linux","architecture":"amd64","os.version":"1"}"#;
        let wasm = r#","platform":{"os":"Wasip1","architecture":"wasm"},"annotations":{"a":"b"}"#;
        let list = index(&[
            (media_type::IMAGE_MANIFEST, 1, ""),
            (media_type::IMAGE_MANIFEST, 2, linux),
            (media_type::IMAGE_INDEX, 3, wasm),
            (media_type::DOCKER_MANIFEST, 4, wasm),
            (media_type::IMAGE_MANIFEST, 5, wasm),
        ]);
        let size = |wanted: Option<&str>| {
            let wanted = wanted.map(|text| text.parse().unwrap());
            list.choose(wanted.as_ref()).map(|entry| entry.content.size)
        };
        assert_eq!(size(None), Some(4));
        assert_eq!(size(Some("linux/amd64")), Some(2));
        assert_eq!(size(Some("linux/arm64")), None);
        assert_eq!(list.nested().count(), 1);
        assert_eq!(list.platforms().count(), 4);
    }

    proptest! {
        #[test]
        fn what_is_chosen_fits(
            platforms in proptest::collection::vec("[a-z]{1,2}/(wasm|[a-z]{1,2})(/[a-z])?", 0..9),
            wanted in "[a-z]{1,2}/[a-z]{1,2}",
        ) {
            let parts: Vec<String> = platforms
                .iter()
                .map(|platform| {
                    let platform: Platform = platform.parse().unwrap();
                    let variant = platform.variant.map_or(String::new(), |variant| {
                        format!(r#","variant":"{variant}""#)
                    });
                    format!(
                        r#","platform":{{"os":"{}","architecture":"{}"{variant}}}"#,
                        platform.os, platform.architecture
                    )
                })
                .collect();
            let entries: Vec<_> = parts
                .iter()
                .map(|rest| (media_type::IMAGE_MANIFEST, 1, rest.as_str()))
                .collect();
            let list = index(&entries);
            let written: Vec<String> = list.platforms().map(|it| format!("{it}")).collect();
            prop_assert_eq!(written, platforms);
            let wanted: Platform = wanted.parse().unwrap();
            let fits = |platform: &Platform| platform.satisfies(&wanted);
            let chosen = list.choose(Some(&wanted)).and_then(|entry| entry.platform.as_ref());
            prop_assert_eq!(chosen, list.platforms().find(|platform| fits(platform)));
        }

        #[test]
        fn never_panics(platform in "[ -~]{0,60}") {
            let text = format!(
                r#"{{"mediaType":"a","digest":"{DIGEST}","size":1,"platform":{platform}}}"#
            );
            if let Ok(node) = Node::parse(text.as_bytes()) {
                let _ = Entry::read(&node);
            }
        }
    }
}
