//! Values for an application's variables, as they are given on the command line and in
//! the environment.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::Value;

use crate::bounded;
use crate::env;
use crate::error::CommandError;

/// The largest file that is read, in bytes.
const MOST_BYTES: u64 = 1024 * 1024;

/// The values of `--variable`, of which each is `KEY=VALUE`, `KEY=@FILE`, or `@FILE` with
/// a table in TOML or JSON. Later ones win.
pub(crate) fn given(arguments: &[String]) -> Result<BTreeMap<String, String>, CommandError> {
    let mut values = BTreeMap::new();
    for argument in arguments {
        if let Some(file) = argument.strip_prefix('@') {
            values.extend(table(Path::new(file))?);
        } else if let Some((name, value)) = argument.split_once('=') {
            let value = match value.strip_prefix('@') {
                Some(file) => read(Path::new(file)).map_err(|why| {
                    CommandError::usage(format!("the value of the variable `{name}`: {why}"))
                })?,
                None => value.to_owned(),
            };
            values.insert(name.to_owned(), value);
        } else {
            // It may be a secret that was meant as a value.
            return Err(CommandError::usage(
                "an argument of --variable is neither KEY=VALUE, nor KEY=@FILE, nor @FILE",
            ));
        }
    }
    Ok(values)
}

/// The values that the environment has: `SPIN_VARIABLE_API_KEY` for `api_key`. What is
/// not UTF-8 is left out.
pub(crate) fn of_environment() -> BTreeMap<String, String> {
    let variables = std::env::vars_os().filter_map(|(name, value)| {
        let name = name.into_string().ok()?;
        let name = name
            .strip_prefix(env::VARIABLE_PREFIX)?
            .to_ascii_lowercase();
        Some((name, value.into_string().ok()?))
    });
    variables.collect()
}

fn table(path: &Path) -> Result<BTreeMap<String, String>, CommandError> {
    let text = read(path).map_err(CommandError::usage)?;
    let shown = path.display();
    let wrong = |why: &str| CommandError::usage(format!("the variables in {shown}: {why}"));
    let kind = path.extension().and_then(|kind| kind.to_str());
    let table: BTreeMap<String, Value> = match kind {
        Some("json") => serde_json::from_str(&text).map_err(|error| {
            // Where it is wrong, and nothing of what stands there.
            wrong(&format!(
                "line {}, column {}: no table in JSON",
                error.line(),
                error.column()
            ))
        })?,
        Some("toml") => toml::from_str(&text).map_err(|error| wrong(error.message()))?,
        _ => {
            return Err(wrong(
                "the name of the file has to end with `.toml` or `.json`",
            ));
        }
    };
    let values = table.into_iter().map(|(name, value)| match value {
        Value::String(value) => Ok((name, value)),
        Value::Bool(_) | Value::Number(_) => Ok((name, value.to_string())),
        _ => Err(wrong(&format!("`{name}` is no text"))),
    });
    values.collect()
}

fn read(path: &Path) -> Result<String, String> {
    let failed = |why: String| format!("{} {why}", path.display());
    let bytes = bounded::read(path, MOST_BYTES).map_err(failed)?;
    String::from_utf8(bytes).map_err(|_| failed("is no text (UTF-8)".to_owned()))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn values(arguments: &[String]) -> BTreeMap<String, String> {
        given(arguments).unwrap()
    }

    #[test]
    fn values_come_from_arguments_and_files() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name).display().to_string();
        fs::write(path("secret"), "line\n").unwrap();
        fs::write(path("a.toml"), "host = \"x\"\nport = 80\n").unwrap();
        fs::write(path("a.json"), r#"{"host": "y", "on": true}"#).unwrap();
        let found = values(&[
            format!("@{}", path("a.toml")),
            format!("@{}", path("a.json")),
            format!("token=@{}", path("secret")),
            "empty=".to_owned(),
            "sum=1=1".to_owned(),
        ]);
        let expected = [
            ("empty", ""),
            ("host", "y"),
            ("on", "true"),
            ("port", "80"),
            ("sum", "1=1"),
            ("token", "line\n"),
        ];
        let expected = expected.map(|(name, value)| (name.to_owned(), value.to_owned()));
        assert_eq!(found, BTreeMap::from(expected));
    }

    #[test]
    fn what_is_wrong_is_said_and_no_value_told() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name).display().to_string();
        fs::write(path("a.json"), r#"{"host": hunter2}"#).unwrap();
        fs::write(path("a.toml"), "host = hunter2").unwrap();
        fs::write(path("b.toml"), "host = [\"hunter2\"]").unwrap();
        fs::write(path("a.txt"), "hunter2").unwrap();
        for (argument, part) in [
            ("hunter2".to_owned(), "KEY=VALUE"),
            (format!("@{}", path("a.json")), "line 1, column 10"),
            (format!("@{}", path("a.toml")), "the variables in"),
            (format!("@{}", path("b.toml")), "`host` is no text"),
            (format!("@{}", path("a.txt")), "`.toml` or `.json`"),
            (
                format!("x=@{}", path("nothing")),
                "the value of the variable `x`: ",
            ),
            (format!("@{}", path("nothing.toml")), "can't be read"),
        ] {
            let error = given(&[argument]).unwrap_err();
            assert_eq!(error.kind.exit().code(), 2);
            let text = error.messages.join(" ");
            assert!(text.contains(part), "{text}");
            assert!(!text.contains("hunter2"), "{text}");
        }
    }
}
