//! What tells WebAssembly from other files.

/// How many bytes of a file tell.
pub const PREFIX_BYTES: usize = 64;

/// How WebAssembly is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// As it runs.
    Binary,
    /// For people, to be translated.
    Text,
}

/// Why a file can't be a component's source. To be read after the file's path.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NotWasm {
    /// There is nothing in it.
    #[error("is empty, and has to be WebAssembly")]
    Empty,
    /// WebAssembly of another version.
    #[error("is WebAssembly of a version that is not known: build it with current tools")]
    Version,
    /// Something else altogether.
    #[error("is not WebAssembly")]
    Other,
}

/// Checks the beginning of a file, of which the first [`PREFIX_BYTES`] are enough:
/// modules and components are WebAssembly (core specification, "Modules"; component
/// model, "Binary Format"), in binary or as text. What looks like text may still be
/// something else.
pub fn check(prefix: &[u8]) -> Result<Form, NotWasm> {
    const MAGIC: &[u8] = b"\0asm";
    const MODULE: [u8; 4] = [1, 0, 0, 0];
    const COMPONENT: [u8; 4] = [0x0d, 0, 1, 0];
    let Some(version) = prefix.strip_prefix(MAGIC) else {
        return match prefix.trim_ascii_start() {
            [] if prefix.len() < PREFIX_BYTES => Err(NotWasm::Empty),
            [] | [b'(', ..] | [b';', b';', ..] => Ok(Form::Text),
            _ => Err(NotWasm::Other),
        };
    };
    match version.get(..4) {
        Some(version) if version == MODULE || version == COMPONENT => Ok(Form::Binary),
        Some(_) => Err(NotWasm::Version),
        None => Err(NotWasm::Other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn modules_and_components() {
        assert_eq!(check(b"\0asm\x01\0\0\0rest"), Ok(Form::Binary));
        assert_eq!(check(b"\0asm\x0d\0\x01\0"), Ok(Form::Binary));
        for text in [
            &b"\n  (component"[..],
            b"(module)",
            b";; a comment",
            b"(; a comment ;)",
            &[b' '; PREFIX_BYTES],
        ] {
            assert_eq!(check(text), Ok(Form::Text), "{text:?}");
        }
        for (prefix, error) in [
            (&b""[..], NotWasm::Empty),
            (b" \n", NotWasm::Empty),
            (b"\0asm", NotWasm::Other),
            (b"\0asm\x0a\0\x01\0", NotWasm::Version),
            (b"#!/bin/sh\n", NotWasm::Other),
            (b"\x7fELF\0\0\0\0", NotWasm::Other),
        ] {
            assert_eq!(check(prefix), Err(error), "{prefix:?}");
        }
    }
}
