//! The variables of an application: given, and asked for by its components.

use std::fs;
use std::path::PathBuf;

use wharf_tests::{App, Component, Registry, TestEnv, programs};

use crate::{environment, push, text, up};

/// An application of two components that tell their variables.
fn telling(env: &TestEnv) -> PathBuf {
    let app = App::new("app")
        .component(Component::new("older", programs::VARIABLES_P2, "/older"))
        .component(Component::new("newer", programs::VARIABLES_P3, "/newer"))
        .more(
            "\n[variables]\nhost = { default = \"x.example\" }\n\
             api_key = { required = true, secret = true }\n\
             [component.older.variables]\nurl = \"https://{{ host }}/\"\nkey = \"{{ api_key }}\"\n\
             [component.newer.variables]\nurl = \"{{ host }}\"\n",
        );
    app.write(&env.work())
}

#[test]
fn components_get_the_values_by_each_interface() {
    let registry = Registry::start();
    let env = environment();
    let app = telling(&env);
    let reference = format!("{}/app:1", registry.address());
    let _ = push(&env, &app, &reference);
    fs::write(env.work().join("key.txt"), "k1").expect("it can be written");
    for source in ["app", &reference] {
        let arguments = format!("-f {source} --variable api_key=@key.txt");
        let (running, url) = up(&env, &arguments);
        assert_eq!(
            text(&format!("{url}/older?url")),
            "https://x.example/\nSome(\"https://x.example/\")\nkey=k1\nurl=https://x.example/\n"
        );
        assert_eq!(text(&format!("{url}/newer?url")), "x.example\n");
        // Of others, and by the application's names, it sees nothing.
        for other in ["key", "host", "api_key"] {
            let told = text(&format!("{url}/newer?{other}"));
            assert!(told.contains("Undefined"), "{told}");
        }
        running.interrupt();
        let _ = running.finish().success();
    }
}

#[test]
fn the_command_line_comes_before_the_environment() {
    let env = environment();
    let _ = telling(&env);
    let arguments = "up --listen 127.0.0.1:0 -f app --variable host=given";
    let running = env
        .command(arguments.split(' '))
        .variable("SPIN_VARIABLE_API_KEY", "from outside")
        .variable("SPIN_VARIABLE_HOST", "from outside too")
        .variable("SPIN_VARIABLE_OTHER", "x")
        .start();
    let line = running.wait_for("Serving http://");
    let url = line.trim_start_matches("Serving ").trim().to_owned();
    let told = text(&format!("{url}/older?key"));
    assert!(
        told.contains("key=from outside\nurl=https://given/\n"),
        "{told}"
    );
    running.interrupt();
    let _ = running.finish().success();
}

#[test]
fn what_is_missing_is_named_before_it_listens() {
    let env = environment();
    let _ = telling(&env);
    let missing = env.run("up --listen 127.0.0.1:0 -f app").code(2);
    let missing = missing.says(&["`api_key`", "--variable"]);
    assert!(!missing.stdout.contains("Serving"));
    let given = "up --listen 127.0.0.1:0 -f app --variable api_key=hunter2 --variable hots=x";
    let unknown = env
        .run(given)
        .code(2)
        .says(&["`hots`", "did you mean `host`?"]);
    assert!(!unknown.stderr.contains("hunter2"));
}
