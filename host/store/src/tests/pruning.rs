//! Making room.

use std::time::{Duration, UNIX_EPOCH};

use wharf_oci::Descriptor;

use super::{Place, bytes, describe, image, index, ingest};
use crate::{Count, Pruned};

/// Makes everything look as if it was last used this long after 1970.
fn age(place: &Place, target: &Descriptor, days: u64) {
    let time = UNIX_EPOCH + Duration::from_hours(24 * days);
    let file = std::fs::File::open(place.path_of(target)).unwrap();
    file.set_modified(time).unwrap();
    let path = place.directory.path().join("index.json");
    let mut table: serde_json::Value =
        serde_json::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap();
    for entry in table["manifests"].as_array_mut().unwrap() {
        if entry["digest"] == target.digest.as_str() {
            entry["annotations"]["dev.wharf.seen"] = crate::time::rfc3339(time).into();
        }
    }
    std::fs::write(&path, table.to_string()).unwrap();
}

fn named(pruned: &Pruned) -> Vec<&str> {
    let names = pruned.names.iter();
    names.filter_map(|name| name.name.as_deref()).collect()
}

fn is_whole(place: &Place, manifest: &Descriptor) -> bool {
    let closure = place.store.closure(&manifest.digest).unwrap();
    closure.whole().is_ok()
}

/// Two applications that share a layer, the first one used longer ago.
fn two(place: &Place) -> (Descriptor, Descriptor) {
    let old = image(&place.store, &[b"shared", &bytes(5000, 1)], None);
    let new = image(&place.store, &[b"shared", &bytes(3000, 2)], None);
    place.store.set_name("r.example/new:1", &new).unwrap();
    place.store.set_name("r.example/old:1", &old).unwrap();
    age(place, &old, 10);
    age(place, &new, 20);
    (old, new)
}

#[test]
fn what_no_name_leads_to_goes() {
    let place = Place::new();
    let (old, new) = two(&place);
    let nameless = image(&place.store, &[b"nameless"], None);
    let begun = ingest(&place.store, &describe(&bytes(1000, 3)));
    begun.writer(0).unwrap().write(&bytes(600, 3)).unwrap();
    drop(begun);
    std::fs::write(place.directory.path().join("damaged/x"), "12345").unwrap();

    let would = place.store.prune(None, true).unwrap();
    assert!(is_whole(&place, &nameless));
    let pruned = place.store.prune(None, false).unwrap();
    assert_eq!(pruned, would);
    assert!(pruned.names.is_empty());
    let blobs = Count {
        pieces: 2,
        bytes: nameless.size + 8,
    };
    assert_eq!(pruned.blobs, blobs);
    let remains = Count {
        pieces: 2,
        bytes: 605,
    };
    assert_eq!(pruned.remains, remains);
    assert!(is_whole(&place, &old) && is_whole(&place, &new));
    let survey = place.store.survey().unwrap();
    assert_eq!(survey.blobs.bytes, pruned.left);
    assert_eq!(survey.unfinished, Count::default());
    assert!(place.names("ingest").is_empty());
    assert_eq!(place.store.prune(None, false).unwrap().blobs.pieces, 0);
}

#[test]
fn the_least_recently_used_goes_first_and_what_is_shared_stays() {
    let place = Place::new();
    let (old, new) = two(&place);
    let all = place.store.survey().unwrap().blobs.bytes;
    let nothing = place.store.prune(Some(all), false).unwrap();
    assert_eq!((nothing.blobs.pieces, nothing.left), (0, all));

    let pruned = place.store.prune(Some(all - 1), false).unwrap();
    assert_eq!(named(&pruned), ["r.example/old:1"]);
    assert_eq!(pruned.blobs.bytes, 5000 + old.size);
    assert!(is_whole(&place, &new));
    assert_eq!(place.store.find_name("r.example/old:1").unwrap(), None);
    assert_eq!(
        place.store.find_name("r.example/new:1").unwrap(),
        Some(new.clone())
    );
    let pruned = place.store.prune(Some(0), false).unwrap();
    assert_eq!(named(&pruned), ["r.example/new:1"]);
    assert_eq!(pruned.left, 0);
    assert!(place.names("blobs/sha256").is_empty());
}

#[test]
fn running_is_using() {
    let place = Place::new();
    let (old, new) = two(&place);
    drop(place.store.hold(&old.digest).unwrap());
    let all = place.store.survey().unwrap().blobs.bytes;
    let pruned = place.store.prune(Some(all - 1), false).unwrap();
    assert_eq!(named(&pruned), ["r.example/new:1"]);
    assert!(is_whole(&place, &old) && !is_whole(&place, &new));
}

#[test]
fn what_is_held_stays_whatever_the_size() {
    let place = Place::new();
    let (old, new) = two(&place);
    let nameless = image(&place.store, &[b"nameless"], None);
    let list = index(&place.store, &[&nameless]);
    let holds = [&old, &list].map(|one| place.another().hold(&one.digest).unwrap());
    let pruned = place.store.prune(Some(0), false).unwrap();
    assert_eq!(named(&pruned), ["r.example/new:1"]);
    assert!(pruned.left > 0);
    assert!(is_whole(&place, &old) && is_whole(&place, &list) && !is_whole(&place, &new));
    drop(holds);
    assert_eq!(place.store.prune(Some(0), false).unwrap().left, 0);
}

#[test]
fn a_signature_goes_with_what_it_signs() {
    let place = Place::new();
    let (old, new) = two(&place);
    let signature = image(&place.store, &[b"signature"], Some(&old));
    let counter = image(&place.store, &[b"counter"], Some(&signature));
    place.store.set_seen(&counter).unwrap();
    place.store.set_seen(&signature).unwrap();
    age(&place, &signature, 5);
    age(&place, &counter, 5);
    let all = place.store.survey().unwrap().blobs.bytes;
    let pruned = place.store.prune(None, false).unwrap();
    assert_eq!(pruned.blobs.pieces, 0, "what is remembered has a name");
    let pruned = place.store.prune(Some(all - 1), false).unwrap();
    assert_eq!(pruned.names.len(), 3);
    assert!(place.store.referrers(&old.digest).unwrap().is_empty());
    assert!(is_whole(&place, &new) && !is_whole(&place, &signature));
}

#[test]
fn a_pruning_waits_for_those_at_work() {
    let place = Place::new();
    let work = place.store.work().unwrap();
    place.store.put(b"just brought here", None).unwrap();
    std::thread::scope(|scope| {
        let other = place.another();
        let pruning = scope.spawn(move || other.prune(Some(0), false).unwrap());
        let app = image(&place.store, &[b"app"], None);
        let hold = place.store.hold(&app.digest).unwrap();
        drop(work);
        let pruned = pruning.join().unwrap();
        assert!(is_whole(&place, &app));
        assert_eq!(pruned.blobs.pieces, 1);
        drop(hold);
    });
}
