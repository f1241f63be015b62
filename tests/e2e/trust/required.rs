//! What has to be signed is not used otherwise: by `up`, `pull`, `copy` and `load`, by a
//! configuration, a policy, or the command line.

use std::fs;

use wharf_tests::Registry;
use wharf_tests::proxy::{Exchange, Fate, Proxy};

use super::{author, careful, configure, know, pushed, read, sign, signed};
use crate::{environment, greeting, json, text, up};

#[test]
fn what_is_not_signed_is_not_pulled_run_copied_or_loaded() {
    let registry = Registry::start();
    let address = registry.address();
    let maker = author();
    let digest = pushed(&maker, address);
    let env = careful(&maker, address);
    let reference = format!("{address}/app:1");
    let words = ["is not signed by", "it has no signature"];
    for line in [
        format!("registry pull {reference}"),
        format!("registry pull {reference} -o files"),
        format!("up -f {reference} --listen 127.0.0.1:0"),
        format!("registry copy {reference} {address}/other:1"),
        format!("registry copy {reference} localhost:1/other:1"),
    ] {
        let refused = env.run(&line);
        assert_eq!(refused.status.code(), Some(8), "{line}: {}", refused.stderr);
        let _ = refused.says(&words);
        assert!(!env.work().join("files").exists(), "{line}");
        assert!(env.blobs().is_empty(), "{line} fetched something");
    }
    let _ = maker
        .run(&format!("registry save {reference} -o app.tar"))
        .success();
    fs::copy(maker.work().join("app.tar"), env.work().join("app.tar")).unwrap();
    let _ = env.run("registry load app.tar").code(8).says(&words);
    let listed = env.run("cache list --format json").success();
    assert!(!listed.stdout.contains(&reference), "{}", listed.stdout);

    let _ = sign(&maker, &format!("{address}/app@{digest}")).success();
    let _ = maker
        .run(&format!("registry save {reference} -o signed.tar"))
        .success();
    fs::copy(
        maker.work().join("signed.tar"),
        env.work().join("signed.tar"),
    )
    .unwrap();
    let _ = env.run("registry load signed.tar").success();
    for line in [
        format!("registry pull {reference}"),
        format!("registry pull {reference} -o files"),
        format!("registry copy {reference} {address}/other:1"),
    ] {
        let _ = env.run(&line).success();
    }
    let (running, url) = up(&env, &format!("-f {reference}"));
    assert!(text(&url).contains("GET"), "it does not serve");
    running.interrupt();
    let _ = running.finish();
}

#[test]
fn what_was_verified_is_what_is_run_though_the_tag_moves() {
    let registry = Registry::start();
    let address = registry.address();
    let maker = author();
    let _ = signed(&maker, address);
    let evil = greeting("evil").write(&maker.work());
    let bad = crate::push(&maker, &evil, &format!("{address}/app:bad")).digest();
    // From the second time on, the tag leads elsewhere.
    let asked = std::sync::atomic::AtomicUsize::new(0);
    let proxy = Proxy::with_fates(address, move |request| {
        if request.target.ends_with("/manifests/1") {
            let before = asked.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
            if before > 0 {
                let at = request.target.replace("/manifests/1", "/manifests/bad");
                return Fate::At(at, Box::new(Fate::Forward));
            }
        }
        Fate::Forward
    });
    let env = careful(&maker, &proxy.address());
    let reference = format!("{}/app:1", proxy.address());
    let pulled = env.run(&format!("registry pull {reference}")).success();
    assert_ne!(pulled.digest(), bad);
    // Now it does, and is not signed.
    let _ = env.run(&format!("registry pull {reference}")).code(8);
}

#[test]
fn a_complete_pinned_signed_application_needs_no_request() {
    let registry = Registry::start();
    let proxy = Proxy::start(registry.address());
    let maker = author();
    let digest = signed(&maker, registry.address());
    let env = careful(&maker, &proxy.address());
    let reference = format!("{}/app@{digest}", proxy.address());
    let _ = env.run(&format!("registry pull {reference}")).success();
    assert!(!proxy.take().is_empty());
    let (running, url) = up(&env, &format!("-f {reference}"));
    assert!(text(&url).contains("GET"));
    running.interrupt();
    let _ = running.finish();
    assert!(proxy.take_all().is_empty(), "a request was sent");

    // With nobody there at all, also by the tag.
    let tagged = format!("{}/app:1", proxy.address());
    let _ = env.run(&format!("registry pull {tagged}")).success();
    drop(proxy);
    for reference in [&reference, &tagged] {
        let (running, url) = up(&env, &format!("-f {reference} --offline"));
        assert!(text(&url).contains("GET"));
        running.interrupt();
        let _ = running.finish();
    }
}

