//! The only place that prints. Standard output is for data: what the command was
//! asked for. Standard error is for status: progress, warnings, errors.
//!
//! Text goes out by the line, and no line can hold a character that acts on a
//! terminal, whoever wrote the text. A reader that went away (`wharf … | head`) is
//! no error.

use std::io::{self, IsTerminal as _, Write};

use serde::Serialize;
use serde_json::{Value, json};

use crate::error::CommandError;
use crate::options::Format;
use crate::text::{acts, one_line};

/// How this run prints.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Output {
    format: Format,
    quiet: bool,
    requests: bool,
}

/// What a command answers: the same data as lines and as JSON.
pub(crate) trait Answer: Serialize {
    /// The lines of `--format plain`.
    fn lines(&self) -> Vec<String>;
}

impl Output {
    /// Prints in this format; `quiet` leaves status out, never data, warnings or errors.
    pub(crate) fn new(format: Format, quiet: bool) -> Self {
        Self {
            format,
            quiet,
            requests: false,
        }
    }

    /// The same, and with a line for each request that is sent.
    pub(crate) fn with_requests(self, requests: bool) -> Self {
        Self { requests, ..self }
    }

    /// Whether lines of requests are wanted.
    pub(crate) fn shows_requests(self) -> bool {
        self.requests
    }

    /// Whether bars may be drawn: somebody looks at standard error, and nothing else
    /// is expected there.
    pub(crate) fn draws(self) -> bool {
        self.speaks() && !self.requests && io::stderr().is_terminal()
    }

    /// Whether lines of status are wanted.
    pub(crate) fn speaks(self) -> bool {
        !self.quiet && self.format == Format::Plain
    }

    /// Prints what the command was asked for.
    pub(crate) fn answer(self, answer: &impl Answer) -> Result<(), CommandError> {
        let text = match self.format {
            Format::Plain => to_text(&answer.lines()),
            Format::Json => to_json(answer)?,
        };
        write(text.as_bytes())
    }

    /// Says how far things are. Left out when quiet, and with JSON.
    pub(crate) fn status(self, line: &str) {
        if self.speaks() {
            to_stderr(&to_text(&[line]));
        }
    }

    /// Tells of a request.
    pub(crate) fn request(self, line: &str, request: &Value) {
        to_stderr(&match self.format {
            Format::Plain => to_text(&[line]),
            Format::Json => to_json_line(&json!({ "request": request })),
        });
    }

    /// Says what the user should know although all went well.
    pub(crate) fn warning(self, message: &str) {
        to_stderr(&match self.format {
            Format::Plain => to_text(&[format!("Warning: {message}")]),
            Format::Json => to_json_line(&json!({ "warning": { "message": message } })),
        });
    }

    /// Something that a person has to do for the command to go on. Also said with --quiet.
    pub(crate) fn note(self, message: &str) {
        to_stderr(&match self.format {
            Format::Plain => to_text(&[message.to_owned()]),
            Format::Json => to_json_line(&json!({ "note": { "message": message } })),
        });
    }

    /// A warning that the answer of `--format json` has in it: not said twice.
    pub(crate) fn warning_of_answer(self, message: &str) {
        if self.format == Format::Plain {
            self.warning(message);
        }
    }

    /// Says why the command failed.
    pub(crate) fn error(self, error: &CommandError) {
        to_stderr(&match self.format {
            Format::Plain => plain_error(error),
            Format::Json => json_error(error),
        });
    }
}

/// Standard output, for lines that are data as much as the answer is.
pub(crate) fn lines() -> impl Write + Send + 'static {
    io::stdout()
}

/// Prints a program that another one is to run, as it is.
pub(crate) fn script(text: &[u8]) -> Result<(), CommandError> {
    write(text)
}

/// To standard output. That its reader went away is no error.
fn write(text: &[u8]) -> Result<(), CommandError> {
    let mut stdout = io::stdout().lock();
    match stdout.write_all(text).and_then(|()| stdout.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(CommandError::standard_output(error))
        }
        _ => Ok(()),
    }
}

/// Asks for a line on standard input.
pub(crate) fn prompt(question: &str) {
    to_stderr(question);
}

