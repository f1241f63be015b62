//! Which files travel in archives, and which are layers of their own.

use std::collections::{BTreeMap, BTreeSet};

use wharf_oci::{Descriptor, Digest};

use super::{ARCHIVE_LAYER, Content, LAYERS, PackError, PackedComponent};

/// When files travel in archives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Archiving {
    /// Where there would be more layers than registries take: then as few as need be,
    /// the smallest first. The large ones remain layers, which move only when they
    /// change and which applications share.
    #[default]
    WhereNeeded,
    /// All files, an archive for each component, as Spin does it when it is told to.
    Always,
}

/// Files that are to be packed into one archive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bundle {
    /// Each by its name in the archive, sorted.
    pub members: BTreeMap<String, Content>,
}

/// Archives that take the place of layers.
#[derive(Debug, Clone, Default)]
pub struct Archives {
    layers: Vec<Descriptor>,
    members: BTreeSet<Digest>,
}

impl Bundle {
    /// What is to be archived of the components' files.
    pub fn choose(
        contents: &[PackedComponent],
        archiving: Archiving,
    ) -> Result<Vec<Self>, PackError> {
        match archiving {
            Archiving::Always => Ok(contents.iter().filter_map(Self::of_component).collect()),
            Archiving::WhereNeeded => Ok(Self::of_smallest(contents)?.into_iter().collect()),
        }
    }

    fn of_component(component: &PackedComponent) -> Option<Self> {
        let named =
            |file: &super::PackedFile| (file.path.as_str().to_owned(), file.content.clone());
        let members: BTreeMap<_, _> = component.files.iter().map(named).collect();
        (!members.is_empty()).then_some(Self { members })
    }

    /// As many of the smallest as it takes to get by with the layers that there may be.
    /// They are called by their digests: what else they are called changes nothing, and
    /// components may share them.
    fn of_smallest(contents: &[PackedComponent]) -> Result<Option<Self>, PackError> {
        let sources = contents.iter().flat_map(|component| {
            let dependencies = component.dependencies.values();
            let of_trigger = component.trigger_dependencies.values().flatten();
            std::iter::once(&component.source)
                .chain(dependencies)
                .chain(of_trigger)
        });
        let wasm: BTreeSet<_> = sources.map(|content| &content.digest).collect();
        let files = contents.iter().flat_map(|component| &component.files);
        let files = files.filter(|file| file.content.inline.is_none());
        let layers: BTreeSet<_> = files
            .map(|file| (file.content.size, &file.content.digest))
            .collect();
        // The locked app is one of them.
        let room = LAYERS - 1;
        let needed = wasm.len() + layers.len();
        if needed <= room {
            return Ok(None);
        }
        // As is the archive.
        let Some(room) = (room - 1).checked_sub(wasm.len()) else {
            return Err(PackError::TooManyLayers(wasm.len()));
        };
        let small = layers.iter().take(layers.len() - room);
        let members = small.map(|(size, digest)| {
            let content = Content {
                digest: (*digest).clone(),
                size: *size,
                inline: None,
            };
            (digest.hex().to_owned(), content)
        });
        Ok(Some(Self {
            members: members.collect(),
        }))
    }
}

impl Archives {
    /// Adds the archive that a bundle became, which has `size` bytes.
    pub fn add(&mut self, bundle: Bundle, archive: Digest, size: u64) {
        let members = bundle.members.into_values();
        self.members.extend(members.map(|content| content.digest));
        self.layers
            .push(Descriptor::new(ARCHIVE_LAYER, archive, size));
    }

    /// Whether content is in one of them.
    pub(super) fn has(&self, digest: &Digest) -> bool {
        self.members.contains(digest)
    }

    /// Their layers.
    pub(super) fn into_layers(self) -> Vec<Descriptor> {
        self.layers
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::artifact::PackedFile;

    fn content(number: u64, size: u64) -> Content {
        let mut output = [0; 32];
        output[..8].copy_from_slice(&number.to_be_bytes());
        Content {
            digest: Digest::from_sha256(&output),
            size,
            inline: None,
        }
    }

    /// Components that see so many files each, the larger the later, and share them.
    fn components(count: u64, files: u64) -> Vec<PackedComponent> {
        let file = |number| PackedFile {
            path: format!("f{number}").parse().unwrap(),
            content: content(number, 1_000 + number),
        };
        let component = |number| PackedComponent {
            source: content(u64::MAX - number, 10),
            dependencies: BTreeMap::new(),
            trigger_dependencies: BTreeMap::new(),
            files: (0..files).rev().map(file).collect(),
        };
        (0..count).map(component).collect()
    }

    #[test]
    fn nothing_is_archived_that_can_be_a_layer() {
        assert_eq!(
            Bundle::choose(&components(2, 497), Archiving::WhereNeeded),
            Ok(vec![])
        );
    }

    #[test]
    fn the_smallest_are_archived_and_as_few_as_it_takes() {
        for (files, archived) in [(498, 2), (499, 3), (1_500, 1_004)] {
            let bundles = Bundle::choose(&components(2, files), Archiving::WhereNeeded).unwrap();
            let [bundle] = bundles.as_slice() else {
                panic!("one archive is enough");
            };
            assert_eq!(bundle.members.len(), archived);
            // Two components, the archive, the locked app, and what is left.
            assert_eq!(
                2 + 1 + 1 + usize::try_from(files).unwrap() - archived,
                LAYERS
            );
            let largest = bundle.members.values().map(|content| content.size).max();
            assert_eq!(largest, Some(999 + archived as u64));
            for (name, content) in &bundle.members {
                assert_eq!(name, content.digest.hex());
            }
        }
    }

    #[test]
    fn components_alone_can_be_too_many() {
        let refused = Bundle::choose(&components(499, 1), Archiving::WhereNeeded);
        assert_eq!(refused, Err(PackError::TooManyLayers(499)));
    }

    #[test]
    fn told_to_each_component_has_an_archive_of_all_its_files() {
        let mut contents = components(3, 2);
        contents[0].files[0].content.inline = Some(vec![1]);
        contents[2].files.clear();
        let bundles = Bundle::choose(&contents, Archiving::Always).unwrap();
        let names = |bundle: &Bundle| bundle.members.keys().cloned().collect::<Vec<_>>();
        assert_eq!(
            bundles.iter().map(names).collect::<Vec<_>>(),
            [["f0", "f1"], ["f0", "f1"]]
        );
    }
}
