//! Lists: of tags, of referrers, of problems. One that is changed has what it had, and
//! what was added, and not what was taken off.
#![no_main]

mod first_line;

use libfuzzer_sys::fuzz_target;
use wharf_oci::problem::Problem;
use wharf_oci::referrers::{self, Referrer};
use wharf_oci::{Descriptor, Digest, limit, page};

// The kind of artifact that is wanted in the first line, and the answer's body.
fuzz_target!(|answer: &[u8]| {
    let (filter, body) = first_line::of(answer);
    if let Ok(tags) = page::tags(body) {
        assert!(tags.iter().all(|tag| !tag.as_str().contains('/')));
    }
    is_one_line(&Problem::parse(body));
    let digest = Digest::from_sha256(&[7; 32]);
    let content = Descriptor::new("text/x-note", digest.clone(), 7);
    let _ = referrers::of_manifest(body, &content);
    let Ok(before) = referrers::read(body, None, None) else {
        return;
    };
    if let Ok(filtered) = referrers::read(body, filter, None) {
        assert!(filtered.iter().all(|one| before.contains(one)));
    }
    let added = Referrer {
        content,
        artifact_type: filter.map(str::to_owned),
        annotations: Vec::new(),
    };
    let Ok(Some(list)) = referrers::with(Some(body), &added) else {
        return;
    };
    let after = referrers::read(&list, None, None).expect("it was written here");
    assert_eq!(after.len(), before.len() + 1);
    assert_eq!(after.last(), Some(&added));
    assert_eq!(referrers::with(Some(&list), &added), Ok(None));
    let without = referrers::without(&list, &digest).expect("it was written here");
    let left = referrers::read(&without.expect("it was there"), None, None);
    assert_eq!(left, Ok(before));
});

fn is_one_line(problem: &Problem) {
    let texts = problem.codes.iter().chain([&problem.message]);
    for text in texts {
        assert!(!text.chars().any(char::is_control), "{text:?}");
        // With what says that there was more.
        assert!(text.chars().count() <= limit::MESSAGE_CHARS + 1, "{text:?}");
    }
}
