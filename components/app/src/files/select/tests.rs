//! Selection in a tree that is only a list of paths.

use std::collections::BTreeMap;
use std::task::{Context, Poll, Waker};

use proptest::prelude::*;

use super::*;
use crate::files::Entry;

/// Files and other things by path; directories are where something lies in them.
#[derive(Default)]
struct Listed {
    things: BTreeMap<String, Kind>,
    /// Directories that are links, and to which directories.
    links: BTreeMap<String, String>,
    /// Whether directories are listed from the end.
    turned: bool,
}

impl Listed {
    fn of(files: &[&str]) -> Self {
        let things = files.iter().map(|file| ((*file).to_owned(), Kind::File));
        Self {
            things: things.collect(),
            ..Self::default()
        }
    }

    fn with(mut self, path: &str, kind: Kind) -> Self {
        self.things.insert(path.to_owned(), kind);
        self
    }

    fn linked(mut self, link: &str, directory: &str) -> Self {
        self.links.insert(link.to_owned(), directory.to_owned());
        self
    }

    fn real(&self, path: &AppPath) -> AppPath {
        let mut real = AppPath::root();
        for name in path.as_str().split('/').filter(|name| !name.is_empty()) {
            real = real.child(name);
            if let Some(directory) = self.links.get(real.as_str()) {
                real = directory.parse().unwrap();
            }
        }
        real
    }
}

impl Tree for Listed {
    type Error = String;

    async fn look(&self, path: &AppPath) -> Result<Option<Kind>, String> {
        let real = self.real(path);
        if let Some(kind) = self.things.get(real.as_str()) {
            return Ok(Some(*kind).filter(|kind| *kind != Kind::Link));
        }
        let below = |thing: &String| thing.parse::<AppPath>().unwrap().below(&real).is_some();
        Ok((real.is_root() || self.things.keys().any(below)).then_some(Kind::Directory))
    }

    async fn list(&self, directory: &AppPath) -> Result<Vec<Entry>, String> {
        let real = self.real(directory);
        if real.as_str() == "locked" {
            return Err("`locked` can't be read".into());
        }
        let mut kinds = BTreeMap::new();
        for (thing, kind) in &self.things {
            let thing: AppPath = thing.parse().unwrap();
            let Some(rest) = thing.below(&real) else {
                continue;
            };
            match rest.split_once('/') {
                None => kinds.insert(rest.to_owned(), *kind),
                Some((name, _)) => kinds.insert(name.to_owned(), Kind::Directory),
            };
        }
        for link in self.links.keys() {
            let link: AppPath = link.parse().unwrap();
            if let Some(name) = link.below(&real).filter(|name| !name.contains('/')) {
                kinds.insert(name.to_owned(), Kind::Link);
            }
        }
        // Links to what is outside show as links until they are looked at.
        let shown = |kind| {
            if kind == Kind::Outside {
                Kind::Link
            } else {
                kind
            }
        };
        let entries = kinds.into_iter().map(|(name, kind)| Entry {
            name,
            kind: shown(kind),
        });
        let mut entries: Vec<_> = entries.collect();
        if self.turned {
            entries.reverse();
        }
        Ok(entries)
    }

    async fn is_same(&self, one: &AppPath, other: &AppPath) -> Result<bool, String> {
        Ok(self.real(one) == self.real(other))
    }
}

/// Runs what never has to wait.
fn now<F: Future>(future: F) -> F::Output {
    let mut future = std::pin::pin!(future);
    match future
        .as_mut()
        .poll(&mut Context::from_waker(Waker::noop()))
    {
        Poll::Ready(output) => output,
        Poll::Pending => panic!("it waits"),
    }
}

fn placed(source: &str, destination: &str) -> Mount {
    Mount::placement(source.parse().unwrap(), destination).unwrap()
}

fn run(tree: &Listed, mounts: &[Mount], exclude: &[&str]) -> Result<Selection, String> {
    let exclude: Vec<Glob> = exclude.iter().map(|text| text.parse().unwrap()).collect();
    now(select(tree, mounts, &exclude, &Ignore::default())).map_err(|error| error.to_string())
}

fn pairs(tree: &Listed, mounts: &[Mount], exclude: &[&str]) -> Vec<String> {
    let selection = run(tree, mounts, exclude).unwrap();
    assert_eq!(selection.warnings, Vec::<String>::new());
    let files = selection.files.into_iter();
    files
        .map(|file| format!("{} {}", file.source, file.path))
        .collect()
}

fn text(text: &str) -> Mount {
    Mount::pattern(text).unwrap()
}

#[test]
fn a_directory_is_everything_below() {
    let tree = Listed::of(&["assets/.hidden/x", "assets/a.txt", "b.txt"]);
    let expected = [
        "assets/.hidden/x assets/.hidden/x",
        "assets/a.txt assets/a.txt",
    ];
    assert_eq!(pairs(&tree, &[text("assets")], &[]), expected);
    assert_eq!(pairs(&tree, &[text("./assets/")], &[]), expected);
    assert_eq!(pairs(&tree, &[text("assets/**/*")], &[]), expected);
    assert_eq!(pairs(&tree, &[text("b.txt")], &[]), ["b.txt b.txt"]);
}

