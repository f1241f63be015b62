//! Manifests and indexes: one that is taken is one thing, and names each of its blobs
//! once.
#![no_main]

mod first_line;

use std::collections::HashSet;

use libfuzzer_sys::fuzz_target;
use wharf_oci::Platform;
use wharf_oci::manifest::{Details, Manifest};

// The answer's `Content-Type` in the first line, and its body.
fuzz_target!(|answer: &[u8]| {
    let (served_as, bytes) = first_line::of(answer);
    let _ = Details::parse(bytes);
    let Ok(manifest) = Manifest::parse(bytes, served_as) else {
        return;
    };
    // What it says of itself does not contradict what it is.
    assert!(Manifest::parse(bytes, None).is_ok_and(|again| again == manifest));
    let media_type = manifest.media_type(served_as);
    match manifest {
        Manifest::Image(image) => {
            if let Ok(blobs) = image.blobs() {
                let mut seen = HashSet::new();
                assert!(blobs.iter().all(|blob| seen.insert(&blob.digest)));
                assert!(seen.contains(&image.config.digest));
            }
        }
        Manifest::Index(index) => {
            let wasm: Platform = "wasip1/wasm".parse().expect("it is a platform");
            for wanted in [None, Some(&wasm)] {
                if let Some(chosen) = index.choose(wanted) {
                    assert!(index.manifests.contains(chosen));
                }
            }
            assert_eq!(index.descriptors().count(), index.manifests.len());
        }
        _ => unreachable!("there are two kinds"),
    }
    if let Some(parsed) = Manifest::parse(bytes, Some(&media_type)).err() {
        // Only a type of its own that is not one of a manifest.
        assert!(served_as.is_none(), "{parsed}");
    }
});
