//! Log entries that are not what they should be.

use serde_json::{Value, json};

use crate::vector::{
    SIGNED, STRICT, all_wrong, altered, assert_wrong, entry, flip, json, judge, recode, replace,
};

#[test]
fn an_entry_of_another_signature_is_wrong() {
    for format in ["bundle.json", "bundle-rekor-v2.json", "bundle-v0.1.json"] {
        for other in ["again", "other-digest"] {
            let mut other = json(&format!("{other}/{format}"));
            let mut bundle = json(&format!("right/{format}"));
            *entry(&mut bundle) = entry(&mut other).clone();
            assert_wrong(format, &judge(&bundle, &STRICT), "");
        }
    }
}

#[test]
fn an_entry_that_another_log_of_the_root_made_is_as_good() {
    let mut other = json("right/bundle-rekor-v2.json");
    let mut bundle = json("right/bundle.json");
    *entry(&mut bundle) = entry(&mut other).clone();
    judge(&bundle, &STRICT).unwrap();
}

#[test]
fn an_entry_under_the_name_of_another_log_is_wrong() {
    let mut one = json("right/bundle.json");
    let mut other = json("right/bundle-rekor-v2.json");
    let ids = [&mut one, &mut other].map(|bundle| entry(bundle)["logId"].clone());
    for (bundle, id) in [(&mut one, &ids[1]), (&mut other, &ids[0])] {
        entry(bundle)["logId"] = id.clone();
        assert_wrong("v0.3", &judge(bundle, &STRICT), "is not signed by");
    }
}

#[test]
fn an_entry_of_an_unknown_log_is_wrong() {
    for format in ["bundle.json", "bundle-rekor-v2.json", "bundle-v0.1.json"] {
        let judged = judge(&json(&format!("foreign-log/{format}")), &STRICT);
        assert_wrong(format, &judged, "which the trusted root does not have");
    }
}

#[test]
fn a_signature_without_an_entry_is_wrong() {
    for format in ["bundle.json", "bundle-rekor-v2.json", "bundle-v0.1.json"] {
        let judged = judge(&json(&format!("no-log/{format}")), &STRICT);
        assert_wrong(format, &judged, "no entry in a transparency log");
    }
}

#[test]
fn a_proof_that_was_altered_is_wrong() {
    for format in ["bundle.json", "bundle-rekor-v2.json"] {
        let hashes = altered(format, |bundle| {
            flip(&mut entry(bundle)["inclusionProof"]["hashes"][0]);
        });
        all_wrong(hashes, "inclusion proof");
        let shorter = altered(format, |bundle| {
            let hashes = &mut entry(bundle)["inclusionProof"]["hashes"];
            hashes.as_array_mut().unwrap().pop();
        });
        all_wrong(shorter, "inclusion proof");
    }
    let root = altered("bundle.json", |bundle| {
        flip(&mut entry(bundle)["inclusionProof"]["rootHash"]);
    });
    all_wrong(root, "root hash");
    let size = altered("bundle.json", |bundle| {
        entry(bundle)["inclusionProof"]["treeSize"] = "9007199254740993".into();
    });
    all_wrong(size, "inclusion proof");
    let index = altered("bundle.json", |bundle| {
        entry(bundle)["inclusionProof"]["logIndex"] = "0".into();
    });
    all_wrong(index, "inclusion proof");
}

#[test]
fn a_proof_of_another_entry_is_wrong() {
    for format in ["bundle.json", "bundle-rekor-v2.json"] {
        let again = json(&format!("again/{format}"));
        let swapped = altered(format, |bundle| {
            let mut again = again.clone();
            entry(bundle)["inclusionProof"] = entry(&mut again)["inclusionProof"].clone();
        });
        all_wrong(swapped, "");
    }
}

#[test]
fn a_checkpoint_that_was_altered_is_wrong() {
    for format in ["bundle.json", "bundle-rekor-v2.json"] {
        let altered = altered(format, |bundle| {
            let envelope = &mut entry(bundle)["inclusionProof"]["checkpoint"]["envelope"];
            *envelope = envelope
                .as_str()
                .unwrap()
                .replacen(".test", ".tesu", 1)
                .into();
        });
        all_wrong(altered, "checkpoint");
    }
}

#[test]
fn a_checkpoint_of_another_log_is_wrong() {
    let other = json("foreign-log/bundle.json");
    let swapped = altered("bundle.json", |bundle| {
        let mut other = other.clone();
        entry(bundle)["inclusionProof"]["checkpoint"] =
            entry(&mut other)["inclusionProof"]["checkpoint"].clone();
    });
    all_wrong(swapped, "");
}

