//! Middleware: components in front of the component of an HTTP trigger.

use std::fs;

use wharf_tests::programs::{HELLO_P2, HELLO_P3, MIDDLEWARE_P3};
use wharf_tests::{App, Component, Json, Registry, TestEnv, http};

use crate::{environment, published, up};

/// Writes an application whose component has middleware twice, as it stands in the
/// manifest, and an environment variable.
fn write(env: &TestEnv, program: &str, middleware: &str) {
    let app = App::new("app")
        .component(Component::new("main", program, "/...").environment("SECRET", "known"));
    let directory = app.write(&env.work());
    fs::copy(MIDDLEWARE_P3, directory.join("passing.wasm")).expect("it can be copied");
    let manifest = directory.join("spin.toml");
    let text = fs::read_to_string(&manifest).expect("it was written");
    let dependencies = format!("component = \"main\"\ndependencies.middleware = [{middleware}]\n");
    let text = text.replacen("component = \"main\"\n", &dependencies, 1);
    fs::write(manifest, text).expect("it can be written");
}

/// What each middleware said, and the page of the component.
fn ask(url: &str) -> (Vec<String>, String) {
    let answer = http::get(&format!("{url}/x")).expect("it answers");
    assert_eq!(answer.status, 200, "{}", answer.text());
    let passed = answer.headers.iter().filter(|(name, _)| name == "passed");
    let passed = passed.map(|(_, value)| value.clone()).collect();
    (passed, answer.text())
}

#[test]
fn middleware_gets_each_request_first_and_sees_what_it_inherits() {
    const MIDDLEWARE: &str = "{ path = \"passing.wasm\" }, \
         { path = \"passing.wasm\", inherit_configuration = [\"environment\"] }";
    for compose in ["", " --compose=false"] {
        let registry = Registry::start();
        let author = environment();
        write(&author, HELLO_P3, MIDDLEWARE);
        let reference = format!("{}/app:1", registry.address());
        let push = format!("registry push {reference} -f app{compose}");
        let _ = author.run(&push).success();

        let env = environment();
        let app = published(&env, &reference);
        let component = &app["components"][0];
        if compose.is_empty() {
            // Nothing keeps hosts from running it that know of no middleware.
            assert_eq!(app["spin_lock_version"], 0, "{app:#}");
            for absent in ["trigger_dependencies", "host_requirements", "metadata"] {
                assert!(component[absent].is_null(), "{app:#}");
            }
        } else {
            assert_eq!(app["must_understand"][0], "component_host_requirements");
            let digest = wharf_tests::digest(&fs::read(MIDDLEWARE_P3).unwrap());
            let middleware = &component["trigger_dependencies"]["middleware"];
            assert_eq!(middleware[1]["source"]["digest"], Json::from(digest));
            assert_eq!(component["host_requirements"]["middleware"], "required");
        }

        let (running, url) = up(&env, &format!("-f {reference}"));
        let (passed, page) = ask(&url);
        // The inner one answers first.
        assert_eq!(passed, ["known", "nothing"]);
        assert!(page.contains("path: /x\n"), "{page}");
        running.interrupt();
        let _ = running.finish().success();
        env.verify_store();
    }
}

#[test]
fn what_gets_requests_otherwise_has_no_middleware() {
    let env = environment();
    write(&env, HELLO_P2, "{ path = \"passing.wasm\" }");
    let refused = env.run("registry push 127.0.0.1:1/app:1 -f app").code(2);
    let _ = refused.says(&[
        "`main`",
        "does not export `wasi:http/handler@0.3.0`",
        "wasi:http/incoming-handler@0.2",
    ]);
}
