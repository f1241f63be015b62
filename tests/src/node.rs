//! Programs in JavaScript, in the Node that `cargo xtask peers` installed.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use crate::peers;
use crate::process::{Output, Running};

/// Runs the `index.js` of an example with arguments. It is copied to `into`, a directory
/// that is made, since what it needs lies elsewhere.
pub fn run<S: AsRef<OsStr>>(
    example: &Path,
    into: &Path,
    arguments: impl IntoIterator<Item = S>,
) -> Output {
    let node = peers::program("embed-node", "node_modules/node/bin/node");
    let modules = node.ancestors().nth(3).expect("it lies three deep");
    fs::create_dir(into).expect("it can be made");
    symlink(modules, into.join("node_modules")).expect("it can be made");
    for entry in fs::read_dir(example).expect("it can be read") {
        let file = entry.expect("it can be read").path();
        if file
            .extension()
            .is_some_and(|end| end == "js" || end == "json")
        {
            let name = file.file_name().expect("it is a file");
            fs::copy(&file, into.join(name)).expect("it can be copied");
        }
    }
    let mut command = Command::new(&node);
    command.current_dir(into).arg("index.js").args(arguments);
    Running::start(command, Vec::new(), Duration::from_mins(2)).finish()
}
