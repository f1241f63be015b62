//! What tells WebAssembly from other files.

/// How many bytes of a file tell.
pub const PREFIX_BYTES: usize = 64;

/// Why a file can't be a component's source. To be read after the file's path.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NotWasm {
    /// There is nothing in it.
    #[error("is empty, and has to be WebAssembly")]
    Empty,
    /// WebAssembly as text.
    #[error(
        "is WebAssembly text, and has to be binary: `wasm-tools parse` translates it \
         (`wasm-tools parse app.wat -o app.wasm`)"
    )]
    Text,
    /// WebAssembly of another version.
    #[error("is WebAssembly of a version that is not known: build it with current tools")]
    Version,
    /// Something else altogether.
    #[error("is not WebAssembly")]
    Other,
}

/// Checks the beginning of a file, of which the first [`PREFIX_BYTES`] are enough:
/// modules and components are WebAssembly (core specification, "Modules"; component
/// model, "Binary Format").
pub fn check(prefix: &[u8]) -> Result<(), NotWasm> {
    const MAGIC: &[u8] = b"\0asm";
    const MODULE: [u8; 4] = [1, 0, 0, 0];
    const COMPONENT: [u8; 4] = [0x0d, 0, 1, 0];
    let Some(version) = prefix.strip_prefix(MAGIC) else {
        let text = prefix.trim_ascii_start();
        return Err(match text {
            [] => NotWasm::Empty,
            [b'(', ..] | [b';', b';', ..] => NotWasm::Text,
            _ => NotWasm::Other,
        });
    };
    match version.get(..4) {
        Some(version) if version == MODULE || version == COMPONENT => Ok(()),
        Some(_) => Err(NotWasm::Version),
        None => Err(NotWasm::Other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn modules_and_components() {
        assert_eq!(check(b"\0asm\x01\0\0\0rest"), Ok(()));
        assert_eq!(check(b"\0asm\x0d\0\x01\0"), Ok(()));
        for (prefix, error) in [
            (&b""[..], NotWasm::Empty),
            (b" \n", NotWasm::Empty),
            (b"\0asm", NotWasm::Other),
            (b"\0asm\x0a\0\x01\0", NotWasm::Version),
            (b"\n  (component", NotWasm::Text),
            (b"(module)", NotWasm::Text),
            (b";; a comment", NotWasm::Text),
            (b"(; a comment ;)", NotWasm::Text),
            (b"#!/bin/sh\n", NotWasm::Other),
            (b"\x7fELF\0\0\0\0", NotWasm::Other),
        ] {
            assert_eq!(check(prefix), Err(error), "{prefix:?}");
        }
    }
}
