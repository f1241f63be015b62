//! Whether an application needs anything that is not offered: asked before
//! anything listens, and answered by name.

use wasmtime::Engine;
use wasmtime::component::Component;
use wasmtime::component::types::ComponentItem;
use wharf_app::artifact::Artifact;
use wharf_app::locked::{HttpExecutor, HttpTrigger, LockedApp, LockedComponent};
use wharf_oci::problem::clean;

use crate::UpError;
use crate::variables;

/// How a component answers HTTP requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Handler {
    /// `wasi:http/incoming-handler@0.2.x`.
    P2,
    /// `wasi:http/handler@0.3.x`.
    P3,
}

/// The exports that are called, with the version that they begin with.
const HANDLERS: [(&str, &str, Handler); 2] = [
    ("wasi:http/incoming-handler", "0.2.", Handler::P2),
    ("wasi:http/handler", "0.3.", Handler::P3),
];

/// What components may import of WASI 0.2.
const OFFERED_P2: &[&str] = &[
    "wasi:cli/environment",
    "wasi:cli/exit",
    "wasi:cli/stderr",
    "wasi:cli/stdin",
    "wasi:cli/stdout",
    "wasi:cli/terminal-input",
    "wasi:cli/terminal-output",
    "wasi:cli/terminal-stderr",
    "wasi:cli/terminal-stdin",
    "wasi:cli/terminal-stdout",
    "wasi:clocks/monotonic-clock",
    "wasi:clocks/wall-clock",
    "wasi:filesystem/preopens",
    "wasi:filesystem/types",
    "wasi:http/outgoing-handler",
    "wasi:http/types",
    "wasi:io/error",
    "wasi:io/poll",
    "wasi:io/streams",
    "wasi:random/insecure",
    "wasi:random/insecure-seed",
    "wasi:random/random",
    "wasi:sockets/instance-network",
    "wasi:sockets/ip-name-lookup",
    "wasi:sockets/network",
    "wasi:sockets/tcp",
    "wasi:sockets/tcp-create-socket",
    "wasi:sockets/udp",
    "wasi:sockets/udp-create-socket",
];

/// What components may import of WASI 0.3.
const OFFERED_P3: &[&str] = &[
    "wasi:cli/environment",
    "wasi:cli/exit",
    "wasi:cli/stderr",
    "wasi:cli/stdin",
    "wasi:cli/stdout",
    "wasi:cli/terminal-input",
    "wasi:cli/terminal-output",
    "wasi:cli/terminal-stderr",
    "wasi:cli/terminal-stdin",
    "wasi:cli/terminal-stdout",
    "wasi:cli/types",
    "wasi:clocks/monotonic-clock",
    "wasi:clocks/system-clock",
    "wasi:clocks/types",
    "wasi:filesystem/preopens",
    "wasi:filesystem/types",
    "wasi:http/client",
    "wasi:http/types",
    "wasi:random/insecure",
    "wasi:random/insecure-seed",
    "wasi:random/random",
    "wasi:sockets/ip-name-lookup",
    "wasi:sockets/types",
];

/// What the application requires of its host.
pub(crate) fn requirements(app: &LockedApp) -> Result<(), UpError> {
    match app.required_features().next() {
        None => Ok(()),
        Some((place, feature)) => Err(UpError::Unsupported(format!(
            "{place} requires the host feature `{}`, which `wharf up` does not offer yet",
            clean(feature, 100)
        ))),
    }
}

/// Whether its files are there as they are.
pub(crate) fn unpacked(artifact: &Artifact) -> Result<(), UpError> {
    match artifact.archives().next() {
        None => Ok(()),
        Some(archive) => Err(UpError::Invalid(format!(
            "files of the application are in the archive {}, which has to be unpacked first: \
             `Wharf::prepare` of `wharf-host` does that",
            archive.digest
        ))),
    }
}

/// How a trigger calls its component.
pub(crate) fn executor(trigger: &HttpTrigger) -> Result<(), UpError> {
    match trigger.executor {
        HttpExecutor::Http => Ok(()),
        HttpExecutor::Wagi => Err(UpError::Unsupported(format!(
            "the trigger `{}` has the executor `wagi`, which `wharf up` does not offer",
            clean(&trigger.id, 100)
        ))),
        _ => Err(UpError::Unsupported(format!(
            "the trigger `{}` has an executor that `wharf up` does not offer",
            clean(&trigger.id, 100)
        ))),
    }
}

