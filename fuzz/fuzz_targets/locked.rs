//! Locked applications: what is read of one is what was meant when it is written.
#![no_main]

use libfuzzer_sys::fuzz_target;
use wharf_app::locked::LockedApp;

fuzz_target!(|bytes: &[u8]| {
    let Ok(app) = LockedApp::from_json(bytes) else {
        return;
    };
    let _ = app.http_triggers();
    let _ = app.required_features().count();
    let written = app.to_json();
    let again = LockedApp::from_json(&written).expect("it was written by this");
    assert_eq!(again, app);
    assert_eq!(again.to_json(), written);
});
