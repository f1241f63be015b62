//! Components with dependencies, and core modules.

use std::fs;
use std::path::PathBuf;

use wharf_tests::programs::{HELLO_MODULE, LIBRARY_P2, LIBRARY_P3, READER_P2, READER_SPIN};
use wharf_tests::{Answer, App, Component, Json, Registry, Server, TestEnv};

use crate::{environment, json, published, text, up};

/// What an application is: a component, and what it depends on.
struct Reader {
    component: &'static str,
    dependency: &'static str,
    import: &'static str,
}

/// With WASI 0.2 and by wit-bindgen.
const PLAIN: Reader = Reader {
    component: READER_P2,
    dependency: LIBRARY_P2,
    import: "test:library/desk",
};

/// With WASI 0.3 and by Spin's SDK.
const SPIN: Reader = Reader {
    component: READER_SPIN,
    dependency: LIBRARY_P3,
    import: "test:library/counter@0.1.0",
};

impl Reader {
    /// Writes the application, which may reach a host and has an environment variable.
    fn write(&self, env: &TestEnv, host: &str, inherit: &str) -> PathBuf {
        let import = self.import;
        let app = App::new("app")
            .component(
                Component::new("reader", self.component, "/...")
                    .host(host)
                    .environment("SECRET", "of the reader")
                    .file("asset.txt", "an asset".repeat(30)),
            )
            .more(&format!(
                "\n[component.reader.dependencies]\n\
                 \"{import}\" = {{ path = \"library.wasm\"{inherit} }}\n"
            ));
        let directory = app.write(&env.work());
        let library = directory.join("library.wasm");
        fs::copy(self.dependency, library).expect("it can be copied");
        directory
    }
}

/// Asks for all that a dependency can do, and what came of it.
fn ask(url: &str, outside: &str) -> String {
    text(&format!(
        "{url}/x?env=SECRET&file=/asset.txt&get={outside}/y"
    ))
}

#[test]
fn what_depends_on_another_is_composed_pushed_pulled_and_answers() {
    let outside = Server::start(|_| Answer::content("text/plain", "from outside"));
    for reader in [PLAIN, SPIN] {
        for compose in ["", " --compose", " --compose=true", " --compose=false"] {
            let registry = Registry::start();
            let author = environment();
            reader.write(&author, &outside.url(), ", inherit_configuration = true");
            let reference = format!("{}/app:1", registry.address());
            let pushed = author
                .run(&format!("registry push {reference} -f app{compose}"))
                .success();

            let env = environment();
            let app = published(&env, &reference);
            let dependencies = &app["components"][0]["dependencies"];
            let is_composed = compose != " --compose=false";
            assert_eq!(dependencies.is_null(), is_composed, "{app:#}");
            if !is_composed {
                let library = &dependencies[reader.import];
                let digest = wharf_tests::digest(&fs::read(reader.dependency).unwrap());
                assert_eq!(library["source"]["digest"], Json::from(digest), "{app:#}");
                assert_eq!(library["inherit"], "All");
            }

            let (running, url) = up(&env, &format!("-f {reference}"));
            let page = ask(&url, &outside.url());
            for line in [
                "method: ASK\n",
                // An SDK may tell the whole address.
                "/x\n",
                "env SECRET: of the reader\n",
                "file /asset.txt: an asset",
                "outbound: 200 from outside\n",
            ] {
                assert!(page.contains(line), "{}: {page}", reader.import);
            }
            let info = json(&text(&format!("{url}/.well-known/spin/info")));
            assert_eq!(info["oci_image_digest"], Json::from(pushed.digest()));
            running.interrupt();
            let _ = running.finish().success();
            env.verify_store();
        }
    }
}

#[test]
fn what_is_not_inherited_is_denied() {
    let outside = Server::start(|_| Answer::content("text/plain", "from outside"));
    for reader in [PLAIN, SPIN] {
        let env = environment();
        reader.write(&env, &outside.url(), "");
        let (running, url) = up(&env, "-f app");
        let page = ask(&url, &outside.url());
        assert!(page.contains("/x\n"), "{page}");
        assert!(page.contains("outbound: (failed: "), "{page}");
        assert!(page.to_lowercase().contains("httprequestdenied"), "{page}");
        for word in ["of the reader", "an asset", "from outside"] {
            assert!(!page.contains(word), "{page}");
        }
        assert_eq!(outside.requests().len(), 0);
        // Also when it is asked for often: nothing is left behind.
        for _ in 0..50 {
            let _ = ask(&url, &outside.url());
        }
        running.interrupt();
        let _ = running.finish().success();
    }
}

