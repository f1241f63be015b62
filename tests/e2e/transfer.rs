//! Copies, plans, and when a registry is asked at all.

use std::time::{Duration, Instant};

use wharf_tests::{Answer, Proxy, Registry, proxy::Fate};

use crate::{environment, greeting, json, push, text, up};

#[test]
fn a_copy_within_a_registry_moves_no_blob() {
    let registry = Registry::start();
    let proxy = Proxy::start(registry.address());
    let env = environment();
    let app = greeting("app").write(&env.work());
    let (source, target) = (
        format!("{}/app:1", proxy.address()),
        format!("{}/other/place:2", proxy.address()),
    );
    let digest = push(&env, &app, &source).digest();
    env.empty_store();
    let _ = proxy.take();
    let copied = env.run(&format!("registry copy {source} {target} --format json"));
    let copied = json(&copied.success().stdout);
    assert_eq!(copied["digest"], digest.as_str());
    let outcomes: Vec<_> = copied["transfers"]
        .as_array()
        .unwrap()
        .iter()
        .map(|part| part["outcome"].as_str().unwrap())
        .collect();
    assert!(
        outcomes[..outcomes.len() - 1]
            .iter()
            .all(|outcome| *outcome == "mounted"),
        "{outcomes:?}"
    );
    let exchanges = proxy.take();
    assert!(
        !exchanges
            .iter()
            .any(|one| one.fetches_blob() || one.sends_blob())
    );
    let fresh = environment();
    let pulled = fresh.run(&format!("registry pull {target}")).success();
    assert_eq!(pulled.digest(), digest);
    // Another name in the same repository is one request to look and one to name it.
    let again = format!("{}/app:stable", proxy.address());
    let _ = proxy.take();
    let _ = env
        .run(&format!("registry copy {source} {again}"))
        .success();
    assert!(
        !proxy
            .take()
            .iter()
            .any(|one| one.target.contains("/blobs/"))
    );
}

#[test]
fn a_registry_that_takes_nothing_over_gets_the_bytes() {
    let registry = Registry::start();
    let refusing = Proxy::with_fates(registry.address(), |exchange| {
        if exchange.target.contains("mount=") {
            Fate::Answer(Answer::status(405))
        } else {
            Fate::Forward
        }
    });
    let env = environment();
    let app = greeting("app").write(&env.work());
    let source = format!("{}/app:1", refusing.address());
    let target = format!("{}/copy:1", refusing.address());
    let digest = push(&env, &app, &source).digest();
    env.empty_store();
    let copied = env.run(&format!("registry copy {source} {target}"));
    assert_eq!(copied.success().digest(), digest);
    let pulled = environment().run(&format!("registry pull {target}"));
    assert_eq!(pulled.success().digest(), digest);
}

#[test]
fn a_copy_between_registries_keeps_the_digest() {
    let (one, two) = (Registry::start(), Registry::start());
    let env = environment();
    let app = greeting("app").write(&env.work());
    let (source, target) = (
        format!("{}/app:1", one.address()),
        format!("{}/deep/app:1", two.address()),
    );
    let digest = push(&env, &app, &source).digest();
    env.empty_store();
    let copied = env.run(&format!("registry copy {source} {target}"));
    assert_eq!(copied.success().digest(), digest);
    assert_eq!(two.tags("deep/app"), ["1"]);
    assert_eq!(one.blobs(), two.blobs());
}

#[test]
fn a_dry_run_tells_what_would_be_sent_and_sends_nothing() {
    let registry = Registry::start();
    let proxy = Proxy::start(registry.address());
    let env = environment();
    let app = greeting("app").write(&env.work());
    let reference = format!("{}/app:1", proxy.address());
    let dry = format!("registry push {reference} -f {} --dry-run", app.display());
    let output = env.run(&dry).success();
    assert!(output.stdout.contains("Would push with digest sha256:"));
    assert!(output.stderr.contains("0 parts (0 B) already there"));
    assert!(proxy.take().iter().all(|one| one.method == "HEAD"));
    assert!(registry.tags("app").is_empty());
    let pushed = push(&env, &app, &reference).digest();
    let output = env.run(&dry).success();
    assert_eq!(output.digest(), pushed);
    assert!(output.stderr.contains("0 parts (0 B) to send"));
}

