//! Large blobs that are cut off in the middle, in one run and between runs.

use std::fs;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use wharf_tests::environment::Run;
use wharf_tests::proxy::{Change, Exchange, Fate, Gate};
use wharf_tests::{Answer, Proxy, Registry, TestEnv};

use crate::{QUICK, environment, small_app};

/// How many bytes the large blob has.
const SIZE: u64 = 64 << 20;

/// After how many it is cut off.
const CUT: u64 = 40 << 20;

/// How much is sent at a time where all of it is too much.
const PART: u64 = 16 << 20;

/// An environment with an application that has the large file, and its digest.
fn large() -> (TestEnv, PathBuf, String) {
    with_file(SIZE)
}

/// The same with a file of so many bytes.
fn with_file(size: u64) -> (TestEnv, PathBuf, String) {
    let env = environment();
    let app = small_app().write(&env.work());
    let mut state = 1_u64;
    let content: Vec<u8> = std::iter::repeat_with(|| {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        state.to_be_bytes()
    })
    .take(usize::try_from(size / 8).expect("it fits"))
    .flatten()
    .collect();
    let digest = wharf_tests::digest(&content);
    fs::write(app.join("assets/hello/large.bin"), content).expect("it can be written");
    (env, app, digest)
}

fn push(env: &TestEnv, app: &std::path::Path, server: &str) -> Run {
    let reference = format!("{server}/app:1");
    let app = app.display().to_string();
    let words = ["registry", "push", &reference, "-f", &app];
    env.command(words.into_iter().chain(QUICK))
}

fn pull(env: &TestEnv, server: &str) -> Run {
    let reference = format!("{server}/app:1");
    env.command(["registry", "pull", &reference].into_iter().chain(QUICK))
}

/// Whether a request brings all of the large blob, or is to.
fn brings_it(exchange: &Exchange) -> bool {
    exchange.method == "PUT" && exchange.header("content-length") == Some(&SIZE.to_string())
}

/// How many bytes of blobs went in either direction.
fn bytes(exchanges: &[Exchange]) -> u64 {
    exchanges.iter().map(|one| one.sent + one.received).sum()
}

/// A proxy at which the first request that is `wanted` meets its `fate`.
fn once(
    registry: &Registry,
    wanted: impl Fn(&Exchange) -> bool + Send + Sync + 'static,
    fate: Fate,
) -> Proxy {
    let met = AtomicBool::new(false);
    Proxy::with_fates(registry.address(), move |exchange| {
        if wanted(exchange) && !met.swap(true, Ordering::SeqCst) {
            fate.clone()
        } else {
            Fate::Forward
        }
    })
}

fn is_there(registry: &Registry, digest: &str) {
    let content = registry.blob(digest).expect("the registry has it");
    assert_eq!(wharf_tests::digest(&content), digest);
    assert_eq!(registry.tags("app"), ["1"]);
}

#[test]
fn an_upload_that_is_cut_off_goes_on_where_the_registry_says() {
    let registry = Registry::settings().distribution3().start();
    let proxy = once(&registry, brings_it, Fate::CutRequest(CUT));
    let (env, app, digest) = large();
    let _ = push(&env, &app, &proxy.address()).run().success();
    is_there(&registry, &digest);
    let sent = bytes(&proxy.take());
    assert!(sent < SIZE + SIZE / 5, "{sent} bytes were sent");
}

#[test]
fn an_upload_that_holds_more_than_the_registry_said_is_asked_about_again() {
    const MEDIUM: u64 = 100_000;
    let registry = Registry::settings().distribution3().start();
    let (cut, asked) = (AtomicBool::new(false), AtomicBool::new(false));
    // As a registry does that is still writing what came before the cut.
    let proxy = Proxy::with_fates(registry.address(), move |exchange| {
        let asks = exchange.method == "GET" && exchange.target.contains("/blobs/uploads/");
        let length = exchange.header("content-length").unwrap_or_default();
        let brings = exchange.method == "PUT" && length.parse().is_ok_and(|it: u64| it > MEDIUM);
        if brings && !cut.swap(true, Ordering::SeqCst) {
            Fate::CutRequest(MEDIUM / 2)
        } else if asks && !asked.swap(true, Ordering::SeqCst) {
            let before = exchange.target.clone();
            Fate::Change(Change::new(move |head, _| {
                head.set("Range", Some("0-0"));
                head.set("Location", Some(&before));
            }))
        } else {
            Fate::Forward
        }
    });
    let env = environment();
    let app = small_app().write(&env.work()).display().to_string();
    let reference = format!("{}/app:1", proxy.address());
    // The one is for the cut.
    let push = ["registry", "push", &reference, "-f", &app, "--retries=1"];
    let _ = env.command(push).run().success();
    let exchanges = proxy.take();
    let misplaced = exchanges.iter().filter(|one| one.status == Some(416));
    assert_eq!(misplaced.count(), 1, "{exchanges:#?}");
}

#[test]
fn an_upload_that_was_killed_goes_on_where_the_registry_says() {
    let registry = Registry::settings().distribution3().start();
    let gate = Gate::new();
    let proxy = once(&registry, brings_it, Fate::HoldRequest(CUT, gate.clone()));
    let (env, app, digest) = large();
    let killed = push(&env, &app, &proxy.address()).start();
    gate.wait_until_reached();
    killed.kill();
    let _ = killed.finish();
    gate.open();
    proxy.take();
    let _ = push(&env, &app, &proxy.address()).run().success();
    is_there(&registry, &digest);
    let sent = bytes(&proxy.take());
    assert!(sent < SIZE - CUT / 2, "{sent} bytes were sent again");
}