#[test]
fn only_what_is_named_is_inherited() {
    let outside = Server::start(|_| Answer::content("text/plain", "from outside"));
    for reader in [PLAIN, SPIN] {
        let env = environment();
        let inherit = ", inherit_configuration = [\"allowed_outbound_hosts\"]";
        reader.write(&env, &outside.url(), inherit);
        let (_running, url) = up(&env, "-f app");
        let page = ask(&url, &outside.url());
        assert!(page.contains("outbound: 200 from outside"), "{page}");
        assert!(!page.contains("of the reader"), "{page}");
        assert!(!page.contains("an asset"), "{page}");
    }
}

#[test]
fn the_same_application_composes_to_the_same_digest() {
    let registry = Registry::start();
    let digests = ["one", "other"].map(|name| {
        let env = environment();
        PLAIN.write(&env, "https://a.example", "");
        let reference = format!("{}/{name}:1", registry.address());
        let push = format!("registry push {reference} -f app");
        env.run(&push).success().digest()
    });
    assert_eq!(digests[0], digests[1]);
}

#[test]
fn what_does_not_fit_is_named_and_nothing_is_sent() {
    let registry = Registry::start();
    let reference = format!("{}/app:1", registry.address());
    for (import, words) in [
        (
            "test:other",
            &["reader", "test:other", "test:library/desk@0.1.0"][..],
        ),
        (
            "test:library@0.2.0",
            &["reader", "test:library@0.2.0", "test:library/desk@0.1.0"],
        ),
    ] {
        let env = environment();
        let wrong = Reader { import, ..PLAIN };
        wrong.write(&env, "https://a.example", "");
        let push = format!("registry push {reference} -f app");
        let _ = env.run(&push).code(2).says(words);
    }
    let env = environment();
    let wrong = Reader {
        dependency: LIBRARY_P3,
        ..PLAIN
    };
    wrong.write(&env, "https://a.example", "");
    let push = format!("registry push {reference} -f app");
    let _ = env.run(&push).code(2).says(&[
        "reader",
        "does not export",
        "test:library/desk@0.1.0",
        "test:library/counter@0.1.0",
    ]);
    // What no host could do is found out where it runs, too.
    let uncomposed = format!("registry push {reference} -f app --compose=false");
    let _ = env.run(&uncomposed).success();
    let run = format!("up -f {reference} --listen 127.0.0.1:0");
    let output = environment().run(&run).code(1);
    assert!(!output.stdout.contains("Serving"), "{output:?}");
    let _ = output.says(&["reader", "does not export"]);
}

#[test]
fn a_flag_for_packing_is_refused_for_what_is_not_packed() {
    let env = environment();
    let push = "registry push 127.0.0.1:1/app:1 -f 127.0.0.1:1/other:1 --compose=false";
    let _ = env.run(push).code(2).says(&["--compose=false"]);
    let wrong = env.run("registry push 127.0.0.1:1/app:1 --compose=maybe");
    let _ = wrong.code(2).says(&["maybe", "--compose"]);
}

#[test]
fn a_core_module_is_published_as_a_component() {
    for compose in ["", " --compose=false"] {
        let registry = Registry::start();
        let author = environment();
        App::of("app", HELLO_MODULE).write(&author.work());
        let reference = format!("{}/app:1", registry.address());
        let _ = author
            .run(&format!("registry push {reference} -f app{compose}"))
            .success();
        let env = environment();
        let app = published(&env, &reference);
        let digest = app["components"][0]["source"]["digest"].as_str().unwrap();
        let wasm = fs::read(env.blob(digest).unwrap()).unwrap();
        let module = fs::read(HELLO_MODULE).unwrap();
        assert_eq!(wasm == module, !compose.is_empty());
        let (_running, url) = up(&env, &format!("-f {reference}"));
        assert!(text(&format!("{url}/a")).contains("path: /a\n"));
    }
}

#[test]
fn a_module_that_does_not_say_what_it_exports_stays_as_it_is() {
    let registry = Registry::start();
    let author = environment();
    let app = App::of("app", HELLO_MODULE).write(&author.work());
    // As the oldest tools made them, which Spin still understands.
    let module = b"\0asm\x01\0\0\0";
    fs::write(app.join("hello.wasm"), module).unwrap();
    let reference = format!("{}/app:1", registry.address());
    let _ = author
        .run(&format!("registry push {reference} -f app"))
        .success();
    let env = environment();
    let app = published(&env, &reference);
    let digest = Json::from(wharf_tests::digest(module));
    assert_eq!(app["components"][0]["source"]["digest"], digest);
    let run = format!("up -f {reference} --listen 127.0.0.1:0");
    let _ = env.run(&run).code(7).says(&["core WebAssembly module"]);
}
