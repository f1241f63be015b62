//! The world of the packager component, with hostile code behind it.
//!
//! `pack` attacks. The test's directory has, beside the application's, a file that its
//! manifest names, `../named.wasm`, and one that it does not, `../secret`. What came of
//! it is the text of an `error.other` that begins with `refused: ` or `SUCCEEDED: `.
#![allow(async_fn_in_trait)]

wit_bindgen::generate!({
    path: "../../../wit",
    world: "packager",
    generate_all,
});

use exports::wharf::oci::packaging::{self, Guest, GuestOptions, Packed};
use wasi::filesystem::preopens;
use wasi::filesystem::types::{Descriptor as File, DescriptorFlags, OpenFlags, PathFlags};
use wharf::oci::sources;
use wharf::oci::types::{Descriptor, Error};

export!(Hostile);

struct Hostile;

struct Options;

impl GuestOptions for Options {
    fn new() -> Self {
        Self
    }

    fn add_annotation(&self, _: String, _: String) {}

    fn set_created(&self, _: u64) {}

    fn set_profile(&self, _: String) {}

    fn include_build(&self) {}

    fn include_secret_defaults(&self) {}

    fn leave_uncomposed(&self) {}

    fn archive_files(&self) {}

    fn set_max_unpacked_size(&self, _: u64) {}

    fn set_max_files(&self, _: u64) {}

    fn add_ignore_rules(&self, _: Vec<String>) {}
}

impl Guest for Hostile {
    type Options = Options;

    async fn pack(_: String, _: packaging::Options) -> Result<Packed, Error> {
        Err(Error::Other(match attack().await {
            Ok(refusals) => format!("refused: {}", refusals.join("; ")),
            Err(had) => format!("SUCCEEDED: {had}"),
        }))
    }

    async fn pack_component(
        _: File,
        _: String,
        _: packaging::Options,
    ) -> Result<Packed, Error> {
        Err(unable())
    }

    async fn pack_wit(_: File, _: String, _: packaging::Options) -> Result<Packed, Error> {
        Err(unable())
    }

    async fn prepare(_: String, _: packaging::Options) -> Result<Descriptor, Error> {
        Err(unable())
    }
}

fn unable() -> Error {
    Error::Other("the hostile component attacks in `pack` only".to_owned())
}

/// What was refused, or else what was had.
async fn attack() -> Result<Vec<String>, String> {
    let named = sources::open("../named.wasm".to_owned()).await;
    let named = named.map_err(|error| format!("nothing: the named file was refused, {error:?}"))?;
    let mut refusals = Vec::new();
    for path in [
        "../secret",
        "/etc/passwd",
        "/proc/self/environ",
        "spin.toml",
        "./../named.wasm",
        "../named.wasm/../secret",
        "..",
        ".",
        "",
        "../named.wasm\0",
    ] {
        match sources::open(path.to_owned()).await {
            Ok(_) => return Err(format!("`{path}` was opened, which is not named")),
            Err(error) => refusals.push(format!("{path}: {error:?}")),
        }
    }
    for (name, version) in [("a:b", "1.0.0"), ("a:b", "*"), ("../x", "")] {
        if sources::find_package(None, name, version).is_ok() {
            return Err(format!("the package {name}@{version}, which is not named"));
        }
    }
    if written(&named).await {
        return Err("the named file was written".to_owned());
    }
    // What is lent is a file, which leads nowhere.
    for flags in [OpenFlags::empty(), OpenFlags::CREATE] {
        for path in ["secret", "../secret", "/etc/passwd"] {
            if open(&named, path, flags).await {
                return Err(format!("`{path}` was opened beside the named file"));
            }
        }
    }
    for (directory, _) in preopens::get_directories() {
        for path in ["../secret", "../named.wasm", "link", "/etc/passwd"] {
            if open(&directory, path, OpenFlags::empty()).await {
                return Err(format!("`{path}` was opened from the directory"));
            }
        }
        if open(&directory, "new", OpenFlags::CREATE).await {
            return Err("a file was made in the directory".to_owned());
        }
    }
    Ok(refusals)
}

async fn open(from: &File, path: &str, flags: OpenFlags) -> bool {
    let opened = from.open_at(
        PathFlags::SYMLINK_FOLLOW,
        path.to_owned(),
        flags,
        DescriptorFlags::READ,
    );
    opened.await.is_ok()
}

async fn written(file: &File) -> bool {
    let (mut writer, reader) = wit_stream::new();
    let write = file.write_via_stream(reader, 0);
    let _ = writer.write_all(b"changed".to_vec()).await;
    drop(writer);
    write.await.is_ok() || file.set_size(0).await.is_ok()
}
