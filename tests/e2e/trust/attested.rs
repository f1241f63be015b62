//! Attestations, and bills of materials.

use std::fs;

use wharf_tests::{Registry, peer};

use super::{at_each_registry, author, pushed, signed};
use crate::json;

const PREDICATE: &str = r#"{"buildDefinition":{"buildType":"https://r.example/build/v1"},"runDetails":{"builder":{"id":"https://r.example/builder"}}}"#;

#[test]
fn what_is_attested_is_verified_by_both_and_is_no_signature() {
    at_each_registry(|address| {
        let env = author();
        let digest = pushed(&env, address);
        let reference = format!("{address}/app@{digest}");
        fs::write(env.work().join("p.json"), PREDICATE).unwrap();
        let attest = "registry attest --key cosign.key --type slsaprovenance1 --predicate p.json";
        let _ = env.run(&format!("{attest} {reference}")).success();

        let check = "registry verify-attestation --key cosign.pub";
        let told = env
            .run(&format!(
                "{check} --type slsaprovenance1 {reference} --format json"
            ))
            .success();
        let answer = json(&told.stdout);
        let predicates = answer["signatures"].as_array().unwrap().iter();
        let builder = "https://r.example/builder";
        assert!(
            predicates
                .filter(|it| it["outcome"] == "accepted")
                .any(|it| it["predicate"]["runDetails"]["builder"]["id"] == builder),
            "{answer:#}"
        );
        let _ = env
            .run(&format!("{check} --type cyclonedx {reference}"))
            .code(8);
        // It says something, and not that the application is signed.
        let _ = super::verify(&env, &reference).code(8);

        let verify = "verify-attestation --key cosign.pub --type slsaprovenance1 \
                      --insecure-ignore-tlog --allow-http-registry";
        let _ = peer::cosign(&env.work(), &format!("{verify} {reference}"));
        let _ = peer::cosign2(&env.work(), &format!("{verify} {reference}"));
    });
}

#[test]
fn what_cosign_attests_is_verified() {
    let registry = Registry::start();
    let address = registry.address();
    let env = author();
    let digest = pushed(&env, address);
    let reference = format!("{address}/app@{digest}");
    fs::write(env.work().join("p.json"), PREDICATE).unwrap();
    let work = env.work();
    let _ = peer::cosign(&work, "signing-config create --out sc.json");
    let attest = "attest --key cosign.key --predicate p.json --allow-http-registry --yes --type";
    let _ = peer::cosign(
        &work,
        &format!("{attest} slsaprovenance1 --signing-config sc.json {reference}"),
    );
    let _ = peer::cosign2(
        &work,
        &format!("{attest} custom --tlog-upload=false {reference}"),
    );
    let check = "registry verify-attestation --key cosign.pub --type";
    let _ = env
        .run(&format!("{check} slsaprovenance1 {reference}"))
        .success();
    let _ = env.run(&format!("{check} custom {reference}")).success();
    let _ = env.run(&format!("{check} spdx {reference}")).code(8);
}

#[test]
fn a_bill_of_materials_is_attached_and_listed() {
    let registry = Registry::start();
    let address = registry.address();
    let env = author();
    let digest = signed(&env, address);
    let reference = format!("{address}/app@{digest}");
    let bill = r#"{"bomFormat":"CycloneDX","specVersion":"1.6","components":[]}"#;
    fs::write(env.work().join("sbom.json"), bill).unwrap();
    let _ = env
        .run(&format!("registry attach --sbom sbom.json {reference}"))
        .success();
    let told = env
        .run(&format!("registry referrers {reference}"))
        .success();
    assert!(
        told.stdout.contains("application/vnd.cyclonedx+json"),
        "{}",
        told.stdout
    );
    assert!(told.stdout.contains("sigstore.bundle"), "{}", told.stdout);
    let _ = super::verify(&env, &reference).success();
    fs::write(env.work().join("sbom.json"), "{}").unwrap();
    let _ = env
        .run(&format!("registry attach --sbom sbom.json {reference}"))
        .code(2)
        .says(&["sbom.json", "CycloneDX"]);
}
