//! The applications of `tests/examples`, from their `spin.toml` to what is published.
//!
//! Each directory there is an application with one expectation:
//!
//! ```text
//!   spin.toml          the application, with its files beside it
//!   locked-app.json    what it becomes, or
//!   error.txt          why it is refused
//!   warnings.txt       what is said all the same, a line each; nothing without it
//!   arguments.txt      more arguments, one a line
//!   packages.txt       what is in a registry: a package and the path of a file, a line each
//! ```
//!
//! WebAssembly is made here, for every path ending in `.wasm` in `spin.toml` and
//! `packages.txt`: of the text beside it that ends in `.wat`, or else a module like no other.
//!
//! What stands for something: `{digest PATH}` for the digest of the file at a path,
//! `{server}` for the address of a server that has the application's own files, and
//! `{registry}` for that of the registry, in which each example has packages of a namespace
//! of its own. What is inline in `locked-app.json` is written out.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use wharf_tests::scripted::Request;
use wharf_tests::{Answer, Json, Registry, Server, TestEnv, package};

use crate::{environment, json};

/// The files that say what is expected and are no part of the application.
const EXPECTATIONS: [&str; 5] = [
    "arguments.txt",
    "error.txt",
    "locked-app.json",
    "packages.txt",
    "warnings.txt",
];

#[test]
fn every_example_becomes_what_it_says() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/examples");
    let mut examples: Vec<_> = fs::read_dir(&source)
        .expect("it is there")
        .map(|entry| entry.expect("it can be read").path())
        .collect();
    examples.sort();
    assert!(examples.len() > 80, "{} examples", examples.len());
    // What one of them does is done by each of them in no time.
    let share = examples.len().div_ceil(4);
    let registry = Registry::start();
    let address = registry.address();
    let failures: Vec<String> = std::thread::scope(|scope| {
        let parts = examples.chunks(share);
        let threads = parts.map(|part| scope.spawn(move || failures(part, address)));
        let threads: Vec<_> = threads.collect();
        let ended = threads.into_iter().map(|one| one.join().expect("it ended"));
        ended.flatten().collect()
    });
    assert!(failures.is_empty(), "\n{}", failures.join("\n"));
}

/// What is not as expected, of some examples.
fn failures(examples: &[PathBuf], registry: &str) -> Vec<String> {
    let env = environment();
    let checked = examples.iter().filter_map(|example| {
        let name = example.file_name()?.to_string_lossy();
        let failure = check(&env, example, registry).err()?;
        Some(format!("{name}: {failure}"))
    });
    checked.collect()
}

fn check(env: &TestEnv, example: &Path, registry: &str) -> Result<(), String> {
    let name = example.file_name().expect("it has a name");
    let directory = env.work().join(name);
    let expected = |file: &str| fs::read_to_string(example.join(file)).ok();
    copy(example, &directory);
    let packages = expected("packages.txt").unwrap_or_default();
    make_wasm(&directory, &packages);
    let server = serve(&directory);
    let places = [
        ("{server}", server.address()),
        ("{registry}", registry.to_owned()),
    ];
    let asks_nobody = fill_in_manifests(&directory, &places)? && packages.is_empty();
    publish(&directory, &packages, registry)?;
    let more = expected("arguments.txt").unwrap_or_default();
    let arguments = if asks_nobody {
        "registry push r.example/app:1 --dry-run --offline --format json -f .".to_owned()
    } else {
        format!("registry push {registry}/app:1 --dry-run --format json -f .")
    };
    let arguments = arguments.split(' ').chain(more.lines());
    let output = env.command(arguments).directory(&directory).run();
    match (expected("locked-app.json"), expected("error.txt")) {
        (Some(locked), None) => {
            if output.status.code() != Some(0) {
                return Err(format!("refused: {}", output.stderr));
            }
            let answer = json(&output.stdout);
            let mut wanted = serde_json_of(&locked)?;
            fill_in(&mut wanted, &directory)?;
            same(&wanted, &answer["documents"]["lockedApp"])?;
            let warnings = answer["warnings"].as_array().expect("it is a list");
            let warnings: Vec<_> = warnings.iter().filter_map(Json::as_str).collect();
            let wanted = expected("warnings.txt").unwrap_or_default();
            same_text(wanted.trim_end(), &warnings.join("\n"))
        }
        (None, Some(error)) => {
            if output.status.code() != Some(2) {
                return Err(format!("ended with {}: {}", output.status, output.stderr));
            }
            let told = json(output.stderr.lines().last().unwrap_or_default());
            let told = told["error"]["message"].as_str().unwrap_or_default();
            let (_, told) = told.split_once("spin.toml: ").unwrap_or(("", told));
            let place_again =
                |told: String, (name, place): &(&str, String)| told.replace(place, name);
            let told = places.iter().fold(told.to_owned(), place_again);
            same_text(error.trim_end(), &told)
        }
        _ => Err("it has to have either `locked-app.json` or `error.txt`".to_owned()),
    }
}

/// The application itself, without what is expected of it.
fn copy(from: &Path, to: &Path) {
    fs::create_dir(to).expect("it can be made");
    for entry in fs::read_dir(from).expect("it can be read") {
        let entry = entry.expect("it can be read");
        let (path, target) = (entry.path(), to.join(entry.file_name()));
        if path.is_dir() {
            copy(&path, &target);
        } else if !EXPECTATIONS.iter().any(|name| path.ends_with(name)) {
            fs::copy(&path, &target).expect("it can be copied");
        }
    }
}