#[test]
fn a_proof_without_a_checkpoint_is_wrong() {
    for format in ["bundle.json", "bundle-rekor-v2.json"] {
        let removed = altered(format, |bundle| {
            entry(bundle)["inclusionProof"]
                .as_object_mut()
                .unwrap()
                .remove("checkpoint");
        });
        all_wrong(removed, "checkpoint");
    }
}

#[test]
fn a_promise_alone_is_not_enough_for_the_newer_formats() {
    let removed = altered("bundle.json", |bundle| {
        entry(bundle)
            .as_object_mut()
            .unwrap()
            .remove("inclusionProof");
    });
    all_wrong(removed, "no proof of inclusion");
}

#[test]
fn an_entry_that_is_neither_proved_nor_promised_is_wrong() {
    let removed = altered("bundle-v0.1", |bundle| {
        let entry = entry(bundle).as_object_mut().unwrap();
        entry.remove("inclusionPromise");
        entry.remove("inclusionProof");
    });
    all_wrong(removed, "no proof of inclusion");
}

#[test]
fn an_unproved_entry_beside_a_good_one_is_wrong() {
    let again = json("again/bundle.json");
    let added = altered("bundle.json", |bundle| {
        let mut again = again.clone();
        let other = entry(&mut again);
        other.as_object_mut().unwrap().remove("inclusionProof");
        let other = other.clone();
        entries(bundle).push(other);
    });
    all_wrong(added, "no proof of inclusion");
}

#[test]
fn a_promise_for_another_entry_is_wrong() {
    for format in ["bundle.json", "bundle-v0.1.json"] {
        let again = json(&format!("again/{format}"));
        let swapped = altered(format, |bundle| {
            let mut again = again.clone();
            entry(bundle)["inclusionPromise"] = entry(&mut again)["inclusionPromise"].clone();
        });
        all_wrong(swapped, "SET");
    }
}

#[test]
fn a_time_that_the_log_did_not_give_is_wrong() {
    for format in ["bundle.json", "bundle-v0.1.json"] {
        for time in [SIGNED - 1, SIGNED + 1] {
            let altered = altered(format, |bundle| {
                entry(bundle)["integratedTime"] = time.to_string().into();
            });
            all_wrong(altered, "SET");
        }
    }
}

#[test]
fn a_time_of_zero_proves_nothing() {
    let altered = altered("bundle", |bundle| {
        let entry = entry(bundle);
        if entry["inclusionPromise"].is_object() {
            entry["integratedTime"] = "0".into();
        } else {
            flip(&mut entry["canonicalizedBody"]);
        }
    });
    all_wrong(altered, "");
}

#[test]
fn a_place_that_the_log_did_not_give_is_wrong() {
    let altered = altered("bundle", |bundle| entry(bundle)["logIndex"] = "7".into());
    all_wrong(altered, "");
}

#[test]
fn an_entry_that_was_altered_is_wrong() {
    let altered = altered("bundle", |bundle| {
        recode(&mut entry(bundle)["canonicalizedBody"], |body| {
            replace(body, b"0.0.", b"0.0,");
        });
    });
    assert!(altered.iter().all(|(_, judged)| judged.is_err()));
}

#[test]
fn an_entry_that_is_there_twice_is_wrong() {
    let doubled = altered("bundle", |bundle| {
        let entry = entry(bundle).clone();
        entries(bundle).push(entry);
    });
    all_wrong(doubled, "a log entry is there twice");
}

#[test]
fn a_wrong_entry_beside_a_good_one_is_wrong() {
    let again = json("again/bundle.json");
    let added = altered("bundle.json", |bundle| {
        let mut again = again.clone();
        let other = entry(&mut again).clone();
        entries(bundle).push(other);
    });
    all_wrong(added, "");
}

#[test]
fn an_entry_of_an_unknown_kind_is_unusable() {
    for (_, judged) in altered("bundle", |bundle| {
        entry(bundle)["kindVersion"] = json!({ "kind": "rpm", "version": "0.0.1" });
    }) {
        assert!(matches!(judged, Err(wharf_keyless::Problem::Unusable(_))));
    }
}

fn entries(bundle: &mut Value) -> &mut Vec<Value> {
    bundle["verificationMaterial"]["tlogEntries"]
        .as_array_mut()
        .unwrap()
}