#[test]
fn an_upload_that_the_registry_forgot_begins_again() {
    let registry = Registry::start();
    let proxy = once(&registry, brings_it, Fate::CutRequest(CUT));
    let (env, app, digest) = large();
    let _ = push(&env, &app, &proxy.address()).run().success();
    is_there(&registry, &digest);

    let gate = Gate::new();
    let registry = Registry::start();
    let proxy = once(&registry, brings_it, Fate::HoldRequest(CUT, gate.clone()));
    let killed = push(&env, &app, &proxy.address()).start();
    gate.wait_until_reached();
    killed.kill();
    let _ = killed.finish();
    gate.open();
    proxy.take();
    let _ = push(&env, &app, &proxy.address()).run().success();
    is_there(&registry, &digest);
}

#[test]
fn a_blob_that_is_too_much_at_once_goes_in_parts_and_each_may_fail() {
    const SIZE: u64 = 2 * PART + (1 << 20);
    let (env, app, digest) = with_file(SIZE);
    let registry = Registry::start();
    // Three parts, and the request that ends the upload.
    let faults = [Fate::DropAnswer, Fate::CutRequest(1 << 19), unavailable()];
    let faults = (0..4).flat_map(|nth| faults.clone().map(|fate| (nth, fate)));
    for (nth, fate) in faults.chain([(4, Fate::Forward)]) {
        let told = format!("{fate:?} at part {nth}");
        let count = AtomicUsize::new(0);
        let proxy = Proxy::with_fates(registry.address(), move |exchange| {
            let length = exchange.header("content-length").unwrap_or_default();
            if exchange.method == "PUT" && length.parse().is_ok_and(|length: u64| length > PART) {
                // As what stands before a registry does, before it has read everything.
                return Fate::AnswerEarly(1 << 20, Answer::status(413));
            }
            let is_part = exchange.method == "PATCH" || (exchange.method == "PUT" && length == "0");
            if is_part && count.fetch_add(1, Ordering::SeqCst) == nth {
                fate.clone()
            } else {
                Fate::Forward
            }
        });
        registry.forget("app");
        let _ = push(&env, &app, &proxy.address()).run().success();
        is_there(&registry, &digest);
        let exchanges = proxy.take();
        let parts = exchanges.iter().filter(|one| one.method == "PATCH");
        assert!(parts.clone().count() >= 3, "{told}: {exchanges:#?}");
        assert!(parts.map(|one| one.sent).all(|sent| sent <= PART), "{told}");
    }
}

/// What a server answers that is busy.
fn unavailable() -> Fate {
    Fate::Answer(Answer::status(503))
}

/// A registry with the application, and the digest of the large blob.
fn published() -> (Registry, String) {
    let registry = Registry::start();
    let (env, app, digest) = large();
    let _ = push(&env, &app, registry.address()).run().success();
    (registry, digest)
}

/// Whether a request fetches this blob.
fn fetches(digest: &str) -> impl Fn(&Exchange) -> bool + Send + Sync + 'static {
    let digest = digest.to_owned();
    move |exchange| exchange.fetches_blob() && exchange.target.contains(&digest)
}

/// The rest, and nothing beyond, was asked for.
fn asked_for_the_rest(exchanges: &[Exchange], digest: &str) {
    let last = format!("-{}", SIZE - 1);
    let fetches = fetches(digest);
    let mut ranges = exchanges
        .iter()
        .filter(|one| fetches(one))
        .filter_map(|one| one.header("range"));
    assert!(
        ranges.any(|range| range.starts_with("bytes=") && range.ends_with(&last)),
        "{exchanges:#?}"
    );
}

#[test]
fn a_download_that_is_cut_off_goes_on_with_the_rest() {
    let (registry, digest) = published();
    let proxy = once(&registry, fetches(&digest), Fate::CutAnswer(CUT));
    let env = environment();
    let _ = pull(&env, &proxy.address()).run().success();
    env.verify_store();
    assert!(env.blob(&digest).is_some());
    let exchanges = proxy.take();
    asked_for_the_rest(&exchanges, &digest);
    let received = bytes(&exchanges);
    assert!(received < SIZE + SIZE / 5, "{received} bytes came");
}

#[test]
fn a_download_that_was_killed_goes_on_with_the_rest() {
    let (registry, digest) = published();
    let gate = Gate::new();
    let proxy = once(
        &registry,
        fetches(&digest),
        Fate::HoldAnswer(CUT, gate.clone()),
    );
    let env = environment();
    let killed = pull(&env, &proxy.address()).start();
    gate.wait_until_reached();
    // What was sent may still be on its way. A piece of less than a MiB is written with the
    // next one.
    env.wait_until_received(&digest, CUT - (1 << 20));
    killed.kill();
    let _ = killed.finish();
    gate.open();
    let before = bytes(&proxy.take());
    env.verify_store();
    assert!(env.blob(&digest).is_none());
    let _ = pull(&env, &proxy.address()).run().success();
    env.verify_store();
    assert!(env.blob(&digest).is_some());
    let exchanges = proxy.take();
    asked_for_the_rest(&exchanges, &digest);
    // After the kill, what was under way in the proxy still counts.
    let received = before.min(CUT) + bytes(&exchanges);
    assert!(received < SIZE + SIZE / 5, "{received} bytes came");
}
