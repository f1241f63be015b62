//! Where there is no host of ours: the composed component in the stock command of
//! Wasmtime, and the registry component in a program of somebody else's. What is pushed has
//! the digests that the native command gives it.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::{process, thread};

use wasmtime::Engine;
use wharf_tests::environment::files_below;
use wharf_tests::programs::HELLO_P2;
use wharf_tests::proxy::{Change, Fate};
use wharf_tests::wasmtime::Wasmtime;
use wharf_tests::{Proxy, Registry, Shelf, TestEnv, digest, json as value, node};

use crate::{environment, greeting, push};

/// `wharf.wasm`, and the same compiled: that takes seconds, and is done once for all runs.
static COMPILED: LazyLock<(PathBuf, PathBuf)> = LazyLock::new(|| {
    let composed = wharf_portable::command().expect("they fit");
    // The stock command is built without `compile`, which asks for the same of its engine.
    let code = Engine::default().precompile_component(&composed);
    let code = code.expect("it compiles");
    (kept("wharf.wasm", &composed), kept("wharf.cwasm", &code))
});

/// A file that one run after the other of these tests replaces, whole.
fn kept(name: &str, content: &[u8]) -> PathBuf {
    let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let unfinished = file.with_added_extension(process::id().to_string());
    fs::write(&unfinished, content).expect("it can be written");
    fs::rename(&unfinished, &file).expect("it can be replaced");
    file
}

/// A store for `wharf.wasm`, and whom it is compared with.
struct Stage {
    env: TestEnv,
    store: PathBuf,
}

impl Stage {
    fn new() -> Self {
        let env = environment();
        let store = env.root().join("store");
        fs::create_dir(&store).expect("it can be made");
        Self { env, store }
    }

    /// The stock command with the store.
    fn stock(&self) -> Wasmtime {
        Wasmtime::compiled(&COMPILED.1).directory(&self.store, "/store")
    }

    /// The content of the store, each piece of which has to be what its name says.
    fn contents(&self) -> Vec<String> {
        let mut names = Vec::new();
        for file in files_below(&self.store.join("blobs/sha256")) {
            let name = digest(&fs::read(&file).expect("it can be read"));
            let hex = name.trim_start_matches("sha256:");
            assert_eq!(file.file_name(), Some(OsStr::new(hex)));
            names.push(name);
        }
        names
    }

    /// Nothing unfinished is left.
    fn is_tidy(&self) {
        assert_eq!(files_below(&self.store.join("ingest")), [] as [PathBuf; 0]);
    }
}

/// An application in a directory of its own.
fn application(env: &TestEnv) -> PathBuf {
    greeting("app").write(&env.work())
}

#[test]
fn the_stock_command_pushes_what_the_native_one_does() {
    let registry = Registry::start();
    let stage = Stage::new();
    let app = application(&stage.env);
    let at = registry.address();
    let native = push(&stage.env, &app, &format!("{at}/native/app:1")).digest();

    let stock = stage.stock().directory(&app, "/app");
    let pushed = Wasmtime::new(&COMPILED.0)
        .directory(&stage.store, "/store")
        .directory(&app, "/app")
        .run(&format!("push {at}/stock/app:1 -f /app"))
        .success();
    assert_eq!(pushed.digest(), native);
    let resolved = stage.env.run(&format!("registry resolve {at}/stock/app:1"));
    assert_eq!(resolved.success().digest(), native);
    assert!(stage.contents().contains(&native));
    stage.is_tidy();

    let again = stock.run(&format!("push {at}/stock/app:1 -f /app/spin.toml"));
    let again = again.success().says(&["0 sent"]);
    assert_eq!(again.digest(), native);
}

#[test]
fn the_stock_command_publishes_a_component_alone() {
    let registry = Registry::start();
    let stage = Stage::new();
    let file = stage.env.work().join("hello.wasm");
    fs::copy(HELLO_P2, &file).unwrap();
    let at = registry.address();
    let native = stage
        .env
        .run(&format!("registry push {at}/native/hello:1 hello.wasm"));
    let stock = stage.stock().directory(&stage.env.work(), "/files");
    let pushed = stock.run(&format!("push {at}/stock/hello:1 -f /files/hello.wasm"));
    assert_eq!(pushed.success().digest(), native.success().digest());
}

