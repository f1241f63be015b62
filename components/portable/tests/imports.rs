//! What the composed component wants of a runtime.
#![expect(clippy::unwrap_used, reason = "a test that fails should panic")]

use std::collections::BTreeSet;

use wasmparser::{Parser, Payload};

/// What a component imports and exports, by name.
fn names(component: &[u8]) -> (BTreeSet<String>, BTreeSet<String>) {
    let (mut imports, mut exports) = (BTreeSet::new(), BTreeSet::new());
    let mut depth = 0_u32;
    for payload in Parser::new(0).parse_all(component) {
        match payload.unwrap() {
            Payload::ModuleSection { .. } | Payload::ComponentSection { .. } => depth += 1,
            Payload::End(_) => depth = depth.saturating_sub(1),
            Payload::ComponentImportSection(section) if depth == 0 => {
                let found = section.into_iter().map(Result::unwrap);
                imports.extend(found.map(|import| import.name.name.to_owned()));
            }
            Payload::ComponentExportSection(section) if depth == 0 => {
                let found = section.into_iter().map(Result::unwrap);
                exports.extend(found.map(|export| export.name.name.to_owned()));
            }
            _ => {}
        }
    }
    (imports, exports)
}

#[test]
fn the_command_needs_wasi_and_nothing_of_ours() {
    let wasm = wharf_portable::command().unwrap();
    println!("{} bytes", wasm.len());
    let (imports, exports) = names(&wasm);
    for import in &imports {
        println!("import {import}");
        assert!(import.starts_with("wasi:"), "{import}");
        assert!(!import.starts_with("wasi:sockets"), "{import}");
    }
    assert!(imports.contains("wasi:http/client@0.3.0"));
    assert_eq!(exports, BTreeSet::from(["wasi:cli/run@0.3.0".to_owned()]));
}

#[test]
fn the_plugs_have_no_network() {
    let (imports, exports) = names(wharf_portable::PLUGS_WASM);
    for import in &imports {
        println!("import {import}");
        assert!(import.starts_with("wasi:"), "{import}");
        let is_network = ["wasi:http", "wasi:sockets"]
            .iter()
            .any(|it| import.starts_with(it));
        assert!(!is_network, "{import}");
    }
    assert!(exports.contains("wharf:oci/content-store@0.1.0"));
}

#[test]
fn the_same_parts_give_the_same_component() {
    assert!(wharf_portable::command().unwrap() == wharf_portable::command().unwrap());
}
