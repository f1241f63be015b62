//! Rules that say which files are not published, as git has them (gitignore(5)).
//!
//! What is ignored is decided from the application's directory down: what lies in an
//! ignored directory is ignored, whatever is said of it. Within a set of rules the last
//! one that matches counts; of several sets each can only ignore more.

use wharf_oci::problem::clean;

use super::{Glob, GlobError};
use crate::path::AppPath;

/// The file in the application's directory that has rules.
pub const IGNORE_FILE: &str = ".wharfignore";

/// The largest file of rules that is read, in bytes.
pub const IGNORE_BYTES: usize = 64 * 1024;

/// All rules that count for an application.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Ignore {
    sets: Vec<Set>,
}

/// Rules of one origin.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Set {
    /// Whose they are, in words.
    origin: String,
    rules: Vec<Rule>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Rule {
    pattern: Glob,
    /// Whether it brings back instead.
    negated: bool,
    /// Whether it is about directories alone.
    directories: bool,
    /// Whether it is about a name in any directory.
    anywhere: bool,
}

/// Why a text is not a rule.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{origin}, line {line}: the pattern `{pattern}` {problem}")]
pub struct IgnoreError {
    /// Whose rule it is.
    pub origin: String,
    /// The line, or which of the rules; the first is 1.
    pub line: usize,
    /// The rule.
    pub pattern: String,
    /// What is wrong with it.
    pub problem: GlobError,
}

impl Ignore {
    /// Adds a set of rules, one a line.
    pub fn add<'a>(
        &mut self,
        origin: &str,
        lines: impl IntoIterator<Item = &'a str>,
    ) -> Result<(), IgnoreError> {
        let mut rules = Vec::new();
        for (index, line) in lines.into_iter().enumerate() {
            let rule = rule(line).map_err(|problem| IgnoreError {
                origin: origin.to_owned(),
                line: index + 1,
                pattern: clean(line, 200),
                problem,
            })?;
            rules.extend(rule);
        }
        self.sets.push(Set {
            origin: origin.to_owned(),
            rules,
        });
        Ok(())
    }

    /// Whose rules ignore a file or directory, or one that it lies in.
    #[must_use]
    pub fn ignores(&self, path: &AppPath, is_directory: bool) -> Option<&str> {
        let ends = path.as_str().match_indices('/').map(|(end, _)| end);
        let mut above = ends.filter_map(|end| path.as_str().get(..end)?.parse().ok());
        above
            .find_map(|directory| self.ignores_entry(&directory, true))
            .or_else(|| self.ignores_entry(path, is_directory))
    }

    /// The same for what lies in a directory that is not ignored.
    #[must_use]
    pub fn ignores_entry(&self, path: &AppPath, is_directory: bool) -> Option<&str> {
        if path.is_root() {
            return None;
        }
        let set = self.sets.iter().find(|set| {
            let mut rules = set.rules.iter().rev();
            let last = rules.find(|rule| rule.matches(path, is_directory));
            last.is_some_and(|rule| !rule.negated)
        })?;
        Some(&set.origin)
    }
}

impl Rule {
    fn matches(&self, path: &AppPath, is_directory: bool) -> bool {
        if self.directories && !is_directory {
            return false;
        }
        if self.anywhere {
            let name = path.as_str().rsplit('/').next().unwrap_or_default();
            name.parse().is_ok_and(|name| self.pattern.chooses(&name))
        } else {
            self.pattern.chooses(path)
        }
    }
}

/// The rule of a line; none when it has none.
fn rule(line: &str) -> Result<Option<Rule>, GlobError> {
    let line = line.strip_prefix('\u{feff}').unwrap_or(line);
    let line = trimmed(line.strip_suffix('\r').unwrap_or(line));
    if line.starts_with('#') {
        return Ok(None);
    }
    let (line, negated) = match line.strip_prefix('!') {
        Some(line) => (line, true),
        None => (line, false),
    };
    let (line, directories) = match line.strip_suffix('/') {
        Some(line) => (line, true),
        None => (line, false),
    };
    let anywhere = !line.contains('/');
    let line = line.strip_prefix('/').unwrap_or(line);
    if line.is_empty() {
        return Ok(None);
    }
    Ok(Some(Rule {
        pattern: Glob::of_rule(line)?,
        negated,
        directories,
        anywhere,
    }))
}

