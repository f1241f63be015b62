//! Headers of answers: links, ranges, times, media types.
#![no_main]

use libfuzzer_sys::fuzz_target;
use wharf_oci::page::Pages;
use wharf_oci::range::{self, ContentRange};
use wharf_oci::{Url, link, media_type, retry, time};

// A header a line.
fuzz_target!(|text: &str| {
    let (header, other) = text.split_once('\n').unwrap_or((text, text));
    let page: Url = "https://r.example/list".parse().expect("it is an address");
    if let Some(target) = link::next(header) {
        assert!(header.contains(target));
    }
    if let Ok(Some(next)) = link::follow(&page, [header, other]) {
        assert_eq!(next.origin(), page.origin());
    }
    let _ = Pages::new().after(&page, [header, other], 1, 1);
    if let Some(range) = ContentRange::parse(header) {
        assert!(range.first <= range.last);
        assert!(range.total.is_none_or(|total| range.last < total));
        let total = range
            .total
            .map_or("*".to_owned(), |total| total.to_string());
        let written = format!("bytes {}-{}/{total}", range.first, range.last);
        assert_eq!(ContentRange::parse(&written), Some(range));
    }
    if let Some(held) = range::held(header).filter(|held| *held > 1) {
        assert_eq!(range::held(&format!("0-{}", held - 1)), Some(held));
    }
    if let Some(wait) = retry::retry_after(header, Some(other)) {
        assert_eq!(wait % 1000, 0);
    }
    let _ = (time::http(header), time::rfc3339(header));
    let essence = media_type::essence(header);
    assert_eq!(media_type::essence(&essence), essence);
    assert_eq!(media_type::is_index(&essence), media_type::is_index(header));
});