#[test]
fn the_stock_command_pulls_into_a_store_that_the_native_one_reads() {
    let registry = Registry::start();
    let stage = Stage::new();
    let app = application(&stage.env);
    let reference = format!("{}/app:1", registry.address());
    let native = push(&stage.env, &app, &reference).digest();

    let pulled = stage.stock().run(&format!("pull {reference}")).success();
    assert_eq!(pulled.digest(), native);
    assert!(stage.contents().contains(&native));
    stage.is_tidy();
    let again = stage.stock().run(&format!("pull {reference}"));
    let again = again.success().says(&["0 received"]);
    assert_eq!(again.digest(), native);

    // Nothing has to be asked of a registry: the name and the content are there.
    drop(registry);
    let store = stage.store.display();
    let native_command = |words: &str| stage.env.run(&format!("{words} --cache-dir {store}"));
    let listed = native_command("cache list").success();
    assert!(listed.stdout.contains(&reference), "{listed:?}");
    let _ = native_command("cache verify").success();
    let offline = native_command(&format!("registry pull --offline {reference}"));
    assert_eq!(offline.success().digest(), native);
}

#[test]
fn the_stock_command_inspects_and_copies() {
    let (registry, other) = (Registry::start(), Registry::start());
    let stage = Stage::new();
    let app = application(&stage.env);
    let (at, there) = (registry.address(), other.address());
    let native = push(&stage.env, &app, &format!("{at}/app:1")).digest();

    let shown = stage.stock().run(&format!("inspect {at}/app:1")).success();
    for part in [
        format!("Digest: {native}"),
        "application/vnd.wasm.content.layer.v1+wasm".to_owned(),
    ] {
        assert!(shown.stdout.contains(&part), "{shown:?}");
    }
    // The layers stayed where they are.
    assert!(stage.contents().len() <= 2);

    for target in [format!("{at}/copy:1"), format!("{there}/copy:1")] {
        let copied = stage.stock().run(&format!("copy {at}/app:1 {target}"));
        assert_eq!(copied.success().digest(), native);
        let resolved = stage.env.run(&format!("registry resolve {target}"));
        assert_eq!(resolved.success().digest(), native);
    }
}

#[test]
fn credentials_come_from_a_variable_or_from_docker() {
    let registry = Registry::settings().user("ann", "secret").start();
    let stage = Stage::new();
    let app = application(&stage.env);
    let reference = format!("{}/app:1", registry.address());
    let words = format!("push {reference} -f /app");
    let stock = || stage.stock().directory(&app, "/app");
    // ann:secret, ann:wrong
    let document = |auth: &str| {
        let at = registry.address();
        format!("{{\"auths\":{{\"{at}\":{{\"auth\":\"{auth}\"}}}}}}")
    };
    let (right, wrong) = (document("YW5uOnNlY3JldA=="), document("YW5uOndyb25n"));

    let _ = stock()
        .run(&words)
        .code(3)
        .says(&["error: cannot push", "401"]);
    let refused = stock().variable("DOCKER_AUTH_CONFIG", &wrong).run(&words);
    let refused = refused.code(3);
    for told in [&refused.stdout, &refused.stderr] {
        for secret in ["wrong", "YW5uOndyb25n"] {
            assert!(!told.contains(secret), "{refused:?}");
        }
    }
    let _ = stock()
        .variable("DOCKER_AUTH_CONFIG", &right)
        .run(&words)
        .success();

    let docker = stage.env.root().join("docker");
    fs::create_dir(&docker).unwrap();
    fs::write(docker.join("config.json"), &right).unwrap();
    let pull = format!("pull {reference}");
    let with_docker = || stage.stock().directory(&docker, "/docker");
    let _ = with_docker().run(&pull).success();
    // A program can't be asked, and that is not the lack of a credential.
    fs::write(docker.join("config.json"), "{\"credsStore\":\"desktop\"}").unwrap();
    let _ = with_docker()
        .run(&pull)
        .code(1)
        .says(&["docker-credential-desktop"]);
}

