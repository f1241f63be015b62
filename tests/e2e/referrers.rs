//! What refers to an artifact: listed, taken along by pull and push, and forgotten.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use wharf_tests::attached::{self, tag_of};
use wharf_tests::proxy::Fate;
use wharf_tests::{
    Answer, Json, Proxy, ReferrersRegistry, Registry, Server, digest, http, json as value,
};

use crate::{environment, greeting, json, push};

const INDEX: &str = "application/vnd.oci.image.index.v1+json";
const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
const SIGNATURE: &str = "application/vnd.example.signature";
const INVENTORY: &str = "application/vnd.example.inventory";

/// Attaches an artifact to a manifest of the repository that all tests here use.
fn attach(address: &str, subject: &Json, kind: &str) -> Json {
    attached::attach(address, "app", subject, kind)
}

/// Lists referrers under the tag for it, as a tool does at a registry that does not.
fn list_under_tag(address: &str, subject: &Json, entries: &[&Json]) {
    attached::list_under_tag(address, "app", subject, entries);
}

/// What is listed under the tag for it.
fn listed_under_tag(address: &str, subject: &Json) -> Json {
    let url = format!(
        "http://{address}/v2/app/manifests/{}",
        tag_of(digest_of(subject))
    );
    let answer = http::request("GET", &url, &[("Accept", INDEX)], b"").expect("it answers");
    assert_eq!(answer.status, 200, "{}", answer.text());
    json(&answer.text())
}

fn digest_of(descriptor: &Json) -> &str {
    descriptor["digest"].as_str().expect("it is text")
}

fn plain(descriptor: &Json) -> Json {
    value!({
        "mediaType": descriptor["mediaType"],
        "digest": descriptor["digest"],
        "size": descriptor["size"],
    })
}

/// An application at a registry, with a signature, an inventory, and a signature of
/// the inventory. Their descriptors, in this order.
struct Signed {
    app: Json,
    signature: Json,
    inventory: Json,
    countersignature: Json,
}

impl Signed {
    fn at(address: &str) -> Self {
        let author = environment();
        let app = greeting("app").write(&author.work());
        let _ = push(&author, &app, &format!("{address}/app:1"));
        let resolve = format!("registry resolve {address}/app:1 --format json");
        let resolved = json(&author.run(&resolve).success().stdout);
        let app = plain(&resolved);
        let signature = attach(address, &app, SIGNATURE);
        let inventory = attach(address, &app, INVENTORY);
        let countersignature = attach(address, &plain(&inventory), SIGNATURE);
        Self {
            app,
            signature,
            inventory,
            countersignature,
        }
    }

    /// Lists them at a registry that does not.
    fn listed(self, address: &str) -> Self {
        list_under_tag(address, &self.app, &[&self.signature, &self.inventory]);
        list_under_tag(address, &self.inventory, &[&self.countersignature]);
        self
    }

    /// Fails unless `wharf registry referrers` shows all of them at this registry.
    fn assert_shown_at(&self, address: &str) {
        let env = environment();
        let referrers = format!("registry referrers {address}/app:1");
        let answer = json(
            &env.run(&format!("{referrers} --format json"))
                .success()
                .stdout,
        );
        assert_eq!(answer["digest"], self.app["digest"]);
        let found = answer["referrers"].as_array().expect("it is a list");
        assert_eq!(found.len(), 2, "{answer:#}");
        let of = |referrer: &Json| {
            let mut found = found.iter();
            let found = found.find(|one| one["digest"] == referrer["digest"]);
            found.unwrap_or_else(|| panic!("{answer:#}")).clone()
        };
        assert!(of(&self.signature).get("referrers").is_none());
        assert_eq!(
            of(&self.signature)["annotations"]["org.example.kind"],
            SIGNATURE
        );
        let inventory = of(&self.inventory);
        let below = inventory["referrers"].as_array().expect("it is a list");
        assert_eq!(below.len(), 1);
        assert_eq!(below[0]["digest"], self.countersignature["digest"]);

        let lines = env.run(&referrers).success().stdout;
        assert_eq!(lines.lines().count(), 4, "{lines}");
        let last = self.countersignature["digest"]
            .as_str()
            .expect("it is text");
        let line = lines
            .lines()
            .find(|line| line.contains(last))
            .expect("it is shown");
        assert!(
            line.starts_with("│   └── ") || line.starts_with("    └── "),
            "{line}"
        );
    }
}

