//! Leaves out what only holds names for people.

use std::error::Error;

use wasmparser::{Parser, Payload};

/// A component without its own custom sections, which only hold names for people.
pub(crate) fn without(component: &[u8]) -> Result<Vec<u8>, Box<dyn Error>> {
    let mut kept = Vec::with_capacity(component.len());
    let mut from = 0;
    let offset = |bytes: u64| usize::try_from(bytes);
    let mut depth = 0_u32;
    for payload in Parser::new(0).parse_all(component) {
        match payload? {
            Payload::ModuleSection { .. } | Payload::ComponentSection { .. } => depth += 1,
            Payload::End(_) => depth = depth.saturating_sub(1),
            Payload::CustomSection(section) if depth == 0 => {
                let range = section.range();
                // The range leaves out the section's id and length.
                let (start, end) = (offset(range.start)?, offset(range.end)?);
                let length_bytes = leb128_bytes(end - start);
                kept.extend_from_slice(&component[from..start - length_bytes - 1]);
                from = end;
            }
            _ => {}
        }
    }
    kept.extend_from_slice(&component[from..]);
    Ok(kept)
}

fn leb128_bytes(mut number: usize) -> usize {
    let mut bytes = 1;
    while number >= 0x80 {
        number >>= 7;
        bytes += 1;
    }
    bytes
}
