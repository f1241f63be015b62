//! Files that are not published: `.wharfignore`, and the user's `wharf.toml`.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;

use wharf_tests::{TestEnv, programs};

use crate::{environment, json};

/// Files of every kind that rules may be about.
const FILES: [&str; 24] = [
    ".env",
    ".hidden/x",
    "!bang",
    "#hash",
    "a",
    "a.key",
    "a.log",
    "build/out.js",
    "build/keep.js",
    "deep/a/b/c/x.txt",
    "deep/a/x.txt",
    "deep/build/x.txt",
    "docs/a/draft.md",
    "docs/draft.md",
    "docs/index.md",
    "foo",
    "space ",
    "sub/.env",
    "sub/a",
    "sub/a.key",
    "sub/foo/x",
    "sub/public.key",
    "x/foo/y",
    "[odd].txt",
];

/// Rules as people write them, and as nobody should.
const RULES: [&str; 25] = [
    "",
    "# nothing\n\n",
    "*.key\n",
    "*.key\n!public.key\n",
    "!public.key\n*.key\n",
    "/a\n",
    "a\n",
    "build/\n",
    "/build/\n!build/keep.js\n",
    "/build/*\n!build/keep.js\n",
    "foo/\n",
    "deep/**/x.txt\n",
    "**/x.txt\n",
    "deep/a/**\n",
    "docs/*.md\n",
    "docs/**/*.md\n!index.md\n",
    "\\#hash\n\\!bang\n",
    "space\\ \n",
    "space \n",
    "*\n!*/\n!*.md\n",
    "[ab]*\n",
    "[!a-m]*\n",
    ".*\n",
    "\\[odd\\].txt\r\n",
    "s**b/*\n/x/**\n",
];

/// An application that publishes everything beside it, and the files of [`FILES`].
fn everything(env: &TestEnv, name: &str) -> std::path::PathBuf {
    let directory = env.work().join(name);
    for file in FILES {
        write(&directory.join("all").join(file), file);
    }
    let toml = "spin_manifest_version = 2\n[application]\nname = \"x\"\n\
                [[trigger.http]]\nroute = \"/\"\ncomponent = \"a\"\n\
                [component.a]\nsource = \"a.wasm\"\nfiles = [\"./**/*\"]\n";
    // The application's directory is that of the files, so that the rules are about them.
    let app = directory.join("all");
    write(&app.join("spin.toml"), toml);
    fs::copy(programs::HELLO_P2, app.join("a.wasm")).expect("it was built");
    app
}

fn write(path: &Path, text: &str) {
    fs::create_dir_all(path.parent().expect("it has one")).expect("it can be made");
    fs::write(path, text).expect("it can be written");
}

/// The files that would be published, but for the rules and the application themselves.
fn published(env: &TestEnv, app: &Path) -> BTreeSet<String> {
    let arguments = "registry push r.example/a:1 -f . --dry-run --offline --format json";
    let output = env.command(arguments.split(' ')).directory(app).run();
    let answer = json(&output.success().stdout);
    let files = &answer["documents"]["lockedApp"]["components"][0]["files"];
    let files = files.as_array().cloned().unwrap_or_default();
    let paths = files.iter().filter_map(|file| file["path"].as_str());
    paths
        .filter(|path| FILES.contains(path))
        .map(str::to_owned)
        .collect()
}

/// The files that git would not ignore.
fn by_git(env: &TestEnv, rules: &str) -> BTreeSet<String> {
    let git = env.root().join("git");
    let _ = fs::remove_dir_all(&git);
    for file in FILES {
        write(&git.join(file), file);
    }
    write(&git.join(".gitignore"), rules);
    let run = |arguments: &[&str]| {
        let output = Command::new("git")
            .args(arguments)
            .current_dir(&git)
            .env_clear()
            .env("PATH", "/usr/bin:/bin")
            .env("HOME", env.home())
            .output()
            .expect("git is installed");
        assert!(output.status.success(), "git {arguments:?}: {output:?}");
        String::from_utf8(output.stdout).expect("it is text")
    };
    let _ = run(&["init", "-q"]);
    let listed = run(&[
        "ls-files",
        "-z",
        "--others",
        "--exclude-per-directory=.gitignore",
    ]);
    let listed = listed.split('\0').filter(|path| FILES.contains(path));
    listed.map(str::to_owned).collect()
}

#[test]
fn rules_mean_what_they_mean_to_git() {
    let env = environment();
    let app = everything(&env, "app");
    for rules in RULES {
        write(&app.join(".wharfignore"), rules);
        let (found, expected) = (published(&env, &app), by_git(&env, rules));
        assert_eq!(found, expected, "{rules:?}");
        if rules.contains("key") {
            assert!(found.len() < FILES.len());
        }
    }
}

#[test]
fn rules_of_the_user_and_of_a_project_only_leave_more_out() {
    let env = environment();
    let app = everything(&env, "app");
    write(&app.join(".wharfignore"), "*.log\n!*.key\n");
    let user = env.root().join("config/wharf/wharf.toml");
    write(
        &user,
        "[push]\nignore = [\"*.key\", \"!public.key\", \".env\"]\n",
    );
    let left_out = |found: &BTreeSet<String>| {
        let missing = FILES.iter().filter(|file| !found.contains(**file));
        missing.copied().collect::<Vec<_>>()
    };
    let found = published(&env, &app);
    let expected = [".env", "a.key", "a.log", "sub/.env", "sub/a.key"];
    assert_eq!(left_out(&found), expected);
    // A project's file leaves out more, and brings nothing back.
    write(
        &app.join("wharf.toml"),
        "[push]\nignore = [\"!*.key\", \"/foo\"]\n",
    );
    let found = published(&env, &app);
    let expected = [".env", "a.key", "a.log", "foo", "sub/.env", "sub/a.key"];
    assert_eq!(left_out(&found), expected);

    write(&user, "[push]\nignore = [\"ok\", \"[a\"]\n");
    let arguments = "registry push r.example/a:1 -f . --dry-run --offline";
    let refused = env.command(arguments.split(' ')).directory(&app).run();
    let _ = refused.code(2).says(&["rule of yours, line 2", "`[a`"]);
}

#[test]
fn rules_that_are_no_text_are_refused() {
    let env = environment();
    let app = everything(&env, "app");
    let rules = app.join(".wharfignore");
    let arguments = "registry push r.example/a:1 -f . --dry-run --offline";
    let push = || env.command(arguments.split(' ')).directory(&app).run();
    fs::write(&rules, b"a\n\xff\n").expect("it can be written");
    let _ = push().code(2).says(&[".wharfignore", "UTF-8", "line 2"]);
    fs::write(&rules, "a\n".repeat(64 * 1024)).expect("it can be written");
    let _ = push().code(2).says(&[".wharfignore", "65536"]);
    fs::remove_file(&rules).expect("it can be removed");
    std::os::unix::fs::symlink("/etc/passwd", &rules).expect("it can be made");
    let _ = push().code(2).says(&[".wharfignore", "leads out"]);
    fs::remove_file(&rules).expect("it can be removed");
    fs::create_dir(&rules).expect("it can be made");
    let _ = push().code(2).says(&[".wharfignore", "directory"]);
}