/// A line without the spaces at its end, unless a `\` keeps them.
fn trimmed(line: &str) -> &str {
    let without = line.trim_end_matches(' ');
    let escapes = without.len() - without.trim_end_matches('\\').len();
    let kept = usize::from(escapes % 2 == 1 && without.len() < line.len());
    line.get(..without.len() + kept).unwrap_or(line)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn rules(text: &str) -> Ignore {
        let mut ignore = Ignore::default();
        ignore.add("`.wharfignore`", text.lines()).unwrap();
        ignore
    }

    /// Which of these are ignored; those that end with `/` are directories.
    fn ignored<'a>(text: &str, paths: &[&'a str]) -> Vec<&'a str> {
        let ignore = rules(text);
        let is_ignored = |path: &&&str| {
            let is_directory = path.ends_with('/');
            let path = path.trim_end_matches('/').parse().unwrap();
            ignore.ignores(&path, is_directory).is_some()
        };
        paths.iter().filter(is_ignored).copied().collect()
    }

    #[test]
    fn names_count_everywhere_and_paths_from_the_top() {
        let paths = ["a", "a/", "b/a", "b/c/a", "ab", "a/x/y"];
        for (text, expected) in [
            ("a", &["a", "a/", "b/a", "b/c/a", "a/x/y"][..]),
            ("/a", &["a", "a/", "a/x/y"]),
            ("b/a", &["b/a"]),
            ("**/a", &["a", "a/", "b/a", "b/c/a", "a/x/y"]),
            ("b/**/a", &["b/a", "b/c/a"]),
            ("a/**", &["a/x/y"]),
            ("a/", &["a/", "a/x/y"]),
            ("a/x/", &["a/x/y"]),
            ("*/a", &["b/a"]),
            ("a?", &["ab"]),
            ("**", &paths),
            ("/**", &paths),
            ("/", &[]),
            ("", &[]),
            ("#a", &[]),
        ] {
            assert_eq!(ignored(text, &paths), expected, "{text}");
        }
    }

    #[test]
    fn the_last_rule_counts_and_brings_nothing_back_from_an_ignored_directory() {
        let paths = ["a.log", "keep.log", "x/keep.log", "x/y"];
        assert_eq!(ignored("*.log\n!keep.log", &paths), ["a.log"]);
        assert_eq!(ignored("!keep.log\n*.log", &paths), paths[..3]);
        assert_eq!(ignored("x/\n!x/keep.log", &paths), paths[2..]);
        assert_eq!(ignored("x/*\n!x/keep.log", &paths), ["x/y"]);
    }

    #[test]
    fn what_a_line_is_made_of() {
        for (text, path, expected) in [
            ("a  ", "a", true),
            ("a\\ ", "a ", true),
            ("a\\ ", "a", false),
            ("a\\  ", "a ", true),
            ("\\#a", "#a", true),
            ("\\!a", "!a", true),
            ("a\r", "a", true),
            ("\u{feff}a", "a", true),
            ("a\\*", "a*", true),
            ("a\\*", "ab", false),
            ("a**b", "a-b", true),
            ("a**b", "a/b", false),
            ("[a-c]", "b", true),
            ("[!a-c]", "b", false),
            ("[^a-c]", "d", true),
            ("[]a]", "]", true),
            ("[a\\]]", "]", true),
            ("[[:digit:]x]*", "7z", true),
            ("[[:digit:]x]*", "xz", true),
            ("[[:digit:]x]*", "az", false),
            ("[a-]", "-", true),
            ("x[!a]y", "x/y", false),
        ] {
            assert_eq!(!ignored(text, &[path]).is_empty(), expected, "{text:?}");
        }
    }

    #[test]
    fn a_set_takes_nothing_back_from_another() {
        let mut ignore = rules("*.key\n!public.key");
        ignore.add("yours", ["!*.key", "*.pem"]).unwrap();
        let origin = |path: &str| ignore.ignores(&path.parse().unwrap(), false);
        assert_eq!(origin("a.key"), Some("`.wharfignore`"));
        assert_eq!(origin("a.pem"), Some("yours"));
        assert_eq!(origin("public.key"), None);
    }

    #[test]
    fn what_is_no_pattern_is_said_with_its_line() {
        for (text, message) in [
            (
                "ok\n[a",
                "`.wharfignore`, line 2: the pattern `[a` has a `[` without the `]` that ends it",
            ),
            (
                "a\\",
                "`.wharfignore`, line 1: the pattern `a\\` ends with a `\\`, which has to be \
                 followed by a character",
            ),
        ] {
            let error = Ignore::default().add("`.wharfignore`", text.lines());
            assert_eq!(error.unwrap_err().to_string(), message);
        }
    }

    proptest! {
        #[test]
        fn never_panics(text in "[ab/*?!\\[\\]\\\\# ^:-]{0,12}", path in "[ab/]{1,8}") {
            let mut ignore = Ignore::default();
            if let (Ok(()), Ok(path)) = (ignore.add("x", [text.as_str()]), path.parse()) {
                let _ = ignore.ignores(&path, true);
            }
        }
    }
}
