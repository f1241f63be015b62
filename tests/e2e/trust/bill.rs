//! Bills of materials that a push makes.

use std::ffi::OsStr;

use wharf_tests::{Json, Output, Registry, TestEnv, http, peer};

use super::{at_each_registry, author};
use crate::{greeting, json};

const CYCLONEDX: &str = "application/vnd.cyclonedx+json";

/// Pushes an application as `app:1` with a bill, and tells what was answered.
fn pushed(env: &TestEnv, address: &str, options: &str) -> Json {
    json(&push(env, address, options).success().stdout)
}

fn push(env: &TestEnv, address: &str, options: &str) -> Output {
    let app = env.work().join("app");
    if !app.exists() {
        greeting("app").write(&env.work());
    }
    let line = format!("registry push {address}/app:1 --generate-sbom --format json {options} -f");
    let arguments = line.split_whitespace().map(OsStr::new);
    env.command(arguments.chain([app.as_os_str()])).run()
}

/// The bill of a push, as the registry has it.
fn published(address: &str, answer: &Json) -> String {
    let get = |what: &str, digest: &Json| {
        let digest = digest.as_str().expect("it is a digest");
        let url = format!("http://{address}/v2/app/{what}/{digest}");
        let accept = [("Accept", "application/vnd.oci.image.manifest.v1+json, */*")];
        let answer = http::request("GET", &url, &accept, b"").expect("it answers");
        assert_eq!(answer.status, 200, "{url}");
        answer.text()
    };
    let manifest = json(&get("manifests", &answer["sbom"]["manifests"][0]));
    assert_eq!(manifest["artifactType"], CYCLONEDX, "{manifest:#}");
    assert_eq!(manifest["subject"]["digest"], answer["digest"]);
    let layer = &manifest["layers"][0]["digest"];
    assert_eq!(*layer, answer["sbom"]["digest"]);
    get("blobs", layer)
}

#[test]
fn a_push_attaches_what_the_application_is_made_of() {
    at_each_registry(|address| {
        let env = author();
        let answer = pushed(&env, address, "");
        assert_eq!(answer["sbom"]["signed"], false, "{answer:#}");
        let bill = json(&published(address, &answer));
        assert_eq!(bill["bomFormat"], "CycloneDX");
        assert_eq!(bill["specVersion"], "1.6");
        assert_eq!(bill.get("serialNumber"), None);
        assert_eq!(bill["metadata"].get("timestamp"), None);
        let app = &bill["metadata"]["component"];
        assert_eq!(app["name"], "app");
        assert_eq!(app["type"], "application");
        let digest = answer["digest"].as_str().expect("it is a digest");
        assert_eq!(app["hashes"][0]["content"], digest.replace("sha256:", ""));
        let purl = app["purl"].as_str().expect("it has one");
        assert!(
            purl.starts_with(&format!("pkg:oci/app@{}", digest.replace(':', "%3A"))),
            "{purl}"
        );
        let component = &bill["components"][0];
        assert_eq!(component["name"], "hello");
        let wasm = std::fs::read(wharf_tests::programs::HELLO_P2).expect("it was built");
        let hash = wharf_tests::digest(&wasm).replace("sha256:", "");
        assert_eq!(component["hashes"][0]["content"], hash, "{bill:#}");
        // The compiler says who it is.
        assert!(bill.to_string().contains("rustc"), "{bill:#}");
        let needed = bill["dependencies"].as_array().expect("it is a list");
        let app = needed.iter().find(|it| it["ref"] == app["bom-ref"]);
        assert_eq!(
            app.expect("it is there")["dependsOn"][0],
            component["bom-ref"]
        );
        references_lead_somewhere(&bill);
        let told = env.run(&format!("registry referrers {address}/app:1"));
        // Not every registry that lists tells the kind.
        let manifest = answer["sbom"]["manifests"][0].as_str().expect("it is one");
        assert!(told.success().stdout.contains(manifest));
    });
}

/// Each component has a reference of its own, and what is needed is there.
fn references_lead_somewhere(bill: &Json) {
    fn add(component: &Json, all: &mut Vec<String>) {
        let reference = component["bom-ref"].as_str().expect("it has one");
        all.push(reference.to_owned());
        for within in component["components"].as_array().into_iter().flatten() {
            add(within, all);
        }
    }
    let mut all = Vec::new();
    add(&bill["metadata"]["component"], &mut all);
    for component in bill["components"].as_array().expect("it is a list") {
        add(component, &mut all);
    }
    let mut once = all.clone();
    once.sort();
    once.dedup();
    assert_eq!(once.len(), all.len(), "{bill:#}");
    for dependency in bill["dependencies"].as_array().expect("it is a list") {
        let needed = dependency["dependsOn"].as_array();
        for reference in needed.into_iter().flatten().chain([&dependency["ref"]]) {
            let reference = reference.as_str().expect("it is a text");
            assert!(
                all.iter().any(|it| it == reference),
                "{reference}: {bill:#}"
            );
        }
    }
}

