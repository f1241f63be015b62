//! What a component needs and offers.

use std::collections::BTreeSet;

use wasmparser::{Encoding, Parser, Payload};
use wit_parser::decoding::{DecodedWasm, decode};
use wit_parser::{PackageId, Resolve, WorldId, WorldItem, WorldKey};

use crate::metadata::Metadata;

/// What was read from WebAssembly.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Described {
    /// What it is.
    pub kind: Kind,
    /// What it says of itself.
    pub metadata: Metadata,
}

/// What WebAssembly is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    /// A core module.
    Module,
    /// A component, or a package of interfaces, which only exports.
    Component {
        /// The names of its imports, in its order.
        imports: Vec<String>,
        /// The names of its exports, in its order; those of a package are sorted.
        exports: Vec<String>,
    },
}

/// Why bytes can't be described. To be read after the name of their file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DescribeError {
    /// Not WebAssembly, or not whole.
    #[error("is not sound WebAssembly: {0}")]
    Wasm(String),
    /// A component whose interfaces are not those of WIT.
    #[error("is a component whose interfaces can't be described: {0}")]
    Interfaces(String),
}

impl Described {
    /// Describes a component or a core module, given all of it. What is within
    /// functions is not looked at.
    pub fn of(wasm: &[u8]) -> Result<Self, DescribeError> {
        let mut encoding = None;
        let mut metadata = Metadata::default();
        let mut depth = 0_u32;
        for payload in Parser::new(0).parse_all(wasm) {
            match payload.map_err(|error| DescribeError::Wasm(error.to_string()))? {
                Payload::Version {
                    encoding: found, ..
                } if encoding.is_none() => {
                    encoding = Some(found);
                }
                Payload::ModuleSection { .. } | Payload::ComponentSection { .. } => depth += 1,
                Payload::End(_) => depth = depth.saturating_sub(1),
                Payload::CustomSection(section) if depth == 0 => metadata.take(&section),
                _ => {}
            }
        }
        let kind = match encoding {
            Some(Encoding::Component) => component(wasm)?,
            Some(Encoding::Module) => Kind::Module,
            None => return Err(DescribeError::Wasm("it is empty".to_owned())),
        };
        Ok(Self { kind, metadata })
    }
}

/// The names as the tools of the field (`oci-wasm`) give them.
fn component(wasm: &[u8]) -> Result<Kind, DescribeError> {
    // The outermost cause says what is wrong; those below it, where in the decoder.
    let decoded = decode(wasm).map_err(|error| DescribeError::Interfaces(error.to_string()))?;
    Ok(match decoded {
        DecodedWasm::Component(resolve, world) => {
            let names = |items: &[(&WorldKey, &WorldItem)]| {
                let names = items.iter().map(|(key, _)| resolve.name_world_key(key));
                names.collect()
            };
            let world: &wit_parser::World = &resolve.worlds[world];
            Kind::Component {
                imports: names(&world.imports.iter().collect::<Vec<_>>()),
                exports: names(&world.exports.iter().collect::<Vec<_>>()),
            }
        }
        DecodedWasm::WitPackage(resolve, package) => Kind::Component {
            imports: Vec::new(),
            exports: of_package(&resolve, package),
        },
    })
}

/// The interfaces and worlds of a package, and what its worlds export.
fn of_package(resolve: &Resolve, package: PackageId) -> Vec<String> {
    let found = &resolve.packages[package];
    let mut names = BTreeSet::new();
    for (name, world) in &found.worlds {
        let world: WorldId = *world;
        let exports = resolve.worlds[world].exports.keys();
        names.extend(exports.map(|key| resolve.name_world_key(key)));
        names.insert(resolve.id_of_name(package, name));
    }
    let interfaces = found.interfaces.values();
    names.extend(interfaces.filter_map(|interface| resolve.id_of(*interface)));
    names.into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const COMPONENT: &str = r#"(component $shop
        (import "wasi:random/random@0.2.0" (instance (export "get-random-u64" (func (result u64)))))
        (import "log" (func (param "text" string)))
        (core module (func (export "run")))
        (core instance $i (instantiate 0))
        (func (export "b") (canon lift (core func $i "run")))
        (func (export "a") (canon lift (core func $i "run")))
        (@custom "description" "Sells lamps")
        (@custom "licenses" "MIT")
        (@custom "authors" "\ff")
        (@custom "other" "x")
        (@custom "producers" "\00")
    )"#;

    fn binary(text: &str) -> Vec<u8> {
        wat::parse_str(text).unwrap()
    }

    #[test]
    fn a_component_with_what_it_says_of_itself() {
        let described = Described::of(&binary(COMPONENT)).unwrap();
        let text = |texts: &[&str]| texts.iter().map(ToString::to_string).collect::<Vec<_>>();
        assert_eq!(
            described.kind,
            Kind::Component {
                imports: text(&["wasi:random/random@0.2.0", "log"]),
                exports: text(&["b", "a"]),
            }
        );
        assert_eq!(described.metadata.name.as_deref(), Some("shop"));
        assert_eq!(
            described.metadata.texts,
            [("description", "Sells lamps"), ("licenses", "MIT")]
                .map(|(name, text)| (name.to_owned(), text.to_owned()))
        );
        assert_eq!(described.metadata.left_out, ["authors"]);
    }

    #[test]
    fn a_module_has_a_kind_and_no_name() {
        let text = r#"(module $m (func) (@custom "version" "1.0.0"))"#;
        let described = Described::of(&binary(text)).unwrap();
        assert_eq!(described.kind, Kind::Module);
        assert_eq!(described.metadata.name, None);
        assert_eq!(described.metadata.texts.len(), 1);
    }

    #[test]
    fn what_a_module_within_says_is_not_the_components() {
        let text = r#"(component (core module (@custom "version" "1.0.0")))"#;
        let described = Described::of(&binary(text)).unwrap();
        assert!(described.metadata.texts.is_empty());
    }

    #[test]
    fn what_is_not_whole_is_refused_wherever_it_was_cut() {
        let whole = binary(COMPONENT);
        // Between two sections, what is there is whole.
        let refused = (0..whole.len()).filter(|end| Described::of(&whole[..*end]).is_err());
        assert!(refused.count() > whole.len() - 30);
        for wrong in [&b""[..], b"\0asm", b"(component)", b"\0asm\x0d\0\x01\0\xff"] {
            assert!(Described::of(wrong).is_err(), "{wrong:?}");
        }
    }

    proptest! {
        #[test]
        fn never_panics(at in any::<prop::sample::Index>(), byte in any::<u8>()) {
            let mut wasm = binary(COMPONENT);
            let at = at.index(wasm.len());
            wasm[at] = byte;
            let _ = Described::of(&wasm);
        }
    }
}
