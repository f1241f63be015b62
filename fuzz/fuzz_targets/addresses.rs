//! Addresses: what is taken stays what it is, and a reference in an answer leads to
//! an address that can be written.
#![no_main]

use libfuzzer_sys::fuzz_target;
use wharf_oci::{Origin, Url, limit, percent};

// The address of a request in the first line, and a reference in its answer.
fuzz_target!(|text: &str| {
    let (base, reference) = text.split_once('\n').unwrap_or((text, text));
    if let Ok(base) = base.parse::<Url>() {
        is_written_as_it_is(&base);
        if let Ok(joined) = base.join(reference) {
            is_written_as_it_is(&joined);
        }
        let longer = base.clone().with_query_pair("digest", reference);
        assert_eq!(longer.origin(), base.origin());
        assert_eq!(longer.path(), base.path());
        is_written_as_it_is(&longer);
    }
    assert_eq!(
        percent::decode(&percent::encode(reference)).as_deref(),
        Some(reference)
    );
    let _ = percent::decode(reference);
    if let Some(pairs) = percent::pairs(reference) {
        let encoded: Vec<String> = pairs
            .iter()
            .map(|(name, value)| format!("{}={}", percent::encode(name), percent::encode(value)))
            .collect();
        assert_eq!(percent::pairs(&encoded.join("&")), Some(pairs));
    }
});

fn is_written_as_it_is(url: &Url) {
    let text = url.to_string();
    if text.len() <= limit::URL_BYTES {
        assert_eq!(text.parse::<Url>().as_ref(), Ok(url), "{text:?}");
    }
    // Whoever shows or sends it shows or sends one line.
    assert!(text.bytes().all(|byte| byte.is_ascii_graphic()), "{text:?}");
    assert!(!url.redacted().contains('?'), "{text:?}");
    let origin = url.origin();
    let again = Origin::new(origin.is_secure(), origin.host(), origin.port());
    assert_eq!(again.as_ref(), Ok(origin));
}