#[test]
fn pushed_twice_it_is_the_same_bill() {
    let registry = Registry::start();
    let address = registry.address();
    let (one, other) = (author(), author());
    let first = pushed(&one, address, "");
    let again = pushed(&one, address, "");
    assert_eq!(first["sbom"], again["sbom"]);
    assert_eq!(pushed(&other, address, "")["sbom"], first["sbom"]);
    let referrers = one.run(&format!("registry referrers {address}/app:1 --format json"));
    let referrers = json(&referrers.success().stdout);
    assert_eq!(referrers["referrers"].as_array().map(Vec::len), Some(1));
    // A time is said when one is given.
    let dated = author().variable("SOURCE_DATE_EPOCH", "86400");
    let bill = published(address, &pushed(&dated, address, ""));
    assert_eq!(json(&bill)["metadata"]["timestamp"], "1970-01-02T00:00:00Z");
}

#[test]
fn a_push_that_signs_attests_it() {
    at_each_registry(|address| {
        let env = author();
        let answer = pushed(&env, address, "--sign --key cosign.key");
        assert_eq!(answer["sbom"]["signed"], true, "{answer:#}");
        let reference = format!("{address}/app:1");
        let check = "--key cosign.pub --type cyclonedx";
        let told = env.run(&format!(
            "registry verify-attestation {check} {reference} --format json"
        ));
        let told = json(&told.success().stdout);
        let signatures = told["signatures"].as_array().expect("it is a list").iter();
        let signatures: Vec<_> = signatures
            .filter(|it| it["outcome"] == "accepted")
            .collect();
        // In both formats, and the same in each.
        assert_eq!(signatures.len(), 2, "{told:#}");
        for signature in signatures {
            assert_eq!(signature["predicate"]["bomFormat"], "CycloneDX");
            assert_eq!(signature["predicate"]["components"][0]["name"], "hello");
        }
        let _ = super::verify(&env, &reference).success();
        let verify = format!(
            "verify-attestation {check} --insecure-ignore-tlog --allow-http-registry {reference}"
        );
        let _ = peer::cosign(&env.work(), &verify);
        let _ = peer::cosign2(&env.work(), &verify);
        // What it says does not depend on who signs it.
        let other = author();
        let unsigned = pushed(&other, address, "");
        assert_eq!(unsigned["sbom"]["digest"], answer["sbom"]["digest"]);
    });
}

#[test]
fn tags_are_set_when_the_bill_is_there() {
    let registry = Registry::start();
    let proxy = wharf_tests::Proxy::start(registry.address());
    let env = author();
    let answer = pushed(&env, &proxy.address(), "--tag latest");
    let manifest = answer["sbom"]["manifests"][0].as_str().expect("it is one");
    let set: Vec<_> = proxy
        .take()
        .into_iter()
        .filter(|one| one.method == "PUT" && one.target.contains("/manifests/"))
        .map(|one| one.target)
        .collect();
    let at = |what: &str| {
        let place = set.iter().position(|target| target.ends_with(what));
        place.unwrap_or_else(|| panic!("{what} is not in {set:#?}"))
    };
    assert!(at(manifest) < at("/1"), "{set:#?}");
    assert!(at(manifest) < at("/latest"), "{set:#?}");
}

#[test]
fn a_single_component_has_a_bill_too() {
    let registry = Registry::start();
    let address = registry.address();
    let env = author();
    std::fs::copy(
        wharf_tests::programs::HELLO_P2,
        env.work().join("hello.wasm"),
    )
    .expect("it can be copied");
    let push = format!("registry push {address}/app:1 --generate-sbom --format json -f hello.wasm");
    let answer = json(&env.run(&push).success().stdout);
    let bill = json(&published(address, &answer));
    assert_eq!(bill["metadata"]["component"]["name"], "hello");
    assert_eq!(bill["components"].as_array().map(Vec::len), Some(1));
    references_lead_somewhere(&bill);
}

#[test]
fn a_bill_of_what_is_not_sent_is_a_mistake() {
    let env = author();
    let _ = push(&env, "localhost:1", "--dry-run").code(2);
}
