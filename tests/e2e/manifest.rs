//! What `spin.toml` can say, from there to the published application and to answers.

use std::fs;

use wharf_tests::{Json, Registry, TestEnv, http, programs};

use crate::{environment, greeting, json, push, text, up};

/// The locked application of what was pushed or packed last, by its reference.
fn locked(env: &TestEnv, reference: &str) -> Json {
    let inspect = format!("registry inspect {reference} --format json");
    let shown = json(&env.run(&inspect).success().stdout);
    let layers = shown["layers"].as_array().expect("it is a list");
    let last = layers.last().expect("there is one")["digest"].as_str();
    let blob = env.blob(last.expect("it is text")).expect("it was fetched");
    json(&fs::read_to_string(blob).expect("it can be read"))
}

#[test]
fn a_static_response_is_served_from_a_directory_and_from_a_registry() {
    let registry = Registry::start();
    let env = environment();
    let app = greeting("app").more(
        "\n[[trigger.http]]\nid = \"robots\"\nroute = \"/robots.txt\"\n\
         static_response = { status_code = 203, headers = { x-robots = \"none\" }, body = \"none\" }\n",
    );
    let app = app.write(&env.work());
    let reference = format!("{}/app:1", registry.address());
    let _ = push(&env, &app, &reference);
    for source in ["app", &reference] {
        let (running, url) = up(&env, &format!("-f {source}"));
        let answer = http::get(&format!("{url}/robots.txt")).expect("it answers");
        assert_eq!((answer.status, answer.text().as_str()), (203, "none"));
        assert_eq!(answer.header("x-robots"), Some("none"));
        let _ = running.wait_for("robots: http://");
        assert!(text(&format!("{url}/?env=GREETING")).contains("hello there"));
        running.interrupt();
        let _ = running.finish().success();
    }
}

#[test]
fn a_manifest_of_version_1_is_published_and_runs() {
    let registry = Registry::start();
    let env = environment();
    let directory = env.work().join("old");
    fs::create_dir(&directory).expect("it can be made");
    fs::copy(programs::HELLO_P2, directory.join("hello.wasm")).expect("it was built");
    let toml = "spin_version = \"1\"\nname = \"old\"\nversion = \"0.1.0\"\n\
                trigger = { type = \"http\", base = \"/\" }\n\
                [[component]]\nid = \"Hello_World\"\nsource = \"hello.wasm\"\n\
                environment = { GREETING = \"hello of old\" }\n\
                [component.trigger]\nroute = \"/...\"\n";
    fs::write(directory.join("spin.toml"), toml).expect("it can be written");
    let reference = format!("{}/old:1", registry.address());
    let _ = push(&env, &directory, &reference);
    assert_eq!(
        locked(&env, &reference)["components"][0]["id"],
        "hello-world"
    );
    let (running, url) = up(&env, &format!("-f {reference}"));
    assert!(text(&format!("{url}/?env=GREETING")).contains("hello of old"));
    running.interrupt();
    let _ = running.finish().success();
}

#[test]
fn a_profile_is_published_and_run() {
    let registry = Registry::start();
    let env = environment();
    let app = greeting("app").more(
        "\n[component.hello.profile.loud.environment]\nGREETING = \"HELLO\"\n\
         [component.hello.build]\ncommand = \"make secret-plans\"\n",
    );
    let app = app.write(&env.work());
    let reference = format!("{}/app:1", registry.address());
    let plain = push(&env, &app, &reference).digest();
    assert!(
        !locked(&env, &reference)
            .to_string()
            .contains("secret-plans")
    );
    let loud = format!("registry push {reference} -f app --profile loud --include-build");
    assert_ne!(env.run(&loud).success().digest(), plain);
    let published = locked(&env, &reference);
    assert_eq!(published["components"][0]["env"]["GREETING"], "HELLO");
    assert_eq!(published["metadata"]["profile"], "loud");
    let build = &published["components"][0]["metadata"]["build"];
    assert_eq!(build["command"], "make secret-plans");

    let (running, url) = up(&env, "-f app --profile loud");
    assert!(text(&format!("{url}/?env=GREETING")).contains("HELLO"));
    running.interrupt();
    let _ = running.finish().success();

    let unknown = env.run(&format!("registry push {reference} -f app --profile lout"));
    let _ = unknown.code(2).says(&["`lout`", "did you mean `loud`?"]);
    let stored = env.run(&format!(
        "registry push {reference} -f {plain} --profile loud"
    ));
    let _ = stored.code(2).says(&["--profile"]);
    let elsewhere = env.run(&format!("up -f {reference} --profile loud"));
    let _ = elsewhere.code(2).says(&["--profile"]);
}

#[test]
fn the_default_of_a_secret_is_not_published_unawares() {
    let registry = Registry::start();
    let env = environment();
    let secret = "\n[variables]\npassword = { default = \"hunter2\", secret = true }\n";
    greeting("app").more(secret).write(&env.work());
    let push = format!("registry push {}/app:1 -f app", registry.address());
    let refused = env.run(&push).code(2);
    let _ = refused.says(&["`password`", "--include-secret-defaults"]);
    assert!(registry.blobs().is_empty());
    let _ = env
        .run(&format!("{push} --include-secret-defaults"))
        .success();
    // What stays here may have it.
    let (running, _) = up(&env, "-f app");
    running.interrupt();
    let _ = running.finish().success();
}
