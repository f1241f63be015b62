//! Writes `wharf.wasm` to a file.
#![expect(clippy::print_stderr, reason = "a program that says what is wrong")]

use std::path::PathBuf;
use std::process::ExitCode;
use std::{env, fs};

fn main() -> ExitCode {
    let Some(file) = env::args_os().nth(1).map(PathBuf::from) else {
        eprintln!("usage: wharf-portable FILE");
        return ExitCode::from(2);
    };
    let composed = wharf_portable::command().map_err(|error| error.to_string());
    let written = composed.and_then(|wasm| {
        fs::write(&file, wasm)
            .map_err(|error| format!("{} could not be written: {error}", file.display()))
    });
    match written {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            eprintln!("{problem}");
            ExitCode::FAILURE
        }
    }
}
