//! Components are made from WIT here: their functions trap, and their types are what
//! composing is about.

use wit_component::{ComponentEncoder, StringEncoding, dummy_module, embed_component_metadata};
use wit_parser::decoding::{DecodedWasm, decode};
use wit_parser::{LiftLowerAbi, ManglingAndAbi, Resolve};

use super::*;

/// The component of the world `w` of a WIT package. Other packages are known to it,
/// and WASI 0.3.
pub(crate) fn made(wit: &str, others: &[&str]) -> Vec<u8> {
    let mut resolve = Resolve::default();
    for name in ["clocks", "random", "filesystem", "sockets", "cli", "http"] {
        let path = format!("{}/../../wit/deps/{name}.wit", env!("CARGO_MANIFEST_DIR"));
        let text = std::fs::read_to_string(&path).unwrap();
        resolve.push_source(&path, &text).unwrap();
    }
    for other in others {
        resolve.push_source("other.wit", other).unwrap();
    }
    let package = resolve.push_source("test.wit", wit).unwrap();
    let world = resolve.select_world(&[package], Some("w")).unwrap();
    let abi = ManglingAndAbi::Legacy(LiftLowerAbi::Sync);
    let mut module = dummy_module(&resolve, world, abi);
    embed_component_metadata(&mut module, &resolve, world, StringEncoding::UTF8).unwrap();
    let mut encoder = ComponentEncoder::default();
    encoder.validate(true);
    encoder.module(&module).unwrap().encode().unwrap()
}

/// What a component imports and exports, by name.
pub(crate) fn outside(component: &[u8]) -> (Vec<String>, Vec<String>) {
    let DecodedWasm::Component(resolve, world) = decode(component).unwrap() else {
        panic!("it is a component");
    };
    let world = &resolve.worlds[world];
    let imports = world.imports.keys().map(|key| resolve.name_world_key(key));
    let exports = world.exports.keys().map(|key| resolve.name_world_key(key));
    (imports.collect(), exports.collect())
}

fn greeter(version: &str) -> String {
    format!(
        "package my:greeter@{version};
        interface greet {{
            resource who {{ constructor(name: string); }}
            hello: func(to: borrow<who>) -> string;
        }}
        interface count {{ use greet.{{who}}; count: func(of: who) -> u32; }}
        world w {{ export greet; export count; }}"
    )
}

/// A component that uses the greeter of a version, and something plain.
fn user(version: &str) -> Vec<u8> {
    let wit = format!(
        "package my:app;
        interface mine {{ f: func() -> u32; }}
        world w {{
            import my:greeter/greet@{version};
            import my:greeter/count@{version};
            import plain: func() -> u32;
            export mine;
        }}"
    );
    made(&wit, &[&greeter(version)])
}

/// What `plain` itself imports.
const CLOCK: [&str; 2] = [
    "wasi:clocks/types@0.3.0",
    "wasi:clocks/monotonic-clock@0.3.0",
];

fn plain() -> Vec<u8> {
    let wit = "package my:plain; world w {
        import wasi:clocks/monotonic-clock@0.3.0;
        export plain: func() -> u32;
        export other: func() -> u32;
        export wrong: func() -> string;
    }";
    made(wit, &[])
}

fn dependency(name: &str, wasm: Vec<u8>) -> Dependency {
    Dependency {
        name: name.into(),
        wasm,
        export: None,
        inherit: Inherit::default(),
    }
}

fn refused(dependencies: Vec<Dependency>) -> String {
    compose(user("0.1.3"), dependencies)
        .unwrap_err()
        .to_string()
}

#[test]
fn what_dependencies_satisfy_is_imported_no_more() {
    let composed = compose(
        user("0.1.0"),
        vec![
            dependency("my:greeter", made(&greeter("0.1.3"), &[])),
            Dependency {
                export: Some("other".into()),
                ..dependency("plain", plain())
            },
        ],
    )
    .unwrap();
    let (imports, exports) = outside(&composed);
    assert_eq!(imports, CLOCK);
    assert_eq!(exports, ["my:app/mine"]);
}

#[test]
fn what_is_not_satisfied_is_imported_as_before() {
    let greeter = dependency("my:greeter/greet@0.1.0", made(&greeter("0.1.3"), &[]));
    // The other interface speaks of a resource that is another one then.
    assert!(compose(user("0.1.3"), vec![greeter]).is_err());
    let composed = compose(user("0.1.3"), vec![dependency("plain", plain())]).unwrap();
    let (imports, _) = outside(&composed);
    let own = ["my:greeter/greet@0.1.3", "my:greeter/count@0.1.3"];
    assert_eq!(imports, [own, CLOCK].concat());
    let nothing = compose(user("0.1.3"), Vec::new()).unwrap();
    assert_eq!(nothing, user("0.1.3"));
}

#[test]
fn a_dependency_that_stands_twice_is_one_instance() {
    let made = made(&greeter("0.1.3"), &[]);
    let composed = compose(
        user("0.1.3"),
        vec![
            dependency("my:greeter/count", made.clone()),
            dependency("my:greeter/greet", made),
        ],
    );
    let (imports, _) = outside(&composed.unwrap());
    assert_eq!(imports, ["plain"]);
}

#[test]
fn the_same_input_gives_the_same_bytes() {
    let composed = || {
        let greeter = dependency("my:greeter", made(&greeter("0.1.3"), &[]));
        compose(user("0.1.3"), vec![dependency("plain", plain()), greeter]).unwrap()
    };
    assert_eq!(composed(), composed());
}

