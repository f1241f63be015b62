//! Text that others wrote, made fit for a terminal.

use std::borrow::Cow;

/// The text with every character replaced that does something to a terminal rather
/// than being shown: control characters, line ends among them, and those that turn
/// the direction of writing round (CVE-2021-42574).
pub(crate) fn one_line(text: &str) -> Cow<'_, str> {
    if text.chars().any(acts) {
        text.chars()
            .map(|c| match c {
                '\n' | '\r' | '\t' => ' ',
                c if acts(c) => char::REPLACEMENT_CHARACTER,
                c => c,
            })
            .collect::<String>()
            .into()
    } else {
        text.into()
    }
}

/// Whether a terminal acts on the character instead of showing it.
pub(crate) fn acts(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{2028}' | '\u{2029}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_moves_the_cursor_remains() {
        assert_eq!(one_line("plain, häßlich, 日本"), "plain, häßlich, 日本");
        assert_eq!(one_line("a\x1b[2Jb"), "a\u{fffd}[2Jb");
        assert_eq!(one_line("a\r\nError: b"), "a  Error: b");
        assert_eq!(one_line("a\u{9b}31mb\u{202e}c"), "a\u{fffd}31mb\u{fffd}c");
    }
}
