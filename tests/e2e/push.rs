//! `wharf registry push`.

use wharf_tests::programs::HELLO_P2;
use wharf_tests::proxy::{Exchange, Fate};
use wharf_tests::{Answer, App, Component, Proxy, Registry, http};

use crate::{environment, greeting, json, push};

#[test]
fn a_second_push_gives_the_same_digest_and_uploads_no_blob() {
    let registry = Registry::start();
    let proxy = Proxy::start(registry.address());
    let env = environment();
    let app = greeting("app").write(&env.work());
    let reference = format!("{}/app:1", proxy.address());

    let first = push(&env, &app, &reference);
    let printed = format!("Pushed with digest {}", first.digest());
    assert!(first.stdout.contains(&printed), "{first:?}");
    let exchanges = proxy.take();
    let sent = |method: &str| {
        let sends = exchanges.iter().filter(|one| one.sends_blob());
        sends.filter(|one| one.method == method).count()
    };
    // The component, the file that is not inlined, the locked application, the config.
    assert_eq!(sent("PUT"), 4);
    // Whether the registry takes a blob with the request that begins the upload, which
    // this one does not, is tried once, with a small one.
    assert_eq!(sent("POST"), 1);

    let second = push(&env, &app, &reference);
    assert_eq!(second.digest(), first.digest());
    let exchanges = proxy.take();
    let begun = exchanges
        .iter()
        .any(|one| one.begins_upload() || one.sends_blob());
    assert!(!begun, "{exchanges:#?}");
}

#[test]
fn where_nothing_is_few_of_many_small_blobs_are_looked_for() {
    let registry = Registry::start();
    let proxy = Proxy::start(registry.address());
    let env = environment();
    let mut component = Component::new("hello", HELLO_P2, "/...");
    for number in 0..100 {
        component = component.file(&format!("{number}.txt"), format!("{number},").repeat(100));
    }
    let app = App::new("app").component(component).write(&env.work());
    let reference = format!("{}/app:1", proxy.address());
    let looks = || {
        let exchanges = proxy.take();
        let heads = exchanges.iter().filter(|one| one.method == "HEAD");
        heads.filter(|one| one.target.contains("/blobs/")).count()
    };
    let _ = push(&env, &app, &reference);
    let first = looks();
    assert!((16..=40).contains(&first), "{first} looks");

    // Where some are, all are looked for, and what is there is not sent again.
    let manifest = std::fs::read_to_string(app.join("spin.toml")).unwrap();
    let manifest = manifest.replace("version = \"1.0.0\"", "version = \"1.0.1\"");
    std::fs::write(app.join("spin.toml"), manifest).unwrap();
    let again = push(&env, &app, &reference);
    assert!(again.stderr.contains("101 parts"), "{again:?}");
    assert!(looks() > 100);
}

#[test]
fn large_new_files_are_sent_before_it_is_known_what_names_them() {
    let registry = Registry::start();
    let proxy = Proxy::start(registry.address());
    let env = environment();
    let large = "0123456789abcdef".repeat(320 * 1024);
    let component = Component::new("hello", HELLO_P2, "/...").file("large.bin", large);
    let app = App::new("app").component(component).write(&env.work());
    let command = |reference: &str| {
        format!(
            "registry push {reference} -f {} --format json",
            app.display()
        )
    };
    let reference = format!("{}/app:1", proxy.address());
    let answer = json(&env.run(&command(&reference)).success().stdout);
    // It is told as what it is: it moved, though it was there when the rest came.
    for transfer in answer["transfers"].as_array().unwrap() {
        assert_eq!(transfer["outcome"], "moved", "{answer:#}");
    }
    let exchanges = proxy.take();
    let of_blob = |one: &&Exchange| one.sends_blob() && one.method == "PUT";
    // The component, the file, the locked application, the config: each once.
    assert_eq!(exchanges.iter().filter(of_blob).count(), 4);
    let place = |wanted: &dyn Fn(&Exchange) -> bool| exchanges.iter().position(wanted).unwrap();
    let sent = place(&|one| one.sends_blob() && one.method == "PUT");
    assert!(sent < place(&|one| one.target.contains("/manifests/")));

    // What the store had is not known to be new anywhere: the manifest comes first.
    let _ = env.run(&command(&reference)).success();
    assert_eq!(proxy.take().len(), 1);
}

