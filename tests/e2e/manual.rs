//! `wharf man`: the manual pages.

use std::fs;

use crate::{environment, json};

#[test]
fn every_command_has_a_page_with_its_options() {
    let env = environment();
    let written = env.run("man pages --format json").success();
    let written = json(&written.stdout);
    let pages: Vec<&str> = written["pages"]
        .as_array()
        .unwrap()
        .iter()
        .map(|page| page.as_str().unwrap())
        .collect();
    // Whatever help lists, below each command that has commands.
    let mut expected = vec!["wharf.1".to_owned()];
    let mut left = vec![Vec::new()];
    while let Some(command) = left.pop() {
        let line = [command.as_slice(), &["--help".to_owned()]].concat();
        let help = env.command(&line).run().success().stdout;
        let Some((_, listed)) = help.split_once("\nCommands:\n") else {
            continue;
        };
        for line in listed.lines().take_while(|line| line.starts_with("  ")) {
            let name = line.split_whitespace().next().unwrap_or_default();
            let is_name = line.starts_with("  ") && !line.starts_with("   ");
            if is_name && name != "help" {
                let path = [command.as_slice(), &[name.to_owned()]].concat();
                expected.push(format!("wharf-{}.1", path.join("-")));
                left.push(path);
            }
        }
    }
    assert!(expected.len() > 20, "{expected:?}");
    let mut sorted: Vec<_> = pages.clone();
    sorted.sort_unstable();
    expected.sort_unstable();
    assert_eq!(sorted, expected);
    for page in pages {
        let text = fs::read_to_string(env.work().join("pages").join(page)).unwrap();
        for section in [".TH", ".SH NAME", ".SH SYNOPSIS", ".SH DESCRIPTION"] {
            let found = text.lines().any(|line| line.starts_with(section));
            assert!(found, "{page}: {section}");
        }
        // A line that begins with a dot is a request: only those of the manual's own.
        let requests = text.lines().filter(|line| line.starts_with('.'));
        for request in requests {
            let name = request.split_whitespace().next().unwrap_or_default();
            let known = [
                ".TH", ".SH", ".SS", ".TP", ".RS", ".RE", ".PP", ".IP", ".br", ".ie", ".el",
            ];
            assert!(known.contains(&name), "{page}: {request}");
        }
    }
    let push = env.work().join("pages/wharf-registry-push.1");
    let push = fs::read_to_string(push).unwrap();
    assert!(push.contains("plain\\-http"), "{push}");
    assert!(push.contains("Examples:"), "{push}");
}

#[test]
fn a_directory_that_can_not_be_is_an_error() {
    let env = environment();
    fs::write(env.work().join("file"), "").unwrap();
    let _ = env.run("man file/pages").code(1).says(&["cannot write"]);
}