#[test]
fn without_a_network_what_is_here_is_used_and_nothing_is_asked() {
    let registry = Registry::start();
    let proxy = Proxy::start(registry.address());
    let env = environment();
    let app = greeting("app").write(&env.work());
    let reference = format!("{}/app:1", proxy.address());
    let digest = push(&env, &app, &reference).digest();
    let _ = proxy.take();
    for flag in ["--offline", "--pull never", "--pull missing"] {
        let pulled = env.run(&format!("registry pull {reference} {flag}"));
        assert_eq!(pulled.success().digest(), digest, "{flag}");
    }
    let (running, url) = up(&env, &format!("-f {reference} --offline"));
    assert!(text(&format!("{url}/?env=GREETING")).contains("GREETING"));
    running.interrupt();
    let _ = running.finish().success();
    assert!(proxy.take().is_empty());

    let unknown = format!("{}/app:2", proxy.address());
    let _ = env
        .run(&format!("registry pull {unknown} --offline"))
        .code(1)
        .says(&[&unknown, "is not in the store"]);
    assert!(proxy.take().is_empty());
    let _ = env
        .run(&format!("registry pull {unknown} --pull missing"))
        .code(4);
    env.empty_store();
    let pulled = env.run(&format!("registry pull {reference} --pull missing"));
    assert_eq!(pulled.success().digest(), digest);
}

#[test]
fn every_request_is_shown_and_no_secret_in_it() {
    let registry = Registry::settings().user("ann", "hush-hush").start();
    let env = environment();
    let app = greeting("app").write(&env.work());
    let login = format!(
        "registry login {} -u ann --password-stdin -v",
        registry.address()
    );
    let run = env.command(login.split(' ')).input("hush-hush");
    let _ = run.run().success();
    let reference = format!("{}/app:1", registry.address());
    let output = env
        .run(&format!(
            "registry push {reference} -f {} -v",
            app.display()
        ))
        .success();
    for part in [
        format!(
            "HEAD http://{}/v2/app/manifests/1 -> 401",
            registry.address()
        ),
        format!(
            "HEAD http://{}/v2/app/manifests/1 -> 404",
            registry.address()
        ),
        format!(
            "POST http://{}/v2/app/blobs/uploads/ -> 202",
            registry.address()
        ),
        format!(
            "PUT http://{}/v2/app/manifests/1 -> 201",
            registry.address()
        ),
    ] {
        assert!(output.stderr.contains(&part), "{part}: {}", output.stderr);
    }
    assert!(!output.stderr.contains("hush-hush"));
    assert!(!output.stderr.contains("_state="), "{}", output.stderr);
    assert!(!output.stderr.contains("Basic "));
}

#[test]
fn a_registry_that_is_busy_is_asked_again_when_it_said() {
    let registry = Registry::start();
    let busy = std::sync::atomic::AtomicUsize::new(0);
    let proxy = Proxy::with_fates(registry.address(), move |exchange| {
        let first =
            exchange.method == "PUT" && busy.fetch_add(1, std::sync::atomic::Ordering::Relaxed) < 2;
        if first {
            Fate::Answer(Answer::status(429).header("Retry-After", "0"))
        } else {
            Fate::Forward
        }
    });
    let env = environment();
    let app = greeting("app").write(&env.work());
    let reference = format!("{}/app:1", proxy.address());
    let digest = push(&env, &app, &reference).digest();
    let exchanges = proxy.take();
    let refused = exchanges.iter().filter(|one| one.status == Some(429));
    assert_eq!(refused.count(), 2);
    let pulled = environment().run(&format!("registry pull {reference}"));
    assert_eq!(pulled.success().digest(), digest);
}

#[test]
fn a_registry_that_stays_down_is_given_up_and_the_error_says_how_often_it_was_asked() {
    let registry = Registry::start();
    let proxy = Proxy::with_fates(registry.address(), |_| {
        Fate::Answer(Answer::status(503).header("Retry-After", "0"))
    });
    let env = environment();
    let _ = env
        .run(&format!("registry pull {}/app:1", proxy.address()))
        .code(5)
        .says(&["503", "tried 6 times"]);
    assert_eq!(proxy.take().len(), 6);
    // Who asks for an hour is not waited for.
    let patient = Proxy::with_fates(registry.address(), |_| {
        Fate::Answer(Answer::status(503).header("Retry-After", "3600"))
    });
    let _ = env
        .run(&format!("registry pull {}/app:1", patient.address()))
        .code(5);
    assert_eq!(patient.take().len(), 1);
}

#[test]
fn the_bandwidth_that_was_set_is_kept() {
    let registry = Registry::start();
    let env = environment();
    let _ = greeting("app").write(&env.work());
    // The program alone takes most of a second. The last piece is not waited for.
    let began = Instant::now();
    let reference = format!("{}/app:1", registry.address());
    let slow = format!("registry push {reference} -f app --bandwidth 256KiB/s");
    let _ = env.run(&slow).success();
    assert!(began.elapsed() >= Duration::from_millis(500));
    let _ = env
        .run(&format!("registry push {reference} -f app --bandwidth 64"))
        .code(2);
}
