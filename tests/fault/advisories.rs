//! The security advisories of the field, each with the test that shows that it does not
//! apply. Those without a test here have one elsewhere:
//!
//! | advisory | what happened there | test |
//! |---|---|---|
//! | CVE-2020-15157, GHSA-742w-89gc-8m9c | a server that the registry led to asks for the credential | here |
//! | CVE-2026-48978, GHSA-xf85-363p-868w | a realm of the registry's choice gets the credential | here; `host/lib/src/capability/grant.rs` |
//! | GHSA-jxpm-75mh-9fp7 | an upload's `Location` gets the credential | here |
//! | GHSA-vh4v-2xq2-g5cg | a redirect to another port or scheme gets the credential | here; the matrix |
//! | GHSA-whvf-jp7m-59f3, GHSA-h3wm-jjqf-8jm2 | a redirect gets the client certificate | here |
//! | GHSA-5jhf-2qmf-m8c5 | secrets in a log | here; `every_request_is_shown_and_no_secret_in_it` in `tests/e2e/transfer.rs` |
//! | GHSA-f36w-mj3v-6jqv | memory for as much as a manifest says | here |
//! | CVE-2021-41190, GHSA-mc8v-mgrf-8f4m, GHSA-77vh-xpmg-72qh, GHSA-5j5w-g665-5m35 | a manifest that is two things | here; `components/oci/src/manifest.rs` |
//! | CVE-2024-3727 | a digest that is a path | here |
//! | CVE-2020-1702, CVE-2023-25153, GHSA-259w-8hf6-59c2 | metadata without end | here |
//! | content encodings that inflate | an answer that is to be unpacked on the way | here |
//! | go-containerregistry#2440 | a name that resolves to what its number would not reach | the matrix (`MetadataByName`) |
//! | CVE-2021-21272, CVE-2021-32760, CVE-2026-50163 and others of tar files | a path or link that leads out | `host/store/src/archive/tests.rs`, `tests/e2e/layout.rs` |
//! | CVE-2025-62518 | two readings of one tar file | `a_tar_file_that_is_up_to_something_is_refused` in `host/store/src/archive/tests.rs` |
//! | CVE-2026-53488 | labels of an image that act at run time | what an application may do is in `tests/e2e/up.rs`; labels are never read |

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpListener;
use std::thread;

use wharf_tests::proxy::{Change, Exchange, Fate};
use wharf_tests::scripted::Request;
use wharf_tests::shelf::ShelvedApp;
use wharf_tests::{Answer, Authority, Output, Proxy, Registry, Server, Shelf, TestEnv, json};

use crate::world::{PASSWORD, USER};
use crate::{QUICK, environment, small_app};

/// An environment in which the user is logged in at a server.
fn logged_in(server: &str) -> TestEnv {
    let env = environment();
    let login = ["registry", "login", server, "-u", USER, "--password-stdin"];
    let login = env.command(login.into_iter().chain(["--skip-check"]));
    let _ = login.input(PASSWORD).run().success();
    env
}

fn pull(env: &TestEnv, server: &str) -> Output {
    let reference = format!("{server}/app:1");
    let words = ["registry", "pull", &reference];
    env.command(words.into_iter().chain(QUICK)).run()
}

/// The same from a server under TLS, with a certificate of this authority.
fn pull_over_tls(env: &TestEnv, server: &str, authority: &Authority) -> Output {
    let ca_file = authority.file().display().to_string();
    let reference = format!("{server}/app:1");
    let words = ["registry", "pull", &reference, "--ca-file", &ca_file];
    env.command(words.into_iter().chain(QUICK)).run()
}

/// A server of an application under a manifest of the test's own.
fn serving(shelf: Shelf) -> Server {
    Server::start(move |request| shelf.answer(request))
}

fn nobody_was_told(requests: &[Request]) {
    for request in requests {
        assert!(request.header("authorization").is_none(), "{request:?}");
        let text = String::from_utf8_lossy(&request.body);
        assert!(!text.contains(PASSWORD), "{request:?}");
        assert!(!request.target.contains(PASSWORD), "{request:?}");
    }
}

