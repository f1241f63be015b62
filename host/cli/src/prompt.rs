//! What a person at a terminal is asked: user names, passwords, whether to go on.
//! Passwords come from standard input too.

use std::io::{self, BufRead as _, IsTerminal as _, Read};

use wharf_host::credentials::Secret;

use crate::error::CommandError;
use crate::{output, text};

/// The longest password that standard input may hold. Tokens are a few kB.
const PASSWORD_BYTES: u64 = 64 * 1024;

/// Whether a person can be asked.
pub(crate) fn can_ask() -> bool {
    io::stdin().is_terminal() && io::stderr().is_terminal()
}

/// Asks for a user name until there is one.
pub(crate) fn username() -> Result<String, CommandError> {
    let mut answers = io::stdin().lock();
    loop {
        output::prompt("Username: ");
        let mut answer = String::new();
        let read = answers
            .read_line(&mut answer)
            .map_err(|error| CommandError::from(error).while_doing("cannot read the user name"))?;
        if read == 0 {
            return Err(CommandError::usage("no user name was given"));
        }
        let answer = answer.trim();
        if !answer.is_empty() {
            return Ok(answer.to_owned());
        }
    }
}

/// Asks a question that is answered with yes or no. Whatever is not a yes is a no.
pub(crate) fn confirm(question: &str) -> Result<bool, CommandError> {
    output::prompt(&format!("{} [y/N] ", text::one_line(question)));
    let mut answer = String::new();
    io::stdin()
        .lock()
        .read_line(&mut answer)
        .map_err(|error| CommandError::from(error).while_doing("cannot read the answer"))?;
    Ok(matches!(
        answer.trim().to_ascii_lowercase().as_str(),
        "y" | "yes"
    ))
}

/// Asks for a password, which is not shown.
pub(crate) fn password() -> Result<Secret, CommandError> {
    let password = rpassword::prompt_password("Password: ")
        .map_err(|error| CommandError::from(error).while_doing("cannot read the password"))?;
    some(password)
}

/// Asks for something secret, which is not shown, and may be empty.
pub(crate) fn secret(question: &str) -> Result<String, CommandError> {
    rpassword::prompt_password(question)
        .map_err(|error| CommandError::from(error).while_doing("cannot read the answer"))
}

/// Reads a password to the end of `input`. One line end behind it is not part of it:
/// `echo` adds it.
pub(crate) fn password_from(input: impl Read) -> Result<Secret, CommandError> {
    some(line_from(input, "the password")?)
}

/// Reads something secret in the same way; it may be empty.
pub(crate) fn line_from(input: impl Read, what: &str) -> Result<String, CommandError> {
    let mut bytes = Vec::new();
    input
        .take(PASSWORD_BYTES + 1)
        .read_to_end(&mut bytes)
        .map_err(|error| {
            CommandError::from(error).while_doing(format!("cannot read {what} from standard input"))
        })?;
    if bytes.len() as u64 > PASSWORD_BYTES {
        return Err(CommandError::usage(format!(
            "standard input holds more than {PASSWORD_BYTES} bytes, which can't be {what}"
        )));
    }
    let mut line = String::from_utf8(bytes)
        .map_err(|_| CommandError::usage(format!("{what} on standard input is not UTF-8")))?;
    if line.ends_with('\n') {
        line.pop();
        if line.ends_with('\r') {
            line.pop();
        }
    }
    Ok(line)
}

fn some(password: String) -> Result<Secret, CommandError> {
    if password.is_empty() {
        Err(CommandError::usage("the password is empty"))
    } else {
        Ok(Secret::new(password))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_line_end_is_trimmed_and_nothing_else() {
        for (input, password) in [
            ("secret", "secret"),
            ("secret\n", "secret"),
            ("secret\r\n", "secret"),
            ("secret\n\n", "secret\n"),
            (" secret \n", " secret "),
            ("secret\r", "secret\r"),
        ] {
            assert_eq!(
                password_from(input.as_bytes()).unwrap().reveal(),
                password,
                "{input:?}"
            );
        }
    }

    #[test]
    fn what_is_no_password_is_a_usage_error() {
        let long = vec![b'x'; 64 * 1024 + 1];
        for input in [&b""[..], b"\n", b"\r\n", b"\xff", &long] {
            let error = password_from(input).unwrap_err();
            assert_eq!(error.kind.exit().code(), 2, "{error:?}");
        }
        assert!(password_from(&long[1..]).is_ok());
    }
}
