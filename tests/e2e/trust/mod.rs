//! Signatures: made, carried along, verified, and required before anything is used.

mod answers;
mod attested;
mod audited;
mod bill;
mod carried;
mod hostile;
mod indexes;
mod interop;
mod keyless;
mod keys;
mod misled;
mod required;
mod secrets;
mod signing;
pub(crate) mod update;

use std::fs;
use std::path::Path;

use wharf_tests::{Output, ReferrersRegistry, Registry, TestEnv};

use crate::{environment, greeting, push};

/// One who has a key pair, `cosign.key` and `cosign.pub`, whose passphrase is empty.
fn author() -> TestEnv {
    let env = environment().variable("COSIGN_PASSWORD", "");
    let _ = env.run("trust generate-key-pair").success();
    env
}

/// Pushes an application as `app:1` and tells its digest.
fn pushed(env: &TestEnv, address: &str) -> String {
    let app = env.work().join("app");
    if !app.exists() {
        greeting("app").write(&env.work());
    }
    push(env, &app, &format!("{address}/app:1")).digest()
}

/// Pushes an application as `app:1`, signs it in both formats, and tells its digest.
fn signed(env: &TestEnv, address: &str) -> String {
    let digest = pushed(env, address);
    let _ = sign(env, &format!("{address}/app@{digest}")).success();
    digest
}

fn sign(env: &TestEnv, rest: &str) -> Output {
    env.run(&format!("registry sign --key cosign.key {rest}"))
}

fn verify(env: &TestEnv, rest: &str) -> Output {
    env.run(&format!("registry verify --key cosign.pub {rest}"))
}

/// Has a configuration of the user's say this. Files are named from the working folder.
fn configure(env: &TestEnv, text: &str) {
    let folder = env.root().join("config/wharf");
    fs::create_dir_all(&folder).expect("it can be made");
    let work = env.work().display().to_string();
    fs::write(folder.join("wharf.toml"), text.replace("WORK", &work)).expect("it can be written");
}

/// Gives somebody the public key of another.
fn know(env: &TestEnv, author: &TestEnv) {
    fs::copy(
        author.work().join("cosign.pub"),
        env.work().join("cosign.pub"),
    )
    .expect("it can be copied");
}

/// Somebody who requires signatures of an author for everything at an address.
fn careful(author: &TestEnv, address: &str) -> TestEnv {
    let env = environment();
    know(&env, author);
    let text = format!("[trust.for.\"{address}\"]\nkeys = [\"WORK/cosign.pub\"]\n");
    configure(&env, &text);
    env
}

/// Each kind of registry, by its address.
fn at_each_registry(test: impl Fn(&str)) {
    let two = Registry::start();
    test(two.address());
    let three = Registry::settings().distribution3().start();
    test(three.address());
    let lists = ReferrersRegistry::start();
    test(lists.address());
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}
