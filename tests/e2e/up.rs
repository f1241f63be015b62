//! `wharf up`.

use std::fs;
use std::net::TcpListener;

use wharf_tests::{Answer, App, Component, Registry, Server, http, programs};

use crate::{ASSET, environment, greeting, json, push, text, up};

#[test]
fn both_versions_of_wasi_http_are_served_with_environment_files_and_bodies() {
    for program in [programs::HELLO_P2, programs::HELLO_P3] {
        let env = environment();
        let app = App::new("app").component(
            Component::new("hello", program, "/...")
                .environment("GREETING", "hello there")
                .file("asset.txt", ASSET.repeat(20))
                .file("small.txt", "small"),
        );
        app.write(&env.work());
        let (running, url) = up(&env, "-f app --env MORE=more");
        let page = text(&format!(
            "{url}/a/b?env=GREETING&env=MORE&file=/asset.txt&file=/small.txt&write=/new.txt"
        ));
        for line in [
            "method: GET",
            "path: /a/b",
            "spin-path-info: /a/b",
            "env GREETING: hello there",
            "env MORE: more",
            "file /asset.txt: An asset of an application.",
            "file /small.txt: small",
            "write /new.txt: (failed",
        ] {
            assert!(page.contains(line), "{program}: no `{line}` in {page}");
        }
        let answer = http::request("POST", &url, &[], b"some input").unwrap();
        assert!(answer.text().contains("method: POST"), "{}", answer.text());
        assert!(
            answer.text().contains("body: some input"),
            "{}",
            answer.text()
        );
        running.interrupt();
        // That it ended is no news to who ended it.
        let ended = running.finish().success();
        assert!(!ended.stderr.contains("Warning"), "{}", ended.stderr);
    }
}

#[test]
fn an_application_is_run_from_a_registry() {
    let registry = Registry::start();
    let author = environment();
    let app = greeting("app").write(&author.work());
    let reference = format!("{}/app:1", registry.address());
    let _ = push(&author, &app, &reference);
    let env = environment();
    let (running, url) = up(&env, &format!("-f {reference}"));
    assert!(text(&format!("{url}/?env=GREETING")).contains("env GREETING: hello there"));
    let asset = text(&format!("{url}/?file=/asset.txt"));
    assert!(asset.contains(&ASSET.repeat(20)));
    running.interrupt();
    let output = running.finish().success();
    assert!(output.stdout.contains("hello: http://"), "{output:?}");
    env.verify_store();
}

#[test]
fn an_existing_path_wins_over_a_reference() {
    let env = environment();
    let name = "registry.example/app:1";
    let directory = greeting("app").write(&env.work());
    fs::create_dir(env.work().join("registry.example")).unwrap();
    fs::rename(directory, env.work().join(name)).unwrap();
    let (_running, url) = up(&env, &format!("-f {name}"));
    assert_eq!(text(&format!("{url}/.well-known/spin/health")).trim(), "OK");
}

#[test]
fn requests_are_routed_as_spin_routes_them() {
    let env = environment();
    let component =
        |id: &str, route: &str| Component::new(id, programs::HELLO_P2, route).environment("ID", id);
    App::new("app")
        .component(component("exact", "/exact"))
        .component(component("named", "/users/:name"))
        .component(component("wild", "/wild/..."))
        .component(component("deeper", "/wild/deeper/..."))
        .write(&env.work());
    let (_running, url) = up(&env, "-f app");
    for (path, id) in [
        ("/exact", "exact"),
        ("/users/ann", "named"),
        ("/wild", "wild"),
        ("/wild/", "wild"),
        ("/wild/a/b", "wild"),
        ("/wild/deeper/c", "deeper"),
    ] {
        let page = text(&format!("{url}{path}?env=ID"));
        assert!(page.contains(&format!("env ID: {id}\n")), "{path}: {page}");
    }
    for path in ["/", "/exact/more", "/users", "/users/ann/more", "/nowhere"] {
        assert_eq!(
            http::get(&format!("{url}{path}")).unwrap().status,
            404,
            "{path}"
        );
    }
    let page = text(&format!("{url}/users/ann?x=y"));
    for line in [
        "spin-path-match-name: ann".to_owned(),
        "spin-matched-route: /users/:name".to_owned(),
        "spin-component-route: /users/:name".to_owned(),
        "spin-raw-component-route: /users/:name".to_owned(),
        "spin-base-path: /".to_owned(),
        format!("spin-full-url: {url}/users/ann?x=y"),
        "spin-client-addr: 127.0.0.1:".to_owned(),
    ] {
        assert!(page.contains(&line), "no `{line}` in {page}");
    }
    let page = text(&format!("{url}/wild/a/b"));
    assert!(page.contains("spin-path-info: /a/b\n"), "{page}");
    assert!(
        page.contains("spin-raw-component-route: /wild/...\n"),
        "{page}"
    );
    assert!(page.contains("spin-component-route: /wild\n"), "{page}");
}

