//! The floors: what curl, sha256sum and cp take for the same bytes. Nothing can be much
//! faster that moves them and checks them.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, Result};

use super::content::Content;

/// `curl … | sha256sum`: all blobs, over one connection.
pub(super) fn pull(server: &str, content: &Content, folder: &Path) -> Result<Command> {
    let mut addresses = "silent\nshow-error\nfail\n".to_owned();
    for digest in &content.blobs {
        let _ = writeln!(
            addresses,
            "url = \"http://{server}/v2/{}/blobs/{digest}\"",
            content.repository
        );
    }
    script(
        folder,
        &addresses,
        "curl --config addresses | sha256sum > sums",
        &[],
    )
}

/// `curl -T`: an upload session for each blob, and then its content, over one connection.
pub(super) fn push(
    server: &str,
    repository: &str,
    content: &Content,
    folder: &Path,
) -> Result<Command> {
    upload(server, repository, content, folder, "")
}

/// The same, then hashing the application's directory and, unless the content was stored
/// before, copying it.
pub(super) fn push_directory(
    server: &str,
    repository: &str,
    content: &Content,
    folder: &Path,
    copy: bool,
) -> Result<Command> {
    let then = if copy {
        format!("{HASH}\ncp -r \"$directory\" copy")
    } else {
        HASH.to_owned()
    };
    upload(server, repository, content, folder, &then)
}

/// Hashing the application's directory.
pub(super) fn hash_directory(content: &Content, folder: &Path) -> Result<Command> {
    script(
        folder,
        "",
        HASH,
        &[("directory", path(&content.directory)?)],
    )
}

const HASH: &str = "find \"$directory\" -type f -print0 | xargs -0 sha256sum > sums";

/// The second curl gets a file and an address by turns, the address with the digest added
/// as a query is added to.
const UPLOAD: &str = r#"curl --config addresses --dump-header headers > answers
awk 'tolower($1) == "location:" { sub("\r$", "", $2); print $2 }' headers > locations
paste -d ' ' locations digests | awk '{
  between = index($1, "?") ? "&" : "?"
  printf "upload-file = \"%s/blobs/sha256/%s\"\n", ENVIRON["layout"], substr($2, 8)
  printf "url = \"%s%sdigest=%s\"\n", $1, between, $2
}' > uploads
curl --silent --show-error --fail --config uploads
"#;

fn upload(
    server: &str,
    repository: &str,
    content: &Content,
    folder: &Path,
    then: &str,
) -> Result<Command> {
    let mut sessions = "silent\nshow-error\nfail\nrequest = POST\n".to_owned();
    for _ in &content.blobs {
        let _ = writeln!(
            sessions,
            "url = \"http://{server}/v2/{repository}/blobs/uploads/\""
        );
    }
    fs::write(folder.join("digests"), content.blobs.join("\n") + "\n")?;
    let variables = [
        ("layout", path(&content.layout)?),
        ("directory", path(&content.directory)?),
    ];
    script(folder, &sessions, &format!("{UPLOAD}{then}"), &variables)
}

fn script(
    folder: &Path,
    addresses: &str,
    lines: &str,
    variables: &[(&str, &str)],
) -> Result<Command> {
    fs::write(folder.join("addresses"), addresses)?;
    let mut command = Command::new("sh");
    command.current_dir(folder).args(["-e", "-c", lines]);
    for (name, value) in variables {
        command.env(name, value);
    }
    Ok(command)
}

fn path(path: &Path) -> Result<&str> {
    path.to_str()
        .with_context(|| format!("{} is not UTF-8", path.display()))
}
