//! The WebAssembly that an application's manifest names, from the preopened directories.

use std::cell::RefCell;

use crate::bindings::sources::{self, Error};
use crate::bindings::{
    Component, DescriptorFlags, DescriptorType, ErrorCode, File, OpenFlags, PathFlags, application,
    preopens,
};
use crate::path::{below, within};

thread_local! {
    /// Where the application's manifest lies.
    static DIRECTORY: RefCell<String> = const { RefCell::new(String::new()) };
}

impl application::Guest for Component {
    fn use_directory(path: String) {
        DIRECTORY.set(path);
    }
}

impl sources::Guest for Component {
    async fn open(path: String) -> Result<File, Error> {
        let directory = DIRECTORY.with_borrow(Clone::clone);
        let Some(whole) = within(&directory, &path) else {
            return Err(unreachable(&path));
        };
        // The nearest one, where one is preopened within another.
        let nearest = preopens::get_directories()
            .into_iter()
            .filter_map(|(root, name)| Some((root, below(&whole, &name)?)))
            .min_by_key(|(_, rest)| rest.len());
        let Some((root, rest)) = nearest else {
            return Err(unreachable(&whole));
        };
        let failed = |code| match code {
            ErrorCode::NoEntry => Error::Missing,
            ErrorCode::NotPermitted => unreachable(&whole),
            code => Error::Failed(format!("{code:?}")),
        };
        // What is no file is never opened: opening can wait for ever, or do something.
        let found = root
            .stat_at(PathFlags::SYMLINK_FOLLOW, rest.to_owned())
            .await;
        match found.map_err(failed)?.type_ {
            DescriptorType::RegularFile => {}
            DescriptorType::Directory => return Err(Error::NotAFile("a directory".to_owned())),
            _ => return Err(Error::NotAFile("no regular file".to_owned())),
        }
        let opened = root
            .open_at(
                PathFlags::SYMLINK_FOLLOW,
                rest.to_owned(),
                OpenFlags::empty(),
                DescriptorFlags::READ,
            )
            .await;
        opened.map_err(failed)
    }

    fn find_package(
        _registry: Option<String>,
        _name: String,
        _version: String,
    ) -> Result<String, Error> {
        Err(Error::Failed(
            "packages of registries are fetched by the native command alone; name a file instead"
                .to_owned(),
        ))
    }
}

fn unreachable(path: &str) -> Error {
    Error::Failed(format!(
        "`{path}` lies in no directory that was preopened, see `--dir`"
    ))
}
