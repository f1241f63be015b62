//! `--build`: the commands of `spin.toml`, run before anything is packed; and which
//! `spin.toml` is meant.

use std::fs;
use std::os::unix::fs::symlink;

use wharf_tests::{App, Registry, TestEnv, programs};

use crate::{environment, greeting, json, push, text, up};

/// An application that is only there once it was built.
const UNBUILT: &str = r#"spin_manifest_version = 2
[application]
name = "unbuilt"

[[trigger.http]]
route = "/..."
component = "second"

[component.first]
source = "first.wasm"
build.command = ["cp ../hello ../first.wasm", "echo first >> ../order"]
build.workdir = "sub"
files = ["order"]

[component.second]
source = "second.wasm"
[component.second.build]
command = "echo \"second by $0\" >> order && cp hello second.wasm && echo built"
[component.second.profile.loud]
environment = { GREETING = "LOUD" }
build.command = "cp hello second.wasm && echo loud >> order"

[component.third]
source = "first.wasm"
"#;

fn unbuilt(env: &TestEnv) {
    let directory = env.work().join("app");
    fs::create_dir_all(directory.join("sub/deep")).expect("it can be made");
    fs::write(directory.join("spin.toml"), UNBUILT).expect("it can be written");
    fs::copy(programs::HELLO_P2, directory.join("hello")).expect("it was built");
}

#[test]
fn what_is_built_is_pushed_and_runs() {
    let registry = Registry::start();
    let env = environment();
    unbuilt(&env);
    let reference = format!("{}/app:1", registry.address());
    let command = format!("registry push {reference} -f app");
    let _ = env
        .run(&command)
        .code(2)
        .says(&["first.wasm", "cp ../hello"]);

    let output = env.run(&format!("{command} --build --format json"));
    let output = output.success();
    let answer = json(&output.stdout);
    assert!(answer["digest"].as_str().is_some());
    assert!(output.stderr.contains("built\n"), "{output:?}");
    let order = env.work().join("app/order");
    let built = || fs::read_to_string(&order).expect("it was written");
    assert_eq!(built(), "first\nsecond by sh\n");

    // In the profile, from below, and because the environment says so.
    fs::remove_file(&order).expect("it can be removed");
    let below = env.work().join("app/sub/deep");
    let arguments = "up --listen 127.0.0.1:0 --profile loud";
    let running = env
        .command(arguments.split(' '))
        .directory(&below)
        .variable("SPIN_ALWAYS_BUILD", "1")
        .start();
    let line = running.wait_for("Serving http://");
    let url = line.trim_start_matches("Serving ").trim().to_owned();
    assert!(text(&format!("{url}/?env=GREETING")).contains("LOUD"));
    running.interrupt();
    let output = running.finish().success();
    assert!(
        output.stderr.contains("Using ../../spin.toml"),
        "{output:?}"
    );
    assert!(output.stderr.contains("Building the component second with"));
    assert_eq!(built(), "first\nloud\n");

    // What was published is not built again, and saying so would be a mistake.
    let pulled = env.command([
        "registry",
        "push",
        &format!("{reference}-2"),
        "-f",
        &reference,
    ]);
    let pulled = pulled.variable("SPIN_ALWAYS_BUILD", "true").run();
    let _ = pulled.success();
    for command in [
        format!("registry push {reference}-2 -f {reference} --build"),
        format!("up -f {reference} --build"),
    ] {
        let _ = env.run(&command).code(2).says(&["--build"]);
    }
}

#[test]
fn a_command_that_fails_stops_it_all() {
    let env = environment();
    unbuilt(&env);
    let manifest = env.work().join("app/spin.toml");
    let push = "registry push r.example/app:1 -f app --build --dry-run --offline";
    for (with, parts) in [
        (
            "cp nothing ../first.wasm",
            &["`first`", "`cp nothing ../first.wasm`", "ended with 1"][..],
        ),
        ("exit 77", &["`first`", "`exit 77`", "ended with 77"]),
        ("kill -9 $$", &["`first`", "signal"]),
    ] {
        let text = UNBUILT.replace("cp ../hello ../first.wasm", with);
        fs::write(&manifest, text).expect("it can be written");
        let _ = env.run(push).code(1).says(parts);
        assert!(!env.work().join("app/order").exists());
    }
    let text = UNBUILT.replace("\"sub\"", "\"none\"");
    fs::write(&manifest, text).expect("it can be written");
    let _ = env.run(push).code(1).says(&["`first`", "none"]);
    let text = UNBUILT.replace("\"sub\"", "\"/tmp\"");
    fs::write(&manifest, text).expect("it can be written");
    let _ = env.run(push).code(2).says(&["`first`", "/tmp", "absolute"]);
    // What is wrong in the manifest is said before anything runs.
    let text = UNBUILT.replace("[component.third]", "[component.third]\nx = 1");
    fs::write(&manifest, text).expect("it can be written");
    let _ = env.run(push).code(2).says(&["line 24", "`x`"]);
    assert!(!env.work().join("app/order").exists());
}

#[test]
fn the_nearest_manifest_counts_and_a_repository_is_not_left() {
    let env = environment();
    greeting("app").write(&env.work());
    let app = env.work().join("app");
    let below = app.join("assets/hello");
    let push = "registry push r.example/app:1 --dry-run --offline";
    let in_directory = |directory: &std::path::Path, arguments: &str| {
        let command = env.command(arguments.split(' '));
        command.directory(directory).run()
    };
    let here = in_directory(&app, push).success();
    assert!(!here.stderr.contains("Using"), "{here:?}");
    let from_below = in_directory(&below, push).success();
    assert!(from_below.stderr.contains("Using ../../spin.toml"));
    assert_eq!(here.digest(), from_below.digest());
    // A directory that is named is that directory.
    let _ = in_directory(&below, &format!("{push} -f .")).code(2);
    fs::create_dir(app.join("assets/.git")).expect("it can be made");
    let refused = in_directory(&below, push).code(2);
    let _ = refused.says(&["no spin.toml", "-f"]);
    let refused = in_directory(&below, "up").code(2);
    let _ = refused.says(&["no spin.toml", "-f"]);
}

#[test]
fn a_link_to_a_manifest_is_a_manifest() {
    let env = environment();
    App::of("app", programs::HELLO_P2).write(&env.work());
    let directory = env.work().join("app");
    symlink("spin.toml", directory.join("other.toml")).expect("it can be made");
    let (running, _) = up(&env, "-f app/other.toml");
    running.interrupt();
    let _ = running.finish().success();
    let registry = Registry::start();
    let reference = format!("{}/app:1", registry.address());
    let _ = push(&env, &directory.join("other.toml"), &reference);
}