/// Makes WebAssembly for each path in `spin.toml` and among the packages, unless the
/// example has it.
fn make_wasm(directory: &Path, packages: &str) {
    let toml = fs::read_to_string(directory.join("spin.toml")).expect("it has a spin.toml");
    let of_server = |text: &'_ str| text.replace("http://{server}/", "");
    let texts = toml.split(['"', '\n']).chain(packages.split([' ', '\n']));
    let is_wasm = |text: &String| Path::new(text).extension().is_some_and(|end| end == "wasm");
    let texts = texts.map(of_server).filter(is_wasm);
    let paths = texts.filter(|text| !text.contains(['*', ':']));
    for path in paths.filter_map(|text| inside(&text)) {
        let file = directory.join(&path);
        if !file.exists() {
            fs::create_dir_all(file.parent().expect("it has one")).expect("it can be made");
            let wasm = match fs::read_to_string(file.with_extension("wat")) {
                Ok(text) => wat::parse_str(text).expect("it is WebAssembly"),
                Err(_) => module(&path),
            };
            fs::write(file, wasm).expect("it can be written");
        }
    }
}

/// A server that has the application's files.
fn serve(directory: &Path) -> Server {
    let directory = directory.to_owned();
    Server::start(move |request: &Request| {
        let path = inside(request.path().trim_start_matches('/')).unwrap_or_default();
        match fs::read(directory.join(path)) {
            Ok(content) => Answer::content("application/wasm", content),
            Err(_) => Answer::status(404),
        }
    })
}

/// Puts addresses and digests into the files for the command. Tells whether there were
/// none of the first, so that nobody is asked.
fn fill_in_manifests(directory: &Path, places: &[(&str, String)]) -> Result<bool, String> {
    let mut asks_nobody = true;
    for name in ["spin.toml", "wharf.toml"] {
        let Ok(mut text) = fs::read_to_string(directory.join(name)) else {
            continue;
        };
        for (name, place) in places {
            asks_nobody &= !text.contains(name);
            text = text.replace(name, place);
        }
        while let Some((before, rest)) = text.split_once("{digest ") {
            let (path, after) = rest.split_once('}').ok_or("`{digest` without an end")?;
            text = format!("{before}{}{after}", digest_of(directory, path)?);
        }
        fs::write(directory.join(name), text).expect("it can be written");
    }
    Ok(asks_nobody)
}

/// Puts the packages into the registry.
fn publish(directory: &Path, packages: &str, registry: &str) -> Result<(), String> {
    for line in packages.lines() {
        let (name, path) = line.split_once(' ').ok_or("a package without a file")?;
        let (name, version) = name.split_once('@').ok_or("a package without a version")?;
        let wasm = fs::read(directory.join(path)).map_err(|error| format!("{path}: {error}"))?;
        let tag = version.replace('+', "_");
        package::publish(registry, &name.replace(':', "/"), &tag, &wasm);
    }
    Ok(())
}

fn digest_of(directory: &Path, path: &str) -> Result<String, String> {
    let content = fs::read(directory.join(path)).map_err(|error| format!("{path}: {error}"))?;
    Ok(wharf_tests::digest(&content))
}

/// A path without `.` and `..`, unless it leads out of where it begins.
fn inside(path: &str) -> Option<String> {
    let mut names = Vec::new();
    for name in path.split('/') {
        match name {
            "" if names.is_empty() => return None,
            "" | "." => {}
            ".." => drop(names.pop()?),
            name => names.push(name),
        }
    }
    Some(names.join("/"))
}

/// A module that does nothing, with a custom section that has a name in it and makes it too
/// large to be inline.
fn module(name: &str) -> Vec<u8> {
    let content = format!("{name:-<180}");
    let mut section = vec![u8::try_from("name".len()).expect("it is short")];
    section.extend(b"made");
    section.extend(content.bytes());
    let length = section.len();
    let mut module = b"\0asm\x01\0\0\0\0".to_vec();
    // In two groups of seven bits.
    module.push(u8::try_from(length % 128 + 128).expect("it is a byte"));
    module.push(u8::try_from(length / 128).expect("it is a byte"));
    module.extend(section);
    module
}

fn serde_json_of(text: &str) -> Result<Json, String> {
    wharf_tests::serde_json::from_str(text).map_err(|error| format!("locked-app.json: {error}"))
}

/// Puts digests in the place of what stands for them.
fn fill_in(value: &mut Json, directory: &Path) -> Result<(), String> {
    match value {
        Json::String(text) => {
            let path = text.strip_prefix("{digest ");
            if let Some(path) = path.and_then(|path| path.strip_suffix('}')) {
                *text = digest_of(directory, path)?;
            }
            Ok(())
        }
        Json::Array(entries) => entries
            .iter_mut()
            .try_for_each(|entry| fill_in(entry, directory)),
        Json::Object(members) => members
            .values_mut()
            .try_for_each(|member| fill_in(member, directory)),
        _ => Ok(()),
    }
}

fn same(expected: &Json, found: &Json) -> Result<(), String> {
    if expected == found {
        return Ok(());
    }
    same_text(&format!("{expected:#}"), &format!("{found:#}"))
}

/// Tells the lines that only one of two texts has.
fn same_text(expected: &str, found: &str) -> Result<(), String> {
    if expected == found {
        return Ok(());
    }
    let mut told = "it is not as expected:\n".to_owned();
    let lines = |text: &str| text.lines().map(str::to_owned).collect::<Vec<_>>();
    let (expected, found) = (lines(expected), lines(found));
    for (sign, some, others) in [('-', &expected, &found), ('+', &found, &expected)] {
        for line in some.iter().filter(|line| !others.contains(line)) {
            let _ = writeln!(told, "  {sign} {line}");
        }
    }
    if told.lines().count() == 1 {
        let _ = writeln!(told, "  in another order: {found:#?}");
    }
    Err(told)
}
