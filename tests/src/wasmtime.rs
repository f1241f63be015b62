//! The stock command of Wasmtime: a runtime that knows nothing of ours.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use crate::peers;
use crate::process::{Output, Running};

/// A component, with what it may use.
pub struct Wasmtime {
    component: PathBuf,
    arguments: Vec<String>,
}

/// How long a run may take. The component is compiled first.
const LIMIT: Duration = Duration::from_mins(3);

impl Wasmtime {
    /// Runs the component of a file, which may use HTTP.
    pub fn new(component: &Path) -> Self {
        let arguments = ["run", "-S", "http"].map(str::to_owned);
        Self {
            component: component.to_owned(),
            arguments: arguments.to_vec(),
        }
    }

    /// Runs a component that its own version of Wasmtime compiled, which starts at once.
    pub fn compiled(code: &Path) -> Self {
        let mut this = Self::new(code);
        this.arguments.push("--allow-precompiled".to_owned());
        this
    }

    /// The same, which may use a directory by this name.
    #[must_use]
    pub fn directory(mut self, directory: &Path, name: &str) -> Self {
        let directory = format!("{}::{name}", directory.display());
        self.arguments.extend(["--dir".to_owned(), directory]);
        self
    }

    /// The same, which has this variable in its environment.
    #[must_use]
    pub fn variable(mut self, name: &str, value: &str) -> Self {
        let variable = format!("{name}={value}");
        self.arguments.extend(["--env".to_owned(), variable]);
        self
    }

    /// Runs it with arguments that are separated by spaces.
    pub fn run(&self, arguments: &str) -> Output {
        self.start(arguments).finish()
    }

    /// Starts it.
    pub fn start(&self, arguments: &str) -> Running {
        let mut command = Command::new(peers::program("wasmtime", "wasmtime"));
        command
            .args(&self.arguments)
            .arg(&self.component)
            .args(arguments.split_whitespace());
        Running::start(command, Vec::new(), LIMIT)
    }
}
