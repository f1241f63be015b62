//! How deeply a document is nested, found out before it is parsed.
//!
//! Each part of a dotted key is a table within a table, and taking those apart
//! again needs stack for each. The TOML parser bounds brackets and not the parts
//! of a key.

/// How many tables and lists may be within each other, for the headers and for
/// what stands below them.
const MOST: usize = 100;

/// The byte at which a document becomes nested too deeply.
pub(super) fn too_deep(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    let mut open: Vec<usize> = Vec::new();
    let mut depth = 0;
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'"' | b'\'' => {
                at = string_end(bytes, at, *byte);
                continue;
            }
            b'#' => {
                at = line_end(bytes, at);
                continue;
            }
            b'.' => depth += 1,
            b'[' | b'{' => {
                open.push(depth);
                depth += 1;
            }
            b']' | b'}' => depth = open.pop().unwrap_or_default(),
            // A key ends with its line, and what comes after a comma is another.
            b',' | b'\n' => depth = open.last().map_or(0, |outer| outer + 1),
            _ => {}
        }
        if depth > MOST {
            return Some(at);
        }
        at += 1;
    }
    None
}

/// Where the text goes on after the string that begins at `start`.
fn string_end(bytes: &[u8], start: usize, quote: u8) -> usize {
    let is_quote = |at: usize| bytes.get(at) == Some(&quote);
    let is_triple = |at: usize| (at..at + 3).all(is_quote);
    let several_lines = is_triple(start);
    let mut at = start + if several_lines { 3 } else { 1 };
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'\\' if quote == b'"' => at += 1,
            b'\n' if !several_lines => return at,
            byte if *byte == quote && !several_lines => return at + 1,
            byte if *byte == quote && is_triple(at) => {
                // Up to two quotes before the ending ones belong to the string.
                let extra = (at + 3..at + 5).take_while(|at| is_quote(*at)).count();
                return at + 3 + extra;
            }
            _ => {}
        }
        at += 1;
    }
    at
}

fn line_end(bytes: &[u8], start: usize) -> usize {
    let rest = bytes.get(start..).unwrap_or_default();
    let end = rest.iter().position(|byte| *byte == b'\n');
    end.map_or(bytes.len(), |length| start + length)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_counted_and_texts_are_not() {
        let deep = "a.".repeat(200);
        for text in [
            format!("[{deep}a]"),
            format!("{deep}a = 1"),
            format!("x = {{ {deep}a = 1 }}"),
            format!("x = {{ y = \"\"\"a\"\"\"\", {deep}a = 1 }}"),
            format!("x = \"\\\"\"\n{deep}a = 1"),
            format!("x = 'a\\'\n{deep}a = 1"),
            format!("x = '''\n'\n'''\n{deep}a = 1"),
            "x = { y.y.y.y = ".repeat(40),
            "y.y.y = {\n".repeat(40),
            "[".repeat(200),
        ] {
            assert!(too_deep(&text).is_some(), "{text:.60}");
        }
        for text in [
            format!("x = \"{deep}\""),
            format!("x = '{deep}'"),
            format!("x = \"\"\"\n\\\"\"\"{deep}\"\"\""),
            format!("# {deep}"),
            format!("x = 1 # {deep}"),
            format!("x = [{}]", "1.5, ".repeat(1_000)),
            "a.b.c = 1\n".repeat(1_000),
            "[a.b]\n".repeat(1_000),
            "x = { a.b = 1, c.d = 2 }\n".repeat(100),
        ] {
            assert_eq!(too_deep(&text), None, "{text:.60}");
        }
    }
}
