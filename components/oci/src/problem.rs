//! What a registry says when it does not do what it was asked
//! (distribution-spec v1.1.1, "Error Codes").

use alloc::borrow::ToOwned as _;
use alloc::string::String;
use alloc::vec::Vec;

use crate::json::Node;
use crate::limit;

/// The content of an error answer, fit to be shown.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Problem {
    /// The error codes, for example `MANIFEST_UNKNOWN`.
    pub codes: Vec<String>,
    /// The registry's words, shortened, without control characters; empty when it
    /// had none that a person can use.
    pub message: String,
}

impl Problem {
    /// Reads the body of an error answer, of which the first
    /// [`limit::PROBLEM_BYTES`] are enough. Anything can be in there: what is not
    /// the specified JSON is shown as text, unless it is a web page.
    #[must_use]
    pub fn parse(body: &[u8]) -> Self {
        let Ok(answer) = Node::parse(body) else {
            return Self {
                codes: Vec::new(),
                message: text(body),
            };
        };
        let errors = match answer.list("errors") {
            Ok(Some(errors)) => errors,
            _ => &[],
        };
        let string = |node: &Node, name: &str| node.text(name).ok().flatten();
        let codes = errors
            .iter()
            .filter_map(|entry| string(entry, "code"))
            .map(|code| clean(&code, 64))
            .filter(|code| !code.is_empty())
            .take(8)
            .collect();
        let words: Vec<String> = errors
            .iter()
            .filter_map(|entry| string(entry, "message"))
            .chain(string(&answer, "details"))
            .chain(string(&answer, "message"))
            .filter(|message| !message.is_empty())
            .take(8)
            .collect();
        Self {
            codes,
            message: clean(&words.join("; "), limit::MESSAGE_CHARS),
        }
    }
}

fn text(body: &[u8]) -> String {
    let text = String::from_utf8_lossy(body);
    if text.trim_start().starts_with('<') {
        return "a web page instead of a registry's answer".to_owned();
    }
    clean(&text, limit::MESSAGE_CHARS)
}

/// A foreign text on one line, without control characters and of bounded length,
/// so that it can neither steer a terminal nor flood it.
#[must_use]
pub fn clean(text: &str, most: usize) -> String {
    let mut clean = String::new();
    let words = text.split(|c: char| c.is_whitespace() || c.is_control());
    for word in words.filter(|word| !word.is_empty()) {
        if !clean.is_empty() {
            clean.push(' ');
        }
        clean.extend(word.chars().filter(|c| !is_steering(*c)));
        if clean.chars().count() > most {
            let kept: String = clean.chars().take(most).collect();
            return kept + "…";
        }
    }
    clean
}

/// Marks that change the direction or the look of the text around them.
fn is_steering(character: char) -> bool {
    matches!(character, '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{206F}' | '\u{FEFF}')
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_specified_form() {
        let body = br#"{"errors":[{"code":"MANIFEST_UNKNOWN","message":"manifest unknown","detail":{"Tag":"x"}}]}"#;
        assert_eq!(
            Problem::parse(body),
            Problem {
                codes: vec!["MANIFEST_UNKNOWN".into()],
                message: "manifest unknown".into()
            }
        );
    }

    #[test]
    fn other_forms() {
        assert_eq!(Problem::parse(b"").message, "");
        assert_eq!(
            Problem::parse(b"too many\r\n requests").message,
            "too many requests"
        );
        assert!(
            Problem::parse(b"<!DOCTYPE html><html>")
                .message
                .contains("web page")
        );
        assert_eq!(
            Problem::parse(br#"{"details":"incorrect username or password"}"#).message,
            "incorrect username or password"
        );
        assert_eq!(
            Problem::parse(br#"{"errors":"no"}"#).codes,
            Vec::<String>::new()
        );
    }

    #[test]
    fn nothing_in_it_steers_a_terminal() {
        let shown = Problem::parse("\u{1b}[2Jred\u{7} \u{202E}evil".as_bytes()).message;
        assert!(
            !shown.chars().any(|c| c.is_control() || c == '\u{202E}'),
            "{shown:?}"
        );
        assert!(Problem::parse(&vec![b'x'; 10_000]).message.len() < 400);
    }

    proptest! {
        #[test]
        fn any_body_gives_one_short_line(body in proptest::collection::vec(any::<u8>(), 0..2_000)) {
            let problem = Problem::parse(&body);
            prop_assert!(problem.message.chars().count() <= limit::MESSAGE_CHARS + 1);
            prop_assert!(!problem.message.chars().any(char::is_control));
        }
    }
}
