//! What WebAssembly says of itself in custom sections: those that package tools write
//! (`wasm-metadata`).

use wasmparser::{ComponentName, CustomSectionReader, KnownCustom};

/// The sections that are texts for people.
const TEXTS: [&str; 7] = [
    "authors",
    "description",
    "homepage",
    "licenses",
    "revision",
    "source",
    "version",
];

/// The longest text that is taken, in bytes: it is to become an annotation, and all of
/// them together must fit into a manifest.
pub const MOST_TEXT_BYTES: usize = 16 * 1024;

/// What WebAssembly says of itself.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Metadata {
    /// Its name. Only components have one that was meant for others.
    pub name: Option<String>,
    /// The texts by their sections' names, in the order in which they stand there.
    pub texts: Vec<(String, String)>,
    /// The sections that were left out: too long, or no text.
    pub left_out: Vec<String>,
}

impl Metadata {
    /// Takes a section of the outermost module or component.
    pub(crate) fn take(&mut self, section: &CustomSectionReader<'_>) {
        if let KnownCustom::ComponentName(names) = section.as_known() {
            for entry in names.into_iter().flatten() {
                if let ComponentName::Component { name, .. } = entry {
                    self.take_name(name);
                }
            }
            return;
        }
        let name = section.name();
        if !TEXTS.contains(&name) {
            return;
        }
        match std::str::from_utf8(section.data()) {
            Ok(text) if text.len() <= MOST_TEXT_BYTES => {
                self.texts.push((name.to_owned(), text.to_owned()));
            }
            _ => self.left_out.push(name.to_owned()),
        }
    }

    fn take_name(&mut self, name: &str) {
        if name.len() <= MOST_TEXT_BYTES {
            self.name = Some(name.to_owned());
        }
    }
}
