//! References and their parts: what is taken is written as something that is taken
//! again and means the same.
#![no_main]

use std::fmt::{Debug, Display};
use std::str::FromStr;

use libfuzzer_sys::fuzz_target;
use wharf_oci::{Digest, Platform, Reference, Registry, Repository, Tag};

fuzz_target!(|text: &str| {
    stays_the_same::<Reference>(text);
    stays_the_same::<Registry>(text);
    stays_the_same::<Repository>(text);
    stays_the_same::<Tag>(text);
    stays_the_same::<Digest>(text);
    stays_the_same::<Platform>(text);
    if let Ok(reference) = text.parse::<Reference>() {
        assert!(reference.tag.is_some() || reference.digest.is_some());
        let written = reference.to_string();
        assert!(written.ends_with(reference.manifest_name()), "{written}");
    }
    if let Ok(digest) = text.parse::<Digest>() {
        assert!(digest.hex().bytes().all(|byte| byte.is_ascii_hexdigit()));
    }
});

fn stays_the_same<T: FromStr + Display + PartialEq + Debug>(text: &str) {
    if let Ok(parsed) = text.parse::<T>() {
        let again = parsed.to_string().parse::<T>();
        assert_eq!(again.ok().as_ref(), Some(&parsed), "{text:?}");
    }
}
