//! Single components, as the crate `oci-wasm` pushes and pulls them: the library of the
//! tools of the field (wkg, wash). It is run as a program, `clients/oci-wasm`.

use std::ffi::OsStr;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use serde_json::Value as Json;

use crate::peers;
use crate::process::Running;

/// A component as it was pulled.
#[derive(Debug)]
pub struct PulledComponent {
    /// The component.
    pub wasm: Vec<u8>,
    /// `digest`, `config`, `annotations` and `layerAnnotations`.
    pub said: Json,
}

/// Pulls a component over plain HTTP, by way of a file that is written.
pub fn pull(reference: &str, file: &Path) -> PulledComponent {
    let said = run([OsStr::new("pull"), OsStr::new(reference), file.as_os_str()]);
    PulledComponent {
        wasm: fs::read(file).expect("it was written"),
        said,
    }
}

/// Pushes the component of a file over plain HTTP, without a title.
pub fn push(reference: &str, file: &Path) {
    run([OsStr::new("push"), OsStr::new(reference), file.as_os_str()]);
}

/// What the library says of a component: `imports` and `exports`.
pub fn describe(file: &Path) -> Json {
    run([OsStr::new("describe"), file.as_os_str()])
}

fn run<'a>(arguments: impl IntoIterator<Item = &'a OsStr>) -> Json {
    let mut command = Command::new(peers::program("oci-wasm", "oci-wasm"));
    command.args(arguments);
    let output = Running::start(command, Vec::new(), Duration::from_mins(1)).finish();
    let printed = output.success().stdout;
    serde_json::from_str(&printed).unwrap_or_else(|error| panic!("{error}: {printed}"))
}