#[test]
fn what_goes_wrong_has_the_exit_codes_of_the_native_command() {
    let registry = Registry::start();
    let stage = Stage::new();
    let at = registry.address();
    let stock = stage.stock();
    let _ = stock.run("push").code(2).says(&["usage"]);
    let _ = stock.run("pull Not/A/Reference").code(2);
    let _ = stock
        .run(&format!("pull {at}/absent:1"))
        .code(4)
        .says(&["404"]);
    let gone = {
        let other = Registry::start();
        other.address().to_owned()
    };
    let _ = stock.run(&format!("pull {gone}/app:1")).code(5);
    let _ = stock
        .run(&format!("push {at}/app:1 -f /app"))
        .code(2)
        .says(&["/app"]);
    let help = stock.run("--help").success();
    assert!(help.stdout.contains("Exit codes"), "{help:?}");
    // Without a store there is nowhere to put anything.
    let without = Wasmtime::compiled(&COMPILED.1);
    let pulled = without.run(&format!("pull {at}/absent:1"));
    assert!(!pulled.status.success(), "{pulled:?}");
    stage.is_tidy();
}

#[test]
fn damaged_content_is_not_sent() {
    let registry = Registry::start();
    let stage = Stage::new();
    let app = greeting("app").write(&stage.env.work());
    let (at, stock) = (registry.address(), stage.stock());
    let reference = format!("{at}/app:1");
    let native = push(&stage.env, &app, &reference).digest();
    let _ = stock.run(&format!("pull {reference}")).success();
    let asset = crate::ASSET.repeat(20);
    let name = digest(asset.as_bytes());
    let file = blob(&stage.store, &name);
    fs::write(&file, asset.replace("asset", "Asset")).unwrap();

    let damaged = stock.run(&format!("push {at}/damaged:1 -f {native}"));
    let _ = damaged.code(6).says(&[&name]);
    assert!(!file.exists());
    let aside = stage.store.join("damaged").join(&name["sha256:".len()..]);
    assert!(aside.exists());
    let resolved = stage.env.run(&format!("registry resolve {at}/damaged:1"));
    let _ = resolved.code(4);
    // What was set aside is fetched again.
    let _ = stock.run(&format!("pull {reference}")).success();
    assert!(file.exists());
    let _ = stock
        .run(&format!("push {at}/damaged:1 -f {native}"))
        .success();
}

#[test]
fn damaged_content_that_goes_with_the_start_of_its_upload_is_not_sent() {
    let registry = Registry::start();
    let stage = Stage::new();
    let (at, stock) = (registry.address(), stage.stock());
    // One blob, which is the first for certain.
    let mut shelf = Shelf::new();
    let only = shelf.blob("application/octet-stream", *b"asset");
    let name = digest(b"asset");
    let manifest = value!({ "schemaVersion": 2, "config": only, "layers": [only] });
    shelf.manifest("1", manifest.to_string());
    shelf.publish(at, "one");
    let pulled = stock.run(&format!("pull {at}/one:1")).success();
    fs::write(blob(&stage.store, &name), "Asset").unwrap();

    let damaged = stock.run(&format!("push {at}/damaged:1 -f {}", pulled.digest()));
    let _ = damaged.code(6).says(&[&name]);
}

