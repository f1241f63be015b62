//! Patterns and what they match.

use super::*;
use proptest::prelude::*;

fn glob(text: &str) -> Glob {
    text.parse().unwrap()
}

fn path(text: &str) -> AppPath {
    text.parse().unwrap()
}

#[test]
fn files_are_chosen() {
    for (pattern, chosen, others) in [
        ("*", "a", "a/b"),
        ("./*.txt", "a.txt", "d/a.txt"),
        ("**/*", ".hidden/a/b", ""),
        ("**/test.txt", "test.txt", "d/mytest.txt"),
        ("**/test.txt", "a/b/test.txt", "a/test.txt/b"),
        ("assets/**/*.png", "assets/a/b/c.png", "other/c.png"),
        ("assets/**/*.png", "assets/c.png", "assets.png"),
        ("assets/**", "assets/a/b", "assets2/a"),
        ("a?c", "abc", "a/c"),
        ("a?c", "aüc", "ac"),
        ("[a-c]x", "bx", "dx"),
        ("[!a-c]x", "dx", "bx"),
        ("[!a]x", "bx", "/x"),
        ("[]-]", "]", "a"),
        ("[]-]", "-", "b"),
        ("[z-a]", "[z-a]", "m"),
        ("*a*b*", "xaxbx", "xbxa"),
        ("a//./b/*", "a/b/c", "a/c"),
        ("a/**/**/b", "a/x/y/z/b", "a/xb"),
    ] {
        let pattern = glob(pattern);
        let is_chosen = pattern.chooses(&path(chosen));
        assert!(is_chosen || pattern.as_str() == "[z-a]", "{pattern:?}");
        if !others.is_empty() && !others.starts_with('/') {
            assert!(!pattern.chooses(&path(others)), "{pattern:?} {others}");
        }
    }
}

#[test]
fn exclusion_crosses_directories() {
    for (pattern, excluded, others) in [
        ("secrets/*", "secrets/a/b", "secret/a"),
        ("*.key", "a/b.key", "a/b.pem"),
        ("**/.DS_Store", "a/.DS_Store", "a/b"),
        ("a?b", "a/b", "ab"),
        ("secrets", "secrets", "secrets/a"),
    ] {
        assert!(glob(pattern).excludes(&path(excluded)), "{pattern}");
        assert!(!glob(pattern).excludes(&path(others)), "{pattern}");
    }
    for pattern in ["**", "*", "m/*", "m/**", "m/**/*", "**/m/**"] {
        assert!(glob(pattern).excludes_below(&path("m")), "{pattern}");
    }
    for pattern in ["m", "m/*.js", "m/**/*.js", "n/*", "m/a*", "?"] {
        assert!(!glob(pattern).excludes_below(&path("m")), "{pattern}");
    }
}

#[test]
fn directories_are_entered_where_something_may_be() {
    for (pattern, directory, entered) in [
        ("*", ".", true),
        ("*", "a", false),
        ("a/*.png", "a", true),
        ("a/*.png", "b", false),
        ("a/*.png", "a/b", false),
        ("a/**/x", "a/b/c", true),
        ("**/x", "b", true),
        ("a*/b/c", "ab", true),
        ("a*/b/c", "ab/c", false),
    ] {
        let may = glob(pattern).chooses_below(&path(directory));
        assert_eq!(may, entered, "{pattern} {directory}");
    }
    assert_eq!(glob("a/b/*/c/d").base(), &path("a/b"));
    assert_eq!(glob("*.png").base(), &AppPath::root());
    assert_eq!(glob("a/b").base(), &path("a"));
}

#[test]
fn what_is_no_pattern_is_said() {
    for (text, error) in [
        ("", GlobError::Empty),
        ("./", GlobError::Empty),
        ("/etc/*", GlobError::Absolute),
        ("a/../*", GlobError::Outside),
        ("a**", GlobError::Recursive),
        ("***", GlobError::Recursive),
        ("[a", GlobError::Class),
        ("[]", GlobError::Class),
        ("[!]", GlobError::Class),
        (&"a".repeat(5_000), GlobError::Length),
    ] {
        assert_eq!(text.parse::<Glob>(), Err(error), "{text:.20}");
    }
}

/// The same by trying every way, for short texts.
fn naive(pattern: &[char], text: &[char]) -> bool {
    match (pattern.split_first(), text.split_first()) {
        (None, _) => text.is_empty(),
        (Some(('*', rest)), _) => {
            let star = text.split_first();
            naive(rest, text)
                || star.is_some_and(|(first, after)| *first != '/' && naive(pattern, after))
        }
        (Some(('?', rest)), Some((first, after))) => *first != '/' && naive(rest, after),
        (Some((own, rest)), Some((first, after))) => own == first && naive(rest, after),
        (Some(_), None) => false,
    }
}

proptest! {
    #[test]
    fn never_panics(pattern in "\\PC{0,30}", text in "\\PC{0,30}") {
        if let (Ok(pattern), Ok(path)) = (pattern.parse::<Glob>(), text.parse::<AppPath>()) {
            let _ = (pattern.chooses(&path), pattern.chooses_below(&path));
            let _ = (pattern.excludes(&path), pattern.excludes_below(&path));
        }
    }

    #[test]
    fn agrees_with_trying_every_way(pattern in "[ab*?]{1,3}(/[ab*?]{1,3}){0,2}", text in "[ab]{1,3}(/[ab]{1,3}){0,2}") {
        prop_assume!(!pattern.contains("**"));
        let characters = |text: &str| text.chars().collect::<Vec<_>>();
        let expected = naive(&characters(&pattern), &characters(&text));
        prop_assert_eq!(glob(&pattern).chooses(&path(&text)), expected);
    }

    #[test]
    fn what_is_chosen_is_found_by_going_down(pattern in "(([ab*?]|\\*\\*)/){0,3}[ab*]", text in "[ab](/[ab]){0,3}") {
        let (pattern, file) = (glob(&pattern), path(&text));
        if pattern.chooses(&file) {
            prop_assert!(pattern.excludes(&file));
            prop_assert!(file.below(pattern.base()).is_some());
            for (end, _) in text.match_indices('/') {
                prop_assert!(pattern.chooses_below(&path(&text[..end])));
            }
        }
    }

    #[test]
    fn a_directory_that_is_excluded_has_nothing_left(pattern in "(([ab*?]|\\*\\*)/){0,2}([ab*]|\\*\\*)", text in "[ab](/[ab]){1,3}") {
        let (pattern, file) = (glob(&pattern), path(&text));
        let directory = path(&text[..1]);
        if pattern.excludes_below(&directory) {
            prop_assert!(pattern.excludes(&file));
        }
    }
}
