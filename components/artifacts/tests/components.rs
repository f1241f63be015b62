//! What the built components may import, and how large they may be.
#![expect(
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a test that fails should panic, and one that passes should say what it saw"
)]

use std::collections::BTreeSet;

use wasmparser::{ComponentExternalKind, Parser, Payload};

/// Everything that a component imports, by name.
fn imports(component: &[u8]) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    let mut depth = 0_u32;
    for payload in Parser::new(0).parse_all(component) {
        match payload.unwrap() {
            Payload::ModuleSection { .. } | Payload::ComponentSection { .. } => depth += 1,
            Payload::End(_) => depth = depth.saturating_sub(1),
            Payload::ComponentImportSection(section) if depth == 0 => {
                for import in section {
                    let import = import.unwrap();
                    if import.ty.kind() == ComponentExternalKind::Instance {
                        names.insert(import.name.name.to_owned());
                    } else {
                        names.insert(format!("{} (not an instance)", import.name.name));
                    }
                }
            }
            _ => {}
        }
    }
    names
}

fn assert_only(names: &BTreeSet<String>, forbidden: &[&str]) {
    assert!(!names.is_empty());
    for name in names {
        println!("import {name}");
        let known = name.starts_with("wasi:") || name.starts_with("wharf:oci/");
        assert!(known, "{name}");
        for part in forbidden {
            assert!(!name.starts_with(part), "{name}");
        }
    }
}

#[test]
fn the_registry_component_has_neither_files_nor_sockets() {
    let names = imports(wharf_artifacts::REGISTRY_WASM);
    assert_only(&names, &["wasi:filesystem", "wasi:sockets", "wasi:random"]);
    assert!(names.contains("wasi:http/client@0.3.0"));
    assert!(names.contains("wharf:oci/content-store@0.1.0"));
}

#[test]
fn the_packager_component_has_no_network() {
    let names = imports(wharf_artifacts::PACKAGER_WASM);
    assert_only(&names, &["wasi:http", "wasi:sockets", "wasi:random/random"]);
    // Files through WASI 0.3 alone: the calls of 0.2 would block all others.
    let files: Vec<_> = names
        .iter()
        .filter(|name| name.starts_with("wasi:filesystem"))
        .collect();
    assert!(!files.is_empty());
    assert!(
        files.iter().all(|name| name.ends_with("@0.3.0")),
        "{files:?}"
    );
}

#[test]
fn the_registry_component_is_small() {
    let size = wharf_artifacts::REGISTRY_WASM.len();
    println!("{size} bytes");
    assert!(size <= 300_000, "{size} bytes");
}

/// What was copied first would be executable in memory that is no file's.
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
#[test]
fn components_run_where_they_lie() {
    let engine = wasmtime::Engine::new(&wharf_artifacts::registry_config()).unwrap();
    let _registry = wharf_artifacts::registry(&engine).unwrap();
    let program = std::env::current_exe().unwrap();
    let mut own = 0;
    for line in std::fs::read_to_string("/proc/self/maps").unwrap().lines() {
        let fields: Vec<&str> = line.split_whitespace().collect();
        let [_, permissions, _, _, node, file @ ..] = &fields[..] else {
            panic!("{line}");
        };
        if permissions.contains('x') {
            println!("{line}");
            assert!(!permissions.contains('w'), "{line}");
            let systems = file.first().is_some_and(|name| name.starts_with('['));
            assert!(*node != "0" || systems, "{line}");
            own += u32::from(file.first().copied() == program.to_str());
        }
    }
    // Its own text, and the component's.
    assert!(own >= 2, "{own}");
}