#[test]
fn what_exists_wins_over_the_pattern() {
    let tree = Listed::of(&["[id].html", "i.html"]);
    let found = pairs(&tree, &[text("[id].html")], &[]);
    assert_eq!(found, ["[id].html [id].html"]);
    let tree = Listed::of(&["i.html"]);
    assert_eq!(pairs(&tree, &[text("[id].html")], &[]), ["i.html i.html"]);
}

#[test]
fn placements_change_the_path() {
    let tree = Listed::of(&["public/a/b", "public/c", "robots.txt"]);
    let mounts = [
        placed("public", "/"),
        placed("robots.txt", "/meta/robots.txt"),
        placed("public/a", "again"),
    ];
    assert_eq!(
        pairs(&tree, &mounts, &[]),
        [
            "public/a/b a/b",
            "public/a/b again/b",
            "public/c c",
            "robots.txt meta/robots.txt",
        ]
    );
}

#[test]
fn exclusion_is_for_what_was_not_named_alone() {
    let tree = Listed::of(&["a/keep", "a/secret/deep/x", "b.key"]);
    let mounts = [text("a"), text("b.key"), placed("a", "/copy")];
    assert_eq!(
        pairs(&tree, &mounts, &["a/secret/*", "*.key"]),
        ["a/keep a/keep", "b.key b.key", "a/keep copy/keep"]
    );
}

#[test]
fn a_directory_that_is_excluded_is_not_looked_at() {
    let tree = Listed::of(&["a", "locked/x"]).with("node_modules", Kind::Outside);
    let mounts = [text("./*"), text("./**/*")];
    let exclude = ["locked/**", "node_modules/**", "node_modules"];
    assert_eq!(pairs(&tree, &mounts, &exclude), ["a a"]);
    assert_eq!(
        run(&tree, &mounts, &["node_modules"]).unwrap_err(),
        "`locked` can't be read"
    );
}

#[test]
fn what_has_no_content_is_refused_where_it_is_chosen() {
    let tree = Listed::of(&["a/x.txt"]).with("a/pipe", Kind::Special("a named pipe"));
    assert_eq!(
        run(&tree, &[text("a")], &[]).unwrap_err(),
        "`a/pipe` is a named pipe, which can't be published: exclude it with `exclude_files`, or \
         remove it"
    );
    assert!(run(&tree, &[text("a/pipe")], &[]).is_err());
    assert_eq!(pairs(&tree, &[text("a/*.txt")], &[]), ["a/x.txt a/x.txt"]);
    assert_eq!(pairs(&tree, &[text("a")], &["a/pipe"]), ["a/x.txt a/x.txt"]);
}

#[test]
fn links_lead_within_the_directory() {
    let tree = Listed::of(&["real/x"]).linked("site/current", "real");
    let tree = tree.with("site/y", Kind::File);
    assert_eq!(
        pairs(&tree, &[text("site")], &[]),
        ["site/current/x site/current/x", "site/y site/y"]
    );
}

#[test]
fn links_that_lead_out_are_refused() {
    let tree = Listed::of(&["a/x"]).with("a/passwd", Kind::Outside);
    let refused = "`a/passwd` leads out of the application's directory through a symbolic link, \
                   and only files in it are published: put a copy in its place, or exclude it with \
                   `exclude_files`";
    for mount in [text("a"), text("a/passwd"), placed("a/passwd", "/x")] {
        assert_eq!(run(&tree, &[mount], &[]).unwrap_err(), refused);
    }
    assert_eq!(pairs(&tree, &[text("a/x*")], &[]), ["a/x a/x"]);
}

#[test]
fn links_without_an_end_are_refused() {
    let tree = Listed::of(&["a/x", "b/y"])
        .linked("a/to-b", "b")
        .linked("b/to-a", "a");
    assert_eq!(
        run(&tree, &[text("a")], &[]).unwrap_err(),
        "`a/to-b/to-a` is a symbolic link to a directory that it lies in, so that there is no \
         end: exclude it with `exclude_files`"
    );
    let tree = Listed::of(&["a/x"]).linked("a/up", ".");
    assert!(run(&tree, &[text("a")], &[]).is_err());
}

#[test]
fn links_to_nothing_are_told_of() {
    let tree = Listed::of(&["a/x"]).with("a/.#x", Kind::Link);
    let selection = run(&tree, &[text("a")], &[]).unwrap();
    assert_eq!(selection.files.len(), 1);
    assert_eq!(
        selection.warnings,
        ["`a/.#x` leads to nothing and is left out"]
    );
}

