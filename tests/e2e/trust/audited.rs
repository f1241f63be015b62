//! The audit of what is signed and verified: nothing gets into the store untold.

use std::collections::BTreeSet;
use std::fs;

use wharf_tests::{ReferrersRegistry, Registry, TestEnv};

use super::{author, know, signed};
use crate::{environment, greeting, json};

/// All that the store has, and under which names, an audit told of.
fn accounts_for_all(env: &TestEnv, file: &str) {
    let lines = crate::audit::checked(env, file);
    let told = |field: &str| -> BTreeSet<String> {
        let granted = lines
            .iter()
            .filter(|line| line["event"] == "store" && line["decision"] == "granted");
        let values = granted.filter_map(|line| line[field].as_str());
        values.map(str::to_owned).collect()
    };
    let (digests, names) = (told("digest"), told("name"));
    let blobs = env.blobs();
    assert!(!blobs.is_empty());
    for blob in blobs {
        let hex = blob.file_name().unwrap_or_default().to_string_lossy();
        let digest = format!("sha256:{hex}");
        assert!(digests.contains(&digest), "{digest} was told of nowhere");
    }
    let listed = json(&env.run("cache list --format json").success().stdout);
    let listed = listed["names"].as_array().expect("they are a list");
    assert!(!listed.is_empty());
    for name in listed.iter().filter_map(|row| row["name"].as_str()) {
        assert!(names.contains(name), "{name} was told of nowhere");
    }
}

fn all_is_told_of(address: &str) {
    let maker = author();
    greeting("app").write(&maker.work());
    let reference = format!("{address}/told:1");
    let _ = maker
        .run(&format!(
            "registry push {reference} --tag latest -f app --sign --key cosign.key --generate-sbom \
             --audit a.jsonl"
        ))
        .success();
    accounts_for_all(&maker, "a.jsonl");

    // Of somebody else's: there is nothing in the store yet.
    let digest = signed(&maker, address);
    let second = author();
    fs::write(second.work().join("predicate"), "{}").expect("it can be written");
    for line in [
        format!("registry sign {address}/app@{digest} --key cosign.key"),
        format!(
            "registry attest {address}/app:1 --key cosign.key --predicate predicate --type https://t.example/x"
        ),
    ] {
        let _ = second.run(&format!("{line} --audit a.jsonl")).success();
    }
    accounts_for_all(&second, "a.jsonl");

    let user = environment();
    know(&user, &maker);
    let pull = format!("registry pull {address}/app:1 --key cosign.pub --audit a.jsonl");
    let _ = user.run(&pull).success();
    accounts_for_all(&user, "a.jsonl");
}

#[test]
fn all_that_is_stored_is_told_of() {
    all_is_told_of(Registry::start().address());
    all_is_told_of(ReferrersRegistry::start().address());
}
