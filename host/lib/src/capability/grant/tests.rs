//! What follows from what, and what does not.

use super::*;
use wharf_oci::request::VERSION_PATH;

fn url(text: &str) -> Url {
    text.parse().unwrap()
}

/// An address of the protocol at a registry.
fn api(origin: &str, rest: &str) -> String {
    format!("{origin}{VERSION_PATH}{rest}")
}

fn grants(access: Access) -> Grants {
    let repository = Some("a/b".parse().unwrap());
    Grants::new(&"r.example".parse().unwrap(), repository, access, &[true])
}

fn headers(name: HeaderName, value: &str) -> HeaderMap {
    HeaderMap::from_iter([(name, value.parse().unwrap())])
}

const DIGEST: &str = "sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a";

#[test]
fn the_registry_is_granted_for_what_the_call_is_about() {
    let reading = grants(Access::Read);
    let granted = |method: &str, address: &str| reading.check(method, &url(address));
    let registry = Ok(Purpose::Registry);
    assert_eq!(granted("GET", &api("https://r.example", "")), registry);
    assert_eq!(
        granted("HEAD", &api("https://r.example", "a/b/manifests/v1")),
        registry
    );
    let blob = api("https://r.example", &format!("a/b/blobs/{DIGEST}"));
    assert_eq!(granted("GET", &blob), registry);
    for (method, address) in [
        ("GET", api("https://r.example", "a/c/manifests/v1")),
        ("GET", api("https://r.example", "_catalog")),
        ("GET", "https://r.example/".to_owned()),
        ("GET", api("https://r.example", "a/b/manifests/v1?leak=x")),
        ("POST", api("https://r.example", "a/b/blobs/uploads/")),
        ("PUT", api("https://r.example", "a/b/manifests/v1")),
        ("GET", api("http://r.example", "a/b/manifests/v1")),
        ("GET", api("https://r.example:444", "a/b/manifests/v1")),
        ("GET", api("https://r.example.evil", "a/b/manifests/v1")),
        ("GET", api("https://127.0.0.1", "a/b/manifests/v1")),
    ] {
        assert!(granted(method, &address).is_err(), "{method} {address}");
    }
    let writing = grants(Access::Write);
    let start = url(&api("https://r.example", "a/b/blobs/uploads/"));
    assert_eq!(writing.check("POST", &start), registry);
    let mount = format!("{start}?mount={DIGEST}&from=c");
    assert!(writing.check("POST", &url(&mount)).is_err());
    let copying = grants(Access::Write).and_from(vec!["c".parse().unwrap()]);
    assert_eq!(copying.check("POST", &url(&mount)), registry);
    let tag = |repository: &str| url(&api("https://r.example", repository));
    assert_eq!(copying.check("GET", &tag("c/manifests/v1")), registry);
    assert!(copying.check("PUT", &tag("c/manifests/v1")).is_err());
    assert!(copying.check("GET", &tag("d/manifests/v1")).is_err());
    let check = grants(Access::Check);
    assert!(
        check
            .check("GET", &url(&api("https://r.example", "")))
            .is_ok()
    );
    assert!(check.check("GET", &url(&blob)).is_err());
}

#[test]
fn a_realm_is_granted_by_a_challenge_of_the_registry() {
    let realm = "https://t.example/token?service=x&scope=y";
    let challenge = r#"Bearer realm="https://t.example/token",service="x""#;
    let challenge = headers(header::WWW_AUTHENTICATE, challenge);
    let mut grants = grants(Access::Read);
    assert!(grants.check("GET", &url(realm)).is_err());
    let asked = url(&api("https://r.example", ""));
    let mut learn = |purpose| {
        grants.learn(purpose, "GET", &asked, StatusCode::UNAUTHORIZED, &challenge);
        grants.check("GET", &url(realm))
    };
    assert!(learn(Purpose::Redirect).is_err());
    assert!(learn(Purpose::Token).is_err());
    assert_eq!(learn(Purpose::Registry), Ok(Purpose::Token));
    assert!(grants.check("PUT", &url(realm)).is_err());
    assert!(
        grants
            .check("GET", &url("https://t.example/other"))
            .is_err()
    );
}