#[test]
fn what_a_registry_sends_is_verified_and_gone_on_with() {
    let registry = Registry::start();
    let stage = Stage::new();
    let app = application(&stage.env);
    let native = push(&stage.env, &app, &format!("{}/app:1", registry.address())).digest();
    let asset = digest(crate::ASSET.repeat(20).as_bytes());
    let proxied = |fate: fn(usize) -> Fate| {
        let (asset, count) = (asset.clone(), AtomicUsize::new(0));
        Proxy::with_fates(registry.address(), move |exchange| {
            if exchange.fetches_blob() && exchange.target.contains(&asset) {
                fate(count.fetch_add(1, Ordering::SeqCst))
            } else {
                Fate::Forward
            }
        })
    };
    let pull = |proxy: &Proxy| {
        stage
            .stock()
            .run(&format!("pull {}/app:1", proxy.address()))
    };
    let lies = [
        // Of the right size, and longer than it is said to be.
        |_| {
            Fate::Change(Change::new(|_, body| {
                body[0] ^= 1;
            }))
        },
        |_| {
            Fate::Change(Change::new(|head, body| {
                body.push(0);
                head.set("Content-Length", Some(&body.len().to_string()));
            }))
        },
    ];
    for lie in lies {
        let _ = pull(&proxied(lie)).code(6);
        assert!(!stage.contents().contains(&asset));
        stage.is_tidy();
    }
    // Cut off, and then all of it in place of the rest.
    let proxy = proxied(|nth| match nth {
        0 => Fate::CutAnswer(100),
        1 => Fate::Without("range"),
        _ => Fate::Forward,
    });
    assert_eq!(pull(&proxy).success().digest(), native);
    assert!(stage.contents().contains(&asset));
    let ranges = proxy.take();
    let ranges = ranges.iter().filter_map(|one| one.header("range"));
    assert_eq!(ranges.count(), 1);
    stage.is_tidy();
}

#[test]
fn a_path_begins_at_the_directory_that_is_preopened() {
    let registry = Registry::start();
    let stage = Stage::new();
    fs::copy(HELLO_P2, stage.env.work().join("hello.wasm")).unwrap();
    let stock = stage.stock().directory(&stage.env.work(), ".");
    let at = registry.address();
    let pushed = stock.run(&format!("push {at}/hello:1 -f hello.wasm"));
    let _ = pushed.success();
    let gone = stock.run(&format!("push {at}/hello:1 -f gone.wasm"));
    let _ = gone.code(2).says(&["gone.wasm"]);
}

#[test]
fn several_fill_one_store_at_a_time() {
    let registry = Registry::start();
    let stage = Stage::new();
    let app = application(&stage.env);
    let reference = format!("{}/app:1", registry.address());
    let native = push(&stage.env, &app, &reference).digest();
    thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                let pulled = stage.stock().run(&format!("pull {reference}"));
                assert_eq!(pulled.success().digest(), native);
            });
        }
    });
    assert!(stage.contents().contains(&native));
    stage.is_tidy();
}

#[test]
fn plain_wasmtime_in_rust_copies() {
    let registry = Registry::start();
    let env = environment();
    let app = application(&env);
    let at = registry.address();
    let native = push(&env, &app, &format!("{at}/app:1")).digest();
    let component = env.root().join("registry.wasm");
    fs::write(&component, wharf_portable::REGISTRY_WASM).unwrap();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let (source, target) = (format!("{at}/app:1"), format!("{at}/copy:1"));
    let copied = runtime.block_on(embed_rust::copy(&component, &source, &target));
    assert_eq!(copied.unwrap(), native);
    let resolved = env.run(&format!("registry resolve {target}"));
    assert_eq!(resolved.success().digest(), native);
    let missing = format!("{at}/absent:1");
    let error = runtime.block_on(embed_rust::copy(&component, &missing, &target));
    let error = error.unwrap_err().to_string();
    assert!(error.contains("pulling failed"), "{error}");
}

#[test]
fn node_copies() {
    let registry = Registry::start();
    let env = environment();
    let app = application(&env);
    let at = registry.address();
    let native = push(&env, &app, &format!("{at}/app:1")).digest();
    let component = env.root().join("registry.wasm");
    fs::write(&component, wharf_portable::REGISTRY_WASM).unwrap();
    let example = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/embed-node");
    let (source, target) = (format!("{at}/app:1"), format!("{at}/copy:1"));
    let words = [component.as_os_str(), source.as_ref(), target.as_ref()];
    let copied = node::run(&example, &env.root().join("node"), words).success();
    assert_eq!(copied.digest(), native);
    let resolved = env.run(&format!("registry resolve {target}"));
    assert_eq!(resolved.success().digest(), native);
    let absent = format!("{at}/absent:1");
    let words = [component.as_os_str(), absent.as_ref(), target.as_ref()];
    let missing = node::run(&example, &env.root().join("node-missing"), words);
    let _ = missing.code(1).says(&["not-found"]);
}

fn blob(store: &Path, name: &str) -> PathBuf {
    store.join("blobs/sha256").join(&name["sha256:".len()..])
}
