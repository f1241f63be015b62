//! A handle that takes no content.

use crate::tests::{Place, describe};
use crate::{Receive, StoreError};

fn refused<T: std::fmt::Debug>(result: Result<T, StoreError>) {
    let error = result.unwrap_err();
    assert!(
        matches!(&error, StoreError::ReadOnly(why) if why == "says a rule"),
        "{error}"
    );
    assert!(error.to_string().ends_with("store: says a rule"), "{error}");
}

#[test]
fn nothing_is_written_and_what_is_here_stays_usable() {
    let place = Place::new();
    let here = place.store.put(b"here", None).unwrap();
    let named = describe(b"here");
    place.store.set_name("r.example/a:1", &named).unwrap();
    let before = (place.names("blobs/sha256"), place.names("notes"));
    let store = place.store.clone().read_only("says a rule");

    refused(store.put(b"new", None));
    refused(store.add().map(drop));
    refused(store.receive(&describe(b"new")).map(drop));
    refused(store.prune(None, false));
    let file = tempfile::tempfile().unwrap();
    std::io::Write::write_all(&mut &file, &vec![7; 1 << 20]).unwrap();
    refused(store.add_file(file));
    let error = store.load(place.directory.path(), None).unwrap_err();
    assert!(error.to_string().contains("says a rule"), "{error}");

    assert_eq!(store.get(&here).unwrap().as_deref(), Some(&b"here"[..]));
    assert_eq!(store.put(b"here", Some(&here)).unwrap(), here);
    assert!(matches!(store.receive(&named), Ok(Receive::Whole)));
    assert!(store.prune(None, true).is_ok());
    // Bookkeeping is left as it is.
    store.set_name("r.example/a:2", &named).unwrap();
    store.remember("r.example/a", &here, "a note").unwrap();
    store.forget("r.example/a", &here).unwrap();
    assert!(store.find_name("r.example/a:2").unwrap().is_none());
    assert!(store.find_name("r.example/a:1").unwrap().is_some());
    assert_eq!(store.recall("r.example/a", &here).unwrap(), None);
    assert_eq!((place.names("blobs/sha256"), place.names("notes")), before);
}