/// Whether everything that a component is made of was put into it.
pub(crate) fn composed(component: &LockedComponent) -> Result<(), UpError> {
    let dependencies = component.dependencies.keys();
    match dependencies
        .chain(component.trigger_dependencies.keys())
        .next()
    {
        None => Ok(()),
        Some(name) => Err(UpError::Unsupported(format!(
            "the component `{}` has the dependency `{}`, which was not composed into it: publish \
             the application with its dependencies composed",
            clean(&component.id, 100),
            clean(name, 100)
        ))),
    }
}

/// Whether bytes are a component, by what they begin with.
pub(crate) fn is_component(bytes: &[u8], id: &str) -> Result<(), UpError> {
    let id = clean(id, 100);
    // Core specification, "Modules", and the component model's "Binary": four bytes
    // that say WebAssembly, two of a version, two of a layer.
    match bytes.get(..8) {
        Some([0, b'a', b's', b'm', _, _, 1, 0]) => Ok(()),
        Some([0, b'a', b's', b'm', 1, 0, 0, 0]) => Err(UpError::Unsupported(format!(
            "the component `{id}` is a core WebAssembly module, and `wharf up` runs components \
             only: build it for a component target such as `wasm32-wasip2`"
        ))),
        _ => Err(UpError::Invalid(format!(
            "the component `{id}` is not WebAssembly"
        ))),
    }
}

/// Whether a component imports only what is offered, and how it is called.
pub(crate) fn interfaces(
    engine: &Engine,
    component: &Component,
    id: &str,
) -> Result<Handler, UpError> {
    let id = clean(id, 100);
    let kind = component.component_type();
    let missing: Vec<_> = kind
        .imports(engine)
        .filter(|(name, import)| !offers(name) && has_values(engine, &import.ty))
        .map(|(name, _)| name)
        .collect();
    if !missing.is_empty() {
        return Err(UpError::Unsupported(format!(
            "the component `{id}` imports {}, which `wharf up` does not offer yet",
            listed(&missing)
        )));
    }
    let exports: Vec<_> = kind.exports(engine).map(|(name, _)| name).collect();
    let handlers: Vec<_> = exports
        .iter()
        .filter_map(|name| Some((*name, handler(name)?)))
        .collect();
    match handlers.as_slice() {
        [(_, handler)] => Ok(*handler),
        [] => Err(UpError::Unsupported(format!(
            "the component `{id}` exports {}, and `wharf up` calls \
             `wasi:http/incoming-handler@0.2.x` or `wasi:http/handler@0.3.x`",
            listed(&exports)
        ))),
        several => {
            let names: Vec<_> = several.iter().map(|(name, _)| *name).collect();
            Err(UpError::Unsupported(format!(
                "the component `{id}` exports {}, and which of them answers requests is not clear: \
                 it may export one",
                listed(&names)
            )))
        }
    }
}

fn offers(import: &str) -> bool {
    if variables::OFFERED.contains(&import) {
        return true;
    }
    let Some((interface, version)) = import.split_once('@') else {
        return false;
    };
    (is_release(version, "0.2.") && OFFERED_P2.contains(&interface))
        || (is_release(version, "0.3.") && OFFERED_P3.contains(&interface))
}

fn handler(export: &str) -> Option<Handler> {
    let (interface, version) = export.split_once('@')?;
    let known = |(name, series, _): &&(&str, &str, Handler)| {
        *name == interface && is_release(version, series)
    };
    HANDLERS.iter().find(known).map(|(_, _, handler)| *handler)
}

/// Whether a version is a release of a series: candidates for one fit nothing but
/// themselves.
fn is_release(version: &str, series: &str) -> bool {
    version
        .strip_prefix(series)
        .is_some_and(|patch| !patch.is_empty() && patch.bytes().all(|byte| byte.is_ascii_digit()))
}

/// Whether somebody has to provide an import: types alone need nobody.
fn has_values(engine: &Engine, import: &ComponentItem) -> bool {
    match import {
        ComponentItem::Type(_) => false,
        ComponentItem::ComponentInstance(instance) => instance
            .exports(engine)
            .any(|(_, item)| has_values(engine, &item.ty)),
        _ => true,
    }
}

