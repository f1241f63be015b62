//! Core modules, made components.

use wasi_preview1_component_adapter_provider::{
    WASI_SNAPSHOT_PREVIEW1_ADAPTER_NAME, WASI_SNAPSHOT_PREVIEW1_COMMAND_ADAPTER,
    WASI_SNAPSHOT_PREVIEW1_REACTOR_ADAPTER,
};
use wasmparser::{Parser, Payload};
use wit_component::ComponentEncoder;

use crate::error::{ComposeError, Part, problem};

/// What WebAssembly is, by its first eight bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A component.
    Component,
    /// A core module.
    Module,
}

/// The kind of WebAssembly that begins so, or none when it is not WebAssembly.
#[must_use]
pub fn kind(bytes: &[u8]) -> Option<Kind> {
    if Parser::is_component(bytes) {
        Some(Kind::Component)
    } else if Parser::is_core_wasm(bytes) {
        Some(Kind::Module)
    } else {
        None
    }
}

/// Makes a core module that is a component's source a component: what it was built to
/// import and export stands in it, and what it has of WASI preview 1 is translated. A
/// module that runs from a `_start` exports `wasi:cli/run` then. None when nothing in
/// it says what it exports, as with the oldest tools.
///
/// # Errors
///
/// When it imports what no component can, or is damaged. To be read after the
/// component.
pub fn make_component(module: &[u8]) -> Result<Option<Vec<u8>>, ComposeError> {
    translate(module, &Part::Source)
}

pub(crate) fn translate(module: &[u8], part: &Part) -> Result<Option<Vec<u8>>, ComposeError> {
    let failed = |problem| ComposeError::Module {
        part: part.clone(),
        problem,
    };
    let marks = Marks::of(module).map_err(|error| failed(problem(error)))?;
    let adapter = match marks {
        Marks { start: true, .. } => WASI_SNAPSHOT_PREVIEW1_COMMAND_ADAPTER,
        Marks { world: true, .. } => WASI_SNAPSHOT_PREVIEW1_REACTOR_ADAPTER,
        _ => return Ok(None),
    };
    let mut encoder = ComponentEncoder::default();
    encoder.validate(true);
    encoder
        .module(module)
        .and_then(|encoder| encoder.adapter(WASI_SNAPSHOT_PREVIEW1_ADAPTER_NAME, adapter))
        .and_then(ComponentEncoder::encode)
        .map(Some)
        .map_err(|error| failed(problem(error)))
}

/// What tells how a module was meant.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Marks {
    /// It is a program: it has a `_start`.
    start: bool,
    /// What it imports and exports as a component stands in it.
    world: bool,
}

impl Marks {
    fn of(module: &[u8]) -> Result<Self, wasmparser::BinaryReaderError> {
        let mut marks = Self::default();
        for payload in Parser::new(0).parse_all(module) {
            match payload? {
                Payload::ExportSection(exports) => {
                    for export in exports {
                        marks.start |= export?.name == "_start";
                    }
                }
                Payload::CustomSection(section) => {
                    marks.world |= section.name().starts_with("component-type");
                }
                _ => {}
            }
        }
        Ok(marks)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn made(text: &str) -> Result<Option<Vec<u8>>, ComposeError> {
        make_component(&wat::parse_str(text).unwrap())
    }

    #[test]
    fn kinds() {
        assert_eq!(kind(b"\0asm\x01\0\0\0rest"), Some(Kind::Module));
        assert_eq!(kind(b"\0asm\x0d\0\x01\0"), Some(Kind::Component));
        for other in [&b""[..], b"(module)", b"\0asm", b"\0asm\x0a\0\x01\0"] {
            assert_eq!(kind(other), None);
        }
    }

    #[test]
    fn a_program_of_preview_1_becomes_a_command() {
        let component = made(
            r#"(module
                (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
                (memory (export "memory") 1)
                (func (export "_start") (call $exit (i32.const 0))))"#,
        )
        .unwrap()
        .unwrap();
        assert_eq!(kind(&component), Some(Kind::Component));
        let decoded = wit_parser::decoding::decode(&component).unwrap();
        let wit_parser::decoding::DecodedWasm::Component(resolve, world) = decoded else {
            panic!("it is a component");
        };
        let exports = resolve.worlds[world].exports.keys();
        let exports: Vec<_> = exports.map(|key| resolve.name_world_key(key)).collect();
        assert_eq!(exports.len(), 1);
        assert!(exports[0].starts_with("wasi:cli/run@0.2."), "{exports:?}");
    }

    #[test]
    fn what_can_not_be_one_says_why() {
        let old = made(r#"(module (func (export "handle-http-request")))"#);
        assert_eq!(old, Ok(None));
        let error = made(r#"(module (import "env" "f" (func)) (func (export "_start")))"#);
        let error = error.unwrap_err().to_string();
        assert!(error.contains("env"), "{error}");
        assert!(make_component(b"\0asm\x01\0\0\0\xff\xff").is_err());
    }
}
