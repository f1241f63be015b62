//! Answers of token servers: a token that is taken can be sent, and lasts no longer
//! than it was given for.
#![no_main]

mod first_line;

use libfuzzer_sys::fuzz_target;
use wharf_oci::token::Token;

// The answer's `Date` in the first line, and its body.
fuzz_target!(|answer: &[u8]| {
    let (date, body) = first_line::of(answer);
    if let Ok(token) = Token::parse(body) {
        assert!(!token.value.is_empty());
        assert!(token.value.bytes().all(|byte| byte.is_ascii_graphic()));
        assert!(token.lasts(None) <= token.expires_in);
        assert!(token.lasts(date) <= token.lasts(None));
        assert!(!format!("{token:?}").contains(&token.value) || token.value.len() < 10);
    }
});