#[test]
fn referrers_are_shown_where_the_registry_lists_them() {
    let registry = ReferrersRegistry::start();
    Signed::at(registry.address()).assert_shown_at(registry.address());
}

#[test]
fn referrers_are_shown_where_they_are_under_a_tag() {
    let registry = Registry::start();
    let signed = Signed::at(registry.address()).listed(registry.address());
    signed.assert_shown_at(registry.address());
    let env = environment();
    let one = format!(
        "registry referrers {}/app:1 --artifact-type {INVENTORY} --format json",
        registry.address()
    );
    let answer = json(&env.run(&one).success().stdout);
    let found = answer["referrers"].as_array().unwrap();
    assert_eq!(found.len(), 1, "{answer:#}");
    assert_eq!(found[0]["digest"], signed.inventory["digest"]);
}

#[test]
fn both_lists_are_read() {
    let registry = ReferrersRegistry::start();
    let address = registry.address();
    let signed = Signed::at(address);
    // As it is after a registry learnt to list: it may know some of those under the tag.
    let env = environment();
    let second = attach(address, &plain(&signed.signature), SIGNATURE);
    list_under_tag(address, &signed.app, &[&signed.signature, &second]);
    let referrers = format!(
        "registry referrers {address}/app@{} --format json",
        signed.app["digest"].as_str().unwrap()
    );
    let answer = json(&env.run(&referrers).success().stdout);
    assert_eq!(
        answer["referrers"].as_array().unwrap().len(),
        3,
        "{answer:#}"
    );
}

#[test]
fn referrers_are_taken_along_from_registry_to_registry() {
    let source = Registry::start();
    let signed = Signed::at(source.address()).listed(source.address());
    let env = environment();
    let app = greeting("app").write(&env.work());
    let pull = format!("registry pull --referrers {}/app:1", source.address());
    let _ = env.run(&pull).success();
    env.verify_store();
    for referrer in [
        &signed.signature,
        &signed.inventory,
        &signed.countersignature,
    ] {
        assert!(env.blob(referrer["digest"].as_str().unwrap()).is_some());
    }

    let without = Registry::start();
    let with = ReferrersRegistry::start();
    for address in [without.address(), with.address()] {
        let pushed = push(&env, &app, &format!("{address}/app:1"));
        assert_eq!(pushed.digest(), signed.app["digest"].as_str().unwrap());
        signed.assert_shown_at(address);
    }
    // Everything that a filter needs is in the list that was made.
    let list = listed_under_tag(without.address(), &signed.app);
    let entries = list["manifests"].as_array().unwrap();
    for referrer in [&signed.signature, &signed.inventory] {
        assert!(entries.contains(referrer), "{list:#}");
    }
    // Again, with nothing left to do.
    let _ = push(&env, &app, &format!("{}/app:1", without.address()));
    assert_eq!(listed_under_tag(without.address(), &signed.app), list);

    let third = Registry::start();
    let arguments = format!(
        "registry push {}/app:1 -f app --no-referrers",
        third.address()
    );
    let _ = env.run(&arguments).success();
    assert_eq!(third.tags("app"), ["1"]);
}

#[test]
fn a_deleted_referrer_is_taken_off_the_list() {
    let registry = Registry::start();
    let signed = Signed::at(registry.address()).listed(registry.address());
    let env = environment();
    let gone = signed.signature["digest"].as_str().unwrap();
    let delete = format!("registry delete --force {}/app@{gone}", registry.address());
    let _ = env.run(&delete).success();
    let list = listed_under_tag(registry.address(), &signed.app);
    assert_eq!(list["manifests"], value!([signed.inventory]));
    let pull = format!("registry pull --referrers {}/app:1", registry.address());
    let _ = env.run(&pull).success();
}

