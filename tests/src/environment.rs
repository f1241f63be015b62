//! Where the command runs: a world of its own, with nothing of this machine's user.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

pub use tempfile::TempDir;

use crate::process::{Output, Running};

/// A home, a cache, a working directory, and an environment without anything else.
pub struct TestEnv {
    program: PathBuf,
    directory: TempDir,
    variables: Vec<(String, String)>,
}

/// One run of the command, before it begins.
pub struct Run {
    command: Command,
    input: Vec<u8>,
    limit: Duration,
}

impl TestEnv {
    /// A new environment for the command at `program`.
    pub fn new(program: impl Into<PathBuf>) -> Self {
        let directory = tempfile::tempdir().expect("a temporary directory can be made");
        for name in ["home", "cache", "config", "data", "state", "tmp", "work"] {
            fs::create_dir(directory.path().join(name)).expect("it can be made");
        }
        Self {
            program: program.into(),
            directory,
            variables: Vec::new(),
        }
    }

    /// The same with one more environment variable, in every run.
    #[must_use]
    pub fn variable(mut self, name: &str, value: impl AsRef<Path>) -> Self {
        let value = value.as_ref().display().to_string();
        self.variables.push((name.to_owned(), value));
        self
    }

    /// The directory that holds all the others: `home`, `cache`, `config`, …
    pub fn root(&self) -> &Path {
        self.directory.path()
    }

    /// The home directory.
    pub fn home(&self) -> PathBuf {
        self.root().join("home")
    }

    /// The working directory of every run.
    pub fn work(&self) -> PathBuf {
        self.root().join("work")
    }

    /// Where the store is: `$XDG_CACHE_HOME`.
    pub fn cache(&self) -> PathBuf {
        self.root().join("cache")
    }

    /// One run with these arguments. It may take a minute.
    pub fn command<S: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = S>) -> Run {
        let mut command = Command::new(&self.program);
        command
            .args(arguments)
            .current_dir(self.work())
            .env_clear()
            .env("PATH", "/usr/bin:/bin")
            .env("LANG", "C.UTF-8")
            .env("HOME", self.home())
            .env("TMPDIR", self.root().join("tmp"))
            .env("XDG_CACHE_HOME", self.cache())
            .env("XDG_CONFIG_HOME", self.root().join("config"))
            .env("XDG_DATA_HOME", self.root().join("data"))
            .env("XDG_STATE_HOME", self.root().join("state"));
        for (name, value) in &self.variables {
            command.env(name, value);
        }
        Run {
            command,
            input: Vec::new(),
            limit: Duration::from_mins(1),
        }
    }

    /// Runs the command with arguments that are separated by spaces.
    pub fn run(&self, arguments: &str) -> Output {
        self.command(arguments.split_whitespace()).run()
    }

    /// The files of the store's blobs, wherever beneath the cache they are, in order.
    pub fn blobs(&self) -> Vec<PathBuf> {
        let mut files: Vec<_> = files_below(&self.cache())
            .into_iter()
            .filter(|file| {
                let digest = file.file_name().and_then(OsStr::to_str).unwrap_or_default();
                let parent = file.parent().unwrap_or(Path::new(""));
                digest.len() == 64 && parent.ends_with("blobs/sha256")
            })
            .collect();
        files.sort();
        files
    }

    /// The file of one blob of the store, whether it is there or not.
    pub fn blob(&self, digest: &str) -> Option<PathBuf> {
        let hex = digest.strip_prefix("sha256:")?;
        self.blobs().into_iter().find(|file| file.ends_with(hex))
    }

    /// Waits until the store has so many bytes of content that is still on its way.
    pub fn wait_until_received(&self, digest: &str, bytes: u64) {
        let hex = digest.trim_start_matches("sha256:");
        let file = self.cache().join(format!("wharf/ingest/{hex}.data"));
        let limit = Instant::now() + Duration::from_mins(1);
        while fs::metadata(&file).map_or(0, |found| found.len()) < bytes {
            assert!(
                Instant::now() < limit,
                "{} has no {bytes} bytes",
                file.display()
            );
            std::thread::sleep(Duration::from_millis(1));
        }
    }

    /// Fails when a blob of the store is not what its name says.
    pub fn verify_store(&self) {
        for file in self.blobs() {
            let content = fs::read(&file).expect("it can be read");
            let digest = crate::digest(&content);
            let name = file.file_name().and_then(OsStr::to_str).unwrap_or_default();
            assert_eq!(digest, format!("sha256:{name}"), "{}", file.display());
        }
    }

    /// Removes the store.
    pub fn empty_store(&self) {
        fs::remove_dir_all(self.cache()).expect("it can be removed");
        fs::create_dir(self.cache()).expect("it can be made");
    }
}

impl Run {
    /// The same with one more environment variable.
    #[must_use]
    pub fn variable(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.command.env(name, value);
        self
    }

    /// The same with this standard input.
    #[must_use]
    pub fn input(mut self, input: impl Into<Vec<u8>>) -> Self {
        self.input = input.into();
        self
    }

    /// The same with another working directory.
    #[must_use]
    pub fn directory(mut self, directory: &Path) -> Self {
        self.command.current_dir(directory);
        self
    }

    /// The same with another limit on its time.
    #[must_use]
    pub fn limit(mut self, limit: Duration) -> Self {
        self.limit = limit;
        self
    }

    /// Runs it to its end.
    pub fn run(self) -> Output {
        self.start().finish()
    }

    /// Starts it.
    pub fn start(self) -> Running {
        Running::start(self.command, self.input, self.limit)
    }
}

/// All files beneath a directory, those beneath links left out.
pub fn files_below(directory: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    let mut left = vec![directory.to_owned()];
    while let Some(directory) = left.pop() {
        // What is gone by now was temporary.
        for entry in fs::read_dir(directory).into_iter().flatten().flatten() {
            match entry.file_type() {
                Ok(kind) if kind.is_dir() => left.push(entry.path()),
                Ok(_) => files.push(entry.path()),
                Err(_) => {}
            }
        }
    }
    files
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_sees_nothing_of_the_user() {
        let env = TestEnv::new("/usr/bin/env").variable("EXTRA", "yes");
        let output = env.run("").success();
        let home = env.home();
        assert!(output.stdout.contains(&format!("HOME={}", home.display())));
        assert!(output.stdout.contains("EXTRA=yes"));
        assert!(!output.stdout.contains("CARGO"));
    }
}