fn asks_for_a_password(request: &Request) -> Option<Answer> {
    let anonymous = request.header("authorization").is_none();
    anonymous.then(|| Answer::status(401).header("WWW-Authenticate", "Basic realm=\"r\""))
}

#[test]
fn cve_2020_15157_a_server_that_a_redirect_leads_to_asks_in_vain_for_the_credential() {
    for scheme in ["Basic realm=\"r\"", "Bearer realm=\"/token\",service=\"s\""] {
        let elsewhere =
            Server::start(move |_| Answer::status(401).header("WWW-Authenticate", scheme));
        let (url, app) = (elsewhere.url(), ShelvedApp::new());
        let server = Server::start(move |request| {
            asks_for_a_password(request).unwrap_or_else(|| {
                if request.path().contains("/blobs/") {
                    let location = format!("{url}{}", request.target);
                    return Answer::status(307).header("Location", &location);
                }
                app.shelf.answer(request)
            })
        });
        let env = logged_in(&server.address());
        let _ = pull(&env, &server.address()).code(3).says(&["401"]);
        assert!(!elsewhere.requests().is_empty());
        nobody_was_told(&elsewhere.requests());
    }
}

#[test]
fn cve_2026_48978_a_realm_without_tls_or_at_a_metadata_service_gets_no_credential() {
    let authority = Authority::new();
    let listening = Server::start(|_| Answer::content("application/json", r#"{"token":"t"}"#));
    let asking = |realm: &str| {
        let challenge = format!("Bearer realm=\"{realm}\",service=\"s\"");
        move |_: &Request| Answer::status(401).header("WWW-Authenticate", &challenge)
    };
    let plain = format!("{}/token", listening.url());
    for realm in [plain.as_str(), "https://169.254.169.254/token"] {
        let server = Server::start_tls(&authority.server(), asking(realm));
        let env = logged_in(&server.address());
        let _ = pull_over_tls(&env, &server.address(), &authority).code(7);
    }
    // The second is the first, written so that it is no number for most parsers.
    for realm in ["http://169.254.169.254/token", "http://2852039166/token"] {
        let server = Server::start(asking(realm));
        let env = logged_in(&server.address());
        let _ = pull(&env, &server.address()).code(7);
    }
    assert!(listening.requests().is_empty());
}

#[test]
fn ghsa_jxpm_75mh_9fp7_an_upload_location_at_another_origin_gets_no_credential() {
    let registry = Registry::settings().user(USER, PASSWORD).start();
    let open = Registry::settings().beside(&registry).start();
    let elsewhere = Proxy::start(open.address());
    let (from, to) = (registry.address().to_owned(), elsewhere.address());
    let front = Proxy::with_fates(registry.address(), move |exchange| {
        if exchange.method != "POST" {
            return Fate::Forward;
        }
        let (from, to) = (from.clone(), to.clone());
        Fate::Change(Change::new(move |head, _| {
            let location = head.header("location").map(|location| {
                let path = location.find("/v2/").unwrap_or_default();
                format!("http://{to}{}", &location[path..])
            });
            assert!(location.as_ref().is_none_or(|url| !url.contains(&from)));
            if location.is_some() {
                head.set("Location", location.as_deref());
            }
        }))
    });
    let env = logged_in(&front.address());
    small_app().write(&env.work());
    let reference = format!("{}/app:1", front.address());
    let _ = env
        .command(["registry", "push", &reference, "-f", "app"])
        .run()
        .success();
    assert_eq!(registry.tags("app"), ["1"]);
    let exchanges = elsewhere.take();
    assert!(exchanges.iter().any(Exchange::sends_blob));
    for exchange in exchanges {
        assert!(!exchange.authorized, "{exchange:?}");
    }
}

#[test]
fn ghsa_vh4v_2xq2_g5cg_a_redirect_from_tls_to_plain_http_is_refused() {
    let authority = Authority::new();
    let app = ShelvedApp::new();
    let plain = Server::start(|_| Answer::status(404));
    let (url, shelf) = (plain.url(), app.shelf.clone());
    let server = Server::start_tls(&authority.server(), move |request| {
        asks_for_a_password(request).unwrap_or_else(|| {
            if request.path().contains("/blobs/") {
                let location = format!("{url}{}", request.target);
                return Answer::status(307).header("Location", &location);
            }
            shelf.answer(request)
        })
    });
    let env = logged_in(&server.address());
    let _ = pull_over_tls(&env, &server.address(), &authority)
        .code(7)
        .says(&["from TLS to plain HTTP"]);
    assert!(plain.requests().is_empty());
}

#[test]
fn ghsa_whvf_jp7m_59f3_ghsa_h3wm_jjqf_8jm2_a_redirect_gets_no_client_certificate() {
    let authority = Authority::new();
    let app = ShelvedApp::new();
    let shelf = app.shelf.clone();
    let elsewhere = Server::start_asking(&authority, move |request| shelf.answer(request));
    let (url, shelf) = (elsewhere.url(), app.shelf.clone());
    let server = Server::start_asking(&authority, move |request| {
        if request.path().contains("/blobs/") {
            let location = format!("{url}{}", request.target);
            return Answer::status(307).header("Location", &location);
        }
        shelf.answer(request)
    });
    let identity = authority.client();
    let env = environment();
    let command = format!(
        "registry pull {}/app:1 --ca-file {} --cert-file {} --key-file {}",
        server.address(),
        authority.file().display(),
        identity.certificate_file.display(),
        identity.key_file.display()
    );
    let _ = env.run(&command).success();
    assert!(server.requests().iter().all(|one| one.with_certificate));
    let led_to = elsewhere.requests();
    assert_eq!(led_to.len(), 4);
    assert!(!led_to.iter().any(|one| one.with_certificate));
}

#[test]
fn ghsa_5jhf_2qmf_m8c5_what_is_shown_has_no_signed_address_and_no_token() {
    let app = ShelvedApp::new();
    let shelf = app.shelf.clone();
    let elsewhere = Server::start(move |request| match request.query("signature")[..] {
        [] => Answer::status(403),
        _ => shelf.answer(request),
    });
    let url = elsewhere.url();
    let server = Server::start(move |request| {
        if request.path() == "/token" {
            return Answer::content("application/json", r#"{"token": "tok-3n-of-ann"}"#);
        }
        if request.header("authorization").is_none() {
            let host = request.header("host").unwrap_or_default();
            let challenge = format!("Bearer realm=\"http://{host}/token\",service=\"s\"");
            return Answer::status(401).header("WWW-Authenticate", &challenge);
        }
        if request.path().contains("/blobs/") {
            let location = format!("{url}{}?signature=s1gn3d", request.target);
            return Answer::status(307).header("Location", &location);
        }
        app.shelf.answer(request)
    });
    let env = logged_in(&server.address());
    let output = env
        .run(&format!("registry pull {}/app:1 -v", server.address()))
        .success();
    assert!(output.stderr.contains(&elsewhere.address()), "{output:?}");
    for secret in [PASSWORD, "tok-3n-of-ann", "s1gn3d"] {
        assert!(!output.stderr.contains(secret), "{output:?}");
    }
}

#[test]
fn ghsa_f36w_mj3v_6jqv_a_size_in_a_manifest_takes_no_memory() {
    for size in [1_u64 << 62, 1 << 40, u64::MAX] {
        let mut app = ShelvedApp::new();
        app.manifest["layers"][1]["size"] = size.into();
        app.shelf.manifest("1", app.manifest.to_string());
        let server = serving(app.shelf);
        let env = environment();
        let output = pull(&env, &server.address());
        assert!(!output.status.success(), "{output:?}");
        assert!(output.peak_memory < MOST_MEMORY, "{output:?}");
        let _ = output.says(&[]);
        assert!(env.blob(&app.asset).is_none());
    }
}

#[test]
fn cve_2021_41190_a_manifest_that_is_two_things_is_refused() {
    let app = ShelvedApp::new();
    let mut both = app.manifest.clone();
    both["manifests"] = json!([]);
    let mut contradicting = app.manifest.clone();
    contradicting["mediaType"] = "application/vnd.oci.image.index.v1+json".into();
    for manifest in [both, contradicting] {
        let mut shelf = app.shelf.clone();
        let digest = shelf.manifest("1", manifest.to_string());
        let server = serving(shelf);
        let env = environment();
        let _ = pull(&env, &server.address()).code(5);
        assert!(env.blob(&digest).is_none());
    }
    // Served as another thing than it looks like.
    let shelf = app.shelf.clone();
    let server = Server::start(move |request| {
        let mut answer = shelf.answer(request);
        for (name, value) in &mut answer.headers {
            if name == "Content-Type" && request.path().contains("/manifests/") {
                "application/vnd.oci.image.index.v1+json".clone_into(value);
            }
        }
        answer
    });
    let env = environment();
    let _ = pull(&env, &server.address())
        .code(5)
        .says(&["was served as"]);
}

#[test]
fn cve_2024_3727_a_digest_that_is_a_path_is_refused() {
    for digest in [
        "sha256:../../../../x",
        "sha256:/etc/passwd",
        "../x",
        "sha256:44136fa3/../x",
    ] {
        let mut app = ShelvedApp::new();
        app.manifest["layers"][1]["digest"] = digest.into();
        app.shelf.manifest("1", app.manifest.to_string());
        let server = serving(app.shelf);
        let env = environment();
        let output = pull(&env, &server.address());
        assert!(!output.status.success(), "{output:?}");
        let asked = server.requests();
        assert!(asked.iter().all(|one| !one.path().contains("/blobs/")));
    }
}

#[test]
fn cve_2020_1702_cve_2023_25153_metadata_without_end_is_not_read_to_its_end() {
    // A body, and headers, that go on for as long as someone listens.
    for head in [
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n",
        "HTTP/1.1 200 OK\r\n",
    ] {
        let listener = TcpListener::bind("127.0.0.1:0").expect("loopback has a free port");
        let server = listener.local_addr().expect("it was bound").to_string();
        let serving = thread::spawn(move || {
            for connection in listener.incoming().flatten() {
                let mut request = BufReader::new(&connection);
                let mut line = String::new();
                while request.read_line(&mut line).is_ok_and(|length| length > 2) {
                    line.clear();
                }
                let mut answer = &connection;
                let mut sent = answer.write_all(head.as_bytes());
                while sent.is_ok() {
                    sent =
                        answer.write_all("X-Filler: 0123456789abcdef\r\n".repeat(1000).as_bytes());
                }
            }
        });
        let env = environment();
        let output = pull(&env, &server);
        assert!(matches!(output.status.code(), Some(5 | 7)), "{output:?}");
        assert!(output.peak_memory < MOST_MEMORY, "{output:?}");
        let _ = output.says(&[]);
        // It waits for connections until the tests end.
        drop(serving);
    }
}

#[test]
fn no_answer_is_to_be_unpacked_on_the_way() {
    let app = ShelvedApp::new();
    let shelf = app.shelf.clone();
    let server = Server::start(move |request| {
        let answer = shelf.answer(request);
        if request.path().contains("/blobs/") {
            // A lie, or it was asked for.
            return answer.header("Content-Encoding", "gzip");
        }
        answer
    });
    let env = environment();
    let _ = pull(&env, &server.address()).success();
    env.verify_store();
    for request in server.requests() {
        let accepted = request.header("accept-encoding").unwrap_or("identity");
        assert_eq!(accepted, "identity", "{request:?}");
    }
}

/// Far more than a pull needs, in bytes.
const MOST_MEMORY: u64 = 200 << 20;
