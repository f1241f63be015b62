//! `--digest-file`: the digest alone, for the next step of a job.

use std::fs::{self, Permissions};
use std::io::{self, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use clap::Args;
use wharf_host::Digest;

use crate::error::CommandError;

/// Where the digest is written.
#[derive(Debug, Clone, Default, PartialEq, Eq, Args)]
#[command(next_help_heading = "Output")]
pub(crate) struct DigestFileArgs {
    /// Write the manifest's digest, on a line of its own, to this file
    ///
    /// When all went well. A file that is there is replaced.
    #[arg(long, value_name = "FILE")]
    digest_file: Option<PathBuf>,
}

impl DigestFileArgs {
    /// Fails when the file's directory is not there, before anything is done.
    pub(crate) fn check(&self) -> Result<(), CommandError> {
        let Some(path) = &self.digest_file else {
            return Ok(());
        };
        let folder = path.parent().filter(|folder| *folder != Path::new(""));
        let folder = folder.unwrap_or(Path::new("."));
        if folder.is_dir() && !path.is_dir() {
            return Ok(());
        }
        Err(CommandError::usage(format!(
            "cannot write the digest to {}: that is not a file in a directory that is there",
            path.display()
        )))
    }

    /// Writes the digest, whole or not at all.
    pub(crate) fn write(&self, digest: &Digest) -> Result<(), CommandError> {
        let Some(path) = &self.digest_file else {
            return Ok(());
        };
        write(path, &format!("{digest}\n")).map_err(|error| {
            let shown = path.display();
            CommandError::from(error).while_doing(format!("cannot write the digest to {shown}"))
        })
    }
}

fn write(path: &Path, text: &str) -> io::Result<()> {
    // A pipe, a terminal or a link is written to, and not replaced.
    if fs::symlink_metadata(path).is_ok_and(|found| !found.is_file()) {
        return fs::write(path, text);
    }
    let folder = path.parent().filter(|folder| *folder != Path::new(""));
    let mut beside = tempfile::Builder::new()
        // What anybody may read: it is handed to other steps of a job.
        .permissions(Permissions::from_mode(0o644))
        .tempfile_in(folder.unwrap_or(Path::new(".")))?;
    beside.write_all(text.as_bytes())?;
    beside.persist(path)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_has_the_digest_and_nothing_is_beside_it() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| DigestFileArgs {
            digest_file: Some(folder.path().join(name)),
        };
        let digest = format!("sha256:{}", "0".repeat(64)).parse().unwrap();
        let args = at("digest");
        for _ in 0..2 {
            args.check().unwrap();
            args.write(&digest).unwrap();
            let text = fs::read_to_string(folder.path().join("digest")).unwrap();
            assert_eq!(text, format!("{digest}\n"));
        }
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
        // A link is followed, to where there may be no room for another file.
        let link = folder.path().join("link");
        std::os::unix::fs::symlink(folder.path().join("digest"), &link).unwrap();
        fs::write(folder.path().join("digest"), "old").unwrap();
        at("link").write(&digest).unwrap();
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        let text = fs::read_to_string(folder.path().join("digest")).unwrap();
        assert_eq!(text, format!("{digest}\n"));
        assert!(at("gone/digest").check().is_err());
        assert!(at("").check().is_err());
        DigestFileArgs::default().write(&digest).unwrap();
    }
}
