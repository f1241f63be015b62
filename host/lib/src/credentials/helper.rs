//! Credential helpers: programs that keep credentials, one question for each run
//! (docker-credential-helpers, "Development").

use std::io::Write as _;
use std::process::{Command, Stdio};

use serde::Deserialize;

use super::{Credential, Secret};

/// What helpers answer when they have nothing: the text that Docker's own ones
/// share.
const HAS_NONE: &str = "credentials not found";

/// The user name with which a helper says that the secret is a refresh token.
const IDENTITY_TOKEN: &str = "<token>";

/// What a helper prints. Not to be shown.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Answer {
    username: String,
    secret: String,
}

/// Asks the helper of this name, without `docker-credential-` in front, for what it
/// keeps under `key`. An error says what happened, to stand after the helper's name;
/// the helper's own words are in none, since they may repeat a secret.
pub(super) fn ask(name: &str, key: &str) -> Result<Option<Credential>, String> {
    if !is_program_name(name) {
        return Err("is not the name of a program".to_owned());
    }
    let cannot_run = |error: std::io::Error| format!("can't be run ({})", error.kind());
    let mut helper = Command::new(format!("docker-credential-{name}"))
        .arg("get")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(cannot_run)?;
    if let Some(mut stdin) = helper.stdin.take() {
        // A helper need not read the question; how it ends tells whether it could
        // answer.
        let _ = stdin.write_all(key.as_bytes());
    }
    let output = helper.wait_with_output().map_err(cannot_run)?;
    if !output.status.success() {
        let says_none = |words: &[u8]| String::from_utf8_lossy(words).contains(HAS_NONE);
        return if says_none(&output.stdout) || says_none(&output.stderr) {
            Ok(None)
        } else {
            Err(format!("failed ({})", output.status))
        };
    }
    let answer: Answer = serde_json::from_slice(&output.stdout)
        .map_err(|_| "gave an answer that can't be understood".to_owned())?;
    Ok(credential(answer))
}

fn credential(answer: Answer) -> Option<Credential> {
    let Answer { username, secret } = answer;
    let secret = Secret::new(secret);
    match username.as_str() {
        "" if secret.reveal().is_empty() => None,
        IDENTITY_TOKEN => Some(Credential::IdentityToken(secret)),
        _ => Some(Credential::UserPassword {
            username,
            password: secret,
        }),
    }
}

/// Whether it is no path to somewhere else.
fn is_program_name(name: &str) -> bool {
    !name.is_empty() && !name.contains(['/', '\\', '\0'])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answered(username: &str, secret: &str) -> Option<Credential> {
        credential(Answer {
            username: username.to_owned(),
            secret: secret.to_owned(),
        })
    }

    #[test]
    fn what_an_answer_means() {
        assert_eq!(
            answered("ada", "pw"),
            Some(Credential::UserPassword {
                username: "ada".into(),
                password: Secret::new("pw".into()),
            })
        );
        assert_eq!(
            answered("<token>", "refresh"),
            Some(Credential::IdentityToken(Secret::new("refresh".into())))
        );
        assert_eq!(answered("", ""), None);
    }

    #[test]
    fn a_helper_that_is_no_program_is_named_as_that() {
        for name in ["", "../x", "a\\b", "a\0b"] {
            let error = ask(name, "r.example").unwrap_err();
            assert!(error.contains("name of a program"), "{name}: {error}");
        }
        let error = ask("there-is-no-such-helper", "r.example").unwrap_err();
        assert!(error.contains("can't be run"), "{error}");
    }
}