#[test]
fn a_realm_without_tls_is_not_granted_by_a_registry_with_it() {
    let mut grants = grants(Access::Read);
    for realm in ["http://t.example/token", "https://127.0.0.1/token"] {
        let challenge = headers(
            header::WWW_AUTHENTICATE,
            &format!(r#"Bearer realm="{realm}""#),
        );
        let asked = url(&api("https://r.example", ""));
        let status = StatusCode::UNAUTHORIZED;
        grants.learn(Purpose::Registry, "GET", &asked, status, &challenge);
        assert!(grants.check("GET", &url(realm)).is_err(), "{realm}");
    }
}

#[test]
fn one_address_is_read_and_where_it_redirects() {
    let mut grants = Grants::to_read(&url("https://e.example/a.wasm?x=1"));
    let read = Ok(Purpose::Redirect);
    for method in ["GET", "HEAD"] {
        let address = url("https://e.example/a.wasm?x=1");
        assert_eq!(grants.check(method, &address), read);
    }
    for (method, address) in [
        ("POST", "https://e.example/a.wasm?x=1".to_owned()),
        ("GET", "https://e.example/a.wasm".to_owned()),
        ("GET", "https://e.example/a.wasm?x=2".to_owned()),
        ("GET", "http://e.example/a.wasm?x=1".to_owned()),
        ("GET", "https://e.example:8443/a.wasm?x=1".to_owned()),
        ("GET", api("https://e.example", "")),
    ] {
        assert!(grants.check(method, &url(&address)).is_err(), "{address}");
    }
    let found = StatusCode::FOUND;
    let from = url("https://e.example/a.wasm?x=1");
    let mut lead = |to: &str| {
        let there = headers(header::LOCATION, to);
        grants.learn(Purpose::Redirect, "GET", &from, found, &there);
        grants.check("GET", &url(to))
    };
    assert_eq!(lead("https://b.example/a"), read);
    assert!(lead("http://b.example/a").is_err());
    let challenge = r#"Bearer realm="https://t.example/token""#;
    let challenge = headers(header::WWW_AUTHENTICATE, challenge);
    let unauthorized = StatusCode::UNAUTHORIZED;
    grants.learn(Purpose::Redirect, "GET", &from, unauthorized, &challenge);
    assert!(
        grants
            .check("GET", &url("https://t.example/token"))
            .is_err()
    );
}

#[test]
fn a_redirect_grants_one_address_to_read() {
    let mut grants = grants(Access::Write);
    let asked = url(&api("https://r.example", "a/b/manifests/v1"));
    let target = "https://s3.example/blob?signature=1";
    let found = StatusCode::TEMPORARY_REDIRECT;
    let answer = headers(header::LOCATION, target);
    grants.learn(Purpose::Registry, "PUT", &asked, found, &answer);
    assert!(grants.check("GET", &url(target)).is_err());
    grants.learn(Purpose::Registry, "GET", &asked, found, &answer);
    assert_eq!(grants.check("GET", &url(target)), Ok(Purpose::Redirect));
    assert!(grants.check("PUT", &url(target)).is_err());
    for other in [
        "https://s3.example/blob?signature=2",
        "https://s3.example/blob",
        "https://s3.example/other?signature=1",
        "http://s3.example/blob?signature=1",
    ] {
        assert!(grants.check("GET", &url(other)).is_err(), "{other}");
    }
    let own = "https://r.example/storage/blob?signature=1";
    assert!(grants.check("GET", &url(own)).is_err());
    let answer = headers(header::LOCATION, own);
    grants.learn(Purpose::Registry, "GET", &asked, found, &answer);
    assert_eq!(grants.check("GET", &url(own)), Ok(Purpose::Registry));
    assert!(grants.check("PUT", &url(own)).is_err());
    let other = url(&api("https://r.example", "a/c/manifests/v1"));
    let answer = headers(header::LOCATION, &other.to_string());
    grants.learn(Purpose::Registry, "GET", &asked, found, &answer);
    assert!(grants.check("GET", &other).is_err());
    let plain = headers(header::LOCATION, "http://s3.example/blob");
    grants.learn(Purpose::Registry, "GET", &asked, found, &plain);
    assert!(grants.check("GET", &url("http://s3.example/blob")).is_err());
}

#[test]
fn only_a_deleting_call_deletes_and_it_uploads_nothing() {
    let registry = Ok(Purpose::Registry);
    let manifest = url(&api("https://r.example", "a/b/manifests/v1"));
    let upload = url(&api("https://r.example", "a/b/blobs/uploads/"));
    let other = url(&api("https://r.example", "a/c/manifests/v1"));
    for access in [Access::Read, Access::Write] {
        assert!(grants(access).check("DELETE", &manifest).is_err());
    }
    let deleting = grants(Access::Delete);
    assert_eq!(deleting.check("DELETE", &manifest), registry);
    assert_eq!(deleting.check("PUT", &manifest), registry);
    assert!(deleting.check("DELETE", &other).is_err());
    assert!(deleting.check("POST", &upload).is_err());
}

#[test]
fn a_next_page_is_granted_when_the_registry_names_it() {
    let mut grants = grants(Access::Read);
    let first = url(&api("https://r.example", "a/b/tags/list?n=1000"));
    let next = url(&api("https://r.example", "a/b/tags/list?page=2"));
    assert_eq!(grants.check("GET", &first), Ok(Purpose::Registry));
    assert!(grants.check("GET", &next).is_err());
    let mut learn = |link: &str| {
        let answer = headers(header::LINK, &format!("<{link}>; rel=\"next\""));
        grants.learn(Purpose::Registry, "GET", &first, StatusCode::OK, &answer);
        link.parse().map(|url| grants.check("GET", &url))
    };
    for elsewhere in [
        api("https://r.example", "a/c/tags/list?page=2"),
        api("https://r.example", "a/b/manifests/v1?page=2"),
        api("https://other.example", "a/b/tags/list?page=2"),
        "https://r.example/other".to_owned(),
    ] {
        assert!(learn(&elsewhere).unwrap().is_err(), "{elsewhere}");
    }
    assert_eq!(
        learn(&format!("https://r.example{}", next.path_and_query())),
        Ok(Ok(Purpose::Registry))
    );
}

#[test]
fn an_upload_session_may_be_elsewhere() {
    let mut grants = grants(Access::Write);
    let asked = url(&api("https://r.example", "a/b/blobs/uploads/"));
    let answer = headers(header::LOCATION, "https://up.example/session?state=1");
    let session = url("https://up.example/session?state=2&digest=x");
    assert!(grants.check("PUT", &session).is_err());
    let accepted = StatusCode::ACCEPTED;
    grants.learn(Purpose::Registry, "POST", &asked, accepted, &answer);
    assert_eq!(grants.check("PUT", &session), Ok(Purpose::ForeignUpload));
    assert!(grants.check("POST", &session).is_err());
    let other = url("https://up.example/other");
    assert!(grants.check("PUT", &other).is_err());
}

#[test]
fn an_upload_that_is_asked_about_may_have_moved() {
    let mut grants = grants(Access::Write);
    let asked = url(&api("https://r.example", "a/b/blobs/uploads/1"));
    let answer = headers(header::LOCATION, "https://up.example/session");
    let session = url("https://up.example/session");
    // Only an answer without content is one about an upload.
    grants.learn(Purpose::Registry, "GET", &asked, StatusCode::OK, &answer);
    assert!(grants.check("PATCH", &session).is_err());
    let told = StatusCode::NO_CONTENT;
    grants.learn(Purpose::Registry, "GET", &asked, told, &answer);
    assert_eq!(grants.check("PATCH", &session), Ok(Purpose::ForeignUpload));
    let mut reading = super::tests::grants(Access::Read);
    reading.learn(Purpose::Registry, "GET", &asked, told, &answer);
    assert!(reading.check("PATCH", &session).is_err());
}

#[test]
fn a_file_of_a_mirror_is_read_where_it_is_and_where_it_redirects() {
    let asked = url("https://m.example/1.root.json");
    let elsewhere = url("https://cdn.example/1.root.json");
    let mut grants = Grants::to_refresh(&asked);
    assert_eq!(grants.check("GET", &asked), Ok(Purpose::TrustedRoot));
    for (method, address) in [
        ("POST", &asked),
        ("GET", &url("https://m.example/2.root.json")),
        ("GET", &elsewhere),
    ] {
        assert!(grants.check(method, address).is_err(), "{method} {address}");
    }
    let location = headers(header::LOCATION, "https://cdn.example/1.root.json");
    grants.learn(
        Purpose::TrustedRoot,
        "GET",
        &asked,
        StatusCode::FOUND,
        &location,
    );
    assert_eq!(grants.check("GET", &elsewhere), Ok(Purpose::Redirect));
}
