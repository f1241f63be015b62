//! What is pushed: packed first, or in the content store already.

use wharf_oci::{Digest, Reference};

use crate::bindings::packaging::Options;
use crate::bindings::{
    DescriptorFlags, Error, File, OpenFlags, Packed, PathFlags, application, content_store,
    packaging, preopens,
};

/// The digest of the manifest that `from` means.
pub(crate) async fn manifest(from: &str) -> Result<String, Error> {
    let path = std::path::Path::new(from);
    let packed = if path.is_dir() {
        let directory = from.trim_end_matches('/');
        pack(directory, &format!("{directory}/spin.toml")).await?
    } else if path.is_file() && from.ends_with(".wasm") {
        let (file, name) = open(from).await?;
        packaging::pack_component(file, name, Options::new()).await?
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

/// Opens a file as WASI 0.3 has it, and says what it is called.
async fn open(path: &str) -> Result<(File, String), Error> {
    let unreadable =
        |why: &dyn std::fmt::Debug| Error::InvalidInput(format!("`{path}` can't be read: {why:?}"));
    let below = |root: &str| {
        let rest = path.strip_prefix(root.trim_end_matches('/'))?;
        let rest = rest.strip_prefix('/').or((root == ".").then_some(path));
        rest.map(str::to_owned)
    };
    let nearest = preopens::get_directories()
        .into_iter()
        .filter_map(|(directory, root)| Some((directory, below(&root)?)))
        .min_by_key(|(_, rest)| rest.len());
    let Some((directory, rest)) = nearest else {
        return Err(unreadable(&"it lies in no preopened directory"));
    };
    let name = rest.rsplit('/').next().unwrap_or(&rest).to_owned();
    let opened = directory
        .open_at(
            PathFlags::SYMLINK_FOLLOW,
            rest,
            OpenFlags::empty(),
            DescriptorFlags::READ,
        )
        .await;
    Ok((opened.map_err(|code| unreadable(&code))?, name))
}
