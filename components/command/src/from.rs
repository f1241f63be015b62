//! What is pushed: packed first, or in the content store already.

use wharf_oci::{Digest, Reference};

use crate::bindings::packaging::Options;
use crate::bindings::{Error, Packed, application, content_store, packaging, sources};

/// The digest of the manifest that `from` means.
pub(crate) async fn manifest(from: &str) -> Result<String, Error> {
    let path = std::path::Path::new(from);
    let packed = if path.is_dir() {
        let directory = from.trim_end_matches('/');
        pack(directory, &format!("{directory}/spin.toml")).await?
    } else if path.is_file() && from.ends_with(".wasm") {
        let (directory, name) = from.rsplit_once('/').unwrap_or((".", from));
        application::use_directory(if directory.is_empty() { "/" } else { directory });
        let opened = sources::open(name.to_owned()).await;
        let file = opened.map_err(|error| unreadable(from, &error))?;
        packaging::pack_component(file, name.to_owned(), Options::new()).await?
    } else if path.is_file() {
        let directory = from.rsplit_once('/').map_or(".", |(above, _)| above);
        pack(directory, from).await?
    } else {
        return stored(from);
    };
    for warning in packed.warnings {
        eprintln!("warning: {warning}");
    }
    Ok(packed.manifest.digest)
}

async fn pack(directory: &str, manifest: &str) -> Result<Packed, Error> {
    application::use_directory(directory);
    packaging::pack(manifest.to_owned(), Options::new()).await
}

/// What the content store has.
fn stored(from: &str) -> Result<String, Error> {
    if let Ok(digest) = from.parse::<Digest>() {
        return Ok(digest.to_string());
    }
    let reference: Reference = from.parse().map_err(|_| {
        Error::InvalidInput(format!(
            "`{from}` is neither a path below a preopened directory nor a reference"
        ))
    })?;
    let found = content_store::find_name(&reference.to_string())?;
    found.map(|found| found.digest).ok_or_else(|| {
        Error::InvalidInput(format!(
            "`{from}` is neither a path below a preopened directory nor in the content store"
        ))
    })
}

/// A file that was not opened.
fn unreadable(path: &str, error: &sources::Error) -> Error {
    let why = match error {
        sources::Error::NotNamed | sources::Error::Missing => "there is no such file",
        sources::Error::NotAFile(kind) => {
            return Error::InvalidInput(format!("`{path}` is {kind}"));
        }
        sources::Error::Failed(why) => why,
    };
    Error::InvalidInput(format!("`{path}` can't be read: {why}"))
}
