//! Whatever is sent, nothing panics, and nothing is accepted but what was signed.

use proptest::prelude::*;
use wharf_signature::making;
use wharf_signature::{Evidence, Format};

use crate::sample::*;

/// Bytes with some of them changed, added or removed.
fn mutated(bytes: &[u8], changes: &[(usize, u8, u8)]) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    for (place, byte, how) in changes {
        let place = place % bytes.len().max(1);
        match how % 4 {
            0 if place < bytes.len() => bytes[place] = *byte,
            1 => bytes.insert(place.min(bytes.len()), *byte),
            2 if place < bytes.len() => drop(bytes.remove(place)),
            _ => bytes.truncate(place.max(1)),
        }
    }
    bytes
}

fn changes() -> impl Strategy<Value = Vec<(usize, u8, u8)>> {
    let byte = prop_oneof![
        any::<u8>(),
        proptest::sample::select(b"{}[]\":,\\0aA/+=".to_vec())
    ];
    proptest::collection::vec((any::<usize>(), byte, any::<u8>()), 1..4)
}

proptest! {
    #[test]
    fn a_changed_bundle_says_the_same_or_is_refused(changes in changes()) {
        let key = Key::new(1);
        let signed = key.signed(&statement(subject()), Format::Bundle);
        let bundle = making::bundle(&signed, &key.proof()).unwrap();
        let found = finding(Evidence::Bundle(mutated(&bundle, &changes)), &us(&key));
        if is_accepted(&found) {
            prop_assert_eq!(found.payload, Some(signed.payload));
        }
    }

    #[test]
    fn a_changed_manifest_says_the_same_or_is_refused(changes in changes()) {
        let key = Key::new(1);
        let artifact = key.beside(None, &statement(subject()));
        let payload = artifact.blobs[1].clone();
        let evidence = manifest(mutated(&artifact.manifest, &changes), &[&payload]);
        for found in verdict(&[evidence], &us(&key)).findings {
            if is_accepted(&found) {
                prop_assert_eq!(found.payload, Some(payload.clone()));
            }
        }
    }

    #[test]
    fn a_changed_payload_is_refused(changes in changes()) {
        let key = Key::new(1);
        let artifact = key.beside(None, &statement(subject()));
        let payload = mutated(&artifact.blobs[1], &changes);
        let whole = String::from_utf8(artifact.manifest.clone()).unwrap();
        let renamed = whole.replace(digest(&artifact.blobs[1]).as_str(), digest(&payload).as_str());
        let renamed = renamed.replace(&format!("\"size\":{}", artifact.blobs[1].len()), &format!("\"size\":{}", payload.len()));
        let found = verdict(&[manifest(renamed, &[&payload])], &us(&key));
        prop_assert_eq!(found.satisfied, payload == artifact.blobs[1]);
    }

    #[test]
    fn adding_to_what_is_there_never_panics(changes in changes()) {
        let key = Key::new(1);
        let signed = key.signed(&statement(subject()), Format::Legacy);
        let there = mutated(&vector("sig.json"), &changes);
        if let Ok(artifact) = making::legacy_artifact(Some(&there), &signed, &key.proof()) {
            let verdict = verdict(&[evidence(&artifact)], &us(&key));
            prop_assert!(verdict.satisfied, "what was added counts");
        }
    }

    #[test]
    fn a_changed_bundle_is_attached_as_what_it_is_or_not_at_all(changes in changes()) {
        let bundle = mutated(&vector("p256.bundle.json"), &changes);
        if let Ok(artifact) = making::bundle_artifact(&subject(), &bundle, Some(NOW)) {
            prop_assert_eq!(&artifact.blobs[1], &bundle);
        }
    }

    #[test]
    fn no_key_panics(changes in changes(), key in 0usize..5) {
        let key = ["p256.pub", "p384.pub", "p521.pub", "rsa.pub", "ed25519.pub"][key];
        let pem = mutated(&vector(key), &changes);
        let _ = wharf_signature::check(&any_of(&[by_key("us", &String::from_utf8_lossy(&pem))]));
    }
}