#[test]
fn where_a_file_can_not_be_sent_ahead_the_push_says_why() {
    let registry = Registry::start();
    let proxy = Proxy::with_fates(registry.address(), |one| {
        if one.begins_upload() {
            Fate::Answer(Answer::html(403))
        } else {
            Fate::Forward
        }
    });
    let env = environment();
    let component =
        Component::new("hello", HELLO_P2, "/...").file("large.bin", "x".repeat(5_000_000));
    let app = App::new("app").component(component).write(&env.work());
    let command = format!(
        "registry push {}/app:1 -f {}",
        proxy.address(),
        app.display()
    );
    let _ = env.run(&command).code(3).says(&["403", "cannot push to"]);
    assert!(registry.tags("app").is_empty());
}

#[test]
fn the_digest_does_not_depend_on_the_machine_or_the_store() {
    let registry = Registry::start();
    let mut digests = Vec::new();
    for name in ["here", "there"] {
        let env = environment();
        let parent = env.work().join(name);
        let app = greeting("app").write(&parent);
        let reference = format!("{}/{name}:1", registry.address());
        digests.push(push(&env, &app, &reference).digest());
    }
    assert_eq!(digests[0], digests[1]);
}

#[test]
fn annotations_and_the_time_are_in_the_manifest_when_they_are_given() {
    let registry = Registry::start();
    let env = environment();
    greeting("app").write(&env.work());
    let reference = format!("{}/app:1", registry.address());
    let arguments = format!("registry push {reference} -f app --annotation org.example.a=b");
    let run = env.command(arguments.split(' '));
    let _ = run.variable("SOURCE_DATE_EPOCH", "0").run().success();
    let manifest = http::request(
        "GET",
        &format!("http://{}/v2/app/manifests/1", registry.address()),
        &[("Accept", "application/vnd.oci.image.manifest.v1+json")],
        b"",
    );
    let annotations = &json(&manifest.unwrap().text())["annotations"];
    assert_eq!(annotations["org.example.a"], "b");
    let created = annotations["org.opencontainers.image.created"]
        .as_str()
        .unwrap();
    assert!(created.starts_with("1970-01-01T00:00:00"), "{created}");
}

#[test]
fn json_tells_what_became_of_each_part() {
    let registry = Registry::start();
    let env = environment();
    greeting("app").write(&env.work());
    let command = format!(
        "registry push {}/app:1 -f app --format json",
        registry.address()
    );
    let output = env.run(&command).success();
    let answer = json(&output.stdout);
    assert!(answer["digest"].as_str().unwrap().starts_with("sha256:"));
    assert_eq!(answer["transfers"][0]["outcome"], "moved");
    let answer = json(&env.run(&command).success().stdout);
    assert_eq!(answer["transfers"][0]["outcome"], "present");
}

#[test]
fn a_push_that_fails_leaves_the_tag_where_it_was() {
    let registry = Registry::start();
    let env = environment();
    let reference = format!("{}/app:1", registry.address());
    let first = push(&env, &greeting("app").write(&env.work()), &reference).digest();

    let refusing = |method: &'static str, part: &'static str| {
        Proxy::with_fates(registry.address(), move |one| {
            if one.method == method && one.target.contains(part) {
                Fate::Answer(Answer::html(500))
            } else {
                Fate::Forward
            }
        })
    };
    for (name, proxy) in [
        ("second", refusing("PUT", "/manifests/")),
        ("third", refusing("POST", "/uploads/")),
    ] {
        // Its content differs by its name, so that there is something to upload.
        greeting(name).write(&env.work());
        let command = format!("registry push {}/app:1 -f {name}", proxy.address());
        let _ = env.run(&command).code(5).says(&["500"]);
    }
    let output = env.run(&format!("registry pull {reference}")).success();
    assert_eq!(output.digest(), first);
    assert_eq!(registry.tags("app"), ["1"]);
}

#[test]
fn an_upload_that_is_cut_off_leaves_no_tag() {
    let registry = Registry::start();
    let proxy = Proxy::with_fates(registry.address(), |one| {
        if one.target.contains("/blobs/uploads/") && one.method != "POST" {
            Fate::CutRequest(100)
        } else {
            Fate::Forward
        }
    });
    let env = environment();
    greeting("app").write(&env.work());
    let command = format!("registry push {}/app:1 -f app", proxy.address());
    let _ = env.run(&command).code(5);
    assert!(registry.tags("app").is_empty());
    assert!(registry.blobs().is_empty());
}
