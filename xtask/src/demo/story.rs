//! What the demo shows, step by step.

use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result, ensure};

use super::http::expect;
use super::registry::{PASSWORD, Registry, USER};
use super::wharf::Wharf;
use crate::cargo::root;
use crate::narrate::{command, explain, heading};

const LAMP: &str = r#"{"sku":"lamp","name":"Storm lamp","price":25,"currency":"EUR"}"#;
const LAMP_IN_KRONER: &str = r#"{"sku":"lamp","name":"Storm lamp","price":25,"currency":"NOK"}"#;
const NO_SUCH_ITEM: &str = r#"{"error":"no such item"}"#;
/// What `wharf` ends with when a registry wants a credential.
const AUTHENTICATION: i32 = 3;

/// Shows everything; fails at the first answer that is not right.
pub(super) async fn tell(wharf: &Path, registry: &Path) -> Result<()> {
    let folder = tempfile::Builder::new().prefix("wharf-demo-").tempdir()?;
    let home = folder.path().join("home");
    fs::create_dir(&home)?;
    let wharf = Wharf::new(wharf, &home);
    explain(&format!(
        "\nFrom here on, every command runs with {} as its home directory.",
        home.display()
    ));

    run_from_a_folder(&wharf).await?;

    heading("A registry that wants a password");
    explain(
        "It speaks plain http, which Wharf accepts from this machine itself; from any other\n\
         it wants https, or --plain-http.",
    );
    let registry = Registry::start(registry, folder.path()).await?;
    let reference = format!("{}/demo/shop:1.0.0", registry.server);

    log_in(&wharf, &registry.server, &reference).await?;
    let digest = publish(&wharf, &reference).await?;
    fetch(&wharf, &reference, &digest).await?;
    run_from_the_registry(&wharf, &reference).await?;

    heading("Without the registry");
    explain(
        "A digest says exactly which content is meant. What is whole in the store needs no\n\
         network: the registry is stopped, and the application still starts.",
    );
    let server = registry.server.clone();
    registry.stop().await?;
    run_offline(&wharf, &server, &digest).await?;
    wharf.run(&["registry", "logout", &server], 0).await?;

    folder
        .close()
        .context("the demo's folder could not be removed")?;
    heading("Every answer was right");
    explain(
        "What the demo started is stopped, and what it wrote is removed.\n\
         To go on: examples/hello/README.md, `wharf --help`, ARCHITECTURE.md.",
    );
    Ok(())
}

async fn run_from_a_folder(wharf: &Wharf) -> Result<()> {
    heading("Running an application from its folder");
    explain("spin.toml names the component, its routes and its environment; --env overrides.");
    let up = wharf
        .up(&["-f", "examples/hello", "--env", "GREETING=Ahoy"], 1)
        .await?;
    expect(&up.server, "/harbour", 200, "Ahoy from /harbour\n").await?;
    up.stop().await
}

async fn log_in(wharf: &Wharf, server: &str, reference: &str) -> Result<()> {
    heading("Logging in");
    explain("Without a password the registry refuses, and the exit code says so to a script:");
    wharf
        .run(
            &["registry", "push", reference, "-f", "examples/shop"],
            AUTHENTICATION,
        )
        .await?;
    explain(
        "\nThe password is checked with the registry before it is kept. The client in the\n\
         sandbox uses it without seeing it: it holds a stand-in, and the host puts the\n\
         password in its place in requests to this registry only.",
    );
    wharf
        .run_with_input(
            &["registry", "login", server, "-u", USER, "--password-stdin"],
            Some(PASSWORD),
            0,
        )
        .await?;
    Ok(())
}

/// Answers with the digest of what was pushed.
async fn publish(wharf: &Wharf, reference: &str) -> Result<String> {
    heading("Publishing");
    explain("Two components and their files become an artifact that Spin understands too.");
    let arguments = ["registry", "push", reference, "-f", "examples/shop"];
    let digest = pushed_digest(&wharf.run(&arguments, 0).await?)?;
    explain("\nOnce more: the same input is the same artifact, so there is nothing left to send.");
    let again = pushed_digest(&wharf.run(&arguments, 0).await?)?;
    ensure!(digest == again, "the second push gave another digest");
    Ok(digest)
}

async fn fetch(wharf: &Wharf, reference: &str, digest: &str) -> Result<()> {
    heading("Fetching");
    explain("As on another machine: the local store is emptied, then filled from the registry.");
    let store = wharf.store();
    command("rm -r ~/.cache/wharf");
    fs::remove_dir_all(&store)
        .with_context(|| format!("the store is not at {}", store.display()))?;
    let pulled = wharf.run(&["registry", "pull", reference], 0).await?;
    ensure!(
        pulled.contains(digest),
        "what was pulled is not what was pushed, {digest}"
    );
    Ok(())
}

async fn run_from_the_registry(wharf: &Wharf, reference: &str) -> Result<()> {
    heading("Running it from the registry");
    explain(
        "The tag is looked up again, in case it moved; content that is here is not fetched.\n\
         The components see their own files, their environment, and nothing else.",
    );
    let up = wharf.up(&["-f", reference], 3).await?;
    let server = &up.server;

    explain("\nThe route /... takes what no other takes; its component serves static files:");
    let folder = root().join("examples/shop/static");
    let page = fs::read_to_string(folder.join("index.html"))?;
    expect(server, "/", 200, &page).await?;
    let hours = fs::read_to_string(folder.join("about/hours.txt"))?;
    expect(server, "/about/hours.txt", 200, &hours).await?;
    expect(server, "/nowhere", 404, "no page at /nowhere\n").await?;

    explain("\nThe route /api/items/:sku reaches the other component, with what :sku stands for:");
    expect(server, "/api/items/lamp", 200, LAMP).await?;
    expect(server, "/api/items/gold", 404, NO_SUCH_ITEM).await?;

    explain("\nWhether the server is well is answered by Wharf itself, as Spin does:");
    expect(server, "/.well-known/spin/health", 200, "OK").await?;
    up.stop().await
}

async fn run_offline(wharf: &Wharf, server: &str, digest: &str) -> Result<()> {
    let pinned = format!("{server}/demo/shop@{digest}");
    let up = wharf
        .up(&["-f", &pinned, "--env", "CURRENCY=NOK"], 3)
        .await?;
    expect(&up.server, "/api/items/lamp", 200, LAMP_IN_KRONER).await?;
    up.stop().await
}

/// The digest in `Pushed with digest sha256:…`.
fn pushed_digest(printed: &str) -> Result<String> {
    printed
        .lines()
        .find_map(|line| line.strip_prefix("Pushed with digest "))
        .filter(|digest| digest.starts_with("sha256:"))
        .map(|digest| digest.trim().to_owned())
        .context("`wharf registry push` printed no digest")
}
