//! What a task tells the person who runs it. Nothing else in this crate prints.

#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "this is where a task talks to its user"
)]

/// The title of what comes next.
pub(crate) fn heading(title: &str) {
    println!("\n━━━ {title}");
}

/// Prose for the reader.
pub(crate) fn explain(text: &str) {
    println!("{text}");
}

/// A command that is about to run, as one would type it.
pub(crate) fn command(line: &str) {
    println!("\n$ {line}");
}

/// One line of what a command printed.
pub(crate) fn output(line: &str) {
    println!("{}", format!("  {line}").trim_end());
}

/// Data that a program may read: alone on standard output.
pub(crate) fn data(line: &str) {
    println!("{line}");
}

/// What is going on meanwhile, for tasks whose standard output is data.
pub(crate) fn status(line: &str) {
    eprintln!("{line}");
}

/// Why the task ends without success.
pub(crate) fn failure(error: &anyhow::Error) {
    eprintln!("\nError: {error:#}");
}
