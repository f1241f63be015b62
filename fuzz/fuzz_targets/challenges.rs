//! Challenges: a token server that one leads to is as well protected as the registry,
//! and what is asked of it can be sent.
#![no_main]

use libfuzzer_sys::fuzz_target;
use wharf_oci::challenge::{self, Challenge};
use wharf_oci::{Url, token};

fuzz_target!(|header: &str| {
    let registries = ["https://r.example/v2/", "http://127.0.0.1:5000/v2/"];
    for challenge in challenge::parse(header) {
        let Challenge::Bearer(bearer) = challenge else {
            continue;
        };
        for registry in registries {
            let registry: Url = registry.parse().expect("it is an address");
            let Ok(realm) = token::realm(&bearer, &registry) else {
                continue;
            };
            assert!(realm.origin().is_secure() || !registry.origin().is_secure());
            assert!(!realm.origin().is_loopback() || registry.origin().is_loopback());
            let needed = ["repository:app:pull".to_owned()];
            let asked = token::get_url(&realm, &bearer, &needed);
            assert_eq!(asked.origin(), realm.origin());
            assert!(
                asked
                    .to_string()
                    .bytes()
                    .all(|byte| byte.is_ascii_graphic())
            );
        }
    }
});