/// Names in words, the first few of them.
fn listed(names: &[&str]) -> String {
    const MOST: usize = 5;
    let mut words: Vec<_> = names
        .iter()
        .take(MOST)
        .map(|name| format!("`{}`", clean(name, 100)))
        .collect();
    if names.len() > MOST {
        words.push(format!("{} more", names.len() - MOST));
    }
    match words.split_last() {
        None => "nothing".to_owned(),
        Some((only, [])) => only.clone(),
        Some((last, rest)) => format!("{} and {last}", rest.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine;
    use crate::guest::Guest;

    fn checked(wat: &str) -> Result<Handler, UpError> {
        let bytes = wat::parse_str(wat).unwrap();
        is_component(&bytes, "x")?;
        let engine = engine::engine().unwrap();
        let component = Component::new(&engine, &bytes).unwrap();
        interfaces(&engine, &component, "x")
    }

    fn refused(wat: &str) -> String {
        match checked(wat).unwrap_err() {
            UpError::Unsupported(text) => text,
            other => panic!("{other:?}"),
        }
    }

    /// An instance with one function, under a name.
    fn exporting(name: &str) -> String {
        format!(
            r#"(core module $m{0} (func (export "f")))
               (core instance $i{0} (instantiate $m{0}))
               (func $f{0} (canon lift (core func $i{0} "f")))
               (instance $e{0} (export "handle" (func $f{0})))
               (export "{name}" (instance $e{0}))"#,
            name.len()
        )
    }

    #[test]
    fn an_interface_that_is_not_offered_is_named() {
        assert_eq!(
            refused(
                r#"(component (import "fermyon:spin/key-value@2.0.0" (instance (export "open" (func)))))"#
            ),
            "the component `x` imports `fermyon:spin/key-value@2.0.0`, which `wharf up` does not \
             offer yet"
        );
        assert_eq!(
            refused(
                r#"(component
                     (import "wasi:http/types@0.2.0-rc-2023-11-10" (instance (export "f" (func))))
                     (import "wasi:io/poll@0.2.99" (instance))
                     (import "spin:redis/redis@3.0.0" (instance (export "r" (type (sub resource)))))
                     (import "f" (func)))"#
            ),
            "the component `x` imports `wasi:http/types@0.2.0-rc-2023-11-10`, \
             `spin:redis/redis@3.0.0` and `f`, which `wharf up` does not offer yet"
        );
    }

    #[test]
    fn types_alone_need_nobody() {
        let text = format!(
            r#"(component
                 (import "fermyon:spin/types@2.0.0" (instance (type $u u8) (export "t" (type (eq $u)))))
                 {})"#,
            exporting("wasi:http/handler@0.3.1")
        );
        assert_eq!(checked(&text).unwrap(), Handler::P3);
    }

    #[test]
    fn exactly_one_handler_is_exported() {
        let export = |name| format!("(component {})", exporting(name));
        assert_eq!(
            checked(&export("wasi:http/incoming-handler@0.2.10")).unwrap(),
            Handler::P2
        );
        assert_eq!(
            refused("(component)"),
            "the component `x` exports nothing, and `wharf up` calls \
             `wasi:http/incoming-handler@0.2.x` or `wasi:http/handler@0.3.x`"
        );
        assert_eq!(
            refused(&export("fermyon:spin/inbound-http")),
            "the component `x` exports `fermyon:spin/inbound-http`, and `wharf up` calls \
             `wasi:http/incoming-handler@0.2.x` or `wasi:http/handler@0.3.x`"
        );
        assert!(refused(&export("wasi:http/handler@0.3.0-rc-2026-03-15")).contains("0.3.0-rc"));
        let both = format!(
            "(component {} {})",
            exporting("wasi:http/incoming-handler@0.2.0"),
            exporting("wasi:http/handler@0.3.0")
        );
        assert!(refused(&both).contains(
            "exports `wasi:http/incoming-handler@0.2.0` and `wasi:http/handler@0.3.0`, and which"
        ));
    }

    #[test]
    fn modules_and_other_files_are_told_apart() {
        let module = wat::parse_str("(module)").unwrap();
        assert!(
            is_component(&module, "x")
                .unwrap_err()
                .to_string()
                .contains("is a core WebAssembly module")
        );
        for bytes in [&b""[..], b"(component)", b"\0asm"] {
            assert_eq!(
                is_component(bytes, "x").unwrap_err().to_string(),
                "the component `x` is not WebAssembly"
            );
        }
    }

    #[test]
    fn what_is_said_to_be_offered_is_in_the_linker() {
        let engine = engine::engine().unwrap();
        let mut linker = engine::linker(&engine).unwrap();
        // A name can be defined once: what can't be is there already.
        let mut is_there = |name: String| {
            let nothing = |_: wasmtime::StoreContextMut<'_, Guest>, (): ()| Ok(());
            linker.root().func_wrap(&name, nothing).is_err()
        };
        for interface in OFFERED_P2 {
            assert!(is_there(format!("{interface}@0.2.12")), "{interface}");
        }
        for interface in OFFERED_P3 {
            // These are types alone, which no linker needs.
            let types = ["wasi:cli/types", "wasi:clocks/types"].contains(interface);
            assert!(
                types || is_there(format!("{interface}@0.3.0")),
                "{interface}"
            );
        }
    }
}
