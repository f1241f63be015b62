//! The forms of names in a manifest.

/// What a component's id looks like.
pub(super) const KEBAB: &str = "it consists of words joined by `-`, each of letters and digits, a \
     letter first, and all in lower or all in upper case";

/// What a variable's name looks like.
pub(super) const SNAKE: &str = "it consists of words joined by `_`, each of lower-case letters and \
     digits, a letter first";

/// What the label of a store or database looks like.
pub(super) const LABEL: &str = "it consists of words joined by `-` or by `_`, each of letters and digits, a letter first, \
     and all in lower or all in upper case";

/// Whether a text is `kebab-case`, as [`KEBAB`] says.
pub(crate) fn is_kebab(text: &str) -> bool {
    text.split('-').all(is_word)
}

/// Whether a text is `snake_case`, as [`SNAKE`] says.
pub(super) fn is_snake(text: &str) -> bool {
    text.split('_').all(is_word) && !text.bytes().any(|byte| byte.is_ascii_uppercase())
}

/// Whether a text is a label, as [`LABEL`] says.
pub(super) fn is_label(text: &str) -> bool {
    is_kebab(text) || text.split('_').all(is_word)
}

fn is_word(word: &str) -> bool {
    let mut letters = word.bytes().filter(u8::is_ascii_alphabetic);
    let one_case = match letters.next() {
        Some(first) if first.is_ascii_lowercase() => letters.all(|l| l.is_ascii_lowercase()),
        Some(_) => letters.all(|l| l.is_ascii_uppercase()),
        None => false,
    };
    one_case
        && word.starts_with(|first: char| first.is_ascii_alphabetic())
        && word.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms() {
        for kebab in ["a", "shop-front", "a1-B2", "HTTP-trigger1"] {
            assert!(is_kebab(kebab) && is_label(kebab), "{kebab}");
        }
        for wrong in ["", "-", "a-", "1a", "a-1", "a_b", "aB", "ä", "a b", "a--b"] {
            assert!(!is_kebab(wrong), "{wrong}");
        }
        assert!(is_snake("api_host2") && is_label("api_host2"));
        for wrong in ["", "Api", "api-host", "_a", "API"] {
            assert!(!is_snake(wrong), "{wrong}");
        }
        assert!(!is_label("a-b_c"));
    }
}
