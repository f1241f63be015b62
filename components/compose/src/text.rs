//! WebAssembly written as text, made binary.

use wast::Wat;
use wast::parser::{ParseBuffer, parse};
use wharf_oci::problem::clean;

/// The longest text that is translated, in bytes: 2 MiB, far more than anybody writes.
/// What is made of it on the way takes a hundred times as much memory.
pub const TEXT_BYTES: usize = 2 * 1024 * 1024;

/// Why text is not WebAssembly. To be read after where it is.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TextError {
    /// Longer than [`TEXT_BYTES`].
    #[error(
        "is WebAssembly text of more than {TEXT_BYTES} bytes: make it binary (`wasm-tools parse \
         app.wat -o app.wasm`)"
    )]
    TooLong,
    /// Not UTF-8.
    #[error("is WebAssembly text that is not UTF-8")]
    NotUnicode,
    /// Not what WebAssembly looks like.
    #[error("is no WebAssembly text, in line {line}, column {column}: {problem}")]
    Syntax {
        /// Where, counted from 1.
        line: usize,
        /// Where in the line, counted from 1.
        column: usize,
        /// What is wrong.
        problem: String,
    },
}

/// Translates the text of a component or a core module. The same text gives the same
/// bytes. It may come from anybody.
pub fn binary(text: &[u8]) -> Result<Vec<u8>, TextError> {
    if text.len() > TEXT_BYTES {
        return Err(TextError::TooLong);
    }
    let text = std::str::from_utf8(text).map_err(|_| TextError::NotUnicode)?;
    translate(text).map_err(|error| {
        let (line, column) = error.span().linecol_in(text);
        TextError::Syntax {
            line: line + 1,
            column: column + 1,
            problem: clean(&error.message(), 200),
        }
    })
}

fn translate(text: &str) -> Result<Vec<u8>, wast::Error> {
    let buffer = ParseBuffer::new(text)?;
    parse::<Wat<'_>>(&buffer)?.encode()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::module::{Kind, kind};

    #[test]
    fn modules_and_components() {
        for (text, expected) in [
            ("(module)", Kind::Module),
            (";; one\n(component (core module))", Kind::Component),
            ("(func (export \"f\"))", Kind::Module),
        ] {
            let made = binary(text.as_bytes()).unwrap();
            assert_eq!(kind(&made), Some(expected), "{text}");
        }
    }

    #[test]
    fn what_is_wrong_is_said_where() {
        for (text, words) in [
            (&b"(module\n  (fnc))"[..], "in line 2, column 4: "),
            (b"(module", "in line 1, column 8: "),
            (b"(module (func (call $f)))", "column 21: unknown func"),
            (b"", "in line 1, column 1: "),
            (b"(\xff)", "not UTF-8"),
            (&vec![b' '; TEXT_BYTES + 1], "more than 2097152 bytes"),
        ] {
            let error = binary(text).unwrap_err().to_string();
            assert!(error.contains(words), "{error}");
        }
    }

    #[test]
    fn what_is_deep_ends() {
        for (open, close) in [
            ("(component ", ")"),
            ("(module (func ", "))"),
            ("(module (func (block ", ")))"),
        ] {
            let many = TEXT_BYTES / (open.len() + close.len()) - 1;
            let deep = [open.repeat(many), close.repeat(many)].concat();
            assert!(binary(deep.as_bytes()).is_err());
        }
        let blocks = "(block ".len() + ")".len();
        let many = TEXT_BYTES / blocks - 10;
        let deep = format!(
            "(module (func {}{}))",
            "(block ".repeat(many),
            ")".repeat(many)
        );
        // Whether it is too deep is the engine's to say.
        let _ = binary(deep.as_bytes());
    }
}