#[test]
fn what_means_nothing_is_told() {
    let tree = Listed::of(&["a/secrets/x"]);
    let selection = run(&tree, &[text("img/*.png"), text("a")], &["a/secrets"]).unwrap();
    assert_eq!(selection.files.len(), 1);
    assert_eq!(
        selection.warnings,
        [
            "`a/secrets` in `exclude_files` excludes no file in that directory: `a/secrets/**` \
             does",
            "`img/*.png` in `files` matches no file",
        ]
    );
    assert_eq!(
        run(&tree, &[text("imgs")], &[]).unwrap_err(),
        "`imgs` in `files` does not exist, and it is not a pattern either: correct it, or leave \
         it out"
    );
    let refused = |mount| run(&tree, &[mount], &[]).unwrap_err();
    assert_eq!(
        refused(text("a\\x")),
        "`a\\x` in `files` does not exist, and it is not a pattern either: names are separated by \
         `/`, on Windows too"
    );
    assert_eq!(
        refused(placed("b", "/")),
        "`b`, a `source` in `files`, does not exist: correct it, or leave it out"
    );
    assert_eq!(
        refused(placed("a/*", "/")),
        "`a/*`, a `source` in `files`, is a pattern, and has to be one file or one directory: name \
         the directory, and leave files of it out with `exclude_files`"
    );
    // Unless it is what something is called.
    let tree = Listed::of(&["a/*"]);
    assert_eq!(pairs(&tree, &[placed("a/*", "x")], &[]), ["a/* x"]);
}

#[test]
fn one_path_has_one_file() {
    let tree = Listed::of(&["a/x", "b/x", "x/y"]);
    let both = "both `a/x` and `b/x` would be at `x`: leave one of them out";
    for mounts in [
        [placed("a", "/"), placed("b", "/")],
        [placed("b", "/"), placed("a", "/")],
    ] {
        assert_eq!(run(&tree, &mounts, &[]).unwrap_err(), both);
    }
    assert_eq!(
        run(&tree, &[placed("a", "/"), text("x")], &[]).unwrap_err(),
        "`x` would be a file, and `x/y` needs it to be a directory"
    );
    assert_eq!(
        run(&tree, &[placed("a/x", "/static/")], &[]).unwrap_err(),
        "the file `a/x` has a `destination` that is a directory: end it with the name that the \
         file shall have"
    );
    // The same file twice is one.
    assert_eq!(
        pairs(&tree, &[text("a"), text("a/x"), text("a/*")], &[]),
        ["a/x a/x"]
    );
}

#[test]
fn a_name_that_is_not_one_everywhere_is_refused() {
    let tree = Listed::of(&["a/b\\c"]);
    assert_eq!(
        run(&tree, &[text("a")], &[]).unwrap_err(),
        "the path `a/b\\c` has `b\\\\c` in it, which is no name that files can have everywhere"
    );
}

proptest! {
    #[test]
    fn the_order_of_a_directory_does_not_matter(
        files in proptest::collection::btree_set("[ab](/[abc]){0,3}", 0..8),
        patterns in proptest::collection::vec("[ab*](/([abc*]|\\*\\*)){0,2}", 0..3),
        excluded in "[ab*](/[abc*]){0,2}",
    ) {
        // A path that another lies below is a directory, not a file.
        let below = |file: &str, other: &String| other.starts_with(&format!("{file}/"));
        let files: Vec<_> = files
            .iter()
            .filter(|file| !files.iter().any(|other| below(file, other)))
            .map(String::as_str)
            .collect();
        let mounts: Vec<_> = patterns.iter().map(|pattern| text(pattern)).collect();
        let tree = Listed::of(&files);
        let turned = Listed { turned: true, ..Listed::of(&files) };
        let selection = run(&tree, &mounts, &[excluded.as_str()]);
        prop_assert_eq!(&selection, &run(&turned, &mounts, &[excluded.as_str()]));
        if let Ok(selection) = selection {
            for file in selection.files {
                prop_assert_eq!(file.source.as_str(), file.path.as_str());
            }
        }
    }
}

#[test]
fn what_is_ignored_is_left_out_and_told_where_it_was_named() {
    let tree = Listed::of(&["a/keep", "a/x.log", "dist/in", "named.log", "b/x.log"])
        .linked("b/dist", "dist")
        .with("b/out.log", Kind::Outside);
    let mut ignore = Ignore::default();
    ignore.add("`.wharfignore`", ["*.log", "dist/"]).unwrap();
    let mounts = [
        text("a"),
        text("b/**/*"),
        text("dist"),
        text("dist/*"),
        text("named.log"),
        placed("named.log", "/n"),
        placed("dist", "/d"),
    ];
    let selection = now(select(&tree, &mounts, &[], &ignore)).unwrap();
    let sources: Vec<_> = selection.files.iter().map(|file| &file.source).collect();
    assert_eq!(sources, [&"a/keep".parse().unwrap()]);
    assert_eq!(
        selection.warnings,
        ["dist/*", "dist", "named.log"]
            .map(|named| format!("`{named}` in `files` is left out: `.wharfignore` ignores it"))
    );
}