#[test]
fn a_store_whose_signature_was_replaced_does_not_verify() {
    let registry = Registry::start();
    let address = registry.address();
    let maker = author();
    let digest = signed(&maker, address);
    let env = careful(&maker, address);
    let reference = format!("{address}/app@{digest}");
    let _ = env.run(&format!("registry pull {reference}")).success();
    let mut changed = 0;
    for blob in env.blobs() {
        let bytes = fs::read(&blob).unwrap();
        let is_signature = [&b"dsse"[..], b"cosign container image signature"]
            .iter()
            .any(|word| bytes.windows(word.len()).any(|window| window == *word));
        if is_signature {
            let mut permissions = fs::metadata(&blob).unwrap().permissions();
            #[expect(
                clippy::permissions_set_readonly_false,
                reason = "it is a copy of a test"
            )]
            permissions.set_readonly(false);
            fs::set_permissions(&blob, permissions).unwrap();
            let mut other = bytes.clone();
            let middle = other.len() / 2;
            other[middle] ^= 1;
            fs::write(&blob, other).unwrap();
            changed += 1;
        }
    }
    assert!(changed > 0);
    let refused = env.run(&format!("up -f {reference} --offline --listen 127.0.0.1:0"));
    assert_eq!(refused.status.code(), Some(10), "{}", refused.stderr);
    // The registry has what it should be.
    let _ = env.run(&format!("registry pull {reference}")).success();
}

#[test]
fn a_warning_is_said_and_what_is_off_is_not_looked_at() {
    let registry = Registry::start();
    let proxy = Proxy::start(registry.address());
    let address = proxy.address();
    let maker = author();
    let _ = pushed(&maker, registry.address());
    let env = environment();
    know(&env, &maker);
    let pull = format!("registry pull {address}/app:1");
    configure(
        &env,
        "[trust.default]\nmode = \"warn\"\nkeys = [\"WORK/cosign.pub\"]\n",
    );
    let _ = env.run(&format!("{pull} --quiet")).success().says(&[
        "Warning:",
        "is not signed by",
        "warns of it",
    ]);
    configure(
        &env,
        "[trust.default]\nmode = \"off\"\nkeys = [\"WORK/cosign.pub\"]\n",
    );
    let _ = proxy.take();
    let quiet = env.run(&pull).success();
    assert!(!quiet.stderr.contains("Warning"), "{}", quiet.stderr);
    let looked = proxy.take();
    assert!(
        looked
            .iter()
            .all(|one| !one.target.contains("referrers") && !one.target.contains(".sig")),
        "{looked:#?}"
    );
}

#[test]
fn what_is_required_twice_is_looked_for_once() {
    let registry = Registry::start();
    let proxy = Proxy::start(registry.address());
    let address = proxy.address();
    let maker = author();
    let _ = pushed(&maker, registry.address());
    let env = environment();
    know(&env, &maker);
    let once = "[trust.default]\nmode = \"warn\"\nkeys = [\"WORK/cosign.pub\"]\n";
    fs::write(env.work().join("wharf.toml"), "").unwrap();
    let requests = |line: &str, code: i32| {
        let _ = proxy.take();
        let _ = env.run(&format!("{line} {address}/app:1")).code(code);
        let about = |one: &&Exchange| {
            let target = &one.target;
            target.contains("/referrers/") || target.contains("/manifests/sha256-")
        };
        let all = proxy.take();
        let tag = all
            .iter()
            .filter(|one| one.target.ends_with("/manifests/1"));
        (all.iter().filter(about).count(), tag.count())
    };
    configure(&env, once);
    let (pulled, _) = requests("registry pull", 0);
    let (checked, _) = requests("trust check", 0);
    assert!(pulled > 0 && checked > 0);
    // The project requires it too.
    let twice = once.replace("warn", "require").replace("WORK/", "");
    fs::write(env.work().join("wharf.toml"), twice).unwrap();
    env.empty_store();
    assert_eq!(requests("registry pull", 8).0, pulled);
    assert_eq!(requests("trust check", 8), (checked, 1));
}

#[test]
fn what_is_required_is_set_aside_loudly_and_never_for_a_policy() {
    let registry = Registry::start();
    let address = registry.address();
    let maker = author();
    let digest = pushed(&maker, address);
    let env = careful(&maker, address);
    let pull = format!("registry pull {address}/app:1");
    let _ = env
        .run(&format!(
            "{pull} --allow-unverified --quiet --audit audit.jsonl"
        ))
        .success()
        .says(&["Warning:", "UNVERIFIED", "you said so"]);
    let audit = read(&env.work().join("audit.jsonl"));
    let line = audit
        .lines()
        .map(json)
        .find(|line| line["event"] == "trust");
    let line = line.expect("it is told");
    assert_eq!(line["capability"], "allow-unverified");
    assert_eq!(line["verified"], false);
    assert!(
        line["subject"].as_str().unwrap().contains(&digest),
        "{line}"
    );

    let work = env.work().display().to_string();
    let policy = format!("[sandbox.require-signature.default]\nkeys = [\"{work}/cosign.pub\"]\n");
    fs::write(env.work().join("p.toml"), policy).unwrap();
    env.empty_store();
    let _ = env
        .run(&format!("{pull} --allow-unverified --policy p.toml"))
        .code(8);
    let _ = env
        .run(&format!("{pull} --allow-unverified --key cosign.pub"))
        .code(2);
}