#[test]
fn an_error_is_not_taken_for_no_referrers() {
    let subject = format!("sha256:{}", "a".repeat(64));
    let run = |script: fn(&str) -> Answer| {
        let server = Server::start(move |request| script(request.path()));
        let env = environment();
        env.command([
            "registry",
            "referrers",
            &format!("{}/app@{subject}", server.address()),
        ])
        .variable("WHARF_RETRIES", "0")
        .run()
    };
    let _ = run(|path| {
        let status = if path.contains("/referrers/") {
            403
        } else {
            404
        };
        Answer::status(status)
    })
    .code(3);
    let _ = run(|path| {
        let status = if path.contains("/referrers/") {
            404
        } else {
            403
        };
        Answer::status(status)
    })
    .code(3);
    let _ = run(|_| Answer::content(MANIFEST, r#"{"schemaVersion": 2}"#)).code(5);
    let _ = run(|_| Answer::html(200)).code(5);
    let none = run(|_| Answer::status(404)).success();
    assert!(none.stdout.contains("Nothing refers to it"));
}

#[test]
fn referrers_in_a_circle_are_shown_once() {
    let one = format!("sha256:{}", "1".repeat(64));
    let two = format!("sha256:{}", "2".repeat(64));
    let (first, second) = (one.clone(), two.clone());
    let server = Server::start(move |request| {
        if !request.path().contains("/referrers/") {
            return Answer::status(404);
        }
        let other = if request.path().ends_with(&first) {
            &second
        } else {
            &first
        };
        let entry = value!({ "mediaType": MANIFEST, "digest": other, "size": 3 });
        let index = value!({ "schemaVersion": 2, "manifests": [entry] });
        Answer::content(INDEX, index.to_string())
    });
    let env = environment();
    let output = env
        .run(&format!(
            "registry referrers {}/app@{one}",
            server.address()
        ))
        .success();
    assert_eq!(output.stdout.lines().count(), 2, "{}", output.stdout);
    assert!(output.stdout.contains(&two));
}

#[test]
fn referrers_without_end_are_left() {
    // Whatever is asked for, something else refers to it.
    let server = Server::start(|request| {
        if !request.path().contains("/referrers/") {
            return Answer::status(404);
        }
        let next = digest(request.path().as_bytes());
        let entry = value!({ "mediaType": MANIFEST, "digest": next, "size": 3 });
        let index = value!({ "schemaVersion": 2, "manifests": [entry] });
        Answer::content(INDEX, index.to_string())
    });
    let env = environment();
    let start = format!("sha256:{}", "1".repeat(64));
    let _ = env
        .run(&format!(
            "registry referrers {}/app@{start}",
            server.address()
        ))
        .code(7)
        .says(&["deep"]);
    assert!(server.requests().len() < 40);
}

/// How many entries a page has.
const PAGE: usize = 100;

/// A registry that lists so many referrers in pages, and so many under the tag.
fn long_lists(subject: &str, in_pages: usize, under_tag: usize) -> Server {
    let list = |numbers: std::ops::Range<usize>| {
        let entry = |number: usize| {
            let digest = digest(number.to_string().as_bytes());
            value!({ "mediaType": MANIFEST, "digest": digest, "size": 3 })
        };
        let manifests: Vec<Json> = numbers.map(entry).collect();
        value!({ "schemaVersion": 2, "manifests": manifests }).to_string()
    };
    let subject = subject.to_owned();
    Server::start(move |request| {
        let path = request.path();
        if path.ends_with(&format!("/referrers/{subject}")) {
            let page = request
                .target
                .split_once("page=")
                .map_or("0", |(_, page)| page);
            let first: usize = page.parse().expect("it is a number");
            let end = in_pages.min(first + PAGE);
            let answer = Answer::content(INDEX, list(first..end));
            if end < in_pages {
                let next = format!("<{path}?page={end}>; rel=\"next\"");
                return answer.header("Link", &next);
            }
            answer
        } else if path.ends_with(&format!("/manifests/{}", tag_of(&subject))) {
            Answer::content(INDEX, list(0..under_tag))
        } else {
            Answer::status(404)
        }
    })
}

#[test]
fn a_list_that_is_too_long_is_read_in_part_and_that_is_told() {
    let subject = format!("sha256:{}", "1".repeat(64));
    for (in_pages, under_tag) in [(1_500, 0), (0, 1_500), (900, 1_500)] {
        let server = long_lists(&subject, in_pages, under_tag);
        let env = environment();
        let _ = env
            .run(&format!(
                "registry referrers {}/app@{subject}",
                server.address()
            ))
            .code(7)
            .says(&["the rest of the list is left out", "more than 1000"]);
        assert!(server.requests().len() <= 17);
    }
}

#[test]
fn as_many_referrers_as_are_shown_are_shown() {
    let subject = format!("sha256:{}", "1".repeat(64));
    let server = long_lists(&subject, 1_000, 1_000);
    let env = environment();
    let shown = env
        .run(&format!(
            "registry referrers {}/app@{subject}",
            server.address()
        ))
        .success();
    assert_eq!(shown.stdout.lines().count(), 1_001);
    assert!(!shown.stderr.contains("left out"), "{}", shown.stderr);
}

#[test]
fn a_list_that_somebody_else_writes_too_is_written_again() {
    let source = ReferrersRegistry::start();
    let signed = Signed::at(source.address());
    let env = environment();
    let app = greeting("app").write(&env.work());
    let pull = format!("registry pull --referrers {}/app:1", source.address());
    let _ = env.run(&pull).success();

    // To the first write of a list, the registry says that the list changed meanwhile; or
    // it takes the write, and somebody else's write takes its place at once.
    for status in [412, 201] {
        let target = Registry::start();
        let writes = Arc::new(AtomicUsize::new(0));
        let proxy = Proxy::with_fates(target.address(), {
            let writes = writes.clone();
            move |exchange| {
                let writes_list =
                    exchange.method == "PUT" && exchange.target.contains("/manifests/sha256-");
                if writes_list && writes.fetch_add(1, Ordering::SeqCst) == 0 {
                    return Fate::Answer(Answer::status(status));
                }
                Fate::Forward
            }
        });
        let _ = push(&env, &app, &format!("{}/app:1", proxy.address()));
        // One for each of three referrers, and one in vain.
        assert_eq!(writes.load(Ordering::SeqCst), 4);
        signed.assert_shown_at(target.address());
    }
}

#[test]
fn a_recursive_copy_takes_them_along_and_sets_the_name_last() {
    for mounts in [true, false] {
        let source = Registry::start();
        let signed = Signed::at(source.address()).listed(source.address());
        let target = Registry::start();
        // Within the registry, or to another one.
        let (registry, to) = if mounts {
            (&source, "copied/app:2")
        } else {
            (&target, "app:1")
        };
        let proxy = Proxy::start(registry.address());
        let from = if mounts {
            format!("{}/app:1", proxy.address())
        } else {
            format!("{}/app:1", source.address())
        };
        let env = environment();
        let copy = format!("registry copy -r {from} {}/{to}", proxy.address());
        let _ = env.run(&copy).success();
        let exchanges = proxy.take();
        let last = exchanges.iter().rfind(|one| one.method == "PUT").unwrap();
        let tag = to.rsplit(':').next().unwrap();
        assert!(
            last.target.ends_with(&format!("/manifests/{tag}")),
            "{last:?}"
        );
        let repository = to.split(':').next().unwrap();
        for referrer in [
            &signed.signature,
            &signed.inventory,
            &signed.countersignature,
        ] {
            let digest = referrer["digest"].as_str().unwrap();
            let resolve = format!(
                "registry resolve {}/{repository}@{digest}",
                registry.address()
            );
            assert_eq!(env.run(&resolve).success().digest(), digest);
        }
        if !mounts {
            signed.assert_shown_at(target.address());
        }

        let without = format!("registry copy {from} {}/plain:1", proxy.address());
        let _ = env.run(&without).success();
        assert_eq!(registry.tags("plain"), ["1"]);
    }
}

#[test]
fn what_is_saved_has_them_wherever_the_application_came_from() {
    let source = Registry::start();
    let signed = Signed::at(source.address()).listed(source.address());
    let reference = format!("{}/app:1", source.address());
    let env = environment();
    // In the store without them at first.
    let _ = env.run(&format!("registry pull {reference}")).success();
    let _ = env
        .run(&format!("registry save {reference} -o app.tar"))
        .success();

    let other = environment();
    let file = env.work().join("app.tar");
    let load = ["registry", "load", file.to_str().unwrap()];
    let _ = other.command(load).run().success();
    let target = ReferrersRegistry::start();
    let to = format!("{}/app:1", target.address());
    let _ = other
        .run(&format!("registry push {to} -f {reference}"))
        .success();
    signed.assert_shown_at(target.address());

    drop(source);
    let save = format!("registry save {reference} -o again.tar");
    let failed = env.command(save.split(' ')).variable("WHARF_RETRIES", "0");
    let _ = failed.run().code(5).says(&["--offline"]);
    let _ = env.run(&format!("{save} --offline")).success();
}
