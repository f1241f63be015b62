//! What the documentation says that tests show, checked to be there.

use std::fs;

use crate::cargo::root;

/// A test that a document names.
#[derive(Debug, PartialEq, Eq)]
struct Named<'a> {
    file: &'a str,
    test: &'a str,
}

/// The tests that a document names, written as `` `file.rs::name` ``.
fn named(document: &str) -> Vec<Named<'_>> {
    let quoted = document.split('`').skip(1).step_by(2);
    quoted
        .filter_map(|quoted| {
            let (stem, test) = quoted.split_once(".rs::")?;
            let file = quoted.get(..stem.len() + ".rs".len())?;
            Some(Named { file, test })
        })
        .collect()
}

/// Whether a source has a test of this name.
fn has_test(source: &str, test: &str) -> bool {
    let function = format!("fn {test}(");
    let lines: Vec<_> = source.lines().collect();
    lines.iter().enumerate().any(|(at, line)| {
        let before = lines.get(at.saturating_sub(4)..at).unwrap_or_default();
        let attribute = |line: &&str| {
            let line = line.trim();
            line.starts_with("#[test") || line.starts_with("#[tokio::test")
        };
        line.contains(&function) && before.iter().any(attribute)
    })
}

#[test]
fn every_test_that_the_threat_model_names_exists() {
    let text = fs::read_to_string(root().join("docs/security.md")).unwrap();
    let named = named(&text);
    assert!(named.len() > 40, "{}", named.len());
    for Named { file, test } in named {
        let source = fs::read_to_string(root().join(file));
        let source = source.unwrap_or_else(|error| panic!("{file}: {error}"));
        assert!(
            has_test(&source, test),
            "there is no test `{test}` in {file}"
        );
    }
}

#[test]
fn every_claim_of_the_threat_model_names_a_test() {
    let text = fs::read_to_string(root().join("docs/security.md")).unwrap();
    let rows = text
        .lines()
        .filter(|line| line.starts_with("| ") && !line.contains("| shown by |"));
    let claims: Vec<_> = rows.collect();
    assert!(claims.len() > 20, "{}", claims.len());
    for claim in claims {
        assert!(!named(claim).is_empty(), "{claim}");
    }
}

#[test]
fn a_name_is_told_from_a_test() {
    let document = "see `a/b.rs::c_d` and `x` and `e.rs`";
    let (file, test) = ("a/b.rs", "c_d");
    assert_eq!(named(document), [Named { file, test }]);
    assert!(has_test("#[test]\nfn c_d() {}", "c_d"));
    assert!(has_test(
        "#[tokio::test(flavor = \"x\")]\nasync fn c_d() {}",
        "c_d"
    ));
    assert!(!has_test("fn c_d() {}", "c_d"));
    assert!(!has_test("#[test]\nfn c_dd() {}", "c_d"));
}
