//! The files, as they are read.

use std::fs;
use std::io::ErrorKind;
use std::path::Path;

use wharf_host::policy::Policy;

use super::document::Document;
use crate::error::CommandError;

/// What a file says, which has to be there when it was named.
pub(super) fn read(path: &Path, named: bool) -> Result<Document, CommandError> {
    match text(path, named)? {
        Some(text) => Document::parse(path, &text),
        None => Ok(Document::default()),
    }
}

/// The text of a file, which has to be there when it was named.
pub(super) fn text(path: &Path, named: bool) -> Result<Option<String>, CommandError> {
    match fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(error)
            if !named && matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) =>
        {
            Ok(None)
        }
        Err(error) => Err(CommandError::usage(format!(
            "cannot read the configuration `{}`: {error}",
            path.display()
        ))),
    }
}

/// A policy in a file of its own.
pub(super) fn read_policy(path: &Path) -> Result<Policy, CommandError> {
    let text = fs::read_to_string(path).map_err(|error| {
        let shown = path.display();
        CommandError::usage(format!("cannot read the policy `{shown}`: {error}"))
    })?;
    Document::parse_policy(path, &text)
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;
    use crate::error::Kind;

    #[test]
    fn only_a_file_that_was_named_must_be_there() {
        let gone = PathBuf::from("/nowhere/wharf.toml");
        assert_eq!(read(&gone, false).unwrap(), Document::default());
        let error = read(&gone, true).unwrap_err();
        assert_eq!(error.kind, Kind::Usage);
        assert!(error.messages[0].contains("/nowhere/wharf.toml"));
    }
}
