//! Faults: the built command against real registries, with everything that can go
//! wrong on the way.
//!
//! Between the command and the registry, and between the command and the token
//! server, stand proxies that do what a script says (`stage.rs`). The matrix is every
//! fault (`fault.rs`, `injected.rs`) at every request (`step.rs`) of every scenario
//! (`scenario.rs`), with what must become of each (`expected.rs`, `aftermath.rs`,
//! `secrets.rs`, `attempts.rs`).

mod advisories;
mod aftermath;
mod attempts;
mod case;
mod expected;
mod fault;
mod injected;
mod killed;
mod matrix;
mod play;
mod pool;
mod resumed;
mod scenario;
mod secrets;
mod stage;
mod step;
mod target;
mod world;

use wharf_tests::{App, Component, TestEnv, programs};

/// A hermetic environment for the command under test.
fn environment() -> TestEnv {
    TestEnv::new(env!("CARGO_BIN_EXE_wharf"))
}

/// A small application: a program, which is larger than what is sent at once, a file,
/// the locked application and the config are its blobs.
fn small_app() -> App {
    App::new("app").component(
        Component::new("hello", programs::HELLO_P2, "/...").file("asset.txt", ASSET.repeat(20)),
    )
}

/// One that has nothing in common with it.
fn older_app() -> App {
    App::new("older").component(
        Component::new("older", programs::HELLO_P3, "/...").file("asset.txt", OLDER.repeat(20)),
    )
}

/// So short waits that a test has no time to notice, unless a server asks for longer.
const QUICK: [&str; 3] = ["--retries=3", "--first-wait=1ms", "--longest-wait=2s"];

const ASSET: &str = "An asset of an application.\n";
const OLDER: &str = "An asset of an older application.\n";