#[test]
fn one_run_can_ask_for_more_and_a_project_too() {
    let registry = Registry::start();
    let address = registry.address();
    let (one, two) = (author(), author());
    let digest = signed(&one, address);
    let env = environment();
    know(&env, &one);
    let pull = format!("registry pull {address}/app:1");
    let _ = env.run(&format!("{pull} --key cosign.pub")).success();
    know(&env, &two);
    env.empty_store();
    let _ = env.run(&format!("{pull} --key cosign.pub")).code(8);
    let up = format!("up -f {address}/app:1 --listen 127.0.0.1:0 --key cosign.pub");
    let _ = env.run(&up).code(8);

    // A project's file holds besides the user's, which it can't switch off.
    fs::copy(one.work().join("cosign.pub"), env.work().join("one.pub")).unwrap();
    fs::copy(two.work().join("cosign.pub"), env.work().join("two.pub")).unwrap();
    configure(&env, "[trust.default]\nkeys = [\"WORK/one.pub\"]\n");
    fs::write(
        env.work().join("wharf.toml"),
        "[trust.default]\nmode = \"off\"\n",
    )
    .unwrap();
    let _ = env.run(&pull).success();
    fs::write(
        env.work().join("wharf.toml"),
        "[trust.default]\nkeys = [\"one.pub\", \"two.pub\"]\nthreshold = \"all\"\n",
    )
    .unwrap();
    env.empty_store();
    let _ = env.run(&pull).code(8).says(&["2 of"]);
    let _ = sign(&two, &format!("{address}/app@{digest}")).success();
    let _ = env.run(&pull).success();
}

#[test]
fn a_legacy_signature_goes_along_and_names_another_repository() {
    let registry = Registry::start();
    let address = registry.address();
    let maker = author();
    let digest = pushed(&maker, address);
    let line = format!("{address}/app@{digest} --signature-format legacy");
    let _ = sign(&maker, &line).success();
    let copy = format!("registry copy -r {address}/app@{digest} {address}/moved:1");
    let _ = maker.run(&copy).success();
    let env = careful(&maker, address);
    let _ = env
        .run(&format!("registry pull {address}/moved:1"))
        .success();
    let shown = env.run(&format!("trust check {address}/moved:1")).success();
    assert!(
        shown.stdout.contains(&format!("made for {address}/app")),
        "{}",
        shown.stdout
    );
    let text = format!(
        "[trust.for.\"{address}\"]\nkeys = [\"WORK/cosign.pub\"]\nmatch-repository = true\n"
    );
    configure(&env, &text);
    env.empty_store();
    let _ = env
        .run(&format!("registry pull {address}/app@{digest}"))
        .success();
    env.empty_store();
    let refused = env.run(&format!("registry pull {address}/moved:1"));
    assert_eq!(refused.status.code(), Some(8), "{}", refused.stderr);
}

#[test]
fn a_check_says_which_rule_holds_and_what_is_missing() {
    let registry = Registry::start();
    let address = registry.address();
    let maker = author();
    let digest = pushed(&maker, address);
    let env = careful(&maker, address);
    let check = format!("trust check {address}/app:1");
    let told = env.run(&check).code(8);
    for word in [
        "unsigned:",
        "wharf.toml",
        "line 1",
        "cosign.pub",
        "it has no signature",
    ] {
        assert!(told.stdout.contains(word), "{word}: {}", told.stdout);
    }
    let _ = sign(&maker, &format!("{address}/app@{digest}")).success();
    let told = env.run(&format!("{check} --format json")).success();
    let answer = json(&told.stdout);
    assert_eq!(answer["rules"][0]["answer"], "met", "{answer:#}");
    let nothing = env
        .run("trust check other.example/app:1 --offline")
        .success();
    assert!(
        nothing.stdout.contains("Nothing is required"),
        "{}",
        nothing.stdout
    );
}

#[test]
fn a_configuration_with_mistakes_is_not_taken_for_none() {
    let env = author();
    for (text, said) in [
        ("[trust.default]\nkeys = [\"WORK/none.pub\"]\n", "none.pub"),
        (
            "[trust.default]\nkey = [\"WORK/cosign.pub\"]\n",
            "did you mean `keys`?",
        ),
        ("[trust.defualt]\nkeys = []\n", "did you mean `default`?"),
        ("[trust.for.app]\nkeys = []\n", "expected a registry"),
        (
            "[trust.default]\nmode = \"strict\"\n",
            "expected `\"require\"`",
        ),
    ] {
        configure(&env, text);
        let refused = env.run("registry pull localhost:1/app:1");
        assert_eq!(refused.status.code(), Some(2), "{text}: {}", refused.stderr);
        assert!(refused.stderr.contains(said), "{text}: {}", refused.stderr);
    }
    // A key that is none is found out when it counts.
    configure(&env, "[trust.default]\nkeys = [\"WORK/cosign.key\"]\n");
    let registry = Registry::start();
    let _ = pushed(&author(), registry.address());
    let refused = env.run(&format!("registry pull {}/app:1", registry.address()));
    assert_eq!(refused.status.code(), Some(2), "{}", refused.stderr);
}