#[test]
fn what_does_not_fit_is_named() {
    assert_eq!(
        refused(vec![dependency("my:gretter", plain())]),
        "its source imports nothing that the dependency `my:gretter` is meant for: it imports \
         `my:greeter/greet@0.1.3`, `my:greeter/count@0.1.3`, `plain`"
    );
    assert_eq!(
        refused(vec![
            dependency("my:greeter", plain()),
            dependency("my:greeter/greet", plain())
        ]),
        "its import `my:greeter/greet@0.1.3` is what both `my:greeter` and `my:greeter/greet` are \
         meant for: leave one out"
    );
    assert_eq!(
        refused(vec![dependency("my:greeter/greet", plain())]),
        "the dependency `my:greeter/greet` does not export `my:greeter/greet@0.1.3`, which is to \
         satisfy the import `my:greeter/greet@0.1.3`: it exports `plain`, `other`, `wrong`; \
         `export` says which one is meant"
    );
    let wrong = Dependency {
        export: Some("wrong".into()),
        ..dependency("plain", plain())
    };
    let error = refused(vec![wrong]);
    assert!(
        error.starts_with(
            "the export `wrong` of the dependency `plain` does not fit the import `plain`: "
        ) && error.contains("string"),
        "{error}"
    );
    assert_eq!(
        refused(vec![dependency("plain", b"#!/bin/sh".to_vec())]),
        "the dependency `plain` can't be read as a component: it is not WebAssembly"
    );
    let mut cut = plain();
    cut.truncate(cut.len() / 2);
    let error = refused(vec![dependency("plain", cut)]);
    assert!(error.contains("can't be read as a component"), "{error}");
}

/// A dependency that would do all that a component of WASI 0.3 can.
fn greedy() -> Vec<u8> {
    let wit = "package my:plain; world w {
        import wasi:cli/environment@0.3.0;
        import wasi:cli/stdout@0.3.0;
        import wasi:clocks/monotonic-clock@0.3.0;
        import wasi:filesystem/preopens@0.3.0;
        import wasi:filesystem/types@0.3.0;
        import wasi:http/client@0.3.0;
        import wasi:sockets/ip-name-lookup@0.3.0;
        import wasi:sockets/types@0.3.0;
        import fermyon:spin/key-value@2.0.0;
        import fermyon:spin/config-types@2.0.0;
        export plain: func() -> u32;
    }";
    let spin = "package fermyon:spin@2.0.0;
        interface config-types { type name = string; }
        interface key-value {
            use config-types.{name};
            variant error { store-table-full, access-denied, other(string) }
            resource store {
                open: static func(label: name) -> result<store, error>;
                get: func(key: string) -> result<option<list<u8>>, error>;
                all: func() -> u32;
            }
        }";
    made(wit, &[spin])
}

fn imports_with(inherit: Inherit) -> Vec<String> {
    let greedy = Dependency {
        inherit,
        ..dependency("plain", greedy())
    };
    let composed = compose(user("0.1.3"), vec![greedy]).unwrap();
    let (imports, _) = outside(&composed);
    let is_own = |name: &String| name.starts_with("my:greeter/");
    imports.into_iter().filter(|name| !is_own(name)).collect()
}

#[test]
fn what_is_not_inherited_does_not_reach_the_host() {
    let free = [
        "wasi:cli/types@0.3.0",
        "wasi:cli/stdout@0.3.0",
        "wasi:clocks/types@0.3.0",
        "wasi:clocks/monotonic-clock@0.3.0",
        "wasi:clocks/system-clock@0.3.0",
        "wasi:http/types@0.3.0",
        "fermyon:spin/config-types@2.0.0",
    ];
    let some = |keys: &[&str]| {
        let keys = keys.iter().map(|key| (*key).to_owned()).collect();
        let imports = imports_with(Inherit::Some(keys));
        let more = imports
            .into_iter()
            .filter(|name| !free.contains(&name.as_str()));
        more.collect::<Vec<_>>()
    };
    assert_eq!(some(&[]), Vec::<String>::new());
    assert_eq!(
        some(&["environment", "key_value_stores", "unknown"]),
        ["wasi:cli/environment@0.3.0", "fermyon:spin/key-value@2.0.0"]
    );
    assert_eq!(
        some(&["allowed_outbound_hosts"]),
        [
            "wasi:http/client@0.3.0",
            "wasi:sockets/types@0.3.0",
            "wasi:sockets/ip-name-lookup@0.3.0"
        ]
    );
    assert_eq!(some(&["files"]).len(), 2);
    assert_eq!(imports_with(Inherit::All), outside(&greedy()).0);
}

#[test]
fn an_interface_that_needs_what_is_denied_is_named() {
    let wit = "package my:plain; world w {
        import wasi:filesystem/types@0.3.0;
        import my:files/open;
        export plain: func() -> u32;
    }";
    let files = "package my:files; interface open {
        use wasi:filesystem/types@0.3.0.{descriptor};
        open: func(name: string) -> descriptor;
    }";
    let error = refused(vec![dependency("plain", made(wit, &[files]))]);
    assert!(!error.is_empty(), "{error}");
}

#[test]
fn a_dependency_that_was_tampered_with_is_refused_or_harmless() {
    let (user, whole) = (user("0.1.3"), plain());
    for place in 8..whole.len() {
        let mut tampered = whole.clone();
        tampered[place] ^= 0x41;
        let _ = compose(user.clone(), vec![dependency("plain", tampered)]);
    }
}