/// `Error: what`, then the causes, then hints after a blank line. Further lines of a
/// message (a part of a file with a mark under it, say) are indented, so that none can
/// be taken for one of ours.
fn plain_error(error: &CommandError) -> String {
    let mut lines = Vec::new();
    let mut causes = error.messages.iter();
    if let Some(what) = causes.next() {
        add(&mut lines, "Error: ", what);
    }
    if causes.len() > 0 {
        lines.push("Caused by:".to_owned());
    }
    for cause in causes {
        add(&mut lines, "  ", cause);
    }
    if !error.hints.is_empty() {
        lines.push(String::new());
    }
    for hint in &error.hints {
        add(&mut lines, "Hint: ", hint);
    }
    to_text(&lines)
}

/// Adds a message that may have several lines: the first after `start`, the others as
/// far to the right.
fn add(lines: &mut Vec<String>, start: &str, message: &str) {
    let mut start = start.to_owned();
    for line in message.lines() {
        lines.push(format!("{start}{line}"));
        start = " ".repeat(start.len());
    }
}

fn json_error(error: &CommandError) -> String {
    let mut object = json!({
        "kind": error.kind.as_str(),
        "message": error.messages.join(": "),
        "exit_code": error.kind.exit().code(),
    });
    if !error.hints.is_empty() {
        object["hint"] = Value::from(error.hints.join("; "));
    }
    to_json_line(&json!({ "error": object }))
}

fn to_text(lines: &[impl AsRef<str>]) -> String {
    let mut text = String::new();
    for line in lines {
        text.push_str(one_line(line.as_ref()).trim_end());
        text.push('\n');
    }
    text
}

/// A document of several lines, for one answer.
fn to_json(answer: &impl Serialize) -> Result<String, CommandError> {
    // Fails for a map whose keys are not text, which no answer has.
    let text = serde_json::to_string_pretty(answer)
        .map_err(|error| CommandError::standard_output(error.into()))?;
    Ok(inert_json(&text) + "\n")
}

/// One line, so that standard error can be read line by line.
fn to_json_line(value: &Value) -> String {
    inert_json(&value.to_string()) + "\n"
}

/// JSON that may also be looked at in a terminal. What JSON itself does not escape
/// stands within strings, where an escape means the same.
fn inert_json(json: &str) -> String {
    use std::fmt::Write as _;
    let mut text = String::with_capacity(json.len());
    for c in json.chars() {
        if acts(c) && c != '\n' {
            // Writing to a String can't fail.
            let _ = write!(text, "\\u{:04x}", u32::from(c));
        } else {
            text.push(c);
        }
    }
    text
}

/// Where nobody listens to status, nothing is left to be told.
fn to_stderr(text: &str) {
    let _ = io::stderr().lock().write_all(text.as_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Kind;

    #[test]
    fn an_error_is_told_from_the_outside_in_with_hints_last() {
        let error = CommandError::new(Kind::Network, "connection refused")
            .while_doing("cannot pull r.example/a")
            .hint("check the address");
        assert_eq!(
            plain_error(&error),
            "Error: cannot pull r.example/a\nCaused by:\n  connection refused\n\n\
             Hint: check the address\n"
        );
    }

    #[test]
    fn foreign_text_can_not_pretend_to_be_a_line_of_ours() {
        let error = CommandError::new(Kind::Other, "a\nError: b\x1b[2J");
        assert_eq!(
            plain_error(&error),
            "Error: a\n       Error: b\u{fffd}[2J\n"
        );
    }

    #[test]
    fn a_json_error_is_one_line_with_the_documented_keys() {
        let error = CommandError::new(Kind::NotFound, "no\u{9b}such tag\n")
            .while_doing("cannot pull")
            .hint("check it");
        let text = json_error(&error);
        assert_eq!(text.lines().count(), 1);
        assert!(text.contains("\\u009b"), "{text}");
        let value: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(
            value,
            json!({"error": {
                "kind": "not-found",
                "message": "cannot pull: no\u{9b}such tag\n",
                "hint": "check it",
                "exit_code": 4,
            }})
        );
    }
}