#[test]
fn headers_that_only_the_host_may_set_are_not_taken_from_a_client() {
    let env = environment();
    greeting("app").write(&env.work());
    let (_running, url) = up(&env, "-f app");
    let forged = [
        ("spin-path-match-user", "root"),
        ("spin-client-addr", "9.9.9.9:9"),
    ];
    let page = http::request("GET", &url, &forged, b"").unwrap().text();
    assert!(
        !page.contains("root") && !page.contains("9.9.9.9"),
        "{page}"
    );
}

#[test]
fn outbound_requests_go_to_allowed_hosts_only() {
    let server = Server::start(|_| Answer::content("text/plain", "from outside"));
    for program in [programs::HELLO_P2, programs::HELLO_P3] {
        let env = environment();
        let url_outside = server.url();
        App::new("app")
            .component(Component::new("allowed", program, "/allowed").host(&url_outside))
            .component(Component::new("other", program, "/other").host("http://127.0.0.1:1"))
            .component(Component::new("none", program, "/none"))
            .write(&env.work());
        let (_running, url) = up(&env, "-f app");
        let page = text(&format!("{url}/allowed?get={url_outside}/x"));
        assert!(page.contains("outbound: 200 from outside"), "{page}");
        let before = server.requests().len();
        for path in ["other", "none"] {
            let page = text(&format!("{url}/{path}?get={url_outside}/x"));
            assert!(page.contains("outbound: (failed"), "{page}");
        }
        assert_eq!(server.requests().len(), before);
    }
}

#[test]
fn a_component_that_traps_answers_500_and_the_others_go_on() {
    let env = environment();
    App::new("app")
        .component(Component::new("trap", programs::TRAP, "/trap"))
        .component(Component::new("hello", programs::HELLO_P2, "/hello"))
        .write(&env.work());
    let (running, url) = up(&env, "-f app");
    for _ in 0..3 {
        assert_eq!(http::get(&format!("{url}/trap")).unwrap().status, 500);
    }
    assert!(text(&format!("{url}/hello")).contains("path: /hello"));
    running.interrupt();
    let _ = running.finish().success();
}

#[test]
fn a_component_that_never_rests_keeps_nothing_else_from_answering() {
    let env = environment();
    App::new("app")
        .component(Component::new("busy", programs::SPIN_LOOP, "/busy"))
        .component(Component::new("hello", programs::HELLO_P2, "/hello"))
        .write(&env.work());
    let (running, url) = up(&env, "-f app");
    for _ in 0..8 {
        let busy = format!("{url}/busy");
        // Given up by the end of the test, with the command.
        std::thread::spawn(move || drop(http::get(&busy)));
    }
    for _ in 0..20 {
        assert!(text(&format!("{url}/hello")).contains("path: /hello"));
    }
    running.interrupt();
    running.interrupt();
    let _ = running.finish();
}

#[test]
fn an_interface_that_is_not_offered_is_refused_by_name_before_listening() {
    let env = environment();
    App::of("app", programs::IMPORTS_KV).write(&env.work());
    let output = env.run("up -f app --listen 127.0.0.1:0").code(7);
    assert!(!output.stdout.contains("Serving"), "{output:?}");
    let _ = output.says(&["fermyon:spin/key-value", "hello"]);
}

#[test]
fn a_trigger_that_is_not_offered_is_refused_by_name_before_listening() {
    let env = environment();
    let app = greeting("app").write(&env.work());
    let manifest = fs::read_to_string(app.join("spin.toml")).unwrap();
    let manifest = manifest
        .replace("[[trigger.http]]", "[[trigger.redis]]")
        .replace("route = \"/...\"", "channel = \"news\"");
    fs::write(app.join("spin.toml"), manifest).unwrap();
    let output = env.run("up -f app --listen 127.0.0.1:0");
    assert!(matches!(output.status.code(), Some(2 | 7)), "{output:?}");
    assert!(!output.stdout.contains("Serving"), "{output:?}");
    let _ = output.says(&["redis"]);
}

#[test]
fn a_port_in_use_is_an_error_that_names_the_way_out() {
    let env = environment();
    greeting("app").write(&env.work());
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap();
    let output = env.run(&format!("up -f app --listen {address}"));
    assert!(matches!(output.status.code(), Some(1 | 2)), "{output:?}");
    let _ = output.says(&[&address.port().to_string(), "in use", "--find-free-port"]);

    let command = format!("up -f app --listen {address} --find-free-port");
    let running = env.command(command.split(' ')).start();
    let line = running.wait_for("Serving http://");
    assert!(!line.ends_with(&address.to_string()), "{line}");
}

#[test]
fn json_tells_the_address_and_the_routes() {
    let env = environment();
    greeting("app").write(&env.work());
    let command = "up -f app --listen 127.0.0.1:0 --format json";
    let running = env.command(command.split(' ')).start();
    running.wait_for("\"base_url\"");
    running.wait_for("]");
    running.interrupt();
    let answer = json(&running.finish().success().stdout);
    assert_eq!(answer["routes"][0]["id"], "hello");
    assert_eq!(answer["routes"][0]["wildcard"], true);
}
